//! `/assets/{name}`: stylesheet, scripts and logo, embedded in the binary.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::web::pages::{ErrorKind, assets};
use crate::web::refuse;

/// `GET /assets/{name}`. A link with the content's version may be kept for a year.
pub(crate) async fn asset(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(asset) = assets::find(&name) else {
        return refuse::bare(&request, ErrorKind::NotFound);
    };
    let etag = asset.etag();
    let unchanged = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag));
    let versioned = request.query_string().starts_with("v=");
    let mut response = if unchanged {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((header::ETAG, etag)).insert_header((
        header::CACHE_CONTROL,
        if versioned {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        },
    ));
    if unchanged {
        return response.finish();
    }
    response.content_type(asset.content_type).body(asset.body)
}
