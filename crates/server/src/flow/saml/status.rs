//! What a service provider is told of a refusal.

use std::borrow::Cow;

use avouch_saml::status::{SecondStatus, Status, TopStatus};

use crate::audit::ResultCode;
use crate::audit::check::Rule;

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
        | R::MetadataExpired
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

/// The part of a request that a failed check looked at, in the standard's words; `None` where the check
/// is about the user or about settings, which the sender cannot change.
pub fn field(rule: &Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::Destination => "Destination",
        Rule::IssueInstant => "IssueInstant",
        Rule::AcsChoice => {
            "AssertionConsumerServiceURL, AssertionConsumerServiceIndex or ProtocolBinding"
        }
        Rule::NameIdPolicy => "NameIDPolicy",
        Rule::NameIdPolicyAndSubject => "NameIDPolicy and Subject",
        Rule::IdpList => "Scoping, IDPList",
        Rule::Subject => "Subject",
        Rule::RelayState => "RelayState",
        Rule::AuthnContext => "RequestedAuthnContext",
        Rule::RequestSize => "its size",
        Rule::RequestId => "ID",
        _ => return None,
    })
}

const fn bare(top: TopStatus, message: &'static str) -> Status {
    Status {
        top,
        second: None,
        message: Some(Cow::Borrowed(message)),
    }
}
