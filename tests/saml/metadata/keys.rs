//! An SP's keys: which are found, and what is done with odd ones.

use avouch_saml::metadata::key_descriptor::KeyUse;
use avouch_saml::metadata::{Fault, SpMetadata, for_each_sp};
use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::certificate::{Certificate, KeyKind, PrivateKey};
use avouch_saml::security::encrypt::{decrypt_element, encrypt_element};
use avouch_saml::security::sign::{KeySigner, Signer, sign_octets};
use avouch_saml::security::verify::{VerifyError, verify_enveloped, verify_octets};
use avouch_saml::time::Timestamp;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader::parse as parse_xml;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use openssl::x509::{X509, X509Builder, X509Extension, X509NameBuilder};

use super::{Sample, weak_certificate};
use crate::security::support::{authn_request, dev_certificate, dev_key, dev_path, signed};
use crate::work::Work;

/// A KeyDescriptor around a certificate.
pub(super) fn descriptor(rest: &str, certificate: &Certificate) -> String {
    descriptor_of(rest, &x509_data(&certificate.base64()))
}

fn descriptor_of(rest: &str, info: &str) -> String {
    format!("<md:KeyDescriptor {rest}><ds:KeyInfo>{info}</ds:KeyInfo></md:KeyDescriptor>")
}

fn x509_data(base64: &str) -> String {
    format!("<ds:X509Data><ds:X509Certificate>{base64}</ds:X509Certificate></ds:X509Data>")
}

pub(super) fn with_keys(keys: &str) -> SpMetadata {
    let sample = Sample {
        keys: keys.to_owned(),
        ..Sample::default()
    };
    sample.good()
}

fn new_key() -> (PrivateKey, Certificate) {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let until = Timestamp::parse("2036-01-01T00:00:00Z").unwrap();
    let certificate = key
        .self_signed("sp.example.org", 1, super::now(), until)
        .unwrap();
    (key, certificate)
}

fn signer((key, certificate): &(PrivateKey, Certificate)) -> KeySigner {
    let algorithm = key.kind().default_algorithm();
    let policy = AlgorithmPolicy::default();
    KeySigner::new(key.clone(), certificate.clone(), algorithm, &policy).unwrap()
}

/// Whether the SP's metadata alone lets a request of this signer in, in XML and as a query.
fn accepts(sp: &SpMetadata, signer: &dyn Signer) -> bool {
    let keys: Vec<_> = sp.signing_keys().cloned().collect();
    let policy = AlgorithmPolicy::default();
    let request = signed(authn_request(sp.entity_id.as_str(), "x"), signer);
    let as_xml = verify_enveloped(request.as_bytes(), &keys, &policy, &Limits::MESSAGE);
    let value = sign_octets(b"SAMLRequest=x&SigAlg=y", signer).unwrap();
    let uri = signer.algorithm().uri();
    let as_query = verify_octets(b"SAMLRequest=x&SigAlg=y", uri, &value, &keys, &policy);
    assert_eq!(as_xml.is_ok(), as_query.is_ok());
    as_xml.is_ok()
}

/// Encrypts by the SP's metadata alone and reports which private key opens it.
fn opened_by<'k>(sp: &SpMetadata, keys: &[(&'k str, PrivateKey)]) -> Option<&'k str> {
    let policy = AlgorithmPolicy::default();
    let choice = sp.choose_encryption(&policy).ok()?;
    let plain = b"<a>secret</a>";
    let encrypted =
        encrypt_element(plain, &choice.key.public_key, None, choice.encryption).unwrap();
    let container = [b"<c>", encrypted.as_slice(), b"</c>"].concat();
    let container = parse_xml(&container, &Limits::MESSAGE).unwrap();
    keys.iter()
        .find(|(_, key)| {
            decrypt_element(
                &container,
                std::slice::from_ref(key),
                &policy,
                &Limits::MESSAGE,
            )
            .is_ok_and(|decrypted| decrypted.as_bytes() == plain)
        })
        .map(|(name, _)| *name)
}

fn private(names: &[&'static str]) -> Vec<(&'static str, PrivateKey)> {
    names.iter().map(|name| (*name, dev_key(name))).collect()
}

/// Proves IIP-MD07, SDP-IDP32, AV-SLO-14 for the keys metadata gives: any number of signing keys.
#[test]
fn iip_md07_any_number_of_signing_keys() {
    let keys: Vec<_> = (0..6).map(|_| new_key()).collect();
    let listed: String = keys[..5]
        .iter()
        .map(|k| descriptor("use='signing'", &k.1))
        .collect();
    let sp = with_keys(&listed);
    assert_eq!(sp.signing_keys().count(), 5);
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(accepts(&sp, &signer(key)), n < 5, "key {n}");
    }
}

