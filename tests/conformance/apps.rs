//! Connected apps, consents.

use avouch_server::apps::saml::SamlSettings;
use avouch_server::apps::{App, AppId, AppState, Definition, LocalPolicy, PermittedUsers};
use avouch_server::store::apps::StoredApp;
use avouch_server::store::{self, Conflict, Db, StoreError};
use avouch_server::users::{PermissionSetId, ProfileId};

use super::{NOW, id, on_each_database, user, write};

pub(crate) fn app(name: &str) -> StoredApp {
    StoredApp {
        app: App {
            id: AppId::new(id()),
            api_name: name.to_owned(),
            name: format!("Sample {name}"),
            state: AppState::Installed,
            definition: Definition {
                description: "Ünï <&> 漢字".to_owned(),
                contact: String::new(),
                logo_url: None,
                info_url: None,
                start_url: Some("https://sp.example.org/".to_owned()),
                saml: SamlSettings::default(),
            },
            policy: LocalPolicy {
                permitted_users: PermittedUsers::AdminApproved,
                profiles: vec![ProfileId::new("p1")],
                permission_sets: vec![PermissionSetId::new("s1"), PermissionSetId::new("s2")],
                ..LocalPolicy::default()
            },
            created_at: NOW,
            updated_at: NOW,
            not_understood: Vec::new(),
        },
        entity_id: format!("https://{name}.example.org"),
        metadata_xml: b"<EntityDescriptor/>\0\xff".to_vec(),
        version: 1,
    }
}

fn version(db: &Db) -> i64 {
    db.read_one(store::state::versions).expect("versions").apps
}

#[test]
fn an_app_comes_back_as_stored_under_every_name() {
    on_each_database(|db| {
        let before = version(db);
        let made = app("wiki");
        write(db, |c| store::apps::insert(c, &made)).expect("stored");
        assert!(version(db) > before);
        let found = [
            db.read(|c| store::apps::by_id(c, &made.app.id)),
            db.read(|c| store::apps::by_api_name(c, "wiki")),
            db.read(|c| store::apps::by_entity_id(c, "https://wiki.example.org")),
            db.read(|c| store::apps::by_any_name(c, "https://wiki.example.org")),
            db.read(|c| store::apps::by_any_name(c, "wiki")),
        ];
        for found in found {
            let found = found.expect("reads").expect("found");
            assert_eq!(format!("{found:?}"), format!("{made:?}"));
        }
        let all = db.read(store::apps::all).expect("reads");
        assert_eq!(
            format!("{all:?}"),
            format!("{:?}", [(made.app, made.entity_id)])
        );
    });
}

/// Proves AV-SEC-48 for the store: entity IDs are compared byte for byte.
#[test]
fn av_sec_48_an_entity_id_in_another_letter_case_is_another_app() {
    on_each_database(|db| {
        write(db, |c| store::apps::insert(c, &app("wiki"))).expect("stored");
        for twin in [
            "https://WIKI.example.org",
            "https://wiki.example.org/",
            " https://wiki.example.org",
            "https://wiki.example.or%67",
        ] {
            let found = db
                .read(|c| store::apps::by_entity_id(c, twin))
                .expect("reads");
            assert!(found.is_none(), "{twin}");
        }
    });
}

#[test]
fn entity_id_and_api_name_are_given_once() {
    on_each_database(|db| {
        write(db, |c| store::apps::insert(c, &app("wiki"))).expect("stored");
        let before = version(db);
        let mut same_name = app("wiki");
        same_name.entity_id = "https://other.example.org".to_owned();
        let mut same_entity = app("other");
        same_entity.entity_id = "https://wiki.example.org".to_owned();
        for (twin, taken) in [
            (same_name, "this API name"),
            (same_entity, "this entity ID"),
        ] {
            let refused = write(db, |c| store::apps::insert(c, &twin)).err();
            let Some(StoreError::Conflict(Conflict::Taken(what))) = refused else {
                panic!("expected a conflict, got {refused:?}");
            };
            assert_eq!(what, taken);
        }
        assert_eq!(version(db), before, "a refused change is no change");
    });
}

#[test]
fn an_update_replaces_assignments_and_a_removal_takes_consents_along() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        let mut made = app("wiki");
        write(db, |c| store::apps::insert(c, &made)).expect("stored");
        made.app.state = AppState::Blocked;
        made.app.policy.profiles.clear();
        made.app.policy.permission_sets.pop();
        made.app.updated_at = NOW.plus_seconds(1);
        let before = version(db);
        write(db, |c| store::apps::update(c, &made)).expect("updates");
        assert!(version(db) > before);
        let found = db
            .read(|c| store::apps::by_id(c, &made.app.id))
            .expect("reads");
        made.version = 2;
        assert_eq!(format!("{:?}", found.expect("found")), format!("{made:?}"));

        let given = |hash| {
            db.read_one(|c| store::consents::given(c, &one.id, &made.app.id, hash))
                .expect("reads")
        };
        for hash in ["h1", "h2"] {
            write(db, |c| {
                store::consents::remember(c, &one.id, &made.app.id, hash, NOW)
            })
            .expect("remembers");
            assert!(given(hash));
        }
        assert!(!given("h1"), "consent to another release is no consent");
        assert!(write(db, |c| store::apps::remove(c, &made.app.id)).expect("removes"));
        assert!(!given("h2"));
        assert!(!write(db, |c| store::apps::remove(c, &made.app.id)).expect("is gone"));
        let refused = write(db, |c| store::apps::update(c, &made)).err();
        assert!(matches!(
            refused,
            Some(StoreError::Conflict(Conflict::Gone(_)))
        ));
    });
}

/// What was read before somebody else wrote is not written over it, and changes nothing else.
#[test]
fn hardening_01_an_app_of_another_version_is_not_overwritten() {
    on_each_database(|db| {
        let mut made = app("wiki");
        write(db, |c| store::apps::insert(c, &made)).expect("stored");
        let read = || {
            db.read(|c| store::apps::by_id(c, &made.app.id))
                .expect("reads")
                .expect("there")
        };
        let mut second = read();
        second.app.state = AppState::Blocked;
        second.app.policy.profiles.clear();
        write(db, |c| store::apps::update(c, &second)).expect("it is as it was read");
        let (after, before) = (format!("{:?}", read()), version(db));
        made.app.name = "Stale".to_owned();
        for stale in [made.version, 3, 0] {
            made.version = stale;
            let refused = write(db, |c| store::apps::update(c, &made)).err();
            assert!(
                matches!(refused, Some(StoreError::Conflict(Conflict::Stale(_)))),
                "{stale}: {refused:?}"
            );
            assert_eq!(format!("{:?}", read()), after);
            assert_eq!(version(db), before);
        }
        made.version = 2;
        write(db, |c| store::apps::update(c, &made)).expect("it is as it was read");
        assert_eq!(read().version, 3);
    });
}

#[test]
fn a_list_pages_through_all() {
    on_each_database(|db| {
        for name in ["c", "a", "b"] {
            write(db, |c| store::apps::insert(c, &app(name))).expect("stored");
        }
        let names = |search: &str, after: Option<&str>| -> Vec<String> {
            db.read_one(|c| store::apps::list(c, search, after, 2))
                .expect("lists")
                .into_iter()
                .map(|line| line.api_name)
                .collect()
        };
        assert_eq!(names("", None), ["a", "b"]);
        assert_eq!(names("", Some("b")), ["c"]);
        assert_eq!(names("//b.example", None), ["b"]);
        assert_eq!(db.read_one(store::apps::count).expect("counts"), 3);
    });
}
