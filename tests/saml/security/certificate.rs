//! Certificates as containers, and keys that are too weak or too costly.

use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::certificate::{
    Certificate, CertificateError, KeyError, KeyKind, PrivateKey, PublicKey,
};
use avouch_saml::security::encrypt::{Encryption, encrypt_element};
use avouch_saml::security::sign::{Signer as _, sign_octets};
use avouch_saml::security::verify::{verify_enveloped, verify_octets};
use avouch_saml::time::Timestamp;
use avouch_saml::xml::limits::Limits;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, BigNumRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509, X509Extension, X509Name};

use super::support::*;

fn rsa_with(bits: i32, exponent: &BigNumRef) -> Result<PublicKey, KeyError> {
    let mut modulus = BigNum::new().unwrap();
    modulus.set_bit(bits - 1).unwrap();
    modulus.set_bit(0).unwrap();
    let rsa = Rsa::from_public_components(modulus, exponent.to_owned().unwrap()).unwrap();
    PublicKey::from_spki_der(&PKey::from_rsa(rsa).unwrap().public_key_to_der().unwrap())
}

/// Proves AV-ALG-05, AV-SEC-43, SDP-MD06, SDP-MD07.
#[test]
fn av_alg_05_only_keys_of_sound_size_are_used() {
    let f4 = BigNum::from_u32(65537).unwrap();
    for (bits, accepted) in [
        (1024, false),
        (2047, false),
        (2048, true),
        (3072, true),
        (8192, true),
        (8193, false),
        (16384, false),
    ] {
        assert_eq!(rsa_with(bits, &f4).is_ok(), accepted, "{bits}");
    }
    let mut limit = BigNum::new().unwrap();
    limit.set_bit(32).unwrap();
    let mut above = limit.to_owned().unwrap();
    above.set_bit(0).unwrap();
    let mut below = limit.to_owned().unwrap();
    below.sub_word(1).unwrap();
    for (exponent, accepted) in [
        (BigNum::from_u32(1).unwrap(), false),
        (BigNum::from_u32(2).unwrap(), false),
        (BigNum::from_u32(3).unwrap(), true),
        (BigNum::from_u32(65536).unwrap(), false),
        (BigNum::from_u32(65537).unwrap(), true),
        (below, true),
        (above, false),
    ] {
        assert_eq!(rsa_with(2048, &exponent).is_ok(), accepted, "{exponent:?}");
    }
    for (curve, kind) in [
        (Nid::X9_62_PRIME192V1, None),
        (Nid::SECP224R1, None),
        (Nid::SECP256K1, None),
        (Nid::X9_62_PRIME256V1, Some(KeyKind::P256)),
        (Nid::SECP384R1, Some(KeyKind::P384)),
        (Nid::SECP521R1, Some(KeyKind::P521)),
    ] {
        let group = EcGroup::from_curve_name(curve).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let read = PublicKey::from_spki_der(&key.public_key_to_der().unwrap());
        assert_eq!(read.ok().map(|key| key.kind()), kind, "{curve:?}");
    }
    let ed25519 = PKey::generate_ed25519().unwrap();
    assert_eq!(
        PublicKey::from_spki_der(&ed25519.public_key_to_der().unwrap()),
        Err(KeyError::Family)
    );
}

/// Proves AV-ALG-05 for points: a public key off its curve leaks whoever computes with it.
#[test]
fn av_alg_05_point_must_lie_on_its_curve() {
    let key = dev_key("idp-p256").public();
    let mut der = key.spki_der();
    let good = PublicKey::from_spki_der(&der).unwrap();
    assert_eq!(good, key);
    let point = der[der.len() - 65..].to_vec();
    let again = PublicKey::from_ec_point("urn:oid:1.2.840.10045.3.1.7", &point);
    assert_eq!(again, Ok(key));

    *der.last_mut().unwrap() ^= 1;
    assert_eq!(PublicKey::from_spki_der(&der), Err(KeyError::Unreadable));
    let mut moved = point.clone();
    moved[64] ^= 1;
    let off = PublicKey::from_ec_point("urn:oid:1.2.840.10045.3.1.7", &moved);
    assert_eq!(off, Err(KeyError::Unreadable));
    let infinity = PublicKey::from_ec_point("urn:oid:1.2.840.10045.3.1.7", &[0]);
    assert!(infinity.is_err());
}

