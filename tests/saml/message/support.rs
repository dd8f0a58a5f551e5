//! Sample messages, seeded randomness and the second implementations that judge ours.

use std::io::Write as _;
use std::process::{Command, Stdio};

use avouch_saml::ids::{AcsUrl, EntityId, MessageId, SessionIndex};
use avouch_saml::message::MessageError;
use avouch_saml::message::assertion::{
    Assertion, Attribute, AttributeValue, AuthnStatement, Conditions, Confirmation, Subject,
};
use avouch_saml::message::authn_request::AuthnRequest;
use avouch_saml::message::logout_request::{LogoutReason, LogoutRequest, Principal};
use avouch_saml::message::logout_response::{LogoutOutcome, LogoutResponse};
use avouch_saml::message::response::{IssuedAssertion, Outcome, Response};
use avouch_saml::name_id::NameId;
use avouch_saml::time::{Random, Timestamp};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader::{self, Element};

pub(crate) const IDP: &str = "https://idp.example.org/saml";
pub(crate) const SP: &str = "https://sp.example.org/saml";
pub(crate) const ACS: &str = "https://sp.example.org/saml/acs?a=1&b=2";
pub(crate) const SSO: &str = "https://idp.example.org/saml/sso";
pub(crate) const SLO: &str = "https://idp.example.org/saml/slo";
pub(crate) const SP_SLO: &str = "https://sp.example.org/saml/slo?a=1&b=2";
pub(crate) const REQUEST_ID: &str = "_5f3a9c0d1e2b4a6f8c7d9e0b1a2c3d4e5f607182";

/// 2026-03-01T12:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_772_366_400_000);

/// An AuthnRequest with every part that the schema has a place for.
pub(crate) const FULL_REQUEST: &str = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://idp.example.org/saml/sso" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" ForceAuthn="true" IsPassive="0" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="https://sp.example.org/saml/acs" AttributeConsumingServiceIndex="3" ProviderName="Sample">
<saml:Issuer>https://sp.example.org/saml</saml:Issuer>
<samlp:Extensions><x:Note xmlns:x="urn:example:x" x:any="1">text<x:Deep/></x:Note><y:Other xmlns:y="urn:example:y"/></samlp:Extensions>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://idp.example.org/saml" SPNameQualifier="https://sp.example.org/saml" SPProvidedID="p1">opaque</saml:NameID></saml:Subject>
<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient" SPNameQualifier="https://sp.example.org/saml" AllowCreate="1"/>
<saml:Conditions NotBefore="2026-03-01T11:59:00Z" NotOnOrAfter="2026-03-01T13:00:00.250Z"><saml:AudienceRestriction><saml:Audience>urn:a</saml:Audience><saml:Audience>urn:b</saml:Audience></saml:AudienceRestriction><saml:OneTimeUse/><saml:ProxyRestriction Count="1"/></saml:Conditions>
<samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>urn:c1</saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:c2</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>
<samlp:Scoping ProxyCount="2"><samlp:IDPList><samlp:IDPEntry ProviderID="urn:i1" Name="One" Loc="https://one.example.org/"/><samlp:IDPEntry ProviderID="urn:i2"/><samlp:GetComplete>https://list.example.org/all.xml</samlp:GetComplete></samlp:IDPList><samlp:RequesterID>urn:q1</samlp:RequesterID><samlp:RequesterID>urn:q2</samlp:RequesterID></samlp:Scoping>
</samlp:AuthnRequest>"#;

/// A LogoutRequest with every part that the schema has a place for.
pub(crate) const FULL_LOGOUT_REQUEST: &str = r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://idp.example.org/saml/slo" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" NotOnOrAfter="2026-03-01T12:05:00.250Z" Reason="urn:oasis:names:tc:SAML:2.0:logout:user">
<saml:Issuer>https://sp.example.org/saml</saml:Issuer>
<samlp:Extensions><aslo:Asynchronous xmlns:aslo="urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"/><x:Note xmlns:x="urn:example:x" x:any="1">text<x:Deep/></x:Note></samlp:Extensions>
<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://idp.example.org/saml" SPNameQualifier="https://sp.example.org/saml" SPProvidedID="p1">opaque</saml:NameID>
<samlp:SessionIndex>_s1</samlp:SessionIndex><samlp:SessionIndex> s 2
</samlp:SessionIndex>
</samlp:LogoutRequest>"#;

/// A LogoutResponse with every part that the schema has a place for, but StatusDetail.
pub(crate) const FULL_LOGOUT_RESPONSE: &str = r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l2" InResponseTo="_l1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://idp.example.org/saml/slo" Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained">
<saml:Issuer>https://sp.example.org/saml</saml:Issuer>
<samlp:Extensions><x:Note xmlns:x="urn:example:x"/></samlp:Extensions>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/></samlp:StatusCode><samlp:StatusMessage>Some are left.</samlp:StatusMessage></samlp:Status>
</samlp:LogoutResponse>"#;

pub(crate) fn entity(text: &str) -> EntityId {
    EntityId::parse(text).unwrap()
}

pub(crate) fn url(text: &str) -> AcsUrl {
    AcsUrl::parse(text).unwrap()
}

pub(crate) fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

pub(crate) fn root(xml: &str) -> Element {
    reader::parse(xml.as_bytes(), &Limits::MESSAGE).unwrap_or_else(|e| panic!("{e}\n{xml}"))
}

