//! Who watches sign-ons go by: `avouch dev`, and elsewhere nobody.

use avouch_saml::binding::Transport;

use super::exchanges::{Exchanges, Message};
use crate::audit::Event;

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

    /// A request arrived in the attempt `code`.
    pub fn request(&self, code: &str, message: impl FnOnce() -> Message) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.request(code, message());
        }
    }

    /// What arrived in the HTTP request `request_id` is no AuthnRequest.
    pub fn unreadable(&self, request_id: &str, transport: Transport, raw: &str) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.unreadable(request_id, transport, raw);
        }
    }

    /// This assertion is about to be encrypted.
    pub fn assertion(&self, code: &str, xml: impl FnOnce() -> String) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.assertion(code, xml());
        }
    }

    /// The attempt ended as `event` says.
    pub fn end(&self, event: &Event) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.end(event);
        }
    }

    /// The attempt `code`, which has ended, is answered with this Response.
    pub fn response(&self, code: &str, message: impl FnOnce() -> Message) {
        if let Some(exchanges) = &self.exchanges {
            exchanges.response(code, message());
        }
    }
}