#[test]
fn a_key_given_as_numbers_is_the_key_in_the_certificate() {
    let rsa =
        Rsa::private_key_from_pem(&std::fs::read(dev_path("sp-signing.key.pem")).unwrap()).unwrap();
    let (n, e) = (rsa.n().to_vec(), rsa.e().to_vec());
    let certified = dev_certificate("sp-signing").public_key().unwrap();
    assert_eq!(PublicKey::from_rsa_numbers(&n, &e).unwrap(), certified);
    assert!(PublicKey::from_rsa_numbers(&vec![0xFF; 100_000], &e).is_err());
}

#[test]
fn base64_may_be_wrapped_indented_and_armoured() {
    let certificate = dev_certificate("sp-signing");
    let one_line = certificate.base64();
    let indented: String = one_line
        .as_bytes()
        .chunks(60)
        .map(|line| format!("\r\n\t   {} ", std::str::from_utf8(line).unwrap()))
        .collect();
    for text in [one_line.clone(), indented, certificate.pem()] {
        assert_eq!(Certificate::from_base64(&text).unwrap(), certificate);
    }
    assert_eq!(Certificate::from_base64("!"), Err(CertificateError::Base64));
    assert_eq!(Certificate::from_base64("AAAA"), Err(CertificateError::Der));
    assert_eq!(Certificate::from_base64(""), Err(CertificateError::Der));
    let cut = &one_line[..one_line.len() / 8 * 4];
    assert_eq!(Certificate::from_base64(cut), Err(CertificateError::Der));
}

#[test]
fn a_certificate_made_here_says_what_it_was_told() {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let from = Timestamp::from_millis(1_700_000_000_000);
    let until = from.plus_seconds(20 * 365 * 86_400);
    let made = key
        .self_signed("idp.example.org", u128::MAX, from, until)
        .unwrap();
    let read = Certificate::from_base64(&made.base64()).unwrap();
    assert_eq!(read.subject(), "CN=idp.example.org");
    assert_eq!(read.not_before(), Some(from));
    assert_eq!(read.not_after(), Some(until));
    assert_eq!(read.public_key().unwrap(), key.public());
    assert_eq!(read.fingerprint().len(), 95);
    let stored = PrivateKey::from_pkcs8_der(&key.pkcs8_der()).unwrap();
    assert_eq!(stored.public(), key.public());
    assert!(key.self_signed(&"x".repeat(65), 1, from, until).is_err());
    assert!(PrivateKey::generate(KeyKind::Rsa { bits: 1024 }).is_err());
}

/// What is odd about a certificate that holds a good key.
struct Oddity {
    name: &'static str,
    version: i32,
    days: (i64, i64),
    digest: MessageDigest,
    signed_by: &'static str,
    usage: Option<KeyUsage>,
    critical: bool,
    authority: bool,
}

const PLAIN: fn(&'static str) -> Oddity = |name| Oddity {
    name,
    version: 2,
    days: (-10, 3650),
    digest: MessageDigest::sha256(),
    signed_by: "sp-signing",
    usage: None,
    critical: false,
    authority: false,
};

fn oddities() -> Vec<Oddity> {
    let mut wrong_usage = KeyUsage::new();
    wrong_usage.critical().crl_sign();
    vec![
        PLAIN("plain and self-signed"),
        Oddity {
            days: (-3650, -3000),
            ..PLAIN("expired")
        },
        Oddity {
            days: (3000, 3650),
            ..PLAIN("not yet valid")
        },
        Oddity {
            days: (-3650, 365 * 900),
            ..PLAIN("valid for centuries")
        },
        Oddity {
            digest: MessageDigest::sha1(),
            ..PLAIN("signed with SHA-1")
        },
        Oddity {
            digest: MessageDigest::md5(),
            ..PLAIN("signed with MD5")
        },
        Oddity {
            signed_by: "idp-p256",
            ..PLAIN("signed by a stranger's key")
        },
        Oddity {
            usage: Some(wrong_usage),
            ..PLAIN("flagged for another use")
        },
        Oddity {
            critical: true,
            ..PLAIN("with an unknown critical extension")
        },
        Oddity {
            authority: true,
            ..PLAIN("an authority's")
        },
        Oddity {
            version: 0,
            ..PLAIN("of version 1")
        },
    ]
}

