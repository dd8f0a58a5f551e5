//! The event log: filter, search, page through all of it, export.

use avouch_server::users::AdminRight;

use super::{admin, signed_in};
use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::sp::Sp;

fn codes(client: &Client, path: &str) -> Vec<String> {
    let text = client.get(path).text();
    text.split("href=\"/admin/events/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or("").to_owned())
        .collect()
}

fn older(client: &Client, path: &str) -> Option<String> {
    let text = client.get(path).text();
    let at = text.find("before=")?;
    let from = text[..at].rfind("href=\"")? + 6;
    let url = text[from..].split('"').next()?;
    Some(url.replace("&#38;", "&").replace("&amp;", "&"))
}

#[test]
fn every_event_is_reached_page_by_page_and_in_the_exports() {
    let app = TestApp::start();
    app.user("sample.one");
    for _ in 0..60 {
        signed_in(&app, "sample.one");
    }
    let client = admin(&app, &[AdminRight::ReadLogs]);
    let all: Vec<String> = app.logged().into_iter().map(|l| l.code).collect();
    assert!(all.len() > 60);
    let mut seen = Vec::new();
    let mut path = Some("/admin/events".to_owned());
    while let Some(here) = path {
        seen.extend(codes(&client, &here));
        path = older(&client, &here);
    }
    assert_eq!(seen, all);

    let lines = client.get("/admin/events.jsonl").text();
    let exported: Vec<String> = lines
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            value["code"].as_str().expect("a code").to_owned()
        })
        .collect();
    assert_eq!(exported, all);
    let csv = client.get("/admin/events.csv");
    // A line of names, and the export before it, which is an event by now.
    assert_eq!(csv.text().lines().count(), all.len() + 2);
    assert!(
        csv.header("content-disposition")
            .is_some_and(|v| v.starts_with("attachment"))
    );
}

#[test]
fn the_log_is_filtered_and_searched() {
    let app = TestApp::start();
    app.user("sample.one");
    app.user("sample.two");
    signed_in(&app, "sample.one");
    signed_in(&app, "sample.two");
    let stranger = app.client();
    let page = stranger.get("/login");
    app.submit_login(&stranger, &page, "sample.one", "wrong");
    let failed = app.last_code();
    let client = admin(&app, &[AdminRight::ReadLogs]);
    for (query, count) in [
        ("q=sample.two", 1),
        ("q=sample.one", 2),
        ("q=sample.one&result=failures", 1),
        ("result=WrongCredentials", 1),
        ("kind=sign_on", 0),
        ("from=2026-03-01&until=2026-03-01&result=failures", 1),
        ("from=2026-03-02&result=failures", 0),
        ("until=2026-02-28&result=failures", 0),
    ] {
        assert_eq!(
            codes(&client, &format!("/admin/events?{query}")).len(),
            count,
            "{query}"
        );
        let lines = client.get(&format!("/admin/events.jsonl?{query}")).text();
        assert_eq!(lines.lines().count(), count, "{query}");
    }
    // As somebody reads it out over the telephone.
    let spoken = failed.to_lowercase().replace('-', "");
    let shown = client.get(&format!("/admin/events/{spoken}"));
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("WrongCredentials"));
    assert_eq!(client.get("/admin/events/ZZZZ-ZZZZ").status, 404);
}

#[test]
fn foreign_text_is_no_formula_and_no_markup() {
    let app = TestApp::start();
    let odd = Sp {
        entity_id: "=HYPERLINK(\"<b>\")".into(),
        ..Sp::new("odd")
    };
    let answer = app.client().get(&odd.redirect(&app, &odd.request(&app)));
    assert_eq!(answer.status, 404);
    let client = admin(&app, &[AdminRight::ReadLogs]);
    let csv = client.get("/admin/events.csv").text();
    assert!(csv.contains(",\"'=HYPERLINK(\"\"<b>\"\")\","), "{csv}");
    assert!(!client.get("/admin/events").text().contains("<b>"));
}
