//! Refusals that anybody can cause: each writes an event, until one source causes too many. The rest of
//! those become one event that says how many they were.
//!
//! A source is an address, for whatever happens before a user has proved who they are; an account, for
//! attempts at it from many addresses; or a user, for what they are refused again and again.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use avouch_saml::time::Timestamp;

use crate::audit::Reference;
use crate::audit::check::{Phrase, Value};

/// So many events a source may cause at once. With those that [`REFILL_MILLIS`] adds, and the one that
/// stands for others, it is at most a hundred in any minute.
const BURST: i64 = 89;
/// and one more after so long.
const REFILL_MILLIS: i64 = 6_000;
/// Sources told apart at a time; those beyond share one allowance.
const MOST: usize = 10_000;

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// An address, by what one customer of a provider usually has: an IPv4 address, or 64 bits of an
    /// IPv6 one.
    Network(IpAddr),
    /// The user with this row is tried.
    Account(String),
    /// The user with this row tries.
    User(String),
}

impl Source {
    /// The source of what comes from `address`.
    pub fn of(address: IpAddr) -> Self {
        Self::Network(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        })
    }

    /// As the event that stands for others names it.
    fn value(&self) -> Value {
        match self {
            Self::Network(address) => Value::text(address.to_string()),
            Self::Account(_) => Phrase::AttemptsAtThisAccount.into(),
            Self::User(_) => Phrase::ThisUser.into(),
        }
    }
}

/// What each source caused of late. In memory: each node bounds what it writes.
#[derive(Default)]
pub struct EventLimiter(Mutex<HashMap<Source, Seen>>);

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
    /// Write its event, and tell [`EventLimiter::stands`]: it is the first one too many of this source.
    ForOne(Source),
    /// Write none, and give its reader the code of the one that stands for it.
    None(String),
}

impl EventLimiter {
    /// Whether there is room for an event that all of `sources` cause now.
    pub fn room(&self, sources: &[Source], now: Timestamp) -> Room {
        let now = now.millis();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for source in sources {
            let key = key_of(&seen, source);
            let known = seen.entry(key.clone()).or_insert(Seen {
                whole_at: now,
                left_out: None,
            });
            let whole_at = known.whole_at.max(now) + REFILL_MILLIS;
            if whole_at - now <= BURST * REFILL_MILLIS {
                known.whole_at = whole_at;
                continue;
            }
            return match &mut known.left_out {
                None => Room::ForOne(key),
                Some(left_out) => {
                    left_out.count += 1;
                    Room::None(left_out.stands.code.clone())
                }
            };
        }
        Room::Enough
    }

    /// From now on, `event` stands for those of `source` that are left out. Of several that were
    /// written at once, the first does.
    pub fn stands(&self, source: &Source, event: Reference) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.get_mut(source)
            && known.left_out.is_none()
        {
            known.left_out = Some(LeftOut {
                stands: event,
                count: 1,
            });
        }
    }

    /// Whether an event that `source` causes now would be written, so that work for its reader is
    /// worth doing.
    pub fn has_room(&self, source: &Source, now: Timestamp) -> bool {
        let now = now.millis();
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(source).map_or(seen.len() < MOST, |known| {
            known.whole_at.max(now) + REFILL_MILLIS - now <= BURST * REFILL_MILLIS
        })
    }

    /// Forgets who has been quiet, and gives the events that stood for others, with what they should
    /// say now.
    pub fn take_left_out(&self, now: Timestamp) -> Vec<(Reference, Value)> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = seen
            .iter_mut()
            .filter_map(|(source, known)| Some((source, known.left_out.take()?)))
            .filter(|(_, left_out)| left_out.count > 1)
            .map(|(source, LeftOut { stands, count })| {
                let count = Value::Number(i64::try_from(count).unwrap_or(i64::MAX));
                let values = [count, source.value()];
                (stands, Phrase::StandsForOthers.with(values))
            })
            .collect();
        seen.retain(|_, known| known.whole_at > now.millis());
        left_out
    }
}

fn key_of(seen: &HashMap<Source, Seen>, source: &Source) -> Source {
    if seen.len() >= MOST && !seen.contains_key(source) {
        return Source::Network(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    }
    source.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

    /// How many events a source writes that is at it for a minute, and for another.
    #[test]
    fn hardening_02_a_source_writes_at_most_a_hundred_events_a_minute() {
        let limiter = EventLimiter::default();
        let source = Source::of("192.0.2.1".parse().expect("an address"));
        for minute in 0..3 {
            let mut written = 0;
            for tenth in 0..600_i64 {
                let now = Timestamp::from_millis(NOW.millis() + minute * 60_000 + tenth * 100);
                for _ in 0..5 {
                    match limiter.room(std::slice::from_ref(&source), now) {
                        Room::Enough => written += 1,
                        Room::ForOne(source) => {
                            written += 1;
                            let (seq, code) = (1, "A".to_owned());
                            limiter.stands(&source, Reference { seq, code });
                        }
                        Room::None(code) => assert_eq!(code, "A"),
                    }
                }
            }
            assert!((10..=100).contains(&written), "{written}");
            assert_eq!(limiter.take_left_out(NOW).len(), 1);
        }
        // Nobody else is touched by it.
        let other = Source::of("192.0.2.2".parse().expect("an address"));
        assert_eq!(
            limiter.room(&[other, source.clone()], NOW),
            Room::ForOne(source)
        );
    }

    #[test]
    fn attempts_at_an_account_are_bounded_wherever_they_come_from() {
        let limiter = EventLimiter::default();
        let account = Source::Account("one".to_owned());
        let rooms = (0..1000_u32).map(|n| {
            let address = Source::of(IpAddr::from((0x0a00_0000 + n).to_be_bytes()));
            limiter.room(&[address, account.clone()], NOW)
        });
        let written = rooms.filter(|room| *room == Room::Enough).count();
        assert_eq!(written, 89);
    }
}
