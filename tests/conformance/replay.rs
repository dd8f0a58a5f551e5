//! Messages seen.

use std::sync::Barrier;

use avouch_saml::time::Timestamp;
use avouch_server::sessions::PendingId;
use avouch_server::store::Db;
use avouch_server::store::expiry::forget_messages;
use avouch_server::store::replay::{Message, Seen, remember};

use super::{NOW, on_each_database, write};

pub(super) fn message(issuer: &str, id: &str, issued_at: Timestamp) -> Message {
    Message {
        issued_at,
        issuer: issuer.to_owned(),
        id: id.to_owned(),
    }
}

fn see(db: &Db, message: &Message, pending: Option<&PendingId>) -> Seen {
    write(db, |c| remember(c, message, pending)).expect("answers")
}

/// Proves AV-SEC-64 for the store: of all who bring the same message at once, one is first.
#[test]
fn av_sec_64_a_message_is_new_once_on_every_node() {
    const NODES: usize = 6;
    on_each_database(|db| {
        let barrier = Barrier::new(NODES);
        let same = message("https://sp.example.org", "_1", NOW);
        let first = std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..NODES)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        see(db, &same, None)
                    })
                })
                .collect();
            nodes
                .into_iter()
                .map(|node| node.join().expect("no panic"))
                .filter(|seen| *seen == Seen::First)
                .count()
        });
        assert_eq!(first, 1);
    });
}

#[test]
fn a_message_seen_before_names_the_sign_on_that_came_of_it() {
    on_each_database(|db| {
        let pending = PendingId::new("p");
        let see = |issuer, id, pending| see(db, &message(issuer, id, NOW), pending);
        assert_eq!(see("a", "_1", Some(&pending)), Seen::First);
        assert_eq!(see("a", "_1", None), Seen::Before(Some(pending.clone())));
        assert_eq!(see("a", "_2", None), Seen::First);
        assert_eq!(see("a", "_2", Some(&pending)), Seen::Before(None));
        // Another SP's message with the same ID is another message.
        assert_eq!(see("b", "_1", None), Seen::First);
    });
}

/// Proves AV-SEC-64 for the store: a message is found by what it says of itself, whatever came
/// before and after, and until all of its time are too old.
#[test]
fn av_sec_64_a_message_is_found_until_all_of_its_time_are_forgotten() {
    on_each_database(|db| {
        let at = |millis: i64| Timestamp::from_millis(NOW.millis() + millis);
        let all: Vec<Message> = [-1, 0, 1]
            .into_iter()
            .flat_map(|millis| ["_1", "_2"].map(|id| message("a", id, at(millis))))
            .collect();
        for message in &all {
            assert_eq!(see(db, message, None), Seen::First, "{message:?}");
        }
        let found = |expected: &[bool]| {
            for (message, expected) in all.iter().zip(expected) {
                let before = see(db, message, None) == Seen::Before(None);
                assert_eq!(before, *expected, "{message:?}");
            }
        };
        found(&[true; 6]);
        let forget = |before, most| write(db, |c| forget_messages(c, before, most)).expect("done");
        assert_eq!(forget(at(-1), 100), 0, "issued at the border, not before");
        found(&[true; 6]);
        assert_eq!(forget(at(0), 100), 2);
        found(&[false, false, true, true, true, true]);
        // A piece ends with the instant it reaches.
        assert_eq!(forget(at(2), 1), 2);
        assert_eq!(forget(at(2), 3), 4);
        assert_eq!(forget(at(2), 3), 0);
        found(&[false; 6]);
    });
}
