//! `/saml/sso`: AuthnRequests in, Responses out.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::binding::{BindingError, ReceivedRequest, Transport, post, redirect};
use avouch_saml::message::kind::Role;
use avouch_saml::xml::limits::Limits;

use crate::context::Context;
use crate::flow::saml::sso;
use crate::web::extract::{Body, context};
use crate::web::pages::ErrorKind;
use crate::web::{answer, refuse, run};

/// `GET /saml/sso`: HTTP-Redirect. The query is handed on as it stood on the wire, since the
/// signature covers those octets.
pub(crate) async fn sso_redirect(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let query = request.query_string().to_owned();
    run::run_brief(
        &request,
        cx,
        move |cx| {
            let received = redirect::receive(&query);
            show_unreadable(cx, Transport::Redirect, &query, &received);
            sso::begin(cx, Transport::Redirect, received)
        },
        answer::answer,
    )
    .await
}

/// `POST /saml/sso`: HTTP-POST.
pub(crate) async fn sso_post(
    request: HttpRequest,
    body: Result<Body, actix_web::Error>,
) -> HttpResponse {
    let limit = Limits::MESSAGE.bytes;
    let body = match body {
        Err(error) if error.as_response_error().status_code() != StatusCode::PAYLOAD_TOO_LARGE => {
            return refuse::bare(&request, ErrorKind::InvalidRequest);
        }
        // Longer than any body may be.
        Err(_) => Err(BindingError::TooLarge { limit }),
        Ok(body) => Ok(body),
    };
    let is_form = is_form(&request);
    let is_too_large = body.is_err();
    let cx = context(&request);
    let query = request.query_string().to_owned();
    let mut answer = run::run(
        &request,
        cx,
        move |cx| {
            let raw = body
                .as_deref()
                .map(String::from_utf8_lossy)
                .unwrap_or_default();
            let received = match &body {
                Ok(_) if !is_form => Err(BindingError::NoMessage(Role::Request)),
                Ok(body) => post::receive(body, &query),
                Err(error) => Err(error.clone()),
            };
            show_unreadable(cx, Transport::Post, &raw, &received);
            sso::begin(cx, Transport::Post, received)
        },
        answer::answer,
    )
    .await;
    if is_too_large && answer.status() == StatusCode::BAD_REQUEST {
        *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    }
    answer
}

/// `/saml/slo`: where toolkits suppose single logout to be. It is not offered yet, which is more than
/// that there is nothing at this address.
pub(crate) async fn slo(request: HttpRequest) -> HttpResponse {
    refuse::bare(&request, ErrorKind::NoSingleLogout)
}

/// Shows a developer what could not be read, as it stood on the wire.
fn show_unreadable(
    cx: &Context,
    transport: Transport,
    raw: &str,
    received: &Result<ReceivedRequest, BindingError>,
) {
    if received.is_err() {
        let observer = &cx.services.observer;
        observer.unreadable(&cx.request_id, transport, raw);
    }
}

/// Whether the body is a form as browsers post it.
pub(crate) fn is_form(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("Content-Type")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}
