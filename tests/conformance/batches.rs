//! What writes that share a commit promise.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use avouch_server::store::{self, Connection, Db, FlowEnd, StoreError};

use super::{Folder, on_each_database, open, write};

fn put(db: &Db, key: &str) -> Result<(), StoreError> {
    write(db, |c| store::settings::put(c, key, b"1"))
}

/// What a flow hands over: a value under `key`, and `Err` when it is not `expected`.
fn submit(db: &Db, key: &'static str, expected: bool) -> Result<Result<(), ()>, StoreError> {
    db.submit(move |c: &mut Connection| {
        store::settings::put(c, key, b"1")?;
        Ok(if expected { Ok(()) } else { Err(()) })
    })
}

/// Whether another connection sees it: one that has no part in what is open here.
fn seen(db: &Db, key: &str) -> bool {
    let other = Db::new(db.address().clone(), 1);
    let found = other.read_one(|c| store::settings::get(c, key));
    found.expect("reads").is_some()
}

fn on_sqlite(test: impl Fn(&Db)) {
    let folder = Folder::new();
    let address = format!("sqlite:{}", folder.0.join("a.sqlite").display());
    test(&open(&address));
}

/// Goes one step on: the first runs the flow, the second commits.
fn step<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Until its end, as a thread does that has nothing else to do.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = step(future.as_mut()) {
            return value;
        }
    }
}

#[test]
fn what_a_flow_hands_over_is_committed_before_it_ends() {
    on_each_database(|db| {
        let mut runs = 0;
        let end = run(db.serve(|| {
            runs += 1;
            submit(db, "a", true)
        }));
        match end {
            FlowEnd::Ended(done) => done.expect("written").expect("as expected"),
            // Not on PostgreSQL: it is to be run where it may wait.
            FlowEnd::Again if runs == 0 => {
                submit(db, "a", true)
                    .expect("written")
                    .expect("as expected");
            }
            other => panic!("{other:?}"),
        }
        assert!(seen(db, "a"));
        // Nothing handed over, nothing to commit.
        let before = db.statements();
        let end = run(db.serve(|| 17));
        assert!(matches!(end, FlowEnd::Ended(17) | FlowEnd::Again));
        assert_eq!(db.statements(), before);
    });
}

#[test]
fn what_is_written_alone_is_told_as_it_came_out() {
    on_each_database(|db| {
        assert_eq!(submit(db, "a", false).expect("answers"), Err(()));
        assert!(!seen(db, "a"), "and undone");
        let failed = db.submit(|c| {
            store::settings::put(c, "b", b"1")?;
            Err::<Result<(), ()>, _>(StoreError::Unavailable("on purpose".to_owned()))
        });
        assert!(failed.expect_err("failed").is_unavailable());
        assert!(!seen(db, "b"));
        assert_eq!(submit(db, "c", true).expect("answers"), Ok(()));
        assert!(seen(db, "c"));
    });
}

#[test]
fn sqlite_flows_of_one_turn_share_a_commit() {
    on_sqlite(|db| {
        let before = db.statements();
        let mut first = pin!(db.serve(|| submit(db, "a", true)));
        assert!(step(first.as_mut()).is_pending());
        let mut second = Box::pin(db.serve(|| submit(db, "b", true)));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| step(second.as_mut()).is_pending());
            assert!(other.join().expect("no panic"));
        });
        assert!(!seen(db, "a") && !seen(db, "b"), "nothing is out yet");
        assert!(matches!(
            step(second.as_mut()),
            Poll::Ready(FlowEnd::Ended(_))
        ));
        assert!(seen(db, "a") && seen(db, "b"), "one commit for both");
        let after_both = db.statements();
        assert!(matches!(
            step(first.as_mut()),
            Poll::Ready(FlowEnd::Ended(_))
        ));
        assert_eq!(db.statements(), after_both, "nothing left to do");
        // BEGIN; twice a setting; COMMIT.
        assert_eq!(after_both - before, 4);
    });
}

