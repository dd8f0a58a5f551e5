//! Subject in a request.

use avouch_saml::message::assertion::Subject;
use avouch_saml::message::authn_request::{NameIdPolicy, RequestedSubject};
use avouch_saml::message::identifier::SubjectIdentifier;
use avouch_saml::name_id::{NameId, NameIdFormat, ReceivedNameId};
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, KeyTransport};
use avouch_saml::security::encrypt::{Encryption, encrypt_element};
use avouch_server::apps::App;
use avouch_server::apps::saml::{SamlSettings, SubjectType};
use avouch_server::audit::ResultCode;

use crate::support::app::{BASE_URL, TestApp};
use crate::support::client::{Answer, Client};
use crate::support::dev_certificate;
use crate::support::sp::{Sp, Told};

fn named(
    value: &str,
    format: Option<&NameIdFormat>,
    qualifier: Option<&str>,
) -> Option<RequestedSubject> {
    Some(RequestedSubject {
        identifier: Some(SubjectIdentifier::NameId(ReceivedNameId {
            value: value.to_owned(),
            format: format.map(|f| f.uri().to_owned()),
            name_qualifier: None,
            sp_name_qualifier: qualifier.map(str::to_owned),
            sp_provided_id: None,
        })),
        has_confirmation: false,
    })
}

/// A started server with an SP that may be given names which say who the user is, and a user who is
/// signed in.
fn ready() -> (TestApp, Sp, Client) {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.subject_type = SubjectType::Username;
        let formats = [
            NameIdFormat::Unspecified,
            NameIdFormat::Persistent,
            NameIdFormat::EmailAddress,
        ];
        let [own, others @ ..] = formats.map(|format| format.uri().to_owned());
        saml.name_id_format = own;
        saml.allowed_name_id_formats = others.to_vec();
    });
    app.user("one");
    let client = app.signed_in("one");
    (app, sp, client)
}

fn assert_unknown(app: &TestApp, sp: &Sp, answer: &Answer) {
    app.assert_refused(
        sp,
        answer,
        ResultCode::UnknownPrincipal,
        "Responder",
        "UnknownPrincipal",
    );
}

fn issued(told: &Told) -> NameId {
    match &told.ok().subject {
        Subject::NameId(name) => name.clone(),
        other => panic!("no NameID: {other:?}"),
    }
}

/// The app may get mail addresses and usernames beside its persistent names.
fn named_freely(_: &mut App, saml: &mut SamlSettings) {
    saml.allowed_name_id_formats = [NameIdFormat::EmailAddress, NameIdFormat::Unspecified]
        .map(|format| format.uri().to_owned())
        .to_vec();
}

