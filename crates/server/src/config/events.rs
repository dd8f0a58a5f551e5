//! `[events]`: how long the event log is kept.

use super::reader::Section;

/// `[events]`. What administrators did, and what became of keys, is kept for ever.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// How long sign-ons, logins and logouts of users are kept, in seconds; `None`: for ever.
    pub sign_on_seconds: Option<i64>,
    /// How long refusals without a user are kept, in seconds; `None`: for ever. Anybody who can
    /// reach the server can cause them.
    pub refusal_seconds: Option<i64>,
}

impl Events {
    pub(super) fn read(s: &mut Section<'_, '_>) -> Self {
        let seconds = |days: i64| Some(days * 86_400).filter(|seconds| *seconds > 0);
        Self {
            sign_on_seconds: seconds(s.number("sign_on_days", 365, 0..=36_500)),
            refusal_seconds: seconds(s.number("refusal_days", 90, 0..=36_500)),
        }
    }
}
