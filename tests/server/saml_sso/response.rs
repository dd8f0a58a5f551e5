//! What an answer says and how it is signed.

use avouch_saml::metadata::endpoint::Binding;
use avouch_server::apps::saml::SignWhat;
use avouch_server::audit::ResultCode;

use crate::support::app::{BASE_URL, Setup, TestApp};
use crate::support::sp::{Sp, Told};

fn signed(told: &Told) -> (bool, bool) {
    let after_issuer = |xml: &str, open: &str| {
        let from = xml.find(open).map_or("", |at| &xml[at..]);
        from.split_once("</saml:Issuer>")
            .is_some_and(|(_, rest)| rest.starts_with("<ds:Signature"))
    };
    (
        after_issuer(&told.assertion_xml, "<saml:Assertion"),
        after_issuer(&told.xml, "<samlp:Response"),
    )
}

/// Proves IIP-SSO01, SDP-IDP01, SDP-IDP10, AV-RSP-04, AV-RSP-05, AV-RSP-06, AV-RSP-07, AV-RSP-08,
/// AV-RSP-09, AV-RSP-02, AV-RSP-01, AV-RSP-12, E26, E52, E17, E79: the assertion as the profile has it.
#[test]
fn av_rsp_08_the_assertion_is_the_profiles() {
    let (app, sp, client) = TestApp::ready();
    let mut ids = Vec::new();
    let login = app.now();
    app.clock.advance(30);
    for _ in 0..2 {
        let request = sp.request(&app);
        let told = app.told(&sp, &client.get(&sp.redirect(&app, &request)));
        let assertion = told.ok();
        let idp = format!("{BASE_URL}/saml/metadata");
        assert_eq!(assertion.issuer.as_str(), idp);
        assert_eq!(
            told.response.issuer.as_ref().map(|i| i.as_str()),
            Some(idp.as_str())
        );
        assert_eq!(told.response.in_response_to.as_ref(), Some(&request.id));
        let confirmation = &assertion.confirmation;
        assert_eq!(confirmation.in_response_to.as_ref(), Some(&request.id));
        assert_eq!(confirmation.recipient.as_str(), sp.acs);
        assert_eq!(confirmation.not_on_or_after, app.now().plus_seconds(300));
        let conditions = &assertion.conditions;
        assert!(conditions.not_before < conditions.not_on_or_after);
        assert!(confirmation.not_on_or_after <= conditions.not_on_or_after);
        assert_eq!(conditions.audiences.len(), 1);
        assert_eq!(conditions.audiences[0].as_str(), sp.entity_id);
        assert_eq!(assertion.authn.instant, login);
        assert_eq!(
            assertion.authn.session_not_on_or_after,
            Some(login.plus_seconds(12 * 3600))
        );
        assert_eq!(told.xml.matches("<saml:Assertion ").count(), 1);
        assert_eq!(told.xml.matches("<saml:AuthnStatement ").count(), 1);
        assert!(told.xml.matches("<saml:AttributeStatement").count() <= 1);
        ids.push(told.response.id.as_str().to_owned());
        ids.push(assertion.id.as_str().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| id.len() == 41 && id.starts_with('_')));
}

/// Proves AV-RSP-11: SessionIndex at two SPs and over time.
#[test]
fn av_rsp_11_session_indexes_cannot_be_linked() {
    let (app, sp, client) = TestApp::ready();
    let other = Sp::new("other");
    app.connect(&other, |_, _| ());
    let mut seen = Vec::new();
    for sp in [&sp, &other] {
        let told = app.told(sp, &app.ask(&client, sp, |_| ()));
        let index = told.ok().authn.session_index.clone().expect("an index");
        assert_eq!(index.as_str().len(), 41);
        seen.push(index.as_str().to_owned());
    }
    assert_ne!(seen[0], seen[1]);
    let hash = avouch_server::context::hash_token(&client.cookie("__Host-avouch").expect("cookie"));
    let kept: Vec<String> = app
        .services
        .db
        .read(|c| {
            let found = avouch_server::store::sessions::resolve(c, &hash)?.expect("a session");
            avouch_server::store::participants::of_session(c, &found.session.id)
        })
        .expect("read")
        .into_iter()
        .map(|p| p.session_index)
        .collect();
    assert!(
        seen.iter().all(|index| kept.contains(index)),
        "kept for logout"
    );
}

