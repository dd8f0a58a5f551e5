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

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use super::db::{self, Db};
use super::pieces::{self, Ended, Piece, Taken, is_serving, observe};
use super::pool::{Lent, Pool};
use super::{Connection, StoreError};

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
        pieces::hand_over(piece);
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
            // Another thread of ours gives it back soon; for another process `write_pieces` waits.
            match self.writer.lend() {
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
