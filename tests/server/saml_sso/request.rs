//! What makes a request acceptable: its form, its address, its age, its issuer.

use avouch_saml::ids::MessageId;
use avouch_saml::name_id::NameIdFormat;
use avouch_server::apps::PermittedUsers;
use avouch_server::audit::ResultCode;
use avouch_server::random::SystemRandom;
use avouch_server::text::Locale;
use base64::Engine as _;

use crate::support::app::{BASE_URL, TestApp};
use crate::support::client::{Answer, From, escape};
use crate::support::sp::{Sp, key};

/// Proves AV-REQ-05, AV-BND-06, AV-SEC-66: other addresses are refused, and nothing signed leaves.
#[test]
fn av_req_05_destination_is_the_public_url_exactly() {
    let (app, sp, client) = TestApp::ready();
    for wrong in [
        "https://other.example.org/saml/sso",
        "http://localhost/saml/sso",
        "https://localhost:8443/saml/sso",
        "https://localhost/saml/sso/",
        "https://localhost/saml/SSO",
        "https://localhost/continue",
        "https://localhost/saml/sso?x=1",
    ] {
        let answer = app.ask(&client, &sp, |r| r.destination = Some(wrong.to_owned()));
        let event = app.assert_page(&answer, ResultCode::InvalidDestination);
        let checks = crate::support::app::lines(&event);
        let check = checks.last().expect("a check");
        assert_eq!(check.expected, format!("{BASE_URL}/saml/sso"));
        assert_eq!(check.received, wrong);
    }
    for same in [
        "https://LOCALHOST:443/saml/sso",
        " https://localhost/saml/sso\n",
    ] {
        let answer = app.ask(&client, &sp, |r| r.destination = Some(same.to_owned()));
        app.told(&sp, &answer).ok();
    }
    // Without one an unsigned request is taken, and a signed one is not.
    let unsigned = app.ask(&client, &sp, |r| r.destination = None);
    app.told(&sp, &unsigned).ok();
    let mut request = sp.request(&app);
    request.destination = None;
    let signed = client.get(&sp.redirect_with(&app, &request, None, Some("sp-signing")));
    app.assert_page(&signed, ResultCode::InvalidDestination);
    let right = client.get(&sp.redirect_with(&app, &sp.request(&app), None, Some("sp-signing")));
    app.told(&sp, &right).ok();
}

/// Proves AV-REQ-01, AV-ST-01, AV-ST-17: rules broken are told to the SP with status 200.
#[test]
fn av_req_01_broken_rules_are_answered_with_requester() {
    let (app, sp, client) = TestApp::ready();
    for (attributes, content) in [
        ("ForceAuthn=\"yes\"", ""),
        ("IsPassive=\"TRUE\"", ""),
        ("AssertionConsumerServiceIndex=\"-1\"", ""),
        ("AssertionConsumerServiceIndex=\"70000\"", ""),
        ("Unknown=\"x\"", ""),
        ("", "<samlp:NameIDPolicy/><samlp:NameIDPolicy/>"),
        ("", "<samlp:Scoping/><samlp:NameIDPolicy/>"),
        ("", "<samlp:Unknown/>"),
        ("", "text"),
        (
            "AssertionConsumerServiceIndex=\"0\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
            "",
        ),
    ] {
        let answer = app.post_xml(&client, &sp.raw(&app, attributes, content));
        let told = app.assert_refused(
            &sp,
            &answer,
            ResultCode::InvalidAuthnRequest,
            "Requester",
            "",
        );
        assert!(
            told.response.in_response_to.is_some(),
            "{attributes} {content}"
        );
    }
    for (attributes, content) in [
        ("ForceAuthn=\"0\" IsPassive=\"false\"", ""),
        (
            "",
            "<samlp:NameIDPolicy AllowCreate=\"1\"/><samlp:Scoping/>",
        ),
    ] {
        let answer = app.post_xml(&client, &sp.raw(&app, attributes, content));
        app.told(&sp, &answer).ok();
    }
}