fn odd_certificate(oddity: &Oddity) -> Certificate {
    let read = |name: &str| {
        let pem = std::fs::read(dev_path(&format!("{name}.key.pem"))).unwrap();
        PKey::private_key_from_pem(&pem).unwrap()
    };
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", oddity.name).unwrap();
    let name = name.build();
    let mut x509 = X509::builder().unwrap();
    x509.set_version(oddity.version).unwrap();
    x509.set_subject_name(&name).unwrap();
    x509.set_issuer_name(&name).unwrap();
    // Around 2026-01-01, whatever the clock says: nothing here asks it.
    let at = |days: i64| Asn1Time::from_unix(1_767_225_600 + days * 86_400).unwrap();
    x509.set_not_before(&at(oddity.days.0)).unwrap();
    x509.set_not_after(&at(oddity.days.1)).unwrap();
    x509.set_pubkey(&read("sp-signing")).unwrap();
    if let Some(usage) = &oddity.usage {
        x509.append_extension(usage.build().unwrap()).unwrap();
    }
    if oddity.critical {
        let oid = Asn1Object::from_str("1.3.6.1.4.1.99999.1").unwrap();
        let content = Asn1OctetString::new_from_bytes(b"\x05\x00").unwrap();
        let unknown = X509Extension::new_from_der(&oid, true, &content).unwrap();
        x509.append_extension(unknown).unwrap();
    }
    if oddity.authority {
        let mut constraints = BasicConstraints::new();
        let constraints = constraints.critical().ca().build().unwrap();
        x509.append_extension(constraints).unwrap();
    }
    x509.sign(&read(oddity.signed_by), oddity.digest).unwrap();
    Certificate::from_der(&x509.build().to_der().unwrap()).unwrap()
}

/// Proves IIP-MD12: a certificate is a container. Its key verifies documents and queries and is
/// encrypted to, whatever the certificate looks like.
#[test]
fn iip_md12_odd_certificates_are_fine_as_containers() {
    let signer = dev_signer("sp-signing");
    let request = signed(authn_request("https://sp.example.org", "x"), &signer);
    let value = sign_octets(b"query", &signer).unwrap();
    let policy = AlgorithmPolicy::default();
    let encryption = Encryption::choose(&[], &policy).unwrap();
    for oddity in oddities() {
        let certificate = odd_certificate(&oddity);
        assert_eq!(certificate.subject(), format!("CN={}", oddity.name));
        let key = [certificate.public_key().unwrap()];
        verify_enveloped(request.as_bytes(), &key, &policy, &Limits::MESSAGE).unwrap();
        verify_octets(b"query", signer.algorithm().uri(), &value, &key, &policy).unwrap();
        encrypt_element(b"<a></a>", &key[0], None, encryption).unwrap();
        let stranger = dev_certificate("sp-encryption").public_key().unwrap();
        assert!(
            verify_enveloped(request.as_bytes(), &[stranger], &policy, &Limits::MESSAGE).is_err()
        );
    }
}

/// OpenSSL reads lengths written in more octets than they need, and writes them in as few as it can.
#[test]
fn octets_stay_as_the_peer_wrote_them() {
    let vectors = dev_path("../../tests/vectors/fuzz/certificate");
    let lax = std::fs::read(vectors.join("lax-length.der")).unwrap();
    let strict = dev_certificate("sp-signing-p256");
    let written = X509::from_der(&lax).unwrap().to_der().unwrap();
    assert_eq!(written, strict.der());
    assert_ne!(written, lax);

    let certificate = Certificate::from_der(&lax).unwrap();
    assert_eq!(certificate.der(), lax);
    assert_eq!(certificate.sha256(), openssl::sha::sha256(&lax));
    assert_ne!(certificate.fingerprint(), strict.fingerprint());
    assert_eq!(certificate.subject(), strict.subject());
    for text in [certificate.base64(), certificate.pem()] {
        assert_eq!(Certificate::from_base64(&text).unwrap().der(), lax);
    }
}
