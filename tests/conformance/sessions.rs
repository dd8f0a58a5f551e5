//! Sessions and the SPs they reached.

use avouch_server::apps::AppId;
use avouch_server::sessions::{GivenName, Participant, SessionId, SessionProof};
use avouch_server::store::{self, Conflict, StoreError};

use super::{NOW, id, on_each_database, session, user, write};

#[test]
fn a_cookie_finds_session_and_user_in_one_statement() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        user(db, "sample.two");
        let made = session(db, &one);
        // The first time prepares the statement; from then on it is cached.
        for _ in 0..2 {
            let before = db.statements();
            let found = db
                .read_one(|c| store::sessions::resolve(c, &made.token_hash))
                .expect("reads")
                .expect("found");
            assert_eq!(db.statements() - before, 1);
            assert_eq!(format!("{:?}", found.session), format!("{made:?}"));
            assert_eq!(format!("{:?}", found.user), format!("{one:?}"));

            let before = db.statements();
            let found = db
                .read_one(|c| store::sessions::by_secret(c, &made.token_hash))
                .expect("reads")
                .expect("found");
            assert_eq!(db.statements() - before, 1);
            assert_eq!(format!("{:?}", found.session), format!("{made:?}"));
            assert_eq!(found.user_version, one.version);
            let versions = db.read_one(store::state::versions).expect("versions");
            assert_eq!(found.versions, versions);
        }
        let none = db
            .read_one(|c| store::sessions::resolve(c, "other"))
            .expect("reads");
        assert!(none.is_none());
    });
}

#[test]
fn a_used_session_lives_on_to_its_absolute_end_and_no_longer() {
    on_each_database(|db| {
        let made = session(db, &user(db, "sample.one"));
        let later = NOW.plus_seconds(40_000);
        let wanted = later.plus_seconds(7200);
        assert!(write(db, |c| store::sessions::touch(c, &made, later, wanted)).expect("touches"));
        let found = db
            .read_one(|c| store::sessions::resolve(c, &made.token_hash))
            .expect("reads")
            .expect("found")
            .session;
        assert_eq!(found.last_seen, later);
        assert_eq!(found.idle_expires, made.absolute_expires);
        assert!(found.is_live(NOW.plus_seconds(43_199)));
        assert!(!found.is_live(NOW.plus_seconds(43_200)));
    });
}

#[test]
fn an_ended_session_takes_its_participants_along() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        let made = session(db, &one);
        let participant = Participant {
            id: id(),
            session: made.id.clone(),
            app: AppId::new("app"),
            session_index: "_i".to_owned(),
            name_id: Some(GivenName {
                value: "Ünï <&> 漢字".to_owned(),
                format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned(),
                name_qualifier: Some("https://idp.example.org".to_owned()),
                sp_name_qualifier: None,
            }),
            created_at: NOW,
            not_on_or_after: NOW.plus_seconds(300),
        };
        let unnamed = Participant {
            id: id(),
            name_id: None,
            created_at: NOW.plus_seconds(1),
            ..participant.clone()
        };
        for participant in [&participant, &unnamed] {
            write(db, |c| store::participants::insert(c, participant)).expect("stored");
        }
        let of = |session: &SessionId| {
            db.read_one(|c| store::participants::of_session(c, session))
                .expect("reads")
        };
        assert_eq!(
            format!("{:?}", of(&made.id)),
            format!("{:?}", [&participant, &unnamed])
        );

        assert!(write(db, |c| store::sessions::end(c, &made.id)).expect("ends"));
        assert!(!write(db, |c| store::sessions::end(c, &made.id)).expect("is gone"));
        assert!(of(&made.id).is_empty());
        let refused = write(db, |c| store::participants::insert(c, &participant)).err();
        assert!(matches!(
            refused,
            Some(StoreError::Conflict(Conflict::Gone(_)))
        ));
    });
}

#[test]
fn all_sessions_of_one_user_end_and_no_others() {
    on_each_database(|db| {
        let (one, two) = (user(db, "sample.one"), user(db, "sample.two"));
        session(db, &one);
        session(db, &one);
        let kept = session(db, &two);
        assert_eq!(
            write(db, |c| store::sessions::end_of_user(c, &one.id)).expect("ends"),
            2
        );
        let left = db
            .read_one(|c| store::sessions::of_user(c, &two.id))
            .expect("reads");
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].id, kept.id);
    });
}

#[test]
fn a_session_knows_how_its_user_proved_who_they_are() {
    on_each_database(|db| {
        let made = session(db, &user(db, "sample.one"));
        let proof = |method: &str, seconds| SessionProof {
            session: made.id.clone(),
            method: method.to_owned(),
            at: NOW.plus_seconds(seconds),
        };
        // The last is of a kind that only a later version knows.
        let proofs = [
            proof(SessionProof::PASSWORD, 0),
            proof(SessionProof::PASSWORD, 60),
            proof("an orb", 60),
        ];
        for proof in proofs.iter().rev() {
            write(db, |c| store::session_proofs::insert(c, proof)).expect("stored");
        }
        let kept = || {
            db.read_one(|c| store::session_proofs::of_session(c, &made.id))
                .expect("reads")
        };
        let [first, second, orb] = proofs;
        assert_eq!(kept(), [first.clone(), orb, second]);
        assert!(write(db, |c| store::sessions::end(c, &made.id)).expect("ends"));
        assert!(kept().is_empty());
        let refused = write(db, |c| store::session_proofs::insert(c, &first)).err();
        assert!(matches!(
            refused,
            Some(StoreError::Conflict(Conflict::Gone(_)))
        ));
    });
}
