//! Commits that sign-ons share.
//!
//! A commit costs SQLite about as much as the statements of a sign-on, however many of them it
//! ends. Sign-ons that are answered by the same turn of a server's thread therefore write into one
//! transaction, each undone alone when it fails, and none is answered before the commit
//! ([`Db::together`](super::Db::together), [`Db::commit`](super::Db::commit)). The transaction stays
//! open while the others of that turn are signed. No sign-on waits for that, since it joins; another
//! process that wants to write waits some milliseconds, which SQLite's busy handler sees to.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

/// The most that may join one transaction: bounds how long it stays open.
pub(super) const MOST_JOINED: usize = 16;

/// One transaction that several writes share. Its end is told once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    ended: OnceLock<Result<(), String>>,
}

impl Batch {
    /// Tells whoever waits how it ended.
    pub(super) fn end(&self, outcome: Result<(), String>) {
        // Whoever holds the connection ends it, so there is no second.
        let _ = self.ended.set(outcome);
    }

    /// How it ended; `None` while it is open, and for good when its connection was lost.
    pub(super) fn outcome(&self) -> Option<&Result<(), String>> {
        self.ended.get()
    }
}

/// A transaction that is open on a connection, and how many writes have joined it.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) batch: Arc<Batch>,
    pub(super) joined: usize,
}

/// What is written, and committed only once [`Db::commit`](super::Db::commit) says so.
#[must_use = "nothing is certain before the commit"]
#[derive(Debug, Default)]
pub struct Uncommitted {
    pub(super) batches: Vec<Arc<Batch>>,
    was_busy: bool,
}

impl Uncommitted {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Whether something was not written because another process writes: do it again where waiting
    /// is allowed.
    pub fn was_busy(&self) -> bool {
        self.was_busy
    }
}

thread_local! {
    /// What this thread has written so far, while it is inside [`collect`].
    static WRITTEN: RefCell<Option<Uncommitted>> = const { RefCell::new(None) };
}

/// Runs `work` and answers with what it joined.
pub(super) fn collect<T>(work: impl FnOnce() -> T) -> (T, Uncommitted) {
    /// Leaves the thread as it was found, should `work` panic.
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            WRITTEN.take();
        }
    }
    WRITTEN.set(Some(Uncommitted::default()));
    let inside = Inside;
    let done = work();
    let written = WRITTEN.take().unwrap_or_default();
    drop(inside);
    (done, written)
}

/// Whether this thread is inside [`collect`].
pub(super) fn is_collecting() -> bool {
    WRITTEN.with_borrow(Option::is_some)
}

/// Notes a batch that this thread joined.
pub(super) fn note(batch: &Arc<Batch>) {
    WRITTEN.with_borrow_mut(|written| {
        if let Some(Uncommitted { batches, .. }) = written
            && !batches.iter().any(|known| Arc::ptr_eq(known, batch))
        {
            batches.push(Arc::clone(batch));
        }
    });
}

/// Notes that this thread would have had to wait.
pub(super) fn note_busy() {
    WRITTEN.with_borrow_mut(|written| {
        if let Some(written) = written {
            written.was_busy = true;
        }
    });
}
