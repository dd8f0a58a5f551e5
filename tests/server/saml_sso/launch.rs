//! Sign-ons that begin at the identity provider.

use avouch_server::apps::AppState;
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::client::{Client, From};
use crate::support::sp::Sp;

/// Proves AV-REQ-32, E90, AV-RSP-06, AV-SEC-58: only where allowed, to the default ACS, without
/// InResponseTo, and not because another site says so.
#[test]
fn av_req_32_unsolicited_sign_on_needs_leave_and_intent() {
    let (app, sp, client) = TestApp::ready();
    let answer = client.get("/launch/wiki");
    let told = app.told(&sp, &answer);
    assert_eq!(told.response.in_response_to, None);
    assert_eq!(told.ok().confirmation.in_response_to, None);
    assert_eq!(
        (told.acs.as_str(), told.relay_state),
        (sp.acs.as_str(), None)
    );
    assert_eq!(app.last_event().initiated_by, "idp");

    // A link, an image or a form of another site.
    let before = app.events().len();
    let page = client.get_from(From::Link, "/launch/wiki?RelayState=a%26b");
    assert_eq!((page.status, page.field("SAMLResponse")), (200, None));
    let mailed = client.get_with(
        "/launch/wiki?RelayState=a%26b",
        &[("Sec-Fetch-Site", "none")],
    );
    assert_eq!((mailed.status, mailed.field("SAMLResponse")), (200, None));
    let old_browser = client.get_with("/launch/wiki", &[("Sec-Fetch-Site", "")]);
    assert_eq!(old_browser.field("SAMLResponse"), None);
    let forged = client.post_from(From::Elsewhere, "/launch/wiki", &[]);
    assert_eq!((forged.status, forged.field("SAMLResponse")), (403, None));
    assert_eq!(app.events().len(), before, "nothing happened");
    // The user says yes.
    let csrf = page.field("csrf").expect("a token");
    let state = page.field("RelayState").expect("kept");
    let answer = client.post(&page.action(), &[("csrf", &csrf), ("RelayState", &state)]);
    assert_eq!(app.told(&sp, &answer).relay_state.as_deref(), Some("a&b"));

    let refusing = Sp::new("refusing");
    app.connect(&refusing, |_, saml| saml.allow_unsolicited = false);
    app.assert_page(&client.get("/launch/refusing"), ResultCode::InvalidSettings);
    app.assert_page(
        &client.get("/launch/unknown"),
        ResultCode::UnknownServiceProvider,
    );
    app.assert_page(
        &client.get_from(From::Link, "/launch/unknown"),
        ResultCode::UnknownServiceProvider,
    );
}

/// Proves AV-REQ-32 for RelayState and start URLs, and for a user who is not signed in.
#[test]
fn av_req_32_the_app_says_what_a_launch_carries() {
    let (app, _, client) = TestApp::ready();
    let fixed = Sp::new("fixed");
    app.connect(&fixed, |_, saml| {
        saml.default_relay_state = Some("home".to_owned());
        saml.allow_relay_state_override = false;
    });
    let free = Sp::new("free");
    app.connect(&free, |_, saml| {
        saml.default_relay_state = Some("home".to_owned())
    });
    let starting = Sp::new("starting");
    app.connect(&starting, |app, _| {
        app.definition.start_url = Some("https://starting.example.org/login".to_owned());
    });
    for (sp, path, want) in [
        (&fixed, "/launch/fixed", "home"),
        (&fixed, "/launch/fixed?RelayState=other", "home"),
        (&free, "/launch/free", "home"),
        (&free, "/launch/free?RelayState=other", "other"),
    ] {
        assert_eq!(
            app.told(sp, &client.get(path)).relay_state.as_deref(),
            Some(want),
            "{path}"
        );
    }
    let started = client.get("/launch/starting");
    assert_eq!(
        started.location().as_deref(),
        Some("https://starting.example.org/login")
    );

    // Not signed in, the login page is what asks, wherever the link was.
    for from in [From::Here, From::Link] {
        let stranger = app.client();
        let page = stranger.follow(stranger.get_from(from, "/launch/free?RelayState=deep"));
        let told = app.told(&free, &app.log_in(&stranger, &page, "one"));
        assert_eq!(told.relay_state.as_deref(), Some("deep"));
        assert_eq!(told.response.in_response_to, None);
    }
}