/// Proves IIP-SSO04, AV-RSP-13, SDP-IDP09, IIP-SSO06 for WantAssertionsSigned: each setting with
/// each wish, verified alone.
#[test]
fn av_rsp_13_what_is_signed_follows_settings_and_metadata() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let matrix = [
        ("a", SignWhat::Default, false, (true, true)),
        ("b", SignWhat::Both, false, (true, true)),
        ("c", SignWhat::Response, false, (false, true)),
        ("d", SignWhat::Response, true, (true, true)),
        ("e", SignWhat::Assertion, false, (true, false)),
        ("f", SignWhat::Assertion, true, (true, false)),
    ];
    for ((name, sign, wants, want), encrypted) in matrix
        .into_iter()
        .flat_map(|line| [(line, false), (line, true)])
    {
        let mut sp = Sp::new(name);
        if encrypted {
            sp = Sp::new(&format!("{name}-encrypted")).encrypting();
        }
        sp.role_attributes = format!("WantAssertionsSigned=\"{wants}\"");
        app.connect(&sp, |_, saml| saml.sign = sign);
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        assert_eq!(
            told.xml.contains("<saml:EncryptedAssertion"),
            encrypted,
            "{name}"
        );
        // The assertion's own signature is judged on what was decrypted.
        assert_eq!(signed(&told), want, "{name} {encrypted}");
        let passive = app.ask(&client, &sp, |r| {
            r.is_passive = true;
            r.force_authn = true;
        });
        let told = app.told(&sp, &passive);
        assert!(
            signed(&told).1,
            "a failure is signed whatever the setting: {name}"
        );
    }
}

/// Proves AV-RSP-14, AV-ALG-01, SDP-ALG01, IIP-ALG01, IIP-ALG03, E91: the signature's shape, and an EC key.
#[test]
fn av_alg_01_defaults_are_strong_for_each_key() {
    for (kind, algorithm) in [
        (None, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        (
            Some(avouch_saml::security::certificate::KeyKind::P256),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        ),
    ] {
        let app = TestApp::with(Setup {
            key: kind,
            ..Setup::default()
        });
        let sp = Sp::new("wiki");
        app.connect(&sp, |_, _| ());
        app.user("one");
        let told = app.sign_on(&app.client(), &sp, "one");
        assert_eq!(signed(&told), (true, true));
        assert_eq!(
            told.xml
                .matches(&format!("<ds:SignatureMethod Algorithm=\"{algorithm}\">"))
                .count(),
            2
        );
        assert_eq!(told.xml.matches("<ds:Reference ").count(), 2);
        assert!(told.xml.contains("http://www.w3.org/2001/04/xmlenc#sha256"));
        assert!(told.xml.contains("<ds:X509Certificate>"));
        assert!(!told.xml.contains("sha1\""));
    }
}

/// Proves IIP-MD10, AV-ALG-04, AV-SEC-31, IIP-ALG08: only what the SP declares, never a silent fallback, and
/// SHA-1 only by its switch.
#[test]
fn iip_md10_only_declared_algorithms_are_used() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let declares = |name: &str, uri: &str| {
        let mut sp = Sp::new(name);
        sp.extensions = format!(
            "<alg:SigningMethod xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\" Algorithm=\"{uri}\"/>"
        );
        sp
    };
    let sp = declares(
        "sha512",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    );
    app.connect(&sp, |_, _| ());
    let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    assert!(told.xml.contains("xmldsig-more#rsa-sha512"));
    assert!(!told.xml.contains("xmldsig-more#rsa-sha256"));

    let weak = declares("weak", "http://www.w3.org/2000/09/xmldsig#rsa-sha1");
    app.connect(&weak, |_, _| ());
    // Success, failure, launch and a stranger's request end alike: told here, since no answer could
    // be signed, and before anybody logs in for nothing.
    let passive = app.ask(&client, &weak, |r| {
        r.is_passive = true;
        r.force_authn = true;
    });
    for answer in [
        app.ask(&client, &weak, |_| ()),
        passive,
        client.get("/launch/weak"),
        app.ask(&app.client(), &weak, |_| ()),
    ] {
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_eq!(answer.field("SAMLResponse"), None);
        assert!(answer.text().contains("Sample App weak"));
    }
    for event in app.events().into_iter().take(4) {
        assert_eq!(event.result, ResultCode::InvalidSettings);
        assert_eq!(event.app_name.as_deref(), Some("Sample App weak"));
        let checks = crate::support::app::lines(&event);
        let check = checks.last().expect("a check");
        assert_eq!(check.name, "signature of the answer");
        assert!(check.received.contains("signature algorithm"), "{check:?}");
    }
    let dangerous = declares("dangerous", "http://www.w3.org/2000/09/xmldsig#rsa-sha1");
    app.connect(&dangerous, |_, saml| saml.danger_allow_sha1 = true);
    let xml = dangerous.read_unverified(&app, &app.ask(&client, &dangerous, |_| ()));
    assert!(xml.contains("xmldsig#rsa-sha1"));
    let check = app
        .last_checks()
        .into_iter()
        .find(|c| c.name == "signature of the answer");
    assert!(check.is_some_and(|c| c.received.ends_with("#rsa-sha1")));
}