/// Proves AV-REQ-25, AV-ST-07: the name issued is the name asked for, in its format and with its
/// qualifiers, or there is no assertion.
#[test]
fn av_req_25_the_subject_issued_is_the_one_named() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, named_freely);
    app.user("one");
    app.user("two");
    let client = app.signed_in("one");
    let persistent = issued(&app.told(&sp, &app.ask(&client, &sp, |_| ())))
        .value()
        .to_owned();
    let us = format!("{BASE_URL}/saml/metadata");
    let ask = |subject| app.ask(&client, &sp, |r| r.subject = subject);
    let qualified = |name: &str, sp_name: &str| {
        let mut subject = named(&persistent, Some(&NameIdFormat::Persistent), Some(sp_name));
        if let Some(RequestedSubject {
            identifier: Some(SubjectIdentifier::NameId(received)),
            ..
        }) = &mut subject
        {
            received.name_qualifier = Some(name.to_owned());
        }
        subject
    };
    for subject in [
        named(&persistent, Some(&NameIdFormat::Persistent), None),
        named(
            &persistent,
            Some(&NameIdFormat::Persistent),
            Some(&sp.entity_id),
        ),
        qualified(&us, &sp.entity_id),
    ] {
        let name = issued(&app.told(&sp, &ask(subject)));
        assert_eq!(
            (name.value(), name.format()),
            (persistent.as_str(), NameIdFormat::Persistent)
        );
        assert_eq!(name.name_qualifier(), Some(us.as_str()));
        assert_eq!(name.sp_name_qualifier(), Some(sp.entity_id.as_str()));
    }
    // No policy says so: the format is the Subject's, not the app's first.
    let mail = ask(named(
        "one@example.org",
        Some(&NameIdFormat::EmailAddress),
        None,
    ));
    let name = issued(&app.told(&sp, &mail));
    assert_eq!(
        (name.value(), name.format()),
        ("one@example.org", NameIdFormat::EmailAddress)
    );
    for subject in [
        qualified("https://other.example.org", &sp.entity_id),
        named(
            &persistent,
            Some(&NameIdFormat::Persistent),
            Some("https://other.example.org"),
        ),
        named("two@example.org", Some(&NameIdFormat::EmailAddress), None),
        named(
            "one@example.org",
            Some(&NameIdFormat::EmailAddress),
            Some(&sp.entity_id),
        ),
        named("ONE@example.org", Some(&NameIdFormat::EmailAddress), None),
        // Users of this app go by their persistent name, not by their username.
        named("one", None, None),
        named("_x", Some(&NameIdFormat::Transient), None),
    ] {
        assert_unknown(&app, &sp, &ask(subject));
    }
    // Not signed in yet: whoever logs in must be the one.
    let stranger = app.client();
    let mail = || named("one@example.org", Some(&NameIdFormat::EmailAddress), None);
    let ask = || stranger.follow(app.ask(&stranger, &sp, |r| r.subject = mail()));
    let answer = app.log_in(&stranger, &ask(), "two");
    assert_unknown(&app, &sp, &answer);
    stranger.forget("__Host-avouch");
    let told = app.told(&sp, &app.log_in(&stranger, &ask(), "one"));
    assert_eq!(issued(&told).value(), "one@example.org");
}

/// Proves AV-REQ-25 for names without a format, and for formats that the app never gets.
#[test]
fn av_req_25_a_name_without_format_is_issued_without() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let (open, closed) = (Sp::new("open"), Sp::new("closed"));
    app.connect(&open, |app, saml| {
        named_freely(app, saml);
        saml.subject_type = SubjectType::Username;
    });
    app.connect(&closed, |_, saml| {
        saml.subject_type = SubjectType::Username;
        saml.allowed_name_id_formats.clear();
    });
    for format in [None, Some(&NameIdFormat::Unspecified)] {
        let subject = || named("one", format, None);
        let name = issued(&app.told(&open, &app.ask(&client, &open, |r| r.subject = subject())));
        assert_eq!(
            (name.value(), name.format()),
            ("one", NameIdFormat::Unspecified)
        );
        for wrong in ["ONE", "one ", "nobody", "one@example.org", "fed-one"] {
            let answer = app.ask(&client, &open, |r| r.subject = named(wrong, format, None));
            assert_unknown(&app, &open, &answer);
        }
        let answer = app.ask(&client, &closed, |r| r.subject = subject());
        assert_unknown(&app, &closed, &answer);
    }
    let mail = named("one@example.org", Some(&NameIdFormat::EmailAddress), None);
    let answer = app.ask(&client, &closed, |r| r.subject = mail);
    assert_unknown(&app, &closed, &answer);
}

