//! Users, passwords, profiles and permission sets.

use std::collections::BTreeSet;

use avouch_server::store::{self, Conflict, StoreError};
use avouch_server::users::User;

use super::{NOW, on_each_database, user, write};

fn same(a: &User, b: &User) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

#[test]
fn a_user_comes_back_as_stored_under_every_name() {
    on_each_database(|db| {
        let made = user(db, "Sample.One");
        let by_id = db
            .read(|c| store::users::by_id(c, &made.id))
            .expect("reads");
        same(&by_id.expect("found"), &made);
        for name in ["Sample.One", "sample.one", " SAMPLE.ONE "] {
            let found = db
                .read(|c| store::users::by_username(c, name))
                .expect("reads");
            same(&found.expect("found"), &made);
        }
        let none = db
            .read(|c| store::users::by_username(c, "sample.on"))
            .expect("reads");
        assert!(none.is_none());
    });
}

#[test]
fn a_username_or_federation_id_is_given_once() {
    on_each_database(|db| {
        let made = user(db, "sample.one");
        for (other, taken) in [
            (
                User {
                    username: "SAMPLE.one".to_owned(),
                    federation_id: None,
                    ..made.clone()
                },
                "this username",
            ),
            (
                User {
                    username: "sample.two".to_owned(),
                    ..made.clone()
                },
                "this federation ID",
            ),
        ] {
            let other = User {
                id: avouch_server::users::UserId::new(super::id()),
                ..other
            };
            let refused = write(db, |c| store::users::insert(c, &other, NOW)).err();
            let Some(StoreError::Conflict(Conflict::Taken(what))) = refused else {
                panic!("expected a conflict, got {refused:?}");
            };
            assert_eq!(what, taken);
        }
        assert_eq!(db.read(store::users::count).expect("counts"), 1);
    });
}

#[test]
fn an_update_writes_every_field_and_raises_the_version() {
    on_each_database(|db| {
        let made = user(db, "sample.one");
        let before = db.read_one(store::state::versions).expect("versions");
        let mut changed = made.clone();
        changed.federation_id = None;
        changed.active = false;
        changed.permission_sets.pop();
        changed.custom.clear();
        changed.rights = BTreeSet::new();
        changed.display_name = "Another".to_owned();
        write(db, |c| store::users::update(c, &changed, NOW)).expect("updates");
        changed.version += 1;
        let found = db
            .read(|c| store::users::by_id(c, &made.id))
            .expect("reads");
        same(&found.expect("found"), &changed);
        let after = db.read_one(store::state::versions).expect("versions");
        assert_eq!(after, before, "a user is no reason to forget anything else");

        let stranger = User {
            id: avouch_server::users::UserId::new("nobody"),
            username: "nobody".to_owned(),
            ..changed
        };
        let refused = write(db, |c| store::users::update(c, &stranger, NOW)).err();
        assert!(matches!(
            refused,
            Some(StoreError::Conflict(Conflict::Gone(_)))
        ));
    });
}

/// What was read before somebody else wrote is not written over it, and changes nothing else.
#[test]
fn hardening_01_a_user_of_another_version_is_not_overwritten() {
    on_each_database(|db| {
        let made = user(db, "sample.one");
        let read = || {
            db.read(|c| store::users::by_id(c, &made.id))
                .expect("reads")
                .expect("there")
        };
        let deactivated = User {
            active: false,
            permission_sets: Vec::new(),
            ..read()
        };
        write(db, |c| store::users::update(c, &deactivated, NOW)).expect("it is as it was read");
        let after = read();
        assert_eq!(after.version, 2);
        for version in [1, 3, 0] {
            let stale = User {
                version,
                ..made.clone()
            };
            let refused = write(db, |c| store::users::update(c, &stale, NOW)).err();
            assert!(
                matches!(refused, Some(StoreError::Conflict(Conflict::Stale(_)))),
                "{version}: {refused:?}"
            );
            same(&read(), &after);
        }
        let again = User {
            active: true,
            ..after
        };
        write(db, |c| store::users::update(c, &again, NOW)).expect("it is as it was read");
        assert!(read().active);
    });
}