/// Proves AV-REQ-02: an unreadable ID is not answered to.
#[test]
fn av_req_02_without_an_id_there_is_no_in_response_to() {
    let (app, sp, client) = TestApp::ready();
    let good = sp.raw(&app, "", "");
    let at = good.find("ID=\"").expect("an ID") + 4;
    let end = good[at..].find('"').expect("its end") + at;
    for id in ["", "1-starts-with-a-digit", "has space", "a:b"] {
        let broken = format!("{}{id}{}", &good[..at], &good[end..]);
        let answer = app.post_xml(&client, &broken);
        app.assert_refused_to(
            &sp,
            &answer,
            ResultCode::InvalidAuthnRequest,
            ("Requester", ""),
            None,
        );
    }
    app.told(&sp, &app.post_xml(&client, &good)).ok();
}

/// Proves AV-REQ-03, IIP-G01, SDP-G01, E92: the window and its tolerance of three minutes.
#[test]
fn av_req_03_issue_instant_lies_in_the_window() {
    let (app, sp, client) = TestApp::ready();
    let now = app.now();
    for (offset, good) in [
        (-3600, false),
        (-(300 + 180 + 10), false),
        (-(300 + 180 - 10), true),
        (0, true),
        (170, true),
        (190, false),
        (3600, false),
    ] {
        let answer = app.ask(&client, &sp, |r| r.issue_instant = now.plus_seconds(offset));
        if good {
            app.told(&sp, &answer).ok();
        } else {
            app.assert_page(&answer, ResultCode::ExpiredRequest);
            assert!(
                answer.text().contains("/launch/wiki"),
                "one click starts again"
            );
        }
    }
    for (instant, good) in [
        ("2026-03-01T12:00:00.123Z", true),
        ("2026-03-01T12:00:00", true),
        ("2026-03-01T13:00:00+01:00", true),
        ("2026-03-01", false),
        ("2026-02-30T12:00:00Z", false),
    ] {
        let xml = sp
            .raw(&app, "", "")
            .replace(&format!("\"{now}\""), &format!("\"{instant}\""));
        let answer = app.post_xml(&client, &xml);
        assert_eq!(
            app.told(&sp, &answer).assertion.is_some(),
            good,
            "{instant}"
        );
    }
    // What was taken for granted is on the event.
    let xml = sp
        .raw(&app, "", "")
        .replace(&format!("\"{now}\""), "\"2026-03-01T12:00:00\"");
    app.told(&sp, &app.post_xml(&client, &xml)).ok();
    let checks = crate::support::app::lines(&app.last_event());
    assert!(
        checks
            .iter()
            .any(|check| check.passed && check.received.contains("taken for UTC")),
        "{checks:?}"
    );
}

/// Proves IIP-G01, SDP-G01, E92: the tolerance is the organisation's, unless the app has one of its
/// own; for IssueInstant on both sides and for the end of metadata.
#[test]
fn iip_g01_the_tolerance_is_the_organisations_or_the_apps() {
    for (config, own, tolerance) in [
        ("", None, 180),
        ("[saml]\nclock_skew_seconds = 300\n", None, 300),
        ("[saml]\nclock_skew_seconds = 300\n", Some(60), 60),
        ("[saml]\nclock_skew_seconds = 0\n", Some(600), 600),
    ] {
        let app = TestApp::configured(config);
        let mut sp = Sp::new("wiki");
        sp.root_attributes = "validUntil=\"2026-03-01T13:00:00Z\"".to_owned();
        app.connect(&sp, |_, saml| saml.clock_skew_seconds = own);
        app.user("one");
        let client = app.signed_in("one");
        let now = app.now();
        let issued =
            |offset: i64| app.ask(&client, &sp, |r| r.issue_instant = now.plus_seconds(offset));
        for offset in [tolerance - 10, -(300 + tolerance - 10)] {
            app.told(&sp, &issued(offset)).ok();
        }
        for offset in [tolerance + 10, -(300 + tolerance + 10)] {
            let event = app.assert_page(&issued(offset), ResultCode::ExpiredRequest);
            let checks = crate::support::app::lines(&event);
            let check = checks.last().expect("a check");
            let source = own.map_or(
                "saml.clock_skew_seconds",
                |_| "clock_skew_seconds of the app",
            );
            assert!(
                check.expected.contains(&format!("{tolerance} ({source})")),
                "{check:?}"
            );
        }
        let end = avouch_saml::time::Timestamp::parse("2026-03-01T13:00:00Z").expect("an instant");
        let until = |app: &TestApp| (end.millis() - app.now().millis()) / 1000;
        app.clock.advance(until(&app) + tolerance - 10);
        app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
        app.clock.advance(20);
        let expired = app.ask(&client, &sp, |_| ());
        app.assert_page(&expired, ResultCode::MetadataExpired);
    }
}

