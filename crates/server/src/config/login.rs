//! `[login]`: what a password costs, how failures slow an attacker down, how long a session lasts.

use super::reader::Section;
use crate::directory::password::HashCost;
use crate::directory::throttle::ThrottleRules;

/// `[login]`.
#[derive(Debug, Clone)]
pub struct Login {
    /// What a password hash costs.
    pub hash_cost: HashCost,
    /// How many hashes run at once; `None`: one a core.
    pub hashes_at_once: Option<usize>,
    /// How many more logins may wait for their turn.
    pub hashes_waiting: usize,
    /// When failed logins are slowed down.
    pub throttle: ThrottleRules,
    /// The fewest characters a new password has.
    pub password_min_characters: usize,
    /// A session ends after so much time without use.
    pub session_idle_seconds: i64,
    /// A session ends after so much time in any case.
    pub session_absolute_seconds: i64,
    /// A sign-on in progress waits so long for its user.
    pub pending_seconds: i64,
    /// Of sign-ons in progress so many are kept, the newest.
    pub most_pending: i64,
    /// How long a browser that signed in as a user is remembered for its own allowance.
    pub known_browser_seconds: i64,
}

impl Login {
    pub(super) fn read(s: &mut Section<'_, '_>) -> Self {
        let count = |number: i64| usize::try_from(number).unwrap_or_default();
        let cost = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let hash_cost = HashCost {
            memory_kib: cost(s.number("hash_memory_kib", 19 * 1024, 8..=4_194_304)),
            passes: cost(s.number("hash_passes", 3, 1..=100)),
        };
        let hashes_at_once = count(s.number("hashes_at_once", 0, 0..=1024));
        let first_delay_seconds = s.number("first_delay_seconds", 2, 1..=3600);
        let delay_origin = s.origin("longest_delay_seconds");
        let longest_delay_seconds = s.number("longest_delay_seconds", 300, 1..=3600);
        if longest_delay_seconds < first_delay_seconds {
            let message = format!(
                "expected at least `login.first_delay_seconds` ({first_delay_seconds}); got {longest_delay_seconds}"
            );
            s.problem("longest_delay_seconds", delay_origin, message);
        }
        let absolute_origin = s.origin("session_absolute_hours");
        let session_idle_seconds = s.number("session_idle_minutes", 120, 1..=43_200) * 60;
        let session_absolute_seconds = s.number("session_absolute_hours", 12, 1..=720) * 3600;
        if session_absolute_seconds < session_idle_seconds {
            let message = format!(
                "expected at least `login.session_idle_minutes` ({} minutes); got {} hours",
                session_idle_seconds / 60,
                session_absolute_seconds / 3600
            );
            s.problem("session_absolute_hours", absolute_origin, message);
        }
        Self {
            hash_cost,
            hashes_at_once: Some(hashes_at_once).filter(|n| *n > 0),
            hashes_waiting: count(s.number("hashes_waiting", 64, 0..=10_000)),
            throttle: ThrottleRules {
                free_per_account: s.number("account_failures", 5, 1..=1000),
                free_per_address: s.number("address_failures", 50, 1..=100_000),
                address_attempts_per_minute: s.number("address_attempts_per_minute", 10, 1..=6_000),
                first_delay_seconds,
                longest_delay_seconds,
                window_seconds: s.number("failure_window_minutes", 15, 1..=1440) * 60,
            },
            password_min_characters: count(s.number("password_min_characters", 12, 8..=128)),
            session_idle_seconds,
            session_absolute_seconds,
            pending_seconds: s.number("pending_hours", 48, 1..=720) * 3600,
            most_pending: s.number("most_pending", 100_000, 1000..=100_000_000),
            known_browser_seconds: s.number("known_browser_days", 180, 1..=3650) * 86_400,
        }
    }
}
