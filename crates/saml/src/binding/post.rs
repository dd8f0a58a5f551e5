//! HTTP-POST: a message in a form field, its signature inside the document.
//!
//! Spec: saml-bindings-2.0 §3.5.

use super::form::Parameters;
use super::received::ReceivedMessage;
use super::sendable::Sendable;
use super::{BindingError, Transport, base64};
use crate::ids::{AcsUrl, RelayState};
use crate::message::kind::{Incoming, Message};

/// Receives a message from `body`, a form of type `application/x-www-form-urlencoded` as it stood
/// on the wire. `query` is that of the request target: a message there, or the parameters of
/// HTTP-Redirect in the form, would let two readers see two messages.
///
/// # Errors
/// [`BindingError`]: nothing is known of the sender; show a page.
///
/// Spec: saml-bindings-2.0 §3.5.4.
pub fn receive<M: Incoming>(body: &[u8], query: &str) -> Result<ReceivedMessage<M>, BindingError> {
    let name = M::ROLE.parameter();
    let other = M::ROLE.other().parameter();
    // An escape takes three octets, base64 a third more than what it holds.
    let limit = M::LIMITS.bytes.saturating_mul(4);
    if body.len() > limit {
        return Err(BindingError::TooLarge { limit });
    }
    Parameters::parse(query)?.none()?;
    let body = std::str::from_utf8(body).map_err(|_| BindingError::Escape(name))?;
    let parameters = Parameters::parse(body)?;
    let Some(encoded) = parameters.decoded(name)? else {
        return Err(match parameters.raw(other) {
            Some(_) => BindingError::OtherRole { expected: M::ROLE },
            None => BindingError::NoMessage(M::ROLE),
        });
    };
    parameters.without(&[other, "SAMLart", "SAMLEncoding", "SigAlg", "Signature"])?;
    let xml = base64::decode_document(name, &encoded, M::LIMITS.bytes)?;
    let relay_state = parameters.decoded("RelayState")?.map(RelayState::new);
    ReceivedMessage::new(Transport::Post, xml, None, relay_state)
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

/// The form that takes a message to `endpoint`: a Response to an ACS, a request to an identity
/// provider. `relay_state` is what came with the request that this answers, or our own.
pub fn send<M: Message>(
    endpoint: &AcsUrl,
    message: &Sendable<M>,
    relay_state: Option<&RelayState>,
) -> PostForm {
    PostForm {
        action: endpoint.as_str().to_owned(),
        field: M::ROLE.parameter(),
        message: base64::encode(message.as_bytes()),
        relay_state: relay_state.cloned(),
    }
}