#[test]
fn a_password_hash_is_replaced_and_found_at_login() {
    on_each_database(|db| {
        let made = user(db, "sample.one");
        let look = || {
            db.read(|c| store::users::for_login(c, "sample.one"))
                .expect("reads")
                .hash
        };
        assert_eq!(look(), None);
        for hash in ["first", "second"] {
            write(db, |c| store::users::set_password(c, &made.id, hash, NOW)).expect("sets");
            assert_eq!(look().as_deref(), Some(hash));
        }
        let nobody = avouch_server::users::UserId::new("nobody");
        let refused = write(db, |c| store::users::set_password(c, &nobody, "x", NOW)).err();
        assert!(matches!(
            refused,
            Some(StoreError::Conflict(Conflict::Gone(_)))
        ));
    });
}

#[test]
fn a_list_pages_through_all_and_searches_what_was_typed() {
    on_each_database(|db| {
        for name in ["sample.c", "sample.a", "Sample.B", "100%_x"] {
            user(db, name);
        }
        let names = |search: &str, after: Option<&str>, limit| -> Vec<String> {
            db.read(|c| store::users::list(c, search, after, limit))
                .expect("lists")
                .into_iter()
                .map(|u| u.username)
                .collect()
        };
        assert_eq!(names("", None, 2), ["100%_x", "sample.a"]);
        assert_eq!(names("", Some("sample.a"), 2), ["Sample.B", "sample.c"]);
        assert_eq!(names("SAMPLE.b", None, 9), ["Sample.B"]);
        assert_eq!(names("%_", None, 9), ["100%_x"]);
        assert!(names("\\", None, 9).is_empty());
    });
}

/// A hash is renewed only where it is the one that was verified, whoever changed it meanwhile.
#[test]
fn a_password_that_was_changed_meanwhile_is_not_put_back() {
    on_each_database(|db| {
        let made = user(db, "sample.one");
        let set = |hash| write(db, |c| store::users::set_password(c, &made.id, hash, NOW));
        let confirm = |verified: &str, successor| {
            write(db, |c| {
                store::users::confirm_password(c, &made.id, verified, successor, NOW)
            })
            .expect("answers")
        };
        let look = || {
            db.read(|c| store::users::for_login(c, "sample.one"))
                .expect("reads")
                .hash
        };
        assert!(!confirm("old", None), "there is none");
        set("old").expect("set");
        assert!(confirm("old", None) && confirm("old", Some("stronger")));
        assert_eq!(look().as_deref(), Some("stronger"));
        set("new").expect("set");
        assert!(!confirm("stronger", None) && !confirm("stronger", Some("strongest")));
        assert_eq!(look().as_deref(), Some("new"));
    });
}

#[test]
fn others_with_a_mail_address_are_found_whatever_its_case() {
    on_each_database(|db| {
        let mail = |username: &str, email: &str, verified| {
            let mut made = user(db, username);
            made.email = email.to_owned();
            made.email_verified = verified;
            write(db, |c| store::users::update(c, &made, NOW)).expect("updates");
            made
        };
        let one = mail("one", "Sample@example.org", false);
        mail("two", "sample@EXAMPLE.org", false);
        mail("three", "sample@example.org", true);
        let other = mail("four", "other@example.org", true);
        let none = mail("five", "", false);
        mail("six", "", false);
        let found = |user| {
            db.read(|c| store::users::others_with_mail(c, user))
                .expect("reads")
        };
        assert_eq!(
            found(&one),
            [("three".to_owned(), true), ("two".to_owned(), false)]
        );
        assert!(found(&other).is_empty() && found(&none).is_empty());
    });
}
