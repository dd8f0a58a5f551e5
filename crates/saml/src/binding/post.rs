//! HTTP-POST: a message in a form field, its signature inside the document.
//!
//! Spec: saml-bindings-2.0 §3.5.

use super::form::Parameters;
use super::received::ReceivedRequest;
use super::{BindingError, Transport, base64};
use crate::ids::{AcsUrl, RelayState};
use crate::message::authn_request::AuthnRequest;
use crate::message::response::SendableResponse;
use crate::security::sign::{SignedXml, Unsigned};
use crate::xml::limits::Limits;

/// Receives an AuthnRequest from `body`, a form of type `application/x-www-form-urlencoded` as it
/// stood on the wire. `query` is that of the request target: a message there, or the parameters of
/// HTTP-Redirect in the form, would let two readers see two messages.
///
/// # Errors
/// [`BindingError`]: nothing is known of the sender; show a page.
///
/// Spec: saml-bindings-2.0 §3.5.4.
pub fn receive(body: &[u8], query: &str, limits: &Limits) -> Result<ReceivedRequest, BindingError> {
    // An escape takes three octets, base64 a third more than what it holds.
    let limit = limits.bytes.saturating_mul(4);
    if body.len() > limit {
        return Err(BindingError::TooLarge { limit });
    }
    Parameters::parse(query)?.none()?;
    let body = std::str::from_utf8(body).map_err(|_| BindingError::Escape("SAMLRequest"))?;
    let parameters = Parameters::parse(body)?;
    let Some(encoded) = parameters.decoded("SAMLRequest")? else {
        return Err(match parameters.raw("SAMLResponse") {
            Some(_) => BindingError::NotARequest,
            None => BindingError::NoMessage,
        });
    };
    parameters.without(&[
        "SAMLResponse",
        "SAMLart",
        "SAMLEncoding",
        "SigAlg",
        "Signature",
    ])?;
    let xml = base64::decode("SAMLRequest", &encoded, limits.bytes)?;
    let relay_state = parameters.decoded("RelayState")?.map(RelayState::new);
    ReceivedRequest::new(Transport::Post, xml, None, relay_state, limits)
}

/// What the page that posts a message holds. The page escapes the values.
#[derive(Clone, PartialEq, Eq)]
pub struct PostForm {
    action: String,
    field: &'static str,
    message: String,
    relay_state: Option<RelayState>,
}

impl PostForm {
    /// Where the form is posted.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The name of the message's field: `SAMLResponse` or `SAMLRequest`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The message's field: base64 without line breaks.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The RelayState field, when there is one.
    pub fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }
}

/// The form that takes a Response to an ACS. `relay_state` is what came with the request, or our
/// own for an unsolicited Response.
pub fn send(
    acs: &AcsUrl,
    response: &SendableResponse,
    relay_state: Option<&RelayState>,
) -> PostForm {
    PostForm {
        action: acs.as_str().to_owned(),
        field: "SAMLResponse",
        message: base64::encode(response.as_bytes()),
        relay_state: relay_state.cloned(),
    }
}

/// An AuthnRequest to be posted: requests may go unsigned.
pub enum RequestDocument<'r> {
    /// With an enveloped signature.
    Signed(&'r SignedXml<AuthnRequest>),
    /// Without.
    Unsigned(&'r Unsigned<AuthnRequest>),
}

/// The form that takes an AuthnRequest to an identity provider.
pub fn send_request(
    endpoint: &str,
    request: RequestDocument<'_>,
    relay_state: Option<&RelayState>,
) -> PostForm {
    let octets = match request {
        RequestDocument::Signed(signed) => signed.as_bytes(),
        RequestDocument::Unsigned(unsigned) => unsigned.as_bytes(),
    };
    PostForm {
        action: endpoint.to_owned(),
        field: "SAMLRequest",
        message: base64::encode(octets),
        relay_state: relay_state.cloned(),
    }
}