/// Proves AV-REQ-06, AV-REQ-09, AV-ST-16, AV-SEC-51 for issuers nobody registered or that expired.
#[test]
fn av_req_06_the_issuer_resolves_to_a_current_sp() {
    let (app, sp, client) = TestApp::ready();
    let good = sp.raw(&app, "", "");
    let issuer = |text: &str, attributes: &str| {
        good.replace(
            &format!("<saml:Issuer>{}</saml:Issuer>", sp.entity_id),
            &format!("<saml:Issuer{attributes}>{text}</saml:Issuer>"),
        )
    };
    for (text, attributes) in [
        ("https://unknown.example.org/sp", ""),
        ("https://WIKI.example.org/sp", ""),
        ("https://wiki.example.org/sp/", ""),
    ] {
        let answer = app.post_xml(&client, &issuer(text, attributes));
        app.assert_page(&answer, ResultCode::UnknownServiceProvider);
    }
    for (text, attributes) in [
        (format!("\u{a0}{}", sp.entity_id), String::new()),
        (sp.entity_id.replace("/sp", "<!-- -->/sp"), String::new()),
        (String::new(), String::new()),
    ] {
        let answer = app.post_xml(&client, &issuer(&text, &attributes));
        app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    }
    for attribute in [
        " Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"",
        " NameQualifier=\"x\"",
        " SPNameQualifier=\"x\"",
    ] {
        let answer = app.post_xml(&client, &issuer(&sp.entity_id, attribute));
        app.assert_refused(
            &sp,
            &answer,
            ResultCode::InvalidAuthnRequest,
            "Requester",
            "",
        );
    }
    let entity = " Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\"";
    app.told(&sp, &app.post_xml(&client, &issuer(&sp.entity_id, entity)))
        .ok();

    let mut expiring = Sp::new("expiring");
    expiring.root_attributes = "validUntil=\"2026-03-01T13:00:00Z\"".to_owned();
    app.connect(&expiring, |_, _| ());
    app.told(&expiring, &app.ask(&client, &expiring, |_| ()))
        .ok();
    app.clock.advance(3600 + 200);
    let answer = app.ask(&client, &expiring, |_| ());
    app.assert_page(&answer, ResultCode::MetadataExpired);
    let launched = client.get("/launch/expiring");
    app.assert_page(&launched, ResultCode::MetadataExpired);
}

/// Proves AV-ST-02.
#[test]
fn av_st_02_other_versions_are_refused() {
    let (app, sp, client) = TestApp::ready();
    let with = |version: &str| {
        sp.raw(&app, "", "")
            .replace("Version=\"2.0\"", &format!("Version=\"{version}\""))
    };
    let redirect = |xml: &str| client.get(&format!("/saml/sso?SAMLRequest={}", deflated(xml)));
    for send in [&redirect as &dyn Fn(&str) -> Answer, &|xml| {
        app.post_xml(&client, xml)
    }] {
        for version in ["3.0", "3.1"] {
            app.assert_refused(
                &sp,
                &send(&with(version)),
                ResultCode::VersionMismatch,
                "VersionMismatch",
                "RequestVersionTooHigh",
            );
        }
        // An answer would have a version above the request's.
        for version in ["1.1", "1.0"] {
            app.assert_page(&send(&with(version)), ResultCode::VersionMismatch);
        }
        for version in ["", "2", "two", "02.0"] {
            app.assert_refused(
                &sp,
                &send(&with(version)),
                ResultCode::InvalidAuthnRequest,
                "Requester",
                "",
            );
        }
        // A minor version says nothing that a reader of 2.0 may not read.
        for version in ["2.0", "2.1"] {
            app.told(&sp, &send(&with(version))).ok();
        }
    }
}

/// A document as HTTP-Redirect carries it, in one stored block of DEFLATE.
fn deflated(xml: &str) -> String {
    let length = u16::try_from(xml.len()).expect("short");
    let mut block = vec![1];
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(&(!length).to_le_bytes());
    block.extend_from_slice(xml.as_bytes());
    escape(&base64::engine::general_purpose::STANDARD.encode(block))
}

