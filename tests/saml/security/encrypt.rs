//! What is encrypted here, read by the `xmlsec1` tool and by an OAEP written from RFC 8017.

use avouch_saml::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash, Purpose,
};
use avouch_saml::security::encrypt::{
    ChooseError, DecryptError, EncryptError, Encryption, OfferedEncryption, encrypt_element,
};
use avouch_saml::xml::names;

use super::sealed::*;
use super::support::*;

/// Proves IIP-ALG04: the `xmlsec1` tool reads what is encrypted here, and the other way round.
#[test]
fn iip_alg04_xmlsec1_and_avouch_read_each_other() {
    for (data, session_key) in GCM.into_iter().zip(["aes-128", "aes-256"]) {
        let sealed = encrypted(data, KeyTransport::default());
        let opened = xmlsec1_decrypts(&container(&sealed), "sp-encryption").unwrap();
        assert!(opened.contains(PLAINTEXT), "{data:?}: {opened}");
        assert_eq!(xmlsec1_decrypts(&container(&sealed), "idp-rsa2048"), None);

        let template = with_values(&sealed, b"", b"");
        let theirs = xmlsec1_encrypts(&template, PLAINTEXT, session_key, "sp-encryption");
        let theirs = theirs.split_once("?>").unwrap().1;
        assert_eq!(decrypt(theirs).as_deref(), Ok(PLAINTEXT));
    }
}

/// Proves IIP-ALG06, AV-ALG-03, AV-ALG-08: both identifiers, each digest and mask, both directions,
/// against an OAEP that is not OpenSSL's. SHA-1 works here while it fails in signatures.
#[test]
fn iip_alg06_av_alg_08_oaep_matrix_in_both_directions() {
    for data in GCM {
        for transport in transports() {
            let (digest, mgf) = (transport.digest(), transport.mgf());
            let sealed = encrypted(data, transport);
            assert!(sealed.contains(transport.uri()), "{sealed}");
            assert!(sealed.contains(digest.digest_uri()));
            assert_eq!(decrypt(&sealed).as_deref(), Ok(PLAINTEXT), "{transport:?}");

            let (key, octets) = cipher_values(&sealed);
            let content_key = oaep_open(&key, digest, mgf, b"").unwrap();
            assert_eq!(content_key.len(), data.key_octets());

            let again = oaep_seal(&content_key, digest, mgf, b"");
            let resealed = with_values(&sealed, &again, &octets);
            assert_eq!(
                decrypt(&resealed).as_deref(),
                Ok(PLAINTEXT),
                "{transport:?}"
            );
        }
    }
}

/// Proves AV-RSP-16: Type is Element, the hint is there, and nothing repeats in two encryptions.
#[test]
fn av_rsp_16_fresh_key_and_iv_each_time() {
    let transport = KeyTransport::default();
    let (one, two) = (
        encrypted(DataEncryption::Aes128Gcm, transport),
        encrypted(DataEncryption::Aes128Gcm, transport),
    );
    assert!(one.contains(" Type=\"http://www.w3.org/2001/04/xmlenc#Element\""));
    assert!(one.contains("<xenc:EncryptedKey Recipient=\"https://sp.example.org\">"));
    assert!(one.contains(&format!("<ds:KeyInfo xmlns:ds=\"{}\">", names::DS)));
    let (key_one, data_one) = cipher_values(&one);
    let (key_two, data_two) = cipher_values(&two);
    assert_ne!(key_one, key_two);
    assert_ne!(data_one[..12], data_two[..12]);
    assert_ne!(data_one[12..], data_two[12..]);
    let content_key =
        |sealed: &[u8]| oaep_open(sealed, OaepHash::Sha1, OaepHash::Sha1, b"").unwrap();
    assert_ne!(content_key(&key_one), content_key(&key_two));
}

#[test]
fn only_rsa_keys_are_encrypted_to() {
    let key = dev_key("idp-p256").public();
    let policy = AlgorithmPolicy::default();
    let encryption = Encryption::choose(&[], &policy).unwrap();
    let refused = encrypt_element(b"<a></a>", &key, None, encryption);
    assert!(matches!(refused, Err(EncryptError::Key)));
    let key = dev_key("idp-rsa2048").public();
    assert!(encrypt_element(b"<a></a>", &key, None, encryption).is_ok());
    let refused = encrypt_element(b"<a></a>", &key, Some("\u{0}"), encryption);
    assert!(matches!(refused, Err(EncryptError::Hint)));
}

fn offer(algorithm: &str) -> OfferedEncryption {
    OfferedEncryption {
        algorithm: algorithm.to_owned(),
        ..OfferedEncryption::default()
    }
}

/// Proves SDP-ALG01, AV-ALG-01 for encryption: what a peer that says nothing gets.
#[test]
fn sdp_alg01_default_encryption() {
    let chosen = Encryption::choose(&[], &AlgorithmPolicy::default()).unwrap();
    assert_eq!(chosen.data(), DataEncryption::Aes128Gcm);
    let digest = OaepHash::Sha1;
    assert_eq!(chosen.transport(), KeyTransport::OaepMgf1p { digest });
}

