//! How failed logins slow down further attempts, without a way to lock a victim out.
//!
//! Failures are counted under the address they come from, and under a wider network for IPv6; under the
//! account tried from browsers that never signed in to it; and under the account tried from one browser
//! that did. Somebody guessing at an account exhausts all but the last; its owner, at a browser used
//! before, is judged by that alone. Delays of an account grow, are capped, and fade with the window. A
//! whole campus may share an address, so that it is only slowed down: it has so many attempts a minute
//! left, however many others failed.

use std::net::IpAddr;

use avouch_saml::time::Timestamp;

use crate::store::throttle::Failures;
use crate::users::fold_username;

/// The settings of throttling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleRules {
    /// Failures on one account that cost nothing.
    pub free_per_account: i64,
    /// Failures from one address that cost nothing: many people share an address.
    pub free_per_address: i64,
    /// Attempts a minute that an address has beyond those, whose owners may be many.
    pub address_attempts_per_minute: i64,
    /// The first delay of an account, in seconds; each further failure doubles it.
    pub first_delay_seconds: i64,
    /// The longest delay, in seconds.
    pub longest_delay_seconds: i64,
    /// After this long without a failure, in seconds, a count begins anew.
    pub window_seconds: i64,
}

impl Default for ThrottleRules {
    fn default() -> Self {
        Self {
            free_per_account: 5,
            free_per_address: 50,
            address_attempts_per_minute: 10,
            first_delay_seconds: 2,
            longest_delay_seconds: 300,
            window_seconds: 900,
        }
    }
}

/// What failures are counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// An account, or one known browser of it.
    Account,
    /// An address.
    Address,
    /// Many addresses of one owner.
    Site,
}

/// So many times an address' allowance a site has.
const SITE: i64 = 10;

impl ThrottleRules {
    fn free(&self, scope: Scope) -> i64 {
        match scope {
            Scope::Account => self.free_per_account,
            Scope::Address => self.free_per_address,
            Scope::Site => self.free_per_address.saturating_mul(SITE),
        }
    }

    /// How many seconds an attempt at `now` must wait, given what is counted.
    pub fn wait_seconds(&self, counted: Option<&Failures>, now: Timestamp) -> Option<i64> {
        let left = counted?.blocked_until.millis() - now.millis();
        (left > 0).then_some(left.div_euclid(1000) + 1)
    }

    /// What is counted after one more failure at `now`.
    pub fn after_failure(
        &self,
        scope: Scope,
        before: Option<&Failures>,
        now: Timestamp,
    ) -> Failures {
        // The window runs from the last time anything was held against the key.
        let counted = before.filter(|f| {
            now < f
                .since
                .max(f.blocked_until)
                .plus_seconds(self.window_seconds)
        });
        let count = counted.map_or(0, |f| f.count) + 1;
        let beyond = count - self.free(scope);
        let minute = match scope {
            Scope::Account => None,
            Scope::Address => Some(self.address_attempts_per_minute),
            Scope::Site => Some(self.address_attempts_per_minute.saturating_mul(SITE)),
        };
        let delay = if beyond <= 0 {
            0
        } else if let Some(attempts) = minute {
            // Kept in milliseconds, so that many a minute are that many.
            return Failures {
                count,
                since: now,
                blocked_until: Timestamp::from_millis(now.millis() + 60_000 / attempts.max(1)),
            };
        } else {
            let doublings = u32::try_from(beyond - 1).unwrap_or(u32::MAX).min(30);
            self.first_delay_seconds
                .saturating_mul(1_i64 << doublings)
                .min(self.longest_delay_seconds)
        };
        Failures {
            count,
            since: now,
            blocked_until: now.plus_seconds(delay),
        }
    }
}

/// The key of an address. An IPv6 address counts by its /64, which one customer has to itself.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("address:{v4}"),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The key of the site of an IPv6 address: a /48, which a customer may have 65,536 networks in.
pub fn site_key(address: IpAddr) -> Option<String> {
    match address.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            Some(format!("site:{a:x}:{b:x}:{c:x}::/48"))
        }
    }
}

