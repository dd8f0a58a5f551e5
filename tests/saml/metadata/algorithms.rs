//! Which algorithms are used towards an SP.

use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::algorithms::NoEncryption;
use avouch_saml::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash, SignatureAlgorithm,
};
use avouch_saml::security::certificate::KeyKind;

use super::Sample;
use super::keys::descriptor;
use crate::security::support::dev_certificate;

const GCM128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const GCM256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC128: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const RSA15: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
const OAEP2001: &str = KeyTransport::MGF1P_URI;
const OAEP2009: &str = KeyTransport::OAEP_URI;
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const MGF256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";

fn method(uri: &str, content: &str) -> String {
    format!("<md:EncryptionMethod Algorithm='{uri}'>{content}</md:EncryptionMethod>")
}

fn with_methods(methods: &str) -> SpMetadata {
    let key = descriptor("use='encryption'", &dev_certificate("sp-encryption"));
    let sample = Sample {
        keys: key.replace(
            "</md:KeyDescriptor>",
            &format!("{methods}</md:KeyDescriptor>"),
        ),
        ..Sample::default()
    };
    sample.good()
}

fn chosen(methods: &str) -> Result<(DataEncryption, KeyTransport), NoEncryption> {
    let sp = with_methods(methods);
    let choice = sp.choose_encryption(&AlgorithmPolicy::default())?;
    Ok((choice.data, choice.transport))
}

fn with_algorithms(entity: &str, role: &str) -> SpMetadata {
    let sample = Sample {
        entity_extensions: entity.to_owned(),
        role_extensions: role.to_owned(),
        ..Sample::default()
    };
    sample.good()
}

fn signing(algorithm: SignatureAlgorithm, rest: &str) -> String {
    format!(
        "<alg:SigningMethod Algorithm='{}' {rest}/>",
        algorithm.uri()
    )
}

const RSA3072: KeyKind = KeyKind::Rsa { bits: 3072 };

fn signs_with(sp: &SpMetadata, own: KeyKind) -> Option<SignatureAlgorithm> {
    let policy = AlgorithmPolicy::default();
    sp.choose_signature(own, own.default_algorithm(), &policy)
        .ok()
}

/// Proves AV-MDC-11: the first declared method that is known and permitted, with its parameters.
#[test]
fn av_mdc_11_encryption_methods_are_a_preference() {
    let oaep256 = KeyTransport::Oaep {
        digest: OaepHash::Sha256,
        mgf: OaepHash::Sha256,
    };
    let default = KeyTransport::default();
    let digest = format!("<ds:DigestMethod Algorithm='{SHA256}'/>");
    let mgf = format!(
        "<xenc11:MGF xmlns:xenc11='http://www.w3.org/2009/xmlenc11#' Algorithm='{MGF256}'/>"
    );
    let size = |bits: u32| {
        format!(
            "<xenc:KeySize xmlns:xenc='http://www.w3.org/2001/04/xmlenc#'>{bits}</xenc:KeySize>"
        )
    };
    for (what, methods, wanted) in [
        (
            "nothing said",
            String::new(),
            (DataEncryption::Aes128Gcm, default),
        ),
        (
            "AES-256 first",
            method(GCM256, "") + &method(GCM128, ""),
            (DataEncryption::Aes256Gcm, default),
        ),
        (
            "AES-128 first",
            method(GCM128, "") + &method(GCM256, ""),
            (DataEncryption::Aes128Gcm, default),
        ),
        (
            "an unknown one first",
            method("urn:x", "") + &method(GCM256, ""),
            (DataEncryption::Aes256Gcm, default),
        ),
        (
            "a blocked one first",
            method(CBC128, "") + &method(GCM256, ""),
            (DataEncryption::Aes256Gcm, default),
        ),
        (
            "RSA 1.5 first",
            method(RSA15, "") + &method(OAEP2001, ""),
            (DataEncryption::Aes128Gcm, default),
        ),
        (
            "OAEP with SHA-256 twice",
            method(OAEP2009, &(digest.clone() + &mgf)),
            (DataEncryption::Aes128Gcm, oaep256),
        ),
        (
            "OAEP of 2001 with SHA-256",
            method(OAEP2001, &digest),
            (
                DataEncryption::Aes128Gcm,
                KeyTransport::OaepMgf1p {
                    digest: OaepHash::Sha256,
                },
            ),
        ),
        (
            "OAEP of 2009 without parameters",
            method(OAEP2009, ""),
            (
                DataEncryption::Aes128Gcm,
                KeyTransport::Oaep {
                    digest: OaepHash::Sha1,
                    mgf: OaepHash::Sha1,
                },
            ),
        ),
        (
            "a key size that contradicts",
            method(GCM128, &size(256)) + &method(GCM256, &size(256)),
            (DataEncryption::Aes256Gcm, default),
        ),
        (
            "OAEP for a key of another size",
            method(OAEP2009, &size(4096)) + &method(OAEP2001, &size(2048)),
            (DataEncryption::Aes128Gcm, default),
        ),
        (
            "OAEPparams",
            method(
                OAEP2009,
                "<xenc:OAEPparams xmlns:xenc='http://www.w3.org/2001/04/xmlenc#'>AAAA</xenc:OAEPparams>",
            ) + &method(OAEP2001, ""),
            (DataEncryption::Aes128Gcm, default),
        ),
    ] {
        assert_eq!(chosen(&methods), Ok(wanted), "{what}");
    }
}

