//! IsPassive.

use avouch_saml::message::authn_request::{Comparison, ContextRefs, RequestedAuthnContext};
use avouch_server::apps::{AppState, PermittedUsers};
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::client::{Answer, From};
use crate::support::sp::Sp;

/// Proves AV-REQ-16, AV-ST-04, IIP-IDP07: each step that would show something.
#[test]
fn av_req_16_is_passive_shows_nothing() {
    let (app, sp, client) = TestApp::ready();
    // No session, by both bindings.
    let stranger = app.client();
    let answer = app.ask(&stranger, &sp, |r| r.is_passive = true);
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );
    let mut request = sp.request(&app);
    request.is_passive = true;
    let fields = sp.post(&request, None, None);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let answer = stranger.follow(stranger.post_from(From::Elsewhere, "/saml/sso", &fields));
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );

    // A session.
    app.told(&sp, &app.ask(&client, &sp, |r| r.is_passive = true))
        .ok();

    // Consent that was not given.
    let asking = Sp::new("asking");
    app.connect(&asking, |app, _| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize
    });
    let answer = app.ask(&client, &asking, |r| r.is_passive = true);
    app.assert_refused(
        &asking,
        &answer,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );

    // A session that ended.
    app.clock.advance(3 * 3600);
    let answer = app.ask(&client, &sp, |r| r.is_passive = true);
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );
}

/// Whether the form goes on without anybody pressing its button.
fn goes_on_by_itself(answer: &Answer) -> bool {
    let text = answer.text();
    let script = text
        .split("<script")
        .skip(1)
        .any(|tag| tag.split('>').next().is_some_and(|t| t.contains("submit")));
    assert_eq!(
        script,
        !text.contains("role=\"alert\""),
        "what waits says why"
    );
    script
}

/// Proves AV-REQ-16, AV-BND-14: a passive request that is refused shows no page, by whichever way
/// it came; any other shows the user why.
#[test]
fn av_req_16_a_passive_refusal_is_no_page() {
    let (app, sp, client) = TestApp::ready();
    let connected = app.app_of(&sp);
    for (state, result) in [
        (AppState::Blocked, ResultCode::AppBlocked),
        (AppState::Uninstalled, ResultCode::AppNotInstalled),
        (AppState::Installed, ResultCode::AppAccessDenied),
    ] {
        app.change(&connected, |app| {
            app.state = state;
            app.policy.profiles.clear();
        });
        for is_passive in [true, false] {
            let request = || {
                let mut request = sp.request(&app);
                request.is_passive = is_passive;
                request
            };
            let cross = app.post_request(&client, From::Elsewhere, &sp, &request(), None);
            let same = app.post_request(&client, From::Here, &sp, &request(), None);
            let redirected = client.get(&sp.redirect(&app, &request()));
            for answer in [client.follow(cross), same, redirected] {
                assert_eq!(goes_on_by_itself(&answer), is_passive, "{result:?}");
                let told = app.told(&sp, &answer);
                assert_eq!(told.status(), ("Responder", "RequestDenied"));
                assert_eq!(app.last_event().result, result);
            }
        }
    }
}

/// Proves AV-REQ-24, AV-ST-04, AV-SEC-63: a session of a weaker context is stepped up, passively it
/// is refused, and never is a stronger one claimed.
#[test]
fn av_req_24_a_weaker_session_is_stepped_up() {
    let (app, sp, client) = TestApp::ready();
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    let protected = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let hash = avouch_server::context::hash_token(&client.cookie("__Host-avouch").expect("cookie"));
    app.write(|c| {
        let found = avouch_server::store::sessions::resolve(c, &hash)?.expect("a session");
        let mut session = found.session;
        session.authn_context = password.to_owned();
        avouch_server::store::sessions::renew(c, &session)
    });
    let wants = |class: &str| {
        Some(RequestedAuthnContext {
            comparison: Comparison::Exact,
            refs: ContextRefs::Classes(vec![class.to_owned()]),
        })
    };
    let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    assert_eq!(told.ok().authn.context_class, password);
    let answer = app.ask(&client, &sp, |r| {
        r.requested_authn_context = wants(protected);
        r.is_passive = true;
    });
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );
    app.clock.advance(60);
    let page = client.follow(app.ask(&client, &sp, |r| {
        r.requested_authn_context = wants(protected)
    }));
    let told = app.told(&sp, &app.log_in(&client, &page, "one"));
    assert_eq!(told.ok().authn.context_class, protected);
    assert_eq!(told.ok().authn.instant, app.now());
    // The reverse: a password over TLS is one, and is called what was asked for.
    let answer = app.ask(&client, &sp, |r| {
        r.requested_authn_context = wants(password)
    });
    assert_eq!(app.told(&sp, &answer).ok().authn.context_class, password);
}
