//! LogoutRequest and LogoutResponse: read as the schema has them, written as they are read.

use avouch_saml::ids::SessionIndex;
use avouch_saml::message::MessageError;
use avouch_saml::message::assertion::{Assertion, Subject, write_name_id};
use avouch_saml::message::identifier::SubjectIdentifier;
use avouch_saml::message::logout_request::{
    LogoutReason, LogoutRequest, Principal, ReceivedLogoutRequest,
};
use avouch_saml::message::logout_response::{
    LogoutOutcome, LogoutResponse, ReceivedLogoutResponse,
};
use avouch_saml::name_id::{MailAddress, NameId, ReceivedNameId};
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash};
use avouch_saml::security::encrypt::{Encryption, decrypt_element, encrypt_element};
use avouch_saml::status::{SecondStatus, Status, TopStatus};
use avouch_saml::time::Timestamp;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::SAML;
use avouch_saml::xml::reader;
use avouch_saml::xml::writer::{WriteError, Writer};

use super::support::*;
use crate::schema::{assert_schema_valid, schema_check};
use crate::security::support::{dev_key, keys};

fn read_request(xml: &str) -> Result<ReceivedLogoutRequest, MessageError> {
    ReceivedLogoutRequest::parse(&root(xml))
}

fn read_response(xml: &str) -> Result<ReceivedLogoutResponse, MessageError> {
    ReceivedLogoutResponse::parse(&root(xml))
}

fn reads(xml: &str) -> bool {
    reader::parse(xml.as_bytes(), &Limits::MESSAGE).is_ok_and(|root| {
        ReceivedLogoutRequest::parse(&root).is_ok() || ReceivedLogoutResponse::parse(&root).is_ok()
    })
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}

#[track_caller]
fn with(whole: &str, from: &str, to: &str) -> String {
    assert!(whole.contains(from), "{from}");
    whole.replacen(from, to, 1)
}

