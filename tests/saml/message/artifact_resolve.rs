//! ArtifactResolve: read as the schema has it, written as it is read.

use avouch_saml::message::MessageError;
use avouch_saml::message::artifact_resolve::{ArtifactResolve, ReceivedArtifactResolve};
use avouch_saml::status::TopStatus;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader;
use avouch_saml::xml::writer::WriteError;

use super::support::*;
use crate::schema::{assert_schema_valid, schema_check};

const RESOLUTION: &str = "https://idp.example.org/saml/artifact";
const ARTIFACT: &str = "AAQwMESrBI6xUyYhmiYsHR6PVj6Qs0XTERERERERERERERERERERERERERE=";

/// An ArtifactResolve with every part that the schema has a place for.
const FULL: &str = r#"<samlp:ArtifactResolve xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://idp.example.org/saml/artifact" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified">
<saml:Issuer>https://sp.example.org/saml</saml:Issuer>
<samlp:Extensions><x:Note xmlns:x="urn:example:x"/></samlp:Extensions>
<samlp:Artifact>AAQwMESrBI6xUyYhmiYsHR6PVj6Qs0XTERERERERERERERERERERERERERE=</samlp:Artifact>
</samlp:ArtifactResolve>"#;

fn read(xml: &str) -> Result<ReceivedArtifactResolve, MessageError> {
    ReceivedArtifactResolve::parse(&root(xml))
}

fn reads(xml: &str) -> bool {
    reader::parse(xml.as_bytes(), &Limits::MESSAGE)
        .is_ok_and(|root| ReceivedArtifactResolve::parse(&root).is_ok())
}

#[track_caller]
fn with(from: &str, to: &str) -> String {
    assert!(FULL.contains(from), "{from}");
    FULL.replacen(from, to, 1)
}

#[test]
fn every_field_is_read() {
    assert_schema_valid(FULL.as_bytes());
    let expected = ReceivedArtifactResolve {
        id: id("_a1"),
        issue_instant: NOW,
        destination: Some(RESOLUTION.to_owned()),
        consent: Some("urn:oasis:names:tc:SAML:2.0:consent:unspecified".to_owned()),
        issuer: entity(SP),
        extensions: vec![("urn:example:x".to_owned(), "Note".to_owned())],
        artifact: ARTIFACT.to_owned(),
    };
    assert_eq!(read(FULL).unwrap(), expected);
}

/// What the schema refuses is refused, as the schema's own validator does; its twin is read.
#[test]
fn only_what_is_schema_valid_is_read() {
    let artifact = format!("<samlp:Artifact>{ARTIFACT}</samlp:Artifact>");
    for (from, to) in [
        (" ID=\"_a1\"", String::new()),
        (" Version=\"2.0\"", String::new()),
        (" IssueInstant=\"2026-03-01T12:00:00Z\"", String::new()),
        (
            "Version=\"2.0\"",
            "Version=\"2.0\" Artifact=\"x\"".to_owned(),
        ),
        (&artifact, String::new()),
        (&artifact, format!("{artifact}{artifact}")),
        (
            &artifact,
            format!("<saml:Artifact>{ARTIFACT}</saml:Artifact>"),
        ),
        (&artifact, format!("{artifact}<saml:NameID>x</saml:NameID>")),
        (
            "<samlp:Extensions>",
            format!("{artifact}<samlp:Extensions>"),
        ),
    ] {
        let broken = with(from, &to);
        assert!(!reads(&broken), "{from} -> {to}");
        assert!(
            schema_check(broken.as_bytes()).is_err(),
            "the schema has it: {from} -> {to}"
        );
    }
    for (from, to) in [
        (" Destination=\"https://idp.example.org/saml/artifact\"", ""),
        ("<samlp:Extensions>", "<!-- a remark --><samlp:Extensions>"),
        (ARTIFACT, "no artifact at all"),
    ] {
        let sound = with(from, to);
        assert_schema_valid(sound.as_bytes());
        assert!(reads(&sound), "{from} -> {to}");
    }
}

/// Proves AV-SEC-21 for artifacts: a comment never makes two of one.
#[test]
fn av_sec_21_an_artifact_is_read_in_one_way() {
    let split = [&ARTIFACT[..9], "<!-- -->", &ARTIFACT[9..]].concat();
    assert!(!reads(&with(ARTIFACT, &split)));
    let whole = format!("<![CDATA[{ARTIFACT}]]>");
    assert_eq!(read(&with(ARTIFACT, &whole)).unwrap().artifact, ARTIFACT);
}

#[test]
fn faults_have_their_status() {
    for (from, to, expected) in [
        (
            "Version=\"2.0\"",
            "Version=\"3.0\"",
            Some(TopStatus::VersionMismatch),
        ),
        ("ID=\"_a1\"", "ID=\"1\"", Some(TopStatus::Requester)),
        (
            "<saml:Issuer>",
            "<saml:Issuer Format=\"urn:x\">",
            Some(TopStatus::Requester),
        ),
    ] {
        let error = read(&with(from, to)).unwrap_err();
        assert_eq!(error.status().map(|s| s.top), expected, "{to}");
    }
    let other = FULL.replace("samlp:ArtifactResolve", "samlp:LogoutRequest");
    assert!(matches!(
        read(&other),
        Err(MessageError::OtherMessage { .. })
    ));
}

fn asked() -> ArtifactResolve {
    ArtifactResolve {
        id: id("_8d2f6b1a0c3e4f5061728394a5b6c7d8e9f00112"),
        issue_instant: NOW,
        destination: url(RESOLUTION),
        issuer: entity(SP),
        artifact: ARTIFACT.to_owned(),
    }
}

#[test]
fn what_is_written_is_valid_canonical_and_read_back() {
    let request = asked();
    let written = request.write().unwrap();
    assert_schema_valid(written.as_bytes());
    assert_canonical(written.as_bytes());
    let again = read(std::str::from_utf8(written.as_bytes()).unwrap()).unwrap();
    assert_eq!(again.id, request.id);
    assert_eq!(again.issue_instant, NOW);
    assert_eq!(again.destination.as_deref(), Some(RESOLUTION));
    assert_eq!(again.issuer, request.issuer);
    assert_eq!(again.artifact, ARTIFACT);

    let broken = ArtifactResolve {
        artifact: "a\u{0}".to_owned(),
        ..asked()
    };
    assert!(matches!(
        broken.write(),
        Err(WriteError::IllegalCharacter(0))
    ));
}
