//! An AuthnRequest on its way in: received, then verified, then found to be meant for us.

use super::{BindingError, Transport};
use crate::ids::{EntityId, RelayState};
use crate::message::authn_request::{AuthnRequest, ReadRequest, RequestError, RequestHead};
use crate::security::verify::{
    Authenticity, QuerySignature, Trust, Unverified, Verified, VerifyError,
};
use crate::time::{Timestamp, Window};
use crate::xml::limits::Limits;

/// An AuthnRequest as it arrived. It shows who it claims to be from, to find the SP's keys.
pub struct ReceivedRequest {
    transport: Transport,
    relay_state: Option<RelayState>,
    request: Unverified<ReadRequest>,
}

/// Where and when a request arrived, and how strict to be about that.
#[derive(Debug, Clone, Copy)]
pub struct Reception<'a> {
    /// The public URL of the endpoint it arrived at, as our metadata has it.
    pub endpoint: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Tolerance for clocks that differ, in seconds.
    pub skew_seconds: i64,
    /// How old a request may be, in seconds, beside the tolerance.
    pub lifetime_seconds: i64,
    /// Whether a signed request must say where it goes. saml-bindings §3.4.5.2 and §3.5.5.2 make
    /// senders say so: without it, a request to another identity provider could be replayed here.
    pub signed_needs_destination: bool,
}

/// Why a request is not served.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Not proved to come from its issuer, or unreadable. Nothing in it may be used: show a page.
    #[error(transparent)]
    NotAuthentic(#[from] VerifyError),
    /// It is meant for another address: saml-bindings has it discarded. Show a page.
    #[error("the request's Destination is {}, not {expected}", found.as_deref().unwrap_or("missing"))]
    Misdirected {
        /// The address where it arrived.
        expected: String,
        /// Its `Destination`.
        found: Option<String>,
    },
    /// Issued too long ago, or in the future.
    #[error("the request was issued at {issued}, outside the time allowed")]
    OutsideWindow {
        /// Who asked, and where the answer is wanted.
        head: Box<Verified<RequestHead>>,
        /// Its `IssueInstant`.
        issued: Timestamp,
    },
    /// It breaks the rules; [`RequestError::status`] says what to answer.
    #[error("{error}")]
    Invalid {
        /// Who asked, and where the answer is wanted.
        head: Box<Verified<RequestHead>>,
        /// What is wrong.
        error: RequestError,
    },
}

impl ReceivedRequest {
    pub(super) fn new(
        transport: Transport,
        xml: Vec<u8>,
        signature: Option<QuerySignature>,
        relay_state: Option<RelayState>,
        limits: &Limits,
    ) -> Result<Self, BindingError> {
        let request = match transport {
            Transport::Redirect => Unverified::from_query(xml, signature, limits),
            Transport::Post => Unverified::from_document(xml, limits),
        }?;
        Ok(Self {
            transport,
            relay_state,
            request,
        })
    }

    /// The binding it came by.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// What is to go back with the answer, whatever that is; `None` when there was none, which is
    /// not the same as an empty one.
    pub fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }

    /// Who the request says it is from. Nobody has checked.
    pub fn claimed_issuer(&self) -> &EntityId {
        self.request.claimed_issuer()
    }

    /// Whether a signature of the binding came with it, good or bad.
    pub fn has_signature(&self) -> bool {
        self.request.has_signature()
    }

    /// The algorithm that its signature says it was made with. Nobody has checked.
    pub fn claimed_algorithm(&self) -> Option<&str> {
        self.request.claimed_algorithm()
    }

    /// The document as received, to be shown to a developer and never read by a program.
    pub fn octets(&self) -> &[u8] {
        self.request.octets()
    }

    /// Verifies the request with the keys and settings of the SP it claims to be from, and checks
    /// that it was sent to this endpoint, lately. The request is read from the octets that the
    /// signature covers, where there is one.
    ///
    /// # Errors
    /// [`Refused`], each with its reader: a page, or the SP. Where a [`Verified<RequestHead>`] is
    /// in it, the SP may be answered at an endpoint of its metadata.
    ///
    /// Spec: saml-core-2.0 §3.2.1, saml-bindings-2.0 §3.4.5.2 and §3.5.5.2.
    pub fn verify(
        self,
        trust: &Trust,
        reception: &Reception<'_>,
    ) -> Result<Verified<AuthnRequest>, Refused> {
        let read = self.request.verify(trust)?;
        check_destination(&read, reception)?;
        let issued = match &read.body {
            Ok(request) => request.issue_instant,
            Err(error) => {
                let error = error.clone();
                let head = Box::new(read.map(|read| read.head));
                return Err(Refused::Invalid { head, error });
            }
        };
        let window = Window {
            not_before: Some(issued),
            not_on_or_after: Some(issued.plus_seconds(reception.lifetime_seconds)),
        };
        if !window.contains(reception.now, reception.skew_seconds) {
            let head = Box::new(read.map(|read| read.head));
            return Err(Refused::OutsideWindow { head, issued });
        }
        Ok(read.map(|read| read.body.expect("a body that is none was refused above")))
    }
}

fn check_destination(
    read: &Verified<ReadRequest>,
    reception: &Reception<'_>,
) -> Result<(), Refused> {
    let signed = matches!(read.authenticity(), Authenticity::Signed(_));
    let found = read.head.destination.as_deref();
    let right = match found {
        Some(destination) => destination == reception.endpoint,
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