/// Proves AV-REQ-06: an entity that is an identity provider only is no SP, to be added or to ask.
#[test]
fn av_req_06_an_identity_provider_alone_is_no_sp() {
    let app = TestApp::start();
    app.user("one");
    let idp = Sp::new("idp-only");
    let metadata = idp
        .metadata()
        .replace("<md:SPSSODescriptor ", "<md:IDPSSODescriptor ")
        .replace("</md:SPSSODescriptor>", "</md:IDPSSODescriptor>");
    let from = metadata
        .find("<md:AssertionConsumerService")
        .expect("an endpoint");
    let to = metadata.find("</md:IDPSSODescriptor>").expect("its end");
    let metadata = format!(
        "{}<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://idp-only.example.org/sso\"/>{}",
        &metadata[..from],
        &metadata[to..]
    );
    let admin = crate::admin::admin(&app, crate::admin::ALL);
    let preview = |metadata: &str| {
        let fields = [("source", "paste"), ("metadata", metadata)];
        crate::admin::upload(&admin, "/admin/apps/preview", &fields)
    };
    assert_eq!(
        preview(&metadata).status,
        422,
        "{}",
        preview(&metadata).text()
    );
    assert_eq!(preview(&Sp::new("sp").metadata()).status, 200);
    let client = app.signed_in("one");
    let answer = app.ask(&client, &idp, |_| ());
    app.assert_page(&answer, ResultCode::UnknownServiceProvider);
}

/// Proves AV-REQ-05: the public URL is the configured one, whatever a proxy or a client says.
#[test]
fn av_req_05_headers_do_not_move_the_endpoint() {
    let (app, sp, client) = TestApp::ready();
    for header in [
        ("Host", "evil.example.org"),
        ("X-Forwarded-Host", "evil.example.org"),
        ("X-Forwarded-Proto", "http"),
        ("Forwarded", "host=evil.example.org;proto=http"),
    ] {
        let send = |destination: &str| {
            let mut request = sp.request(&app);
            request.destination = Some(destination.to_owned());
            client.get_with(&sp.redirect(&app, &request), &[header])
        };
        let told = app.told(&sp, &send(&format!("{BASE_URL}/saml/sso")));
        assert_eq!(
            told.ok().issuer.as_str(),
            format!("{BASE_URL}/saml/metadata")
        );
        for moved in [
            "https://evil.example.org/saml/sso",
            "http://localhost/saml/sso",
        ] {
            app.assert_page(&send(moved), ResultCode::InvalidDestination);
        }
    }
}

/// Proves AV-REQ-08: what an unsigned request calls itself is on no page.
#[test]
fn av_req_08_provider_name_is_on_no_page() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    let connected = app.connect(&sp, |app, _| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
    });
    app.user("one");
    let client = app.client();
    let ask = || {
        client.follow(app.ask(&client, &sp, |r| {
            r.provider_name = Some("MARKER Bank".to_owned());
        }))
    };
    let login = ask();
    let consent = app.log_in(&client, &login, "one");
    app.change(&connected, |app| {
        app.policy.permitted_users = PermittedUsers::AdminApproved;
        app.policy.profiles.clear();
    });
    let refusal = ask();
    for (page, shows) in [
        (&login, "name=\"password\""),
        (&consent, "name=\"decision\""),
        (&refusal, "role=\"alert\""),
    ] {
        let text = page.text();
        assert!(
            text.contains(shows) && text.contains("Sample App wiki"),
            "{text}"
        );
        assert!(!text.contains("MARKER"), "{text}");
    }
}