/// Proves IIP-MD08: encryption keys that cannot be used are passed over for one that can.
#[test]
fn iip_md08_an_unsupported_encryption_key_first() {
    let (_, ec) = new_key();
    let sp = with_keys(
        &(descriptor("use='encryption'", &ec)
            + &descriptor("use='encryption'", &weak_certificate())
            + &descriptor("use='encryption'", &dev_certificate("sp-encryption"))
            + &descriptor("use='encryption'", &dev_certificate("idp-rsa3072"))),
    );
    let keys = private(&["sp-signing", "sp-encryption", "idp-rsa3072"]);
    assert_eq!(opened_by(&sp, &keys), Some("sp-encryption"));
    let none = with_keys(&descriptor("use='encryption'", &ec));
    assert_eq!(opened_by(&none, &keys), None);
}

/// Proves IIP-MD11, E62, AV-SEC-28: without use a key serves both; checks stay on.
#[test]
fn iip_md11_e62_a_key_without_use_serves_both() {
    for rest in ["", "use=''"] {
        let sp = with_keys(&descriptor(rest, &dev_certificate("sp-signing")));
        assert_eq!(sp.keys[0].usage, KeyUse::Both);
        let own = (dev_key("sp-signing"), dev_certificate("sp-signing"));
        assert!(accepts(&sp, &signer(&own)));
        assert!(
            !accepts(&sp, &signer(&new_key())),
            "a stranger's signature is still refused"
        );
        assert_eq!(
            opened_by(&sp, &private(&["sp-signing"])),
            Some("sp-signing")
        );
    }
    let signing = with_keys(&descriptor("use='signing'", &dev_certificate("sp-signing")));
    assert!(
        signing
            .choose_encryption(&AlgorithmPolicy::default())
            .is_err()
    );
    let encryption = with_keys(&descriptor(
        "use='encryption'",
        &dev_certificate("sp-signing"),
    ));
    assert_eq!(
        encryption.signing_keys().count(),
        0,
        "an encryption key verifies nothing"
    );
}

/// Proves AV-SEC-28 further: AuthnRequestsSigned stays what it says, whatever the keys are.
#[test]
fn av_sec_28_keys_without_use_turn_no_check_off() {
    let sample = Sample {
        role: "AuthnRequestsSigned='true'".to_owned(),
        keys: descriptor("", &dev_certificate("sp-signing")),
        ..Sample::default()
    };
    let sp = sample.good();
    assert!(sp.authn_requests_signed);
    let keys: Vec<_> = sp.signing_keys().cloned().collect();
    let own = (dev_key("sp-signing"), dev_certificate("sp-signing"));
    let request = signed(authn_request(sp.entity_id.as_str(), "x"), &signer(&own));
    let broken = request.replace("Version=\"2.0\"", "Version=\"2.1\"");
    let policy = AlgorithmPolicy::default();
    let check = |xml: &str| verify_enveloped(xml.as_bytes(), &keys, &policy, &Limits::MESSAGE);
    assert!(check(&request).is_ok());
    assert_eq!(check(&broken), Err(VerifyError::Changed));
}

/// Proves IIP-MD06 for signatures and encryption: an SP added to a federation's file, and nothing
/// else touched, signs its requests and is encrypted to.
#[test]
fn iip_md06_metadata_alone_is_enough() {
    let entity = |id: &str, keys: String| {
        let sample = Sample {
            entity: format!("entityID='{id}'"),
            keys,
            ..Sample::default()
        };
        sample.xml()
    };
    let file = |entities: &str| {
        format!(
            "<md:EntitiesDescriptor {}>{entities}</md:EntitiesDescriptor>",
            super::NAMESPACES
        )
    };
    let find = |document: &str, id: &str| {
        let mut found = None;
        for_each_sp(document.as_bytes(), &super::reading(), |sp| {
            found = found
                .take()
                .or(sp.ok().filter(|sp| sp.entity_id.as_str() == id));
        })
        .unwrap();
        found
    };
    let old = entity(
        "https://old.example.org/",
        descriptor("", &dev_certificate("idp-rsa3072")),
    );
    let id = "https://new.example.org/";
    let new = descriptor("use='signing'", &dev_certificate("sp-signing"))
        + &descriptor("use='encryption'", &dev_certificate("sp-encryption"));
    assert!(find(&file(&old), id).is_none());
    let sp = find(&file(&(old + &entity(id, new))), id).expect("added");
    let own = (dev_key("sp-signing"), dev_certificate("sp-signing"));
    assert!(accepts(&sp, &signer(&own)));
    let neighbour = (dev_key("idp-rsa3072"), dev_certificate("idp-rsa3072"));
    assert!(
        !accepts(&sp, &signer(&neighbour)),
        "a neighbour's key is not its own"
    );
    let keys = private(&["sp-signing", "idp-rsa3072", "sp-encryption"]);
    assert_eq!(opened_by(&sp, &keys), Some("sp-encryption"));
}