/// The key of an account, tried from a browser known to have signed in to it or from any other.
/// It holds a hash: whatever was typed as a username may be a password.
pub fn account_key(username: &str, known_browser: Option<&str>) -> String {
    let typed = format!(
        "{}\0{}",
        fold_username(username),
        known_browser.unwrap_or("")
    );
    let digest = openssl::sha::sha256(typed.as_bytes());
    let hex: String = digest[..20].iter().map(|b| format!("{b:02x}")).collect();
    match known_browser {
        Some(_) => format!("browser:{hex}"),
        None => format!("account:{hex}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

    fn fail(times: i64, scope: Scope) -> Failures {
        let rules = ThrottleRules::default();
        let mut counted = None;
        for _ in 0..times {
            counted = Some(rules.after_failure(scope, counted.as_ref(), NOW));
        }
        counted.expect("at least one failure")
    }

    /// Proves AV-SEC-65 for the rules: delays grow, are capped and fade.
    #[test]
    fn av_sec_65_delays_grow_are_capped_and_fade() {
        let rules = ThrottleRules::default();
        let waits: Vec<_> = (1..=20)
            .map(|n| {
                rules
                    .wait_seconds(Some(&fail(n, Scope::Account)), NOW)
                    .unwrap_or(0)
            })
            .collect();
        assert_eq!(&waits[..8], &[0, 0, 0, 0, 0, 3, 5, 9]);
        assert!(waits.iter().all(|w| *w <= rules.longest_delay_seconds + 1));
        let worst = fail(1_000, Scope::Account);
        let later = NOW.plus_seconds(rules.longest_delay_seconds);
        assert_eq!(rules.wait_seconds(Some(&worst), later), None);
        let faded = later.plus_seconds(rules.window_seconds);
        assert_eq!(
            rules
                .after_failure(Scope::Account, Some(&worst), faded)
                .count,
            1
        );
    }

    #[test]
    fn an_address_is_given_more_than_an_account() {
        let rules = ThrottleRules::default();
        assert_eq!(
            rules.wait_seconds(Some(&fail(50, Scope::Address)), NOW),
            None
        );
        assert!(
            rules
                .wait_seconds(Some(&fail(51, Scope::Address)), NOW)
                .is_some()
        );
    }

    #[test]
    fn hardening_06_an_address_is_slowed_down_and_never_shut_out() {
        let rules = ThrottleRules::default();
        for failures in [51, 100, 10_000] {
            let wait = rules.wait_seconds(Some(&fail(failures, Scope::Address)), NOW);
            assert!(
                wait.is_some_and(|seconds| seconds <= 7),
                "{failures}: {wait:?}"
            );
        }
        let site = |failures| rules.wait_seconds(Some(&fail(failures, Scope::Site)), NOW);
        assert_eq!((site(500), site(501)), (None, Some(1)));
        let prefix = |text: &str| site_key(text.parse().expect("an address"));
        assert_eq!(prefix("2001:db8:1:2::1"), prefix("2001:db8:1:ffff::9"));
        assert_ne!(prefix("2001:db8:1:2::1"), prefix("2001:db8:2:2::1"));
        assert_eq!(prefix("192.0.2.1"), None);
    }

    #[test]
    fn keys_tell_known_browsers_apart_and_hold_no_username() {
        let stranger = account_key("Sample.One", None);
        assert_eq!(stranger, account_key(" sample.one ", None));
        assert_ne!(stranger, account_key("sample.one", Some("b1")));
        assert_ne!(
            account_key("sample.one", Some("b1")),
            account_key("sample.one", Some("b2"))
        );
        assert!(!stranger.contains("sample"));
        let a: IpAddr = "2001:db8:1:2:3::1".parse().expect("address");
        let b: IpAddr = "2001:db8:1:2:ffff::9".parse().expect("address");
        assert_eq!(address_key(a), address_key(b));
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().expect("address");
        assert_eq!(address_key(mapped), "address:192.0.2.1");
    }
}
