//! Sessions of users, sign-ons in progress, and the SPs a session reached.

pub mod pending;

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
    /// The NameID given to the SP, as JSON of value, format and qualifiers.
    pub name_id: String,
    /// When the response was sent.
    pub created_at: Timestamp,
    /// When the newest assertion ends.
    pub not_on_or_after: Timestamp,
}
