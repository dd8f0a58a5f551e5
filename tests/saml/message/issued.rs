//! What leaves: Responses and assertions, judged by the schemas and by libxml2.

use avouch_saml::binding::{NotSendable, Sendable};
use avouch_saml::ids::{EntityId, MessageId};
use avouch_saml::message::assertion::{Assertion, BEARER, Subject};
use avouch_saml::message::response::{
    IssuedAssertion, Outcome, ReceivedAssertion, ReceivedOutcome, ReceivedResponse, Response,
};
use avouch_saml::name_id::{MailAddress, NameId};
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash};
use avouch_saml::security::encrypt::{Encryption, decrypt_element, encrypt_element};
use avouch_saml::security::sign::sign_enveloped;
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::status::{SecondStatus, Status, TopStatus};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::{DS, SAML, SAMLP, XENC, XSI};
use avouch_saml::xml::reader::{self, Element};
use avouch_saml::xml::writer::WriteError;

use super::support::*;
use crate::schema::assert_schema_valid;
use crate::security::support::{dev_key, dev_signer, keys, xmlsec1_verifies};

const RESPONSE: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

fn signed_success(random: &mut Seeded) -> (Vec<u8>, Vec<u8>) {
    let signer = dev_signer("idp-rsa2048");
    let assertion = assertion(random, Some(id(REQUEST_ID)));
    let assertion = sign_enveloped(assertion.write().unwrap(), &signer).unwrap();
    let octets = assertion.as_bytes().to_vec();
    let response = response(random, Outcome::Success(IssuedAssertion::signed(assertion)));
    let response = sign_enveloped(response.write().unwrap(), &signer).unwrap();
    (response.into_bytes(), octets)
}

/// Every element of a tree.
fn all(root: &Element) -> Vec<&Element> {
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        found.extend(found[at].elements());
        at += 1;
    }
    found
}

/// Proves AV-RSP-03, IIP-G03, SDP-G03 for every kind of Response this crate writes.
#[test]
fn av_rsp_03_responses_are_schema_valid_and_canonical() {
    let mut random = Seeded(3);
    let mut messages = vec![
        plain_success(&mut random)
            .write()
            .unwrap()
            .as_bytes()
            .to_vec(),
        signed_success(&mut random).0,
        assertion(&mut random, None)
            .write()
            .unwrap()
            .as_bytes()
            .to_vec(),
    ];
    for second in SecondStatus::ALL {
        let status = Status::new(TopStatus::Responder, *second, "A sentence.");
        let failure = response(&mut random, Outcome::Failure(status));
        messages.push(failure.write().unwrap().as_bytes().to_vec());
    }
    for message in messages {
        assert_schema_valid(&message);
        assert_canonical(&message);
        let xml = text(&message);
        assert!(!xml.contains("<!"), "no DOCTYPE, comment or CDATA");
        assert!(!xml.contains("<?"), "no declaration or instruction");
    }
}

