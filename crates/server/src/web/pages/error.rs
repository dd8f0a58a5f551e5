//! The error page: plain words, what to do, and the reference code.

use askama::Template;

use crate::audit::ResultCode;
use crate::text::{Errors, Explanation};

use super::{AppLabel, Frame, Moment, Page};

/// A refusal that ends on a page.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Surroundings.
    pub frame: Frame,
    /// What happened.
    pub kind: ErrorKind,
    /// The app it happened with, when it is known and trusted to be that app.
    pub app: Option<AppLabel>,
    /// Reference code of the event; empty when nothing was recorded.
    pub code: String,
    /// When it happened.
    pub at: Option<Moment>,
    /// One click to start again: the app's launch URL, start URL or own login page.
    pub restart_url: Option<String>,
    /// How to ask for help: an address or a `https:` or `mailto:` URL.
    pub contact: Option<String>,
}

/// What happened. Named as the result codes of sign-on events where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// UnknownServiceProvider, InvalidIssuer.
    UnknownServiceProvider,
    /// MetadataExpired.
    MetadataExpired,
    /// A message for single logout, which is not offered yet (501).
    NoSingleLogout,
    /// AppAccessDenied.
    AppAccessDenied,
    /// AppBlocked.
    AppBlocked,
    /// AppNotInstalled.
    AppNotInstalled,
    /// UserInactive.
    UserInactive,
    /// OutsideIpRange.
    OutsideIpRange,
    /// SessionLevelTooLow.
    SessionLevelTooLow,
    /// ConsentDeclined.
    ConsentDeclined,
    /// InvalidAuthnRequest, InvalidDestination, InvalidIdpEndpoint.
    InvalidRequest,
    /// InvalidAcs.
    InvalidAcs,
    /// InvalidSignature, SignatureMissing.
    InvalidSignature,
    /// ReplayedRequest.
    ReplayedRequest,
    /// ExpiredRequest.
    ExpiredRequest,
    /// UnsupportedNameIdFormat, NoFederationId, NoCustomAttributeValue, NoAuthnContext, NoPassive.
    NotAnswerable,
    /// InvalidSettings, NoEncryptionKey.
    Settings,
    /// InternalError.
    Internal,
    /// No such page (404).
    NotFound,
    /// Signed in, but without the right for this page (403).
    Forbidden,
    /// CSRF token missing or stale.
    StaleForm,
    /// Rate limit (429).
    TooManyRequests,
    /// Body too large (413).
    TooLarge,
    /// Wrong method, for instance a GET of an address that takes only POST (405).
    Method,
}

impl ErrorKind {
    /// Every kind, for tests and samples.
    pub const ALL: [Self; 24] = [
        Self::UnknownServiceProvider,
        Self::MetadataExpired,
        Self::NoSingleLogout,
        Self::AppAccessDenied,
        Self::AppBlocked,
        Self::AppNotInstalled,
        Self::UserInactive,
        Self::OutsideIpRange,
        Self::SessionLevelTooLow,
        Self::ConsentDeclined,
        Self::InvalidRequest,
        Self::InvalidAcs,
        Self::InvalidSignature,
        Self::ReplayedRequest,
        Self::ExpiredRequest,
        Self::NotAnswerable,
        Self::Settings,
        Self::Internal,
        Self::NotFound,
        Self::Forbidden,
        Self::StaleForm,
        Self::TooManyRequests,
        Self::TooLarge,
        Self::Method,
    ];

    /// The HTTP status of a page with this error.
    pub fn http_status(self) -> u16 {
        match self {
            Self::UnknownServiceProvider | Self::NotFound => 404,
            Self::NoSingleLogout => 501,
            Self::MetadataExpired
            | Self::AppAccessDenied
            | Self::AppBlocked
            | Self::AppNotInstalled
            | Self::UserInactive
            | Self::OutsideIpRange
            | Self::SessionLevelTooLow
            | Self::ConsentDeclined
            | Self::InvalidSignature
            | Self::Settings
            | Self::Forbidden
            | Self::StaleForm => 403,
            Self::InvalidRequest
            | Self::InvalidAcs
            | Self::ReplayedRequest
            | Self::ExpiredRequest
            | Self::NotAnswerable => 400,
            Self::Method => 405,
            Self::TooLarge => 413,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
        }
    }

