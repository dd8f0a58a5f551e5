//! RelayState: back byte for byte, and never anything but data.

use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::sp::Sp;

/// Proves AV-BND-10, AV-BND-08, AV-BND-12, AV-SEC-55, AV-SEC-57, E90.
#[test]
fn av_bnd_10_relay_state_comes_back_byte_for_byte() {
    let (app, sp, client) = TestApp::ready();
    let eighty = "Ü&%+\"'<>=;/?#[]@!$()*,\t漢".to_owned() + &"x".repeat(48);
    for state in [
        eighty.as_str(),
        "",
        " ",
        "a+b c%20d%2Bé",
        "\"><script>alert(1)</script>",
        "javascript:alert(1)",
        "//evil.example.org/",
        "https://evil.example.org/?a=b&c=d",
    ] {
        let mut request = sp.request(&app);
        let answer = client.get(&sp.redirect_with(&app, &request, Some(state), None));
        assert_eq!(answer.location(), None, "never a redirect target");
        assert!(!answer.text().contains("<script>alert"), "never markup");
        assert!(!answer.text().contains("href=\"javascript:"));
        assert_eq!(app.told(&sp, &answer).relay_state.as_deref(), Some(state));
        // With a failure too, and through the login page.
        request = sp.request(&app);
        request.is_passive = true;
        request.force_authn = true;
        let fields = sp.post(&request, Some(state), None);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let told = app.told(&sp, &client.post("/saml/sso", &fields));
        assert_eq!(
            (told.status().1, told.relay_state.as_deref()),
            ("NoPassive", Some(state))
        );
        let stranger = app.client();
        let first = stranger.get(&sp.redirect_with(&app, &sp.request(&app), Some(state), None));
        let page = stranger.follow(first);
        assert!(!page.text().contains("<script>alert"));
        let told = app.told(&sp, &app.log_in(&stranger, &page, "one"));
        assert_eq!(told.relay_state.as_deref(), Some(state));
    }
    // None came, none goes.
    assert_eq!(
        app.told(&sp, &app.ask(&client, &sp, |_| ())).relay_state,
        None
    );
}

/// Proves AV-BND-11: longer ones are echoed or refused, as the settings say.
#[test]
fn av_bnd_11_long_relay_state_follows_the_policy() {
    for (policy, good) in [("echo", true), ("refuse", false)] {
        let app = TestApp::configured(&format!(
            "[saml]\nrelay_state_over_80_bytes = \"{policy}\"\n"
        ));
        let sp = Sp::new("wiki");
        app.connect(&sp, |_, _| ());
        app.user("one");
        let client = app.signed_in("one");
        let (eighty, longer) = ("x".repeat(80), "x".repeat(81));
        let send =
            |state: &str| client.get(&sp.redirect_with(&app, &sp.request(&app), Some(state), None));
        assert_eq!(
            app.told(&sp, &send(&eighty)).relay_state,
            Some(eighty.clone())
        );
        if good {
            assert_eq!(
                app.told(&sp, &send(&longer)).relay_state,
                Some(longer.clone())
            );
        } else {
            // The SP is known, so that it is told (IIP-IDP05), with its state.
            let told = app.assert_refused(
                &sp,
                &send(&longer),
                ResultCode::InvalidAuthnRequest,
                "Requester",
                "",
            );
            assert_eq!(told.relay_state, Some(longer.clone()));
            assert!(told.xml.contains("At fault: RelayState."), "{}", told.xml);
            // Where nobody can be answered, a page says it.
            let mut nowhere = sp.request(&app);
            nowhere.destination = Some("https://other.example.org/saml/sso".to_owned());
            let refused = client.get(&sp.redirect_with(&app, &nowhere, Some(&longer), None));
            app.assert_page(&refused, ResultCode::InvalidDestination);
        }
    }
}

/// Proves AV-BND-11, AV-SEC-46: under no setting is more kept than a fixed bound.
#[test]
fn av_sec_46_no_setting_keeps_a_relay_state_without_end() {
    let app = TestApp::configured("[saml]\nrelay_state_over_80_bytes = \"echo\"\n");
    let sp = Sp::new("wiki");
    app.connect(&sp, |app, saml| {
        saml.allow_relay_state_override = true;
        app.name = "Wiki".to_owned();
    });
    app.user("one");
    let client = app.signed_in("one");
    let (most, more) = ("x".repeat(4096), "x".repeat(4097));
    let redirect =
        |state: &str| client.get(&sp.redirect_with(&app, &sp.request(&app), Some(state), None));
    let launch = |state: &str| client.get(&format!("/launch/wiki?RelayState={state}"));
    for send in [&redirect as &dyn Fn(&str) -> _, &launch] {
        assert_eq!(app.told(&sp, &send(&most)).relay_state, Some(most.clone()));
    }
    let code = ResultCode::InvalidAuthnRequest;
    app.assert_refused(&sp, &redirect(&more), code, "Requester", "");
    // No SP asked for this one.
    app.assert_page(&launch(&more), code);
}
