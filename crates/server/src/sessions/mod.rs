//! Sessions of users, sign-ons in progress, and the SPs a session reached.

pub mod pending;
pub mod share;

use avouch_saml::name_id::NameId;
use avouch_saml::time::Timestamp;

use crate::apps::AppId;
use crate::text_id;
use crate::users::UserId;

pub use pending::{
    Asked, Asking, Lacking, Launch, Pending, PendingId, PendingStatus, Request, RequestedContexts,
    RequestedName, Requirement, SamlRequest, SamlTransport, SamlWishes, Stage,
};

text_id!(
    /// The row of a session. Not the cookie: that is a secret of which only a hash is stored.
    SessionId
);

/// A user's session in one browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// Row.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// When the user last proved who they are; stated as AuthnInstant.
    pub authn_instant: Timestamp,
    /// How: an authentication context class URI.
    pub authn_context: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// Ends here unless used before.
    pub idle_expires: Timestamp,
    /// Ends here in any case.
    pub absolute_expires: Timestamp,
    /// SHA-256 of the cookie's secret, in hex.
    pub token_hash: String,
    /// Client address at login.
    pub address: String,
    /// User agent at login.
    pub user_agent: String,
}

impl Session {
    /// Whether the session is good at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.idle_expires && now < self.absolute_expires
    }

    /// The instant the session ends if it is not used again.
    pub fn ends_at(&self) -> Timestamp {
        self.idle_expires.min(self.absolute_expires)
    }
}

/// That the user of a session proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionProof {
    /// The session.
    pub session: SessionId,
    /// How: [`SessionProof::PASSWORD`], or a word that this version does not know.
    pub method: String,
    /// When.
    pub at: Timestamp,
}

impl SessionProof {
    /// A password of the local directory.
    pub const PASSWORD: &'static str = "password";
}

/// An SP that a session signed on to, kept for single logout.
#[derive(Debug, Clone)]
pub struct Participant {
    /// Row.
    pub id: String,
    /// The session.
    pub session: SessionId,
    /// The app.
    pub app: AppId,
    /// SessionIndex given to the SP.
    pub session_index: String,
    /// The NameID given to the SP, if it was given one.
    pub name_id: Option<GivenName>,
    /// When the response was sent.
    pub created_at: Timestamp,
    /// When the newest assertion ends.
    pub not_on_or_after: Timestamp,
}

/// A NameID as an SP was given it: a later logout has to name the user in the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenName {
    /// Value.
    pub value: String,
    /// Format URI.
    pub format: String,
    /// NameQualifier.
    pub name_qualifier: Option<String>,
    /// SPNameQualifier.
    pub sp_name_qualifier: Option<String>,
}

impl From<&NameId> for GivenName {
    fn from(name_id: &NameId) -> Self {
        Self {
            value: name_id.value().to_owned(),
            format: name_id.format().uri().to_owned(),
            name_qualifier: name_id.name_qualifier().map(str::to_owned),
            sp_name_qualifier: name_id.sp_name_qualifier().map(str::to_owned),
        }
    }
}
