//! One round of deleting what is too old, a small piece at a time, with a rest after each, so that no
//! sign-on waits for it.

use std::time::{Duration, Instant};

use avouch_saml::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::pace::{self, Judged};
use crate::services::Services;
use crate::store::expiry::{self, OldEvents};
use crate::store::{self, Connection, StoreError};

/// The most rows of a kind in one transaction.
const PIECE: i64 = 500;
/// The most events looked at in one: each deletes rows of three indexes too.
const EVENTS: i64 = 200;

/// A rest is so many times what the piece before it took: sign-ons have the writer for the larger part.
const REST: u32 = 4;
/// No rest is longer.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// The row that says how far cleaning has come, so that a restart does not walk the log again.
const KEY: &str = "housekeeping";

/// How far cleaning has come, on all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    /// The instant by which the last round judged.
    judged_by: i64,
    /// The last event looked at for age, of those of users,
    of_users: i64,
    /// and of those without.
    without_user: i64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            judged_by: i64::MIN,
            of_users: 0,
            without_user: 0,
        }
    }
}

/// A round in progress.
pub(super) struct Round<'s> {
    services: &'s Services,
    now: Timestamp,
    progress: Progress,
    rows_left: bool,
    events_left: bool,
}

impl<'s> Round<'s> {
    /// Begins a round; `last` is when this process began the one before.
    ///
    /// # Errors
    /// The database.
    pub(super) fn begin(services: &'s Services, last: Option<Instant>) -> Result<Self, StoreError> {
        let clock = services.clock.now();
        let (mut progress, newest) = services.db.read(|c| {
            let kept = store::settings::get(c, KEY)?;
            let kept = kept.and_then(|kept| serde_json::from_slice::<Progress>(&kept).ok());
            Ok::<_, StoreError>((kept.unwrap_or_default(), expiry::newest_event(c)?))
        })?;
        if progress.judged_by == i64::MIN {
            progress.judged_by = newest.unwrap_or(clock).min(clock).millis();
        }
        let last_judged = Timestamp::from_millis(progress.judged_by);
        let Judged { by, jump_seconds } =
            pace::judge(last_judged, clock, last.map(|last| last.elapsed()));
        if let Some(seconds) = jump_seconds {
            tracing::warn!(
                clock = %clock,
                last_round = %last_judged,
                seconds,
                "the clock is far from where it was at the last clean-up: what is too old is deleted \
                 slowly until they agree. If the clock is wrong, put it right now"
            );
        }
        progress.judged_by = by.millis();
        Ok(Self {
            services,
            now: by,
            progress,
            rows_left: true,
            events_left: true,
        })
    }

    /// Deletes one piece of each kind that there is more of, and answers how long to rest before the
    /// next, or `None` when nothing is left.
    ///
    /// # Errors
    /// The database.
    pub(super) fn step(&mut self) -> Result<Option<Duration>, StoreError> {
        let began = Instant::now();
        let (db, settings) = (&self.services.db, &self.services.settings);
        if self.rows_left {
            let most = settings.login.most_pending;
            let rows = db.write(|c| {
                let expired = expiry::delete_expired(c, self.now, PIECE)?;
                let surplus = expiry::delete_surplus(c, most, PIECE)?;
                Ok::<_, StoreError>(expired + surplus)
            })?;
            let there = db.read_one(store::pending::count)?;
            self.services.pending_share.counted(there);
            let too_old = settings.saml.oldest_request(self.now);
            let forgotten = db.write(|c| expiry::forget_messages(c, too_old, PIECE))?;
            self.rows_left = rows + forgotten > 0;
        }
        if self.events_left {
            self.events_left = self.delete_events()?;
        }
        let more = self.rows_left || self.events_left;
        Ok(more.then(|| (began.elapsed() * REST).min(LONGEST_REST)))
    }

    fn delete_events(&mut self) -> Result<bool, StoreError> {
        let events = &self.services.settings.events;
        let kinds = [
            (OldEvents::WithoutUser, events.refusal_seconds),
            (OldEvents::OfUsers, events.sign_on_seconds),
        ];
        let mut more = false;
        for (which, kept) in kinds {
            let Some(kept) = kept else { continue };
            let before = self.now.plus_seconds(-kept);
            let mut progress = self.progress;
            let place = match which {
                OldEvents::WithoutUser => &mut progress.without_user,
                OldEvents::OfUsers => &mut progress.of_users,
            };
            let after = *place;
            let db = &self.services.db;
            let last = db.write(|c| expiry::delete_events(c, which, after, before, EVENTS))?;
            if let Some(last) = last {
                *place = last;
                self.progress = progress;
                more = true;
            }
        }
        Ok(more)
    }

    /// Ends the round: keeps how far it came.
    ///
    /// # Errors
    /// The database.
    pub(super) fn end(self) -> Result<(), StoreError> {
        let kept = serde_json::to_vec(&self.progress).unwrap_or_default();
        self.services
            .db
            .write(|c: &mut Connection| store::settings::put(c, KEY, &kept))
    }
}
