//! Rows that a later version wrote: they are read, and what is not known of them stays.

use avouch_server::access::{Decision, Facts, decide};
use avouch_server::apps::saml::{AttributeRow, Source, SubjectType, UserField};
use avouch_server::apps::{AppState, PermittedUsers};
use avouch_server::audit::ResultCode;
use avouch_server::store::{self, Connection, Db, StoreError};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use serde_json::{Value, json};

use super::apps::app;
use super::pending::stored;
use super::{NOW, on_each_database, user, write};

fn run(db: &Db, statement: &str) {
    write(db, |c| {
        match c {
            Connection::Sqlite(c) => sql_query(statement).execute(c),
            Connection::Postgres(c) => sql_query(statement).execute(c),
        }
        .map(|_| ())
        .map_err(StoreError::from)
    })
    .expect("changed");
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    column: String,
}

fn text(db: &Db, column: &str, table: &str) -> String {
    let query = format!("SELECT {column} AS \"column\" FROM {table}");
    let read = db.read_one(|c| {
        let found: Column = match c {
            Connection::Sqlite(c) => sql_query(query.as_str()).get_result(c)?,
            Connection::Postgres(c) => sql_query(query.as_str()).get_result(c)?,
        };
        Ok::<_, StoreError>(found.column)
    });
    read.expect("read")
}

fn json_of(db: &Db, column: &str, table: &str) -> Value {
    serde_json::from_str(&text(db, column, table)).expect("JSON")
}

/// Lets a later version add to a JSON column.
fn add(db: &Db, column: &str, table: &str, change: impl Fn(&mut Value)) {
    let mut value = json_of(db, column, table);
    change(&mut value);
    let value = value.to_string().replace('\'', "''");
    run(db, &format!("UPDATE {table} SET {column} = '{value}'"));
}

const DEFINITION: (&str, &str) = ("definition", "app_definitions");
const SETTINGS: (&str, &str) = ("settings", "app_saml");
const POLICY: (&str, &str) = ("policy", "app_installs");

/// A field more, at each depth, survives whatever is changed beside it, and keeps nobody out where it
/// is none of the policy.
#[test]
fn a_field_of_a_later_version_stays_when_its_row_is_written() {
    on_each_database(|db| {
        let mut made = app("wiki");
        made.app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        let row = |name: &str| {
            AttributeRow::new(name, "urn:x-sample:format", Source::User(UserField::Email))
        };
        made.app.definition.saml.attributes = vec![row("mail"), row("other")];
        write(db, |c| store::apps::insert(c, &made)).expect("stored");
        add(db, DEFINITION.0, DEFINITION.1, |v| {
            v["later"] = json!({ "a": [1] })
        });
        add(db, SETTINGS.0, SETTINGS.1, |v| {
            v["later"] = json!(7);
            v["attributes"][0]["later"] = json!("of the row");
        });
        run(
            db,
            "INSERT INTO app_assignments (app_id, kind, target_id) \
             SELECT id, 'of_tomorrow', 't' FROM app_definitions",
        );
        let read = || db.read(|c| store::apps::by_api_name(c, "wiki"));
        let mut found = read().expect("reads").expect("there");
        assert_eq!(found.app.not_understood, [""; 0]);
        let one = user(db, "sample.one");
        let facts = Facts {
            user: &one,
            app: &found.app,
            now: NOW,
        };
        assert!(matches!(
            decide(&facts, &mut Vec::new()),
            Decision::Allow(_)
        ));

        found.app.name = "Another name".to_owned();
        found.app.definition.description = "changed".to_owned();
        found.app.definition.saml.danger_allow_cbc = true;
        found.app.definition.saml.attributes.remove(1);
        found.app.policy.profiles.clear();
        write(db, |c| store::apps::update(c, &found)).expect("updated");
        let definition = json_of(db, DEFINITION.0, DEFINITION.1);
        assert_eq!(definition["description"], "changed");
        assert_eq!(definition["later"], json!({ "a": [1] }));
        let settings = json_of(db, SETTINGS.0, SETTINGS.1);
        assert_eq!(settings["danger_allow_cbc"], true);
        assert_eq!(settings["later"], 7);
        assert_eq!(settings["attributes"].as_array().map(Vec::len), Some(1));
        assert_eq!(settings["attributes"][0]["later"], "of the row");
        let kept = "app_assignments WHERE kind = 'of_tomorrow'";
        assert_eq!(text(db, "target_id", kept), "t");
        let again = read().expect("reads").expect("there");
        assert_eq!(again.app.name, "Another name");
        assert!(again.app.policy.profiles.is_empty());
    });
}