/// Proves AV-RSP-01, AV-RSP-02, AV-RSP-04, AV-RSP-05, AV-RSP-06, E17 for the writer.
#[test]
fn av_rsp_04_av_rsp_05_av_rsp_06_header_and_confirmation_agree() {
    let mut random = Seeded(4);
    let root = root(&text(&signed_success(&mut random).0));
    let assertion = root.first(SAML, "Assertion").unwrap();
    for element in [&root, assertion] {
        let issuer = element.first(SAML, "Issuer").unwrap();
        assert_eq!(issuer.text().unwrap(), IDP);
        assert!(issuer.attrs.is_empty());
        assert_eq!(element.attr("Version"), Some("2.0"));
        let id = element.attr("ID").unwrap();
        assert!(id.len() == 41 && id.starts_with('_'));
        assert!(id[1..].bytes().all(|b| b.is_ascii_hexdigit()));
    }
    assert_ne!(root.attr("ID"), assertion.attr("ID"));
    let parsed = Assertion::parse(assertion).unwrap();
    assert_eq!(root.attr("Destination"), Some(ACS));
    assert_eq!(parsed.confirmation.recipient.as_str(), ACS);
    // As it stands, whatever a reader makes of it (saml-profiles §4.1.4.2).
    let subject = assertion.first(SAML, "Subject").unwrap();
    let confirmations: Vec<_> = subject.all(SAML, "SubjectConfirmation").collect();
    let [confirmation] = confirmations.as_slice() else {
        panic!("one confirmation")
    };
    assert_eq!(confirmation.attr("Method"), Some(BEARER));
    let data = confirmation.first(SAML, "SubjectConfirmationData").unwrap();
    assert_eq!(data.attr("Recipient"), Some(ACS));
    assert_eq!(data.attr("InResponseTo"), Some(REQUEST_ID));
    assert!(data.attr("NotOnOrAfter").is_some() && data.attr("NotBefore").is_none());
    assert_eq!(root.attr("InResponseTo"), Some(REQUEST_ID));
    assert_eq!(parsed.confirmation.in_response_to, Some(id(REQUEST_ID)));
    for element in all(&root) {
        for attr in &element.attrs {
            let instant = attr.local.contains("Instant")
                || attr.local.contains("NotBefore")
                || attr.local.contains("OnOrAfter");
            if instant {
                assert!(attr.value.ends_with('Z'), "{}", attr.value);
                assert!(matches!(attr.value.len(), 20 | 24), "{}", attr.value);
                assert_ne!(&attr.value[17..19], "60");
            }
        }
    }

    let unsolicited = Response {
        in_response_to: None,
        ..plain_success(&mut random)
    };
    let xml = text(unsolicited.write().unwrap().as_bytes());
    let unsolicited = super::support::root(&xml);
    assert_eq!(unsolicited.attr("InResponseTo"), None);
    let alone = super::support::assertion(&mut random, None);
    assert!(!text(alone.write().unwrap().as_bytes()).contains("InResponseTo"));
}

/// Proves AV-RSP-07, AV-RSP-18, SDP-IDP10: a success has one assertion, a failure none.
#[test]
fn av_rsp_07_only_a_success_carries_an_assertion() {
    let mut random = Seeded(7);
    let success = root(&text(&signed_success(&mut random).0));
    assert_eq!(success.all(SAML, "Assertion").count(), 1);
    let assertion = success.first(SAML, "Assertion").unwrap();
    assert_eq!(assertion.all(SAML, "AuthnStatement").count(), 1);
    assert_eq!(assertion.all(SAML, "AttributeStatement").count(), 1);
    let ReceivedOutcome::Success(_) = ReceivedResponse::parse(&success).unwrap().outcome else {
        panic!("a success")
    };

    let status = Status::new(TopStatus::Responder, SecondStatus::NoPassive, "A sentence.");
    let failure = response(&mut random, Outcome::Failure(status));
    let failure = root(&text(failure.write().unwrap().as_bytes()));
    assert!(
        all(&failure)
            .iter()
            .all(|e| !e.is(SAML, "Assertion") && !e.is(SAML, "EncryptedAssertion"))
    );
    let parsed = ReceivedResponse::parse(&failure).unwrap();
    let ReceivedOutcome::Failure(received) = parsed.outcome else {
        panic!("a failure")
    };
    assert_eq!(received.top, TopStatus::Responder);
    assert_eq!(
        received.second.as_deref(),
        Some(SecondStatus::NoPassive.uri())
    );
}

