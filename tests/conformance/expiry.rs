//! Expired rows.

use avouch_server::audit::{Event, EventKind, Party, ResultCode};
use avouch_server::store;
use avouch_server::store::event_index;
use avouch_server::store::events::Filter;
use avouch_server::store::expiry::{OldEvents, delete_events, delete_expired};
use avouch_server::store::throttle::Failures;

use super::events::event;
use super::{NOW, on_each_database, session, user, write};

/// Proves AV-SEC-46 for the store: what expires goes, a bounded piece at a time, and nothing else.
#[test]
fn av_sec_46_expired_rows_go_in_pieces_and_others_stay() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        let ended = session(db, &one);
        for (key, until) in [("old", NOW), ("new", NOW.plus_seconds(20_000))] {
            let failures = Failures {
                count: 1,
                since: NOW,
                blocked_until: until,
            };
            write(db, |c| store::throttle::put(c, key, &failures)).expect("counted");
        }
        let delete = |now, limit| write(db, |c| delete_expired(c, now, limit)).expect("deletes");

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
                    actor: known.then(|| Party::user(one.id.as_str(), "sample.one")),
                    ..event(ResultCode::Success)
                };
                write(db, |c| store::events::insert(c, &event)).expect("written");
            }
        }
        let count = |kind: EventKind| {
            let filter = Filter {
                kind: Some(kind.into()),
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
        // Half of them are in the index when they go.
        event_index::fill(db, 7).expect("filled");
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
        // What is found by its user is what is left, and the newest of all keeps its number.
        let of_one = Filter {
            user_id: Some(one.id.as_str().to_owned()),
            ..Filter::default()
        };
        let found = db.read(|c| store::events::list(c, &of_one, 100));
        assert_eq!(found.expect("read").len(), 5 + 10);
        let last = Event {
            at: NOW,
            ..event(ResultCode::Success)
        };
        let last = write(db, |c| store::events::insert_referred(c, &last)).expect("written");
        let mut after = 0;
        while let Some(seen) = write(db, |c| {
            delete_events(
                c,
                OldEvents::OfUsers,
                after,
                NOW.plus_seconds(100 * 86_400),
                7,
            )
        })
        .expect("deletes")
        {
            after = seen;
        }
        assert_eq!(counts(), [1, 0, 10, 10]);
        let next = write(db, |c| {
            store::events::insert_referred(c, &event(ResultCode::Success))
        });
        assert!(next.expect("written").seq > last.seq);
    });
}
