//! Who watches sign-ons go by: `avouch dev`, and elsewhere nobody.

use avouch_saml::binding::Transport;

use super::exchanges::{Exchanges, Message};
use crate::store::events::Logged;

/// Sees each exchange with a service provider. What is seen is made only for somebody who watches.
#[derive(Default)]
pub struct Observer {
    exchanges: Option<Exchanges>,
}

impl Observer {
    /// One that keeps what it sees.
    pub fn watching() -> Self {
        Self {
            exchanges: Some(Exchanges::default()),
        }
    }

    /// What was seen, when somebody watches.
    pub fn seen(&self) -> Option<&Exchanges> {
        self.exchanges.as_ref()
    }

    /// A request arrived, which began `attempt`.
    pub fn request(&self, attempt: &str, message: impl FnOnce() -> Message) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.request(attempt, message());
        }
    }

    /// What arrived in the HTTP request `request_id` is no AuthnRequest.
    pub fn unreadable(&self, request_id: &str, transport: Transport, raw: &str) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.unreadable(request_id, transport, raw);
        }
    }

    /// This assertion is about to be encrypted.
    pub fn assertion(&self, attempt: &str, xml: impl FnOnce() -> String) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.assertion(attempt, xml());
        }
    }

    /// The attempt ended as its event says.
    pub fn end(&self, attempt: &str, logged: impl FnOnce() -> Logged) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.end(attempt, logged());
        }
    }

    /// `attempt`, which has ended, is answered with this Response.
    pub fn response(&self, attempt: &str, message: impl FnOnce() -> Message) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.response(attempt, message());
        }
    }
}
