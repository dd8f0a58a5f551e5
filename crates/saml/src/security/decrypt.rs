//! Decrypts what was encrypted to us.
//!
//! It fails in one way only, whatever was wrong and wherever, and does the same work in each case, so
//! that nobody learns from it.
//!
//! Spec: XML Encryption 1.1 §4.4, saml-core-2.0 §2.2.4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::{Crypter, Mode};

use super::algorithm::{AlgorithmPolicy, DataEncryption, KeyTransport, TAG_OCTETS};
use super::certificate::PrivateKey;
use crate::xml::limits::Limits;
use crate::xml::names::{DS, XENC, XENC_ELEMENT, XENC11};
use crate::xml::reader::{self, Element};

/// EncryptedKey elements looked at in one message, times private keys: each costs an RSA operation.
const MOST_ATTEMPTS: usize = 16;

/// Nothing could be decrypted. It does not say why, to the peer or to anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the encrypted element cannot be decrypted")]
pub struct DecryptError;

/// An element that was encrypted to us. That it could be decrypted says nothing about who made it.
/// It has no `Debug`: somebody meant it to be read by nobody else.
#[derive(Clone)]
pub struct Decrypted {
    octets: Vec<u8>,
    root: Element,
}

impl Decrypted {
    /// The element as a document of its own.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }

    /// The element, read.
    pub fn root(&self) -> &Element {
        &self.root
    }
}

/// Decrypts what `container` (EncryptedAssertion, EncryptedID) holds, with whichever of `keys` fits.
///
/// The container holds one `xenc:EncryptedData`; each `xenc:EncryptedKey` in its KeyInfo or beside it
/// is tried with each key. Nothing is fetched: neither CipherReference nor RetrievalMethod is
/// followed.
///
/// # Errors
/// [`DecryptError`], the same for every cause.
pub fn decrypt_element(
    container: &Element,
    keys: &[PrivateKey],
    policy: &AlgorithmPolicy,
    limits: &Limits,
) -> Result<Decrypted, DecryptError> {
    let sealed = Sealed::read(container, policy).ok_or(DecryptError)?;
    let attempts = sealed
        .keys
        .iter()
        .flat_map(|sealed_key| keys.iter().map(move |key| (sealed_key, key)))
        .take(MOST_ATTEMPTS);
    for (sealed_key, key) in attempts {
        let content_key = sealed_key
            .open(key, sealed.data)
            .map_err(|_| DecryptError)?;
        let opened = open(&sealed.octets, &content_key, sealed.data).and_then(|octets| {
            reader::parse(&octets, limits)
                .ok()
                .map(|root| (octets, root))
        });
        // What OpenSSL could not do stays on the thread's queue, where a TLS connection would find it.
        drop(ErrorStack::get());
        if let Some((octets, root)) = opened {
            return Ok(Decrypted { octets, root });
        }
    }
    Err(DecryptError)
}

struct Sealed {
    data: DataEncryption,
    octets: Vec<u8>,
    keys: Vec<SealedKey>,
}

struct SealedKey {
    transport: KeyTransport,
    label: Vec<u8>,
    octets: Vec<u8>,
}

impl Sealed {
    fn read(container: &Element, policy: &AlgorithmPolicy) -> Option<Self> {
        let encrypted = container.only(XENC, "EncryptedData").ok()??;
        if encrypted
            .attr("Type")
            .is_some_and(|kind| kind != XENC_ELEMENT)
        {
            return None;
        }
        let method = encrypted.only(XENC, "EncryptionMethod").ok()??;
        let data = DataEncryption::from_uri(method.attr("Algorithm")?)
            .filter(|data| policy.permits_data(*data))?;
        let inside = encrypted.only(DS, "KeyInfo").ok()?;
        let inside = inside
            .into_iter()
            .flat_map(|info| info.all(XENC, "EncryptedKey"));
        let keys = inside
            .chain(container.all(XENC, "EncryptedKey"))
            .filter_map(|key| SealedKey::read(key, policy))
            .collect();
        Some(Self {
            data,
            octets: cipher_value(encrypted)?,
            keys,
        })
    }
}

