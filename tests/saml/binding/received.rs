//! From what arrived to what may be believed: signature, destination, age.

use avouch_saml::binding::{ReceivedRequest, Reception, Refused, post, redirect};
use avouch_saml::ids::EntityId;
use avouch_saml::message::authn_request::AuthnRequest;
use avouch_saml::security::sign::sign_enveloped;
use avouch_saml::security::verify::{Authenticity, VerifyError};
use avouch_saml::status::TopStatus;
use avouch_saml::time::Timestamp;

use super::support::*;
use crate::message::support::*;
use crate::security::support::dev_signer;

fn posted(xml: &[u8]) -> ReceivedRequest {
    let body = format!("SAMLRequest={}", escape(&base64(xml)));
    post::receive(body.as_bytes(), "").unwrap()
}

/// The request by both bindings, signed and not.
fn all_ways(request: &AuthnRequest) -> Vec<(bool, ReceivedRequest)> {
    let signer = dev_signer("sp-signing");
    let written = request.write().unwrap();
    let signed = sign_enveloped(request.write().unwrap(), &signer).unwrap();
    let by_redirect = |url: &str| receive(url.split_once('?').unwrap().1).unwrap();
    let sso = url(SSO);
    vec![
        (false, posted(written.as_bytes())),
        (true, posted(signed.as_bytes())),
        (
            false,
            by_redirect(&redirect::send_unsigned(&sso, &written, None).unwrap()),
        ),
        (
            true,
            by_redirect(&redirect::send(&sso, &written, None, &signer).unwrap()),
        ),
    ]
}

/// Proves AV-REQ-07 for one SP: required or not, signed, unsigned or broken.
#[test]
fn av_req_07_a_signature_holds_whenever_present_and_is_there_when_required() {
    let request = plain_request();
    for require in [false, true] {
        for (signed, received) in all_ways(&request) {
            let verified = received.verify(&trust(require), &reception());
            assert_eq!(verified.is_ok(), signed || !require);
            if let Ok(verified) = verified {
                assert_eq!(
                    matches!(verified.authenticity(), Authenticity::Signed(_)),
                    signed
                );
                assert_eq!(verified.into_message(), request);
            }
        }
        for other_key in ["idp-rsa2048", "sp-signing-p256"] {
            let signed = sign_enveloped(request.write().unwrap(), &dev_signer(other_key)).unwrap();
            let refused = posted(signed.as_bytes()).verify(&trust(require), &reception());
            assert!(
                matches!(refused, Err(Refused::NotAuthentic(_))),
                "{other_key}"
            );
        }
        let signed = sign_enveloped(request.write().unwrap(), &dev_signer("sp-signing")).unwrap();
        let broken = String::from_utf8(signed.into_bytes())
            .unwrap()
            .replace(REQUEST_ID, &format!("{REQUEST_ID}x"));
        let refused = posted(broken.as_bytes()).verify(&trust(require), &reception());
        assert!(matches!(refused, Err(Refused::NotAuthentic(_))));
    }
}

/// Proves AV-SEC-27 for requests: no keys, no acceptance.
#[test]
fn av_sec_27_without_a_key_nothing_signed_is_accepted() {
    for (signed, received) in all_ways(&plain_request()) {
        let mut trust = trust(signed);
        trust.keys.clear();
        let refused = received.verify(&trust, &reception());
        assert_eq!(
            matches!(refused, Err(Refused::NotAuthentic(VerifyError::NoKey))),
            signed
        );
    }
}

/// Proves AV-REQ-05, AV-BND-06 for requests.
#[test]
fn av_req_05_destination_must_match() {
    let mut request = plain_request();
    for other in [
        "https://other.example.org/saml/sso",
        "https://idp.example.org/saml/sso/",
        "https://idp.example.org/saml/SSO",
        "https://idp.example.net/saml/sso",
        "http://idp.example.org/saml/sso",
        "https://idp.example.org:8443/saml/sso",
        "https://idp.example.org/saml/slo",
        "https://idp.example.org/saml/sso?x",
        "https://x@idp.example.org/saml/sso",
    ] {
        request.destination = Some(other.to_owned());
        for (_, received) in all_ways(&request) {
            let refused = received.verify(&trust(false), &reception()).unwrap_err();
            assert!(matches!(refused, Refused::Misdirected { .. }), "{other}");
        }
    }
    // Other spellings of the same one (RFC 3986 §6.2), and white space that is none of an anyURI.
    for same in [
        "https://IDP.example.org/saml/sso",
        "https://idp.example.org:443/saml/sso",
        "https://idp.example.org/s%61ml/sso",
        " https://idp.example.org/saml/sso\n",
    ] {
        request.destination = Some(same.to_owned());
        for (_, received) in all_ways(&request) {
            received.verify(&trust(false), &reception()).expect(same);
        }
    }
    request.destination = None;
    for (signed, received) in all_ways(&request) {
        let verified = received.verify(&trust(false), &reception());
        assert_eq!(
            verified.is_ok(),
            !signed,
            "a signed request says where it goes"
        );
    }
    let lax = Reception {
        signed_needs_destination: false,
        ..reception()
    };
    for (_, received) in all_ways(&request) {
        assert!(received.verify(&trust(false), &lax).is_ok());
    }
}

