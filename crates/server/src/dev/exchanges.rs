//! The last exchanges with service providers, as they were on the wire. Memory in memory, bounded,
//! and only under `avouch dev`: elsewhere assertions and RelayState are never kept.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use avouch_saml::binding::post::PostForm;
use avouch_saml::binding::{ReceivedRequest, Transport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::dev::hint::hint;
use crate::store::events::Logged;

/// A message as it was received or sent.
#[derive(Debug, Clone)]
pub struct Message {
    /// The XML.
    pub xml: String,
    /// Such as `HTTP-Redirect`.
    pub binding: &'static str,
    /// Where it was sent.
    pub destination: String,
    /// RelayState, if there was one.
    pub relay_state: Option<String>,
}

impl Message {
    /// A request as it arrived at `endpoint`.
    pub fn received(request: &ReceivedRequest, endpoint: String) -> Self {
        Self {
            xml: String::from_utf8_lossy(request.octets()).into_owned(),
            binding: match request.transport() {
                Transport::Redirect => "HTTP-Redirect",
                Transport::Post => "HTTP-POST",
            },
            destination: endpoint,
            relay_state: request.relay_state().map(|state| state.as_str().to_owned()),
        }
    }

    /// A Response as it leaves.
    pub fn sent(form: &PostForm) -> Self {
        Self {
            xml: BASE64
                .decode(form.message())
                .map(|octets| String::from_utf8_lossy(&octets).into_owned())
                .unwrap_or_default(),
            binding: "HTTP-POST",
            destination: form.action().to_owned(),
            relay_state: form.relay_state().map(|state| state.as_str().to_owned()),
        }
    }
}

/// A request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The AuthnRequest; `None` for a launch, or what was no request at all.
    pub request: Option<Message>,
    /// What came in place of a request.
    pub unreadable: Option<Unreadable>,
    /// The Response; `None` when a page ended it.
    pub response: Option<Message>,
    /// The assertion before it was encrypted.
    pub assertion: Option<String>,
    /// The id of the request that the attempt began with.
    pub attempt: String,
    /// The attempt's event.
    pub logged: Logged,
}

/// What came and could not be read.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// The query or form, as it stood on the wire.
    pub raw: String,
    /// What is probably wrong with it.
    pub hint: Option<&'static str>,
}

/// How many are kept, and how many requests whose end is not known yet.
const KEPT: usize = 50;
const OPEN: usize = 200;
/// The most of one message that is kept.
const LONGEST: usize = 256 * 1024;

/// The memory.
#[derive(Default)]
pub struct Exchanges {
    kept: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    // By the id of the request that their attempt began with.
    open: VecDeque<(String, Begun)>,
    // By the HTTP request they came in: an attempt begins after its message was looked at.
    unreadable: VecDeque<(String, Unreadable)>,
    closed: VecDeque<Exchange>,
}

#[derive(Default)]
struct Begun {
    request: Option<Message>,
    assertion: Option<String>,
}

impl Exchanges {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request arrived, which began `attempt`.
    pub fn request(&self, attempt: &str, mut message: Message) {
        cut(&mut message.xml);
        let mut kept = self.lock();
        begun(&mut kept, attempt).request = Some(message);
    }

    /// What arrived in the HTTP request `request_id` is no AuthnRequest.
    pub fn unreadable(&self, request_id: &str, transport: Transport, raw: &str) {
        let hint = hint(transport, raw);
        let mut raw = raw.to_owned();
        cut(&mut raw);
        let unreadable = &mut self.lock().unreadable;
        unreadable.truncate(KEPT);
        unreadable.push_front((request_id.to_owned(), Unreadable { raw, hint }));
    }

    /// An assertion is about to be encrypted in `attempt`.
    pub fn assertion(&self, attempt: &str, mut xml: String) {
        cut(&mut xml);
        let mut kept = self.lock();
        begun(&mut kept, attempt).assertion = Some(xml);
    }

