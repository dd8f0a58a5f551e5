//! Copying what SQLite's write-ahead log holds back into the file, away from those who write.
//!
//! Left to itself, SQLite copies some thousand pages in whichever commit makes the log that long, and
//! every sign-on that shares this commit or waits for the writer waits for the disk too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::{Connection, Db, StoreError};

/// After so many writes: often enough to keep the log short, seldom enough that the pages which every
/// sign-on touches are not copied after each.
const WRITES: u64 = 2_000;

/// A log of so many pages that cannot begin anew, because it grows while it is copied, is copied to
/// its end while nobody writes.
const LONG: i32 = 4_000;

/// Counts writes, and wakes who copies.
#[derive(Default)]
pub(super) struct Written {
    since: AtomicU64,
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Written {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts so many more.
    pub(super) fn add(&self, count: u64) {
        let before = self.since.fetch_add(count, Ordering::Relaxed);
        if before < WRITES && before + count >= WRITES {
            drop(self.lock());
            self.changed.notify_all();
        }
    }
}

/// How far a log was copied.
#[derive(QueryableByName)]
struct Copied {
    #[diesel(sql_type = Integer)]
    log: i32,
    #[diesel(sql_type = Integer)]
    checkpointed: i32,
}

fn copy(c: &mut Connection) -> Result<Copied, StoreError> {
    Ok(diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(c)?)
}

impl Db {
    /// Waits until there is enough in the log to be copied, but no longer than `most`. Answers `false`
    /// once [`Db::stop_checkpoints`] was called.
    pub fn wait_for_writes(&self, most: Duration) -> bool {
        let enough = || self.written.since.load(Ordering::Relaxed) >= WRITES;
        let waited =
            self.written
                .changed
                .wait_timeout_while(self.written.lock(), most, |stopped| !*stopped && !enough());
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Ends [`Db::wait_for_writes`] for good.
    pub fn stop_checkpoints(&self) {
        *self.written.lock() = true;
        self.written.changed.notify_all();
    }

    /// Copies what the log holds, if there is anything. Keeps nobody from writing, but for a moment at
    /// the end when the log would grow without end.
    ///
    /// # Errors
    /// The database. Nothing is lost: the next commit or checkpoint copies the same.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let Some(writer) = &self.writer else {
            return Ok(());
        };
        if self.written.since.swap(0, Ordering::Relaxed) == 0 {
            return Ok(());
        }
        let copied = self.read_apart(copy)?;
        if copied.checkpointed < copied.log && copied.log >= LONG {
            let mut lent = writer.lend()?;
            copy(&mut lent)?;
            lent.keep();
        }
        Ok(())
    }
}