/// A certificate around a development key, made odd.
fn odd(
    subject: &PKey<Private>,
    issuer: &PKey<Private>,
    (from, until): (&str, &str),
    version: i32,
    digest: MessageDigest,
    extend: impl FnOnce(&mut X509Builder),
) -> Certificate {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "odd.example.org").unwrap();
    let name = name.build();
    let mut x509 = X509::builder().unwrap();
    x509.set_version(version).unwrap();
    let serial: Asn1Integer = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
    x509.set_serial_number(&serial).unwrap();
    x509.set_subject_name(&name).unwrap();
    x509.set_issuer_name(&name).unwrap();
    x509.set_not_before(&Asn1Time::from_str_x509(from).unwrap())
        .unwrap();
    x509.set_not_after(&Asn1Time::from_str_x509(until).unwrap())
        .unwrap();
    x509.set_pubkey(subject).unwrap();
    extend(&mut x509);
    x509.sign(issuer, digest).unwrap();
    Certificate::from_der(&x509.build().to_der().unwrap()).unwrap()
}

/// Proves IIP-MD12: whatever a certificate says beside its key is nobody's business.
#[test]
fn iip_md12_odd_certificates_are_good_containers() {
    let pem = |name: &str| std::fs::read(dev_path(&format!("{name}.key.pem"))).unwrap();
    let own = PKey::private_key_from_pem(&pem("sp-signing")).unwrap();
    let other = PKey::private_key_from_pem(&pem("idp-rsa2048")).unwrap();
    let sha256 = MessageDigest::sha256();
    let usual = ("20200101000000Z", "20400101000000Z");
    let certificates = [
        ("self-signed", odd(&own, &own, usual, 2, sha256, |_| {})),
        (
            "long-lived",
            odd(
                &own,
                &own,
                ("19700101000000Z", "99991231235959Z"),
                2,
                sha256,
                |_| {},
            ),
        ),
        (
            "expired",
            odd(
                &own,
                &own,
                ("20000101000000Z", "20010101000000Z"),
                2,
                sha256,
                |_| {},
            ),
        ),
        (
            "not yet valid",
            odd(
                &own,
                &own,
                ("20900101000000Z", "20910101000000Z"),
                2,
                sha256,
                |_| {},
            ),
        ),
        (
            "signed with SHA-1",
            odd(&own, &own, usual, 2, MessageDigest::sha1(), |_| {}),
        ),
        (
            "signed by somebody else",
            odd(&own, &other, usual, 2, sha256, |_| {}),
        ),
        (
            "for other uses",
            odd(&own, &own, usual, 2, sha256, |x509| {
                let usage = KeyUsage::new().critical().crl_sign().build().unwrap();
                x509.append_extension(usage).unwrap();
                let extended = ExtendedKeyUsage::new()
                    .critical()
                    .code_signing()
                    .build()
                    .unwrap();
                x509.append_extension(extended).unwrap();
                let ca = BasicConstraints::new().critical().ca().build().unwrap();
                x509.append_extension(ca).unwrap();
            }),
        ),
        (
            "with an unknown critical extension",
            odd(&own, &own, usual, 2, sha256, |x509| {
                let oid = openssl::asn1::Asn1Object::from_str("1.3.6.1.4.1.99999.1").unwrap();
                let value = openssl::asn1::Asn1OctetString::new_from_bytes(b"\x05\x00").unwrap();
                let unknown = X509Extension::new_from_der(&oid, true, &value).unwrap();
                x509.append_extension(unknown).unwrap();
            }),
        ),
        ("of version 1", odd(&own, &own, usual, 0, sha256, |_| {})),
    ];
    let signing = signer(&(dev_key("sp-signing"), dev_certificate("sp-signing")));
    for (what, certificate) in certificates {
        let sp = with_keys(&descriptor("", &certificate));
        assert!(accepts(&sp, &signing), "{what}");
        assert_eq!(
            opened_by(&sp, &private(&["sp-signing"])),
            Some("sp-signing"),
            "{what}"
        );
    }
}

