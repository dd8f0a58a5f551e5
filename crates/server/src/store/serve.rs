//! Sign-ons that share a commit.
//!
//! A commit costs SQLite about as much as the statements of a sign-on, however many of them it ends.
//! A flow that [`Db::serve`] runs therefore hands what it writes over as one piece of work
//! ([`Db::submit`]) and goes on as if it had been written. Once it has ended, whoever comes first
//! writes every piece that waits, those of other threads too, in one transaction. No answer leaves
//! before the commit.
//!
//! A piece that does not come out as its flow expected is undone, and its flow is run again where it
//! may wait for its own transaction ([`FlowEnd::Again`]): a replay, say, or a session that ended
//! between. That is rare, so the pieces need no savepoints: the transaction is rolled back, and the
//! others are written again.
//!
//! So a flow served here may run twice. Before it hands its piece over, it changes nothing but what
//! its second run finds done and goes on from.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;

use super::db::{self, Db, PATIENCE};
use super::pool::{Lent, Pool};
use super::{Connection, StoreError};

/// The most pieces in one transaction: bounds how long others wait for the writer.
const MOST: usize = 32;

/// What serving a flow came to.
#[derive(Debug)]
pub enum FlowEnd<T> {
    /// It ended with this, and what it wrote is committed.
    Ended(T),
    /// Run it again where waiting is allowed: nothing it handed over is written.
    Again,
    /// The commit failed; whether it wrote is not known, so it must not be run again.
    Failed(StoreError),
}

type Work = Box<dyn Fn(&mut Connection) -> Result<bool, StoreError> + Send + Sync>;

/// What one flow writes.
struct Piece {
    work: Work,
    ended: OnceLock<Ended>,
}

#[derive(Debug, Clone)]
enum Ended {
    Written,
    Undone,
    Failed(String),
}

impl Piece {
    fn end(&self, ended: Ended) {
        // Whoever took it from the queue ends it, so there is no second.
        let _ = self.ended.set(ended);
    }
}

/// The pieces that wait for whoever comes first.
#[derive(Default)]
pub(super) struct Queue(Mutex<Vec<Arc<Piece>>>);

impl Queue {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Arc<Piece>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, piece: Arc<Piece>) {
        self.with(|waiting| waiting.push(piece));
    }

    fn take(&self) -> Vec<Arc<Piece>> {
        self.with(|waiting| {
            let rest = waiting.split_off(waiting.len().min(MOST));
            std::mem::replace(waiting, rest)
        })
    }

    /// Takes one piece back. `false` when somebody else has it.
    fn take_back(&self, piece: &Arc<Piece>) -> bool {
        self.with(|waiting| {
            let at = waiting.iter().position(|known| Arc::ptr_eq(known, piece));
            at.map(|at| waiting.remove(at)).is_some()
        })
    }
}

/// What the flow that this thread serves has done so far.
#[derive(Default)]
struct Serving {
    piece: Option<Arc<Piece>>,
    was_busy: bool,
}

thread_local! {
    static SERVING: RefCell<Option<Serving>> = const { RefCell::new(None) };
}

/// Whether this thread serves others too, and must not wait long for the writer.
pub(super) fn is_serving() -> bool {
    SERVING.with_borrow(Option::is_some)
}

/// Notes that this thread would have had to wait.
pub(super) fn note_busy() {
    SERVING.with_borrow_mut(|serving| {
        if let Some(serving) = serving {
            serving.was_busy = true;
        }
    });
}

/// Runs `flow` and answers with what it did.
fn observe<T>(flow: impl FnOnce() -> T) -> (T, Serving) {
    /// Leaves the thread as it was found, should `flow` panic.
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            SERVING.take();
        }
    }
    SERVING.set(Some(Serving::default()));
    let inside = Inside;
    let value = flow();
    let did = SERVING.take().unwrap_or_default();
    drop(inside);
    (value, did)
}

impl Db {
    /// Runs `flow`, which does nothing slower than one signature, on a thread that serves others too,
    /// and has what it wrote committed together with what others wrote. On PostgreSQL it would wait
    /// for the network, so there it is never run here: [`FlowEnd::Again`].
    pub async fn serve<T>(&self, flow: impl FnOnce() -> T) -> FlowEnd<T> {
        let Some(writer) = &self.writer else {
            return FlowEnd::Again;
        };
        let (value, did) = observe(flow);
        let Some(piece) = did.piece else {
            return if did.was_busy {
                FlowEnd::Again
            } else {
                FlowEnd::Ended(value)
            };
        };
        // When the browser is gone the rest of this function never runs; nobody else might come.
        let submitted = Submitted {
            db: self,
            writer,
            piece,
        };
        // Whatever else is ready on this thread runs before, and adds its pieces.
        yield_once().await;
        match submitted.settle() {
            Ended::Written => FlowEnd::Ended(value),
            Ended::Undone => FlowEnd::Again,
            Ended::Failed(why) => {
                FlowEnd::Failed(StoreError::Unavailable(format!("the commit failed: {why}")))
            }
        }
    }

