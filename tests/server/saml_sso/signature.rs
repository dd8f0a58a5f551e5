//! Signatures on requests: when one is needed, and that one that is there must hold.

use avouch_saml::security::algorithm::SignatureAlgorithm;
use avouch_saml::security::sign::Signer as _;
use avouch_server::apps::saml::{RequestSignatures, SamlSettings};
use avouch_server::audit::{EventKind, ResultCode};
use avouch_server::store;
use avouch_server::text::CheckLine;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::admin::{ALL, admin, changes};
use crate::support::app::TestApp;
use crate::support::client::{Answer, Client, From};
use crate::support::sp::{Sp, key};
use crate::support::{dev_certificate, log};

fn send(app: &TestApp, client: &Client, sp: &Sp, post: bool, signed: Option<&str>) -> Answer {
    let request = sp.request(app);
    if post {
        app.post_request(client, From::Here, sp, &request, signed)
    } else {
        client.get(&sp.redirect_with(app, &request, None, signed))
    }
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

/// Proves AV-REQ-07, SDP-IDP04: the app, its metadata and the organisation can each require
/// signatures and none can waive another's rule; the event, our metadata and the app's page say
/// which it was.
#[test]
fn av_req_07_whoever_requires_signatures_is_obeyed_and_named() {
    for wanted in [false, true] {
        let app = TestApp::configured(&format!("[saml]\nwant_authn_requests_signed = {wanted}\n"));
        app.user("one");
        let client = app.signed_in("one");
        let administrator = admin(&app, ALL);
        let says = |path: &str| {
            let metadata = client.get(path).text();
            metadata.contains("WantAuthnRequestsSigned=\"true\"")
        };
        assert_eq!(says("/saml/metadata"), wanted);
        for (name, flag, setting) in [
            ("a", "", RequestSignatures::WhenPresent),
            (
                "b",
                "AuthnRequestsSigned=\"false\"",
                RequestSignatures::WhenPresent,
            ),
            (
                "c",
                "AuthnRequestsSigned=\"true\"",
                RequestSignatures::WhenPresent,
            ),
            (
                "d",
                "AuthnRequestsSigned=\"1\"",
                RequestSignatures::WhenPresent,
            ),
            ("e", "", RequestSignatures::Required),
            (
                "f",
                "AuthnRequestsSigned=\"false\"",
                RequestSignatures::Required,
            ),
            (
                "g",
                "AuthnRequestsSigned=\"true\"",
                RequestSignatures::Required,
            ),
        ] {
            let mut sp = Sp::new(name);
            sp.role_attributes = flag.to_owned();
            app.connect(&sp, |_, saml| saml.request_signatures = setting);
            let in_metadata = flag.contains("true") || flag.contains('1');
            let (source, page) = match setting {
                RequestSignatures::Required => {
                    ("request signatures of the app", "required (set here)")
                }
                RequestSignatures::Ignore => unreachable!("it has a test of its own"),
                RequestSignatures::WhenPresent if in_metadata => (
                    "AuthnRequestsSigned in the app's metadata",
                    "required (from the app's metadata)",
                ),
                RequestSignatures::WhenPresent if wanted => (
                    "saml.want_authn_requests_signed",
                    "required (from the organisation)",
                ),
                RequestSignatures::WhenPresent => (
                    "no rule: not the app's settings, its metadata or saml.want_authn_requests_signed",
                    "checked when present (default)",
                ),
            };
            let required = !source.starts_with("no rule");
            let check = || {
                let checks = app.last_checks();
                let check = checks.into_iter().find(|c| c.name == "signature");
                check.expect("the check of the signature")
            };
            for post in [false, true] {
                let unsigned = send(&app, &client, &sp, post, None);
                if required {
                    app.assert_page(&unsigned, ResultCode::SignatureMissing);
                } else {
                    app.told(&sp, &unsigned).ok();
                }
                assert_eq!(check().source, source, "{name}");
                let signed = send(&app, &client, &sp, post, Some("sp-signing"));
                app.told(&sp, &signed).ok();
                assert_eq!(check().source, source, "{name}");
            }
            assert_eq!(says(&format!("/saml/metadata/{name}")), required, "{name}");
            let shown = administrator.get(&format!("/admin/apps/{name}")).text();
            let shown = shown.replace("&#39;", "'");
            assert!(shown.contains(page), "{name}: {page}");
        }
    }
}

/// What was stored when the metadata's wish could be left aside has the one rule now.
#[test]
fn stored_request_signature_settings_still_load() {
    for (stored, is) in [
        ("follow_metadata", RequestSignatures::WhenPresent),
        ("when_present", RequestSignatures::WhenPresent),
        ("required", RequestSignatures::Required),
    ] {
        let json = format!("{{\"request_signatures\":\"{stored}\",\"clock_skew_seconds\":60}}");
        let saml: SamlSettings = serde_json::from_str(&json).expect("stored settings");
        assert_eq!(saml.request_signatures, is);
        assert_eq!(saml.clock_skew_seconds, Some(60));
    }
    let saml: SamlSettings = serde_json::from_str("{}").expect("stored settings");
    assert_eq!(saml.clock_skew_seconds, None);
}

/// The check of the newest event with this name.
fn check_of(app: &TestApp, name: &str) -> CheckLine {
    let checks = app.last_checks();
    let check = checks.iter().find(|check| check.name == name);
    check
        .unwrap_or_else(|| panic!("no {name} in {checks:?}"))
        .clone()
}

/// Proves AV-ALG-02, AV-ALG-04, AV-SEC-31, IIP-ALG08: a request really signed with SHA-1 is refused,
/// but from the one app with the danger switch; and that is logged each time.
#[test]
fn av_alg_02_sha1_is_accepted_from_the_app_with_the_switch_alone() {
    log::keep();
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let (mut closed, mut open, mut beside) =
        (Sp::new("closed"), Sp::new("open"), Sp::new("beside"));
    for sp in [&mut closed, &mut open, &mut beside] {
        sp.sign_with = Some(SignatureAlgorithm::DangerRsaSha1);
    }
    app.connect(&closed, |_, _| ());
    let dangerous = app.connect(&open, |_, saml| saml.danger_allow_sha1 = true);
    app.connect(&beside, |_, saml| saml.danger_allow_cbc = true);
    let sha1 = SignatureAlgorithm::DangerRsaSha1.uri();
    for post in [false, true] {
        for sp in [&closed, &beside] {
            let answer = send(&app, &client, sp, post, Some("sp-signing"));
            app.assert_page(&answer, ResultCode::InvalidSignature);
            let check = check_of(&app, "signature");
            assert!(check.received.contains(sha1), "{check:?}");
        }
        let id = dangerous.id.as_str();
        let before = log::warnings_with(id).len();
        app.told(&open, &send(&app, &client, &open, post, Some("sp-signing")))
            .ok();
        assert_eq!(check_of(&app, "signature").received, sha1);
        let warned = log::warnings_with(id);
        assert_eq!(warned.len(), before + 1, "{warned:?}");
        let event = app.last_event();
        for part in [
            "accepting a SHA-1 signature",
            sha1,
            event.request_id.as_str(),
        ] {
            assert!(warned[before].contains(part), "{part} in {warned:?}");
        }
        // Nor is it silent where the request is refused for what stands in it.
        let mut request = open.request(&app);
        request.issue_instant = app.now().plus_seconds(-3600);
        let old = if post {
            app.post_request(&client, From::Here, &open, &request, Some("sp-signing"))
        } else {
            client.get(&open.redirect_with(&app, &request, None, Some("sp-signing")))
        };
        app.assert_page(&old, ResultCode::ExpiredRequest);
        assert_eq!(check_of(&app, "signature").received, sha1);
        assert_eq!(log::warnings_with(id).len(), before + 2);
        // Sound signatures are no news.
        let sound = Sp {
            sign_with: None,
            ..open.clone()
        };
        app.told(
            &sound,
            &send(&app, &client, &sound, post, Some("sp-signing")),
        )
        .ok();
        assert_eq!(log::warnings_with(id).len(), before + 2);
        let sound = Sp {
            sign_with: None,
            ..closed.clone()
        };
        app.told(
            &sound,
            &send(&app, &client, &sound, post, Some("sp-signing")),
        )
        .ok();
    }
}

/// Proves AV-ALG-02, AV-ALG-04: a digest by SHA-1 under a sound algorithm is no better.
#[test]
fn av_alg_04_a_sha1_digest_is_named_and_logged() {
    log::keep();
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let (closed, open) = (Sp::new("closed"), Sp::new("open"));
    app.connect(&closed, |_, _| ());
    let dangerous = app.connect(&open, |_, saml| saml.danger_allow_sha1 = true);
    let weakly_digested = |sp: &Sp| {
        let request = sp.request(&app);
        let unsigned = request.write().expect("a request");
        let digest = openssl::hash::hash(openssl::hash::MessageDigest::sha1(), unsigned.as_bytes());
        let fields = sp.post(&request, None, Some("sp-signing"));
        let xml = String::from_utf8(BASE64.decode(&fields[0].1).expect("base64")).expect("UTF-8");
        let part = |open: &str, close: &str| {
            let from = xml.find(open).expect("there") + open.len();
            xml[from..from + xml[from..].find(close).expect("ends")].to_owned()
        };
        let info = format!(
            "<ds:SignedInfo>{}</ds:SignedInfo>",
            part("<ds:SignedInfo>", "</ds:SignedInfo>")
        );
        let weak = info
            .replace(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2000/09/xmldsig#sha1",
            )
            .replace(
                &part("<ds:DigestValue>", "</ds:DigestValue>"),
                &BASE64.encode(digest.expect("hashed")),
            );
        assert_ne!(weak, info);
        let canonical = weak.replace(
            "<ds:SignedInfo>",
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
        );
        let value = sp
            .signer("sp-signing")
            .sign(canonical.as_bytes())
            .expect("signed");
        let value = BASE64.encode(value);
        let xml = xml
            .replace(&info, &weak)
            .replace(&part("<ds:SignatureValue>", "</ds:SignatureValue>"), &value);
        app.post_xml(&client, &xml)
    };
    app.assert_page(&weakly_digested(&closed), ResultCode::InvalidSignature);
    let check = check_of(&app, "signature");
    assert!(check.received.contains("xmldsig#sha1"), "{check:?}");
    let before = log::warnings_with(dangerous.id.as_str()).len();
    app.told(&open, &weakly_digested(&open)).ok();
    let check = check_of(&app, "signature");
    assert!(
        check.received.contains("#rsa-sha256") && check.received.contains("xmldsig#sha1"),
        "{check:?}"
    );
    let warned = log::warnings_with(dangerous.id.as_str());
    assert_eq!(warned.len(), before + 1, "{warned:?}");
    assert!(warned[before].contains("xmldsig#sha1"));
}

/// Proves AV-ALG-04, IIP-MD10: answers signed with SHA-1 are logged, refusals too, and the event
/// names the algorithm.
#[test]
fn av_alg_04_answers_signed_with_sha1_are_logged() {
    log::keep();
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let mut old = Sp::new("old");
    let sha1 = SignatureAlgorithm::DangerRsaSha1.uri();
    old.extensions = format!(
        "<alg:SigningMethod xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\" Algorithm=\"{sha1}\"/>"
    );
    let connected = app.connect(&old, |_, saml| saml.danger_allow_sha1 = true);
    for passive in [false, true] {
        let before = log::warnings_with(connected.id.as_str()).len();
        let answer = app.ask(&client, &old, |r| {
            r.is_passive = passive;
            r.force_authn = passive;
        });
        let xml = old.read_unverified(&app, &answer);
        assert_eq!(xml.contains("status:NoPassive"), passive, "{xml}");
        assert!(
            xml.contains(&format!("SignatureMethod Algorithm=\"{sha1}\"")),
            "{xml}"
        );
        let warned = log::warnings_with(connected.id.as_str());
        assert_eq!(warned.len(), before + 1, "{warned:?}");
        let event = app.last_event();
        for part in ["signing with SHA-1", event.request_id.as_str()] {
            assert!(warned[before].contains(part), "{part} in {warned:?}");
        }
        assert_eq!(check_of(&app, "signature of the answer").received, sha1);
    }
}

/// Proves AV-ALG-04: turning a danger switch on is an event that names it.
#[test]
fn av_alg_04_a_danger_switch_is_an_event() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    let administrator = admin(&app, ALL);
    for switch in ["danger_allow_sha1", "danger_allow_cbc"] {
        let mut fields = changes::as_shown(&administrator, "/admin/apps/wiki");
        changes::set(&mut fields, switch, "yes");
        let saved = administrator.post("/admin/apps/wiki", &changes::pairs(&fields));
        assert_eq!(saved.status, 303, "{}", saved.text());
        let event = app.last_event();
        assert_eq!(event.kind, EventKind::Admin);
        let [change] = &app.last_checks()[..] else {
            panic!("one change: {event:?}");
        };
        assert_eq!(
            (
                change.name.as_str(),
                change.expected.as_str(),
                change.received.as_str()
            ),
            (switch, "false", "true")
        );
    }
}

