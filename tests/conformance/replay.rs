//! Messages seen.

use std::sync::Barrier;

use avouch_server::sessions::PendingId;
use avouch_server::store::replay::{Seen, remember};

use super::{NOW, on_each_database, write};

/// Proves AV-SEC-64 for the store: of all who bring the same message at once, one is first.
#[test]
fn av_sec_64_a_message_is_new_once_on_every_node() {
    const NODES: usize = 6;
    on_each_database(|db| {
        let barrier = Barrier::new(NODES);
        let first = std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..NODES)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        write(db, |c| {
                            remember(c, "https://sp.example.org", "_1", None, NOW)
                        })
                        .expect("answers")
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
        let see = |issuer, message, pending| {
            write(db, |c| remember(c, issuer, message, pending, NOW)).expect("answers")
        };
        assert_eq!(see("a", "_1", Some(&pending)), Seen::First);
        assert_eq!(see("a", "_1", None), Seen::Before(Some(pending.clone())));
        assert_eq!(see("a", "_2", None), Seen::First);
        assert_eq!(see("a", "_2", Some(&pending)), Seen::Before(None));
        // Another SP's message with the same ID is another message.
        assert_eq!(see("b", "_1", None), Seen::First);
    });
}
