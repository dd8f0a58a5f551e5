//! A message on its way in: received, then verified, then found to be meant for us.

use std::borrow::Cow;

use super::{BindingError, Transport};
use crate::ids::{EntityId, RelayState};
use crate::message::authn_request::{AuthnRequest, RequestHead};
use crate::message::kind::Incoming;
use crate::message::{Head as _, MessageError};
use crate::security::verify::{
    Authenticity, QuerySignature, Received, Trust, Unverified, Verified, VerifyError,
};
use crate::time::{Timestamp, Window};
use crate::url::same_address;
use crate::xml::encoding::to_utf8;
use crate::xml::reader::{Element, XmlError, XmlErrorKind};

/// A message as it arrived. It shows who it claims to be from, to find the sender's keys.
pub struct ReceivedMessage<M: Incoming> {
    transport: Transport,
    relay_state: Option<RelayState>,
    message: Unverified<Read<M>>,
}

/// An AuthnRequest as it arrived.
pub type ReceivedRequest = ReceivedMessage<AuthnRequest>;

/// A message as far as it could be read: its head at least.
struct Read<M: Incoming> {
    head: M::Head,
    body: Result<M, MessageError>,
}

impl<M: Incoming> Received for Read<M> {
    fn from_element(root: &Element) -> Result<Self, XmlError> {
        let head = M::read_head(root)
            .map_err(|error| root.error(XmlErrorKind::OtherMessage(error.to_string())))?;
        Ok(Self {
            head,
            body: M::read(root),
        })
    }

    fn issuer(&self) -> Option<&EntityId> {
        Some(self.head.issuer())
    }
}

/// Where and when a message arrived, and how strict to be about that.
#[derive(Debug, Clone, Copy)]
pub struct Reception<'a> {
    /// The public URL of the endpoint it arrived at, as our metadata has it.
    pub endpoint: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Tolerance for clocks that differ, in seconds.
    pub skew_seconds: i64,
    /// How old a message may be, in seconds, beside the tolerance.
    pub lifetime_seconds: i64,
    /// Whether a signed message must say where it goes. saml-bindings §3.4.5.2 and §3.5.5.2 make
    /// senders say so: without it, a message to another provider could be replayed here.
    pub signed_needs_destination: bool,
}

/// Why a message is not acted upon. `H` is its head: of a request, enough to answer it.
#[derive(Debug, thiserror::Error)]
pub enum Refused<H = RequestHead> {
    /// Not proved to come from its issuer, or unreadable. Nothing in it may be used: show a page.
    #[error(transparent)]
    NotAuthentic(#[from] VerifyError),
    /// It is meant for another address: saml-bindings has it discarded. Show a page.
    #[error("the message's Destination is {}, not {expected}", found.as_deref().unwrap_or("missing"))]
    Misdirected {
        /// The address where it arrived.
        expected: String,
        /// Its `Destination`.
        found: Option<String>,
    },
    /// Issued too long ago or in the future, or past its own `NotOnOrAfter`.
    #[error("the message was issued at {issued}, outside the time allowed")]
    OutsideWindow {
        /// Who sent it, and of a request what is needed to answer it.
        head: Box<Verified<H>>,
        /// Its `IssueInstant`.
        issued: Timestamp,
        /// Its own `NotOnOrAfter`, when it has one.
        not_on_or_after: Option<Timestamp>,
    },
    /// It breaks the rules; [`MessageError::status`] says what to answer a request.
    #[error("{error}")]
    Invalid {
        /// Who sent it, and of a request what is needed to answer it.
        head: Box<Verified<H>>,
        /// What is wrong.
        error: MessageError,
    },
}

impl<M: Incoming> ReceivedMessage<M> {
    pub(super) fn new(
        transport: Transport,
        xml: Vec<u8>,
        signature: Option<QuerySignature>,
        relay_state: Option<RelayState>,
    ) -> Result<Self, BindingError> {
        let utf16 = match to_utf8(&xml)? {
            Cow::Owned(read) => Some(read),
            Cow::Borrowed(_) => None,
        };
        let xml = utf16.unwrap_or(xml);
        let message = match transport {
            Transport::Redirect => Unverified::from_query(xml, signature, &M::LIMITS),
            Transport::Post => Unverified::from_document(xml, &M::LIMITS),
        }?;
        Ok(Self {
            transport,
            relay_state,
            message,
        })
    }