/// Proves AV-RSP-22, AV-BND-13, AV-BND-08, AV-SEC-61, IIP-SSO03: the page that carries the answer.
#[test]
fn av_rsp_22_the_page_keeps_the_response_to_itself() {
    let (app, sp, client) = TestApp::ready();
    let answer = app.ask(&client, &sp, |_| ());
    app.told(&sp, &answer).ok();
    let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
    assert!(
        header("cache-control").contains("no-store")
            && header("cache-control").contains("no-cache")
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("referrer-policy"), "no-referrer");
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'self' https:",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    let text = answer.text();
    assert!(text.contains("<button") && text.contains("method=\"POST\""));
    assert_eq!(answer.location(), None);
    assert!(!text.contains("onload=") && !text.contains("<script>"));
    assert_eq!(Binding::HttpPost.uri().len(), 46);
}

/// Proves AV-BND-13: nothing on the way is kept by a cache, whatever the answer: a success, a
/// refusal, an error page, a page that is gone, and each redirect.
#[test]
fn av_bnd_13_no_front_channel_answer_is_cached() {
    let (app, sp, client) = TestApp::ready();
    let refusal = app.ask(&client, &sp, |r| {
        r.is_passive = true;
        r.force_authn = true;
    });
    assert!(refusal.field("SAMLResponse").is_some());
    for (answer, status) in [
        (app.ask(&client, &sp, |_| ()), 200),
        (refusal, 200),
        (app.ask(&client, &Sp::new("unknown"), |_| ()), 404),
        (app.ask(&app.client(), &sp, |_| ()), 303),
        (client.get("/continue?p=unknown"), 410),
        (client.get("/launch/unknown"), 404),
        (client.get("/saml/sso?SAMLRequest=x"), 400),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(
            answer.all("cache-control"),
            ["no-cache, no-store"],
            "{status}"
        );
    }
}

/// Proves AV-RSP-07, AV-ST-17, IIP-IDP05, AV-SEC-66, AV-RSP-19: failures carry a status, 200, and nothing of the request.
#[test]
fn av_st_17_failures_are_answers_and_unknown_peers_get_nothing_signed() {
    let (app, sp, client) = TestApp::ready();
    let unknown = Sp::new("unknown");
    let page = app.ask(&client, &unknown, |_| ());
    app.assert_page(&page, ResultCode::UnknownServiceProvider);
    assert!(!page.text().contains("Signature"));
    let answer = app.ask(&client, &sp, |r| {
        r.is_passive = true;
        r.force_authn = true;
        r.provider_name = Some("MARKER".to_owned());
    });
    assert_eq!(answer.status, 200);
    let told = app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoPassive,
        "Responder",
        "NoPassive",
    );
    assert!(!told.xml.contains("Assertion") && !told.xml.contains("MARKER"));
}
