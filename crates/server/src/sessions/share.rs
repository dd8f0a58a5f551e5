//! How many sign-ons may wait for their users: in all, and of one address. Anybody can begin sign-ons
//! without logging in, so that the bounds hold when one is begun, not when somebody cleans up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use avouch_saml::time::Timestamp;

use crate::audit::limiter::Source;

/// One address may have this part of all that wait.
const PART: i64 = 10;
/// So many beyond the bound are let in before the oldest go: they are counted and deleted together.
const SLACK: i64 = 100;
/// Addresses told apart at a time; those beyond share one allowance.
const MOST: usize = 10_000;

/// Sign-ons that wait, as this node knows of them.
#[derive(Default)]
pub struct PendingShare {
    /// About how many there are, of all nodes: counted now and then, and since then begun here.
    there: AtomicI64,
    begun: Mutex<Begun>,
}

#[derive(Default)]
struct Begun {
    of: HashMap<Source, Level>,
    /// When those were last forgotten who have nothing left.
    forgotten_at: i64,
}

/// What an address has begun and not ended. It sinks as the sign-ons expire that nobody ends.
struct Level {
    sign_ons: f64,
    at: Timestamp,
}

impl PendingShare {
    /// One more sign-on of `source`, of at most `most` that wait at a time for `seconds` each. Answers
    /// how many of the oldest are to go for it, or `None` when `source` has its whole share.
    pub fn begin(&self, source: Source, most: i64, seconds: i64, now: Timestamp) -> Option<i64> {
        let share = (most / PART).max(1) as f64;
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        // Looking at all of them costs something, so that nobody may have it done for each request.
        if begun.of.len() >= MOST && (now.millis() - begun.forgotten_at).abs() >= 1000 {
            begun.forgotten_at = now.millis();
            let left = |level: &Level| level.now(share, seconds, now) >= 1.0;
            begun.of.retain(|_, level| left(level));
        }
        let source = if begun.of.len() >= MOST && !begun.of.contains_key(&source) {
            Source::Network(std::net::Ipv6Addr::UNSPECIFIED.into())
        } else {
            source
        };
        let level = begun.of.entry(source).or_insert(Level {
            sign_ons: 0.0,
            at: now,
        });
        level.sign_ons = level.now(share, seconds, now);
        level.at = now;
        if level.sign_ons + 1.0 > share {
            return None;
        }
        level.sign_ons += 1.0;
        drop(begun);
        let there = self.there.fetch_add(1, Ordering::Relaxed) + 1;
        if there < most + SLACK {
            return Some(0);
        }
        self.there.fetch_sub(SLACK, Ordering::Relaxed);
        Some(2 * SLACK)
    }

    /// One of `source` was answered. Its row stays until it expires, for whoever comes back to it.
    pub fn end(&self, source: &Source) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(level) = begun.of.get_mut(source) {
            level.sign_ons = (level.sign_ons - 1.0).max(0.0);
        }
    }

    /// So many were counted.
    pub fn counted(&self, there: i64) {
        self.there.store(there, Ordering::Relaxed);
    }
}

impl Level {
    /// What is left of it: a share takes as long to expire as a sign-on.
    fn now(&self, share: f64, seconds: i64, now: Timestamp) -> f64 {
        let passed = (now.millis() - self.at.millis()).max(0) as f64 / 1000.0;
        (self.sign_ons - share * passed / seconds.max(1) as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

    fn address(n: u32) -> Source {
        Source::of(std::net::IpAddr::from((0x0a00_0000 + n).to_be_bytes()))
    }

    #[test]
    fn hardening_07_an_address_has_a_tenth_of_all() {
        let share = PendingShare::default();
        let begin = |n, now| share.begin(address(n), 1000, 3600, now);
        for _ in 0..100 {
            assert_eq!(begin(1, NOW), Some(0));
        }
        assert_eq!(begin(1, NOW), None);
        assert_eq!(begin(2, NOW), Some(0), "others are not touched by it");
        // Who ends one may begin one.
        share.end(&address(1));
        assert_eq!(begin(1, NOW), Some(0));
        assert_eq!(begin(1, NOW), None);
        // What is never ended expires.
        assert_eq!(begin(1, NOW.plus_seconds(1800)), Some(0));
        let more = (0..1000).filter(|_| begin(1, NOW.plus_seconds(1800)).is_some());
        assert!((45..=50).contains(&more.count()));
    }

    /// Nobody fills the memory by coming from ever new addresses.
    #[test]
    fn hardening_07_addresses_beyond_a_number_share_one_allowance() {
        let share = PendingShare::default();
        for n in 0..20_000 {
            for _ in 0..2 {
                assert!(share.begin(address(n), 2_000_000, 3600, NOW).is_some());
            }
        }
        let begun = share.begun.lock().expect("no panic inside");
        assert_eq!(begun.of.len(), MOST + 1);
    }

    /// However fast they come, and whether or not anybody cleans up in between.
    #[test]
    fn hardening_07_the_oldest_go_when_one_too_many_is_begun() {
        let share = PendingShare::default();
        share.counted(990);
        let mut there = 990;
        for n in 0..5_000 {
            let surplus = share.begin(address(n), 1000, 3600, NOW).expect("its first");
            there += 1 - surplus.min((there + 1 - 1000).max(0));
            assert!(there <= 1101, "{there}");
        }
    }
}
