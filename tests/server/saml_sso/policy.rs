//! Who may enter, and what a refusal tells to whom.

use avouch_server::apps::AppState;
use avouch_server::audit::ResultCode;
use avouch_server::store;

use crate::support::app::TestApp;
use crate::support::sp::Sp;

/// Proves AV-ST-08, AV-SEC-51, IIP-IDP05, AV-RSP-07: blocked, uninstalled, not permitted, each from
/// one sign-on to the next, unsolicited ones too.
#[test]
fn av_sec_51_a_disabled_app_gets_no_assertion() {
    let (app, sp, client) = TestApp::ready();
    let connected = app.app_of(&sp);
    let profiles = connected.policy.profiles.clone();
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    for (state, permitted, result) in [
        (AppState::Blocked, true, ResultCode::AppBlocked),
        (AppState::Uninstalled, true, ResultCode::AppNotInstalled),
        (AppState::Installed, false, ResultCode::AppAccessDenied),
    ] {
        app.change(&connected, |app| {
            app.state = state;
            app.policy.profiles = if permitted {
                profiles.clone()
            } else {
                Vec::new()
            };
        });
        let answer = app.ask(&client, &sp, |_| ());
        app.assert_refused(&sp, &answer, result, "Responder", "RequestDenied");
        let launched = client.get("/launch/wiki");
        let told = app.assert_refused(&sp, &launched, result, "Responder", "RequestDenied");
        assert_eq!(told.response.in_response_to, None);
        assert!(app.last_event().checks.iter().any(|check| !check.passed));
        let code = app.last_code();
        assert!(
            launched.text().contains(&code),
            "the page has the reference code"
        );
    }
    app.change(&connected, |app| {
        app.state = AppState::Installed;
        app.policy.profiles = profiles.clone();
    });
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();

    // Blocked while a login is under way.
    let stranger = app.client();
    let page = stranger.follow(app.ask(&stranger, &sp, |_| ()));
    app.change(&connected, |app| app.state = AppState::Blocked);
    let answer = app.log_in(&stranger, &page, "one");
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::AppBlocked,
        "Responder",
        "RequestDenied",
    );
    // Removed while a login is under way: there is nobody left to tell.
    let page = stranger.follow(app.ask(&stranger, &sp, |r| r.force_authn = true));
    app.write(|c| avouch_server::store::apps::remove(c, &connected.id).map(|_| ()));
    let answer = app.log_in(&stranger, &page, "one");
    app.assert_page(&answer, ResultCode::UnknownServiceProvider);
}

/// Proves AV-ST-08 for a user deactivated while signed in.
#[test]
fn av_st_08_a_deactivated_user_is_refused_at_once() {
    let (app, sp, client) = TestApp::ready();
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    app.write(|c| {
        let mut user = avouch_server::store::users::by_username(c, "one")?.expect("a user");
        user.active = false;
        avouch_server::store::users::update(c, &user, app.now())
    });
    let answer = app.ask(&client, &sp, |_| ());
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::UserInactive,
        "Responder",
        "RequestDenied",
    );
}

/// Proves AV-ST-03: cancelling at the login page is told.
#[test]
fn av_st_03_cancelling_is_told_to_the_sp() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.client();
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    let (p, csrf) = (
        page.field("p").expect("p"),
        page.field("csrf").expect("csrf"),
    );
    let answer = client.post("/login", &[("p", &p), ("csrf", &csrf), ("cancel", "yes")]);
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::Cancelled,
        "Responder",
        "AuthnFailed",
    );
    // Wrong passwords are told to nobody but the user, who can still cancel or go on.
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    for _ in 0..7 {
        let wrong = app.submit_login(&client, &page, "one", "wrong");
        assert!([200, 429].contains(&wrong.status));
        assert_eq!(wrong.field("SAMLResponse"), None);
    }
    let answer = client.post(
        "/login",
        &[
            ("p", &page.field("p").expect("p")),
            ("csrf", &csrf),
            ("cancel", "yes"),
        ],
    );
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::Cancelled,
        "Responder",
        "AuthnFailed",
    );
}

/// Proves AV-ST-01 for organisations that hide detail: the top-level code alone.
#[test]
fn av_st_01_detail_can_be_hidden() {
    let app = TestApp::configured("[saml]\nhide_status_detail = true\n");
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let answer = app.ask(&app.client(), &sp, |r| r.is_passive = true);
    let told = app.assert_refused(&sp, &answer, ResultCode::NoPassive, "Responder", "");
    assert!(!told.xml.contains("StatusMessage"));
}