/// Proves AV-MDC-10: certificates and key values, one key each; contradictions refuse the entity.
#[test]
fn av_mdc_10_forms_of_key_info() {
    let rsa = PKey::private_key_from_pem(&std::fs::read(dev_path("sp-signing.key.pem")).unwrap());
    let rsa = rsa.unwrap().rsa().unwrap();
    let rsa_value = format!(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>\n{}\n</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        BASE64.encode(rsa.n().to_vec()),
        BASE64.encode(rsa.e().to_vec())
    );
    let ec_spki = dev_key("sp-signing-p256").public().spki_der();
    let ec_value = |curve: &str, point: &[u8]| {
        format!(
            "<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11='http://www.w3.org/2009/xmldsig11#'>\
             <dsig11:NamedCurve URI='{curve}'/><dsig11:PublicKey>{}</dsig11:PublicKey>\
             </dsig11:ECKeyValue></ds:KeyValue>",
            BASE64.encode(point)
        )
    };
    // The point is what ends a SubjectPublicKeyInfo on P-256.
    let point = &ec_spki[ec_spki.len() - 65..];
    let p256 = "urn:oid:1.2.840.10045.3.1.7";
    let own = dev_certificate("sp-signing");
    let rsa_key = own.public_key().unwrap();
    let ec_key = dev_key("sp-signing-p256").public();

    for (what, info, wanted) in [
        ("certificate", x509_data(&own.base64()), &rsa_key),
        ("certificate in PEM lines", x509_data(&own.pem()), &rsa_key),
        (
            "certificate with white space",
            x509_data(&format!("\n\t {} \r\n", own.base64().replace('M', " M\n"))),
            &rsa_key,
        ),
        ("RSA key value", rsa_value.clone(), &rsa_key),
        ("EC key value", ec_value(p256, point), &ec_key),
        (
            "both, agreeing",
            x509_data(&own.base64()) + &rsa_value,
            &rsa_key,
        ),
        (
            "hints beside it",
            format!(
                "<ds:KeyName>name</ds:KeyName><ds:RetrievalMethod URI='https://sp.example.org/key'/>{}",
                x509_data(&own.base64())
            ),
            &rsa_key,
        ),
    ] {
        let sp = with_keys(&descriptor_of("", &info));
        let found: Vec<_> = sp.signing_keys().collect();
        assert_eq!(found, [wanted], "{what}");
    }

    // Hints alone are no key, and a chain is its first certificate.
    let hint = with_keys(&descriptor_of("", "<ds:KeyName>name</ds:KeyName>"));
    assert!(hint.keys.is_empty() && !hint.warnings.is_empty());
    let other = dev_certificate("idp-rsa3072");
    let chain = format!(
        "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        own.base64(),
        other.base64()
    );
    let chain = with_keys(&descriptor_of("", &chain));
    assert_eq!(chain.signing_keys().collect::<Vec<_>>(), [&rsa_key]);
    assert_eq!(chain.warnings.len(), 1);

    let sample = Sample {
        keys: descriptor_of("", &(x509_data(&other.base64()) + &rsa_value)),
        ..Sample::default()
    };
    assert_eq!(
        sample.read().expect_err("two keys for one").fault,
        Fault::KeyMismatch
    );
}

/// Proves AV-SEC-43, SDP-MD06, SDP-MD07 for peers: keys too weak or too large are never used.
#[test]
fn av_sec_43_sdp_md06_keys_of_bad_sizes_are_left_out() {
    let rsa_value = |modulus: &[u8], exponent: &[u8]| {
        format!(
            "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
            BASE64.encode(modulus),
            BASE64.encode(exponent)
        )
    };
    let odd_number = |octets: usize| vec![0xFF; octets];
    let e = [1, 0, 1];
    let off_curve = BASE64.encode([vec![4], vec![1; 64]].concat());
    let ec = |curve: &str| {
        format!(
            "<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11='http://www.w3.org/2009/xmldsig11#'><dsig11:NamedCurve URI='{curve}'/>\
             <dsig11:PublicKey>{off_curve}</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>"
        )
    };
    let work = Work::begin();
    for (what, info) in [
        ("RSA-1024", x509_data(&weak_certificate().base64())),
        ("RSA-1024 value", rsa_value(&odd_number(128), &e)),
        ("RSA-16384", rsa_value(&odd_number(2048), &e)),
        ("RSA of a megabit", rsa_value(&odd_number(131_072), &e)),
        ("even exponent", rsa_value(&odd_number(256), &[4])),
        ("exponent 1", rsa_value(&odd_number(256), &[1])),
        (
            "huge exponent",
            rsa_value(&odd_number(256), &odd_number(255)),
        ),
        ("point off the curve", ec("urn:oid:1.2.840.10045.3.1.7")),
        ("unknown curve", ec("urn:oid:1.3.132.0.10")),
        ("not base64", x509_data("!!!")),
        ("not a certificate", x509_data("AAAA")),
        ("empty", x509_data("")),
    ] {
        let sp = with_keys(&descriptor_of("", &info));
        assert!(sp.keys.is_empty(), "{what}");
        assert!(!sp.warnings.is_empty(), "{what}");
    }
    assert!(
        work.spent().as_secs() < 5,
        "refused before anything is computed with them"
    );
    assert_eq!(
        with_keys(&descriptor_of("", &rsa_value(&odd_number(256), &e)))
            .keys
            .len(),
        1
    );
}

