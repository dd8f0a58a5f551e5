//! Two versions on one database, as while nodes are replaced one by one: this one, and a binary that
//! stores a field, a right, a kind and a result of event more (the feature `later-stored-form`).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use avouch_server::store::events::{self, Filter, Logged};
use avouch_server::store::{Address, Connection, Db, StoreError};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use serde_json::Value;

use crate::admin::changes::{as_shown, pairs, set};
use crate::cli::Place;
use crate::postgres::Cluster;
use crate::processes::{CONFIG, Node, PASSWORD, furnished, integrity, log_in, request, response};
use crate::support::client::Client;
use crate::support::sp::Sp;

/// Rounds of changes by page and command of both versions.
const ROUNDS: usize = 12;
/// Sign-ons of each browser, one after the other at the two nodes.
const SIGN_ONS: usize = 100;

/// The later version's binary. What it is made of was compiled with this test's own, but for one crate.
fn later() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_BIN_EXE_avouch"));
    let profile = own.parent().expect("a folder");
    let target = profile.parent().expect("a folder");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--package", "avouch-server"])
        // With an example, cargo takes the features that tests have, and compiles less.
        .args(["--bin", "avouch-later", "--example", "sp"])
        .args(["--features", "later-stored-form", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    profile.join("avouch-later")
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    text: String,
}

fn read(db: &Db, query: &str) -> String {
    let read = db.read_one(|c| {
        let found: Column = match c {
            Connection::Sqlite(c) => sql_query(query).get_result(c)?,
            Connection::Postgres(c) => sql_query(query).get_result(c)?,
        };
        Ok::<_, StoreError>(found.text)
    });
    read.unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// What only the later version knows of what is stored.
#[derive(Debug, PartialEq)]
struct OfTomorrow {
    definition: Value,
    settings: Value,
    row: Value,
    rights: Value,
}

impl OfTomorrow {
    fn read(db: &Db) -> Self {
        let json = |query: &str| -> Value { serde_json::from_str(&read(db, query)).expect("JSON") };
        let of =
            "FROM app_definitions d JOIN app_saml s ON s.app_id = d.id WHERE d.api_name = 'later'";
        let mut definition = json(&format!("SELECT d.definition AS text {of}"));
        let mut settings = json(&format!("SELECT s.settings AS text {of}"));
        let rights = "SELECT admin_rights AS text FROM users WHERE username = 'two'";
        Self {
            definition: definition["of_tomorrow"].take(),
            row: settings["attributes"][0]["of_tomorrow"].take(),
            settings: settings["of_tomorrow"].take(),
            rights: json(rights),
        }
    }
}

#[test]
fn two_versions_share_a_file() {
    share(Place::with_file());
}

#[test]
fn two_versions_share_a_postgresql_database() {
    share(Place::with_file().with("DATABASE_URL", &Cluster::shared().database()));
}

fn add_app(place: &Place, sp: &Sp) {
    let add = [
        "app",
        "add",
        "-",
        "--api-name",
        &sp.api_name,
        "--set",
        "permitted_users=self_authorize",
        "--set",
        "ask_consent=false",
        "--set",
        "encryption=off",
        "--set",
        "attributes=mail=email",
    ];
    place.ok(&add, &sp.metadata());
}

fn share(place: Place) {
    let (earlier_app, later_app) = (Sp::new("earlier"), Sp::new("later"));
    let earlier = furnished(place, &earlier_app);
    earlier.configure(&CONFIG.replace("trace", "info"));
    let later = earlier.to_binary(later());
    add_app(&later, &later_app);
    let password = format!("{PASSWORD}\n");
    let rights = ["--admin", "read_apps", "--admin", "of_tomorrow"];
    let mut add_two = vec!["user", "add", "two"];
    add_two.extend(rights);
    later.ok(&add_two, &password);
    earlier.ok(&["user", "add", "owner", "--admin", "all"], &password);
    earlier.ok(
        &["user", "add", "plain", "--admin", "manage_users"],
        &password,
    );

    let db = Db::new(Address::parse(&earlier.database()).expect("an address"), 2);
    let before = OfTomorrow::read(&db);
    for field in [&before.definition, &before.settings, &before.row] {
        assert!(!field.is_null(), "the later version wrote it: {before:?}");
    }
    let nodes = [Node::start(&earlier), Node::start(&later)];
    let sps = [&earlier_app, &later_app];

    std::thread::scope(|scope| {
        for first in [0, 1] {
            let (nodes, earlier) = (&nodes, &earlier);
            scope.spawn(move || {
                let mut browser = Client::new(nodes[first].address);
                let page = browser.follow(browser.get(&request(sps[first]).1));
                let answer = browser.follow(log_in(&browser, &page));
                assert!(response(earlier, &answer).contains("status:Success"));
                for turn in 0..SIGN_ONS {
                    browser = browser.moved_to(nodes[(first + turn) % 2].address);
                    let answer = browser.get(&request(sps[(first + turn / 2) % 2]).1);
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    let response = answer.field("SAMLResponse");
                    assert!(response.is_some(), "turn {turn}: {}", answer.text());
                }
            });
        }
        let administrators = [&nodes[0], &nodes[1]].map(|node| administrator(node.address));
        for round in 0..ROUNDS {
            let said = format!("description=round {round}");
            let places: [&Place; 2] = [&earlier, &later];
            let place = places[round % 2];
            place.ok(&["app", "edit", "later", "--set", &said], "");
            place.ok(&["app", "edit", "earlier", "--set", &said], "");
            place.ok(
                &["user", "edit", "two", "--locale", &format!("x-{round}")],
                "",
            );
            // The page of the other version, of both apps.
            let browser = &administrators[(round + 1) % 2];
            for app in ["later", "earlier"] {
                let path = format!("/admin/apps/{app}");
                let mut fields = as_shown(browser, &path);
                set(
                    &mut fields,
                    "contact",
                    &format!("round-{round}@example.org"),
                );
                let answer = browser.post(&path, &pairs(&fields));
                assert_eq!(answer.status, 303, "{}", answer.text());
            }
        }
    });

    assert_eq!(OfTomorrow::read(&db), before, "nothing of it was lost");
    let last = format!("round {}", ROUNDS - 1);
    let contact = format!("round-{}@example.org", ROUNDS - 1);
    for app in ["later", "earlier"] {
        let shown = earlier.json(&["app", "show", app], "");
        assert_eq!(shown, later.json(&["app", "show", app], ""));
        assert!(shown.to_string().contains(&last), "{shown}");
        assert!(shown.to_string().contains(&contact), "{shown}");
    }
    // The right is shown by the version that does not know it, and protects who has it.
    let two = earlier.json(&["user", "show", "two"], "");
    assert_eq!(two["admin"], before.rights);
    assert_eq!(two, later.json(&["user", "show", "two"], ""));
    reaches_no_further(&nodes[0]);

    events_are_shown(&earlier, &later, &db);
    if matches!(db.address(), Address::Sqlite(_)) {
        assert_eq!(integrity(&db), "ok");
    }
    for node in nodes {
        node.terminate();
        let log = node.end();
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).expect("JSON");
            assert_ne!(event["level"], "ERROR", "{line}");
        }
    }
}