    /// The binding it came by.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// What came beside it: with a request, what is to go back with the answer, whatever that is.
    /// `None` when there was none, which is not the same as an empty one.
    pub fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }

    /// Who the message says it is from. Nobody has checked.
    pub fn claimed_issuer(&self) -> &EntityId {
        self.message.claimed_issuer()
    }

    /// Whether a signature of the binding came with it, good or bad.
    pub fn has_signature(&self) -> bool {
        self.message.has_signature()
    }

    /// Whether a signature stands inside a message that came by HTTP-Redirect, where it counts for
    /// nothing: that binding signs its query.
    pub fn has_misplaced_signature(&self) -> bool {
        self.message.has_misplaced_signature()
    }

    /// The same message as if it had come without a signature, by decision of whoever administers its
    /// sender.
    #[must_use]
    pub fn without_signature(self) -> Self {
        Self {
            message: self.message.without_signature(),
            ..self
        }
    }

    /// The algorithm that its signature says it was made with. Nobody has checked.
    pub fn claimed_algorithm(&self) -> Option<&str> {
        self.message.claimed_algorithm()
    }

    /// The document as received, to be shown to a developer and never read by a program.
    pub fn octets(&self) -> &[u8] {
        self.message.octets()
    }

    /// Verifies the message with the keys and settings of the sender it claims to be from, and
    /// checks that it was sent to this endpoint, lately. It is read from the octets that the
    /// signature covers, where there is one; a message that its profile has signed needs one
    /// whatever `trust` says.
    ///
    /// # Errors
    /// [`Refused`], each with its reader: a page, or the sender of a request. Where a [`Verified`]
    /// head is in it, an SP may be answered at an endpoint of its metadata.
    ///
    /// Spec: saml-core-2.0 §3.2.1 and §3.2.2, saml-bindings-2.0 §3.4.5.2 and §3.5.5.2.
    pub fn verify(
        self,
        trust: &Trust,
        reception: &Reception<'_>,
    ) -> Result<Verified<M>, Refused<M::Head>> {
        if M::ALWAYS_SIGNED && !self.has_signature() {
            return Err(VerifyError::NotSigned.into());
        }
        let read = self.message.verify(trust)?;
        check_destination(&read, reception)?;
        let (issued, not_on_or_after) = match &read.body {
            Ok(message) => (message.issue_instant(), message.not_on_or_after()),
            Err(error) => {
                let error = error.clone();
                let head = Box::new(read.map(|read| read.head));
                return Err(Refused::Invalid { head, error });
            }
        };
        let last = issued.plus_seconds(reception.lifetime_seconds);
        let window = Window {
            not_before: Some(issued),
            not_on_or_after: Some(not_on_or_after.map_or(last, |own| own.min(last))),
        };
        if !window.contains(reception.now, reception.skew_seconds) {
            let head = Box::new(read.map(|read| read.head));
            return Err(Refused::OutsideWindow {
                head,
                issued,
                not_on_or_after,
            });
        }
        Ok(read.map(|read| read.body.expect("a body that is none was refused above")))
    }
}

fn check_destination<M: Incoming>(
    read: &Verified<Read<M>>,
    reception: &Reception<'_>,
) -> Result<(), Refused<M::Head>> {
    let signed = matches!(read.authenticity(), Authenticity::Signed(_));
    let found = read.head.destination();
    let right = match found {
        Some(destination) => same_address(destination, reception.endpoint),
        None => !(signed && reception.signed_needs_destination),
    };
    if right {
        Ok(())
    } else {
        Err(Refused::Misdirected {
            expected: reception.endpoint.to_owned(),
            found: found.map(str::to_owned),
        })
    }
}