/// Proves AV-ALG-02, IIP-ALG08: what the configuration blocks is refused, and nothing else.
#[test]
fn iip_alg08_a_blocked_algorithm_is_refused_in_requests() {
    let blocked = SignatureAlgorithm::RsaSha512.uri();
    for (config, accepted) in [
        (String::new(), true),
        (
            format!("[saml]\nblocked_signatures = [\"{blocked}\"]\n"),
            false,
        ),
    ] {
        let app = TestApp::configured(&config);
        let mut sp = Sp::new("wiki");
        app.connect(&sp, |_, _| ());
        app.user("one");
        let client = app.signed_in("one");
        for post in [false, true] {
            sp.sign_with = Some(SignatureAlgorithm::RsaSha512);
            let answer = send(&app, &client, &sp, post, Some("sp-signing"));
            if accepted {
                app.told(&sp, &answer).ok();
            } else {
                app.assert_page(&answer, ResultCode::InvalidSignature);
                assert!(check_of(&app, "signature").received.contains(blocked));
            }
            sp.sign_with = Some(SignatureAlgorithm::RsaSha256);
            app.told(&sp, &send(&app, &client, &sp, post, Some("sp-signing")))
                .ok();
        }
    }
}

/// Proves AV-REQ-07: who looks into a bad signature sees how it was made and which keys were tried.
#[test]
fn av_req_07_a_bad_signature_is_explained() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let mut sp = Sp::new("wiki");
    sp.keys = format!(
        "{}{}",
        key("signing", "sp-signing"),
        key("", "sp-encryption")
    );
    app.connect(&sp, |_, _| ());
    for post in [false, true] {
        let answer = send(&app, &client, &sp, post, Some("sp-signing-p256"));
        app.assert_page(&answer, ResultCode::InvalidSignature);
        let check = check_of(&app, "signature");
        for known in ["sp-signing", "sp-encryption"] {
            let fingerprint = dev_certificate(known).fingerprint();
            assert!(check.expected.contains(&fingerprint), "{check:?}");
        }
        assert!(check.received.contains("#ecdsa-sha256"), "{check:?}");
    }
}

