//! What a message is to those who carry it: its element, whether it asks or answers, and how it is
//! read.
//!
//! The bindings and the verifying code are written once, for any message. To let another travel:
//! write its file, implement [`Message`], [`Incoming`] where it is read, and [`ByRedirect`] where
//! HTTP-Redirect may carry it.

use super::error::MessageError;
use crate::ids::EntityId;
use crate::time::Timestamp;
use crate::xml::limits::Limits;
use crate::xml::reader::Element;

/// Whether a message asks or answers, which decides the name of the parameter it travels in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It asks: its type extends RequestAbstractType (saml-core §3.2.1).
    Request,
    /// It answers: its type extends StatusResponseType (saml-core §3.2.2).
    Response,
}

impl Role {
    /// The parameter of a query or form (saml-bindings §3.4.4 and §3.5.4).
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }

    /// What a message of the other kind is.
    pub const fn other(self) -> Self {
        match self {
            Self::Request => Self::Response,
            Self::Response => Self::Request,
        }
    }
}

/// Only this crate says what a message is: a binding relies on it.
pub(super) mod sealed {
    /// Keeps [`super::Message`] to this crate.
    pub trait Sealed {}
}

/// A message of the protocol namespace, to be sent or as it was received.
pub trait Message: sealed::Sealed {
    /// The local name of its element.
    const ELEMENT: &'static str;
    /// Whether it asks or answers.
    const ROLE: Role;
    /// Whether its profile has it signed on every way through a browser, so that no setting can
    /// let one pass without.
    const ALWAYS_SIGNED: bool;
}

/// A message that HTTP-Redirect may carry. A Response may not go that way (saml-profiles §4.1.2),
/// and this does not compile:
///
/// ```compile_fail,E0277
/// use avouch_saml::{binding::redirect, message::response::ReceivedResponse};
/// let received = redirect::receive::<ReceivedResponse>("SAMLResponse=x");
/// ```
///
/// A message that may does:
///
/// ```
/// use avouch_saml::{binding::redirect, message::logout_response::ReceivedLogoutResponse};
/// let received = redirect::receive::<ReceivedLogoutResponse>("SAMLResponse=x");
/// assert!(received.is_err());
/// ```
pub trait ByRedirect: Message {}

/// What can be told of any message that is readable at all.
pub trait Head {
    /// The text of `Issuer`.
    fn issuer(&self) -> &EntityId;

    /// `Destination`, as it stands.
    fn destination(&self) -> Option<&str>;
}

/// A message as it is read from a peer.
pub trait Incoming: Message + Sized {
    /// What reading one may cost.
    const LIMITS: Limits = Limits::MESSAGE;

    /// What can be told of it even when the rest of it breaks the rules.
    type Head: Head;

    /// Reads the head.
    ///
    /// # Errors
    /// [`MessageError::OtherMessage`] and [`MessageError::NoIssuer`].
    fn read_head(root: &Element) -> Result<Self::Head, MessageError>;

    /// Reads the message.
    ///
    /// # Errors
    /// [`MessageError`].
    fn read(root: &Element) -> Result<Self, MessageError>;

    /// `IssueInstant`.
    fn issue_instant(&self) -> Timestamp;

    /// Its own `NotOnOrAfter`, when it has one.
    fn not_on_or_after(&self) -> Option<Timestamp> {
        None
    }
}
