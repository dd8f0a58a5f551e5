//! What is decrypted, and the many things that are not, all with one error.

use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash};
use avouch_saml::security::encrypt::{DecryptError, Encryption, encrypt_element};
use avouch_saml::xml::names;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::rsa::Padding;

use super::sealed::*;
use super::support::*;

/// Proves IIP-ALG06: a missing DigestMethod or MGF means SHA-1.
#[test]
fn iip_alg06_missing_digest_and_mask_mean_sha1() {
    let (digest, mgf) = (OaepHash::Sha1, OaepHash::Sha1);
    for transport in [
        KeyTransport::OaepMgf1p { digest },
        KeyTransport::Oaep { digest, mgf },
    ] {
        let sealed = encrypted(DataEncryption::Aes128Gcm, transport);
        let parameters = between(
            &sealed,
            &format!("{}\">", transport.uri()),
            "</xenc:EncryptionMethod>",
        );
        let bare = sealed.replace(parameters, "");
        assert!(!bare.contains("DigestMethod") && !bare.contains("MGF"));
        assert_eq!(decrypt(&bare).as_deref(), Ok(PLAINTEXT));
    }
    let (digest, mgf) = (OaepHash::Sha256, OaepHash::Sha256);
    let sealed = encrypted(
        DataEncryption::Aes128Gcm,
        KeyTransport::Oaep { digest, mgf },
    );
    let mask = format!(
        "<xenc11:MGF xmlns:xenc11=\"{}\" Algorithm=\"{}\"></xenc11:MGF>",
        names::XENC11,
        mgf.mgf_uri()
    );
    assert!(sealed.contains(&mask));
    assert_eq!(decrypt(&sealed.replace(&mask, "")), Err(DecryptError));
}

/// Proves AV-ALG-08: OAEPparams are part of what is decrypted.
#[test]
fn av_alg_08_oaep_params_are_handled() {
    let sealed = encrypted(DataEncryption::Aes128Gcm, KeyTransport::default());
    let (key, octets) = cipher_values(&sealed);
    let content_key = oaep_open(&key, OaepHash::Sha1, OaepHash::Sha1, b"").unwrap();
    let labelled = oaep_seal(&content_key, OaepHash::Sha1, OaepHash::Sha1, b"label");
    let labelled = with_values(&sealed, &labelled, &octets);
    assert_eq!(decrypt(&labelled), Err(DecryptError));
    let params = format!(
        "<xenc:OAEPparams>{}</xenc:OAEPparams><ds:DigestMethod",
        BASE64.encode("label")
    );
    let with_params = labelled.replace("<ds:DigestMethod", &params);
    assert_eq!(decrypt(&with_params).as_deref(), Ok(PLAINTEXT));
}

/// Proves AV-ALG-06: a 96-bit vector and the whole 128-bit tag.
#[test]
fn av_alg_06_gcm_vector_and_tag_are_whole() {
    for data in GCM {
        let sealed = encrypted(data, KeyTransport::default());
        let (key, octets) = cipher_values(&sealed);
        assert_eq!(octets.len(), 12 + PLAINTEXT.len() + 16);
        assert_eq!(decrypt(&sealed).as_deref(), Ok(PLAINTEXT));
        for cut in 1..=16 {
            let short = with_values(&sealed, &key, &octets[..octets.len() - cut]);
            assert_eq!(decrypt(&short), Err(DecryptError), "{cut}");
        }
        for at in 0..octets.len() {
            let mut flipped = octets.clone();
            flipped[at] ^= 1;
            assert_eq!(
                decrypt(&with_values(&sealed, &key, &flipped)),
                Err(DecryptError),
                "{at}"
            );
        }
        for length in 0..28 {
            let tiny = with_values(&sealed, &key, &octets[..length]);
            assert_eq!(decrypt(&tiny), Err(DecryptError), "{length}");
        }
    }
}

/// Proves AV-ALG-07, AV-SEC-31: RSA 1.5 key transport is neither produced nor accepted, and CBC only
/// where a policy says so.
#[test]
fn av_alg_07_rsa_1_5_is_never_accepted() {
    let sealed = encrypted(DataEncryption::Aes128Gcm, KeyTransport::default());
    let (key, octets) = cipher_values(&sealed);
    let content_key = oaep_open(&key, OaepHash::Sha1, OaepHash::Sha1, b"").unwrap();
    let mut old = vec![0; 256];
    sp_rsa()
        .public_encrypt(&content_key, &mut old, Padding::PKCS1)
        .unwrap();
    let rsa_1_5 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
    let parameters =
        between(&sealed, KeyTransport::MGF1P_URI, "</xenc:EncryptionMethod>").to_owned();
    let attack = with_values(&sealed, &old, &octets).replace(
        &format!("{}{parameters}", KeyTransport::MGF1P_URI),
        &format!("{rsa_1_5}\">"),
    );
    assert!(
        xmlsec1_decrypts(&container(&attack), "sp-encryption")
            .unwrap()
            .contains(PLAINTEXT)
    );
    assert_eq!(decrypt(&attack), Err(DecryptError));
    assert_eq!(KeyTransport::from_uris(rsa_1_5, None, None), None);

    let cbc = encrypted(DataEncryption::DangerAes256Cbc, KeyTransport::default());
    assert_eq!(decrypt(&cbc), Err(DecryptError));
    let mut policy = AlgorithmPolicy::default();
    policy.allow_danger_cbc();
    let opened = decrypt_with(&cbc, &[dev_key("sp-encryption")], &policy).unwrap();
    assert_eq!(opened.as_bytes(), PLAINTEXT.as_bytes());
    assert!(
        xmlsec1_decrypts(&container(&cbc), "sp-encryption")
            .unwrap()
            .contains(PLAINTEXT)
    );
}