/// Proves IIP-SSO06, SDP-MD01: one app, whose metadata is replaced on its page, item by item; what
/// it is told follows at once.
#[test]
fn iip_sso06_behaviour_follows_replaced_metadata() {
    let app = TestApp::start();
    let mut sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.sign = avouch_server::apps::saml::SignWhat::Response;
        let mail = avouch_saml::name_id::NameIdFormat::EmailAddress;
        saml.allowed_name_id_formats.push(mail.uri().to_owned());
    });
    app.user("one");
    let client = app.signed_in("one");
    let administrator = admin(&app, ALL);
    let replace = |sp: &Sp| {
        let metadata = sp.metadata();
        let saved = crate::admin::replace_metadata(&administrator, "wiki", &metadata);
        assert_eq!(saved.status, 303, "{}", saved.text());
    };
    let redirect = |sp: &Sp, signed| send(&app, &client, sp, false, signed);
    let own_signature = |sp: &Sp, answer: &Answer| {
        let told = app.told(sp, answer);
        told.ok();
        told.assertion_xml.contains("<ds:Signature ")
    };
    assert!(!own_signature(&sp, &redirect(&sp, None)));

    for (flags, needed, wants) in [
        ("AuthnRequestsSigned=\"true\"", true, false),
        ("WantAssertionsSigned=\"true\"", false, true),
        ("", false, false),
    ] {
        sp.role_attributes = flags.to_owned();
        replace(&sp);
        let unsigned = redirect(&sp, None);
        if needed {
            app.assert_page(&unsigned, ResultCode::SignatureMissing);
        } else {
            assert_eq!(own_signature(&sp, &unsigned), wants);
        }
        assert_eq!(
            own_signature(&sp, &redirect(&sp, Some("sp-signing"))),
            wants
        );
    }

    let format = |sp: &Sp| match &app.told(sp, &redirect(sp, None)).ok().subject {
        avouch_saml::message::assertion::Subject::NameId(name) => name.format(),
        other => panic!("{other:?}"),
    };
    use avouch_saml::name_id::NameIdFormat;
    for wanted in [
        NameIdFormat::EmailAddress,
        NameIdFormat::Transient,
        NameIdFormat::Persistent,
    ] {
        sp.extra = format!("<md:NameIDFormat>{}</md:NameIDFormat>", wanted.uri());
        replace(&sp);
        assert_eq!(format(&sp), wanted);
    }
    sp.extra.clear();

    let (old_acs, new_acs) = (sp.acs.clone(), "https://wiki.example.org/other".to_owned());
    sp.acs.clone_from(&new_acs);
    replace(&sp);
    let at = |url: &str| {
        app.ask(&client, &sp, |r| {
            r.acs = avouch_saml::message::authn_request::RequestedAcs::Url {
                url: url.to_owned(),
                binding: None,
            };
        })
    };
    assert_eq!(app.told(&sp, &redirect(&sp, None)).acs, new_acs);
    app.told(&sp, &at(&new_acs)).ok();
    app.assert_page(&at(&old_acs), ResultCode::InvalidAcs);

    sp.keys = key("signing", "sp-signing-p256");
    replace(&sp);
    app.told(&sp, &redirect(&sp, Some("sp-signing-p256"))).ok();
    app.assert_page(
        &redirect(&sp, Some("sp-signing")),
        ResultCode::InvalidSignature,
    );

    let encrypted = |sp: &Sp| {
        let told = app.told(sp, &redirect(sp, None));
        told.ok();
        told.xml.contains("<saml:EncryptedAssertion")
    };
    assert!(!encrypted(&sp));
    sp.keys.push_str(&key("encryption", "sp-encryption"));
    replace(&sp);
    assert!(encrypted(&sp));
    sp.keys = key("signing", "sp-signing-p256");
    replace(&sp);
    assert!(!encrypted(&sp));
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

