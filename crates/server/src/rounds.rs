//! How far the clean-up of this process has come, for whoever has to wait for it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often a node has cleaned up, and how long it rests in between.
#[derive(Debug)]
pub struct Rounds {
    /// From the end of one round to the next.
    pub rest: Duration,
    ended: Mutex<u64>,
    changed: Condvar,
}

impl Default for Rounds {
    fn default() -> Self {
        Self::resting(Duration::from_secs(60))
    }
}

impl Rounds {
    /// None has ended yet; `rest` lies between one and the next.
    pub fn resting(rest: Duration) -> Self {
        Self {
            rest,
            ended: Mutex::default(),
            changed: Condvar::default(),
        }
    }

    /// Waits until the first round since the start has ended, whether or not it could delete what had
    /// expired, but no longer than `most`. Answers whether it has.
    pub fn first(&self, most: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(ended, most, |ended| *ended == 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 > 0
    }

    /// Says that a round has ended.
    pub fn end_one(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }
}
