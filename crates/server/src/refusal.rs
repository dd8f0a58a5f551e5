//! Refusals, and the three roads an error can take: a page for the user, a Response for the SP,
//! a page without detail when the fault is ours.

use avouch_saml::status::{SecondStatus, Status, TopStatus};

use crate::audit::ResultCode;
use crate::flow::reply::ReplyTo;
use crate::flow::trail::Trail;
use crate::keys::KeyringError;
use crate::store::StoreError;

/// Why a flow did not do what it was asked.
#[derive(Debug)]
pub enum Refusal {
    /// There is no trusted place to answer: a page with the reference code.
    Page(ResultCode),
    /// The SP is trusted and its ACS known: a Response with a status and no assertion.
    Reply(Box<ReplyTo>, ResultCode),
    /// The fault is ours.
    Ours(OperatorError),
}

/// A fault of ours. Its cause is for the log; it has no `Display`, so that it cannot slip into a
/// page.
pub struct OperatorError {
    cause: Box<dyn std::error::Error + Send + Sync>,
    unavailable: bool,
    trail: Option<Box<Trail>>,
}

impl OperatorError {
    /// A fault with its cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            cause: cause.into(),
            unavailable: false,
            trail: None,
        }
    }

    /// The same fault, with what was known and checked of the attempt it ended.
    #[must_use]
    pub fn during(self, trail: &Trail) -> Self {
        Self {
            trail: Some(Box::new(trail.clone())),
            ..self
        }
    }

    /// What was known and checked of the attempt it ended.
    pub fn trail(&self) -> Option<&Trail> {
        self.trail.as_deref()
    }

    /// Whether the database is away, and trying again can help.
    pub fn is_unavailable(&self) -> bool {
        self.unavailable
    }

    /// The whole chain of causes, for the log.
    pub fn for_the_log(&self) -> String {
        let mut text = self.cause.to_string();
        let mut next = self.cause.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl std::fmt::Debug for OperatorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OperatorError({})", self.for_the_log())
    }
}

impl From<StoreError> for OperatorError {
    fn from(error: StoreError) -> Self {
        Self {
            unavailable: error.is_unavailable(),
            cause: error.into(),
            trail: None,
        }
    }
}

impl From<KeyringError> for OperatorError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Store(error) => error.into(),
            other => Self::new(other),
        }
    }
}

impl From<KeyringError> for Refusal {
    fn from(error: KeyringError) -> Self {
        Self::Ours(error.into())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}

impl From<OperatorError> for Refusal {
    fn from(error: OperatorError) -> Self {
        Self::Ours(error)
    }
}

/// A refusal that ends on a page, as its reader sees it.
#[derive(Debug, Clone)]
pub struct PageError {
    /// What happened.
    pub result: ResultCode,
    /// The event's reference code.
    pub code: String,
    /// The app, when it is known and trusted to be that app.
    pub app: Option<AppName>,
    /// One click to start again.
    pub restart_url: Option<String>,
}

/// An app as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppName {
    /// Its name.
    pub name: String,
    /// Its logo.
    pub logo: Option<String>,
}

/// What is left for the web to show when a flow did not end in an answer.
#[derive(Debug)]
pub enum Stop {
    /// A page with the reference code.
    Page(Box<PageError>),
    /// A page without detail; the cause goes to the log.
    Ours(OperatorError),
}

impl From<OperatorError> for Stop {
    fn from(error: OperatorError) -> Self {
        Self::Ours(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}

/// What the SP is told when it can be: the one table from results to statuses. `None` for results
/// that only ever become a page, because there is nobody trusted to tell.
///
/// The sentences are fixed text, so that nothing of a request is echoed into signed output.
///
/// Spec: saml-core-2.0 §3.2.2.2, errata E65.
pub fn status(result: ResultCode) -> Option<Status> {
    use ResultCode as R;
    use SecondStatus as S;
    use TopStatus::{Requester, Responder, VersionMismatch};
    Some(match result {
        R::Success => return None,

        R::UnknownServiceProvider
        | R::InvalidIssuer
        | R::InvalidIdpEndpoint
        | R::InvalidDestination
        | R::InvalidSignature
        | R::SignatureMissing
        | R::ExpiredRequest => return None,

        R::InvalidAuthnRequest => bare(Requester, "The request breaks a rule of SAML."),
        R::InvalidAcs => bare(
            Requester,
            "No assertion consumer service of this service provider matches the request.",
        ),
        R::ReplayedRequest => {
            Status::new(Requester, S::RequestDenied, "The request was used before.")
        }
        R::VersionMismatch => Status::new(
            VersionMismatch,
            S::RequestVersionTooHigh,
            "Only SAML 2.0 is supported.",
        ),
        R::UnsupportedBinding => Status::new(
            Requester,
            S::UnsupportedBinding,
            "The response cannot be sent by the binding asked for.",
        ),
        R::NoSupportedIdp => Status::new(
            Responder,
            S::NoSupportedIDP,
            "None of the identity providers in the request's list is served here.",
        ),
        R::UnsupportedNameIdFormat => Status::new(
            Requester,
            S::InvalidNameIDPolicy,
            "The name identifier asked for cannot be issued.",
        ),
        R::NoAuthnContext => Status::new(
            Responder,
            S::NoAuthnContext,
            "The authentication context asked for cannot be met.",
        ),
        R::NoPassive => Status::new(
            Responder,
            S::NoPassive,
            "The user cannot be signed in without interaction.",
        ),
        R::UnknownPrincipal => Status::new(
            Responder,
            S::UnknownPrincipal,
            "The user at the browser is not the one the request names.",
        ),
        R::Cancelled => Status::new(Responder, S::AuthnFailed, "The user cancelled."),
        R::WrongCredentials | R::Throttled => Status::new(
            Responder,
            S::AuthnFailed,
            "The user could not be authenticated.",
        ),
        R::ConsentDeclined => Status::new(
            Responder,
            S::RequestDenied,
            "The user declined to release attributes.",
        ),
        R::AppAccessDenied
        | R::AppBlocked
        | R::AppNotInstalled
        | R::UserInactive
        | R::OutsideIpRange
        | R::SessionLevelTooLow => Status::new(
            Responder,
            S::RequestDenied,
            "The user may not use this service provider.",
        ),
        R::NoFederationId | R::NoCustomAttributeValue => Status::new(
            Responder,
            S::RequestDenied,
            "The user lacks an attribute that this service provider needs.",
        ),
        R::NoEncryptionKey | R::InvalidSettings => Status::new(
            Responder,
            S::RequestDenied,
            "The settings for this service provider do not allow an answer.",
        ),
        // Never of a sign-on.
        R::AdminRightMissing => return None,
        R::InternalError => bare(Responder, "The identity provider failed."),
    })
}

const fn bare(top: TopStatus, message: &'static str) -> Status {
    Status {
        top,
        second: None,
        message: Some(message),
    }
}
