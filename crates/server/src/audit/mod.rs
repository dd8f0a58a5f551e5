//! What happened: one event for each sign-on attempt, login, admin change and key action.

pub mod check;
pub mod limiter;
mod party;
pub mod trail;
mod word;

pub use check::Check;
pub use party::{Party, PartyKind};
pub use word::{Vocabulary, Word};

use std::borrow::Cow;

use avouch_saml::time::Timestamp;
use check::Value;

/// What an event is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its place in the log: later events have higher ones.
    pub seq: i64,
    /// Its reference code.
    pub code: String,
}

/// One event, written in the transaction of what it reports.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: Word<EventKind>,
    /// How it ended.
    pub result: Word<ResultCode>,
    /// Who acted; `None` while nobody was known.
    pub actor: Option<Party>,
    /// Whom or what they acted on, where that is neither themselves nor the app.
    pub target: Option<Party>,
    /// The app: row.
    pub app_id: Option<String>,
    /// The app's name at the time.
    pub app_name: Option<String>,
    /// The SP's entity ID, claimed or known.
    pub entity_id: Option<String>,
    /// Client address.
    pub address: String,
    /// User agent.
    pub user_agent: String,
    /// `sp`, `idp`, or empty where neither applies.
    pub initiated_by: Cow<'static, str>,
    /// `saml`, or empty where none applies.
    pub protocol: Cow<'static, str>,
    /// `redirect`, `post`, `launch`, or empty.
    pub binding: String,
    /// One sentence for the admin, as a phrase of the catalogue; [`Value::Nothing`] where the result and
    /// the checks say it all.
    pub reason: Value,
    /// The checks made, in order; the last one is what decided.
    pub checks: Vec<Check>,
    /// The request's id in the logs.
    pub request_id: String,
}

impl Event {
    /// The user whom it is about: whoever was acted on, and else who acted.
    pub fn user(&self) -> Option<&Party> {
        let is_user = |party: &&Party| party.kind == PartyKind::User;
        let target = self.target.as_ref().filter(is_user);
        target.or_else(|| self.actor.as_ref().filter(is_user))
    }

    /// The name of the user whom it is about.
    pub fn username(&self) -> Option<&str> {
        self.user()?.name.as_deref()
    }
}

/// What kind of thing an event reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// An attempt to sign on to an app.
    SignOn,
    /// An attempt to log in to Avouch.
    Login,
    /// A logout.
    Logout,
    /// A change an admin made.
    Admin,
    /// A key was made, activated or retired.
    Key,
}

impl EventKind {
    /// Every kind with its word.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::SignOn, "sign_on"),
        (Self::Login, "login"),
        (Self::Logout, "logout"),
        (Self::Admin, "admin"),
        (Self::Key, "key"),
    ];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(k, _)| *k)
    }
}

impl word::Vocabulary for EventKind {
    fn as_str(self) -> &'static str {
        self.as_str()
    }

    fn parse(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

impl word::Vocabulary for ResultCode {
    fn as_str(self) -> &'static str {
        self.as_str()
    }

    fn parse(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

macro_rules! result_codes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// How it ended: one vocabulary for log, page and metrics.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ResultCode {
            $($(#[$doc])* $name,)*
        }

        impl ResultCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Reads the word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == word)
            }
        }
    };
}

result_codes! {
    /// It was done.
    Success,
    /// The user's profile and permission sets do not list the app.
    AppAccessDenied,
    /// The app is blocked.
    AppBlocked,
    /// The app is not installed.
    AppNotInstalled,
    /// The user is deactivated.
    UserInactive,
    /// The client's address is outside the ranges.
    OutsideIpRange,
    /// The session is too weak.
    SessionLevelTooLow,
    /// The user declined to release attributes.
    ConsentDeclined,
    /// The message came to the wrong endpoint or binding.
    InvalidIdpEndpoint,
    /// The AuthnRequest breaks a rule.
    InvalidAuthnRequest,
    /// The Issuer is missing or of the wrong form.
    InvalidIssuer,
    /// No connected app has this entity ID.
    UnknownServiceProvider,
    /// The app's metadata has ended.
    MetadataExpired,
    /// Destination is not this endpoint.
    InvalidDestination,
    /// The ACS is not one of the app's.
    InvalidAcs,
    /// The signature does not verify.
    InvalidSignature,
    /// A signature is required and there is none.
    SignatureMissing,
    /// The request was used before.
    ReplayedRequest,
    /// The request is too old, or from the future.
    ExpiredRequest,
    /// The NameID format cannot be issued.
    UnsupportedNameIdFormat,
    /// The user has no federation ID.
    NoFederationId,
    /// The user has no value for the custom attribute.
    NoCustomAttributeValue,
    /// The requested authentication context cannot be met.
    NoAuthnContext,
    /// Passive login is impossible.
    NoPassive,
    /// Encryption is required and there is no usable key.
    NoEncryptionKey,
    /// The app's settings cannot work.
    InvalidSettings,
    /// The Subject in the request is not the user at the browser.
    UnknownPrincipal,
    /// Username or password is wrong.
    WrongCredentials,
    /// Too many failed attempts; asked to wait.
    Throttled,
    /// The user cancelled.
    Cancelled,
    /// The version of SAML is not supported.
    VersionMismatch,
    /// The response binding asked for cannot be served.
    UnsupportedBinding,
    /// The request names the identity providers it takes, and this one is none of them.
    NoSupportedIdp,
    /// The user lacks the right to administer this.
    AdminRightMissing,
    /// Our fault.
    InternalError,
}
