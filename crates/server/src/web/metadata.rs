//! `/saml/metadata`: what Avouch says about itself.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::flow::outcome::Stop;
use crate::flow::saml::metadata::{self, Validity};
use crate::web::extract::{Fields, context};
use crate::web::pages::ErrorKind;
use crate::web::{refuse, run};

/// `GET /saml/metadata`, with `?valid=none` without an end.
pub(crate) async fn own(request: HttpRequest) -> HttpResponse {
    answer(request, None).await
}

/// `GET /saml/metadata/{app}`: as one app is to see us.
pub(crate) async fn for_app(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    answer(request, Some(name.into_inner())).await
}

async fn answer(request: HttpRequest, name: Option<String>) -> HttpResponse {
    let cx = context(&request);
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let validity = match Fields::of_query(&request).get("valid") {
        "none" => Validity::WithoutEnd,
        _ => Validity::AsConfigured,
    };
    run::run(
        &request,
        cx,
        move |cx| {
            metadata::document(&cx.services, cx.now, name.as_deref(), validity).map_err(Stop::Ours)
        },
        move |cx, document| {
            let Some(document) = document else {
                return refuse::of_kind(cx, ErrorKind::NotFound);
            };
            let etag = format!("\"{}\"", crate::context::hash_octets(&document));
            // A proxy that compresses weakens the tag.
            let same = |tag: &str| tag.trim().trim_start_matches("W/") == etag;
            let unchanged = known.is_some_and(|tags| tags.split(',').any(same));
            let mut response = if unchanged {
                HttpResponse::NotModified()
            } else {
                HttpResponse::Ok()
            };
            response
                .insert_header((header::ETAG, etag))
                .insert_header((header::CACHE_CONTROL, "public, max-age=300"));
            if unchanged {
                return response.finish();
            }
            response
                .content_type("application/samlmetadata+xml")
                .body(document.to_vec())
        },
    )
    .await
}
