//! Expired rows.

use avouch_server::store::replay::{Seen, remember};
use avouch_server::store::throttle::Failures;
use avouch_server::store::{self, expiry::delete_expired};

use super::{NOW, on_each_database, session, user, write};

/// Proves AV-SEC-46 for the store: what expires goes, a bounded piece at a time, and nothing else.
#[test]
fn av_sec_46_expired_rows_go_in_pieces_and_others_stay() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        let ended = session(db, &one);
        for message in 0..10 {
            let until = NOW.plus_seconds(message);
            let id = format!("_{message}");
            write(db, |c| remember(c, "sp", &id, None, until)).expect("remembered");
        }
        for (key, until) in [("old", NOW), ("new", NOW.plus_seconds(20_000))] {
            let failures = Failures {
                count: 1,
                since: NOW,
                blocked_until: until,
            };
            write(db, |c| store::throttle::put(c, key, &failures)).expect("counted");
        }
        let delete = |now, limit| write(db, |c| delete_expired(c, now, limit)).expect("deletes");
        assert_eq!(delete(NOW.plus_seconds(-1), 100), 0);
        // Six messages end at or before this instant; two fit into a piece.
        let five = NOW.plus_seconds(5);
        assert_eq!(delete(five, 2), 2);
        assert_eq!(delete(five, 2), 2);
        assert_eq!(delete(five, 100), 2);
        assert_eq!(delete(five, 100), 0);
        let seen = |id| write(db, |c| remember(c, "sp", id, None, NOW)).expect("answers");
        assert_eq!(seen("_5"), Seen::First);
        assert_eq!(seen("_6"), Seen::Before(None));

        let found = || {
            db.read_one(|c| store::sessions::resolve(c, &ended.token_hash))
                .expect("reads")
                .is_some()
        };
        assert!(found());
        delete(ended.ends_at(), 100);
        assert!(!found());
        let known = |key: &str| {
            db.read_one(|c| store::throttle::get(c, key))
                .expect("reads")
        };
        delete(NOW.plus_seconds(86_400), 100);
        assert!(known("old").is_none());
        assert!(known("new").is_some());
    });
}
