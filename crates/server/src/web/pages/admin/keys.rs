//! The list of Avouch's keys.

use askama::Template;

use crate::text::{Keys, Text};

use super::super::idp_info::sample_fingerprint;
use super::super::{Frame, Moment, Page, Tone};

/// `GET /admin/keys`.
#[derive(Debug, Template)]
#[template(path = "admin/key_list.html")]
pub struct KeyListPage {
    /// Surroundings.
    pub frame: Frame,
    /// The keys, the active one first.
    pub keys: Vec<KeyLine>,
}

/// One key.
#[derive(Debug, Clone)]
pub struct KeyLine {
    /// Such as `RSA 3072` or `EC P-256`.
    pub kind: String,
    /// Whether it signs.
    pub state: KeyState,
    /// Certificate subject.
    pub subject: String,
    /// PEM of the certificate.
    pub pem: String,
    /// SHA-256 fingerprint, hex with colons.
    pub fingerprint: String,
    /// SHA-1 fingerprint, likewise.
    pub sha1: String,
    /// From when it is valid.
    pub valid_from: Moment,
    /// Until when.
    pub expires: Moment,
    /// Days until it expires; negative once it has.
    pub days_left: i64,
    /// Names of the apps that chose this key.
    pub used_by: Vec<String>,
    /// A key of `certs/dev`, known to everybody.
    pub development: bool,
}

/// Whether a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It signs.
    Active,
    /// It is in the metadata but does not sign yet.
    Next,
    /// It no longer signs, and is in the metadata still.
    Previous,
    /// It no longer signs.
    Retired,
}

impl KeyListPage {
    fn t(&self) -> &Keys {
        &self.frame.t.keys
    }

    fn state(&self, key: &KeyLine) -> (Tone, Text) {
        match key.state {
            KeyState::Active => (Tone::Good, self.t().active),
            KeyState::Next => (Tone::Neutral, self.t().next),
            KeyState::Previous => (Tone::Neutral, self.t().previous),
            KeyState::Retired => (Tone::Neutral, self.t().retired),
        }
    }

    /// What to say about the time left, from 90 days before the end.
    fn age(&self, key: &KeyLine) -> Option<(Tone, String)> {
        match key.days_left {
            ..0 => Some((Tone::Problem, self.frame.t.common.expired.to_string())),
            1 => Some((Tone::Warning, self.t().one_day_left.to_string())),
            days @ 0..=90 => Some((Tone::Warning, self.t().days_left.with(days))),
            _ => None,
        }
    }

    /// Sample data.
    pub fn sample() -> Self {
        let key = |kind: &str, state, days_left| {
            KeyLine {
            kind: kind.into(),
            state,
            subject: "CN=login.example.org".into(),
            pem: "-----BEGIN CERTIFICATE-----\nU2FtcGxlIG9ubHk6IHRoaXMgaXMgbm90IGEgY2VydGlmaWNhdGUgYXQgYWxsLg==\n-----END CERTIFICATE-----\n".into(),
            fingerprint: sample_fingerprint(),
            sha1: sample_fingerprint()[..59].to_owned(),
            valid_from: Moment::sample(),
            expires: Moment::from_unix_millis(2_087_820_309_000),
            days_left,
            used_by: Vec::new(),
            development: false,
        }
        };
        Self {
            frame: Frame::sample_admin(),
            keys: vec![
                KeyLine {
                    development: true,
                    ..key("RSA 3072", KeyState::Active, 3650)
                },
                KeyLine {
                    used_by: vec!["Sample Wiki".into(), "Library".into()],
                    ..key("EC P-256", KeyState::Next, 60)
                },
                key("RSA 2048", KeyState::Retired, -3),
            ],
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    vec![("admin-keys", KeyListPage::sample().html())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_said_from_ninety_days_on() {
        let page = KeyListPage::sample();
        let said = |days_left| {
            let key = KeyLine {
                days_left,
                ..page.keys[0].clone()
            };
            page.age(&key)
        };
        assert_eq!(said(91), None);
        assert_eq!(said(90), Some((Tone::Warning, "90 days left".into())));
        assert_eq!(said(1), Some((Tone::Warning, "1 day left".into())));
        assert_eq!(said(0), Some((Tone::Warning, "0 days left".into())));
        assert_eq!(said(-1), Some((Tone::Problem, "expired".into())));
    }
}
