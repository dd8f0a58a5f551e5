//! ForceAuthn.

use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::client::{Answer, Client, From};

/// Proves AV-REQ-15, IIP-IDP06, SDP-IDP07, AV-RSP-10, AV-SEC-59: a fresh challenge, a fresh
/// instant, a new secret.
#[test]
fn av_req_15_force_authn_needs_a_fresh_login() {
    let (app, sp, client) = TestApp::ready();
    let before = app.now();
    let secret = client.cookie("__Host-avouch").expect("a session");
    app.clock.advance(600);
    let plain = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    assert_eq!(plain.ok().authn.instant, before, "reuse keeps the instant");

    let page = client.follow(app.ask(&client, &sp, |r| r.force_authn = true));
    assert!(page.field("password").is_some() || page.text().contains("name=\"password\""));
    // Going round the login does not help.
    let p = page.field("p").expect("a sign-on");
    let around = client.get(&format!("/continue?p={p}"));
    assert_eq!(around.location(), Some(format!("/login?p={p}")));
    app.clock.advance(5);
    let told = app.told(&sp, &app.log_in(&client, &page, "one"));
    assert_eq!(told.ok().authn.instant, app.now());
    assert_ne!(client.cookie("__Host-avouch"), Some(secret.clone()));

    // The old secret is dead.
    let thief = app.client();
    thief.set_cookie("__Host-avouch", &secret);
    let answer = app.ask(&thief, &sp, |_| ());
    assert!(answer.location().is_some_and(|l| l.starts_with("/login")));
}

/// Proves AV-REQ-15, AV-SEC-68: the session is replaced by another user's, never mixed.
#[test]
fn av_req_15_another_user_replaces_the_session() {
    let (app, sp, client) = TestApp::ready();
    app.user("two");
    let other = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    let page = client.follow(app.ask(&client, &sp, |r| r.force_authn = true));
    let told = app.told(&sp, &app.log_in(&client, &page, "two"));
    assert_ne!(told.ok().subject, other.ok().subject);
    let next = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    assert_eq!(next.ok().subject, told.ok().subject);
    assert_eq!(app.last_event().username(), Some("two"));
}

/// Proves AV-REQ-17.
#[test]
fn av_req_17_force_authn_with_is_passive_is_no_passive() {
    let (app, sp, client) = TestApp::ready();
    app.clock.advance(1);
    let answer = app.ask(&client, &sp, |r| {
        r.force_authn = true;
        r.is_passive = true;
    });
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );
    app.told(&sp, &app.ask(&client, &sp, |r| r.is_passive = true))
        .ok();
}

/// Proves AV-BND-14: a POST from another site comes without the session, which is found again.
#[test]
fn av_bnd_14_a_cross_site_post_still_finds_the_session() {
    let (app, sp, client) = TestApp::ready();
    let fields = sp.post(&sp.request(&app), Some("state"), None);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let answer = client.post_from(From::Elsewhere, "/saml/sso", &fields);
    assert!(
        answer
            .location()
            .is_some_and(|l| l.starts_with("/continue?p=")),
        "{answer:?}"
    );
    assert!(
        answer
            .header("set-cookie")
            .is_none_or(|c| !c.contains("__Host-avouch="))
    );
    let told = app.told(&sp, &client.follow(answer));
    assert_eq!(told.relay_state.as_deref(), Some("state"));
    told.ok();
}

/// Proves IIP-IDP06: the login knows ForceAuthn, and does not take a session that is too weak for it.
#[test]
fn iip_idp06_the_login_page_knows_force_authn() {
    let (app, sp, client) = TestApp::ready();
    let says_so = |answer: &Answer| answer.text().contains("asks you to sign in again");
    app.clock.advance(1);
    for client in [&client, &app.client()] {
        let page = client.follow(app.ask(client, &sp, |r| r.force_authn = true));
        assert!(says_so(&page), "{}", page.text());
    }
    let page = app.client();
    assert!(!says_so(&page.follow(app.ask(&page, &sp, |_| ()))));
    // Stepped up, without ForceAuthn.
    weaken(&app, &client);
    app.change(&app.app_of(&sp), |app| {
        app.definition.saml.permitted_contexts = vec![PROTECTED.to_owned()];
    });
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    assert!(page.text().contains("name=\"password\"") && !says_so(&page));
}

/// Proves AV-REQ-24: a session of a context that the app does not permit leads to the login page,
/// which asks instead of sending the browser back; the stronger one goes on.
#[test]
fn av_req_24_a_context_the_app_does_not_permit_is_stepped_up() {
    let (app, sp, client) = TestApp::ready();
    app.change(&app.app_of(&sp), |app| {
        app.definition.saml.permitted_contexts = vec![PROTECTED.to_owned()];
    });
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    weaken(&app, &client);
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    let told = app.told(&sp, &app.log_in(&client, &page, "one"));
    assert_eq!(told.ok().authn.context_class, PROTECTED);
    // Another tab's login is enough for one that waits.
    weaken(&app, &client);
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    let p = page.field("p").expect("a sign-on");
    let elsewhere = client.follow(app.ask(&client, &sp, |_| ()));
    app.log_in(&client, &elsewhere, "one");
    let answer = client.follow(client.get(&format!("/login?p={p}")));
    app.told(&sp, &answer).ok();
}

const PROTECTED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

/// Makes the client's session one that began over a connection others could read.
fn weaken(app: &TestApp, client: &Client) {
    let hash = avouch_server::context::hash_token(&client.cookie("__Host-avouch").expect("cookie"));
    app.write(|c| {
        let found = avouch_server::store::sessions::resolve(c, &hash)?.expect("a session");
        let mut session = found.session;
        session.authn_context = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password".to_owned();
        avouch_server::store::sessions::renew(c, &session)
    });
}
