//! `/health/*`, assets, and a database that goes away.

use std::io::{Read as _, Write as _};

use avouch_server::audit::{EventKind, ResultCode};
use avouch_server::store;

use crate::support::app::{Setup, TestApp};
use crate::support::sp::Sp;

#[test]
fn health_and_assets_answer() {
    let app = TestApp::start();
    let client = app.client();
    assert_eq!(client.get("/health/live").status, 200);
    assert_eq!(client.get("/health/ready").text(), "ready\n");
    let page = client.get("/login").text();
    let from = page.find("/assets/avouch.css?v=").expect("a stylesheet");
    let url: String = page[from..].chars().take_while(|c| *c != '"').collect();
    let asset = client.get(&url);
    assert_eq!(asset.status, 200);
    assert!(
        asset
            .header("cache-control")
            .is_some_and(|c| c.contains("immutable"))
    );
    let tag = asset.header("etag").expect("a tag").to_owned();
    assert_eq!(
        client.get_with(&url, &[("If-None-Match", &tag)]).status,
        304
    );
    for (path, status) in [
        ("/assets/nothing.css", 404),
        ("/nothing", 404),
        ("/saml/sso/nothing", 404),
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, status);
        assert!(answer.text().contains("<!doctype html>"));
    }
    assert_eq!(client.post("/saml/metadata", &[]).status, 405);
    assert!(
        client
            .get("/health/live")
            .header("x-request-id")
            .is_some_and(|id| id.len() == 36)
    );
}

/// Without a key to sign with a node is of no use to a load balancer.
#[test]
fn without_a_signing_key_a_node_is_not_ready() {
    let app = TestApp::start();
    let client = app.client();
    let set = |state: &str| {
        app.services
            .db
            .write(|c| {
                for key in store::keys::all(c)? {
                    store::keys::set_state(c, &key.id, state)?;
                }
                Ok::<_, store::StoreError>(())
            })
            .expect("written");
    };
    assert_eq!(client.get("/health/ready").status, 200);
    set("retired");
    let answer = client.get("/health/ready");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.text(), "not ready: no signing key can be used\n");
    assert_eq!(client.get("/health/live").status, 200);
    set("active");
    assert_eq!(client.get("/health/ready").status, 200);
}

/// A fault of ours keeps what was known of the attempt, under the kind of its route.
#[test]
fn a_fault_of_ours_keeps_the_trail() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    let connected = app.connect(&sp, |_, _| ());
    let admin = crate::admin::admin(&app, crate::admin::ALL);
    app.services
        .db
        .write(|c| {
            let mut stored = store::apps::by_id(c, &connected.id)?.expect("there");
            stored.metadata_xml = b"<damaged/>".to_vec();
            store::apps::update(c, &stored)
        })
        .expect("written");
    let answer = app.ask(&app.client(), &sp, |_| ());
    assert_eq!(answer.status, 500);
    let event = app.last_event();
    assert_eq!(answer.code(), app.last_code());
    assert_eq!(event.result, ResultCode::InternalError);
    assert_eq!(event.kind, EventKind::SignOn);
    assert_eq!(event.entity_id.as_deref(), Some(sp.entity_id.as_str()));
    assert_eq!(
        (&*event.initiated_by, event.binding.as_str()),
        ("sp", "redirect")
    );
    assert_eq!(admin.get("/admin/apps/wiki").status, 500);
    assert_eq!(app.last_event().kind, EventKind::Admin);
}

/// A database that is gone is said so, and found again without a restart.
#[test]
fn a_lost_database_is_told_and_found_again() {
    let cluster = crate::postgres::Cluster::start();
    let app = TestApp::with(Setup {
        database: Some(cluster.database()),
        ..Setup::default()
    });
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.signed_in("one");
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    cluster.stop();
    assert_eq!(client.get("/health/ready").status, 503);
    assert_eq!(client.get("/health/live").status, 200);
    let lost = app.ask(&client, &sp, |_| ());
    assert_eq!((lost.status, lost.field("SAMLResponse")), (503, None));
    assert!(lost.header("retry-after").is_some());
    let text = lost.text().to_lowercase();
    assert!(text.contains("<!doctype html>"));
    assert!(
        !text.contains("postgres") && !text.contains("connection"),
        "nothing of the cause"
    );
    cluster.start_again();
    assert_eq!(client.get("/health/ready").status, 200);
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
}

/// A page of another site, whose name points to this machine, is not answered where everybody who
/// can reach the server is trusted.
#[test]
fn another_site_s_name_is_refused_on_a_server_of_this_machine() {
    let app = TestApp::with(Setup {
        server: "base_url = \"http://localhost:8080\"\n".to_owned(),
        ..Setup::default()
    });
    let ask = |app: &TestApp, host: &str| {
        let stream = std::net::TcpStream::connect(app.address()).expect("it listens");
        let request = format!("GET /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        (&stream).write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        (&stream).read_to_string(&mut answer).expect("answered");
        answer
    };
    let refused = ask(&app, "evil.example:8080");
    assert!(refused.starts_with("HTTP/1.1 421 "), "{refused}");
    assert!(refused.contains("Open http://localhost:8080 instead"));
    assert!(!refused.contains("csrf") && !refused.contains("set-cookie"));
    let own = app.address().to_string();
    for host in ["localhost:8080", "LOCALHOST:8080", own.as_str()] {
        let answer = ask(&app, host);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
    }
    // With TLS, here or at a proxy, the name was checked before.
    let app = TestApp::start();
    assert!(ask(&app, "other.example").starts_with("HTTP/1.1 200 "));
}
