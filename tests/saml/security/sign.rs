//! What we sign, judged by a second implementation.

use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::sign::{KeySigner, SignError, Signer, Unsigned, sign_enveloped};

use super::support::*;

const AUTHN_REQUEST: &str = "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest";
const ENTITY_DESCRIPTOR: &str = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";

const KEYS: [(&str, &[SignatureAlgorithm]); 4] = [
    (
        "idp-rsa2048",
        &[
            SignatureAlgorithm::RsaSha256,
            SignatureAlgorithm::RsaSha384,
            SignatureAlgorithm::RsaSha512,
        ],
    ),
    ("idp-rsa3072", &[SignatureAlgorithm::RsaSha256]),
    ("idp-p256", &[SignatureAlgorithm::EcdsaSha256]),
    ("idp-p384", &[SignatureAlgorithm::EcdsaSha384]),
];

/// The outgoing half of IIP-ALG01, IIP-ALG02 and IIP-ALG03, by a second implementation.
#[test]
fn xmlsec1_verifies_what_we_sign() {
    for (key, algorithms) in KEYS {
        for &algorithm in algorithms {
            let signer = dev_signer_with(key, algorithm);
            let request = signed(
                authn_request("https://sp.example.org", "Ünï <&> \r\n\"ø\""),
                &signer,
            );
            assert!(request.contains(algorithm.uri()));
            assert!(
                xmlsec1_verifies(&request, key, AUTHN_REQUEST),
                "{key}: {request}"
            );
            let metadata = signed(entity_descriptor(), &signer);
            assert!(xmlsec1_verifies(&metadata, key, ENTITY_DESCRIPTOR), "{key}");

            let changed = request.replace("AllowCreate=\"true\"", "AllowCreate=\"false\"");
            assert!(!xmlsec1_verifies(&changed, key, AUTHN_REQUEST), "{key}");
        }
    }
}

/// Proves AV-RSP-14, E91 for what leaves.
#[test]
fn av_rsp_14_signature_has_the_form_saml_asks_for() {
    let request = signed(
        authn_request("https://sp.example.org", "x"),
        &dev_signer("idp-rsa2048"),
    );
    let after_issuer = request.split("</saml:Issuer>").nth(1).unwrap();
    assert!(
        after_issuer.starts_with("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">")
    );
    assert_eq!(request.matches("<ds:Reference ").count(), 1);
    assert!(request.contains(&format!("<ds:Reference URI=\"#{REQUEST_ID}\">")));
    let transforms: Vec<&str> = request
        .split("<ds:Transform Algorithm=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(
        transforms,
        [
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/2001/10/xml-exc-c14n#"
        ]
    );
    assert!(!request.contains("Object"));
    let certificate = dev_certificate("idp-rsa2048").base64();
    assert!(request.contains(&format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>"
    )));
}

#[test]
fn rsa_signatures_of_the_same_octets_are_the_same() {
    let signer = dev_signer("idp-rsa2048");
    let once = signed(authn_request("https://sp.example.org", "x"), &signer);
    let twice = signed(authn_request("https://sp.example.org", "x"), &signer);
    assert_eq!(once, twice);
}

#[test]
fn a_signer_needs_a_key_certificate_and_algorithm_that_fit() {
    let policy = AlgorithmPolicy::default();
    let make = |key: &str, certificate: &str, algorithm| {
        KeySigner::new(
            dev_key(key),
            dev_certificate(certificate),
            algorithm,
            &policy,
        )
    };
    assert!(make("idp-rsa2048", "idp-rsa2048", SignatureAlgorithm::RsaSha256).is_ok());
    assert!(matches!(
        make("idp-rsa2048", "idp-rsa3072", SignatureAlgorithm::RsaSha256),
        Err(SignError::CertificateMismatch)
    ));
    assert!(matches!(
        make(
            "idp-rsa2048",
            "idp-rsa2048",
            SignatureAlgorithm::EcdsaSha256
        ),
        Err(SignError::KeyMismatch { .. })
    ));
    assert!(matches!(
        make(
            "idp-rsa2048",
            "idp-rsa2048",
            SignatureAlgorithm::DangerRsaSha1
        ),
        Err(SignError::Blocked { .. })
    ));
}

#[test]
fn a_place_inside_a_tag_or_text_is_refused() {
    let signer = dev_signer("idp-p256");
    let id = || avouch_saml::ids::MessageId::parse("_1").unwrap();
    let xml = b"<a ID=\"_1\"><b>text</b></a>";
    let at = |place| {
        let unsigned = Unsigned::<Document>::new(xml.to_vec(), place, id());
        sign_enveloped(unsigned, &signer).is_ok()
    };
    assert!(at(11));
    assert!(at(22));
    for wrong in [0, 3, 15, 26, 1000] {
        assert!(!at(wrong), "{wrong}");
    }
}

/// ECDSA values in XML are `r` and `s` at fixed length, however small they happen to be.
#[test]
fn ecdsa_signatures_have_a_fixed_length() {
    for (key, octets) in [("idp-p256", 64), ("idp-p384", 96)] {
        let signer = dev_signer(key);
        for n in 0..300_u32 {
            assert_eq!(signer.sign(&n.to_be_bytes()).unwrap().len(), octets);
        }
    }
}