/// Proves AV-REQ-29, AV-REQ-08, IIP-EXT01, IIP-SSO07, IIP-G02, AV-RSP-19, AV-SEC-55: what is
/// optional is read and never echoed.
#[test]
fn av_req_29_optional_content_is_ignored_and_never_echoed() {
    let (app, sp, client) = TestApp::ready();
    let marker = "MARKER&lt;script&gt;alert(1)&lt;/script&gt;".to_owned()
        + &"漢\u{1F600}é&#9;&#10;x".repeat(30);
    let xml = sp.raw(
        &app,
        &format!("ProviderName=\"{marker}\" Consent=\"urn:oasis:names:tc:SAML:2.0:consent:obtained\""),
        "<samlp:Extensions><x:MARKER xmlns:x=\"urn:x\" x:a=\"MARKER\">MARKER<x:deep/></x:MARKER></samlp:Extensions>\
         <saml:Conditions><saml:AudienceRestriction><saml:Audience>MARKER</saml:Audience>\
         </saml:AudienceRestriction></saml:Conditions>\
         <samlp:Scoping><samlp:RequesterID>MARKER</samlp:RequesterID></samlp:Scoping>",
    );
    let answer = app.post_xml(&client, &xml);
    let told = app.told(&sp, &answer);
    told.ok();
    assert!(!told.xml.contains("MARKER") && !answer.text().contains("MARKER"));

    // A refusal echoes nothing either, in the response or on the page.
    let broken = xml.replace(
        "<samlp:Scoping>",
        "<samlp:Wrong>MARKER</samlp:Wrong><samlp:Scoping>",
    );
    let again = MessageId::random(&mut SystemRandom);
    let at = broken.find(" ID=\"").expect("an ID") + 5;
    let end = broken[at..].find('"').expect("its end") + at;
    let answer = app.post_xml(
        &client,
        &format!("{}{again}{}", &broken[..at], &broken[end..]),
    );
    let told = app.assert_refused_to(
        &sp,
        &answer,
        ResultCode::InvalidAuthnRequest,
        ("Requester", ""),
        Some(&again),
    );
    assert!(!told.xml.contains("MARKER") && !answer.text().contains("MARKER"));
}

/// Proves IIP-G03, AV-SEC-38, AV-SEC-39, AV-SEC-40, AV-SEC-41, AV-SEC-42, AV-BND-07 at the
/// endpoints: refused with a page, soon, and the server goes on.
#[test]
fn av_bnd_07_hostile_documents_end_on_a_page() {
    let (app, sp, client) = TestApp::ready();
    let good = sp.raw(&app, "", "");
    let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    for hostile in [
        format!("<!DOCTYPE x>{good}"),
        format!("<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\">{good}"),
        format!("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>{good}"),
        format!("{good}{good}"),
        format!("{good}trailing"),
        good.replace(
            "</samlp:AuthnRequest>",
            &format!("<samlp:Extensions>{deep}</samlp:Extensions></samlp:AuthnRequest>"),
        ),
        "not xml".to_owned(),
        String::new(),
    ] {
        let answer = app.post_xml(&client, &hostile);
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.field("SAMLResponse"), None);
    }
    // A stored block of DEFLATE, then a bomb of repeated matches would be refused while inflating;
    // here the sizes of base64 and body are what is bounded.
    let big = base64::engine::general_purpose::STANDARD.encode(vec![b'a'; 700_000]);
    let answer = client.post("/saml/sso", &[("SAMLRequest", &big)]);
    app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    let huge = "a".repeat(2_000_000);
    let answer = client.post("/saml/sso", &[("SAMLRequest", &huge)]);
    app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    let json: &[(&str, &str)] = &[("Content-Type", "application/json")];
    let answer = client.send("POST", "/saml/sso", Some(b"{}"), From::Here, json);
    app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    let answer = client.post("/login", &[("username", &huge)]);
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("<!doctype html>"));
    app.told(&sp, &app.post_xml(&client, &good)).ok();
}

/// Proves AV-BND-04, AV-BND-09, AV-SEC-34: each way two readers could see two messages.
#[test]
fn av_bnd_04_ambiguous_parameters_are_refused() {
    let (app, sp, client) = TestApp::ready();
    let query = |signed| {
        let path = sp.redirect_with(&app, &sp.request(&app), Some("r"), signed);
        path["/saml/sso?".len()..].to_owned()
    };
    let signed = query(Some("sp-signing"));
    let without = |name: &str| {
        signed
            .split('&')
            .filter(|pair| !pair.starts_with(&format!("{name}=")))
            .collect::<Vec<_>>()
            .join("&")
    };
    for wrong in [
        format!("{signed}&SAMLRequest=x"),
        format!("{signed}&RelayState=other"),
        format!("{signed}&SAMLResponse=x"),
        format!("{signed}&samlrequest=x"),
        format!("{signed}&Signature=x"),
        without("SigAlg"),
        without("Signature"),
        String::new(),
    ] {
        let answer = client.get(&format!("/saml/sso?{wrong}"));
        app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    }
    let fields = sp.post(&sp.request(&app), None, None);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let answer = client.post(&format!("/saml/sso?{signed}"), &fields);
    app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    let answer = client.send(
        "POST",
        "/saml/sso",
        Some(signed.as_bytes()),
        From::Here,
        &[],
    );
    app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    app.told(&sp, &client.get(&format!("/saml/sso?{signed}")))
        .ok();
    app.told(&sp, &client.post("/saml/sso", &fields)).ok();
}

