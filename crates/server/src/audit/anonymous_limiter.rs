//! Refusals of senders nobody knows: each writes an event, until one address causes too many. The
//! rest of those become one event that says how many they were.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use avouch_saml::time::Timestamp;

use crate::audit::Event;

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
    event: Event,
    count: u64,
}

impl AnonymousEventLimiter {
    /// Whether `event` is one too many for `address`. Then it is counted, and its reader is given
    /// the code of the event that will stand for it.
    pub fn leave_out(&self, address: IpAddr, event: &Event) -> Option<String> {
        let now = event.at.millis();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network(address);
        if seen.len() >= MOST && !seen.contains_key(&key) {
            key = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        }
        let known = seen.entry(key).or_insert(Seen {
            whole_at: now,
            left_out: None,
        });
        let whole_at = known.whole_at.max(now) + REFILL_MILLIS;
        if whole_at - now <= BURST * REFILL_MILLIS {
            known.whole_at = whole_at;
            return None;
        }
        let left_out = known.left_out.get_or_insert_with(|| LeftOut {
            event: event.clone(),
            count: 0,
        });
        left_out.count += 1;
        Some(left_out.event.code.clone())
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

    /// Forgets who has been quiet, and gives the events that stand for those left out so far.
    pub fn take_left_out(&self, now: Timestamp) -> Vec<Event> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = seen
            .values_mut()
            .filter_map(|known| known.left_out.take())
            .map(|LeftOut { mut event, count }| {
                event.at = now;
                event.reason = format!(
                    "{count} refusals like this, of requests from {} and before anybody was known, \
                     have no event of their own: they were too many.",
                    event.address
                );
                event
            })
            .collect();
        seen.retain(|_, known| known.whole_at > now.millis());
        left_out
    }
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
