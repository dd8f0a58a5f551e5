//! Signatures on requests: when one is needed, and that one that is there must hold.

use avouch_server::apps::saml::RequestSignatures;
use avouch_server::audit::ResultCode;
use avouch_server::store;

use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::sp::{Sp, key};

fn send(
    app: &TestApp,
    client: &Client,
    sp: &Sp,
    post: bool,
    signed: Option<&str>,
) -> crate::support::client::Answer {
    let request = sp.request(app);
    if !post {
        return client.get(&sp.redirect_with(app, &request, None, signed));
    }
    let fields = sp.post(&request, None, signed);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    client.post("/saml/sso", &fields)
}

/// Proves AV-REQ-07, SDP-IDP04, SDP-IDP05, AV-SEC-26, AV-SEC-33, IIP-ALG02: signed, unsigned and
/// wrongly signed, needed or not, by both bindings and both spellings of true.
#[test]
fn av_req_07_signatures_are_needed_as_metadata_says_and_always_hold() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    for (name, role, required) in [
        ("a", "", false),
        ("b", "AuthnRequestsSigned=\"true\"", true),
        ("c", "AuthnRequestsSigned=\"1\"", true),
        ("d", "AuthnRequestsSigned=\"false\"", false),
    ] {
        let mut sp = Sp::new(name);
        sp.role_attributes = role.to_owned();
        app.connect(&sp, |_, _| ());
        for post in [false, true] {
            let unsigned = send(&app, &client, &sp, post, None);
            if required {
                app.assert_page(&unsigned, ResultCode::SignatureMissing);
            } else {
                app.told(&sp, &unsigned).ok();
            }
            let signed = send(&app, &client, &sp, post, Some("sp-signing"));
            app.told(&sp, &signed).ok();
            // Another SP's good key is no key of this one's.
            let foreign = send(&app, &client, &sp, post, Some("sp-signing-p256"));
            app.assert_page(&foreign, ResultCode::InvalidSignature);
        }
    }
}

/// Proves IIP-SSO06 for the app's own switch, AV-SEC-27: required without a key refuses all.
#[test]
fn av_sec_27_a_required_signature_without_a_key_refuses() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let mut keyless = Sp::new("keyless");
    keyless.keys = String::new();
    let connected = app.connect(&keyless, |_, saml| {
        saml.request_signatures = RequestSignatures::Required
    });
    app.assert_page(
        &send(&app, &client, &keyless, false, None),
        ResultCode::SignatureMissing,
    );
    app.assert_page(
        &send(&app, &client, &keyless, false, Some("sp-signing")),
        ResultCode::InvalidSignature,
    );
    app.change(&connected, |app| {
        app.definition.saml.request_signatures = RequestSignatures::WhenPresent;
    });
    app.told(&keyless, &send(&app, &client, &keyless, false, None))
        .ok();
}

/// Proves AV-BND-02, AV-BND-03, AV-REQ-08: changing what is signed breaks it, and a request with a
/// bad signature starts no login.
#[test]
fn av_req_08_a_bad_signature_starts_no_login() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let good = sp.redirect_with(&app, &sp.request(&app), Some("state"), Some("sp-signing"));
    let client = app.client();
    for bad in [
        good.replace("RelayState=state", "RelayState=other"),
        good.replace("&RelayState=state", ""),
        good.replace("RelayState=state", "RelayState="),
        good.replace("RelayState=state", "RelayState=%73tate"),
        good.replace("rsa-sha256", "rsa-sha1"),
    ] {
        assert_ne!(bad, good);
        app.assert_page(&client.get(&bad), ResultCode::InvalidSignature);
    }
    // Another order of the parameters is the same message.
    let (path, query) = good.split_once('?').expect("a query");
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    let page = client.follow(client.get(&format!("{path}?{}", pairs.join("&"))));
    let told = app.told(&sp, &app.log_in(&client, &page, "one"));
    assert_eq!(told.relay_state.as_deref(), Some("state"));
}

/// Proves AV-BND-05: a signature inside a redirected document is no redirect signature.
#[test]
fn av_bnd_05_a_signature_of_the_other_binding_does_not_count() {
    let app = TestApp::start();
    let mut sp = Sp::new("wiki");
    sp.role_attributes = "AuthnRequestsSigned=\"true\"".to_owned();
    sp.keys = key("signing", "sp-signing");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.signed_in("one");
    let fields = sp.post(&sp.request(&app), None, Some("sp-signing"));
    let encoded = &fields[0].1;
    let stored = {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let xml = engine.decode(encoded).expect("base64");
        // A stored block of DEFLATE: the octets as they are.
        let length = u16::try_from(xml.len()).expect("short");
        let mut deflated = vec![1];
        deflated.extend_from_slice(&length.to_le_bytes());
        deflated.extend_from_slice(&(!length).to_le_bytes());
        deflated.extend_from_slice(&xml);
        crate::support::client::escape(&engine.encode(deflated))
    };
    let answer = client.get(&format!("/saml/sso?SAMLRequest={stored}"));
    app.assert_page(&answer, ResultCode::SignatureMissing);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    app.told(&sp, &client.post("/saml/sso", &fields)).ok();
}

/// Proves AV-SEC-33 at the endpoint: a key for encryption alone, or of the entity's other role,
/// signs nothing for the SP.
#[test]
fn av_sec_33_keys_of_another_use_or_role_sign_nothing() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let of_idp = |key: &str| {
        format!(
            "<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             {key}<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://other.example.org/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
        )
    };
    for (name, keys, other_role, good) in [
        (
            "a",
            key("encryption", "sp-encryption"),
            String::new(),
            false,
        ),
        (
            "b",
            String::new(),
            of_idp(&key("signing", "sp-encryption")),
            false,
        ),
        ("c", key("signing", "sp-encryption"), String::new(), true),
    ] {
        let mut sp = Sp::new(name);
        sp.keys = key("signing", "sp-signing") + &keys;
        let connected = app.connect(&sp, |_, _| ());
        if !other_role.is_empty() {
            let metadata = sp.metadata().replace("</md:EntityDescriptor>", &other_role);
            app.write(|c| {
                let mut stored = store::apps::by_id(c, &connected.id)?.expect("connected");
                stored.metadata_xml = metadata.clone().into_bytes();
                store::apps::update(c, &stored)
            });
        }
        for post in [false, true] {
            let answer = send(&app, &client, &sp, post, Some("sp-encryption"));
            if good {
                app.told(&sp, &answer).ok();
            } else {
                app.assert_page(&answer, ResultCode::InvalidSignature);
            }
            let own = send(&app, &client, &sp, post, Some("sp-signing"));
            app.told(&sp, &own).ok();
        }
    }
}
