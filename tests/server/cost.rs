//! What a sign-on costs in statements: numbers that cannot be noisy.

use std::sync::Arc;

use avouch_saml::binding::{Transport, redirect};
use avouch_server::apps::row::parse_row;
use avouch_server::context::{BrowserToken, Context, hash_token};
use avouch_server::flow::outcome::Answer;
use avouch_server::flow::saml::sso;
use avouch_server::random::{SystemRandom, new_id};
use avouch_server::store::{Connection, StoreError};
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};

use crate::support::app::{Setup, TestApp};
use crate::support::sp::Sp;

/// A warm sign-on: session live, app known, keys known.
#[test]
fn a_warm_sign_on_is_one_read_and_one_short_transaction() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.client();
    app.sign_on(&client, &sp, "one");
    // Once more, so that every statement is prepared and everything is cached.
    app.told(&sp, &client.get(&sp.redirect(&app, &sp.request(&app))));

    let request = sp.redirect(&app, &sp.request(&app));
    let before = app.services.db.statements();
    let answer = client.get(&request);
    let statements = app.services.db.statements() - before;
    app.told(&sp, &answer).ok();
    // Session, user and version; BEGIN; request seen; participant; event; COMMIT.
    assert_eq!(statements, 6);
}

/// What the flow allocates, from the query as received to the signed Response: measured on the
/// thread that does it, since the server's own threads would not be counted.
#[test]
fn a_warm_sign_on_allocates_within_its_bound() {
    // On a file, whatever the tests run on: the client of PostgreSQL allocates differently.
    let folder = std::env::temp_dir().join(format!("avouch-cost-{}", new_id(&mut SystemRandom)));
    let app = TestApp::with(Setup {
        database: Some(format!("sqlite:{}", folder.join("a.sqlite").display())),
        folder: Some(folder),
        ..Setup::default()
    });
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        for field in [
            "username",
            "display_name",
            "given_name",
            "family_name",
            "email",
            "locale",
            "time_zone",
            "id",
        ] {
            let row = format!("urn:x-sample:{field} = {field}");
            saml.attributes
                .push(parse_row(&row).unwrap_or_else(|e| panic!("{row}: {e}")));
        }
    });
    app.user("one");
    let client = app.client();
    app.sign_on(&client, &sp, "one");
    let cookie = client.cookie("__Host-avouch").expect("signed in");
    let sign_on = || {
        let cx = Context {
            now: app.now(),
            request_id: "r".to_owned(),
            client: std::net::Ipv4Addr::LOCALHOST.into(),
            user_agent: "sample browser".to_owned(),
            session_hash: Some(hash_token(&cookie)),
            browser: BrowserToken::fresh(&mut SystemRandom),
            cookies_withheld: false,
            services: Arc::clone(&app.services),
        };
        let url = sp.redirect(&app, &sp.request(&app));
        let (_, query) = url.split_once('?').expect("a query");
        let mut answered = false;
        let counted = allocation_counter::measure(|| {
            let received = redirect::receive(query);
            let answer = sso::begin(&cx, Transport::Redirect, received);
            answered = matches!(answer, Ok(Answer::Post(_)));
        });
        assert!(answered, "a signed Response");
        counted
    };
    sign_on();
    let counted = sign_on();
    // Raised or lowered by decision, with the change that does it.
    assert_eq!(counted.count_total, ALLOCATIONS, "allocations");
    assert_eq!(counted.count_current, 0, "nothing stays behind");
    let octets = app.services.db.read_one(|c| {
        let newest = "SELECT length(checks) AS octets FROM events ORDER BY seq DESC LIMIT 1";
        let found: Octets = match c {
            Connection::Sqlite(c) => sql_query(newest).get_result(c)?,
            Connection::Postgres(c) => sql_query(newest).get_result(c)?,
        };
        Ok::<_, StoreError>(found.octets)
    });
    assert_eq!(octets.expect("read"), OCTETS, "octets of the checks");
}

#[derive(QueryableByName)]
struct Octets {
    #[diesel(sql_type = BigInt)]
    octets: i64,
}

const ALLOCATIONS: u64 = 244;

/// What the fourteen checks of that sign-on take in its event; nearly all of it ASCII.
const OCTETS: i64 = 664;
