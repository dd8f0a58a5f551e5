//! `/health/live` and `/health/ready`: for load balancers and supervisors.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::flow::health;
use crate::web::extract::services;

/// `GET /health/live`: the process answers.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("live\n")
}

/// `GET /health/ready`: the database answers too, with the tables this version needs, and there is
/// a key to sign with.
pub(crate) async fn ready(request: HttpRequest) -> HttpResponse {
    let services = services(&request);
    let outcome = web::block(move || health::check(&services)).await;
    match outcome {
        Ok(Ok(())) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body("ready\n"),
        Ok(Err(failing)) => {
            tracing::warn!(cause = failing.cause, "not ready");
            HttpResponse::ServiceUnavailable()
                .content_type("text/plain; charset=utf-8")
                .body(format!("not ready: {}\n", failing.part))
        }
        Err(_) => HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .body("not ready: stopping\n"),
    }
}