/// Proves IIP-EXT01 for logout: each field is understood, and Extensions are passed over.
#[test]
fn iip_ext01_every_field_of_a_logout_request_is_read() {
    assert_schema_valid(FULL_LOGOUT_REQUEST.as_bytes());
    let request = read_request(FULL_LOGOUT_REQUEST).unwrap();
    let expected = ReceivedLogoutRequest {
        id: id("_l1"),
        issue_instant: NOW,
        destination: Some(SLO.to_owned()),
        consent: Some("urn:oasis:names:tc:SAML:2.0:consent:unspecified".to_owned()),
        issuer: entity(SP),
        extensions: vec![
            (
                "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo".to_owned(),
                "Asynchronous".to_owned(),
            ),
            ("urn:example:x".to_owned(), "Note".to_owned()),
        ],
        not_on_or_after: Some(Timestamp::from_millis(NOW.millis() + 300_250)),
        reason: Some("urn:oasis:names:tc:SAML:2.0:logout:user".to_owned()),
        principal: SubjectIdentifier::NameId(ReceivedNameId {
            value: "opaque".to_owned(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
            name_qualifier: Some(IDP.to_owned()),
            sp_name_qualifier: Some(SP.to_owned()),
            sp_provided_id: Some("p1".to_owned()),
        }),
        session_indexes: vec!["_s1".to_owned(), " s 2\n".to_owned()],
    };
    assert_eq!(request, expected);
    let reason = LogoutReason::from_uri(&request.reason.unwrap());
    assert_eq!(reason, Some(LogoutReason::User));
    assert_eq!(LogoutReason::from_uri("urn:example:reason"), None);
}

#[test]
fn every_field_of_a_logout_response_is_read() {
    assert_schema_valid(FULL_LOGOUT_RESPONSE.as_bytes());
    let response = read_response(FULL_LOGOUT_RESPONSE).unwrap();
    assert_eq!(response.id, id("_l2"));
    assert_eq!(response.issue_instant, NOW);
    assert_eq!(response.destination.as_deref(), Some(SLO));
    assert_eq!(
        response.consent.as_deref(),
        Some("urn:oasis:names:tc:SAML:2.0:consent:obtained")
    );
    assert_eq!(response.issuer, entity(SP));
    assert_eq!(response.in_response_to, Some(id("_l1")));
    assert_eq!(
        response.extensions,
        [("urn:example:x".to_owned(), "Note".to_owned())]
    );
    assert_eq!(response.status.top, TopStatus::Success);
    assert_eq!(
        response.status.second.as_deref(),
        Some(SecondStatus::PartialLogout.uri())
    );
    assert_eq!(response.status.message.as_deref(), Some("Some are left."));
}

/// What the schema refuses is refused, as the schema's own validator does; its twin is read.
#[test]
fn only_schema_valid_logout_requests_are_read() {
    assert!(reads(FULL_LOGOUT_REQUEST));
    let issuer = "<saml:Issuer>https://sp.example.org/saml</saml:Issuer>";
    let index = "<samlp:SessionIndex>_s1</samlp:SessionIndex>";
    let name = "<saml:NameID>another</saml:NameID>";
    for (from, to) in [
        // Dropped.
        (" ID=\"_l1\"", ""),
        (" Version=\"2.0\"", ""),
        (" IssueInstant=\"2026-03-01T12:00:00Z\"", ""),
        // Of the wrong type.
        ("ID=\"_l1\"", "ID=\"1l\""),
        (
            "NotOnOrAfter=\"2026-03-01T12:05:00.250Z\"",
            "NotOnOrAfter=\"soon\"",
        ),
        // Repeated, out of order, unknown.
        (issuer, &format!("{issuer}{issuer}")),
        (index, &format!("{name}{index}")),
        (index, &format!("{index}{name}")),
        ("<saml:NameID ", &format!("{index}<saml:NameID ")),
        (index, "<saml:SessionIndex>_s1</saml:SessionIndex>"),
        (index, &format!("{index}<samlp:Reason/>")),
        ("Version=\"2.0\"", "Version=\"2.0\" SessionIndex=\"_s1\""),
        (index, &format!("text{index}")),
        ("</samlp:LogoutRequest>", "</samlp:LogoutRequest><x/>"),
    ] {
        let broken = with(FULL_LOGOUT_REQUEST, from, to);
        assert!(!reads(&broken), "{from} -> {to}");
        assert!(
            schema_check(broken.as_bytes()).is_err(),
            "the schema has it: {from} -> {to}"
        );
    }
    // A session without its user.
    let start = FULL_LOGOUT_REQUEST.find("<saml:NameID ").unwrap();
    let end = FULL_LOGOUT_REQUEST.find("<samlp:SessionIndex>").unwrap();
    let nobody = [&FULL_LOGOUT_REQUEST[..start], &FULL_LOGOUT_REQUEST[end..]].concat();
    assert!(!reads(&nobody) && schema_check(nobody.as_bytes()).is_err());
    for (from, to) in [
        (index, ""),
        (
            "<samlp:SessionIndex> s 2\n</samlp:SessionIndex>",
            "<samlp:SessionIndex/>",
        ),
        (" NotOnOrAfter=\"2026-03-01T12:05:00.250Z\"", ""),
        ("logout:user", "of our own"),
        (" SPProvidedID=\"p1\"", ""),
        ("<saml:NameID ", "<!-- a remark --><saml:NameID "),
    ] {
        let sound = with(FULL_LOGOUT_REQUEST, from, to);
        assert_schema_valid(sound.as_bytes());
        assert!(reads(&sound), "{from} -> {to}");
    }
}

#[test]
fn only_schema_valid_logout_responses_are_read() {
    assert!(reads(FULL_LOGOUT_RESPONSE));
    let status = "<samlp:Status>";
    for (from, to) in [
        (" ID=\"_l2\"", ""),
        (" Version=\"2.0\"", ""),
        (" IssueInstant=\"2026-03-01T12:00:00Z\"", ""),
        ("InResponseTo=\"_l1\"", "InResponseTo=\"1\""),
        ("InResponseTo=\"_l1\"", "Reason=\"x\""),
        (
            status,
            "<samlp:SessionIndex>x</samlp:SessionIndex><samlp:Status>",
        ),
        ("</samlp:Status>", "</samlp:Status><samlp:Status/>"),
        (
            "</samlp:Status>",
            "</samlp:Status><saml:NameID>x</saml:NameID>",
        ),
        ("</samlp:LogoutResponse>", "</samlp:LogoutResponse>x"),
        // A second StatusCode beside the first: which one counts must not be our guess.
        (
            "<samlp:StatusMessage>",
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>",
        ),
    ] {
        let broken = with(FULL_LOGOUT_RESPONSE, from, to);
        assert!(!reads(&broken), "{from} -> {to}");
        assert!(
            schema_check(broken.as_bytes()).is_err(),
            "the schema has it: {from} -> {to}"
        );
    }
    let unknown = with(FULL_LOGOUT_RESPONSE, "status:Success", "status:Perhaps");
    assert!(!reads(&unknown), "a top-level code that nobody knows");
    for (from, to) in [
        (" InResponseTo=\"_l1\"", ""),
        (
            "<samlp:StatusMessage>Some are left.</samlp:StatusMessage>",
            "",
        ),
        ("status:PartialLogout", "status:Of:Our:Own"),
    ] {
        let sound = with(FULL_LOGOUT_RESPONSE, from, to);
        assert_schema_valid(sound.as_bytes());
        assert!(reads(&sound), "{from} -> {to}");
    }
}

/// What a broken LogoutRequest is to be answered.
#[test]
fn faults_have_their_status() {
    for (from, to, expected) in [
        (
            "Version=\"2.0\"",
            "Version=\"3.0\"",
            Some(TopStatus::VersionMismatch),
        ),
        ("Version=\"2.0\"", "Version=\"1.1\"", None),
        ("ID=\"_l1\"", "ID=\"1\"", Some(TopStatus::Requester)),
        (
            "<saml:Issuer>https://sp.example.org/saml</saml:Issuer>",
            "",
            None,
        ),
        ("samlp:LogoutRequest", "samlp:AuthnRequest", None),
    ] {
        let broken = FULL_LOGOUT_REQUEST.replace(from, to);
        let error = read_request(&broken).unwrap_err();
        assert_eq!(error.status().map(|s| s.top), expected, "{to}");
    }
    let minor = with(FULL_LOGOUT_REQUEST, "Version=\"2.0\"", "Version=\"2.1\"");
    assert!(read_request(&minor).is_ok());
}

/// Proves AV-SEC-21, AV-SEC-23 for logout: comments never shorten a name or an index, and only the
/// namespace says what an element is.
#[test]
fn av_sec_21_av_sec_23_one_reading_of_who_and_which_session() {
    for (from, to) in [
        (">opaque<", ">opa<!-- -->que<"),
        (">_s1<", ">_s<!-- -->1<"),
        (">_s1<", ">_s1<x/><"),
        ("<saml:NameID ", "<saml:NameID xmlns:saml=\"urn:other\" "),
        (
            "<samlp:SessionIndex>",
            "<samlp:SessionIndex xmlns:samlp=\"urn:other\">",
        ),
        ("ID=\"_l1\"", "ID=\"_l1\" Id=\"_l3\""),
        ("<x:Note ", "<x:Note ID=\"_l1\" "),
    ] {
        assert!(!reads(&with(FULL_LOGOUT_REQUEST, from, to)), "{to}");
    }
    for (from, to) in [
        (">_s1<", "><![CDATA[_s1]]><"),
        ("<x:Note ", "<x:Note ID=\"_l3\" "),
    ] {
        assert!(reads(&with(FULL_LOGOUT_REQUEST, from, to)), "{to}");
    }
}

/// Proves IIP-G02 for LogoutRequest.
#[test]
fn iip_g02_names_and_indexes_of_256_code_points_are_taken_whole() {
    for sample in [
        "x".repeat(256),
        "漢".repeat(255),
        "e\u{301}".repeat(128),
        "\u{1F600}".repeat(256),
        "&lt;&amp;&gt;".repeat(85),
        "a&#9;b&#10;c".to_owned(),
    ] {
        let xml = FULL_LOGOUT_REQUEST
            .replace(">opaque<", &format!(">{sample}<"))
            .replace(">_s1<", &format!(">{sample}<"));
        let request = read_request(&xml).unwrap();
        let expected = sample
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&#9;", "\t")
            .replace("&#10;", "\n")
            .replace("&amp;", "&");
        let SubjectIdentifier::NameId(name) = request.principal else {
            panic!("a NameID")
        };
        assert_eq!(name.value, expected);
        assert_eq!(request.session_indexes[0], expected);
    }
}

/// Proves AV-NID-07: the name in a LogoutRequest is the one that the assertion had, octet for octet.
#[test]
fn av_nid_07_the_name_is_written_as_the_assertion_had_it() {
    let mut random = Seeded(7);
    for name_id in [
        persistent(),
        NameId::Unspecified(" Ünï <&> ".to_owned()),
        NameId::EmailAddress(MailAddress::parse("sample.one@example.org").unwrap()),
        NameId::Transient {
            value: "_t".to_owned(),
            name_qualifier: Some(entity(IDP)),
            sp_name_qualifier: None,
        },
        NameId::Other {
            value: "CN=Sample One".to_owned(),
            format: "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName".to_owned(),
        },
    ] {
        let mut issued = assertion(&mut random, None);
        issued.subject = Subject::NameId(name_id.clone());
        let issued = issued.write().unwrap();
        let read = Assertion::parse(&root(text(issued.as_bytes()))).unwrap();
        assert_eq!(read.subject, Subject::NameId(name_id.clone()));

        let mut request = logout_request();
        request.principal = Principal::NameId(name_id);
        let written = request.write().unwrap();
        assert_schema_valid(written.as_bytes());
        let cut = |xml: &str| {
            let start = xml.find("<saml:NameID").unwrap();
            let end = xml.find("</saml:NameID>").unwrap();
            xml[start..end].replace(" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"", "")
        };
        assert_eq!(cut(text(written.as_bytes())), cut(text(issued.as_bytes())));
    }
}

#[test]
fn what_is_written_is_valid_canonical_and_read_back() {
    for reason in [None].into_iter().chain(LogoutReason::ALL.map(Some)) {
        for indexes in 0..3 {
            let mut request = logout_request();
            request.reason = reason;
            request.session_indexes = (0..indexes)
                .map(|n| SessionIndex::parse(&format!("_s{n}")).unwrap())
                .collect();
            let written = request.write().unwrap();
            assert_schema_valid(written.as_bytes());
            assert_canonical(written.as_bytes());
            let read = read_request(text(written.as_bytes())).unwrap();
            assert_eq!(read, received(&request));
        }
    }
    for outcome in [
        LogoutOutcome::Success,
        LogoutOutcome::Partial,
        LogoutOutcome::Failure(Status::responder("The session could not be ended.")),
        LogoutOutcome::Failure(Status::new(
            TopStatus::Requester,
            SecondStatus::UnknownPrincipal,
            "No session of this user is known.",
        )),
    ] {
        let response = LogoutResponse {
            outcome: outcome.clone(),
            ..logout_response()
        };
        let written = response.write().unwrap();
        assert_schema_valid(written.as_bytes());
        assert_canonical(written.as_bytes());
        let read = read_response(text(written.as_bytes())).unwrap();
        assert_eq!(read.in_response_to, response.in_response_to);
        assert_eq!(read.destination.as_deref(), Some(SP_SLO));
        let (top, second) = match outcome {
            LogoutOutcome::Success => (TopStatus::Success, None),
            LogoutOutcome::Partial => (TopStatus::Success, Some(SecondStatus::PartialLogout)),
            LogoutOutcome::Failure(status) => (status.top, status.second),
        };
        assert_eq!(read.status.top, top);
        assert_eq!(read.status.second.as_deref(), second.map(SecondStatus::uri));
    }
}

#[test]
fn what_xml_cannot_carry_is_not_written() {
    let mut request = logout_request();
    request.principal = Principal::NameId(NameId::Unspecified("a\u{0}".to_owned()));
    assert!(matches!(
        request.write(),
        Err(WriteError::IllegalCharacter(0))
    ));
    assert!(logout_request().write().is_ok());
}

/// Proves IIP-IDP19 for the message: an EncryptedID is carried both ways, and each of our keys is
/// tried.
#[test]
fn iip_idp19_an_encrypted_name_is_carried_and_opened_with_any_key() {
    let policy = AlgorithmPolicy::default();
    let oaep = KeyTransport::OaepMgf1p {
        digest: OaepHash::Sha1,
    };
    let how = Encryption::new(DataEncryption::Aes128Gcm, oaep, &policy).unwrap();
    let mut w = Writer::with_capacity(256);
    write_name_id(&mut w, &persistent());
    let plain = w.finish().unwrap();
    let sealed = encrypt_element(&plain, &keys(&["sp-encryption"])[0], None, how).unwrap();
    let mut request = logout_request();
    request.principal = Principal::EncryptedId(sealed);
    let written = request.write().unwrap();
    assert_schema_valid(written.as_bytes());
    assert_canonical(written.as_bytes());
    assert!(!text(written.as_bytes()).contains("3b0f5c7a9d1e"));
    let read = read_request(text(written.as_bytes())).unwrap();
    let SubjectIdentifier::EncryptedId(container) = read.principal else {
        panic!("an EncryptedID")
    };
    let open = |names: &[&str]| {
        let keys: Vec<_> = names.iter().map(|name| dev_key(name)).collect();
        decrypt_element(&container, &keys, &policy, &Limits::MESSAGE)
    };
    assert!(open(&["sp-signing"]).is_err());
    for order in [
        ["sp-encryption", "sp-signing"],
        ["sp-signing", "sp-encryption"],
    ] {
        let opened = open(&order).unwrap();
        assert_eq!(opened.as_bytes(), plain);
        assert!(opened.root().is(SAML, "NameID"));
    }
    let base = with(
        FULL_LOGOUT_REQUEST,
        &FULL_LOGOUT_REQUEST[FULL_LOGOUT_REQUEST.find("<saml:NameID ").unwrap()
            ..FULL_LOGOUT_REQUEST.find("<samlp:SessionIndex>").unwrap()],
        "<saml:BaseID/>",
    );
    assert_eq!(
        read_request(&base).unwrap().principal,
        SubjectIdentifier::BaseId
    );
}

/// A request as its receiver has it.
fn received(request: &LogoutRequest) -> ReceivedLogoutRequest {
    let Principal::NameId(name_id) = &request.principal else {
        panic!("a NameID")
    };
    ReceivedLogoutRequest {
        id: request.id.clone(),
        issue_instant: request.issue_instant,
        destination: Some(request.destination.to_string()),
        consent: None,
        issuer: request.issuer.clone(),
        extensions: Vec::new(),
        not_on_or_after: Some(request.not_on_or_after),
        reason: request.reason.map(|reason| reason.uri().to_owned()),
        principal: SubjectIdentifier::NameId(ReceivedNameId::from(name_id)),
        session_indexes: request
            .session_indexes
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}