/// The peer's order decides, inside what the policy permits.
#[test]
fn the_peers_order_decides_within_the_policy() {
    let aes = |bits: u32, mode: &str| match mode {
        "gcm" => offer(&format!("http://www.w3.org/2009/xmlenc11#aes{bits}-gcm")),
        _ => offer(&format!("http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc")),
    };
    let policy = AlgorithmPolicy::default();
    let data =
        |offers: &[OfferedEncryption]| Encryption::choose(offers, &policy).map(Encryption::data);
    assert_eq!(
        data(&[aes(256, "gcm"), aes(128, "gcm")]),
        Ok(DataEncryption::Aes256Gcm)
    );
    assert_eq!(
        data(&[aes(128, "gcm"), aes(256, "gcm")]),
        Ok(DataEncryption::Aes128Gcm)
    );
    assert_eq!(
        data(&[aes(256, "cbc"), aes(192, "gcm"), aes(128, "gcm")]),
        Ok(DataEncryption::Aes128Gcm)
    );
    assert!(matches!(
        data(&[aes(256, "cbc"), offer("urn:unknown")]),
        Err(ChooseError::Data(_))
    ));
    let mut wrong_size = aes(256, "gcm");
    wrong_size.key_bits = Some(128);
    assert!(data(&[wrong_size.clone()]).is_err());
    wrong_size.key_bits = Some(256);
    assert_eq!(data(&[wrong_size]), Ok(DataEncryption::Aes256Gcm));

    let mut danger = AlgorithmPolicy::default();
    danger.allow_danger_cbc();
    let with_cbc =
        |offers: &[OfferedEncryption]| Encryption::choose(offers, &danger).map(Encryption::data);
    assert_eq!(
        with_cbc(&[aes(256, "cbc")]),
        Ok(DataEncryption::DangerAes256Cbc)
    );
    assert_eq!(
        with_cbc(&[aes(256, "cbc"), aes(128, "gcm")]),
        Ok(DataEncryption::Aes128Gcm)
    );

    let transport = |offers: &[OfferedEncryption]| {
        Encryption::choose(offers, &policy).map(Encryption::transport)
    };
    let rsa_1_5 = offer("http://www.w3.org/2001/04/xmlenc#rsa-1_5");
    let mut oaep = offer(KeyTransport::OAEP_URI);
    oaep.digest = Some(OaepHash::Sha256.digest_uri().to_owned());
    oaep.mgf = Some(OaepHash::Sha256.mgf_uri().to_owned());
    let (digest, mgf) = (OaepHash::Sha256, OaepHash::Sha256);
    assert_eq!(
        transport(&[rsa_1_5.clone(), oaep]),
        Ok(KeyTransport::Oaep { digest, mgf })
    );
    assert_eq!(
        transport(&[aes(128, "gcm"), offer(KeyTransport::MGF1P_URI)]),
        Ok(KeyTransport::default())
    );
    assert!(matches!(
        transport(&[aes(128, "gcm"), rsa_1_5]),
        Err(ChooseError::Transport(_))
    ));
}

/// Proves IIP-ALG08: an algorithm that is blocked can be neither selected nor read, and what is
/// blocked without being asked.
#[test]
fn iip_alg08_named_algorithms_can_be_blocked() {
    let sealed = encrypted(DataEncryption::Aes128Gcm, KeyTransport::default());
    let keys = [dev_key("sp-encryption")];
    let default = AlgorithmPolicy::default();
    assert!(decrypt_with(&sealed, &keys, &default).is_ok());
    for (purpose, uri) in [
        (Purpose::DataEncryption, DataEncryption::Aes128Gcm.uri()),
        (Purpose::KeyTransport, KeyTransport::MGF1P_URI),
        (Purpose::OaepDigest, OaepHash::Sha1.digest_uri()),
        (Purpose::OaepMask, OaepHash::Sha1.mgf_uri()),
    ] {
        let mut policy = AlgorithmPolicy::default();
        assert!(policy.permits_uri(purpose, uri), "{uri}");
        policy.block(purpose, uri).unwrap();
        assert!(!policy.permits_uri(purpose, uri), "{uri}");
        assert_eq!(
            decrypt_with(&sealed, &keys, &policy).err(),
            Some(DecryptError),
            "{uri}"
        );
        let transport = KeyTransport::default();
        assert!(
            Encryption::new(DataEncryption::Aes128Gcm, transport, &policy).is_err(),
            "{uri}"
        );
    }
    let misspelt = "http://www.w3.org/2009/xmlenc11#aes128gcm";
    assert!(
        AlgorithmPolicy::default()
            .block(Purpose::DataEncryption, misspelt)
            .is_err()
    );

    for (purpose, uri) in [
        (
            Purpose::SignatureDigest,
            "http://www.w3.org/2001/04/xmldsig-more#md5",
        ),
        (
            Purpose::Signature,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        ),
        (
            Purpose::KeyTransport,
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        ),
    ] {
        let mut policy = AlgorithmPolicy::default();
        assert!(!policy.permits_uri(purpose, uri), "{uri}");
        policy.block(purpose, uri).unwrap();
    }
}