/// Proves IIP-MD10, AV-RSP-17, AV-ALG-07: what is declared is used or nothing is; never a silent
/// fallback, never RSA 1.5.
#[test]
fn iip_md10_only_declared_algorithms_are_used() {
    for only_bad in [
        method(CBC128, ""),
        method(RSA15, "") + &method(GCM128, ""),
        method("urn:x", ""),
        method(
            OAEP2009,
            "<ds:DigestMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#md5'/>",
        ),
        method(OAEP2001, "<ds:Unknown/>"),
    ] {
        assert_eq!(chosen(&only_bad), Err(NoEncryption::NoMethod), "{only_bad}");
    }
    let mut weak = AlgorithmPolicy::default();
    weak.allow_danger_cbc();
    let sp = with_methods(&method(CBC128, ""));
    let choice = sp
        .choose_encryption(&weak)
        .expect("behind the danger switch");
    assert_eq!(choice.data, DataEncryption::DangerAes128Cbc);

    use SignatureAlgorithm::{DangerRsaSha1, EcdsaSha384, RsaSha256, RsaSha384, RsaSha512};
    let none = with_algorithms("", "");
    assert_eq!(signs_with(&none, RSA3072), Some(RsaSha256));
    let one = with_algorithms("", &signing(RsaSha512, ""));
    assert_eq!(signs_with(&one, RSA3072), Some(RsaSha512));
    let several = with_algorithms("", &(signing(RsaSha384, "") + &signing(RsaSha256, "")));
    assert_eq!(
        signs_with(&several, RSA3072),
        Some(RsaSha256),
        "ours, since it is declared"
    );
    let ec_only = with_algorithms("", &signing(EcdsaSha384, ""));
    assert_eq!(signs_with(&ec_only, RSA3072), None);
    assert_eq!(signs_with(&ec_only, KeyKind::P384), Some(EcdsaSha384));
    let blocked = with_algorithms("", &signing(DangerRsaSha1, ""));
    assert_eq!(signs_with(&blocked, RSA3072), None);
    let digest = with_algorithms(
        "",
        "<alg:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha512'/>",
    );
    assert_eq!(signs_with(&digest, RSA3072), Some(RsaSha512));
}

/// Proves AV-MDC-12: the role's list replaces the entity's; key sizes are honoured.
#[test]
fn av_mdc_12_role_replaces_entity_and_key_sizes_count() {
    use SignatureAlgorithm::{EcdsaSha256, RsaSha384, RsaSha512};
    let entity = signing(RsaSha384, "");
    let entity_only = with_algorithms(&entity, "");
    assert_eq!(signs_with(&entity_only, RSA3072), Some(RsaSha384));
    let both = with_algorithms(&entity, &signing(RsaSha512, ""));
    assert_eq!(signs_with(&both, RSA3072), Some(RsaSha512));
    let replaced = with_algorithms(&entity, &signing(EcdsaSha256, ""));
    assert_eq!(
        signs_with(&replaced, RSA3072),
        None,
        "the entity's list does not come back"
    );

    for (rest, fits) in [
        ("MinKeySize='3072'", true),
        ("MinKeySize='3073'", false),
        ("MaxKeySize='3072'", true),
        ("MaxKeySize='2048'", false),
        ("MinKeySize='2048' MaxKeySize='4096'", true),
    ] {
        let sp = with_algorithms("", &signing(RsaSha512, rest));
        assert_eq!(signs_with(&sp, RSA3072).is_some(), fits, "{rest}");
    }
}
