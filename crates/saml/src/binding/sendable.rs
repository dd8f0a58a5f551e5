//! What may leave in a form.

use crate::message::authn_request::AuthnRequest;
use crate::message::kind::Message;
use crate::message::response::{Outcome, Response};
use crate::security::sign::{SignedXml, Unsigned};
use crate::xml::writer::WriteError;

/// A message that may leave by HTTP-POST: signed, or of a kind that its profile lets go without.
///
/// Search for `Sendable {` to see every way one comes to be.
pub struct Sendable<M> {
    octets: Vec<u8>,
    what: std::marker::PhantomData<fn() -> M>,
}

impl<M> Sendable<M> {
    fn new(octets: Vec<u8>) -> Self {
        Self {
            octets,
            what: std::marker::PhantomData,
        }
    }

    /// The octets to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }
}

impl<M: Message> From<SignedXml<M>> for Sendable<M> {
    fn from(signed: SignedXml<M>) -> Self {
        Self::new(signed.into_bytes())
    }
}

impl Sendable<AuthnRequest> {
    /// A request without a signature, for an identity provider that does not ask for one.
    pub fn unsigned(request: Unsigned<AuthnRequest>) -> Self {
        Self::new(request.into_bytes())
    }
}

impl Sendable<Response> {
    /// A Response without a signature of its own.
    ///
    /// # Errors
    /// [`NotSendable`]: it has no signed assertion either, so anybody could have written it.
    pub fn with_signed_assertion(response: &Response) -> Result<Self, NotSendable> {
        match &response.outcome {
            Outcome::Success(assertion) if assertion.is_signed() => {
                Ok(Self::new(response.write()?.into_bytes()))
            }
            Outcome::Success(_) | Outcome::Failure(_) => Err(NotSendable::NothingSigned),
        }
    }
}

/// Why a Response may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSendable {
    /// Neither the Response nor its assertion has a signature.
    #[error("neither the Response nor an assertion in it is signed")]
    NothingSigned,
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
