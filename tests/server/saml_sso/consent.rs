//! Consent of users who authorize an app themselves.

use avouch_server::apps::PermittedUsers;
use avouch_server::apps::saml::{AttributeRow, Source, UserField};
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::sp::Sp;

fn row(name: &str, field: UserField) -> AttributeRow {
    let format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
    AttributeRow {
        friendly_name: Some("mail".to_owned()),
        ..AttributeRow::new(name, format, Source::User(field))
    }
}

/// Proves AV-ST-08 for consent, AV-SEC-61 and AV-SEC-58 for its page: asked once, remembered,
/// asked again for more, and a refusal is told.
#[test]
fn av_st_08_consent_is_asked_once_and_refusal_is_told() {
    let app = TestApp::start();
    let sp = Sp::new("asking");
    let connected = app.connect(&sp, |app, saml| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        app.policy.profiles.clear();
        saml.attributes = vec![row("urn:mail", UserField::Email)];
    });
    app.user("one");
    let client = app.signed_in("one");
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    assert!(page.text().contains("one@example.org"), "{}", page.text());
    assert!(
        page.header("content-security-policy")
            .is_some_and(|p| p.contains("frame-ancestors 'none'"))
    );
    let p = page.field("p").expect("a sign-on");
    let csrf = page.field("csrf").expect("a token");
    // Going round the page does not help, and neither does a form of another site.
    let around = client.get(&format!("/saml/sso/continue?p={p}"));
    assert_eq!(around.location(), Some(format!("/consent?p={p}")));
    let forged = client.post(
        "/consent",
        &[("p", &p), ("decision", "accept"), ("csrf", "x")],
    );
    assert_eq!(forged.status, 403);
    let declined = client.post(
        "/consent",
        &[("p", &p), ("decision", "decline"), ("csrf", &csrf)],
    );
    app.assert_refused(
        &sp,
        &declined,
        ResultCode::ConsentDeclined,
        "Responder",
        "RequestDenied",
    );

    let page = client.follow(app.ask(&client, &sp, |_| ()));
    let p = page.field("p").expect("a sign-on");
    let answer = client.post(
        "/consent",
        &[("p", &p), ("decision", "accept"), ("csrf", &csrf)],
    );
    let told = app.told(&sp, &client.follow(answer));
    assert_eq!(
        told.values("urn:mail"),
        Some(vec!["one@example.org".to_owned()])
    );
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();

    app.change(&connected, |app| {
        app.definition
            .saml
            .attributes
            .push(row("urn:name", UserField::DisplayName));
    });
    let more = app.ask(&client, &sp, |_| ());
    assert!(
        more.location().is_some_and(|l| l.starts_with("/consent")),
        "{more:?}"
    );
    app.change(&connected, |app| app.policy.ask_consent = false);
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
}
