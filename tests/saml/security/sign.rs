//! What we sign, judged by a second implementation.

use avouch_saml::ids::MessageId;
use avouch_saml::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash, SignatureAlgorithm,
};
use avouch_saml::security::encrypt::{Encryption, decrypt_element, encrypt_element};
use avouch_saml::security::sign::{KeySigner, SignError, Signer, Unsigned, sign_enveloped};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::{names, reader};

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
    let id = || MessageId::parse("_1").unwrap();
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

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";
const RESPONSE: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";

fn assertion() -> Unsigned<Document> {
    let xml = format!(
        "<saml:Assertion xmlns:saml=\"{}\" ID=\"_assertion\" Version=\"2.0\"><saml:Issuer>https://idp.example.org</saml:Issuer><saml:Subject><saml:NameID>Ünï &lt;&amp;&gt;</saml:NameID></saml:Subject></saml:Assertion>",
        names::SAML
    );
    let at = xml.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
    Unsigned::new(
        xml.into_bytes(),
        at,
        MessageId::parse("_assertion").unwrap(),
    )
}

fn response_with(content: &str) -> Unsigned<Document> {
    let saml = names::SAML;
    let xml = format!(
        "<samlp:Response xmlns:samlp=\"{}\" ID=\"_response\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"{saml}\">https://idp.example.org</saml:Issuer>{content}</samlp:Response>",
        names::SAMLP
    );
    let at = xml.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
    Unsigned::new(xml.into_bytes(), at, MessageId::parse("_response").unwrap())
}

/// Proves AV-RSP-15, AV-RSP-16: sign the assertion, encrypt it in its place, sign the Response; what
/// a second tool decrypts is a document of its own that verifies, here and by that tool.
#[test]
fn av_rsp_15_sign_encrypt_sign() {
    let policy = AlgorithmPolicy::default();
    for key in ["idp-rsa2048", "idp-p256"] {
        let signer = dev_signer(key);
        let inner = signed(assertion(), &signer);
        assert!(xmlsec1_verifies(&inner, key, ASSERTION));
        let recipient = dev_certificate("sp-encryption").public_key().unwrap();
        let encryption = Encryption::choose(&[], &policy).unwrap();
        let sealed = encrypt_element(inner.as_bytes(), &recipient, None, encryption).unwrap();
        let sealed = String::from_utf8(sealed).unwrap();
        let container = format!(
            "<saml:EncryptedAssertion xmlns:saml=\"{}\">{sealed}</saml:EncryptedAssertion>",
            names::SAML
        );
        let outer = signed(response_with(&container), &signer);
        assert!(xmlsec1_verifies(&outer, key, RESPONSE), "{key}");
        assert!(!outer.contains("<saml:Assertion"));
        verify(&outer, key).unwrap();

        let opened = xmlsec1_decrypts(&outer, "sp-encryption").unwrap();
        let start = opened.find("<saml:Assertion ").unwrap();
        let end = opened.find("</saml:EncryptedAssertion>").unwrap();
        let alone = &opened[start..end];
        verify(alone, key).unwrap();
        assert!(xmlsec1_verifies(alone, key, ASSERTION), "{key}");

        let root = reader::parse(outer.as_bytes(), &Limits::MESSAGE).unwrap();
        let container = root.first(names::SAML, "EncryptedAssertion").unwrap();
        let keys = [dev_key("sp-encryption")];
        let opened = decrypt_element(container, &keys, &policy, &Limits::MESSAGE).unwrap();
        assert_eq!(opened.as_bytes(), inner.as_bytes());
    }
}

/// Proves AV-ALG-01, SDP-ALG01: what a peer gets that asks for nothing.
#[test]
fn av_alg_01_sdp_alg01_defaults_that_leave() {
    for (key, method) in [
        (
            "idp-rsa2048",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        ),
        (
            "idp-rsa3072",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        ),
        (
            "idp-p256",
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        ),
    ] {
        let inner = signed(assertion(), &dev_signer(key));
        for part in [
            format!("<ds:SignatureMethod Algorithm=\"{method}\">"),
            "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">".to_owned(),
            "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">"
                .to_owned(),
        ] {
            assert_eq!(inner.matches(&part).count(), 1, "{part}");
        }
        let recipient = dev_certificate("sp-encryption").public_key().unwrap();
        let encryption = Encryption::choose(&[], &AlgorithmPolicy::default()).unwrap();
        let sealed = encrypt_element(inner.as_bytes(), &recipient, None, encryption).unwrap();
        let sealed = String::from_utf8(sealed).unwrap();
        let algorithms: Vec<&str> = sealed
            .split("Algorithm=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(
            algorithms,
            [
                "http://www.w3.org/2009/xmlenc11#aes128-gcm",
                "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
                "http://www.w3.org/2000/09/xmldsig#sha1"
            ]
        );
    }
}

/// The encrypted form is canonical as well, since a signed Response holds it.
#[test]
fn what_is_encrypted_is_its_own_canonical_form() {
    let policy = AlgorithmPolicy::default();
    let recipient = dev_certificate("sp-encryption").public_key().unwrap();
    let (digest, mgf) = (OaepHash::Sha256, OaepHash::Sha256);
    for transport in [KeyTransport::default(), KeyTransport::Oaep { digest, mgf }] {
        let encryption = Encryption::new(DataEncryption::Aes256Gcm, transport, &policy).unwrap();
        let hint = Some("https://sp.example.org/?a=1&b=\"2\"");
        let sealed = encrypt_element(b"<a></a>", &recipient, hint, encryption).unwrap();
        let unsigned = response_with(std::str::from_utf8(&sealed).unwrap());
        let octets = unsigned.as_bytes().to_vec();
        let outer = signed(unsigned, &dev_signer("idp-p256"));
        assert_eq!(verify(&outer, "idp-p256").unwrap().as_bytes(), octets);
    }
}
