//! How messages travel through a browser (saml-bindings §3.4 and §3.5).
//!
//! - [`redirect`]: in the query of a GET, deflated, its signature over the query's octets.
//! - [`post`]: in a form, its signature inside the document.
//!
//! Both carry any message that [`crate::message::kind`] describes. Each half that receives ends in
//! a [`ReceivedMessage`], which shows who it claims to be from and nothing else until it is
//! verified. Each half that sends takes only what is signed, or what may go without.

mod base64;
mod form;
pub mod post;
mod received;
pub mod redirect;
mod sendable;

pub use received::{ReceivedMessage, ReceivedRequest, Reception, Refused};
pub use sendable::{NotSendable, Sendable};

use crate::message::kind::Role;
use crate::security::verify::VerifyError;
use crate::xml::reader::{XmlError, XmlErrorKind};

/// The binding a message came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP-Redirect.
    Redirect,
    /// HTTP-POST.
    Post,
}

impl Transport {
    /// The binding's URI.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Redirect => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            Self::Post => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        }
    }
}

/// Why what arrived is no message of its binding. The sender is unknown then: show a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// There is no parameter with such a message: somebody opened the address by hand.
    #[error("there is no {}", .0.parameter())]
    NoMessage(Role),
    /// A response where a request is expected, or the reverse.
    #[error("a {} was sent where a {} is expected", .expected.other().parameter(), .expected.parameter())]
    OtherRole {
        /// What the address takes.
        expected: Role,
    },
    /// The same parameter twice.
    #[error("the parameter {0} stands twice")]
    Duplicate(&'static str),
    /// A parameter's name in other letters, or escaped: some software would take it for the
    /// parameter, some would not.
    #[error("a parameter is named like {0}, spelt another way")]
    Spelling(&'static str),
    /// A parameter that does not go with the others, or belongs to another binding.
    #[error("the parameter {0} has no place here")]
    Misplaced(&'static str),
    /// `SigAlg` without `Signature`, or the reverse.
    #[error("SigAlg and Signature go together; one is missing")]
    HalfSigned,
    /// `SAMLEncoding` other than DEFLATE.
    #[error("the SAMLEncoding is not DEFLATE")]
    Encoding,
    /// A broken `%` escape, or text that is not UTF-8.
    #[error("the parameter {0} is not encoded as it should be")]
    Escape(&'static str),
    /// Not base64.
    #[error("the parameter {0} is not base64")]
    Base64(&'static str),
    /// Not a raw DEFLATE stream, cut off, or followed by other octets.
    #[error("the parameter {0} is not a DEFLATE stream")]
    Deflate(&'static str),
    /// Larger than the limits allow.
    #[error("the message is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// The XML inside cannot be read, or it has no usable Issuer.
    #[error(transparent)]
    Xml(#[from] XmlError),
}

impl From<VerifyError> for BindingError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Xml(error) => Self::Xml(error),
            other => Self::Xml(XmlError {
                line: 1,
                kind: XmlErrorKind::OtherMessage(other.to_string()),
            }),
        }
    }
}
