//! A database that goes away and comes back.

use avouch_server::store::{self, Address, Db, FlowEnd, StoreError};

use super::batches::run;
use super::postgres::Cluster;
use super::{Folder, open, write};

#[test]
fn postgresql_goes_away_and_comes_back_without_a_restart() {
    let cluster = Cluster::start();
    let db = open(&cluster.database());
    write(&db, |c| store::settings::put(c, "a", b"1")).expect("works");
    db.ready().expect("ready");

    cluster.stop();
    for _ in 0..2 {
        let error = db.ready().expect_err("it is away");
        assert!(error.is_unavailable(), "{error}");
        let error = write(&db, |c| store::settings::put(c, "a", b"2")).expect_err("it is away");
        assert!(error.is_unavailable(), "{error}");
    }

    cluster.start_again();
    db.ready().expect("ready again");
    let kept = db
        .read_one(|c| store::settings::get(c, "a"))
        .expect("reads");
    assert_eq!(kept.as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_restart_while_connections_idle_is_not_noticed() {
    let cluster = Cluster::start();
    let db = open(&cluster.database());
    write(&db, |c| store::settings::put(c, "a", b"1")).expect("works");
    for _ in 0..2 {
        cluster.stop();
        cluster.start_again();
        write(&db, |c| store::settings::put(c, "a", b"2")).expect("writes at once");
        cluster.stop();
        cluster.start_again();
        db.read(|c| store::settings::get(c, "a"))
            .expect("reads at once");
        cluster.stop();
        cluster.start_again();
        db.read_one(|c| store::settings::get(c, "a"))
            .expect("reads at once");
    }
}

#[test]
fn sqlite_goes_away_and_comes_back_without_a_restart() {
    let folder = Folder::new();
    let file = folder.0.join("here/a.sqlite");
    let away = folder.0.join("away");
    let address = Address::parse(&file.display().to_string()).expect("an address");
    address.prepare().expect("the folder is made");
    let db = open(&file.display().to_string());
    write(&db, |c| store::settings::put(c, "a", b"1")).expect("works");
    db.ready().expect("ready");

    std::fs::rename(folder.0.join("here"), &away).expect("moved away");
    let error = db.ready().expect_err("it is away");
    assert!(error.is_unavailable(), "{error}");

    std::fs::rename(&away, folder.0.join("here")).expect("moved back");
    db.ready().expect("ready again");
    let kept = db
        .read_one(|c| store::settings::get(c, "a"))
        .expect("reads");
    assert_eq!(kept.as_deref(), Some(&b"1"[..]));
}

/// The file alone is moved, and what lies beside it stays: a server that made the file anew would
/// throw away what the write-ahead log still holds.
#[test]
fn sqlite_makes_no_file_in_place_of_one_that_vanished() {
    let folder = Folder::new();
    let (file, away) = (folder.0.join("a.sqlite"), folder.0.join("away"));
    let db = open(&file.display().to_string());
    db.ready().expect("ready");
    write(&db, |c| store::settings::put(c, "a", b"1")).expect("works");
    std::fs::rename(&file, &away).expect("moved away");
    for _ in 0..2 {
        let error = db.ready().expect_err("it is away");
        assert!(error.is_unavailable(), "{error}");
        let refused = write(&db, |c| store::settings::put(c, "b", b"1"));
        assert!(refused.expect_err("away").is_unavailable());
    }
    assert!(!file.exists());
    std::fs::rename(&away, &file).expect("moved back");
    db.ready().expect("ready again");
    write(&db, |c| store::settings::put(c, "c", b"1")).expect("works again");
    // A connection that was on loan when the file went is not used again either.
    let begun = write(&db, |_| {
        std::fs::rename(&file, &away).expect("moved away");
        assert!(db.ready().expect_err("it is away").is_unavailable());
        Ok(())
    });
    begun.expect("it had begun before");
    let refused = write(&db, |c| store::settings::put(c, "b", b"1"));
    assert!(refused.expect_err("away").is_unavailable());
    std::fs::rename(&away, &file).expect("moved back");
    db.ready().expect("ready again");
    for (key, kept) in [("a", true), ("b", false), ("c", true)] {
        let found = db.read_one(|c| store::settings::get(c, key));
        assert_eq!(found.expect("reads").is_some(), kept, "{key}");
    }
}

/// Another process writes for a while: those who may wait do, and those who serve others meanwhile
/// are told at once.
#[test]
fn sqlite_waits_for_another_process_only_where_it_may() {
    let folder = Folder::new();
    let file = folder.0.join("a.sqlite").display().to_string();
    let (db, other) = (open(&file), open(&file));
    let (holds, held) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            other.write(|c| {
                store::settings::put(c, "a", b"1")?;
                holds.send(()).expect("somebody waits");
                let released = released.lock().expect("nobody else waits");
                released.recv().expect("somebody says when");
                Ok::<_, StoreError>(())
            })
        });
        held.recv().expect("it holds");
        // Both what writes at once and what hands over are to be run again where they may wait.
        let end = run(db.serve(|| {
            let done = write(&db, |c| store::settings::put(c, "b", b"1"));
            assert!(done.expect_err("busy").is_unavailable());
        }));
        assert!(matches!(end, FlowEnd::Again), "{end:?}");
        let end = run(db.serve(|| handed_over(&db, "b")));
        assert!(matches!(end, FlowEnd::Again), "{end:?}");
        let waiting = scope.spawn(|| write(&db, |c| store::settings::put(c, "c", b"1")));
        release.send(()).expect("it waits");
        waiting
            .join()
            .expect("no panic")
            .expect("written in the end");
    });
    let end = run(db.serve(|| handed_over(&db, "d")));
    assert!(matches!(end, FlowEnd::Ended(())), "{end:?}");
    for (key, kept) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        let found = db.read_one(|c| store::settings::get(c, key));
        assert_eq!(found.expect("reads").is_some(), kept, "{key}");
    }
}

