//! Deleting what has expired while the server runs, and writing down what was left out.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::services::Services;
use crate::store::expiry::{self, OldEvents};
use crate::store::{self, StoreError};

/// How often.
const EVERY: Duration = Duration::from_secs(60);

/// The most rows of a kind in one transaction, so that no sign-on waits long for the writer.
const PIECE: i64 = 500;

/// The most remembered messages found by looking at all of them once, which bounds their memory.
const MOST_OLD: i64 = 20_000;

/// How often all of them are looked at, at one time, while there are so many.
const SCANS: usize = 10;

/// Pieces at one time; what is left waits for the next.
const PIECES: usize = 200;

/// A thread that cleans up, at once and then every minute, until it is dropped.
pub struct Housekeeping {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(services: Arc<Services>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("housekeeping".to_owned())
            .spawn(move || {
                let mut log = EventLog::default();
                loop {
                    clean(&services, &mut log);
                    write_left_out(&services);
                    services.rounds.end_one();
                    match stopped.recv_timeout(EVERY) {
                        Err(RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                            return write_left_out(&services);
                        }
                    }
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was logged where it happened.
            let _ = thread.join();
        }
    }
}

/// How far the event log was cleaned. Kept in memory: who starts again looks at all of it once more.
#[derive(Default)]
struct EventLog {
    of_users: i64,
    without_user: i64,
}

fn clean(services: &Services, log: &mut EventLog) {
    let (db, settings) = (&services.db, &services.settings);
    let result = in_pieces(|| {
        db.write(|c| {
            let expired = expiry::delete_expired(c, services.clock.now(), PIECE)?;
            let most = settings.login.most_pending;
            let surplus = expiry::delete_surplus(c, most, PIECE)?;
            Ok::<_, StoreError>(expired + surplus > 0)
        })
    })
    .and_then(|()| forget_messages(services))
    .and_then(|()| {
        for (which, cleaned, kept) in [
            (
                OldEvents::WithoutUser,
                &mut log.without_user,
                settings.events.refusal_seconds,
            ),
            (
                OldEvents::OfUsers,
                &mut log.of_users,
                settings.events.sign_on_seconds,
            ),
        ] {
            let Some(kept) = kept else { continue };
            let before = services.clock.now().plus_seconds(-kept);
            in_pieces(|| {
                let after = *cleaned;
                let last = db.write(|c| expiry::delete_events(c, which, after, before, PIECE))?;
                *cleaned = last.unwrap_or(after);
                Ok(last.is_some())
            })?;
        }
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(error @ StoreError::Unavailable(_)) => {
            tracing::warn!(%error, "expired rows were not deleted; the next try is in a minute");
        }
        Err(error) => tracing::error!(%error, "expired rows cannot be deleted"),
    }
}

fn forget_messages(services: &Services) -> Result<(), StoreError> {
    let db = &services.db;
    for _ in 0..SCANS {
        let now = services.clock.now();
        // Not `read_one`, which borrows the writer: nobody should have to wait for this.
        let old = db.read(|c| expiry::old_messages(c, now, MOST_OLD))?;
        for piece in old.chunks(PIECE as usize) {
            db.write(|c| expiry::forget_messages(c, piece, now))?;
        }
        if old.len() < MOST_OLD as usize {
            break;
        }
    }
    Ok(())
}

/// Deletes piece after piece while `piece` says that there may be more.
fn in_pieces(mut piece: impl FnMut() -> Result<bool, StoreError>) -> Result<(), StoreError> {
    for _ in 0..PIECES {
        if !piece()? {
            break;
        }
    }
    Ok(())
}

fn write_left_out(services: &Services) {
    let events = services
        .anonymous_events
        .take_left_out(services.clock.now());
    for event in events {
        let written = services.db.write(|c| store::events::insert(c, &event));
        if let Err(error) = written {
            tracing::error!(%error, event.code, reason = event.reason, "an event was not written");
        }
    }
}
