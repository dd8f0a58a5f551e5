//! Refusals as pages.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::audit::{EventKind, ResultCode};
use crate::context::Context;
use crate::flow::trail::Trail;
use crate::refusal::{OperatorError, PageError, Stop};
use crate::store::{self, StoreError};
use crate::web::extract;
use crate::web::pages::{ErrorKind, ErrorPage, Moment, UnavailablePage, policy};
use crate::web::respond::{Served, frame, label, serve};

/// Answers what a flow could not.
pub(crate) async fn stopped(request: &HttpRequest, cx: &Context, stop: Stop) -> HttpResponse {
    match stop {
        Stop::Page(error) => page(cx, *error),
        Stop::Ours(error) => ours(request, cx, error).await,
    }
}

fn page(cx: &Context, error: PageError) -> HttpResponse {
    tracing::info!(
        request.id = cx.request_id,
        event.code = error.code,
        result = error.result.as_str(),
        "refused with a page"
    );
    let page = ErrorPage {
        app: error.app.map(label),
        code: error.code,
        at: Some(Moment::from_unix_millis(cx.now.millis())),
        restart_url: error.restart_url,
        ..plain(cx, ErrorKind::from(error.result))
    };
    show(cx, &page)
}

/// A fault of ours: its cause goes to the log, and to an event whose code is on the page. Without a
/// database to write the event to, the page has the request's id, which is in the log.
async fn ours(request: &HttpRequest, cx: &Context, error: OperatorError) -> HttpResponse {
    let cause = error.for_the_log();
    if error.is_unavailable() {
        tracing::error!(request.id = cx.request_id, cause, "a request failed");
        return unavailable(request, cx, cx.request_id.clone());
    }
    let trail = match error.trail() {
        Some(trail) => trail.clone(),
        None => Trail::of(kind_of(request.path())),
    };
    let event = trail.event(cx, ResultCode::InternalError, cause.clone());
    let inside = cx.clone();
    let written = web::block(move || {
        inside
            .services
            .db
            .write(|c| store::events::insert_referred(c, &event))
    })
    .await;
    let code = match written {
        Ok(Ok::<_, StoreError>(referred)) => {
            tracing::error!(
                request.id = cx.request_id,
                event.code = referred.code,
                cause,
                "a request failed"
            );
            referred.code
        }
        // The first failure is what the reader should know of.
        _ => {
            tracing::error!(
                request.id = cx.request_id,
                cause,
                "a request failed, and its event could not be written"
            );
            cx.request_id.clone()
        }
    };
    let page = ErrorPage {
        code,
        at: Some(Moment::from_unix_millis(cx.now.millis())),
        ..plain(cx, ErrorKind::Internal)
    };
    show(cx, &page)
}

/// Too many do at this moment what this request wants; it can be sent again.
pub(crate) fn busy(request: &HttpRequest, cx: &Context) -> HttpResponse {
    tracing::warn!(request.id = cx.request_id, "too many uploads at one time");
    unavailable(request, cx, cx.request_id.clone())
}

fn unavailable(request: &HttpRequest, cx: &Context, code: String) -> HttpResponse {
    let retry_url = match request.method().as_str() {
        "GET" => request
            .uri()
            .path_and_query()
            .map_or("/", |url| url.as_str()),
        _ => "/",
    };
    let page = UnavailablePage {
        frame: frame(cx, None),
        code,
        retry_url: retry_url.to_owned(),
    };
    let mut response = serve(
        cx,
        Served {
            page: &page,
            policy: policy::ordinary(),
            status: StatusCode::SERVICE_UNAVAILABLE,
        },
    );
    response.headers_mut().insert(
        actix_web::http::header::RETRY_AFTER,
        actix_web::http::header::HeaderValue::from_static("5"),
    );
    response
}

/// What a request to this address was about.
fn kind_of(path: &str) -> EventKind {
    let part = path.split('/').nth(1).unwrap_or("");
    match part {
        "admin" => EventKind::Admin,
        "login" => EventKind::Login,
        "logout" => EventKind::Logout,
        _ => EventKind::SignOn,
    }
}

/// A page for a fault that no flow was asked about.
pub(crate) fn bare(request: &HttpRequest, kind: ErrorKind) -> HttpResponse {
    let cx = extract::context(request);
    show(&cx, &plain(&cx, kind))
}

/// As [`bare`], where the context is made already.
pub(crate) fn of_kind(cx: &Context, kind: ErrorKind) -> HttpResponse {
    show(cx, &plain(cx, kind))
}

fn plain(cx: &Context, kind: ErrorKind) -> ErrorPage {
    ErrorPage {
        frame: frame(cx, None),
        kind,
        app: None,
        code: String::new(),
        at: None,
        restart_url: None,
        contact: support(cx),
    }
}

/// Whom a user asks: the support contact, or the technical one.
pub(crate) fn support(cx: &Context) -> Option<String> {
    let contacts = &cx.services.settings.idp.contacts;
    ["support", "technical"]
        .iter()
        .find_map(|kind| contacts.iter().find(|contact| contact.kind == *kind))
        .map(|contact| contact.email.clone())
}

fn show(cx: &Context, page: &ErrorPage) -> HttpResponse {
    let status = StatusCode::from_u16(page.kind.http_status())
        .expect("the kinds' statuses are HTTP statuses");
    serve(
        cx,
        Served {
            page,
            policy: policy::ordinary(),
            status,
        },
    )
}