/// Proves AV-REQ-03, E92 for requests.
#[test]
fn av_req_03_only_recent_requests() {
    let signed =
        sign_enveloped(plain_request().write().unwrap(), &dev_signer("sp-signing")).unwrap();
    // A lifetime of 300 seconds and a tolerance of 180.
    for (seconds, accepted) in [
        (-181, false),
        (-179, true),
        (0, true),
        (479, true),
        (481, false),
        (3600, false),
        (-3600, false),
    ] {
        let reception = Reception {
            now: NOW.plus_seconds(seconds),
            ..reception()
        };
        let verified = posted(signed.as_bytes()).verify(&trust(true), &reception);
        assert_eq!(verified.is_ok(), accepted, "{seconds}");
        if let Err(refused) = verified {
            let Refused::OutsideWindow { head, issued, .. } = refused else {
                panic!("{refused}")
            };
            assert_eq!(issued, NOW);
            assert_eq!(head.id, Some(id(REQUEST_ID)));
        }
    }
    let xml = FULL_REQUEST.replace("12:00:00Z", "12:00:00.123456Z");
    let verified = posted(xml.as_bytes())
        .verify(&trust(false), &reception())
        .unwrap();
    assert_eq!(
        verified.issue_instant,
        Timestamp::from_millis(NOW.millis() + 123)
    );
    let no_zone = FULL_REQUEST.replace(
        "IssueInstant=\"2026-03-01T12:00:00Z\"",
        "IssueInstant=\"2026-03-01T12:00:00\"",
    );
    let taken = posted(no_zone.as_bytes()).verify(&trust(false), &reception());
    assert_eq!(taken.unwrap().issue_instant, NOW);
    for stale in ["2026-03-01T10:00:00", "2026-03-01T12:00:00+02:00"] {
        let xml = FULL_REQUEST.replace(
            "IssueInstant=\"2026-03-01T12:00:00Z",
            &format!("IssueInstant=\"{stale}"),
        );
        let refused = posted(xml.as_bytes()).verify(&trust(false), &reception());
        assert!(
            matches!(refused, Err(Refused::OutsideWindow { .. })),
            "{stale}"
        );
    }
}

/// Proves AV-ST-01 for the whole way: a broken request of a known SP can be answered.
#[test]
fn av_st_01_a_broken_request_leaves_its_head() {
    let xml = changed("ForceAuthn=\"true\"", "ForceAuthn=\"maybe\"");
    let Err(Refused::Invalid { head, error }) =
        posted(xml.as_bytes()).verify(&trust(false), &reception())
    else {
        panic!("invalid")
    };
    assert_eq!(head.id, Some(id("_r1")));
    assert_eq!(head.issuer, entity(SP));
    assert_eq!(head.acs.url(), Some("https://sp.example.org/saml/acs"));
    assert_eq!(head.authenticity(), Authenticity::Unsigned);
    assert_eq!(error.status().unwrap().top, TopStatus::Requester);
    // Not before its signature was needed and missing.
    let refused = posted(xml.as_bytes())
        .verify(&trust(true), &reception())
        .unwrap_err();
    assert!(matches!(
        refused,
        Refused::NotAuthentic(VerifyError::NotSigned)
    ));
}

/// Proves AV-SEC-16: the request that comes out was read from the octets that were digested.
#[test]
fn av_sec_16_only_signed_content_is_read() {
    let signed =
        sign_enveloped(plain_request().write().unwrap(), &dev_signer("sp-signing")).unwrap();
    let xml = String::from_utf8(signed.into_bytes()).unwrap();
    // A comment is outside the signature: exclusive canonicalization drops it.
    let commented = xml.replace("<saml:Issuer ", "<!-- <samlp:Scoping/> --><saml:Issuer ");
    let verified = posted(commented.as_bytes())
        .verify(&trust(true), &reception())
        .unwrap();
    assert_eq!(verified.into_message(), plain_request());
    // A signed request inside an unsigned one is content, and no signature.
    let wrapped = FULL_REQUEST.replace("<x:Note ", &format!("{xml}<x:Note "));
    let received = posted(wrapped.as_bytes());
    assert!(!received.has_signature());
    assert!(received.verify(&trust(true), &reception()).is_err());
}

#[test]
fn what_is_no_authn_request_is_refused() {
    let xml = FULL_REQUEST.replace("samlp:AuthnRequest", "samlp:LogoutRequest");
    let received = posted(xml.as_bytes());
    assert_eq!(received.claimed_issuer(), &EntityId::parse(SP).unwrap());
    let refused = received.verify(&trust(false), &reception()).unwrap_err();
    assert!(matches!(
        refused,
        Refused::NotAuthentic(VerifyError::Xml(_))
    ));
}
