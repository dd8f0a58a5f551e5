//! Messages that other people's software wrote and signed; see tests/vectors/messages/README.md.

use std::path::PathBuf;

use avouch_saml::binding::{ReceivedMessage, ReceivedRequest, Reception, Refused, post, redirect};
use avouch_saml::message::artifact_resolve::ReceivedArtifactResolve;
use avouch_saml::message::authn_request::{AuthnRequest, Comparison};
use avouch_saml::message::identifier::SubjectIdentifier;
use avouch_saml::message::kind::Incoming;
use avouch_saml::message::logout_request::{LogoutReason, ReceivedLogoutRequest};
use avouch_saml::message::logout_response::ReceivedLogoutResponse;
use avouch_saml::name_id::{NameId, NameIdFormat};
use avouch_saml::security::verify::{Authenticity, Verified};
use avouch_saml::status::TopStatus;
use avouch_saml::time::Timestamp;

use super::support::*;
use crate::message::support::{SLO, logout_request, persistent};

fn vector(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/messages");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn posted(xml: &str) -> ReceivedRequest {
    let body = format!("SAMLRequest={}", escape(&base64(xml.as_bytes())));
    post::receive(body.as_bytes(), "").unwrap()
}

/// As on the day the vectors were made.
fn verify(received: ReceivedRequest) -> Result<Verified<AuthnRequest>, Refused> {
    let now = Timestamp::parse("2026-11-24T03:29:00Z").unwrap();
    received.verify(&trust(true), &Reception { now, ..reception() })
}

fn assert_pysaml2(request: &Verified<AuthnRequest>) {
    assert!(matches!(request.authenticity(), Authenticity::Signed(_)));
    assert_eq!(request.acs.url(), Some("https://sp.example.org/saml/acs"));
    let context = request.requested_authn_context.as_ref().unwrap();
    assert_eq!(context.comparison, Comparison::Minimum);
}

fn assert_node_saml(request: &Verified<AuthnRequest>) {
    assert!(matches!(request.authenticity(), Authenticity::Signed(_)));
    assert!(request.force_authn);
    let policy = request.name_id_policy.as_ref().unwrap();
    assert_eq!(policy.format, Some(NameIdFormat::Persistent));
    assert_eq!(request.provider_name.as_deref(), Some("Sample <&>"));
    let scoping = request.scoping.as_ref().unwrap();
    assert_eq!(scoping.proxy_count, Some(1));
    assert_eq!(
        scoping.idp_list.as_deref(),
        Some(&["urn:example:idp".to_owned()][..])
    );
    assert_eq!(scoping.requester_ids, ["urn:example:requester"]);
}

/// Proves AV-BND-02, IIP-ALG02 with the octets of two independent implementations.
#[test]
fn av_bnd_02_redirects_of_other_implementations_verify() {
    for (name, relay_state, check) in [
        (
            "pysaml2-redirect.txt",
            "a b+c/ü",
            assert_pysaml2 as fn(&Verified<AuthnRequest>),
        ),
        ("node-saml-redirect.txt", "a+b+c/ü", assert_node_saml),
    ] {
        let query = vector(name);
        let received = receive(&query).unwrap();
        assert_eq!(received.relay_state().unwrap().as_str(), relay_state);
        check(&verify(received).unwrap());
        let escaped_again = query.replace("RelayState=a", "RelayState=%61");
        assert_ne!(escaped_again, query);
        let refused = verify(receive(&escaped_again).unwrap());
        assert!(matches!(refused, Err(Refused::NotAuthentic(_))), "{name}");
    }
}

/// Proves IIP-ALG01, IIP-SSO02 with the documents of two independent implementations.
#[test]
fn iip_sso02_posts_of_other_implementations_verify() {
    for (name, check) in [
        (
            "pysaml2-post.xml",
            assert_pysaml2 as fn(&Verified<AuthnRequest>),
        ),
        ("node-saml-post.xml", assert_node_saml),
    ] {
        let xml = vector(name);
        check(&verify(posted(&xml)).unwrap());
        let moved = xml.replace("/saml/acs\"", "/saml/ACS\"");
        assert_ne!(moved, xml);
        let refused = verify(posted(&moved));
        assert!(matches!(refused, Err(Refused::NotAuthentic(_))), "{name}");
    }
}

/// A logout message, as on the day the vectors were made.
fn logout<M: Incoming>(received: ReceivedMessage<M>) -> Result<Verified<M>, Refused<M::Head>> {
    let now = Timestamp::parse("2026-12-01T04:24:00Z").unwrap();
    let reception = Reception {
        endpoint: SLO,
        now,
        ..reception()
    };
    received.verify(&trust(false), &reception)
}