pub(crate) fn read_request(xml: &str) -> Result<AuthnRequest, MessageError> {
    AuthnRequest::parse(&root(xml))
}

/// The full request with one thing changed.
#[track_caller]
pub(crate) fn changed(from: &str, to: &str) -> String {
    assert!(FULL_REQUEST.contains(from), "{from}");
    FULL_REQUEST.replacen(from, to, 1)
}

/// A small request such as most SPs send.
pub(crate) fn plain_request() -> AuthnRequest {
    let mut request = AuthnRequest::new(id(REQUEST_ID), NOW, entity(SP));
    request.destination = Some(SSO.to_owned());
    request
}

/// The identity provider ends one session at an SP.
pub(crate) fn logout_request() -> LogoutRequest {
    LogoutRequest {
        id: id("_8d2f6b1a0c3e4f5061728394a5b6c7d8e9f00112"),
        issue_instant: NOW,
        destination: url(SP_SLO),
        issuer: entity(IDP),
        not_on_or_after: NOW.plus_seconds(300),
        reason: Some(LogoutReason::User),
        principal: Principal::NameId(persistent()),
        session_indexes: vec![SessionIndex::parse("_s1").unwrap()],
    }
}

/// The identity provider answers an SP's LogoutRequest.
pub(crate) fn logout_response() -> LogoutResponse {
    LogoutResponse {
        id: id("_0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"),
        issue_instant: NOW,
        destination: url(SP_SLO),
        issuer: entity(IDP),
        in_response_to: Some(id(REQUEST_ID)),
        outcome: LogoutOutcome::Partial,
    }
}

/// Randomness that is the same in every run.
pub(crate) struct Seeded(pub(crate) u64);

impl Random for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // Any good mixer will do; the numbers are those of the splitmix64 generator.
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = (z >> 32) as u8;
        }
    }
}

pub(crate) fn text_attribute(name: &str, values: &[&str]) -> Attribute {
    Attribute {
        name: name.to_owned(),
        name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:uri".to_owned()),
        friendly_name: None,
        values: values
            .iter()
            .map(|v| AttributeValue::Text((*v).to_owned()))
            .collect(),
    }
}

pub(crate) fn persistent() -> NameId {
    NameId::Persistent {
        value: "3b0f5c7a9d1e".to_owned(),
        name_qualifier: entity(IDP),
        sp_name_qualifier: SP.to_owned(),
    }
}

/// An assertion with every shape of value.
pub(crate) fn assertion(random: &mut Seeded, in_response_to: Option<MessageId>) -> Assertion {
    Assertion {
        issuer_format: false,
        id: MessageId::random(random),
        issue_instant: NOW,
        issuer: entity(IDP),
        subject: Subject::NameId(persistent()),
        confirmation: Confirmation {
            recipient: AcsUrl::parse(ACS).unwrap(),
            in_response_to,
            not_on_or_after: NOW.plus_seconds(300),
        },
        conditions: Conditions {
            not_before: NOW,
            not_on_or_after: NOW.plus_seconds(300),
            audiences: vec![entity(SP)],
            one_time_use: false,
        },
        authn: AuthnStatement {
            instant: Timestamp::from_millis(NOW.millis() - 61_250),
            session_index: Some(SessionIndex::random(random)),
            session_not_on_or_after: Some(NOW.plus_seconds(43_200)),
            context_class: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
                .to_owned(),
            authenticating_authorities: Vec::new(),
        },
        attributes: vec![
            text_attribute(
                "urn:oid:0.9.2342.19200300.100.1.3",
                &["sample.one@example.org"],
            ),
            Attribute {
                friendly_name: Some("displayName".to_owned()),
                ..text_attribute(
                    "urn:oid:2.16.840.1.113730.3.1.241",
                    &["Ünï <&> 'quoted' \"øst\" 漢字 \u{1F600} ]]> \r\n\t."],
                )
            },
            text_attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", &["one", "two", "three"]),
            text_attribute("urn:example:empty", &[""]),
            text_attribute("urn:example:none", &[]),
            Attribute {
                values: vec![AttributeValue::Nil],
                ..text_attribute("urn:example:null", &[])
            },
            Attribute {
                values: vec![AttributeValue::NameId(persistent())],
                ..text_attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", &[])
            },
        ],
    }
}

pub(crate) fn response(random: &mut Seeded, outcome: Outcome) -> Response {
    Response {
        id: MessageId::random(random),
        issue_instant: NOW,
        destination: AcsUrl::parse(ACS).unwrap(),
        issuer: entity(IDP),
        in_response_to: Some(id(REQUEST_ID)),
        outcome,
    }
}

/// A success that carries the sample assertion unsigned.
pub(crate) fn plain_success(random: &mut Seeded) -> Response {
    let assertion = assertion(random, Some(id(REQUEST_ID)));
    let issued = IssuedAssertion::unsigned(&assertion.write().unwrap());
    response(random, Outcome::Success(issued))
}

/// The exclusive canonical form of a document, by libxml2's command line tool.
pub(crate) fn canonical(xml: &[u8]) -> String {
    let mut tool = Command::new("xmllint")
        .args(["--nonet", "--exc-c14n", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("xmllint is installed");
    let mut input = tool.stdin.take().unwrap();
    input.write_all(xml).unwrap();
    drop(input);
    let output = tool.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
pub(crate) fn assert_canonical(xml: &[u8]) {
    assert_eq!(std::str::from_utf8(xml).unwrap(), canonical(xml));
}