/// Metadata says that requests are signed, and they are not, or in a way that nobody can verify: an
/// administrator can let them in, and every answer still goes to the registered address.
#[test]
fn field_35_signatures_can_be_ignored() {
    let app = TestApp::configured("[saml]\nwant_authn_requests_signed = true\n");
    app.user("one");
    let client = app.signed_in("one");
    let sp = Sp {
        role_attributes: "AuthnRequestsSigned=\"true\"".to_owned(),
        ..Sp::new("wiki")
    };
    let connected = app.connect(&sp, |_, _| ());
    let by = |key: Option<&str>| client.get(&sp.redirect_with(&app, &sp.request(&app), None, key));
    app.assert_page(&by(None), ResultCode::SignatureMissing);
    app.assert_page(&by(Some("idp-rsa2048")), ResultCode::InvalidSignature);
    app.change(&connected, |app| {
        app.definition.saml.request_signatures = RequestSignatures::Ignore
    });
    for key in [None, Some("idp-rsa2048"), Some("sp-signing")] {
        app.told(&sp, &by(key)).ok();
        let checks = app.last_checks();
        let check = checks
            .iter()
            .find(|c| c.name == "signature")
            .expect("the check");
        assert_eq!(check.expected, "signatures of this app are not looked at");
        assert_eq!(
            check.received,
            if key.is_some() {
                "signed"
            } else {
                "not signed"
            }
        );
        assert_eq!(check.source, "request signatures of the app");
    }
    for signed in [None, Some("idp-rsa2048")] {
        app.told(&sp, &send(&app, &client, &sp, true, signed)).ok();
    }
    // What else is checked stays.
    let mut elsewhere = sp.request(&app);
    elsewhere.destination = Some("https://other.example.org/saml/sso".to_owned());
    app.assert_page(
        &client.get(&sp.redirect(&app, &elsewhere)),
        ResultCode::InvalidDestination,
    );
}