/// Proves AV-REQ-25: NameIDPolicy may ask for another format of the user who is named.
#[test]
fn av_req_25_the_policy_may_ask_for_another_format() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, named_freely);
    app.user("one");
    let client = app.signed_in("one");
    let ask = |subject, format: &NameIdFormat| {
        app.ask(&client, &sp, |r| {
            r.subject = subject;
            r.name_id_policy = Some(NameIdPolicy {
                format: Some(format.clone()),
                ..NameIdPolicy::default()
            });
        })
    };
    let mail = |value| named(value, Some(&NameIdFormat::EmailAddress), None);
    for subject in [
        mail("one@example.org"),
        named("one@example.org", None, None),
    ] {
        let name = issued(&app.told(&sp, &ask(subject, &NameIdFormat::Persistent)));
        assert_eq!(name.format(), NameIdFormat::Persistent);
    }
    // The last two are names of the user, and none that this app may be given.
    for subject in [
        mail("two@example.org"),
        named("two", None, None),
        named("one", None, None),
        named("fed-one", None, None),
    ] {
        assert_unknown(&app, &sp, &ask(subject, &NameIdFormat::Persistent));
    }
    // Unspecified is no other format: it leaves the choice, and the Subject has made it.
    let told = app.told(
        &sp,
        &ask(mail("one@example.org"), &NameIdFormat::Unspecified),
    );
    assert_eq!(issued(&told).format(), NameIdFormat::EmailAddress);
    // The policy is judged as ever.
    let answer = ask(
        mail("one@example.org"),
        &NameIdFormat::Other("urn:unknown".to_owned()),
    );
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::UnsupportedNameIdFormat,
        "Requester",
        "InvalidNameIDPolicy",
    );
}

/// Proves AV-REQ-25 for what may not stand in a Subject, AV-ST-01.
#[test]
fn av_req_25_confirmation_and_base_id_are_refused() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |app, saml| {
        named_freely(app, saml);
        saml.subject_type = SubjectType::Username;
    });
    app.user("one");
    let client = app.signed_in("one");
    let confirmed = "<saml:Subject><saml:NameID>one</saml:NameID><saml:SubjectConfirmation \
        Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/></saml:Subject>";
    let answer = app.post_xml(&client, &sp.raw(&app, "", confirmed));
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::InvalidAuthnRequest,
        "Requester",
        "",
    );
    let base = "<saml:Subject><saml:BaseID xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
        xsi:type=\"x:T\" xmlns:x=\"urn:x\"/></saml:Subject>";
    assert_unknown(&app, &sp, &app.post_xml(&client, &sp.raw(&app, "", base)));
    let provided = "<saml:Subject><saml:NameID SPProvidedID=\"x\">one</saml:NameID></saml:Subject>";
    let answer = app.post_xml(&client, &sp.raw(&app, "", provided));
    assert_unknown(&app, &sp, &answer);
    let plain = "<saml:Subject><saml:NameID>one</saml:NameID></saml:Subject>";
    let told = app.told(&sp, &app.post_xml(&client, &sp.raw(&app, "", plain)));
    assert_eq!(issued(&told).value(), "one");
}

/// Proves AV-REQ-25 for EncryptedID, E30: any of our keys decrypts it, a foreign one is unknown.
#[test]
fn av_req_25_an_encrypted_subject_is_decrypted_with_any_key() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |app, saml| {
        named_freely(app, saml);
        saml.subject_type = SubjectType::Username;
    });
    app.user("one");
    let client = app.signed_in("one");
    let encrypted = |name: &str, to: &str| {
        let policy = AlgorithmPolicy::default();
        let how = Encryption::new(DataEncryption::Aes128Gcm, KeyTransport::default(), &policy)
            .expect("permitted");
        let plain = format!(
            "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{name}</saml:NameID>"
        );
        let key = dev_certificate(to).public_key().expect("a key");
        let octets = encrypt_element(plain.as_bytes(), &key, None, how).expect("encrypted");
        format!(
            "<saml:Subject><saml:EncryptedID>{}</saml:EncryptedID></saml:Subject>",
            String::from_utf8(octets).expect("UTF-8")
        )
    };
    let ask = |subject: String| app.post_xml(&client, &sp.raw(&app, "", &subject));
    let told = app.told(&sp, &ask(encrypted("one", "idp-rsa2048")));
    assert_eq!(issued(&told), NameId::Unspecified("one".to_owned()));
    assert_unknown(&app, &sp, &ask(encrypted("two", "idp-rsa2048")));
    assert_unknown(&app, &sp, &ask(encrypted("one", "idp-rsa3072")));
    app.add_key(avouch_saml::security::certificate::KeyKind::Rsa { bits: 3072 });
    let xml = sp.read_unverified(&app, &ask(encrypted("one", "idp-rsa3072")));
    assert!(xml.contains("status:Success"), "{xml}");
    let xml = sp.read_unverified(&app, &ask(encrypted("one", "idp-rsa2048")));
    assert!(xml.contains("status:Success"), "{xml}");
}