    /// Writes as [`Db::write`] does. In a flow that [`Db::serve`] runs, `work` is handed over instead
    /// and taken to have succeeded with `Ok(Ok(()))`; when it has not, the flow is run again. One flow
    /// submits once, as the last thing it does to the database.
    ///
    /// # Errors
    /// As [`Db::write`]; and what `work` answers.
    pub fn submit<E>(
        &self,
        work: impl Fn(&mut Connection) -> Result<Result<(), E>, StoreError> + Send + Sync + 'static,
    ) -> Result<Result<(), E>, StoreError> {
        if self.writer.is_none() || !is_serving() {
            return self
                .write(|c| match work(c) {
                    Ok(Ok(())) => Ok(Ok(())),
                    // Undone, as it would be if it had been handed over.
                    Ok(Err(why)) => Err(Declined::Expected(why)),
                    Err(error) => Err(Declined::Store(error)),
                })
                .or_else(|declined| match declined {
                    Declined::Expected(why) => Ok(Err(why)),
                    Declined::Store(error) => Err(error),
                });
        }
        let piece = Arc::new(Piece {
            work: Box::new(move |c| Ok(work(c)?.is_ok())),
            ended: OnceLock::new(),
        });
        self.queue.push(Arc::clone(&piece));
        SERVING.with_borrow_mut(|serving| {
            if let Some(serving) = serving {
                debug_assert!(serving.piece.is_none(), "a flow submits once");
                serving.piece = Some(piece);
            }
        });
        Ok(Ok(()))
    }

    /// Writes the pieces that wait, in one transaction, on the writer.
    fn write_pieces(&self, mut lent: Lent<'_>) {
        let mut pieces = Taken(self.queue.take());
        while !pieces.0.is_empty() {
            if db::begin_sql(&mut lent, db::BEGIN_WRITING, "BEGIN").is_err() {
                // Another process writes, or the file is gone: where waiting is allowed, that is told
                // apart.
                pieces.end(&Ended::Undone);
                break;
            }
            let mut panicked = false;
            let unexpected = pieces.0.iter().position(|piece| {
                let done = catch_unwind(AssertUnwindSafe(|| (piece.work)(&mut lent)));
                panicked = done.is_err();
                !matches!(done, Ok(Ok(true)))
            });
            if let Some(at) = unexpected {
                pieces.0.remove(at).end(Ended::Undone);
                if panicked {
                    // Nobody knows what state the connection is in: closed, it has written nothing.
                    pieces.end(&Ended::Undone);
                    return;
                }
                if db::roll_back(&mut lent).is_err() {
                    pieces.end(&Ended::Undone);
                }
                continue;
            }
            match db::commit(&mut lent) {
                Ok(()) => {
                    self.written.add(pieces.0.len() as u64);
                    pieces.end(&Ended::Written);
                }
                Err(error) => pieces.end(&Ended::Failed(error.to_string())),
            }
        }
        db::give_back(lent);
    }
}

enum Declined<E> {
    Expected(E),
    Store(StoreError),
}

impl<E> From<StoreError> for Declined<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A piece that its flow handed over: seen to its end even when nobody waits for it any more.
struct Submitted<'d> {
    db: &'d Db,
    writer: &'d Pool,
    piece: Arc<Piece>,
}

impl Submitted<'_> {
    fn settle(&self) -> Ended {
        loop {
            if let Some(ended) = self.piece.ended.get() {
                return ended.clone();
            }
            match self.writer.lend_within(PATIENCE) {
                // Nobody else has it: they would have the writer.
                Ok(lent) if self.piece.ended.get().is_none() => self.db.write_pieces(lent),
                Ok(lent) => lent.keep(),
                Err(_) if self.db.queue.take_back(&self.piece) => self.piece.end(Ended::Undone),
                // It is being written.
                Err(_) => {}
            }
        }
    }
}

impl Drop for Submitted<'_> {
    fn drop(&mut self) {
        self.settle();
    }
}

/// Pieces taken from the queue: none stays without an end, whatever happens.
struct Taken(Vec<Arc<Piece>>);

impl Taken {
    fn end(&mut self, ended: &Ended) {
        for piece in self.0.drain(..) {
            piece.end(ended.clone());
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.end(&Ended::Failed("its connection was lost".to_owned()));
    }
}

/// Lets whatever else is ready on this thread run first.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