    pub(super) fn explanation(self, errors: &Errors) -> Explanation {
        match self {
            Self::UnknownServiceProvider => errors.unknown_service_provider,
            Self::MetadataExpired => errors.metadata_expired,
            Self::NoSingleLogout => errors.no_single_logout,
            Self::AppAccessDenied => errors.app_access_denied,
            Self::AppBlocked => errors.app_blocked,
            Self::AppNotInstalled => errors.app_not_installed,
            Self::UserInactive => errors.user_inactive,
            Self::OutsideIpRange => errors.outside_ip_range,
            Self::SessionLevelTooLow => errors.session_level_too_low,
            Self::ConsentDeclined => errors.consent_declined,
            Self::InvalidRequest => errors.invalid_request,
            Self::InvalidAcs => errors.invalid_acs,
            Self::InvalidSignature => errors.invalid_signature,
            Self::ReplayedRequest => errors.replayed_request,
            Self::ExpiredRequest => errors.expired_request,
            Self::NotAnswerable => errors.not_answerable,
            Self::Settings => errors.settings,
            Self::Internal => errors.internal,
            Self::NotFound => errors.not_found,
            Self::Forbidden => errors.forbidden,
            Self::StaleForm => errors.stale_form,
            Self::TooManyRequests => errors.too_many_requests,
            Self::TooLarge => errors.too_large,
            Self::Method => errors.method,
        }
    }
}

/// A new result code does not compile until it has a page here. Codes that are no error of a
/// page (success, a wrong password) count as internal: showing one is a mistake of ours.
impl From<ResultCode> for ErrorKind {
    fn from(code: ResultCode) -> Self {
        match code {
            ResultCode::UnknownServiceProvider | ResultCode::InvalidIssuer => {
                Self::UnknownServiceProvider
            }
            ResultCode::MetadataExpired => Self::MetadataExpired,
            ResultCode::AppAccessDenied => Self::AppAccessDenied,
            ResultCode::AppBlocked => Self::AppBlocked,
            ResultCode::AppNotInstalled => Self::AppNotInstalled,
            ResultCode::UserInactive => Self::UserInactive,
            ResultCode::OutsideIpRange => Self::OutsideIpRange,
            ResultCode::SessionLevelTooLow => Self::SessionLevelTooLow,
            ResultCode::ConsentDeclined => Self::ConsentDeclined,
            ResultCode::InvalidAuthnRequest
            | ResultCode::InvalidDestination
            | ResultCode::InvalidIdpEndpoint
            | ResultCode::VersionMismatch
            | ResultCode::UnsupportedBinding
            | ResultCode::NoSupportedIdp => Self::InvalidRequest,
            ResultCode::InvalidAcs => Self::InvalidAcs,
            ResultCode::InvalidSignature | ResultCode::SignatureMissing => Self::InvalidSignature,
            ResultCode::ReplayedRequest => Self::ReplayedRequest,
            ResultCode::ExpiredRequest => Self::ExpiredRequest,
            ResultCode::UnsupportedNameIdFormat
            | ResultCode::NoFederationId
            | ResultCode::NoCustomAttributeValue
            | ResultCode::NoAuthnContext
            | ResultCode::NoPassive
            | ResultCode::UnknownPrincipal => Self::NotAnswerable,
            ResultCode::InvalidSettings | ResultCode::NoEncryptionKey => Self::Settings,
            ResultCode::Throttled => Self::TooManyRequests,
            ResultCode::AdminRightMissing => Self::Forbidden,
            ResultCode::InternalError
            | ResultCode::Success
            | ResultCode::WrongCredentials
            | ResultCode::Cancelled => Self::Internal,
        }
    }
}

impl ErrorPage {
    /// An error without an app or a way to start again, which a handler may add.
    pub fn new(frame: Frame, kind: ErrorKind, code: impl Into<String>) -> Self {
        Self {
            frame,
            kind,
            app: None,
            code: code.into(),
            at: None,
            restart_url: None,
            contact: None,
        }
    }

    fn app_name(&self) -> String {
        match &self.app {
            Some(app) => app.name.clone(),
            None => self.frame.t.error_page.the_app.to_string(),
        }
    }

    fn heading(&self) -> String {
        let explanation = self.kind.explanation(&self.frame.t.errors);
        capitalised(&explanation.title.with(self.app_name()))
    }