/// Whatever a policy says that is not understood may keep somebody out, so nobody is let in; and a
/// value that is not understood is none of ours to act on. Both are named, and stay.
#[test]
fn what_is_not_understood_lets_nobody_in_and_stays() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        let mut made = app("wiki");
        made.app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        write(db, |c| store::apps::insert(c, &made)).expect("stored");
        let read = || {
            let read = db.read(|c| store::apps::by_api_name(c, "wiki"));
            read.expect("reads").expect("there")
        };
        let plain = [DEFINITION, SETTINGS, POLICY].map(|(c, t)| text(db, c, t));
        type Change = fn(&mut Value);
        let changes: [((&str, &str), Change, &str); 5] = [
            (POLICY, |v| v["hours"] = json!("9-17"), "hours"),
            (
                POLICY,
                |v| v["permitted_users"] = json!({ "users": ["x"] }),
                "permitted_users",
            ),
            (
                SETTINGS,
                |v| v["subject_type"] = json!("of_tomorrow"),
                "subject_type",
            ),
            (
                SETTINGS,
                |v| v["attributes"] = json!([{ "name": "n", "source": { "ldap": "x" } }]),
                "attributes",
            ),
            (
                DEFINITION,
                |v| v["start_url"] = json!(["a", "b"]),
                "start_url",
            ),
        ];
        for ((column, table), change, name) in changes {
            add(db, column, table, change);
            let later = json_of(db, column, table);
            let mut found = read();
            assert_eq!(found.app.not_understood, [name]);
            let facts = Facts {
                user: &one,
                app: &found.app,
                now: NOW,
            };
            let mut checks = Vec::new();
            assert!(matches!(
                decide(&facts, &mut checks),
                Decision::Deny(ResultCode::InvalidSettings)
            ));
            assert!(!checks.last().expect("a check").passed);

            found.app.definition.contact = format!("contact of {name}");
            found.app.policy.order += 1;
            write(db, |c| store::apps::update(c, &found)).expect("updated");
            assert_eq!(json_of(db, column, table)[name], later[name]);

            // Another value that is chosen here takes its place.
            if name == "subject_type" {
                let mut found = read();
                found.app.definition.saml.subject_type = SubjectType::Email;
                write(db, |c| store::apps::update(c, &found)).expect("updated");
                assert_eq!(read().app.not_understood, [""; 0]);
            }
            for ((column, table), text) in [DEFINITION, SETTINGS, POLICY].into_iter().zip(&plain) {
                let text = text.replace('\'', "''");
                run(db, &format!("UPDATE {table} SET {column} = '{text}'"));
            }
            let found = read();
            let facts = Facts {
                user: &one,
                app: &found.app,
                now: NOW,
            };
            assert!(matches!(
                decide(&facts, &mut Vec::new()),
                Decision::Allow(_)
            ));
        }
    });
}

#[test]
fn a_state_of_a_later_version_lets_nobody_in_and_stays_until_another_is_chosen() {
    on_each_database(|db| {
        write(db, |c| store::apps::insert(c, &app("wiki"))).expect("stored");
        run(db, "UPDATE app_installs SET state = 'resting'");
        let read = || {
            let read = db.read(|c| store::apps::by_api_name(c, "wiki"));
            read.expect("reads").expect("there")
        };
        let mut found = read();
        assert_eq!(found.app.not_understood, ["state"]);
        assert_eq!(found.app.state, AppState::Uninstalled);
        let listed = db
            .read(|c| store::apps::list(c, "", None, 10))
            .expect("reads");
        assert_eq!(listed[0].state, "resting");
        found.app.name = "Another name".to_owned();
        write(db, |c| store::apps::update(c, &found)).expect("updated");
        assert_eq!(text(db, "state", "app_installs"), "resting");
        let mut found = read();
        found.app.state = AppState::Blocked;
        write(db, |c| store::apps::update(c, &found)).expect("updated");
        assert_eq!(read().app.state, AppState::Blocked);
        assert_eq!(read().app.not_understood, [""; 0]);
    });
}

#[test]
fn rights_of_a_later_version_are_shown_allow_nothing_and_stay() {
    on_each_database(|db| {
        let one = user(db, "sample.one");
        run(
            db,
            "UPDATE users SET admin_rights = '[\"read_apps\",\"of_tomorrow\"]'",
        );
        let read = || {
            let read = db.read(|c| store::users::by_id(c, &one.id));
            read.expect("reads").expect("there")
        };
        let mut found = read();
        assert_eq!(found.rights.len(), 1);
        assert_eq!(found.right_words(), ["read_apps", "of_tomorrow"]);
        found.display_name = "Another name".to_owned();
        write(db, |c| store::users::update(c, &found, NOW)).expect("updated");
        assert_eq!(read().right_words(), ["read_apps", "of_tomorrow"]);
    });
}

/// A sign-on that a later version began is one that a node of that version goes on with: whoever brings
/// it here is told to try again, and nothing is lost.
#[test]
fn a_sign_on_of_a_later_version_is_left_to_its_nodes() {
    on_each_database(|db| {
        let made = stored(db);
        let read = || db.read_one(|c| store::pending::by_id(c, &made.id));
        assert!(read().expect("reads").is_some());
        let stage = text(db, "stage", "pending");
        for later in ["\"resting\"", "{\"proving\":{\"of\":\"tomorrow\"}}"] {
            run(db, &format!("UPDATE pending SET stage = '{later}'"));
            let error = read().expect_err("not understood");
            assert!(matches!(error, StoreError::OfLaterVersion(_)), "{error:?}");
            assert!(error.is_unavailable());
            assert_eq!(text(db, "stage", "pending"), later);
        }
        run(db, "UPDATE pending SET stage = '{'");
        assert!(matches!(read(), Err(StoreError::Damaged { .. })));
        run(db, &format!("UPDATE pending SET stage = '{stage}'"));
        assert!(read().expect("reads").is_some());
    });
}
