//! Sessions of users, sign-ons in progress, and the SPs a session reached.

use avouch_saml::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::apps::AppId;
use crate::audit::Check;
use crate::text_id;
use crate::users::UserId;

text_id!(
    /// The row of a session. Not the cookie: that is a secret of which only a hash is stored.
    SessionId
);
text_id!(
    /// The row of a sign-on in progress.
    PendingId
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

/// A sign-on in progress: the request that was accepted and waits for its user.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Row; part of the login page's URL.
    pub id: PendingId,
    /// SHA-256 of the browser cookie it is bound to; `None` until the first page of ours is
    /// reached, since a cross-site POST does not carry the cookie.
    pub browser_hash: Option<String>,
    /// The app it is for.
    pub app: AppId,
    /// What was asked.
    pub request: SsoRequest,
    /// Open, or answered already.
    pub status: PendingStatus,
    /// When it began.
    pub created_at: Timestamp,
    /// After this the user is offered to start again.
    pub expires_at: Timestamp,
}

/// Whether a sign-on in progress was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingStatus {
    /// Waits.
    Open,
    /// Answered; a second answer is never given.
    Done,
}

/// What an accepted AuthnRequest (or a launch) asks, in the words the flow needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SsoRequest {
    /// The AuthnRequest's ID; `None` when unsolicited.
    pub request_id: Option<String>,
    /// `redirect`, `post` or `launch`: how it arrived.
    pub arrived_by: String,
    /// The ACS chosen, from registered metadata. Checked against metadata again when answering.
    pub acs: String,
    /// RelayState to give back.
    pub relay_state: Option<String>,
    /// ForceAuthn.
    pub force_authn: bool,
    /// IsPassive.
    pub is_passive: bool,
    /// When the request was accepted: a ForceAuthn is met only by a login after this.
    pub accepted_at: i64,
    /// The format that the NameID has to have: NameIDPolicy's, else that of the Subject's name.
    pub name_id_format: Option<String>,
    /// NameIDPolicy SPNameQualifier.
    pub sp_name_qualifier: Option<String>,
    /// RequestedAuthnContext: comparison and class references, most wanted first.
    pub contexts: Option<RequestedContexts>,
    /// Subject's NameID: the user the SP expects.
    pub subject: Option<RequestedName>,
    /// AttributeConsumingServiceIndex.
    pub attribute_service: Option<u16>,
    /// Upper bound the request put on the assertion's life, in milliseconds since 1970.
    pub not_on_or_after: Option<i64>,
    /// Whether the request's signature was verified.
    pub signed: bool,
    /// A step of its own the sign-on still needs was met: consent given on this sign-on.
    #[serde(default)]
    pub consented: bool,
    /// The id of the request that began this sign-on, which joins its steps.
    pub begun_by: String,
    /// The checks made when the request was accepted, for the event at the end.
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// RequestedAuthnContext as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestedContexts {
    /// `exact`, `minimum`, `maximum` or `better`.
    pub comparison: String,
    /// Class references in order of preference.
    pub classes: Vec<String>,
    /// Declaration references in order of preference.
    pub declarations: Vec<String>,
}

/// A NameID the SP named in its request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestedName {
    /// Value.
    pub value: String,
    /// Format URI.
    pub format: Option<String>,
    /// SPNameQualifier.
    pub sp_name_qualifier: Option<String>,
    /// NameQualifier.
    pub name_qualifier: Option<String>,
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