/// The LogoutRequests of a peer, and each with one octet changed where only its signature tells.
fn logout_requests() -> Vec<(ReceivedMessage<ReceivedLogoutRequest>, bool)> {
    let mut all = Vec::new();
    for name in [
        "pysaml2-logout-request-redirect.txt",
        "node-saml-logout-request-redirect.txt",
    ] {
        let query = vector(name);
        let changed = query.replace("RelayState=a", "RelayState=b");
        assert_ne!(query, changed);
        all.push((redirect::receive(&query).unwrap(), true));
        all.push((redirect::receive(&changed).unwrap(), false));
    }
    let xml = vector("pysaml2-logout-request-post.xml");
    let changed = xml.replace(">_s2<", ">_s3<");
    assert_ne!(xml, changed);
    for (xml, sound) in [(xml, true), (changed, false)] {
        let body = format!("SAMLRequest={}", escape(&base64(xml.as_bytes())));
        all.push((post::receive(body.as_bytes(), "").unwrap(), sound));
    }
    all
}

/// Proves AV-BND-02 for LogoutRequest with the octets of two independent implementations.
#[test]
fn av_bnd_02_logout_requests_of_other_implementations_verify() {
    let mut reasons = 0;
    for (received, sound) in logout_requests() {
        let outcome = logout(received);
        if !sound {
            assert!(matches!(outcome, Err(Refused::NotAuthentic(_))));
            continue;
        }
        let request = outcome.unwrap();
        assert!(matches!(request.authenticity(), Authenticity::Signed(_)));
        let SubjectIdentifier::NameId(name) = &request.principal else {
            panic!("a NameID")
        };
        assert_eq!(NameId::try_from(name.clone()), Ok(persistent()));
        assert_eq!(request.session_indexes[0], "_s1");
        if let Some(reason) = &request.reason {
            assert_eq!(LogoutReason::from_uri(reason), Some(LogoutReason::User));
            assert_eq!(request.session_indexes, ["_s1", "_s2"]);
            let until = Timestamp::parse("2026-12-01T04:28:21Z");
            assert_eq!(request.not_on_or_after, until);
            reasons += 1;
        }
    }
    assert_eq!(reasons, 1);
}

/// Proves AV-BND-02 for SAMLResponse with the octets of two independent implementations.
#[test]
fn av_bnd_02_logout_responses_of_other_implementations_verify() {
    let mut all = Vec::new();
    for name in [
        "pysaml2-logout-response-redirect.txt",
        "node-saml-logout-response-redirect.txt",
    ] {
        let query = vector(name);
        let changed = query.replace("RelayState=a", "RelayState=%61");
        assert_ne!(query, changed);
        all.push((redirect::receive(&query).unwrap(), true));
        all.push((redirect::receive(&changed).unwrap(), false));
    }
    let xml = vector("pysaml2-logout-response-post.xml");
    let changed = xml.replace("status:Success", "status:Responder");
    assert_ne!(xml, changed);
    for (xml, sound) in [(xml, true), (changed, false)] {
        let body = format!("SAMLResponse={}", escape(&base64(xml.as_bytes())));
        all.push((post::receive(body.as_bytes(), "").unwrap(), sound));
    }
    for (received, sound) in all {
        let outcome = logout::<ReceivedLogoutResponse>(received);
        if !sound {
            assert!(matches!(outcome, Err(Refused::NotAuthentic(_))));
            continue;
        }
        let response = outcome.unwrap();
        assert!(matches!(response.authenticity(), Authenticity::Signed(_)));
        assert_eq!(response.in_response_to, Some(logout_request().id));
        assert_eq!(response.status.top, TopStatus::Success);
    }
}

/// Proves AV-BND-02 for ArtifactResolve: what a peer signed verifies as every message does, and one
/// octet changed does not.
#[test]
fn av_bnd_02_an_artifact_resolve_of_another_implementation_verifies() {
    let xml = vector("pysaml2-artifact-resolve.xml");
    let changed = xml.replace("ns0:Artifact>AAQ", "ns0:Artifact>AAR");
    assert_ne!(xml, changed);
    for (xml, sound) in [(xml, true), (changed, false)] {
        let body = format!("SAMLRequest={}", escape(&base64(xml.as_bytes())));
        let received = post::receive::<ReceivedArtifactResolve>(body.as_bytes(), "").unwrap();
        let reception = Reception {
            endpoint: "https://idp.example.org/saml/artifact",
            now: Timestamp::parse("2026-12-01T07:08:00Z").unwrap(),
            ..reception()
        };
        let outcome = received.verify(&trust(true), &reception);
        if !sound {
            assert!(matches!(outcome, Err(Refused::NotAuthentic(_))));
            continue;
        }
        let request = outcome.unwrap();
        assert!(matches!(request.authenticity(), Authenticity::Signed(_)));
        assert!(request.artifact.starts_with("AAQwMESr"));
    }
}
