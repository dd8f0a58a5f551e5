//! Sign-ons in progress: what was asked, by whom, and what it waits for.

use avouch_saml::ids::{AcsUrl, MessageId, RelayState};
use avouch_saml::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::apps::AppId;
use crate::audit::Check;
use crate::audit::check::Phrase;
use crate::text_id;

text_id!(
    /// The row of a sign-on in progress.
    PendingId
);

/// A sign-on in progress: a request that was accepted and waits for its user.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Row; part of the login page's URL.
    pub id: PendingId,
    /// SHA-256 of the browser cookie it is bound to; `None` until the first page of ours is
    /// reached, since a cross-site POST does not carry the cookie.
    pub browser_hash: Option<String>,
    /// The app it is for.
    pub app: AppId,
    /// What it is about.
    pub asking: Asking,
    /// What it waits for.
    pub stage: Stage,
    /// The id of the HTTP request that began this sign-on, which joins its steps.
    pub begun_by: String,
    /// The checks made when the request was accepted, for the event at the end.
    pub checks: Vec<Check>,
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

/// What a sign-on in progress waits for: the page that is not this one's turn sends the browser on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The first page of ours, which tells whose browser it is.
    Arriving,
    /// A proof of who the user is.
    Proving(Requirement),
    /// The user's consent to what is released.
    Consenting,
}

/// What the user has yet to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Why what they have shown does not do.
    pub lacking: Lacking,
    /// Whoever is signed in has to prove it anew, so that a way of logging in that could do
    /// without the user must not.
    pub anew: bool,
}

/// Why a session, or its absence, does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    /// There is none.
    Session,
    /// It is from before the request, which asks for a login of its own.
    Freshness,
    /// It was begun in another way than is asked for.
    Context,
}

impl Lacking {
    /// What there is instead, for the event.
    pub const fn found(self) -> Phrase {
        match self {
            Self::Session => Phrase::NoSession,
            Self::Freshness => Phrase::OlderSession,
            Self::Context => Phrase::SessionOfAnotherContext,
        }
    }
}

/// What a request asks of the login, whatever its protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// A login after the request is wanted.
    pub force_authn: bool,
    /// Nothing may be shown to the user.
    pub is_passive: bool,
    /// When the request was accepted: where a login is forced, only one after this does.
    pub accepted_at: Timestamp,
    /// The authentication contexts wanted, most wanted first.
    pub contexts: Option<RequestedContexts>,
}

impl Asked {
    /// Nothing in particular, of a request accepted at `now`.
    pub fn nothing(now: Timestamp) -> Self {
        Self {
            force_authn: false,
            is_passive: false,
            accepted_at: now,
            contexts: None,
        }
    }
}

/// What a sign-on is about: who asked, and what of the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// Who asked, and what in the words of their protocol.
    pub request: Request,
    /// What is asked of the login, whatever the protocol.
    pub asked: Asked,
}

/// Who asked for a sign-on. A page of the administration is no sign-on: it is found again by its
/// address, and needs no row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Request {
    /// A service provider, with an AuthnRequest.
    Saml(SamlRequest),
    /// The user, from here: the answer is unsolicited.
    Launch(Launch),
}

impl Request {
    /// The ACS chosen, from registered metadata. Checked against metadata again when answering.
    pub fn acs(&self) -> &AcsUrl {
        match self {
            Self::Saml(request) => &request.acs,
            Self::Launch(launch) => &launch.acs,
        }
    }

    /// RelayState to give back.
    pub fn relay_state(&self) -> Option<&RelayState> {
        match self {
            Self::Saml(request) => request.relay_state.as_ref(),
            Self::Launch(launch) => launch.relay_state.as_ref(),
        }
    }

    /// The ID of the request that the answer is to.
    pub fn request_id(&self) -> Option<&MessageId> {
        match self {
            Self::Saml(request) => Some(&request.id),
            Self::Launch(_) => None,
        }
    }

    /// What the service provider wishes of the assertion: nothing, where it did not ask.
    pub fn wishes(&self) -> &SamlWishes {
        const NONE: &SamlWishes = &SamlWishes::none();
        match self {
            Self::Saml(request) => &request.wishes,
            Self::Launch(_) => NONE,
        }
    }

    /// `sp` or `idp`: whose initiative it was, as events say it.
    pub const fn initiated_by(&self) -> &'static str {
        match self {
            Self::Saml(_) => "sp",
            Self::Launch(_) => "idp",
        }
    }

    /// How it arrived, as events say it.
    pub const fn arrived_by(&self) -> &'static str {
        match self {
            Self::Saml(request) => request.transport.as_str(),
            Self::Launch(_) => "launch",
        }
    }
}

/// A launch from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The ACS chosen.
    pub acs: AcsUrl,
    /// RelayState to send along.
    pub relay_state: Option<RelayState>,
}

/// The binding an AuthnRequest came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamlTransport {
    /// HTTP-Redirect.
    Redirect,
    /// HTTP-POST.
    Post,
}

impl SamlTransport {
    /// Its name in an event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Post => "post",
        }
    }
}

/// An accepted AuthnRequest, in the words the flow needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlRequest {
    /// Its ID.
    pub id: MessageId,
    /// How it arrived.
    pub transport: SamlTransport,
    /// The ACS chosen.
    pub acs: AcsUrl,
    /// RelayState to give back.
    pub relay_state: Option<RelayState>,
    /// Whether its signature was verified.
    pub signed: bool,
    /// What it wishes of the assertion.
    pub wishes: SamlWishes,
}

/// What a service provider wishes of the assertion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlWishes {
    /// The format that the NameID has to have: NameIDPolicy's, else that of the Subject's name.
    pub name_id_format: Option<String>,
    /// NameIDPolicy SPNameQualifier.
    pub sp_name_qualifier: Option<String>,
    /// Subject's NameID: the user the SP expects.
    pub subject: Option<RequestedName>,
    /// AttributeConsumingServiceIndex.
    pub attribute_service: Option<u16>,
    /// Upper bound the request put on the assertion's life.
    pub not_on_or_after: Option<Timestamp>,
}

impl SamlWishes {
    /// No wish at all.
    pub const fn none() -> Self {
        Self {
            name_id_format: None,
            sp_name_qualifier: None,
            subject: None,
            attribute_service: None,
            not_on_or_after: None,
        }
    }
}

/// RequestedAuthnContext as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedContexts {
    /// `exact`, `minimum`, `maximum` or `better`.
    pub comparison: String,
    /// Class references in order of preference.
    pub classes: Vec<String>,
    /// Declaration references in order of preference.
    pub declarations: Vec<String>,
}

/// A NameID the SP named in its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