/// Whoever asks an administrator what "Requester" meant has something to ask with: the field at fault
/// and the event's reference code. Nothing of the request is echoed.
#[test]
fn field_47_a_refused_sp_is_told_the_field_and_the_code() {
    let (app, sp, client) = TestApp::ready();
    let refused = |attributes: &str, content: &str, result, second: &str| {
        let answer = app.post_xml(&client, &sp.raw(&app, attributes, content));
        let told = app.assert_refused(&sp, &answer, result, "Requester", second);
        let code = app.last_code();
        let events = app.services.db.read(|c| store::events::by_code(c, &code));
        assert_eq!(events.expect("read").expect("found").event.result, result);
        (told.xml, code)
    };
    for (attributes, content, field) in [
        ("ForceAuthn=\"maybe-not\"", "", "AuthnRequest, line 1"),
        (
            "",
            "<samlp:NameIDPolicy AllowCreate=\"maybe-not\"/>",
            "NameIDPolicy, line 1",
        ),
        ("", "<samlp:maybe-not/>", "line 1"),
    ] {
        let (xml, code) = refused(attributes, content, ResultCode::InvalidAuthnRequest, "");
        let wanted = format!("At fault: {field}. Reference: {code}<");
        assert!(xml.contains(&wanted), "{xml}");
        assert!(!xml.contains("maybe-not"), "{xml}");
    }
    let (xml, code) = refused(
        "",
        "<samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos\"/>",
        ResultCode::UnsupportedNameIdFormat,
        "InvalidNameIDPolicy",
    );
    assert!(
        xml.contains(&format!("At fault: NameIDPolicy. Reference: {code}<")),
        "{xml}"
    );
    assert!(!xml.contains("kerberos"), "{xml}");
}

/// A logout that comes between reading the session and writing the answer wins: nothing is sent, and
/// the sign-on goes on at the login page.
#[test]
fn a_logout_in_between_wins_over_the_answer() {
    use avouch_saml::metadata::AcsSelector;
    use avouch_server::cache::apps::By;
    use avouch_server::context::{BrowserToken, Context, hash_token};
    use avouch_server::flow::outcome::{Answer, Errand, Step};
    use avouch_server::flow::saml::attempt::Attempt;
    use avouch_server::flow::saml::enter::proceed;
    use avouch_server::flow::saml::reply::ReplyTo;
    use avouch_server::flow::sign_on::current_user::CurrentUser;
    use avouch_server::random::SystemRandom;
    use avouch_server::sessions::{Asked, Asking, Launch, Request};

    let (app, sp, client) = TestApp::ready();
    let cx = Context {
        now: app.now(),
        request_id: "r".to_owned(),
        client: std::net::Ipv4Addr::LOCALHOST.into(),
        user_agent: "sample browser".to_owned(),
        session_hash: client.cookie("__Host-avouch").as_deref().map(hash_token),
        browser: BrowserToken::fresh(&mut SystemRandom),
        cookies_withheld: false,
        services: std::sync::Arc::clone(&app.services),
    };
    for passive in [false, true] {
        let client = app.signed_in("one");
        let cx = Context {
            now: app.now(),
            session_hash: client.cookie("__Host-avouch").as_deref().map(hash_token),
            ..cx.clone()
        };
        let current = CurrentUser::read(&cx).expect("read");
        let found = current.session.as_ref().expect("signed in");
        let ready = cx
            .services
            .apps
            .find(
                cx.services.sources(),
                current.versions,
                By::EntityId(&sp.entity_id),
                cx.now,
            )
            .expect("read")
            .expect("connected");
        let acs = ready
            .sp
            .choose_acs(&AcsSelector::default())
            .expect("an ACS");
        let reply = ReplyTo::unsolicited(&ready, acs, None);
        let asking = Asking {
            request: Request::Launch(Launch {
                acs: reply.acs.location().clone(),
                relay_state: None,
            }),
            asked: Asked {
                is_passive: passive,
                ..Asked::nothing(cx.now)
            },
        };
        let go = |ended: bool| {
            if ended {
                app.write(|c| avouch_server::store::sessions::end(c, &found.session.id));
            }
            let mut attempt = Attempt::new(&cx, "idp", "launch");
            let outcome = proceed(&cx, &mut attempt, &reply, asking.clone(), Some(found));
            attempt.conclude(outcome).expect("an answer")
        };
        assert!(matches!(go(false), Answer::Post(posted) if posted.refused.is_none()));
        match go(true) {
            Answer::Step(step) => {
                assert!(
                    !passive && matches!(step, Step::Prove(Errand::SignOn(_))),
                    "{step:?}"
                );
            }
            Answer::Post(posted) => {
                assert!(passive);
                assert_eq!(
                    posted.refused.map(|(result, _)| result),
                    Some(ResultCode::NoPassive)
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