/// Proves AV-RSP-08, AV-RSP-09, AV-RSP-12, E26, E52, E79 for the writer.
#[test]
fn av_rsp_08_av_rsp_09_confirmation_and_conditions() {
    let mut random = Seeded(8);
    let written = assertion(&mut random, Some(id(REQUEST_ID)));
    let root = root(&text(written.write().unwrap().as_bytes()));
    let subject = root.first(SAML, "Subject").unwrap();
    assert_eq!(subject.all(SAML, "SubjectConfirmation").count(), 1);
    let confirmation = subject.first(SAML, "SubjectConfirmation").unwrap();
    assert_eq!(confirmation.attr("Method"), Some(BEARER));
    let data = confirmation.first(SAML, "SubjectConfirmationData").unwrap();
    assert_eq!(data.attr("NotBefore"), None);
    assert_eq!(data.attr("NotOnOrAfter"), Some("2026-03-01T12:05:00Z"));
    let conditions = root.first(SAML, "Conditions").unwrap();
    assert!(conditions.attr("NotBefore") < conditions.attr("NotOnOrAfter"));
    assert!(data.attr("NotOnOrAfter") <= conditions.attr("NotOnOrAfter"));
    let audience = conditions.first(SAML, "AudienceRestriction").unwrap();
    let audiences: Vec<_> = audience.elements().map(|a| a.text().unwrap()).collect();
    assert_eq!(audiences, [SP]);
    assert_eq!(conditions.all(SAML, "OneTimeUse").count(), 0);
    let authn = root.first(SAML, "AuthnStatement").unwrap();
    assert_eq!(
        authn.attr("SessionNotOnOrAfter"),
        Some("2026-03-02T00:00:00Z")
    );
    assert_eq!(authn.attr("AuthnInstant"), Some("2026-03-01T11:58:58.750Z"));

    let mut unbounded = written.clone();
    unbounded.authn.session_not_on_or_after = None;
    unbounded.conditions.one_time_use = true;
    unbounded
        .conditions
        .audiences
        .push(entity("urn:example:second"));
    let xml = unbounded.write().unwrap();
    assert_schema_valid(xml.as_bytes());
    let root = super::support::root(&text(xml.as_bytes()));
    assert_eq!(
        all(&root)
            .iter()
            .filter(|e| e.is(SAML, "OneTimeUse"))
            .count(),
        1
    );
    assert_eq!(
        root.first(SAML, "AuthnStatement")
            .unwrap()
            .attr("SessionNotOnOrAfter"),
        None
    );
}

/// Proves AV-RSP-13 for the type that leaves: nothing unsigned becomes sendable.
#[test]
fn av_rsp_13_an_unsigned_assertion_cannot_leave_in_an_unsigned_response() {
    let mut random = Seeded(13);
    let unsigned = plain_success(&mut random);
    assert_eq!(
        Sendable::with_signed_assertion(&unsigned).err(),
        Some(NotSendable::NothingSigned)
    );
    let failure = response(
        &mut random,
        Outcome::Failure(Status::requester("A sentence.")),
    );
    assert!(Sendable::with_signed_assertion(&failure).is_err());

    let signer = dev_signer("idp-p256");
    let signed = assertion(&mut random, None).write().unwrap();
    let signed = sign_enveloped(signed, &signer).unwrap();
    let with_signed = response(
        &mut random,
        Outcome::Success(IssuedAssertion::signed(signed)),
    );
    let sendable = Sendable::with_signed_assertion(&with_signed).unwrap();
    assert_schema_valid(sendable.as_bytes());
    let response = Sendable::from(sign_enveloped(unsigned.write().unwrap(), &signer).unwrap());
    assert!(xmlsec1_verifies(
        &text(response.as_bytes()),
        "idp-p256",
        RESPONSE
    ));
}

/// Proves AV-RSP-14, IIP-SSO04 for what leaves: each signature verifies alone and with the other,
/// by a second implementation.
#[test]
fn av_rsp_14_both_signatures_verify() {
    let mut random = Seeded(14);
    let (response, assertion) = signed_success(&mut random);
    let xml = text(&response);
    assert!(xmlsec1_verifies(&xml, "idp-rsa2048", RESPONSE));
    assert!(xmlsec1_verifies(
        &text(&assertion),
        "idp-rsa2048",
        ASSERTION
    ));
    assert!(xml.contains(&text(&assertion)), "carried unchanged");
    let policy = AlgorithmPolicy::default();
    let key = keys(&["idp-rsa2048"]);
    let verified = verify_enveloped(&response, &key, &policy, &Limits::MESSAGE).unwrap();
    let inside = reader::parse(verified.as_bytes(), &Limits::MESSAGE).unwrap();
    ReceivedResponse::parse(&inside).unwrap();
    let changed = xml.replace("sample.one@", "sample.two@");
    assert!(!xmlsec1_verifies(&changed, "idp-rsa2048", RESPONSE));
}