/// Proves AV-SEC-36, AV-ALG-06: a thousand mutations of key and content, in GCM and in CBC, end in one error.
/// A content key that cannot be unwrapped is replaced by a random one, so the work is one too.
#[test]
fn av_sec_36_a_thousand_mutations_end_in_one_error() {
    let mut policy = AlgorithmPolicy::default();
    policy.allow_danger_cbc();
    let keys = [dev_key("sp-encryption")];
    for data in [DataEncryption::Aes128Gcm, DataEncryption::DangerAes128Cbc] {
        let sealed = encrypted(data, KeyTransport::default());
        let (key, octets) = cipher_values(&sealed);
        assert!(decrypt_with(&sealed, &keys, &policy).is_ok());
        for n in 0..500_usize {
            let (mut bad_key, mut bad_data) = (key.clone(), octets.clone());
            if n % 2 == 0 {
                let at = n / 2 % bad_key.len();
                bad_key[at] ^= 1 << (n % 8);
            } else {
                // The last two blocks: padding and the end of the closing tag.
                let at = bad_data.len() - 1 - (n / 2) % 32;
                bad_data[at] ^= 1 << (n / 64 % 8);
            }
            let attack = with_values(&sealed, &bad_key, &bad_data);
            match decrypt_with(&attack, &keys, &policy) {
                Err(error) => assert_eq!(error, DecryptError),
                // CBC has no integrity: changing free padding octets changes nothing.
                Ok(opened) => {
                    assert!(data.is_danger());
                    assert!(opened.as_bytes().starts_with(b"<saml:NameID "));
                }
            }
        }
    }
}

/// Proves E30: several recipients, several private keys, the key inside or beside the data.
#[test]
fn the_key_may_stand_inside_or_beside_and_be_one_of_several() {
    let sealed = encrypted(DataEncryption::Aes128Gcm, KeyTransport::default());
    let mine = format!(
        "<xenc:EncryptedKey{}</xenc:EncryptedKey>",
        between(&sealed, "<xenc:EncryptedKey", "</xenc:EncryptedKey>")
    );
    let other_key = dev_certificate("idp-rsa2048").public_key().unwrap();
    let encryption = Encryption::new(
        DataEncryption::Aes128Gcm,
        KeyTransport::default(),
        &AlgorithmPolicy::default(),
    )
    .unwrap();
    let for_other = encrypt_element(b"<a></a>", &other_key, None, encryption).unwrap();
    let for_other = String::from_utf8(for_other).unwrap();
    let theirs = format!(
        "<xenc:EncryptedKey{}</xenc:EncryptedKey>",
        between(&for_other, "<xenc:EncryptedKey", "</xenc:EncryptedKey>")
    );

    let two = sealed.replace(&mine, &format!("{theirs}{mine}"));
    assert_eq!(decrypt(&two).as_deref(), Ok(PLAINTEXT));

    let outside = mine.replacen(
        "<xenc:EncryptedKey",
        &format!(
            "<xenc:EncryptedKey xmlns:xenc=\"{}\" xmlns:ds=\"{}\"",
            names::XENC,
            names::DS
        ),
        1,
    );
    let beside = sealed.replace(
        &mine,
        "<ds:RetrievalMethod URI=\"#key\"></ds:RetrievalMethod>",
    ) + &outside;
    assert_eq!(decrypt(&beside).as_deref(), Ok(PLAINTEXT));
    let no_info = sealed.replace(
        &format!("<ds:KeyInfo xmlns:ds=\"{}\">{mine}</ds:KeyInfo>", names::DS),
        "",
    ) + &outside;
    assert!(!no_info.contains("KeyInfo"));
    assert_eq!(decrypt(&no_info).as_deref(), Ok(PLAINTEXT));

    let policy = AlgorithmPolicy::default();
    let rolled = [
        dev_key("idp-p256"),
        dev_key("idp-rsa3072"),
        dev_key("sp-encryption"),
    ];
    assert!(decrypt_with(&sealed, &rolled, &policy).is_ok());
    assert_eq!(
        decrypt_with(&sealed, &rolled[..2], &policy).err(),
        Some(DecryptError)
    );
    assert_eq!(
        decrypt_with(&sealed, &[], &policy).err(),
        Some(DecryptError)
    );

    // However many there are, the sixteenth attempt is the last.
    let buried = sealed.replace(&mine, &(theirs.repeat(20) + &mine));
    assert_eq!(decrypt(&buried), Err(DecryptError));
}

