//! Refusals of senders nobody knows: each writes an event, until one address causes too many. The
//! rest of those become one event that says how many they were.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use avouch_saml::time::Timestamp;

use crate::audit::Reference;
use crate::audit::check::{Phrase, Value};

/// So many events an address may cause at once,
const BURST: i64 = 100;
/// and one more after so long.
const REFILL_MILLIS: i64 = 6_000;
/// Addresses told apart at a time; those beyond share one allowance.
const MOST: usize = 10_000;

/// What each address caused of late. In memory: each node bounds what it writes.
#[derive(Default)]
pub struct AnonymousEventLimiter(Mutex<HashMap<IpAddr, Seen>>);

struct Seen {
    /// The allowance is whole again at this instant.
    whole_at: i64,
    left_out: Option<LeftOut>,
}

struct LeftOut {
    /// The event in the place of all of them.
    stands: Reference,
    count: u64,
}

/// What is to be done with a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// Write its event.
    Enough,
    /// Write its event, and tell [`AnonymousEventLimiter::stands`]: it is the first one too many.
    ForOne,
    /// Write none, and give its reader the code of the one that stands for it.
    None(String),
}

impl AnonymousEventLimiter {
    /// Whether there is room for an event that `address` causes now.
    pub fn room(&self, address: IpAddr, now: Timestamp) -> Room {
        let now = now.millis();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key_of(&seen, address);
        let known = seen.entry(key).or_insert(Seen {
            whole_at: now,
            left_out: None,
        });
        let whole_at = known.whole_at.max(now) + REFILL_MILLIS;
        if whole_at - now <= BURST * REFILL_MILLIS {
            known.whole_at = whole_at;
            return Room::Enough;
        }
        match &mut known.left_out {
            None => Room::ForOne,
            Some(left_out) => {
                left_out.count += 1;
                Room::None(left_out.stands.code.clone())
            }
        }
    }

    /// From now on, `event` stands for those of `address` that are left out. Of several that were
    /// written at once, the first does.
    pub fn stands(&self, address: IpAddr, event: Reference) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key_of(&seen, address);
        if let Some(known) = seen.get_mut(&key)
            && known.left_out.is_none()
        {
            known.left_out = Some(LeftOut {
                stands: event,
                count: 1,
            });
        }
    }

    /// Whether an event that `address` causes now would be written, so that work for its reader is
    /// worth doing.
    pub fn has_room(&self, address: IpAddr, now: Timestamp) -> bool {
        let now = now.millis();
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.get(&network(address));
        known.map_or(seen.len() < MOST, |known| {
            known.whole_at.max(now) + REFILL_MILLIS - now <= BURST * REFILL_MILLIS
        })
    }

    /// Forgets who has been quiet, and gives the events that stood for others, with what they should
    /// say now.
    pub fn take_left_out(&self, now: Timestamp) -> Vec<(Reference, Value)> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = seen
            .iter_mut()
            .filter_map(|(address, known)| Some((address, known.left_out.take()?)))
            .filter(|(_, left_out)| left_out.count > 1)
            .map(|(address, LeftOut { stands, count })| {
                let values = [
                    Value::Number(i64::try_from(count).unwrap_or(i64::MAX)),
                    Value::text(address.to_string()),
                ];
                (stands, Phrase::StandsForOthers.with(values))
            })
            .collect();
        seen.retain(|_, known| known.whole_at > now.millis());
        left_out
    }
}

fn key_of(seen: &HashMap<IpAddr, Seen>, address: IpAddr) -> IpAddr {
    let key = network(address);
    if seen.len() >= MOST && !seen.contains_key(&key) {
        return IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    }
    key
}

/// What one customer of a provider usually has: an IPv4 address, or 64 bits of an IPv6 one.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}