    fn what(&self) -> String {
        let explanation = self.kind.explanation(&self.frame.t.errors);
        capitalised(&explanation.what.with(self.app_name()))
    }

    fn action(&self) -> String {
        self.kind
            .explanation(&self.frame.t.errors)
            .action
            .to_string()
    }

    /// A contact as a link target, if it can be one.
    fn contact_link(&self) -> Option<String> {
        contact_link(self.contact.as_deref()?)
    }

    /// Another account can help only where it is the account that was refused.
    fn offers_other_account(&self) -> bool {
        self.frame.viewer.is_some()
            && matches!(
                self.kind,
                ErrorKind::AppAccessDenied | ErrorKind::UserInactive | ErrorKind::Forbidden
            )
    }

    /// Sample data.
    pub fn sample(kind: ErrorKind) -> Self {
        Self {
            frame: Frame::sample(),
            kind,
            app: Some(AppLabel::named("Sample Wiki")),
            code: "7K4M-2QXP".into(),
            at: Some(Moment::sample()),
            restart_url: Some("/launch/wiki".into()),
            contact: Some("helpdesk@example.org".into()),
        }
    }
}

/// Only `https:`, `http:` and `mailto:` become links; a bare mail address becomes `mailto:`.
pub(super) fn contact_link(contact: &str) -> Option<String> {
    let lower = contact.to_ascii_lowercase();
    if ["https://", "http://", "mailto:"]
        .iter()
        .any(|s| lower.starts_with(s))
    {
        Some(contact.to_owned())
    } else if contact.contains('@') && !contact.contains([' ', ':', '/']) {
        Some(format!("mailto:{contact}"))
    } else {
        None
    }
}

pub(super) fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let unknown = ErrorPage {
        frame: Frame::sample_anonymous(),
        app: None,
        restart_url: None,
        ..ErrorPage::sample(ErrorKind::UnknownServiceProvider)
    };
    let admin = ErrorPage {
        frame: Frame::sample_admin(),
        ..ErrorPage::sample(ErrorKind::InvalidSignature)
    };
    let missing = ErrorPage::new(Frame::sample_anonymous(), ErrorKind::NotFound, "");
    vec![
        (
            "error-access-denied",
            ErrorPage::sample(ErrorKind::AppAccessDenied).html(),
        ),
        ("error-unknown-app", unknown.html()),
        ("error-signature-admin", admin.html()),
        ("error-not-found", missing.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_happened_and_what_to_do() {
        for kind in ErrorKind::ALL {
            for app in [Some(AppLabel::named("Sample Wiki")), None] {
                let page = ErrorPage {
                    app,
                    ..ErrorPage::sample(kind)
                };
                let html = page.html();
                assert!(html.contains("7K4M-2QXP"), "{kind:?} lacks the code");
                assert!(!html.contains("{}"), "{kind:?} has a gap");
                assert!(!page.what().is_empty() && !page.action().is_empty());
                assert!((400..600).contains(&kind.http_status()));
            }
        }
    }

    #[test]
    fn result_codes_lead_to_their_kind() {
        assert_eq!(
            ErrorKind::from(ResultCode::InvalidAcs),
            ErrorKind::InvalidAcs
        );
        assert_eq!(
            ErrorKind::from(ResultCode::SignatureMissing),
            ErrorKind::InvalidSignature
        );
    }

    #[test]
    fn an_unknown_app_is_not_named() {
        let page = ErrorPage::new(Frame::sample(), ErrorKind::AppBlocked, "C");
        assert_eq!(page.heading(), "The app is blocked at the moment");
    }

    #[test]
    fn only_harmless_schemes_become_links() {
        assert_eq!(
            contact_link("a@example.org").as_deref(),
            Some("mailto:a@example.org")
        );
        assert_eq!(
            contact_link("https://example.org/").as_deref(),
            Some("https://example.org/")
        );
        assert_eq!(contact_link("javascript:alert(1)//@"), None);
        assert_eq!(contact_link("room 12"), None);
    }

    #[test]
    fn only_an_administrator_is_led_to_the_checks() {
        let admin = ErrorPage {
            frame: Frame::sample_admin(),
            ..ErrorPage::sample(ErrorKind::InvalidAcs)
        };
        assert!(admin.html().contains("/admin/events/7K4M-2QXP"));
        let user = ErrorPage::sample(ErrorKind::InvalidAcs);
        assert!(!user.html().contains("/admin/events"));
    }
}
