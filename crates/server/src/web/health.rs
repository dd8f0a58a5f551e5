//! `/health/live` and `/health/ready`: for load balancers and supervisors.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::Services;
use crate::keys::KeyringError;
use crate::store::{self, StoreError};
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
    let outcome = web::block(move || check(&services)).await;
    match outcome {
        Ok(Ok(())) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body("ready\n"),
        Ok(Err((part, cause))) => {
            tracing::warn!(cause, "not ready");
            HttpResponse::ServiceUnavailable()
                .content_type("text/plain; charset=utf-8")
                .body(format!("not ready: {part}\n"))
        }
        Err(_) => HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .body("not ready: stopping\n"),
    }
}

/// Which part fails, for everybody, and why, for the log.
fn check(services: &Services) -> Result<(), (&'static str, String)> {
    const DATABASE: &str = "the database does not answer as it should";
    const KEYS: &str = "no signing key can be used";
    let db = &services.db;
    let database = |error: StoreError| (DATABASE, error.to_string());
    db.ready().map_err(database)?;
    let version = db.read_one(store::state::version).map_err(database)?;
    match services.keyring.at(db, version) {
        Ok(keys) if keys.active().is_some() => Ok(()),
        Ok(_) => Err((KEYS, "no signing key is active".to_owned())),
        Err(KeyringError::Store(error @ StoreError::Unavailable(_))) => Err(database(error)),
        Err(error) => Err((KEYS, error.to_string())),
    }
}
