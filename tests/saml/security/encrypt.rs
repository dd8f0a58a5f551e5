//! Encryption in both directions, against the `xmlsec1` tool and an OAEP written here from RFC 8017.

use avouch_saml::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash, Purpose,
};
use avouch_saml::security::certificate::PrivateKey;
use avouch_saml::security::encrypt::{
    ChooseError, DecryptError, Decrypted, EncryptError, Encryption, OfferedEncryption,
    decrypt_element, encrypt_element,
};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names;
use avouch_saml::xml::reader;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::hash::{MessageDigest, hash};
use openssl::rsa::{Padding, Rsa};

use super::support::*;

const PLAINTEXT: &str = "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">Ünï &lt;&amp;&gt;</saml:NameID>";
const HASHES: [OaepHash; 2] = [OaepHash::Sha1, OaepHash::Sha256];
const GCM: [DataEncryption; 2] = [DataEncryption::Aes128Gcm, DataEncryption::Aes256Gcm];

fn transports() -> Vec<KeyTransport> {
    let mut all = Vec::new();
    for digest in HASHES {
        all.push(KeyTransport::OaepMgf1p { digest });
        for mgf in HASHES {
            all.push(KeyTransport::Oaep { digest, mgf });
        }
    }
    all
}

fn encrypted(data: DataEncryption, transport: KeyTransport) -> String {
    let mut policy = AlgorithmPolicy::default();
    policy.allow_danger_cbc();
    let encryption = Encryption::new(data, transport, &policy).unwrap();
    let key = dev_certificate("sp-encryption").public_key().unwrap();
    let hint = Some("https://sp.example.org");
    let sealed = encrypt_element(PLAINTEXT.as_bytes(), &key, hint, encryption).unwrap();
    String::from_utf8(sealed).unwrap()
}

fn container(content: &str) -> String {
    format!(
        "<saml:EncryptedID xmlns:saml=\"{}\">{content}</saml:EncryptedID>",
        names::SAML
    )
}

fn decrypt_with(
    content: &str,
    keys: &[PrivateKey],
    policy: &AlgorithmPolicy,
) -> Result<Decrypted, DecryptError> {
    let container = container(content);
    let root = reader::parse(container.as_bytes(), &Limits::MESSAGE).unwrap();
    decrypt_element(&root, keys, policy, &Limits::MESSAGE)
}

fn decrypt(content: &str) -> Result<String, DecryptError> {
    let policy = AlgorithmPolicy::default();
    let decrypted = decrypt_with(content, &[dev_key("sp-encryption")], &policy)?;
    Ok(String::from_utf8(decrypted.as_bytes().to_vec()).unwrap())
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// Content of the CipherValue elements, in document order: the key, then the data.
fn cipher_values(content: &str) -> (Vec<u8>, Vec<u8>) {
    let mut values = content
        .split("<xenc:CipherValue>")
        .skip(1)
        .map(|rest| BASE64.decode(rest.split('<').next().unwrap()).unwrap());
    (values.next().unwrap(), values.next().unwrap())
}

fn with_values(content: &str, key: &[u8], data: &[u8]) -> String {
    let (old_key, old_data) = cipher_values(content);
    content
        .replace(&BASE64.encode(old_data), &BASE64.encode(data))
        .replace(&BASE64.encode(old_key), &BASE64.encode(key))
}

fn message_digest(hash: OaepHash) -> MessageDigest {
    match hash {
        OaepHash::Sha1 => MessageDigest::sha1(),
        OaepHash::Sha256 => MessageDigest::sha256(),
        OaepHash::Sha384 => MessageDigest::sha384(),
        OaepHash::Sha512 => MessageDigest::sha512(),
    }
}

fn sp_rsa() -> Rsa<openssl::pkey::Private> {
    Rsa::private_key_from_pem(&std::fs::read(dev_path("sp-encryption.key.pem")).unwrap()).unwrap()
}

/// RFC 8017 B.2.1, and `data` XORed with it.
fn mgf1_xor(digest: MessageDigest, seed: &[u8], data: &mut [u8]) {
    for (counter, chunk) in (0_u32..).zip(data.chunks_mut(digest.size())) {
        let mask = hash(digest, &[seed, &counter.to_be_bytes()].concat()).unwrap();
        chunk
            .iter_mut()
            .zip(mask.iter())
            .for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// RFC 8017 §7.1.2, over the raw RSA operation.
fn oaep_open(sealed: &[u8], digest: OaepHash, mgf: OaepHash, label: &[u8]) -> Option<Vec<u8>> {
    let (digest, mgf) = (message_digest(digest), message_digest(mgf));
    let mut block = vec![0; 256];
    sp_rsa()
        .private_decrypt(sealed, &mut block, Padding::NONE)
        .unwrap();
    let (seed, db) = block[1..].split_at_mut(digest.size());
    mgf1_xor(mgf, db, seed);
    mgf1_xor(mgf, seed, db);
    let rest = db.strip_prefix(&hash(digest, label).unwrap()[..])?;
    let end = rest.iter().position(|byte| *byte != 0)?;
    (rest[end] == 1).then(|| rest[end + 1..].to_vec())
}

/// RFC 8017 §7.1.1, over the raw RSA operation.
fn oaep_seal(message: &[u8], digest: OaepHash, mgf: OaepHash, label: &[u8]) -> Vec<u8> {
    let (digest, mgf) = (message_digest(digest), message_digest(mgf));
    let mut seed = vec![7; digest.size()];
    let mut db = hash(digest, label).unwrap().to_vec();
    db.resize(256 - 1 - digest.size() - 1 - message.len(), 0);
    db.push(1);
    db.extend_from_slice(message);
    mgf1_xor(mgf, &seed, &mut db);
    mgf1_xor(mgf, &db, &mut seed);
    let block = [vec![0], seed, db].concat();
    let mut sealed = vec![0; 256];
    sp_rsa()
        .public_encrypt(&block, &mut sealed, Padding::NONE)
        .unwrap();
    sealed
}

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

/// Proves AV-SEC-36: a thousand mutations of key and content, in GCM and in CBC, end in one error.
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