#[test]
fn sqlite_undoes_what_came_out_otherwise_and_keeps_the_rest() {
    on_sqlite(|db| {
        let fails = || {
            db.submit(|c| {
                store::settings::put(c, "d", b"1")?;
                Err::<Result<(), ()>, _>(StoreError::Unavailable("on purpose".to_owned()))
            })
        };
        let mut first = pin!(db.serve(|| submit(db, "a", true)));
        let mut second = pin!(db.serve(|| submit(db, "b", false)));
        let mut third = pin!(db.serve(|| submit(db, "c", true)));
        let mut fourth = pin!(db.serve(fails));
        assert!(step(first.as_mut()).is_pending());
        assert!(step(second.as_mut()).is_pending());
        assert!(step(third.as_mut()).is_pending());
        assert!(step(fourth.as_mut()).is_pending());
        assert!(matches!(
            step(third),
            Poll::Ready(FlowEnd::Ended(Ok(Ok(()))))
        ));
        assert!(matches!(step(second), Poll::Ready(FlowEnd::Again)));
        assert!(matches!(
            step(first),
            Poll::Ready(FlowEnd::Ended(Ok(Ok(()))))
        ));
        assert!(matches!(step(fourth), Poll::Ready(FlowEnd::Again)));
        assert!(seen(db, "a") && !seen(db, "b") && seen(db, "c") && !seen(db, "d"));
    });
}

#[test]
fn sqlite_writes_alone_beside_what_waits() {
    on_sqlite(|db| {
        let mut waits = pin!(db.serve(|| submit(db, "a", true)));
        assert!(step(waits.as_mut()).is_pending());
        put(db, "b").expect("written alone");
        assert!(!seen(db, "a") && seen(db, "b"));
        assert!(matches!(step(waits), Poll::Ready(FlowEnd::Ended(_))));
        assert!(seen(db, "a"));
    });
}

#[test]
fn sqlite_writes_many_in_several_transactions() {
    on_sqlite(|db| {
        const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];
        let before = db.statements();
        let mut all: Vec<_> = (0..80)
            .map(|n| Box::pin(db.serve(move || submit(db, KEYS[n % KEYS.len()], true))))
            .collect();
        for flow in &mut all {
            assert!(step(flow.as_mut()).is_pending());
        }
        for flow in &mut all {
            assert!(matches!(
                step(flow.as_mut()),
                Poll::Ready(FlowEnd::Ended(_))
            ));
        }
        // Thirty-two at a time.
        assert_eq!(db.statements() - before, 80 + 3 * 2);
    });
}

/// A browser that is gone keeps nobody's event from being written.
#[test]
fn sqlite_writes_what_nobody_waits_for() {
    on_sqlite(|db| {
        let mut flow = Box::pin(db.serve(|| submit(db, "a", true)));
        assert!(step(flow.as_mut()).is_pending());
        assert!(!seen(db, "a"));
        drop(flow);
        assert!(seen(db, "a"));
    });
}

/// A panic may leave the connection in any state, so it is closed, and those that shared it are run
/// again.
#[test]
fn sqlite_runs_a_turn_again_in_which_one_panics() {
    on_sqlite(|db| {
        let panics = || {
            db.submit(|c| {
                store::settings::put(c, "b", b"1")?;
                assert_eq!(1, 2, "on purpose");
                Ok(Ok::<(), ()>(()))
            })
        };
        let mut first = pin!(db.serve(|| submit(db, "a", true)));
        let mut second = pin!(db.serve(panics));
        assert!(step(first.as_mut()).is_pending());
        assert!(step(second.as_mut()).is_pending());
        assert!(matches!(step(first), Poll::Ready(FlowEnd::Again)));
        assert!(matches!(step(second), Poll::Ready(FlowEnd::Again)));
        put(db, "c").expect("written alone, and at once");
        let end = run(db.serve(|| submit(db, "d", true)));
        assert!(matches!(end, FlowEnd::Ended(_)));
        assert!(!seen(db, "a") && !seen(db, "b") && seen(db, "c") && seen(db, "d"));
    });
}