/// Somebody who may administer, signed in at a node.
fn administrator(address: std::net::SocketAddr) -> Client {
    signed_in(address, "owner")
}

fn signed_in(address: std::net::SocketAddr, username: &str) -> Client {
    let browser = Client::new(address);
    let page = browser.follow(browser.get("/login"));
    let answer = browser.post(
        "/login",
        &[
            ("username", username),
            ("password", PASSWORD),
            ("csrf", &page.field("csrf").expect("a CSRF token")),
            ("p", &page.field("p").unwrap_or_default()),
        ],
    );
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser
}

/// Who may manage users, and has not the right of tomorrow, changes nobody who has it.
fn reaches_no_further(node: &Node) {
    let browser = signed_in(node.address, "plain");
    let list = browser.get("/admin/users?q=two");
    let path = list.text();
    let id = path
        .split("/admin/users/")
        .find_map(|rest| {
            let id = rest.split(['"', '?', '/']).next()?;
            (id.len() == 36).then(|| id.to_owned())
        })
        .expect("the user is listed");
    let page = browser.get(&format!("/admin/users/{id}"));
    assert!(page.text().contains("of_tomorrow"), "{}", page.text());
    let csrf = page.field("csrf").expect("a CSRF token");
    let refused = browser.post(
        &format!("/admin/users/{id}/deactivate"),
        &[("csrf", csrf.as_str())],
    );
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("of_tomorrow"), "{}", refused.text());
}

/// Each version shows what the other wrote into the log, and the list has it.
fn events_are_shown(earlier: &Place, later: &Place, db: &Db) {
    let words = |column: &str| -> BTreeSet<String> {
        let joined = read(
            db,
            &match db.address() {
                Address::Sqlite(_) => {
                    format!("SELECT group_concat(DISTINCT {column}) AS text FROM events")
                }
                Address::Postgres(_) => {
                    format!("SELECT string_agg(DISTINCT {column}, ',') AS text FROM events")
                }
            },
        );
        joined.split(',').map(str::to_owned).collect()
    };
    let results = words("result");
    for result in ["Success", "DoneOfTomorrow"] {
        assert!(results.contains(result), "{results:?}");
    }
    let node = Node::start(earlier);
    let browser = administrator(node.address);
    let page = browser.get("/admin/events?kind=admin");
    assert!(page.text().contains("DoneOfTomorrow"), "{}", page.text());
    // It can be asked for by what this version does not know.
    let page = browser.get("/admin/events?result=DoneOfTomorrow").text();
    assert!(
        page.contains("<option value=\"DoneOfTomorrow\" selected>"),
        "{page}"
    );
    let badges = |result: &str| page.matches(&format!(">{result}</span>")).count();
    assert!(
        badges("DoneOfTomorrow") > 1 && badges("Success") == 0,
        "{page}"
    );
    let everything = Filter::default();
    let logged = db
        .read(|c| events::list(c, &everything, 10_000))
        .expect("read");
    let done = |logged: &&Logged| logged.event.result.as_str() == "DoneOfTomorrow";
    let code = &logged.iter().find(done).expect("logged").code;
    for place in [earlier, later] {
        let explained = place.json(&["explain", code], "");
        assert_eq!(explained["result"], "DoneOfTomorrow", "{explained}");
    }
    node.terminate();
    node.end();
}
