//! A few open connections, lent out newest first.
//!
//! Written here rather than taken from r2d2, which connects in background threads: a request that
//! meets a stopped database would wait for the pool's whole timeout, where connecting in the
//! request itself fails at once, gives the reason, and is tried anew by the next request.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::result::DatabaseErrorKind;

use super::Connection;
use super::error::{StoreError, is_locked, is_lost};

type Connect = Box<dyn Fn() -> Result<Opened, StoreError> + Send + Sync>;

/// A connection, and what was seen of it.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) health: Arc<SharedHealth>,
}

/// What the last failed statement on a connection means for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// Nothing.
    Sound,
    /// The transaction lost a race and may be tried again.
    Raced,
    /// The other side is gone.
    Lost,
}

/// Health as the connection's instrumentation writes it. The caller's own error type hides which
/// statement failed and how, so it is noted where it happens.
#[derive(Default)]
pub(super) struct SharedHealth(AtomicU8);

impl SharedHealth {
    /// Looks at the error of a statement. A file that is locked is none of the connection's faults.
    pub(super) fn note(&self, error: &diesel::result::Error) {
        if is_locked(error) {
            return;
        }
        let health = match error {
            diesel::result::Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => 1,
            diesel::result::Error::DatabaseError(_, info)
                if info.message().contains("deadlock detected") =>
            {
                1
            }
            other if is_lost(other) => 2,
            _ => return,
        };
        self.0.fetch_max(health, Ordering::Relaxed);
    }

    fn take(&self) -> Health {
        match self.0.swap(0, Ordering::Relaxed) {
            0 => Health::Sound,
            1 => Health::Raced,
            _ => Health::Lost,
        }
    }
}

/// How long a request waits for another to give its connection back, or another process to end what
/// it writes.
pub(super) const WAIT: Duration = Duration::from_secs(5);

/// Connections to one database, at most `size` of them.
pub(super) struct Pool {
    connect: Connect,
    size: usize,
    inside: Mutex<Inside>,
    returned: Condvar,
}

struct Inside {
    idle: Vec<Opened>,
    open: usize,
    // Connections lent before this changed are closed when they come back.
    age: u64,
    // How many wait for one to come back: waking nobody is a call of the system's all the same.
    waiting: usize,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(size: usize, connect: Connect) -> Self {
        Self {
            connect,
            size: size.max(1),
            inside: Mutex::new(Inside {
                idle: Vec::new(),
                open: 0,
                age: 0,
                waiting: 0,
            }),
            returned: Condvar::new(),
        }
    }

    /// Lends a connection that was used before, if one is idle.
    pub(super) fn lend_idle(&self) -> Option<Lent<'_>> {
        let mut inside = self.lock();
        let opened = inside.idle.pop()?;
        Some(self.lent(opened, inside.age, true))
    }

    /// Lends a connection: an idle one, or a new one, or the next to come back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the database cannot be connected to, or every connection was
    /// busy for five seconds.
    pub(super) fn lend(&self) -> Result<Lent<'_>, StoreError> {
        self.lend_within(WAIT)
    }

    /// [`Pool::lend`] for those who must not wait that long.
    ///
    /// # Errors
    /// As [`Pool::lend`].
    pub(super) fn lend_within(&self, wait: Duration) -> Result<Lent<'_>, StoreError> {
        let deadline = Instant::now() + wait;
        let mut inside = self.lock();
        loop {
            if let Some(opened) = inside.idle.pop() {
                return Ok(self.lent(opened, inside.age, true));
            }
            if inside.open < self.size {
                inside.open += 1;
                let age = inside.age;
                drop(inside);
                return match (self.connect)() {
                    Ok(opened) => Ok(self.lent(opened, age, false)),
                    Err(error) => {
                        self.lock().open -= 1;
                        self.returned.notify_one();
                        Err(error)
                    }
                };
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Unavailable(format!(
                    "all {} connections were busy for {} ms",
                    self.size,
                    wait.as_millis()
                )));
            }
            inside.waiting += 1;
            inside = self
                .returned
                .wait_timeout(inside, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            inside.waiting -= 1;
        }
    }

    /// Closes the idle connections now and those on loan when they come back, so that the next ones
    /// are new.
    pub(super) fn forget_all(&self) {
        self.lock().age += 1;
        self.forget_idle();
    }

    /// Closes the idle connections, so that the next ones are new.
    pub(super) fn forget_idle(&self) {
        let mut inside = self.lock();
        let idle = std::mem::take(&mut inside.idle);
        inside.open -= idle.len();
        drop(inside);
        self.returned.notify_all();
        drop(idle);
    }

    fn lent(&self, opened: Opened, age: u64, used_before: bool) -> Lent<'_> {
        Lent {
            pool: self,
            opened: Some(opened),
            age,
            used_before,
            keep: false,
        }
    }

    // A panic while the lock is held leaves the counts right: nothing between two changes panics.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan. Dropped without [`Lent::keep`], it is closed: after an error or a panic
/// nobody knows what state it is in.
pub(super) struct Lent<'a> {
    pool: &'a Pool,
    opened: Option<Opened>,
    age: u64,
    used_before: bool,
    keep: bool,
}

const PRESENT: &str = "a connection on loan is present until dropped";

impl Lent<'_> {
    /// Whether it stood idle in the pool, and so may have been cut off since.
    pub(super) fn used_before(&self) -> bool {
        self.used_before
    }

    /// What was seen of the connection since it was lent or last asked.
    pub(super) fn health(&self) -> Health {
        self.opened.as_ref().expect(PRESENT).health.take()
    }

    /// Gives the connection back in good order.
    pub(super) fn keep(mut self) {
        self.keep = true;
    }
}

impl Deref for Lent<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.opened.as_ref().expect(PRESENT).connection
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.opened.as_mut().expect(PRESENT).connection
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let opened = self.opened.take();
        let mut inside = self.pool.lock();
        let awaited = inside.waiting > 0;
        match opened {
            Some(opened) if self.keep && self.age == inside.age => {
                inside.idle.push(opened);
                drop(inside);
            }
            // Closing may talk to the network: not under the lock.
            opened => {
                inside.open -= 1;
                drop(inside);
                drop(opened);
            }
        }
        if awaited {
            self.pool.returned.notify_one();
        }
    }
}
