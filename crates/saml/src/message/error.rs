//! What can be wrong with a message, and what its sender is told.

use super::content::Fault;
use crate::status::{SecondStatus, Status, TopStatus};
use crate::xml::names::SAMLP;

/// Why something that arrived cannot be taken as the message expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The root is something else. Nothing to answer: show a page.
    #[error("{}", other_message(.expected, .found, .namespace))]
    OtherMessage {
        /// The local name of the message expected.
        expected: &'static str,
        /// The root's local name.
        found: String,
        /// The root's namespace.
        namespace: String,
    },
    /// No readable Issuer, so nobody to answer: show a page.
    #[error("the message has no readable Issuer: {0}")]
    NoIssuer(Fault),
    /// A version that is not ours.
    #[error("the message has Version {found}; only 2.x is understood")]
    Version {
        /// The major version is above ours.
        too_high: bool,
        /// The version.
        found: String,
    },
    /// An AuthnRequest with both an ACS index and a URL or binding: which one is meant must not be
    /// our guess.
    #[error(
        "AssertionConsumerServiceIndex stands beside AssertionConsumerServiceURL or ProtocolBinding"
    )]
    ConflictingAcs,
    /// It breaks the schema or a rule of saml-core.
    #[error(transparent)]
    Syntax(#[from] Fault),
}

/// What came in place of the message expected.
fn other_message(expected: &str, found: &str, namespace: &str) -> String {
    let article = |noun: &str| if noun.starts_with('A') { "an" } else { "a" };
    if found != expected {
        return format!(
            "{} {found} came where {} {expected} is expected",
            article(found),
            article(expected)
        );
    }
    let namespace = match namespace {
        "" => "no namespace".to_owned(),
        name => format!("the namespace {name:?}"),
    };
    format!(
        "{found} stands in {namespace}, expected {SAMLP}: declare it with xmlns, spelt like this"
    )
}

impl MessageError {
    /// Where in a request the fault is, in words that hold nothing of what the peer wrote.
    pub fn place(&self) -> Option<String> {
        match self {
            Self::OtherMessage { .. } => None,
            Self::NoIssuer(fault) | Self::Syntax(fault) => Some(fault.place()),
            Self::Version { .. } => Some("Version".to_owned()),
            Self::ConflictingAcs => Some("AssertionConsumerServiceIndex".to_owned()),
        }
    }

    /// What to answer the sender of a request, once it was verified and its endpoint is known.
    /// `None`: there is nobody to answer, or an answer would need a version above the request's
    /// (saml-core §4.1.3.2); show a page.
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::OtherMessage { .. } | Self::NoIssuer(_) => None,
            Self::Version { too_high: true, .. } => Some(Status::new(
                TopStatus::VersionMismatch,
                SecondStatus::RequestVersionTooHigh,
                "The request's SAML version is not supported; version 2.0 is.",
            )),
            Self::Version { .. } => None,
            Self::ConflictingAcs => Some(Status::requester(
                "AssertionConsumerServiceIndex excludes AssertionConsumerServiceURL and ProtocolBinding.",
            )),
            Self::Syntax(_) => Some(Status::requester("The request is not valid.")),
        }
    }
}