/// A comment inside a certificate is how two readers see two keys: the entity is refused.
#[test]
fn av_sec_11_a_certificate_split_by_a_comment_is_refused() {
    let base64 = dev_certificate("sp-signing").base64();
    let (one, two) = base64.split_at(100);
    let sample = Sample {
        keys: descriptor_of("", &x509_data(&format!("{one}<!-- -->{two}"))),
        ..Sample::default()
    };
    assert!(matches!(
        sample.read().expect_err("split").fault,
        Fault::Xml(_)
    ));
}

/// Proves AV-RSP-17, IIP-MD08: a key for encryption that cannot be used is no absent key, and a
/// usable one beside it is used.
#[test]
fn av_rsp_17_an_unusable_encryption_key_is_not_none() {
    use avouch_saml::metadata::algorithms::NoEncryption;

    let policy = AlgorithmPolicy::default();
    let weak = x509_data(&weak_certificate().base64());
    let good = x509_data(&dev_certificate("sp-encryption").base64());
    let ec = x509_data(&new_key().1.base64());
    for (rest, info, wanted) in [
        ("use='encryption'", weak.as_str(), NoEncryption::UnusableKey),
        ("", &weak, NoEncryption::UnusableKey),
        (
            "use='encryption'",
            &x509_data("AAAA"),
            NoEncryption::UnusableKey,
        ),
        (
            "use='encryption'",
            "<ds:KeyName>k</ds:KeyName>",
            NoEncryption::UnusableKey,
        ),
        ("use='encrytion'", &good, NoEncryption::UnusableKey),
        ("use='encryption'", &ec, NoEncryption::NoMethod),
        // With RSA-OAEP a curve's key can only sign, and so can one that says it does.
        ("", &ec, NoEncryption::NoKey),
        ("use='signing'", &weak, NoEncryption::NoKey),
        ("use='signing'", &good, NoEncryption::NoKey),
    ] {
        let odd = descriptor_of(rest, info);
        let sp = with_keys(&odd);
        assert_eq!(
            sp.choose_encryption(&policy).map(|_| ()),
            Err(wanted),
            "{rest} {info}"
        );
        let both = with_keys(&format!(
            "{odd}{}",
            descriptor_of("use='encryption'", &good)
        ));
        assert_eq!(
            opened_by(&both, &private(&["sp-encryption"])),
            Some("sp-encryption"),
            "{rest} {info}"
        );
    }
    let none = with_keys("");
    assert_eq!(
        none.choose_encryption(&policy).map(|_| ()),
        Err(NoEncryption::NoKey)
    );
}

/// Proves AV-ALG-02, AV-ALG-05 for the largest curve: a request signed with P-521 and ECDSA-SHA512
/// is verified by both bindings, by the key of the SP's metadata alone.
#[test]
fn av_alg_02_av_alg_05_a_p521_signature_is_verified_by_both_bindings() {
    let make = || {
        let key = PrivateKey::generate(KeyKind::P521).unwrap();
        let until = Timestamp::parse("2036-01-01T00:00:00Z").unwrap();
        let certificate = key
            .self_signed("sp.example.org", 1, super::now(), until)
            .unwrap();
        (key, certificate)
    };
    let (own, other) = (make(), make());
    let sp = with_keys(&descriptor("use='signing'", &own.1));
    assert_eq!(sp.keys[0].public_key.kind(), KeyKind::P521);
    let signer = signer(&own);
    assert!(signer.algorithm().uri().ends_with("#ecdsa-sha512"));
    assert!(accepts(&sp, &signer));
    assert!(!accepts(&sp, &self::signer(&other)), "another key's");
}