/// Proves IIP-MD11, IIP-MD07, E62, SDP-IDP32 through the endpoint: a key without use, among several.
#[test]
fn iip_md11_a_key_without_use_verifies_requests() {
    let (app, _, client) = TestApp::ready();
    let mut sp = Sp::new("keys");
    sp.keys = format!(
        "{}{}",
        key("signing", "sp-encryption"),
        key("", "sp-signing")
    );
    app.connect(&sp, |_, _| ());
    let good = client.get(&sp.redirect_with(&app, &sp.request(&app), None, Some("sp-signing")));
    app.told(&sp, &good).ok();
    let other =
        client.get(&sp.redirect_with(&app, &sp.request(&app), None, Some("sp-signing-p256")));
    app.assert_page(&other, ResultCode::InvalidSignature);
}

/// Proves AV-SEC-46: what a request says is bounded before it is kept for its user.
#[test]
fn av_sec_46_a_request_too_large_to_keep_is_refused() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        let unspecified = NameIdFormat::Unspecified.uri().to_owned();
        saml.allowed_name_id_formats.push(unspecified);
    });
    app.user("one");
    let contexts = |count: usize, length: usize| {
        let refs: String = (0..count)
            .map(|n| {
                let uri = format!("urn:x:{n:04}:{}", "c".repeat(length));
                format!("<saml:AuthnContextClassRef>{uri}</saml:AuthnContextClassRef>")
            })
            .collect();
        let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        format!(
            "<samlp:RequestedAuthnContext>{refs}<saml:AuthnContextClassRef>{password}\
             </saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
        )
    };
    let subject = |length: usize| {
        let name = "n".repeat(length);
        format!("<saml:Subject><saml:NameID>{name}</saml:NameID></saml:Subject>")
    };
    for (content, kept) in [
        (contexts(63, 20), true),
        (contexts(64, 20), false),
        (contexts(7, 1000), true),
        (contexts(9, 1000), false),
        (subject(8000), true),
        (subject(8200), false),
    ] {
        let client = app.client();
        let answer = app.post_xml(&client, &sp.raw(&app, "", &content));
        if kept {
            assert_eq!(answer.status, 303, "{}", answer.text());
        } else {
            let result = ResultCode::InvalidAuthnRequest;
            app.assert_refused(&sp, &answer, result, "Requester", "");
        }
    }
}

/// Proves AV-SEC-46 for the event log: what nobody known causes is written down one by one up to a
/// number, and after that in one event that says how many they were.
#[test]
fn av_sec_46_refusals_of_strangers_are_counted_not_written_without_end() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let garbage = |client: &crate::support::client::Client| {
        let answer = client.get("/saml/sso?SAMLRequest=garbage");
        assert_eq!(answer.status, 400);
        answer.code()
    };
    let stranger = app.client();
    let mut codes: Vec<String> = (0..103).map(|_| garbage(&stranger)).collect();
    let rest = codes.split_off(89);
    assert!(rest.iter().all(|code| *code == rest[0]), "{rest:?}");
    assert!(!codes.contains(&rest[0]));
    assert_eq!(app.events().len(), 90, "one stands for the rest");
    assert_eq!(app.last_code(), rest[0], "and is there at once");
    // Whoever is known is not kept from the log by it.
    let browser = app.client();
    app.sign_on(&browser, &sp, "one").ok();
    assert_eq!(app.last_event().result, ResultCode::Success);
    let before = app.events().len();
    // The allowance grows again.
    app.clock.advance(6);
    let code = garbage(&stranger);
    assert_eq!((app.events().len(), app.last_code()), (before + 1, code));

    let folder = app.stop();
    let app = TestApp::with(crate::support::app::Setup {
        folder: Some(folder),
        ..Default::default()
    });
    let events = app.logged();
    let summary = events.iter().find(|logged| logged.code == rest[0]);
    let reason = &summary
        .expect("the code on the page is in the log")
        .event
        .reason;
    let said = Locale::English.catalogue().checks.value(reason);
    assert!(said.starts_with("14 refusals"), "{said}");
}

