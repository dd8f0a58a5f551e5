//! Encrypted elements in pieces, and an OAEP that is not OpenSSL's, written from RFC 8017.

use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, KeyTransport, OaepHash};
use avouch_saml::security::certificate::PrivateKey;
use avouch_saml::security::encrypt::{
    DecryptError, Decrypted, Encryption, decrypt_element, encrypt_element,
};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::{names, reader};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::hash::{MessageDigest, hash};
use openssl::rsa::{Padding, Rsa};

use super::support::*;

pub(crate) const PLAINTEXT: &str = "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">Ünï &lt;&amp;&gt;</saml:NameID>";

pub(crate) const GCM: [DataEncryption; 2] = [DataEncryption::Aes128Gcm, DataEncryption::Aes256Gcm];

pub(crate) fn transports() -> Vec<KeyTransport> {
    let mut all = Vec::new();
    for digest in OaepHash::ALL {
        all.push(KeyTransport::OaepMgf1p { digest });
        for mgf in OaepHash::ALL {
            all.push(KeyTransport::Oaep { digest, mgf });
        }
    }
    all
}

pub(crate) fn encrypted(data: DataEncryption, transport: KeyTransport) -> String {
    let mut policy = AlgorithmPolicy::default();
    policy.allow_danger_cbc();
    let encryption = Encryption::new(data, transport, &policy).unwrap();
    let key = dev_certificate("sp-encryption").public_key().unwrap();
    let hint = Some("https://sp.example.org");
    let sealed = encrypt_element(PLAINTEXT.as_bytes(), &key, hint, encryption).unwrap();
    String::from_utf8(sealed).unwrap()
}

pub(crate) fn container(content: &str) -> String {
    format!(
        "<saml:EncryptedID xmlns:saml=\"{}\">{content}</saml:EncryptedID>",
        names::SAML
    )
}

pub(crate) fn decrypt_with(
    content: &str,
    keys: &[PrivateKey],
    policy: &AlgorithmPolicy,
) -> Result<Decrypted, DecryptError> {
    let container = container(content);
    let root = reader::parse(container.as_bytes(), &Limits::MESSAGE).unwrap();
    decrypt_element(&root, keys, policy, &Limits::MESSAGE)
}

pub(crate) fn decrypt(content: &str) -> Result<String, DecryptError> {
    let policy = AlgorithmPolicy::default();
    let decrypted = decrypt_with(content, &[dev_key("sp-encryption")], &policy)?;
    Ok(String::from_utf8(decrypted.as_bytes().to_vec()).unwrap())
}

pub(crate) fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// Content of the CipherValue elements, in document order: the key, then the data.
pub(crate) fn cipher_values(content: &str) -> (Vec<u8>, Vec<u8>) {
    let mut values = content
        .split("<xenc:CipherValue>")
        .skip(1)
        .map(|rest| BASE64.decode(rest.split('<').next().unwrap()).unwrap());
    (values.next().unwrap(), values.next().unwrap())
}

pub(crate) fn with_values(content: &str, key: &[u8], data: &[u8]) -> String {
    let (old_key, old_data) = cipher_values(content);
    content
        .replace(&BASE64.encode(old_data), &BASE64.encode(data))
        .replace(&BASE64.encode(old_key), &BASE64.encode(key))
}

pub(crate) fn message_digest(hash: OaepHash) -> MessageDigest {
    match hash {
        OaepHash::Sha1 => MessageDigest::sha1(),
        OaepHash::Sha256 => MessageDigest::sha256(),
        OaepHash::Sha384 => MessageDigest::sha384(),
        OaepHash::Sha512 => MessageDigest::sha512(),
    }
}

pub(crate) fn sp_rsa() -> Rsa<openssl::pkey::Private> {
    Rsa::private_key_from_pem(&std::fs::read(dev_path("sp-encryption.key.pem")).unwrap()).unwrap()
}

/// RFC 8017 B.2.1, and `data` XORed with it.
pub(crate) fn mgf1_xor(digest: MessageDigest, seed: &[u8], data: &mut [u8]) {
    for (counter, chunk) in (0_u32..).zip(data.chunks_mut(digest.size())) {
        let mask = hash(digest, &[seed, &counter.to_be_bytes()].concat()).unwrap();
        chunk
            .iter_mut()
            .zip(mask.iter())
            .for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// RFC 8017 §7.1.2, over the raw RSA operation.
pub(crate) fn oaep_open(
    sealed: &[u8],
    digest: OaepHash,
    mgf: OaepHash,
    label: &[u8],
) -> Option<Vec<u8>> {
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
pub(crate) fn oaep_seal(message: &[u8], digest: OaepHash, mgf: OaepHash, label: &[u8]) -> Vec<u8> {
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
