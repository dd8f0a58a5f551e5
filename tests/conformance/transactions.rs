//! What a transaction promises.

use std::sync::Barrier;

use avouch_server::store::state::Kind;
use avouch_server::store::{self, Connection, StoreError};

use super::{on_each_database, write};

#[derive(Debug, PartialEq)]
enum Refused {
    ByTheCaller,
    Store,
}

impl From<StoreError> for Refused {
    fn from(_: StoreError) -> Self {
        Self::Store
    }
}

#[test]
fn ok_is_kept_and_err_is_undone() {
    on_each_database(|db| {
        let refused = db.write(|c| {
            store::settings::put(c, "a", b"1")?;
            Err::<(), _>(Refused::ByTheCaller)
        });
        assert_eq!(refused, Err(Refused::ByTheCaller));
        let get = |key: &str| {
            db.read_one(|c| store::settings::get(c, key))
                .expect("reads")
        };
        assert_eq!(get("a"), None);
        // A refusal that must leave its trace is an Ok of the transaction.
        let noted: Result<Result<(), Refused>, StoreError> = db.write(|c| {
            store::settings::put(c, "a", b"1")?;
            Ok(Err(Refused::ByTheCaller))
        });
        assert_eq!(noted.expect("kept"), Err(Refused::ByTheCaller));
        assert_eq!(get("a").as_deref(), Some(&b"1"[..]));
    });
}

#[test]
fn a_panic_undoes_and_the_next_transaction_goes_on() {
    on_each_database(|db| {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            db.write(|c| {
                store::settings::put(c, "a", b"1")?;
                assert_eq!(1, 2, "on purpose");
                Ok::<_, StoreError>(())
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(
            db.read_one(|c| store::settings::get(c, "a"))
                .expect("reads"),
            None
        );
        write(db, |c| store::settings::put(c, "a", b"2")).expect("goes on");
    });
}

#[test]
fn no_change_is_lost_when_many_write_at_once() {
    const WRITERS: usize = 6;
    const TIMES: i64 = 10;
    on_each_database(|db| {
        let before = db.read_one(version).expect("version");
        let barrier = Barrier::new(WRITERS);
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| {
                    barrier.wait();
                    for _ in 0..TIMES {
                        write(db, bump).expect("bumps");
                    }
                });
            }
        });
        let after = db.read_one(version).expect("version");
        assert_eq!(after - before, TIMES * i64::try_from(WRITERS).expect("few"));
    });
}

#[test]
fn a_reader_sees_one_state_while_others_write() {
    on_each_database(|db| {
        let (first, second) = db
            .read(|c| {
                let first = version(c)?;
                std::thread::scope(|scope| {
                    scope.spawn(|| write(db, bump).expect("bumps"));
                });
                Ok::<_, StoreError>((first, version(c)?))
            })
            .expect("reads");
        assert_eq!(first, second);
        assert!(db.read_one(version).expect("version") > second);
    });
}

fn version(c: &mut Connection) -> Result<i64, StoreError> {
    Ok(store::state::versions(c)?.apps)
}

fn bump(c: &mut Connection) -> Result<(), StoreError> {
    store::state::bump(c, Kind::Apps)
}

/// What administrators change is on the disk before it is answered; a sign-on does not wait for it.
#[test]
fn hardening_10_a_durable_write_waits_for_the_disk_and_others_do_not() {
    use diesel::sql_types::Integer;
    use diesel::{QueryableByName, RunQueryDsl as _};

    #[derive(QueryableByName)]
    struct Level {
        #[diesel(sql_type = Integer)]
        synchronous: i32,
    }
    on_each_database(|db| {
        let level = |c: &mut Connection| match c {
            Connection::Sqlite(c) => {
                let found: Level = diesel::sql_query("PRAGMA synchronous").get_result(c)?;
                Ok::<_, StoreError>(Some(found.synchronous))
            }
            // Its own default; nothing is said to it.
            Connection::Postgres(_) => Ok(None),
        };
        let is_sqlite = db.write(level).expect("read").is_some();
        let wanted = |level| Some(level).filter(|_| is_sqlite);
        // FULL is 2, NORMAL is 1.
        for _ in 0..2 {
            assert_eq!(db.write_durably(level).expect("read"), wanted(2));
            assert_eq!(db.write(level).expect("read"), wanted(1));
        }
        // Also after one that was undone.
        let undone = db.write_durably(|c| {
            store::settings::put(c, "undone", b"1")?;
            Err::<(), _>(Refused::ByTheCaller)
        });
        assert_eq!(undone, Err(Refused::ByTheCaller));
        assert_eq!(db.write(level).expect("read"), wanted(1));
    });
}
