//! Bodies of the administration's forms, bounded, with their CSRF token checked first.

use actix_multipart::Multipart;
use actix_web::web::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use crate::context::Context;
use crate::web::pages::ErrorKind;
use crate::web::{extract, refuse};

/// Most a form may weigh: a federation's file, percent-encoded, with room to spare.
const LIMIT_BYTES: usize = 24 * 1024 * 1024;
/// Most fields a form may have: 200 attribute rows have 1600.
const FIELDS: usize = 4000;

/// The fields of a submitted form, in order.
pub(super) struct Form(pub(super) Vec<(String, String)>);

impl Form {
    /// A field's first value; empty when it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads an urlencoded form that carries this browser's CSRF token.
pub(super) async fn form(cx: &Context, payload: Payload) -> Result<Form, Box<HttpResponse>> {
    let bytes = match payload.to_bytes_limited(LIMIT_BYTES).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(Box::new(refuse::of_kind(cx, ErrorKind::InvalidRequest))),
        Err(_) => return Err(Box::new(refuse::of_kind(cx, ErrorKind::TooLarge))),
    };
    admitted(cx, Form(extract::pairs(&bytes, FIELDS)))
}

/// Reads a multipart form that carries this browser's CSRF token. A file's content stands under
/// its field's name; it is text, since metadata is UTF-8.
pub(super) async fn multipart(
    cx: &Context,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Form, Box<HttpResponse>> {
    let invalid = || Box::new(refuse::of_kind(cx, ErrorKind::InvalidRequest));
    let mut inner = payload.into_inner();
    let mut parts = Multipart::from_request(request, &mut inner)
        .await
        .map_err(|_| invalid())?;
    let mut fields = Vec::new();
    let mut total = 0;
    while let Some(part) = next(&mut parts).await {
        let mut part = part.map_err(|_| invalid())?;
        let name = part.name().unwrap_or_default().to_owned();
        let mut content = Vec::new();
        while let Some(chunk) = next(&mut part).await {
            let chunk = chunk.map_err(|_| invalid())?;
            total += chunk.len();
            if total > LIMIT_BYTES {
                return Err(Box::new(refuse::of_kind(cx, ErrorKind::TooLarge)));
            }
            content.extend_from_slice(&chunk);
        }
        if fields.len() == FIELDS {
            return Err(invalid());
        }
        // What is not UTF-8 is kept recognisably broken: the reader then refuses it by its line.
        fields.push((name, String::from_utf8_lossy(&content).into_owned()));
    }
    admitted(cx, Form(fields))
}

/// The next item of a stream.
async fn next<S: futures_core::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|task| std::pin::Pin::new(&mut *stream).poll_next(task)).await
}

fn admitted(cx: &Context, form: Form) -> Result<Form, Box<HttpResponse>> {
    if cx.browser.csrf_matches(form.get("csrf")) {
        Ok(form)
    } else {
        Err(Box::new(refuse::of_kind(cx, ErrorKind::StaleForm)))
    }
}
