//! `/error-help`: the page our metadata names as errorURL.

use actix_web::{HttpRequest, HttpResponse};

use crate::web::extract::{Fields, context};
use crate::web::pages::{ErrorHelpPage, HelpTopic, Moment};
use crate::web::refuse::support;
use crate::web::respond::{frame, page};

/// `GET /error-help`. An SP may say what went wrong; all of it is its own claim.
pub(crate) async fn error_help(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let fields = Fields::of_query(&request);
    // A placeholder that nobody filled in says nothing.
    let told = |name: &str| {
        let value = fields.get(name);
        if value == name {
            String::new()
        } else {
            value.chars().take(300).collect()
        }
    };
    let at = told("ERRORURL_TS")
        .parse::<i64>()
        .ok()
        .and_then(|seconds| seconds.checked_mul(1000))
        .map(Moment::from_unix_millis);
    page(
        &cx,
        &ErrorHelpPage {
            frame: frame(&cx, None),
            topic: HelpTopic::from_code(&told("ERRORURL_CODE")),
            app: told("ERRORURL_RP"),
            transaction: told("ERRORURL_TID"),
            context: told("ERRORURL_CTX"),
            at,
            contact: support(&cx),
        },
    )
}