/// Proves AV-RSP-15, AV-RSP-16, IIP-IDP09 for the writer.
#[test]
fn av_rsp_15_av_rsp_16_signed_then_encrypted_then_signed() {
    let mut random = Seeded(15);
    let signer = dev_signer("idp-rsa2048");
    let policy = AlgorithmPolicy::default();
    let how = Encryption::new(
        DataEncryption::Aes256Gcm,
        KeyTransport::OaepMgf1p {
            digest: OaepHash::Sha1,
        },
        &policy,
    )
    .unwrap();
    let recipient = &keys(&["sp-encryption"])[0];
    let plain = assertion(&mut random, Some(id(REQUEST_ID)));
    let signed = sign_enveloped(plain.write().unwrap(), &signer).unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let sealed = encrypt_element(signed.as_bytes(), recipient, Some(SP), how).unwrap();
        let issued = IssuedAssertion::encrypted(sealed, true);
        assert!(issued.is_encrypted() && issued.is_signed());
        let response = response(&mut random, Outcome::Success(issued));
        let response = sign_enveloped(response.write().unwrap(), &signer).unwrap();
        assert_schema_valid(response.as_bytes());
        assert_canonical(response.as_bytes());
        let xml = text(response.as_bytes());
        assert!(xmlsec1_verifies(&xml, "idp-rsa2048", RESPONSE));
        assert!(!xml.contains("sample.one") && !xml.contains("<saml:Assertion"));
        let root = root(&xml);
        let ReceivedOutcome::Success(ReceivedAssertion::Encrypted(sealed)) =
            ReceivedResponse::parse(&root).unwrap().outcome
        else {
            panic!("encrypted")
        };
        let key = [dev_key("sp-encryption")];
        let opened = decrypt_element(&sealed, &key, &policy, &Limits::MESSAGE).unwrap();
        assert_eq!(opened.as_bytes(), signed.as_bytes());
        assert!(xmlsec1_verifies(
            &text(opened.as_bytes()),
            "idp-rsa2048",
            ASSERTION
        ));
        assert_eq!(Assertion::parse(opened.root()).unwrap(), plain);
        let encrypted_key = all(&root)
            .into_iter()
            .find(|e| e.is(XENC, "EncryptedKey"))
            .unwrap();
        assert_eq!(encrypted_key.attr("Recipient"), Some(SP));
        seen.extend(
            all(&root)
                .into_iter()
                .filter(|e| e.is(XENC, "CipherValue"))
                .map(|e| e.text().unwrap().to_owned()),
        );
    }
    assert_eq!(seen.len(), 4);
    assert!(
        seen[0] != seen[2] && seen[1] != seen[3],
        "fresh key and vector"
    );
}

/// Proves AV-RSP-19, AV-SEC-66 for the library: what a broken request says is not in its answer.
#[test]
fn av_rsp_19_nothing_of_the_request_is_echoed() {
    let mark = "EvilMarker";
    let mut answered = 0;
    for (from, to) in [
        ("ForceAuthn=\"true\"", "ForceAuthn=\"EvilMarker\""),
        ("Version=\"2.0\"", "Version=\"9.EvilMarker\""),
        ("Version=\"2.0\"", "Version=\"9.0\""),
        ("Comparison=\"minimum\"", "Comparison=\"&lt;EvilMarker>\""),
        ("<saml:Subject>", "<EvilMarker/><saml:Subject>"),
        ("<saml:Subject>", "EvilMarker<saml:Subject>"),
        ("ID=\"_r1\"", "ID=\"1EvilMarker\""),
        (" ProxyCount", " EvilMarker=\"1\" ProxyCount"),
        (
            " ForceAuthn",
            " AssertionConsumerServiceIndex=\"1\" ForceAuthn",
        ),
    ] {
        let xml = changed(from, to).replace("\"Sample\"", "\"EvilMarker\"");
        let status = read_request(&xml).unwrap_err().status().unwrap();
        let failure = response(&mut Seeded(19), Outcome::Failure(status));
        let octets = failure.write().unwrap();
        assert!(!text(octets.as_bytes()).contains(mark), "{to}");
        let root = root(&text(octets.as_bytes()));
        let message = root
            .first(SAMLP, "Status")
            .unwrap()
            .first(SAMLP, "StatusMessage");
        assert!(!message.unwrap().text().unwrap().is_empty());
        answered += 1;
    }
    assert_eq!(answered, 9);
}