    /// `attempt` ended as its event says.
    pub fn end(&self, attempt: &str, logged: Logged) {
        let mut kept = self.lock();
        let begun = match kept.open.iter().position(|(known, _)| known == attempt) {
            Some(at) => kept.open.remove(at).map(|(_, begun)| begun),
            None => None,
        }
        .unwrap_or_default();
        let came = kept
            .unreadable
            .iter()
            .position(|(id, _)| *id == logged.event.request_id);
        let unreadable = came.and_then(|at| kept.unreadable.remove(at));
        kept.closed.push_front(Exchange {
            request: begun.request,
            unreadable: unreadable.map(|(_, came)| came),
            response: None,
            assertion: begun.assertion,
            attempt: attempt.to_owned(),
            logged,
        });
        kept.closed.truncate(KEPT);
    }

    /// `attempt`, which has ended, is answered with this Response.
    pub fn response(&self, attempt: &str, mut message: Message) {
        cut(&mut message.xml);
        let mut kept = self.lock();
        if let Some(exchange) = kept.closed.iter_mut().find(|e| e.attempt == attempt) {
            exchange.response = Some(message);
        }
    }

    /// What is kept, newest first.
    pub fn all(&self) -> Vec<Exchange> {
        self.lock().closed.iter().cloned().collect()
    }
}

fn begun<'k>(kept: &'k mut Memory, attempt: &str) -> &'k mut Begun {
    let at = match kept.open.iter().position(|(known, _)| known == attempt) {
        Some(at) => at,
        None => {
            if kept.open.len() == OPEN {
                kept.open.pop_front();
            }
            kept.open.push_back((attempt.to_owned(), Begun::default()));
            kept.open.len() - 1
        }
    };
    &mut kept.open[at].1
}

fn cut(xml: &mut String) {
    if xml.len() > LONGEST {
        let end = (0..=LONGEST)
            .rev()
            .find(|at| xml.is_char_boundary(*at))
            .unwrap_or(0);
        xml.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::check::Value;
    use crate::audit::{Event, EventKind, ResultCode};
    use avouch_saml::time::Timestamp;

    fn logged() -> Logged {
        let event = Event {
            at: Timestamp::from_millis(0),
            kind: EventKind::SignOn.into(),
            result: ResultCode::Success.into(),
            actor: None,
            target: None,
            app_id: None,
            app_name: None,
            entity_id: None,
            address: String::new(),
            user_agent: String::new(),
            initiated_by: "sp".into(),
            protocol: "saml".into(),
            binding: String::new(),
            reason: Value::Nothing,
            checks: Vec::new(),
            request_id: String::new(),
        };
        Logged {
            seq: 1,
            code: String::new(),
            event,
        }
    }

    fn message(xml: &str) -> Message {
        Message {
            xml: xml.into(),
            binding: "HTTP-POST",
            destination: String::new(),
            relay_state: None,
        }
    }

    #[test]
    fn request_and_response_meet_by_their_attempt() {
        let exchanges = Exchanges::default();
        exchanges.request("A", message("<request-a/>"));
        exchanges.request("B", message("<request-b/>"));
        exchanges.end("B", logged());
        exchanges.response("B", message("<response-b/>"));
        exchanges.end("launch", logged());
        let all = exchanges.all();
        assert_eq!(all.len(), 2);
        assert!(all[0].request.is_none());
        assert_eq!(
            all[1].request.as_ref().map(|m| m.xml.as_str()),
            Some("<request-b/>")
        );
        assert_eq!(
            all[1].response.as_ref().map(|m| m.xml.as_str()),
            Some("<response-b/>")
        );
    }

    #[test]
    fn memory_is_bounded() {
        let exchanges = Exchanges::default();
        for number in 0..1000 {
            exchanges.request(&format!("open-{number}"), message("x"));
            exchanges.end(&format!("closed-{number}"), logged());
        }
        exchanges.request("long", message(&"ü".repeat(LONGEST)));
        exchanges.end("long", logged());
        assert_eq!(exchanges.all().len(), KEPT);
        assert!(
            exchanges.all()[0]
                .request
                .as_ref()
                .is_some_and(|m| m.xml.len() <= LONGEST)
        );
        assert!(exchanges.lock().open.len() <= OPEN);
    }
}
