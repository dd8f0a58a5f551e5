//! What flows hand over to be written together, and what the flow of this thread has done so far.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Connection, StoreError};

/// The most pieces in one transaction: bounds how long others wait for the writer.
const MOST: usize = 32;

pub(super) type Work = Box<dyn Fn(&mut Connection) -> Result<bool, StoreError> + Send + Sync>;

/// What one flow writes.
pub(super) struct Piece {
    pub(super) work: Work,
    pub(super) ended: OnceLock<Ended>,
}

#[derive(Debug, Clone)]
pub(super) enum Ended {
    Written,
    Undone,
    Failed(String),
}

impl Piece {
    pub(super) fn end(&self, ended: Ended) {
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

    pub(super) fn push(&self, piece: Arc<Piece>) {
        self.with(|waiting| waiting.push(piece));
    }

    pub(super) fn take(&self) -> Vec<Arc<Piece>> {
        self.with(|waiting| {
            let rest = waiting.split_off(waiting.len().min(MOST));
            std::mem::replace(waiting, rest)
        })
    }

    /// Takes one piece back. `false` when somebody else has it.
    pub(super) fn take_back(&self, piece: &Arc<Piece>) -> bool {
        self.with(|waiting| {
            let at = waiting.iter().position(|known| Arc::ptr_eq(known, piece));
            at.map(|at| waiting.remove(at)).is_some()
        })
    }
}

/// What the flow that this thread serves has done so far.
#[derive(Default)]
pub(super) struct Serving {
    pub(super) piece: Option<Arc<Piece>>,
    pub(super) was_busy: bool,
}

thread_local! {
    static SERVING: RefCell<Option<Serving>> = const { RefCell::new(None) };
}

/// Notes the piece that this thread's flow handed over.
pub(super) fn hand_over(piece: Arc<Piece>) {
    SERVING.with_borrow_mut(|serving| {
        if let Some(serving) = serving {
            debug_assert!(serving.piece.is_none(), "a flow submits once");
            serving.piece = Some(piece);
        }
    });
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
pub(super) fn observe<T>(flow: impl FnOnce() -> T) -> (T, Serving) {
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

/// Pieces taken from the queue: none stays without an end, whatever happens.
pub(super) struct Taken(pub(super) Vec<Arc<Piece>>);

impl Taken {
    pub(super) fn end(&mut self, ended: &Ended) {
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
