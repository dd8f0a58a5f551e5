//! Sign-ons that begin at the identity provider.

use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::client::From;
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
    let answer = client.get("/launch/refusing");
    assert_eq!(answer.field("SAMLResponse"), None);
    assert_eq!(app.last_event().result, ResultCode::InvalidSettings);
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