/// Proves AV-SEC-48: a name that only looks like an app's is nobody's.
#[test]
fn av_sec_48_a_name_that_looks_the_same_is_another() {
    let (app, sp, client) = TestApp::ready();
    for twin in [
        sp.entity_id.to_uppercase(),
        format!("{}/", sp.entity_id),
        sp.entity_id.replace("wiki", "wik\u{456}"),
        sp.entity_id.replace("https", "http"),
    ] {
        let other = Sp {
            entity_id: twin,
            ..sp.clone()
        };
        let answer = app.ask(&client, &other, |_| ());
        app.assert_page(&answer, ResultCode::UnknownServiceProvider);
    }
    for unusable in ["wi\u{200B}ki", "wiki\u{202E}", "wi\u{AD}ki", "wiki\u{a0}"] {
        let other = Sp {
            entity_id: sp.entity_id.replace("wiki", unusable),
            ..sp.clone()
        };
        let answer = app.post_xml(&client, &other.raw(&app, "", ""));
        app.assert_page(&answer, ResultCode::InvalidAuthnRequest);
    }
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
}

/// Proves AV-SEC-68: what an app is told follows its settings and metadata within a session.
#[test]
fn av_sec_68_a_session_keeps_no_stale_policy_or_metadata() {
    let app = TestApp::start();
    let until = app.now().plus_seconds(3600);
    let mut sp = Sp::new("wiki");
    sp.root_attributes = format!("validUntil=\"{until}\"");
    let row = avouch_server::apps::row::parse_row("urn:x:mail = email").expect("a row");
    let connected = app.connect(&sp, |_, saml| saml.attributes.push(row.clone()));
    let other = Sp::new("other");
    app.connect(&other, |_, _| ());
    app.user("one");
    let client = app.signed_in("one");
    let ask = |sp: &Sp| app.told(sp, &app.ask(&client, sp, |_| ()));
    assert!(ask(&sp).values("urn:x:mail").is_some());
    assert!(ask(&other).values("urn:x:mail").is_none());
    app.change(&connected, |app| app.definition.saml.attributes.clear());
    assert!(ask(&sp).values("urn:x:mail").is_none());
    // The metadata ends while the session goes on; the other app's does not.
    app.clock.advance(3600 + 600);
    let answer = app.ask(&client, &sp, |_| ());
    app.assert_page(&answer, ResultCode::MetadataExpired);
    ask(&other).ok();
}

/// The nearest entity ID is named for the slips that a reader overlooks, and for nothing else.
#[test]
fn an_unknown_issuer_is_told_with_the_nearest_that_is_known() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let expected = |issuer: &str| {
        let mut other = Sp::new("wiki");
        issuer.clone_into(&mut other.entity_id);
        let answer = app.ask(&app.client(), &other, |_| ());
        let event = app.assert_page(&answer, ResultCode::UnknownServiceProvider);
        crate::support::app::lines(&event)
            .pop()
            .expect("a check")
            .expected
    };
    let near = format!("a connected app, such as {}", sp.entity_id);
    assert_eq!(expected(&format!("{}/", sp.entity_id)), near);
    assert_eq!(expected(&sp.entity_id.to_uppercase()), near);
    assert_eq!(expected(&sp.entity_id.replace("https:", "http:")), near);
    assert_eq!(
        expected(&format!("{}/other", sp.entity_id)),
        "a connected app"
    );
    assert_eq!(expected("urn:example:nobody"), "a connected app");
}

/// Who is refused learns from the administrator which profile or permission set would do.
#[test]
fn a_refused_user_is_told_with_what_the_app_lists() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |a, _| a.policy.profiles.clear());
    app.user("sample.one");
    let browser = app.signed_in("sample.one");
    app.ask(&browser, &sp, |_| ());
    let check = app.last_checks().pop().expect("a check");
    assert!(
        check.expected.ends_with("lists the app: none does yet"),
        "{check:?}"
    );
    let set = app.services.db.write(|c| {
        let id = avouch_server::users::PermissionSetId::new("set-wiki");
        let set = avouch_server::store::permission_sets::ensure(c, "Wiki editors", id)?;
        let mut stored =
            avouch_server::store::apps::by_entity_id(c, &sp.entity_id)?.expect("there");
        stored.app.policy.permission_sets = vec![set];
        avouch_server::store::apps::update(c, &stored)
    });
    set.expect("written");
    app.ask(&browser, &sp, |_| ());
    let check = app.last_checks().pop().expect("a check");
    assert!(
        check.expected.ends_with("permission set Wiki editors"),
        "{check:?}"
    );
    assert!(check.received.contains("profile "), "{check:?}");
}
