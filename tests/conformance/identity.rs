//! Settings, keys, counts of failed logins.

use avouch_server::store;
use avouch_server::store::keys::KeyRow;
use avouch_server::store::throttle::Failures;

use super::{NOW, on_each_database, write};

#[test]
fn a_setting_made_on_two_nodes_is_one_setting() {
    on_each_database(|db| {
        let make = |value: &[u8]| {
            write(db, |c| store::settings::get_or_set(c, "salt", value)).expect("answers")
        };
        assert_eq!(make(b"first"), b"first");
        assert_eq!(make(b"second"), b"first");
        write(db, |c| store::settings::put(c, "salt", b"\0\xff")).expect("puts");
        let now = db
            .read_one(|c| store::settings::get(c, "salt"))
            .expect("reads");
        assert_eq!(now.as_deref(), Some(&b"\0\xff"[..]));
        assert!(
            db.read_one(|c| store::settings::get(c, "other"))
                .expect("reads")
                .is_none()
        );
    });
}

#[test]
fn a_key_moves_from_state_to_state() {
    on_each_database(|db| {
        let row = KeyRow {
            id: "k1".to_owned(),
            purpose: "signing".to_owned(),
            algorithm: "ec-p256".to_owned(),
            private_key: vec![0, 255],
            certificate: vec![48],
            state: "next".to_owned(),
            created_at: NOW.millis(),
        };
        write(db, |c| store::keys::insert(c, &row)).expect("stored");
        let versions = || db.read_one(store::state::versions).expect("versions");
        let before = versions();
        assert!(write(db, |c| store::keys::set_state(c, "k1", "active")).expect("sets"));
        assert!(!write(db, |c| store::keys::set_state(c, "k2", "active")).expect("none"));
        let after = versions();
        assert!(after.keys > before.keys);
        assert_eq!((after.apps, after.profiles), (before.apps, before.profiles));
        let rows = db.read_one(store::keys::all).expect("reads");
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].state.as_str(), &rows[0].private_key),
            ("active", &row.private_key)
        );
    });
}

#[test]
fn failures_are_counted_replaced_and_forgotten() {
    on_each_database(|db| {
        let get = || {
            db.read_one(|c| store::throttle::get(c, "account:x"))
                .expect("reads")
        };
        assert_eq!(get(), None);
        for count in 1..=2 {
            let failures = Failures {
                count,
                since: NOW,
                blocked_until: NOW.plus_seconds(count),
            };
            write(db, |c| store::throttle::put(c, "account:x", &failures)).expect("puts");
            assert_eq!(get(), Some(failures));
        }
        write(db, |c| store::throttle::clear(c, "account:x")).expect("clears");
        assert_eq!(get(), None);
    });
}

/// Proves AV-SEC-65 for the store: guesses at the same instant are all counted.
#[test]
fn av_sec_65_failures_at_the_same_instant_are_all_counted() {
    const GUESSES: i64 = 6;
    on_each_database(|db| {
        std::thread::scope(|scope| {
            for _ in 0..GUESSES {
                scope.spawn(|| {
                    write(db, |c| {
                        store::throttle::lock(c, "account:x")?;
                        let before = store::throttle::get(c, "account:x")?;
                        let failures = Failures {
                            count: before.map_or(0, |f| f.count) + 1,
                            since: NOW,
                            blocked_until: NOW,
                        };
                        store::throttle::put(c, "account:x", &failures)
                    })
                    .expect("counted");
                });
            }
        });
        let counted = db.read_one(|c| store::throttle::get(c, "account:x"));
        assert_eq!(counted.expect("reads").map(|f| f.count), Some(GUESSES));
    });
}
