//! Sign-ons in progress.

use std::sync::Barrier;

use avouch_server::apps::AppId;
use avouch_server::audit::Check;
use avouch_server::audit::check::{Origin, Phrase, Rule};
use avouch_server::sessions::{
    Asked, Asking, Lacking, Pending, PendingId, PendingStatus, RequestedContexts, Requirement,
    Stage,
};
use avouch_server::store::{self, Db};

use super::{NOW, id, on_each_database, write};

fn asking() -> Asking {
    let text = serde_json::json!({
        "by": "saml", "id": "_r", "transport": "redirect", "acs": "https://sp.example.org/acs",
        "relay_state": "Ünï <&> \"'", "signed": true,
        "wishes": {
            "name_id_format": null, "sp_name_qualifier": null, "subject": null,
            "attribute_service": 2, "not_on_or_after": null,
        },
    });
    Asking {
        request: serde_json::from_value(text).expect("a request"),
        asked: Asked {
            force_authn: true,
            is_passive: false,
            accepted_at: NOW,
            contexts: Some(RequestedContexts {
                comparison: "minimum".to_owned(),
                classes: vec!["a".to_owned(), "b".to_owned()],
                declarations: Vec::new(),
            }),
        },
    }
}

pub(crate) fn stored(db: &Db) -> Pending {
    let pending = Pending {
        id: PendingId::new(id()),
        browser_hash: None,
        app: AppId::new("app"),
        asking: asking(),
        stage: Stage::Arriving,
        begun_by: "ABCD-2345".to_owned(),
        checks: vec![Check::new(
            Rule::Signature,
            true,
            Phrase::SignedBySp,
            Phrase::Signed,
            Origin::AppRequestSignatures,
        )],
        status: PendingStatus::Open,
        created_at: NOW,
        expires_at: NOW.plus_seconds(86_400),
    };
    write(db, |c| store::pending::insert(c, &pending)).expect("stored");
    pending
}

fn read(db: &Db, id: &PendingId) -> Pending {
    db.read_one(|c| store::pending::by_id(c, id))
        .expect("reads")
        .expect("found")
}

#[test]
fn a_sign_on_comes_back_as_stored() {
    on_each_database(|db| {
        let mut made = stored(db);
        assert_eq!(format!("{:?}", read(db, &made.id)), format!("{made:?}"));
        for stage in [
            Stage::Proving(Requirement {
                lacking: Lacking::Freshness,
                anew: true,
            }),
            Stage::Consenting,
        ] {
            made.stage = stage;
            assert!(write(db, |c| store::pending::wait_for(c, &made.id, stage)).expect("open"));
            assert_eq!(format!("{:?}", read(db, &made.id)), format!("{made:?}"));
        }
        assert!(write(db, |c| store::pending::finish(c, &made.id)).expect("open"));
        let late = write(db, |c| {
            store::pending::wait_for(c, &made.id, Stage::Arriving)
        });
        assert!(
            !late.expect("answers"),
            "what is answered waits for nothing"
        );
        let none = PendingId::new("none");
        assert!(
            db.read_one(|c| store::pending::by_id(c, &none))
                .expect("reads")
                .is_none()
        );
        assert!(!write(db, |c| store::pending::bind(c, &none, "x")).expect("answers"));
    });
}

/// Proves AV-SEC-60 for the store: a sign-on belongs to the first browser that shows up with it.
#[test]
fn av_sec_60_a_sign_on_is_bound_to_one_browser_for_good() {
    on_each_database(|db| {
        let made = stored(db);
        let bind = |browser| write(db, |c| store::pending::bind(c, &made.id, browser));
        assert!(bind("one").expect("binds"));
        assert!(bind("one").expect("is bound"));
        assert!(!bind("two").expect("is bound to another"));
        assert_eq!(read(db, &made.id).browser_hash.as_deref(), Some("one"));
    });
}

#[test]
fn a_sign_on_is_answered_once_on_every_node() {
    const NODES: usize = 6;
    on_each_database(|db| {
        let made = stored(db);
        let barrier = Barrier::new(NODES);
        let winners = std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..NODES)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        write(db, |c| store::pending::finish(c, &made.id)).expect("answers")
                    })
                })
                .collect();
            nodes
                .into_iter()
                .map(|node| node.join().expect("no panic"))
                .filter(|won| *won)
                .count()
        });
        assert_eq!(winners, 1);
        assert_eq!(read(db, &made.id).status, PendingStatus::Done);
        let late = write(db, |c| {
            store::pending::wait_for(c, &made.id, Stage::Consenting)
        });
        assert!(!late.expect("answers"));
    });
}

/// Proves AV-SEC-46 for the store: sign-ons that anybody can begin are bounded, and the newest stay.
#[test]
fn av_sec_46_sign_ons_beyond_the_bound_go_oldest_first() {
    on_each_database(|db| {
        let made: Vec<Pending> = (0..5)
            .map(|age| {
                let pending = Pending {
                    id: PendingId::new(id()),
                    expires_at: NOW.plus_seconds(age),
                    ..stored(db)
                };
                write(db, |c| store::pending::insert(c, &pending)).expect("stored");
                pending
            })
            .collect();
        // `stored` made five more, which end a day later.
        let surplus = |most, limit| {
            write(db, |c| store::expiry::delete_surplus(c, most, limit)).expect("deletes")
        };
        assert_eq!(surplus(10, 100), 0);
        assert_eq!(surplus(7, 2), 2);
        assert_eq!(surplus(7, 2), 1);
        assert_eq!(surplus(7, 2), 0);
        let there = |pending: &Pending| {
            db.read_one(|c| store::pending::by_id(c, &pending.id))
                .expect("reads")
                .is_some()
        };
        assert_eq!(
            made.iter().map(there).collect::<Vec<_>>(),
            [false, false, false, true, true]
        );
    });
}