/// Proves AV-REQ-25, AV-SEC-65: an SP that gets pairwise names finds out no other by asking. A right
/// guess is answered as a wrong one.
#[test]
fn av_sec_65_a_subject_confirms_no_name_that_is_not_given() {
    let (app, sp, client) = TestApp::ready();
    let user = app.user("two");
    let mail = NameIdFormat::EmailAddress;
    let ask = |value: &str, format: Option<&NameIdFormat>| {
        let answer = app.ask(&client, &sp, |r| {
            r.subject = named(value, format, None);
            r.is_passive = true;
        });
        app.told(&sp, &answer)
    };
    for (value, format) in [
        ("one", None),
        ("nobody", None),
        ("one", Some(&NameIdFormat::Unspecified)),
        ("one@example.org", None),
        ("one@example.org", Some(&mail)),
        ("nobody@example.org", Some(&mail)),
        ("fed-one", None),
        (user.id.as_str(), None),
    ] {
        let told = ask(value, format);
        assert_eq!(told.status(), ("Responder", "UnknownPrincipal"), "{value}");
    }
    // The name it is given is confirmed.
    let own = match &app.told(&sp, &app.ask(&client, &sp, |_| ())).ok().subject {
        avouch_saml::message::assertion::Subject::NameId(name) => name.value().to_owned(),
        other => panic!("{other:?}"),
    };
    ask(&own, Some(&NameIdFormat::Persistent)).ok();
}

/// Proves AV-SEC-36 at the endpoint: whatever is wrong with an EncryptedID, the answer is one.
#[test]
fn av_sec_36_a_bad_encrypted_subject_has_one_answer() {
    let (app, sp, client) = ready();
    let sealed = |to: &str| {
        let policy = AlgorithmPolicy::default();
        let how = Encryption::new(DataEncryption::Aes128Gcm, KeyTransport::default(), &policy)
            .expect("permitted");
        let plain =
            "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">one</saml:NameID>";
        let key = dev_certificate(to).public_key().expect("a key");
        let octets = encrypt_element(plain.as_bytes(), &key, None, how).expect("encrypted");
        String::from_utf8(octets).expect("UTF-8")
    };
    let ask = |sealed: &str| {
        let subject =
            format!("<saml:Subject><saml:EncryptedID>{sealed}</saml:EncryptedID></saml:Subject>");
        app.post_xml(&client, &sp.raw(&app, "", &subject))
    };
    let good = sealed("idp-rsa2048");
    app.told(&sp, &ask(&good)).ok();
    let mutated = |value: usize| {
        // One base64 digit in the middle of the wrapped key or of the content.
        let (at, _) = good
            .match_indices("CipherValue>")
            .nth(2 * value)
            .expect("a value");
        let at = at + "CipherValue>".len() + 40;
        let other = if good.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &good[..at], &good[at + 1..])
    };
    let answers: Vec<String> = [sealed("idp-rsa3072"), mutated(0), mutated(1)]
        .iter()
        .map(|sealed| {
            let told = app.assert_refused(
                &sp,
                &ask(sealed),
                ResultCode::UnknownPrincipal,
                "Responder",
                "UnknownPrincipal",
            );
            let checks = app.last_event().checks;
            // But for the reference code, which is each event's own.
            let outcome = format!("{:?}", told.response.outcome);
            format!("{} {checks:?}", outcome.replace(&app.last_code(), "CODE"))
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}
