//! Scoping, Conditions and AttributeConsumingServiceIndex.

use avouch_saml::message::authn_request::{RequestedConditions, Scoping};
use avouch_saml::time::Window;

use avouch_server::audit::ResultCode;

use crate::support::app::{BASE_URL, TestApp};

/// Proves AV-REQ-27, AV-SEC-47: read, obeyed, and GetComplete never fetched.
#[test]
fn av_req_27_scoping_is_read_without_failing() {
    let (app, sp, client) = TestApp::ready();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let fetch = format!("http://{}/list", listener.local_addr().expect("an address"));
    let huge: Vec<String> = (0..300)
        .map(|n| format!("https://idp{n}.example.org"))
        .collect();
    for scoping in [
        Scoping::default(),
        Scoping {
            proxy_count: Some(0),
            ..Scoping::default()
        },
        Scoping {
            proxy_count: Some(1),
            requester_ids: vec!["https://asker.example.org".to_owned()],
            ..Scoping::default()
        },
        Scoping {
            idp_list: Some(huge),
            get_complete: Some(fetch),
            ..Scoping::default()
        },
    ] {
        app.told(&sp, &app.ask(&client, &sp, |r| r.scoping = Some(scoping)))
            .ok();
    }
    assert!(listener.accept().is_err(), "GetComplete was fetched");
}

/// Proves AV-REQ-26: the SP may narrow the assertion's life, never widen it.
#[test]
fn av_req_26_conditions_narrow_and_never_widen() {
    let (app, sp, client) = TestApp::ready();
    let now = app.now();
    for (asked, lived) in [(60, 60), (3600, 300), (-60, 300)] {
        let answer = app.ask(&client, &sp, |r| {
            r.conditions = Some(RequestedConditions {
                window: Window {
                    not_before: None,
                    not_on_or_after: Some(now.plus_seconds(asked)),
                },
                one_time_use: true,
                ..RequestedConditions::default()
            });
        });
        let told = app.told(&sp, &answer);
        assert_eq!(
            told.ok().conditions.not_on_or_after,
            now.plus_seconds(lived)
        );
        assert_eq!(
            told.ok().confirmation.not_on_or_after,
            now.plus_seconds(lived)
        );
    }
}

/// Proves AV-ST-10: users log in here, so ProxyCount is of no matter, and a whole list that does not
/// name us has nobody we could ask.
#[test]
fn av_st_10_a_list_without_us_is_no_supported_idp() {
    let (app, sp, client) = TestApp::ready();
    let ask = |list: &[&str], get_complete: bool| {
        app.ask(&client, &sp, |r| {
            r.scoping = Some(Scoping {
                proxy_count: Some(0),
                idp_list: Some(list.iter().map(|idp| (*idp).to_owned()).collect()),
                get_complete: get_complete.then(|| "https://sp.example.org/list".to_owned()),
                ..Scoping::default()
            });
        })
    };
    let us = format!("{BASE_URL}/saml/metadata");
    for (list, complete) in [
        (&["https://idp.example.org", us.as_str()][..], false),
        (&["https://idp.example.org"], true),
    ] {
        app.told(&sp, &ask(list, complete)).ok();
    }
    let answer = ask(
        &["https://idp.example.org", "https://localhost/saml"],
        false,
    );
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoSupportedIdp,
        "Responder",
        "NoSupportedIDP",
    );
}
