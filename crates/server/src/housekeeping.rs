//! Deleting expired rows while the server runs.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::store::{Db, StoreError, expiry};

/// How often.
const EVERY: Duration = Duration::from_secs(60);

/// The most rows of a kind in one transaction, so that no sign-on waits long for the writer.
const PIECE: i64 = 500;

/// Pieces at one time; what is left waits for the next.
const PIECES: usize = 200;

/// A thread that cleans up, at once and then every minute, until it is dropped.
pub struct Housekeeping {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    /// Starts the thread. Of sign-ons in progress the newest `most_pending` are kept.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start<T: AsRef<Db> + Send + Sync + 'static>(
        owner: Arc<T>,
        clock: Arc<dyn Clock>,
        most_pending: i64,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("housekeeping".to_owned())
            .spawn(move || {
                loop {
                    clean((*owner).as_ref(), &*clock, most_pending);
                    match stopped.recv_timeout(EVERY) {
                        Err(RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
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

fn clean(db: &Db, clock: &dyn Clock, most_pending: i64) {
    let mut deleted = 0;
    for _ in 0..PIECES {
        let piece = db.write(|c| {
            let expired = expiry::delete_expired(c, clock.now(), PIECE)?;
            Ok::<_, StoreError>(expired + expiry::delete_surplus(c, most_pending, PIECE)?)
        });
        match piece {
            Ok(0) => break,
            Ok(rows) => deleted += rows,
            Err(error @ StoreError::Unavailable(_)) => {
                tracing::warn!(%error, "expired rows were not deleted; the next try is in a minute");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "expired rows cannot be deleted");
                return;
            }
        }
    }
    if deleted > 0 {
        tracing::debug!(rows = deleted, "expired rows were deleted");
    }
}
