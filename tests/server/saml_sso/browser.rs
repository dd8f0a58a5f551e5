//! Tabs, back buttons, other browsers, replays and restarts.

use avouch_server::audit::ResultCode;

use crate::support::app::{Setup, TestApp};
use crate::support::client::From;
use crate::support::sp::Sp;

/// Proves AV-REQ-30, AV-SEC-60: two tabs to two SPs, finished in reverse; the back button; a form
/// sent twice.
#[test]
fn av_req_30_parallel_sign_ons_do_not_cross() {
    let app = TestApp::start();
    let (a, b) = (Sp::new("a"), Sp::new("b"));
    app.connect(&a, |_, _| ());
    app.connect(&b, |_, _| ());
    app.user("one");
    let client = app.client();
    let (ask_a, ask_b) = (a.request(&app), b.request(&app));
    let page_a = client.follow(client.get(&a.redirect_with(&app, &ask_a, Some("ra"), None)));
    let page_b = client.follow(client.get(&b.redirect_with(&app, &ask_b, Some("rb"), None)));
    let told_b = app.told(&b, &app.log_in(&client, &page_b, "one"));
    assert_eq!(told_b.response.in_response_to.as_ref(), Some(&ask_b.id));
    assert_eq!(told_b.relay_state.as_deref(), Some("rb"));
    // The other tab's form, filled in by somebody who is signed in already.
    let told_a = app.told(&a, &app.log_in(&client, &page_a, "one"));
    assert_eq!(told_a.response.in_response_to.as_ref(), Some(&ask_a.id));
    assert_eq!(told_a.relay_state.as_deref(), Some("ra"));

    // Back, and again: each ends where one click starts anew, with the RelayState kept.
    let again = app.log_in(&client, &page_a, "one");
    assert_eq!((again.status, again.field("SAMLResponse")), (410, None));
    assert!(
        again.text().contains("/launch/a?RelayState=ra"),
        "{}",
        again.text()
    );
    let back = client.get(&format!("/login?p={}", page_a.field("p").expect("p")));
    assert_eq!(back.status, 410);
    let restarted = client.get("/launch/a?RelayState=ra");
    assert_eq!(app.told(&a, &restarted).relay_state.as_deref(), Some("ra"));

    // A tab where the page waits while another one logs in goes on by itself.
    let other = app.client();
    let waiting = other.follow(app.ask(&other, &a, |_| ()));
    app.log_in(&other, &other.follow(app.ask(&other, &b, |_| ())), "one");
    let reloaded = other.follow(other.get(&format!("/login?p={}", waiting.field("p").expect("p"))));
    app.told(&a, &reloaded).ok();
}

/// Proves AV-REQ-31, AV-SEC-60: a login URL copied to another browser must start again.
#[test]
fn av_req_31_a_sign_on_stays_in_its_browser() {
    let (app, sp, victim) = TestApp::ready();
    let attacker = app.client();
    let page = attacker.follow(app.ask(&attacker, &sp, |_| ()));
    let p = page.field("p").expect("p");
    for path in ["/continue", "/login", "/consent"] {
        let answer = victim.get(&format!("{path}?p={p}"));
        assert_eq!(
            (answer.status, answer.field("SAMLResponse")),
            (410, None),
            "{path}"
        );
    }
    let csrf = victim.get("/login?p=x").field("csrf");
    let csrf = csrf.unwrap_or_else(|| victim.get("/logout").field("csrf").expect("a token"));
    let answer = victim.post(
        "/login",
        &[
            ("username", "one"),
            ("password", "a sample password"),
            ("p", &p),
            ("csrf", &csrf),
        ],
    );
    assert_eq!(victim.follow(answer).status, 410);
    app.told(&sp, &app.log_in(&attacker, &page, "one")).ok();
}

