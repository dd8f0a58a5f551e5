//! Where an SP can be answered, and why a flow did not do what it was asked.

use std::sync::Arc;

use avouch_saml::ids::{MessageId, RelayState};
use avouch_saml::message::authn_request::{AuthnRequest, RequestHead};
use avouch_saml::metadata::AcsEndpoint;
use avouch_saml::security::verify::Verified;

use crate::audit::ResultCode;
use crate::cache::apps::ReadyApp;
use crate::fault::OperatorError;
use crate::keys::KeyringError;
use crate::sessions::{Asking, Pending};
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

/// A trusted place to answer: an ACS of registered metadata, and the request it answers, whose
/// sender was verified as far as the SP's settings demand. Without one there is no way to write
/// code that answers an SP.
#[derive(Clone)]
pub struct ReplyTo {
    /// The app.
    pub app: Arc<ReadyApp>,
    /// Where the answer goes.
    pub acs: AcsEndpoint,
    /// The request it answers; `None` when unsolicited or when its ID was unreadable.
    pub in_response_to: Option<MessageId>,
    /// What goes back with the answer.
    pub relay_state: Option<RelayState>,
    /// The request forbids pages (`IsPassive`), or could not be asked.
    pub is_passive: bool,
}

impl ReplyTo {
    /// Answers a request.
    pub fn request(
        app: &Arc<ReadyApp>,
        acs: &AcsEndpoint,
        request: &Verified<AuthnRequest>,
        relay_state: Option<&RelayState>,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            acs: acs.clone(),
            in_response_to: Some(request.id.clone()),
            relay_state: relay_state.cloned(),
            is_passive: request.is_passive,
        }
    }

    /// Answers a request that cannot be served.
    pub fn head(
        app: &Arc<ReadyApp>,
        acs: &AcsEndpoint,
        head: &Verified<RequestHead>,
        relay_state: Option<&RelayState>,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            acs: acs.clone(),
            in_response_to: head.id.clone(),
            relay_state: relay_state.cloned(),
            is_passive: true,
        }
    }

    /// Answers a sign-on that waited, as its request would have been.
    pub fn resumed(app: &Arc<ReadyApp>, acs: &AcsEndpoint, pending: &Pending) -> Self {
        let Asking { request, asked } = &pending.asking;
        Self {
            app: Arc::clone(app),
            acs: acs.clone(),
            in_response_to: request.request_id().cloned(),
            relay_state: request.relay_state().cloned(),
            is_passive: asked.is_passive,
        }
    }

    /// Answers none: the user started at the identity provider.
    pub fn unsolicited(
        app: &Arc<ReadyApp>,
        acs: &AcsEndpoint,
        relay_state: Option<RelayState>,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            acs: acs.clone(),
            in_response_to: None,
            relay_state,
            is_passive: false,
        }
    }

    /// The refusal that the SP hears of here.
    pub fn refuse(&self, result: ResultCode) -> Refusal {
        Refusal::Reply(Box::new(self.clone()), result)
    }
}

impl std::fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplyTo({})", self.acs.location())
    }
}