/// Proves AV-RSP-21: no generic statement or condition, nothing of SAML 1.
#[test]
fn av_rsp_21_only_named_saml_2_elements_leave() {
    let mut random = Seeded(21);
    let root = root(&text(&signed_success(&mut random).0));
    for element in all(&root) {
        assert!(matches!(&*element.ns, SAML | SAMLP | DS), "{}", element.ns);
        assert!(!matches!(
            &*element.local,
            "Statement" | "Condition" | "BaseID"
        ));
        assert_eq!(element.attr_ns(XSI, "type"), None);
    }
}

/// Proves AV-ATT-01, IIP-IDP01, SDP-IDP19, SDP-IDP20 for the writer.
#[test]
fn av_att_01_shapes_of_values() {
    let mut random = Seeded(1);
    let mut written = assertion(&mut random, None);
    written
        .attributes
        .push(super::support::text_attribute("odd name <&> ü", &["v"]));
    written.attributes.last_mut().unwrap().name_format = Some("urn:example:any-format".to_owned());
    let octets = written.write().unwrap();
    assert_schema_valid(octets.as_bytes());
    let root = root(&text(octets.as_bytes()));
    let statement = root.first(SAML, "AttributeStatement").unwrap();
    let attribute = |name: &str| {
        statement
            .elements()
            .find(|a| a.attr("Name") == Some(name))
            .unwrap()
    };
    let values = |name: &str| -> Vec<&Element> { attribute(name).elements().collect() };
    let many: Vec<_> = values("urn:oid:1.3.6.1.4.1.5923.1.1.1.7")
        .iter()
        .map(|v| v.text().unwrap().to_owned())
        .collect();
    assert_eq!(many, ["one", "two", "three"]);
    let [empty] = values("urn:example:empty")[..] else {
        panic!("one value")
    };
    assert!(empty.children.is_empty() && empty.attrs.is_empty());
    assert!(values("urn:example:none").is_empty());
    let [null] = values("urn:example:null")[..] else {
        panic!("one value")
    };
    assert_eq!(null.attr_ns(XSI, "nil"), Some("true"));
    assert!(null.children.is_empty());
    let odd = attribute("odd name <&> ü");
    assert_eq!(odd.attr("NameFormat"), Some("urn:example:any-format"));
}

/// Proves IIP-IDP11, AV-NID-02, AV-NID-06 for the writer.
#[test]
fn iip_idp11_av_nid_06_subjects_with_and_without_name() {
    let mut random = Seeded(11);
    let mut written = assertion(&mut random, None);
    let name_id = |written: &Assertion| -> Option<Element> {
        let octets = written.write().unwrap();
        assert_schema_valid(octets.as_bytes());
        let root = root(&text(octets.as_bytes()));
        let subject = root.first(SAML, "Subject").unwrap().clone();
        subject.first(SAML, "NameID").cloned()
    };
    written.subject = Subject::Unnamed;
    assert_eq!(name_id(&written), None);
    written.subject = Subject::NameId(persistent());
    let persistent = name_id(&written).unwrap();
    assert_eq!(persistent.attr("NameQualifier"), Some(IDP));
    assert_eq!(persistent.attr("SPNameQualifier"), Some(SP));
    for bare in [
        NameId::Unspecified("sample.one".to_owned()),
        NameId::EmailAddress(MailAddress::parse("sample.one@example.org").unwrap()),
    ] {
        written.subject = Subject::NameId(bare.clone());
        let element = name_id(&written).unwrap();
        assert_eq!(element.attr("NameQualifier"), None);
        assert_eq!(element.attr("SPNameQualifier"), None);
        assert_eq!(element.attr("Format"), Some(bare.format().uri()));
        assert_eq!(element.text().unwrap(), bare.value());
    }
}