/// Proves AV-REQ-04, AV-SEC-64: F5 goes on, the same request in another browser is refused, and
/// after the answer in its own too.
#[test]
fn av_req_04_a_request_is_used_once() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.client();
    let path = sp.redirect_with(&app, &sp.request(&app), Some("r"), Some("sp-signing"));
    let first = client.follow(client.get(&path));
    let reloaded = client.follow(client.get(&path));
    assert_eq!(
        first.field("p"),
        reloaded.field("p"),
        "F5 shows the same sign-on"
    );
    let thief = app.client();
    app.assert_page(&thief.get(&path), ResultCode::ReplayedRequest);
    let told = app.told(&sp, &app.log_in(&client, &reloaded, "one"));
    assert_eq!(told.relay_state.as_deref(), Some("r"));
    let late = client.follow(client.get(&path));
    assert_eq!((late.status, late.field("SAMLResponse")), (410, None));

    // Answered at once, because there was a session: used up as well, over a restart too.
    let path = sp.redirect_with(&app, &sp.request(&app), None, Some("sp-signing"));
    app.told(&sp, &client.get(&path)).ok();
    app.assert_page(&client.get(&path), ResultCode::ReplayedRequest);
    let folder = app.stop();
    let app = TestApp::with(Setup {
        folder: Some(folder),
        ..Setup::default()
    });
    let thief = app.signed_in("one");
    app.assert_page(&thief.get(&path), ResultCode::ReplayedRequest);
    app.told(&sp, &app.ask(&thief, &sp, |_| ())).ok();
}

/// Proves AV-REQ-30 for a restart of the server and a day of idling.
#[test]
fn av_req_30_a_sign_on_survives_restart_and_idling() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.client();
    let request = sp.request(&app);
    let page = client.follow(client.get(&sp.redirect_with(&app, &request, Some("kept"), None)));
    let folder = app.stop();
    let app = TestApp::with(Setup {
        folder: Some(folder),
        ..Setup::default()
    });
    app.clock.advance(24 * 3600);
    let client = client.beside(&app.client());
    let page = client.get(&format!("/login?p={}", page.field("p").expect("p")));
    let told = app.told(&sp, &app.log_in(&client, &page, "one"));
    assert_eq!(told.relay_state.as_deref(), Some("kept"));
    assert_eq!(told.response.in_response_to.as_ref(), Some(&request.id));

    // Longer than a sign-on waits: one click starts again.
    let other = app.client();
    let page = other.follow(app.ask(&other, &sp, |_| ()));
    app.clock.advance(49 * 3600);
    let late = app.log_in(&other, &page, "one");
    assert_eq!(late.status, 410);
    assert!(late.text().contains("/launch/wiki"));
    let bookmarked = other.get("/login");
    assert_eq!(bookmarked.status, 200);
}

/// Proves AV-REQ-31 for a POST, which no browser can be bound to at first.
#[test]
fn av_req_31_a_posted_sign_on_is_bound_at_the_first_page() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.client();
    let post = || {
        let fields = sp.post(&sp.request(&app), None, None);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        client
            .post_from(From::Elsewhere, "/saml/sso", &fields)
            .location()
            .expect("on")
    };
    let first = post();
    let page = client.follow(client.get(&first));
    assert_eq!(
        app.client().get(&first).status,
        410,
        "it is the first browser's"
    );
    app.told(&sp, &app.log_in(&client, &page, "one")).ok();
    // The first page is reached at once or not at all.
    let second = post();
    app.clock.advance(150);
    assert_eq!(app.client().get(&second).status, 410);
}

/// Proves AV-REQ-31, AV-BND-14: some browsers bring the session with another site's form and not
/// the secret that binds; the sign-on is not lost to them.
#[test]
fn av_req_31_a_posted_sign_on_with_half_the_cookies_goes_on() {
    let (app, sp, client) = TestApp::ready();
    let half = app.client();
    let session = client.cookie("__Host-avouch").expect("signed in");
    half.set_cookie("__Host-avouch", &session);
    let mut request = sp.request(&app);
    request.force_authn = true;
    let fields = sp.post(&request, Some("kept"), None);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let body = crate::support::client::form(&fields);
    let cross = &[("Sec-Fetch-Site", "cross-site")];
    let answer = half.send(
        "POST",
        "/saml/sso",
        Some(body.as_bytes()),
        From::Here,
        cross,
    );
    assert_eq!(answer.header("set-cookie"), None);
    let page = half.follow(answer);
    let told = app.told(&sp, &app.log_in(&half, &page, "one"));
    assert_eq!(told.relay_state.as_deref(), Some("kept"));
    assert_eq!(told.ok().authn.instant, app.now());
}