/// Sentences of their own for what is hard to see: nothing registered to verify with, and a signature
/// where it counts for nothing.
#[test]
fn signatures_that_nobody_can_see_or_verify_are_named() {
    let app = TestApp::start();
    let keyless = Sp {
        keys: String::new(),
        ..Sp::new("keyless")
    };
    app.connect(&keyless, |_, _| ());
    let client = app.client();
    let signed =
        client.get(&keyless.redirect_with(&app, &keyless.request(&app), None, Some("sp-signing")));
    app.assert_page(&signed, ResultCode::InvalidSignature);
    let expected = app.last_checks().last().expect("a check").expected.clone();
    assert!(expected.contains("none is registered"), "{expected}");

    let strict = Sp::new("strict");
    app.connect(&strict, |_, saml| {
        saml.request_signatures = RequestSignatures::Required
    });
    let inside = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>";
    let xml = strict
        .raw(&app, "", "")
        .replace("</saml:Issuer>", &format!("</saml:Issuer>{inside}"));
    // DEFLATE has blocks that are not compressed (RFC 1951 §3.2.4).
    let length = u16::try_from(xml.len()).expect("short");
    let mut deflated = vec![1];
    deflated.extend(length.to_le_bytes());
    deflated.extend((!length).to_le_bytes());
    deflated.extend(xml.as_bytes());
    let encoded = base64::engine::general_purpose::STANDARD.encode(&deflated);
    let query = crate::support::client::escape(&encoded);
    let answer = client.get(&format!("/saml/sso?SAMLRequest={query}"));
    app.assert_page(&answer, ResultCode::SignatureMissing);
    let received = app.last_checks().last().expect("a check").received.clone();
    assert!(
        received.contains("counts for nothing by HTTP-Redirect"),
        "{received}"
    );
}