fn handed_over(db: &Db, key: &'static str) {
    let done = db.submit(move |c| store::settings::put(c, key, b"1").map(Ok::<(), ()>));
    done.expect("handed over").expect("as expected");
}

#[test]
fn a_database_without_tables_is_told_apart_from_one_that_is_away() {
    let folder = Folder::new();
    let sqlite = folder.0.join("a.sqlite").display().to_string();
    for address in [sqlite, Cluster::shared().database()] {
        let address = Address::parse(&address).expect("an address");
        address.prepare().expect("an empty file");
        let db = Db::new(address, 1);
        let error = db.ready().expect_err("no tables");
        assert!(matches!(error, StoreError::Schema(_)), "{error}");
        assert!(error.to_string().contains("avouch migrate"));
    }
}

/// The log is copied while others write, and nothing is lost or written twice.
#[test]
fn sqlite_copies_its_log_while_others_write() {
    let folder = Folder::new();
    let file = folder.0.join("a.sqlite").display().to_string();
    let db = open(&file);
    const EACH: usize = 1_500;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let db = &db;
                scope.spawn(move || {
                    for n in 0..EACH {
                        let key = format!("{writer}-{n}");
                        write(db, |c| store::settings::get_or_set(c, &key, b"1")).expect("written");
                    }
                })
            })
            .collect();
        let copies = scope.spawn(|| {
            let mut copied = 0;
            while db.wait_for_writes(std::time::Duration::from_secs(60)) {
                db.checkpoint().expect("copied");
                copied += 1;
            }
            copied
        });
        for writer in writers {
            writer.join().expect("no panic");
        }
        db.stop_checkpoints();
        assert!(copies.join().expect("no panic") >= 1);
    });
    drop(db);
    let db = open(&file);
    for writer in 0..2 {
        for n in 0..EACH {
            let key = format!("{writer}-{n}");
            let found = db.read_one(|c| store::settings::get(c, &key));
            assert!(found.expect("reads").is_some(), "{key}");
        }
    }
}