impl SealedKey {
    fn read(key: &Element, policy: &AlgorithmPolicy) -> Option<Self> {
        let method = key.only(XENC, "EncryptionMethod").ok()??;
        let digest = method.only(DS, "DigestMethod").ok()?;
        let mgf = method.only(XENC11, "MGF").ok()?;
        let named = |element: Option<&'_ Element>| match element {
            Some(element) => element.attr("Algorithm").map(|uri| Some(uri.to_owned())),
            None => Some(None),
        };
        let (digest, mgf) = (named(digest)?, named(mgf)?);
        let transport =
            KeyTransport::from_uris(method.attr("Algorithm")?, digest.as_deref(), mgf.as_deref())
                .filter(|transport| policy.permits_transport(*transport))?;
        let label = match method.only(XENC, "OAEPparams").ok()? {
            Some(label) => base64(label.text().ok()?)?,
            None => Vec::new(),
        };
        Some(Self {
            transport,
            label,
            octets: cipher_value(key)?,
        })
    }

    /// The content key, or a random one in its place: the work after this is the same either way.
    fn open(&self, key: &PrivateKey, data: DataEncryption) -> Result<Vec<u8>, ErrorStack> {
        let mut instead = vec![0; data.key_octets()];
        rand_bytes(&mut instead)?;
        let opened = self.unwrap(key).ok();
        Ok(opened
            .filter(|opened| opened.len() == instead.len())
            .unwrap_or(instead))
    }

    fn unwrap(&self, key: &PrivateKey) -> Result<Vec<u8>, ErrorStack> {
        let mut decrypter = Decrypter::new(key.pkey())?;
        decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
        decrypter.set_rsa_oaep_md(self.transport.digest().message_digest())?;
        decrypter.set_rsa_mgf1_md(self.transport.mgf().message_digest())?;
        if !self.label.is_empty() {
            decrypter.set_rsa_oaep_label(&self.label)?;
        }
        let mut opened = vec![0; decrypter.decrypt_len(&self.octets)?];
        let length = decrypter.decrypt(&self.octets, &mut opened)?;
        opened.truncate(length);
        Ok(opened)
    }
}

fn cipher_value(encrypted: &Element) -> Option<Vec<u8>> {
    let data = encrypted.only(XENC, "CipherData").ok()??;
    let value = data.only(XENC, "CipherValue").ok()??;
    base64(value.text().ok()?)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(packed).ok()
}

fn open(sealed: &[u8], key: &[u8], data: DataEncryption) -> Option<Vec<u8>> {
    let (iv, rest) = sealed.split_at_checked(data.iv_octets())?;
    if data.is_danger() {
        let mut plaintext = run(data, key, iv, rest, None)?;
        let padding = usize::from(*plaintext.last()?);
        if !(1..=16).contains(&padding) {
            return None;
        }
        plaintext.truncate(plaintext.len().checked_sub(padding)?);
        Some(plaintext)
    } else {
        let (ciphertext, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_OCTETS)?)?;
        run(data, key, iv, ciphertext, Some(tag))
    }
}

fn run(
    data: DataEncryption,
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
    tag: Option<&[u8]>,
) -> Option<Vec<u8>> {
    let cipher = data.cipher();
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(iv)).ok()?;
    crypter.pad(false);
    if let Some(tag) = tag {
        crypter.set_tag(tag).ok()?;
    }
    let mut plaintext = vec![0; ciphertext.len() + cipher.block_size()];
    let mut length = crypter.update(ciphertext, &mut plaintext).ok()?;
    length += crypter.finalize(&mut plaintext[length..]).ok()?;
    plaintext.truncate(length);
    Some(plaintext)
}