/// Proves AV-BND-11 for launches: a RelayState of more than 80 bytes is echoed or refused.
#[test]
fn av_bnd_11_a_launch_with_long_relay_state_follows_the_policy() {
    for (policy, echoed) in [("echo", true), ("refuse", false)] {
        let app = TestApp::configured(&format!(
            "[saml]\nrelay_state_over_80_bytes = \"{policy}\"\n"
        ));
        let (sp, starting) = (Sp::new("wiki"), Sp::new("starting"));
        app.connect(&sp, |_, _| ());
        app.connect(&starting, |app, _| {
            app.definition.start_url = Some("https://starting.example.org/login".to_owned());
        });
        app.user("one");
        let client = app.signed_in("one");
        let (eighty, longer) = ("x".repeat(80), "x".repeat(81));
        let launch =
            |app: &str, state: &str| client.get(&format!("/launch/{app}?RelayState={state}"));
        let told = app.told(&sp, &launch("wiki", &eighty));
        assert_eq!(told.relay_state.as_deref(), Some(eighty.as_str()));
        assert_eq!(launch("starting", &eighty).status, 303);
        if echoed {
            let told = app.told(&sp, &launch("wiki", &longer));
            assert_eq!(told.relay_state.as_deref(), Some(longer.as_str()));
            assert_eq!(launch("starting", &longer).status, 303);
        } else {
            for name in ["wiki", "starting"] {
                let event =
                    app.assert_page(&launch(name, &longer), ResultCode::InvalidAuthnRequest);
                let checks = crate::support::app::lines(&event);
                let check = checks.last().expect("a check");
                assert_eq!(check.received, "81 bytes");
                assert_eq!(check.source, "saml.relay_state_over_80_bytes");
            }
        }
    }
}

/// Proves AV-SEC-51, AV-REQ-32: an app with a start page of its own is opened only for those whom
/// its request would find let in, and a refusal is an event.
#[test]
fn av_sec_51_a_start_page_is_not_opened_for_everybody() {
    let app = TestApp::start();
    let sp = Sp::new("starting");
    let start = "https://starting.example.org/login";
    let connected = app.connect(&sp, |app, _| {
        app.definition.start_url = Some(start.to_owned());
    });
    app.user("one");
    let client = app.signed_in("one");
    let stranger = app.client();
    let profiles = connected.policy.profiles.clone();
    let opens = |client: &Client| {
        let before = app.events().len();
        let answer = client.get("/launch/starting");
        assert_eq!(answer.location().as_deref(), Some(start));
        assert_eq!(app.events().len(), before, "the sign-on will be the event");
    };
    opens(&client);
    opens(&stranger);
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
        let event = app.assert_page(&client.get("/launch/starting"), result);
        assert_eq!(event.username(), Some("one"));
        assert_eq!(event.app_name.as_deref(), Some("Sample App starting"));
        if permitted {
            let event = app.assert_page(&stranger.get("/launch/starting"), result);
            assert_eq!(event.username(), None);
        } else {
            // Who that is will be known once the app has asked.
            opens(&stranger);
        }
    }
}

/// A portal of the organisation's opens apps by links: a page of our own site asks nothing, and another
/// site is trusted by name.
#[test]
fn field_97_trusted_sites_launch_without_a_question() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    let connected = app.connect(&sp, |app, _| app.api_name = "wiki".to_owned());
    app.user("one");
    let client = app.signed_in("one");
    let from = |site: &str, referrer: &str| {
        client.get_with(
            "/launch/wiki",
            &[("Sec-Fetch-Site", site), ("Referer", referrer)],
        )
    };
    let asks = |answer: &crate::support::client::Answer| answer.text().contains("followed a link");
    app.told(&sp, &from("same-site", "https://portal.localhost/"))
        .ok();
    assert!(asks(&from("cross-site", "https://portal.example.org/")));
    app.change(&connected, |app| {
        app.definition.saml.launch_origins = vec!["https://portal.example.org".to_owned()]
    });
    app.told(
        &sp,
        &from("cross-site", "https://portal.example.org/start?x=1"),
    )
    .ok();
    for other in [
        "https://evil.example.org/",
        "https://portal.example.org.evil.example/",
        "",
    ] {
        assert!(asks(&from("cross-site", other)), "{other}");
    }
    // Another site's form is still another site's.
    let csrf = client.post_from(crate::support::client::From::Elsewhere, "/launch/wiki", &[]);
    assert_eq!(csrf.status, 403);
}

/// What some peers want stated, and the further audiences of others.
#[test]
fn an_assertion_has_the_audiences_and_the_issuer_that_an_app_wants() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.extra_audiences = vec!["urn:x:other-name".to_owned()];
        saml.issuer_format = true;
    });
    app.user("one");
    let told = app.sign_on(&app.client(), &sp, "one");
    told.ok();
    let assertion = told.assertion.expect("one");
    let audiences: Vec<&str> = assertion
        .conditions
        .audiences
        .iter()
        .map(|a| a.as_str())
        .collect();
    assert_eq!(audiences, [sp.entity_id.as_str(), "urn:x:other-name"]);
    assert!(assertion.issuer_format);
    assert!(
        told.xml
            .contains("<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">")
    );
}
