//! Bodies of the administration's forms. Who sends one, and whether they may, is settled before any
//! of it is read; then its size, its time and its CSRF token are.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::web::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use avouch_saml::xml::encoding;

use crate::context::Context;
use crate::flow::admin;
use crate::services::Services;
use crate::users::AdminRight;
use crate::web::pages::ErrorKind;
use crate::web::{extract, refuse};

/// What a form may weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Settings: 200 attribute rows fit.
    Settings,
    /// Metadata: a federation's file, percent-encoded, with room to spare.
    Metadata,
}

impl Weight {
    const fn bytes(self) -> usize {
        match self {
            Self::Settings => 1024 * 1024,
            Self::Metadata => 24 * 1024 * 1024,
        }
    }
}

/// Most bodies that carry metadata at one time: each is held in memory whole.
const UPLOADS: usize = 4;
/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(120);
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

type Refused = Box<HttpResponse>;

/// Reads an urlencoded form of an administrator with one of `rights`, which carries this browser's
/// CSRF token.
pub(super) async fn form(
    request: &HttpRequest,
    cx: &Context,
    payload: Payload,
    rights: &[AdminRight],
    weight: Weight,
) -> Result<Form, Refused> {
    let read = async {
        match payload.to_bytes_limited(weight.bytes()).await {
            Ok(Ok(bytes)) => Ok(Form(extract::pairs(&bytes, FIELDS))),
            Ok(Err(_)) => Err(ErrorKind::InvalidRequest),
            Err(_) => Err(ErrorKind::TooLarge),
        }
    };
    admitted(request, cx, rights, weight, read).await
}

/// Reads a multipart form with metadata, as [`form`] does. A file's content stands under its
/// field's name; it is text, since metadata is UTF-8 or UTF-16.
pub(super) async fn multipart(
    request: &HttpRequest,
    cx: &Context,
    payload: Payload,
    rights: &[AdminRight],
) -> Result<Form, Refused> {
    let read = parts(request, payload);
    admitted(request, cx, rights, Weight::Metadata, read).await
}

async fn parts(request: &HttpRequest, payload: Payload) -> Result<Form, ErrorKind> {
    let mut inner = payload.into_inner();
    let mut parts = Multipart::from_request(request, &mut inner)
        .await
        .map_err(|_| ErrorKind::InvalidRequest)?;
    let mut fields = Vec::new();
    let mut total = 0;
    while let Some(part) = next(&mut parts).await {
        let mut part = part.map_err(|_| ErrorKind::InvalidRequest)?;
        let name = part.name().unwrap_or_default().to_owned();
        let mut content = Vec::new();
        while let Some(chunk) = next(&mut part).await {
            let chunk = chunk.map_err(|_| ErrorKind::InvalidRequest)?;
            total += chunk.len();
            if total > Weight::Metadata.bytes() {
                return Err(ErrorKind::TooLarge);
            }
            content.extend_from_slice(&chunk);
        }
        if fields.len() == FIELDS {
            return Err(ErrorKind::InvalidRequest);
        }
        fields.push((name, text_of(&content)));
    }
    Ok(Form(fields))
}

/// A part's content. What is neither UTF-8 nor UTF-16 is kept recognisably broken: the reader then
/// refuses it by its line.
fn text_of(content: &[u8]) -> String {
    let octets = encoding::to_utf8(content).unwrap_or(Cow::Borrowed(content));
    String::from_utf8_lossy(&octets).into_owned()
}

/// The next item of a stream.
async fn next<S: futures_core::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|task| std::pin::Pin::new(&mut *stream).poll_next(task)).await
}

/// Waits for `read` once it is clear that this administrator's form is to be read.
async fn admitted(
    request: &HttpRequest,
    cx: &Context,
    rights: &[AdminRight],
    weight: Weight,
    read: impl Future<Output = Result<Form, ErrorKind>>,
) -> Result<Form, Refused> {
    let rights = rights.to_vec();
    let allowed = super::flow(cx, move |cx| admin::view(cx, &rights, |_, _| Ok(()))).await;
    if let Err(error) = allowed {
        return Err(Box::new(super::refused(request, cx, error).await));
    }
    let _place = match weight {
        Weight::Settings => None,
        Weight::Metadata => match Place::take(&cx.services) {
            Some(place) => Some(place),
            None => return Err(Box::new(refuse::busy(request, cx))),
        },
    };
    let form = extract::within(DEADLINE, read, || ErrorKind::InvalidRequest)
        .await
        .map_err(|kind| Box::new(refuse::of_kind(cx, kind)))?;
    if cx.browser.csrf_matches(form.get("csrf")) {
        Ok(form)
    } else {
        Err(Box::new(refuse::of_kind(cx, ErrorKind::StaleForm)))
    }
}

/// One of the bodies with metadata that may be read at a time.
struct Place(Arc<Services>);

impl Place {
    fn take(services: &Arc<Services>) -> Option<Self> {
        let place = Self(Arc::clone(services));
        // Dropping the place gives back what was counted, also when there was none left.
        (services.uploads.fetch_add(1, Ordering::Relaxed) < UPLOADS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.uploads.fetch_sub(1, Ordering::Relaxed);
    }
}
