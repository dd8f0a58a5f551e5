//! A database that goes away and comes back.

use avouch_server::store::{self, Address, Db, StoreError};

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

#[test]
fn a_database_without_tables_is_told_apart_from_one_that_is_away() {
    let folder = Folder::new();
    let sqlite = folder.0.join("a.sqlite").display().to_string();
    for address in [sqlite, Cluster::shared().database()] {
        let db = Db::new(Address::parse(&address).expect("an address"), 1);
        let error = db.ready().expect_err("no tables");
        assert!(matches!(error, StoreError::Schema(_)), "{error}");
        assert!(error.to_string().contains("avouch migrate"));
    }
}
