//! What came between: the changes of an app since somebody read it.

use std::fmt;

use avouch_saml::time::Timestamp;

use crate::audit::check::Origin;
use crate::audit::{EventKind, ResultCode};
use crate::store::apps::StoredApp;
use crate::store::{self, Connection, StoreError};
use crate::text::Locale;

/// What was read is not what is there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The name of the app.
    pub app: String,
    /// The changes since it was read, newest first; the last few of many.
    pub since: Vec<Since>,
}

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// Reference code of its event.
    pub code: String,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// One sentence.
    pub what: String,
    /// Each setting that changed: its name, before and after.
    pub settings: Vec<(String, String, String)>,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was changed since it was read", self.app)?;
        for (at, change) in self.since.iter().enumerate() {
            let joint = if at == 0 { ": by" } else { "; by" };
            let what = change.what.trim_end_matches('.');
            write!(f, "{joint} {} at {}: {what}", change.by, change.at)?;
            let lines: Vec<String> = change
                .settings
                .iter()
                .map(|(name, before, after)| match before.as_str() {
                    "" => format!("{name}: {after}"),
                    before => format!("{name} from {before:?} to {after:?}"),
                })
                .collect();
            if !lines.is_empty() {
                write!(f, " ({})", lines.join("; "))?;
            }
        }
        f.write_str(". Look at it again: nothing was stored")
    }
}

/// Most changes that are told.
const MOST: i64 = 5;

impl Stale {
    /// What became of `stored` since its version was `read`.
    ///
    /// # Errors
    /// As any statement.
    pub(super) fn since(
        c: &mut Connection,
        stored: &StoredApp,
        read: i64,
    ) -> Result<Self, StoreError> {
        // Each version but the first was written together with one event.
        let changes = stored.version.saturating_sub(read).clamp(0, MOST);
        let filter = store::events::Filter {
            kind: Some(EventKind::Admin.into()),
            result: Some(ResultCode::Success.into()),
            app_id: Some(stored.app.id.to_string()),
            ..store::events::Filter::default()
        };
        let texts = &Locale::English.catalogue().checks;
        let since = store::events::list(c, &filter, changes)?
            .into_iter()
            .map(|logged| Since {
                by: logged
                    .event
                    .actor
                    .and_then(|actor| actor.name)
                    .unwrap_or_default(),
                code: logged.code,
                at: logged.event.at,
                what: texts.value(&logged.event.reason),
                settings: logged
                    .event
                    .checks
                    .into_iter()
                    .filter(|check| check.origin == Origin::Changed)
                    .map(|check| {
                        let line = texts.line(&check);
                        (line.name, line.expected, line.received)
                    })
                    .collect(),
            })
            .collect();
        Ok(Self {
            app: stored.app.name.clone(),
            since,
        })
    }
}
