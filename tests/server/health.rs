//! `/health/*`, assets, and a database that goes away.

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
