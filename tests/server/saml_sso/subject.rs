//! Subject in a request.

use avouch_saml::message::authn_request::{RequestedSubject, SubjectIdentifier};
use avouch_saml::name_id::{NameIdFormat, ReceivedNameId};
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, KeyTransport};
use avouch_saml::security::encrypt::{Encryption, encrypt_element};
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::client::Answer;
use crate::support::dev_certificate;
use crate::support::sp::Sp;

fn named(
    value: &str,
    format: Option<&NameIdFormat>,
    qualifier: Option<&str>,
) -> Option<RequestedSubject> {
    Some(RequestedSubject {
        identifier: SubjectIdentifier::NameId(ReceivedNameId {
            value: value.to_owned(),
            format: format.map(|f| f.uri().to_owned()),
            name_qualifier: None,
            sp_name_qualifier: qualifier.map(str::to_owned),
            sp_provided_id: None,
        }),
        has_confirmation: false,
    })
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

/// Proves AV-REQ-25, AV-ST-07: the user named, or no assertion.
#[test]
fn av_req_25_the_subject_is_the_user_at_the_browser() {
    let (app, sp, client) = TestApp::ready();
    app.user("two");
    let persistent = match &app.told(&sp, &app.ask(&client, &sp, |_| ())).ok().subject {
        avouch_saml::message::assertion::Subject::NameId(name) => name.value().to_owned(),
        other => panic!("{other:?}"),
    };
    let ask = |subject| app.ask(&client, &sp, |r| r.subject = subject);
    for subject in [
        named(&persistent, Some(&NameIdFormat::Persistent), None),
        named(
            &persistent,
            Some(&NameIdFormat::Persistent),
            Some(&sp.entity_id),
        ),
        named("one@example.org", Some(&NameIdFormat::EmailAddress), None),
        named("one", None, None),
    ] {
        app.told(&sp, &ask(subject)).ok();
    }
    for subject in [
        named(
            &persistent,
            Some(&NameIdFormat::Persistent),
            Some("https://other.example.org"),
        ),
        named("two@example.org", Some(&NameIdFormat::EmailAddress), None),
        named("nobody", None, None),
        named("ONE", None, None),
        named("_x", Some(&NameIdFormat::Transient), None),
    ] {
        assert_unknown(&app, &sp, &ask(subject));
    }
    // Not signed in yet: whoever logs in must be the one.
    let stranger = app.client();
    let page = stranger.follow(app.ask(&stranger, &sp, |r| r.subject = named("one", None, None)));
    let answer = app.log_in(&stranger, &page, "two");
    assert_unknown(&app, &sp, &answer);
}

/// Proves AV-REQ-25 for what may not stand in a Subject, AV-ST-01.
#[test]
fn av_req_25_confirmation_and_base_id_are_refused() {
    let (app, sp, client) = TestApp::ready();
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
    let plain = "<saml:Subject><saml:NameID>one</saml:NameID></saml:Subject>";
    app.told(&sp, &app.post_xml(&client, &sp.raw(&app, "", plain)))
        .ok();
}

/// Proves AV-REQ-25 for EncryptedID, E30: any of our keys decrypts it, a foreign one is unknown.
#[test]
fn av_req_25_an_encrypted_subject_is_decrypted_with_any_key() {
    let (app, sp, client) = TestApp::ready();
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
    app.told(&sp, &ask(encrypted("one", "idp-rsa2048"))).ok();
    assert_unknown(&app, &sp, &ask(encrypted("two", "idp-rsa2048")));
    assert_unknown(&app, &sp, &ask(encrypted("one", "idp-rsa3072")));
    app.add_key(avouch_saml::security::certificate::KeyKind::Rsa { bits: 3072 });
    let xml = sp.read_unverified(&app, &ask(encrypted("one", "idp-rsa3072")));
    assert!(xml.contains("status:Success"), "{xml}");
    let xml = sp.read_unverified(&app, &ask(encrypted("one", "idp-rsa2048")));
    assert!(xml.contains("status:Success"), "{xml}");
}
