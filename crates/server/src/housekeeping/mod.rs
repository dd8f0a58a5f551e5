//! Deleting what has expired while the server runs, and writing down what was left out.

mod pace;
mod round;

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::services::Services;
use crate::store::{self, StoreError, event_index};
use round::Round;

/// Most events that the index is filled with in one transaction.
const INDEXED: i64 = 500;

/// How long the database's log waits to be copied when little is written.
const COPIED_EVERY: Duration = Duration::from_secs(60);

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
            let mut last = None;
            let goes_on =
                |rest| matches!(stopped.recv_timeout(rest), Err(RecvTimeoutError::Timeout));
            loop {
                let began = Instant::now();
                clean(&services, last, goes_on);
                last = Some(began);
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

/// Cleans up until nothing is left that is too old, or `goes_on`, which rests for so long, says to stop.
/// `last` is when the round before this one began.
fn clean(services: &Services, last: Option<Instant>, goes_on: impl Fn(Duration) -> bool) {
    let cleaned = Round::begin(services, last).and_then(|mut round| {
        while let Some(rest) = round.step()? {
            if !goes_on(rest) {
                break;
            }
        }
        round.end()
    });
    match cleaned.and_then(|()| event_index::fill(&services.db, INDEXED)) {
        Ok(()) => {}
        Err(error @ StoreError::Unavailable(_)) => {
            tracing::warn!(%error, "expired rows were not deleted; the next try is soon");
        }
        Err(error) => tracing::error!(%error, "expired rows cannot be deleted"),
    }
}

fn write_left_out(services: &Services) {
    let events = services.event_limiter.take_left_out(services.clock.now());
    for (event, reason) in events {
        let written = services
            .db
            .write(|c| store::events::set_reason(c, event.seq, &reason));
        if let Err(error) = written {
            tracing::error!(%error, event.code, ?reason, "how many an event stands for was not written");
        }
    }
}
