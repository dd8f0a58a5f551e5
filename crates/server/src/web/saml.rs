//! `/saml/sso`: AuthnRequests in, Responses out.

use actix_web::{HttpRequest, HttpResponse, web};
use avouch_saml::binding::{BindingError, Transport, post, redirect};
use avouch_saml::xml::limits::Limits;

use crate::flow::saml_sso;
use crate::sessions::PendingId;
use crate::web::extract::{Fields, context};
use crate::web::respond;

/// `GET /saml/sso`: HTTP-Redirect. The query is handed on as it stood on the wire, since the
/// signature covers those octets.
pub(crate) async fn sso_redirect(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let query = request.query_string().to_owned();
    respond::run_brief(
        &request,
        cx,
        move |cx| {
            let received = redirect::receive(&query, &Limits::MESSAGE);
            saml_sso::begin(cx, Transport::Redirect, received)
        },
        respond::answer,
    )
    .await
}

/// `POST /saml/sso`: HTTP-POST.
pub(crate) async fn sso_post(
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    let limit = Limits::MESSAGE.bytes;
    let body = match body {
        Ok(body) if is_form(&request) => Ok(body),
        Ok(_) => Err(BindingError::NoMessage),
        // Longer than any body may be, or cut off.
        Err(_) => Err(BindingError::TooLarge { limit }),
    };
    let cx = context(&request);
    let query = request.query_string().to_owned();
    respond::run(
        &request,
        cx,
        move |cx| {
            let received = body.and_then(|body| post::receive(&body, &query, &Limits::MESSAGE));
            saml_sso::begin(cx, Transport::Post, received)
        },
        respond::answer,
    )
    .await
}

/// `GET /saml/sso/continue?p=ID`: goes on with a sign-on that waited.
pub(crate) async fn sso_continue(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let id = PendingId::new(Fields::of_query(&request).get("p"));
    respond::run_brief(
        &request,
        cx,
        move |cx| saml_sso::resume(cx, &id),
        respond::answer,
    )
    .await
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