/// Proves AV-RSP-20, AV-SEC-67 for messages: such text is an error, and the rest is escaped.
#[test]
fn av_rsp_20_illegal_characters_fail_the_writer() {
    let mut random = Seeded(20);
    let mut written = assertion(&mut random, None);
    for (value, legal) in [
        ("a\u{0}b", false),
        ("a\u{FFFE}b", false),
        ("a\u{1B}b", false),
        ("<!-- --><x a='&amp;'/>]]>", true),
        ("\u{202E}abc\u{2028}", true),
    ] {
        written.attributes = vec![text_attribute("urn:example:a", &[value])];
        match written.write() {
            Ok(octets) => {
                assert!(legal, "{value:?}");
                let read = Assertion::parse(&root(&text(octets.as_bytes()))).unwrap();
                assert_eq!(read.attributes, written.attributes);
            }
            Err(WriteError::IllegalCharacter(_)) => assert!(!legal, "{value:?}"),
        }
    }
}

#[test]
fn responses_with_too_much_or_too_little_are_not_read() {
    let mut random = Seeded(2);
    let success = text(plain_success(&mut random).write().unwrap().as_bytes());
    assert!(ReceivedResponse::parse(&root(&success)).is_ok());
    let start = success.find("<saml:Assertion").unwrap();
    let end = success.find("</samlp:Response>").unwrap();
    let assertion = &success[start..end];
    let none = success.replace(assertion, "");
    let two = success.replace(
        assertion,
        &format!("{assertion}{}", assertion.replace(" ID=\"_", " ID=\"_a")),
    );
    let failed = success.replace("status:Success", "status:Responder");
    for broken in [none, two, failed] {
        assert!(ReceivedResponse::parse(&root(&broken)).is_err(), "{broken}");
    }
}

#[test]
fn an_encrypted_identifier_is_carried_as_it_is() {
    let mut random = Seeded(19);
    let policy = AlgorithmPolicy::default();
    let how = Encryption::new(
        DataEncryption::Aes128Gcm,
        KeyTransport::OaepMgf1p {
            digest: OaepHash::Sha1,
        },
        &policy,
    )
    .unwrap();
    let mut w = avouch_saml::xml::writer::Writer::with_capacity(256);
    avouch_saml::message::assertion::write_name_id(&mut w, &persistent());
    let plain = w.finish().unwrap();
    let sealed = encrypt_element(&plain, &keys(&["sp-encryption"])[0], None, how).unwrap();
    let mut written = assertion(&mut random, None);
    written.subject = Subject::EncryptedId(sealed);
    written.attributes.clear();
    let octets = written.write().unwrap();
    assert_schema_valid(octets.as_bytes());
    assert_canonical(octets.as_bytes());
    let root = root(&text(octets.as_bytes()));
    assert!(all(&root).iter().all(|e| !e.is(SAML, "NameID")));
    assert!(
        Assertion::parse(&root).is_err(),
        "it has to be decrypted first"
    );
    let container = root
        .first(SAML, "Subject")
        .unwrap()
        .first(SAML, "EncryptedID")
        .unwrap();
    let key = [dev_key("sp-encryption")];
    let opened = decrypt_element(container, &key, &policy, &Limits::MESSAGE).unwrap();
    assert_eq!(opened.as_bytes(), plain);
}

#[test]
fn an_issuer_of_full_length_fits() {
    let mut random = Seeded(5);
    let long = EntityId::parse(&format!("urn:{}", "u".repeat(1020))).unwrap();
    let mut written = assertion(&mut random, None);
    written.issuer = long.clone();
    written.id = MessageId::parse("_a").unwrap();
    let read = Assertion::parse(&root(&text(written.write().unwrap().as_bytes()))).unwrap();
    assert_eq!(read.issuer, long);
}
