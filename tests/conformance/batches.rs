//! What writes that share a commit promise.

use avouch_server::store::{self, Db, StoreError};

use super::{Folder, on_each_database, open, write};

fn put(db: &Db, key: &str) -> Result<(), StoreError> {
    write(db, |c| store::settings::put(c, key, b"1"))
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

#[test]
fn what_is_committed_is_there_on_each_database() {
    on_each_database(|db| {
        let (done, written) = db.together(|| put(db, "a"));
        done.expect("written");
        db.commit(written).expect("committed");
        assert!(seen(db, "a"));
        // Nothing written, nothing to commit.
        let ((), written) = db.together(|| ());
        assert!(written.is_empty());
        db.commit(written).expect("nothing");
    });
}

#[test]
fn sqlite_writers_of_one_turn_share_a_commit() {
    on_sqlite(|db| {
        let before = db.statements();
        let (_, first) = db.together(|| put(db, "a").expect("written"));
        let (_, second) = std::thread::scope(|scope| {
            let other = scope.spawn(|| db.together(|| put(db, "b").expect("written")));
            other.join().expect("no panic")
        });
        assert!(!seen(db, "a") && !seen(db, "b"), "nothing is out yet");
        db.commit(second).expect("committed");
        assert!(seen(db, "a") && seen(db, "b"), "one commit for both");
        let after_both = db.statements();
        db.commit(first).expect("committed before");
        assert_eq!(db.statements(), after_both, "nothing left to do");
        // BEGIN; a setting; SAVEPOINT, another, RELEASE; COMMIT.
        assert_eq!(after_both - before, 6);
    });
}

#[test]
fn sqlite_undoes_one_writer_and_keeps_the_others() {
    on_sqlite(|db| {
        let (_, first) = db.together(|| put(db, "a").expect("written"));
        let (refused, second) = db.together(|| {
            write(db, |c| {
                store::settings::put(c, "b", b"1")?;
                Err::<(), _>(StoreError::Unavailable("on purpose".to_owned()))
            })
        });
        assert!(refused.is_err() && second.is_empty());
        let (_, third) = db.together(|| put(db, "c").expect("written"));
        db.commit(first).expect("committed");
        db.commit(third).expect("committed");
        assert!(seen(db, "a") && !seen(db, "b") && seen(db, "c"));
        // The first of a turn is undone with the transaction it began.
        let (refused, _) = db.together(|| {
            write(db, |_| {
                Err::<(), _>(StoreError::Unavailable("on purpose".to_owned()))
            })
        });
        assert!(refused.is_err());
        put(db, "d").expect("the next goes on");
        assert!(seen(db, "d"));
    });
}

#[test]
fn sqlite_commits_what_is_open_before_anybody_writes_alone() {
    on_sqlite(|db| {
        let (_, written) = db.together(|| put(db, "a").expect("written"));
        let found = db.read_one(|c| store::settings::get(c, "a"));
        assert!(found.expect("reads").is_some(), "those inside see it");
        put(db, "b").expect("written alone");
        assert!(seen(db, "a") && seen(db, "b"));
        db.commit(written).expect("committed before");
    });
}

#[test]
fn sqlite_commits_by_itself_when_many_have_joined() {
    on_sqlite(|db| {
        let all: Vec<_> = (0..16)
            .map(|n| {
                let key = format!("k{n}");
                let ((), written) = db.together(|| put(db, &key).expect("written"));
                assert_eq!(seen(db, &key), n == 15, "{key}");
                written
            })
            .collect();
        for written in all {
            db.commit(written).expect("committed before");
        }
    });
}

/// A panic may leave the connection in any state, so it is closed, and those that had joined are
/// told, since nothing of theirs was answered yet.
#[test]
fn sqlite_loses_a_turn_in_which_one_panics_and_says_so() {
    on_sqlite(|db| {
        let (_, first) = db.together(|| put(db, "a").expect("written"));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = db.together(|| {
                write(db, |c| {
                    store::settings::put(c, "b", b"1")?;
                    assert_eq!(1, 2, "on purpose");
                    Ok(())
                })
            });
        }));
        assert!(panicked.is_err());
        db.commit(first).expect_err("lost");
        put(db, "c").expect("written alone, and at once");
        let (_, written) = db.together(|| put(db, "d").expect("written"));
        db.commit(written).expect("goes on");
        assert!(!seen(db, "a") && !seen(db, "b") && seen(db, "c") && seen(db, "d"));
    });
}
