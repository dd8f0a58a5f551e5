//! Requests that other people's software wrote and signed; see tests/vectors/messages/README.md.

use std::path::PathBuf;

use avouch_saml::binding::{ReceivedRequest, Reception, Refused, post};
use avouch_saml::message::authn_request::{AuthnRequest, Comparison};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::verify::{Authenticity, Verified};
use avouch_saml::time::Timestamp;

use super::support::*;

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
