//! Expired rows.

use avouch_server::audit::{Event, EventKind, ResultCode};
use avouch_server::store;
use avouch_server::store::expiry::{
    OldEvents, delete_events, delete_expired, forget_messages, old_messages,
};
use avouch_server::store::replay::{Seen, remember};
use avouch_server::store::throttle::Failures;

use super::events::event;
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
        let forget = |now, limit| {
            let old = db.read_one(|c| old_messages(c, now, limit)).expect("reads");
            write(db, |c| forget_messages(c, &old, now)).expect("forgets")
        };
        let last = [("sp".to_owned(), "_9".to_owned())];
        let forgotten = write(db, |c| forget_messages(c, &last, NOW)).expect("answers");
        assert_eq!(forgotten, 0, "it came anew since it was found to be old");
        assert_eq!(forget(NOW.plus_seconds(-1), 100), 0);
        // Six messages end at or before this instant; two fit into a piece.
        let five = NOW.plus_seconds(5);
        assert_eq!(forget(five, 2), 2);
        assert_eq!(forget(five, 2), 2);
        assert_eq!(forget(five, 100), 2);
        assert_eq!(forget(five, 100), 0);
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

/// Old events go from the oldest on, a bounded piece at a time; those of administrators and keys
/// stay, and so does what is not old enough.
#[test]
fn av_sec_46_old_events_go_in_pieces_and_others_stay() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        for day in 0..10 {
            for (kind, known) in [
                (EventKind::SignOn, true),
                (EventKind::SignOn, false),
                (EventKind::Login, false),
                (EventKind::Admin, true),
                (EventKind::Key, false),
            ] {
                let event = Event {
                    at: NOW.plus_seconds(day * 86_400),
                    kind: kind.into(),
                    code: format!("{day}-{}-{known}", kind.as_str()),
                    user_id: known.then(|| one.id.as_str().to_owned()),
                    ..event("", ResultCode::Success)
                };
                write(db, |c| store::events::insert(c, &event)).expect("written");
            }
        }
        let count = |kind: EventKind| {
            let filter = store::events::Filter {
                kind: Some(kind),
                ..Default::default()
            };
            db.read_one(|c| store::events::list(c, &filter, 1000))
                .expect("read")
                .len()
        };
        let counts = || {
            [
                EventKind::SignOn,
                EventKind::Login,
                EventKind::Admin,
                EventKind::Key,
            ]
            .map(count)
        };
        let before = NOW.plus_seconds(5 * 86_400);
        let run = |which| {
            let (mut after, mut pieces) = (0, 0);
            while let Some(last) =
                write(db, |c| delete_events(c, which, after, before, 7)).expect("deletes")
            {
                assert!(last > after);
                (after, pieces) = (last, pieces + 1);
            }
            pieces
        };
        assert_eq!(counts(), [20, 10, 10, 10]);
        assert_eq!(run(OldEvents::WithoutUser), 4, "25 events, 7 at a time");
        assert_eq!(counts(), [15, 5, 10, 10]);
        run(OldEvents::OfUsers);
        assert_eq!(counts(), [10, 5, 10, 10]);
        run(OldEvents::OfUsers);
        assert_eq!(counts(), [10, 5, 10, 10]);
    });
}