/// XML Encryption pads CBC by any octets and a last one that counts them, from 1 to 16.
#[test]
fn cbc_padding_is_counted_by_its_last_octet() {
    let mut policy = AlgorithmPolicy::default();
    policy.allow_danger_cbc();
    let sealed = encrypted(DataEncryption::DangerAes128Cbc, KeyTransport::default());
    let (key, _) = cipher_values(&sealed);
    let content_key = oaep_open(&key, OaepHash::Sha1, OaepHash::Sha1, b"").unwrap();
    let keys = [dev_key("sp-encryption")];
    for (count, accepted) in [
        (1, true),
        (7, true),
        (16, true),
        (0, false),
        (17, false),
        (32, false),
    ] {
        let mut padded = b"<a></a>".to_vec();
        padded.resize((7 + count_at_least_one(count)).next_multiple_of(16), b' ');
        let last = padded.len() - 1;
        // White space before the padding keeps every length well-formed.
        padded[last - count_at_least_one(count) + 1..].fill(0xA5);
        padded[last] = count;
        let cipher = openssl::symm::Cipher::aes_128_cbc();
        let mode = openssl::symm::Mode::Encrypt;
        let iv = [9; 16];
        let mut crypter =
            openssl::symm::Crypter::new(cipher, mode, &content_key, Some(&iv)).unwrap();
        crypter.pad(false);
        let mut octets = vec![0; padded.len() + 16];
        let mut length = crypter.update(&padded, &mut octets).unwrap();
        length += crypter.finalize(&mut octets[length..]).unwrap();
        octets.truncate(length);
        let attack = with_values(&sealed, &key, &[&iv, &octets[..]].concat());
        assert_eq!(
            decrypt_with(&attack, &keys, &policy).is_ok(),
            accepted,
            "{count}"
        );
    }
}

fn count_at_least_one(count: u8) -> usize {
    usize::from(count).max(1)
}

/// Proves AV-SEC-44: keys that name themselves, or sit in themselves, end like any other failure.
#[test]
fn av_sec_44_key_loops_end() {
    let sealed = encrypted(DataEncryption::Aes128Gcm, KeyTransport::default());
    let key = format!(
        "<xenc:EncryptedKey{}</xenc:EncryptedKey>",
        between(&sealed, "<xenc:EncryptedKey", "</xenc:EncryptedKey>")
    );
    let marked = key.replacen("<xenc:EncryptedKey", "<xenc:EncryptedKey Id=\"_k\"", 1);
    let retrieval = "<ds:KeyInfo><ds:RetrievalMethod URI=\"#_k\" Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\"></ds:RetrievalMethod></ds:KeyInfo>";
    let looping = |key: &str, inner: &str| {
        key.replacen("<xenc:CipherData>", &format!("{inner}<xenc:CipherData>"), 1)
    };
    // With a key that opens it, what hangs below is never looked at.
    let twin = sealed.replace(&key, &looping(&marked, retrieval));
    assert_eq!(decrypt(&twin).as_deref(), Ok(PLAINTEXT));
    let nested = sealed.replace(
        &key,
        &looping(&key, &format!("<ds:KeyInfo>{key}</ds:KeyInfo>")),
    );
    assert_eq!(decrypt(&nested).as_deref(), Ok(PLAINTEXT));
    // Without one, there is nothing to follow.
    let only_loop = sealed.replace(
        &key,
        retrieval
            .trim_start_matches("<ds:KeyInfo>")
            .trim_end_matches("</ds:KeyInfo>"),
    );
    assert_eq!(decrypt(&only_loop), Err(DecryptError));
    let (_, octets) = cipher_values(&sealed);
    let broken = with_values(&twin, &[1; 256], &octets);
    assert_eq!(decrypt(&broken), Err(DecryptError));
}

#[test]
fn shapes_that_are_not_decrypted() {
    let sealed = encrypted(DataEncryption::Aes128Gcm, KeyTransport::default());
    assert_eq!(decrypt(&sealed).as_deref(), Ok(PLAINTEXT));
    let value = between(&sealed, "</ds:KeyInfo>", "</xenc:EncryptedData>").to_owned();
    for broken in [
        String::new(),
        format!("{sealed}{sealed}"),
        sealed.replace("xmlenc#Element", "xmlenc#Content"),
        sealed.replace(&value, "<xenc:CipherData><xenc:CipherReference URI=\"http://127.0.0.1:1/\"></xenc:CipherReference></xenc:CipherData>"),
        sealed.replace(&value, &value.replace("<xenc:CipherValue>", "<xenc:CipherValue><!-- -->")),
        sealed.replace("#aes128-gcm", "#aes192-gcm"),
        sealed.replace("#aes128-gcm", "#aes256-gcm"),
        sealed.replace("xmldsig#sha1", "xmldsig-more#md5"),
        sealed.replace("<ds:DigestMethod", "<ds:DigestMethod></ds:DigestMethod><ds:DigestMethod"),
    ] {
        assert_eq!(decrypt(&broken), Err(DecryptError), "{broken}");
    }
    let two_roots = BASE64.encode("<a/><b/>");
    assert_eq!(decrypt(&two_roots), Err(DecryptError));
}
