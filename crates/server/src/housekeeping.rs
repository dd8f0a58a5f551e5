//! Deleting what has expired while the server runs, and writing down what was left out.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::services::Services;
use crate::store::expiry::{self, OldEvents};
use crate::store::{self, StoreError, event_index};

/// How long the database's log waits to be copied when little is written.
const COPIED_EVERY: Duration = Duration::from_secs(60);

/// The most rows of a kind in one transaction, so that no sign-on waits long for the writer.
const PIECE: i64 = 500;

/// Pieces at one time; what is left waits for the next.
const PIECES: usize = 200;

/// A thread that cleans up, at once and then every minute, and one that copies the database's log,
/// until it is dropped.
pub struct Housekeeping {
    services: Arc<Services>,
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Housekeeping {
    /// Starts the threads.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(services: Arc<Services>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let mut started = Self {
            services: Arc::clone(&services),
            stop: Some(stop),
            threads: Vec::new(),
        };
        let inside = Arc::clone(&services);
        let copies = std::thread::Builder::new().name("checkpoint".to_owned());
        started.threads.push(copies.spawn(move || {
            while inside.db.wait_for_writes(COPIED_EVERY) {
                if let Err(error) = inside.db.checkpoint() {
                    tracing::warn!(%error, "the database's log was not copied; the next try is soon");
                }
            }
        })?);
        let cleans = std::thread::Builder::new().name("housekeeping".to_owned());
        started.threads.push(cleans.spawn(move || {
            let mut log = EventLog::default();
            loop {
                clean(&services, &mut log);
                write_left_out(&services);
                services.rounds.end_one();
                match stopped.recv_timeout(services.rounds.rest) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                        return write_left_out(&services);
                    }
                }
            }
        })?);
        Ok(started)
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.services.db.stop_checkpoints();
        for thread in self.threads.drain(..) {
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
    .and_then(|()| {
        let too_old = settings.saml.oldest_request(services.clock.now());
        in_pieces(|| {
            let forgotten = db.write(|c| expiry::forget_messages(c, too_old, PIECE))?;
            Ok(forgotten > 0)
        })
    })
    .and_then(|()| event_index::fill(db, PIECE))
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
    for (event, reason) in events {
        let written = services
            .db
            .write(|c| store::events::set_reason(c, event.seq, &reason));
        if let Err(error) = written {
            tracing::error!(%error, event.code, ?reason, "how many an event stands for was not written");
        }
    }
}
