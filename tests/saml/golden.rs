//! Messages kept as files, so that a change of what leaves is seen as a difference.
//!
//! Time and randomness are fixed and RSA signatures are the same every time. To accept a change:
//! `AVOUCH_REWRITE_GOLDEN=1 cargo test -p avouch-saml golden`, then read the difference.

use std::path::PathBuf;

use avouch_saml::binding::Sendable;
use avouch_saml::message::assertion::Subject;
use avouch_saml::message::authn_request::RequestedAcs;
use avouch_saml::message::response::{IssuedAssertion, Outcome};
use avouch_saml::security::sign::sign_enveloped;
use avouch_saml::status::{SecondStatus, Status, TopStatus};

use crate::message::support::*;
use crate::schema::assert_schema_valid;
use crate::security::support::{dev_signer, xmlsec1_verifies};

const REQUEST: &str = "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest";
const RESPONSE: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";

#[track_caller]
fn golden(name: &str, octets: &[u8]) {
    assert_schema_valid(octets);
    assert_canonical(octets);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(format!("{name}.xml"));
    #[allow(
        clippy::disallowed_methods,
        reason = "a switch for whoever runs the tests"
    )]
    let rewrite = std::env::var_os("AVOUCH_REWRITE_GOLDEN").is_some();
    if rewrite {
        std::fs::write(&path, octets).unwrap();
    }
    let kept = std::fs::read(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
    assert_eq!(
        String::from_utf8_lossy(octets),
        String::from_utf8_lossy(&kept),
        "{name} is no longer what tests/golden has"
    );
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}

#[test]
fn authn_request() {
    golden("authn_request", plain_request().write().unwrap().as_bytes());
}

#[test]
fn authn_request_signed() {
    let mut request = plain_request();
    request.acs = RequestedAcs::Index(1);
    request.force_authn = true;
    let signer = dev_signer("sp-signing");
    let signed = sign_enveloped(request.write().unwrap(), &signer).unwrap();
    assert!(xmlsec1_verifies(
        text(signed.as_bytes()),
        "sp-signing",
        REQUEST
    ));
    golden("authn_request_signed", signed.as_bytes());
    golden(
        "authn_request_signed_content",
        request.write().unwrap().as_bytes(),
    );
}

#[test]
fn response_both_signed() {
    let mut random = Seeded(1);
    let signer = dev_signer("idp-rsa2048");
    let assertion = assertion(&mut random, Some(id(REQUEST_ID)));
    let assertion = sign_enveloped(assertion.write().unwrap(), &signer).unwrap();
    assert!(xmlsec1_verifies(
        text(assertion.as_bytes()),
        "idp-rsa2048",
        ASSERTION
    ));
    let response = response(
        &mut random,
        Outcome::Success(IssuedAssertion::signed(assertion)),
    );
    let response = sign_enveloped(response.write().unwrap(), &signer).unwrap();
    assert!(xmlsec1_verifies(
        text(response.as_bytes()),
        "idp-rsa2048",
        RESPONSE
    ));
    golden("response_both_signed", response.as_bytes());
}

#[test]
fn response_assertion_signed() {
    let mut random = Seeded(2);
    let mut assertion = assertion(&mut random, None);
    assertion.subject = Subject::Unnamed;
    assertion.authn.session_not_on_or_after = None;
    assertion.attributes.truncate(1);
    let signed = sign_enveloped(assertion.write().unwrap(), &dev_signer("idp-rsa3072")).unwrap();
    let mut response = response(
        &mut random,
        Outcome::Success(IssuedAssertion::signed(signed)),
    );
    response.in_response_to = None;
    let sendable = Sendable::with_signed_assertion(&response).unwrap();
    golden("response_assertion_signed", sendable.as_bytes());
}

#[test]
fn response_signed() {
    let mut random = Seeded(3);
    let response = plain_success(&mut random);
    let signed = sign_enveloped(response.write().unwrap(), &dev_signer("idp-rsa2048")).unwrap();
    assert!(xmlsec1_verifies(
        text(signed.as_bytes()),
        "idp-rsa2048",
        RESPONSE
    ));
    golden("response_signed", signed.as_bytes());
}

#[test]
fn response_failure() {
    let status = Status::new(
        TopStatus::Responder,
        SecondStatus::NoPassive,
        "The user cannot be signed in without interaction.",
    );
    let response = response(&mut Seeded(4), Outcome::Failure(status));
    let signed = sign_enveloped(response.write().unwrap(), &dev_signer("idp-rsa2048")).unwrap();
    assert!(xmlsec1_verifies(
        text(signed.as_bytes()),
        "idp-rsa2048",
        RESPONSE
    ));
    golden("response_failure", signed.as_bytes());
}

#[test]
fn logout_request_signed() {
    let signed = sign_enveloped(
        logout_request().write().unwrap(),
        &dev_signer("idp-rsa2048"),
    )
    .unwrap();
    assert!(xmlsec1_verifies(
        text(signed.as_bytes()),
        "idp-rsa2048",
        "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest"
    ));
    golden("logout_request_signed", signed.as_bytes());
}

#[test]
fn logout_response_signed() {
    let signed = sign_enveloped(
        logout_response().write().unwrap(),
        &dev_signer("idp-rsa2048"),
    )
    .unwrap();
    assert!(xmlsec1_verifies(
        text(signed.as_bytes()),
        "idp-rsa2048",
        "urn:oasis:names:tc:SAML:2.0:protocol:LogoutResponse"
    ));
    golden("logout_response_signed", signed.as_bytes());
}
