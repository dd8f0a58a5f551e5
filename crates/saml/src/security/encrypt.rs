//! Encrypts assertions and name identifiers for their reader.
//!
//! A fresh content key and initialisation vector for every element, from OpenSSL's generator; the
//! key travels by RSA-OAEP.
//!
//! Spec: XML Encryption 1.1 §5, saml-core-2.0 §2.2.4 and §6, SAML V2.0 Implementation Profile
//! (IIP-ALG04 to IIP-ALG06).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::encrypt_aead;

use super::algorithm::{AlgorithmPolicy, DataEncryption, KeyFamily, KeyTransport, TAG_OCTETS};
use super::certificate::PublicKey;
pub use super::decrypt::{DecryptError, Decrypted, decrypt_element};
use crate::xml::names::{DS, XENC, XENC_ELEMENT, XENC11};
use crate::xml::writer::{QName, Writer};

/// How something is encrypted: a cipher, and how its key travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encryption {
    data: DataEncryption,
    transport: KeyTransport,
}

/// Why an encryption was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// The policy does not permit the cipher, or none of those offered.
    #[error("none of the ciphers offered is permitted: {0}")]
    Data(String),
    /// The policy does not permit the key transport, or none of those offered.
    #[error("none of the key transports offered is permitted: {0}")]
    Transport(String),
}

/// An `md:EncryptionMethod` of a peer's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfferedEncryption {
    /// Its `Algorithm`.
    pub algorithm: String,
    /// `Algorithm` of its `ds:DigestMethod`.
    pub digest: Option<String>,
    /// `Algorithm` of its `xenc11:MGF`.
    pub mgf: Option<String>,
    /// Its `xenc:KeySize`, in bits.
    pub key_bits: Option<u32>,
}

impl Encryption {
    /// The pair an administrator asked for.
    ///
    /// # Errors
    /// [`ChooseError`]: the policy does not permit it; refuse the setting.
    pub fn new(
        data: DataEncryption,
        transport: KeyTransport,
        policy: &AlgorithmPolicy,
    ) -> Result<Self, ChooseError> {
        if !policy.permits_data(data) {
            return Err(ChooseError::Data(data.uri().to_owned()));
        }
        if !policy.permits_transport(transport) {
            return Err(ChooseError::Transport(transport.uri().to_owned()));
        }
        Ok(Self { data, transport })
    }

    /// Picks from what a peer offers, in its order of preference.
    ///
    /// A kind that the peer says nothing about gets the default that every known peer reads:
    /// AES-128-GCM, and RSA-OAEP of 2001 with SHA-1. A cipher without integrity is taken only where
    /// the policy permits it and the peer offers nothing better.
    ///
    /// # Errors
    /// [`ChooseError`]: what the peer offers is all refused. Nothing is sent to it encrypted.
    ///
    /// Spec: saml-metadata-2.0 §2.4.1.1, SAML V2.0 Implementation Profile (IIP-MD, IIP-ALG).
    pub fn choose(
        offered: &[OfferedEncryption],
        policy: &AlgorithmPolicy,
    ) -> Result<Self, ChooseError> {
        let (transports, ciphers): (Vec<_>, Vec<_>) =
            offered.iter().partition(|offer| offer.is_key_transport());

        let usable = |danger: bool| {
            ciphers
                .iter()
                .filter_map(|offer| offer.data())
                .find(|data| data.is_danger() == danger && policy.permits_data(*data))
        };
        let data = if ciphers.is_empty() {
            [DataEncryption::Aes128Gcm, DataEncryption::Aes256Gcm]
                .into_iter()
                .find(|data| policy.permits_data(*data))
        } else {
            usable(false).or_else(|| usable(true))
        };
        let data = data.ok_or_else(|| ChooseError::Data(names(&ciphers)))?;

        let transport = if transports.is_empty() {
            Some(KeyTransport::default())
        } else {
            transports.iter().find_map(|offer| offer.transport(policy))
        };
        let transport = transport
            .filter(|transport| policy.permits_transport(*transport))
            .ok_or_else(|| ChooseError::Transport(names(&transports)))?;
        Ok(Self { data, transport })
    }

    /// The cipher.
    pub const fn data(self) -> DataEncryption {
        self.data
    }

    /// How its key travels.
    pub const fn transport(self) -> KeyTransport {
        self.transport
    }
}

impl OfferedEncryption {
    /// Key transport, key wrap and agreement are told from ciphers by name: an unknown name is a
    /// cipher.
    fn is_key_transport(&self) -> bool {
        let uri = self.algorithm.as_str();
        uri == KeyTransport::MGF1P_URI
            || uri == KeyTransport::OAEP_URI
            || uri.ends_with("#rsa-1_5")
            || uri.contains("#kw-")
            || uri.contains("#dh")
            || uri.ends_with("#ECDH-ES")
    }

    fn data(&self) -> Option<DataEncryption> {
        let data = DataEncryption::from_uri(&self.algorithm)?;
        let bits = data.key_octets() * 8;
        self.key_bits
            .is_none_or(|offered| usize::try_from(offered) == Ok(bits))
            .then_some(data)
    }

    fn transport(&self, policy: &AlgorithmPolicy) -> Option<KeyTransport> {
        KeyTransport::from_uris(&self.algorithm, self.digest.as_deref(), self.mgf.as_deref())
            .filter(|transport| policy.permits_transport(*transport))
    }
}

fn names(offers: &[&OfferedEncryption]) -> String {
    let names: Vec<&str> = offers
        .iter()
        .map(|offer| offer.algorithm.as_str())
        .collect();
    names.join(", ")
}

/// Why something was not encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// The recipient's key is not RSA.
    #[error("only RSA keys can be encrypted to")]
    Key,
    /// The hint has characters that XML cannot carry.
    #[error("the recipient hint cannot be written")]
    Hint,
    /// OpenSSL failed.
    #[error("encryption failed")]
    Failed(#[from] ErrorStack),
}

/// Encrypts one element and returns `xenc:EncryptedData`, with the key inside it, in exclusive
/// canonical form: to be put where the element was, inside EncryptedAssertion or EncryptedID.
///
/// `element` declares every namespace it uses itself, since its reader parses it alone.
/// `recipient_hint` is the entity ID of the reader.
///
/// # Errors
/// [`EncryptError`]: send nothing instead.
///
/// Spec: XML Encryption 1.1 §3, saml-core-2.0 §2.2.4.
pub fn encrypt_element(
    element: &[u8],
    recipient: &PublicKey,
    recipient_hint: Option<&str>,
    encryption: Encryption,
) -> Result<Vec<u8>, EncryptError> {
    let Encryption { data, transport } = encryption;
    let mut content_key = [0; 32];
    let content_key = &mut content_key[..data.key_octets()];
    rand_bytes(content_key)?;
    let sealed_key = seal_key(content_key, recipient, transport)?;
    let sealed = seal(element, content_key, data)?;

    let mut w = Writer::with_capacity(sealed.len() * 4 / 3 + 1600);
    w.start(xenc("EncryptedData")).attr("Type", XENC_ELEMENT);
    w.start(xenc("EncryptionMethod"))
        .attr("Algorithm", data.uri())
        .end();
    w.start(ds("KeyInfo"));
    w.start(xenc("EncryptedKey"))
        .attr_opt("Recipient", recipient_hint);
    w.start(xenc("EncryptionMethod"))
        .attr("Algorithm", transport.uri());
    w.start(ds("DigestMethod"))
        .attr("Algorithm", transport.digest().digest_uri())
        .end();
    if let KeyTransport::Oaep { mgf, .. } = transport {
        w.start(QName::new("xenc11", XENC11, "MGF"))
            .attr("Algorithm", mgf.mgf_uri())
            .end();
    }
    w.end();
    cipher_data(&mut w, &sealed_key);
    w.end().end();
    cipher_data(&mut w, &sealed);
    w.end();
    w.finish().map_err(|_| EncryptError::Hint)
}

const fn xenc(local: &'static str) -> QName {
    QName::new("xenc", XENC, local)
}

const fn ds(local: &'static str) -> QName {
    QName::new("ds", DS, local)
}

fn cipher_data(w: &mut Writer, octets: &[u8]) {
    w.start(xenc("CipherData"))
        .leaf(xenc("CipherValue"), &BASE64.encode(octets))
        .end();
}

fn seal_key(
    content_key: &[u8],
    recipient: &PublicKey,
    transport: KeyTransport,
) -> Result<Vec<u8>, EncryptError> {
    if recipient.kind().family() != KeyFamily::Rsa {
        return Err(EncryptError::Key);
    }
    let mut encrypter = Encrypter::new(recipient.pkey())?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    encrypter.set_rsa_oaep_md(transport.digest().message_digest())?;
    encrypter.set_rsa_mgf1_md(transport.mgf().message_digest())?;
    let mut sealed = vec![0; encrypter.encrypt_len(content_key)?];
    let length = encrypter.encrypt(content_key, &mut sealed)?;
    sealed.truncate(length);
    Ok(sealed)
}

/// Initialisation vector, ciphertext and, for GCM, tag.
fn seal(plaintext: &[u8], key: &[u8], data: DataEncryption) -> Result<Vec<u8>, ErrorStack> {
    let mut sealed = vec![0; data.iv_octets()];
    rand_bytes(&mut sealed)?;
    let ciphertext = if data.is_danger() {
        // PKCS#7 padding is one form of XML Encryption's, which leaves all but the last octet free.
        openssl::symm::encrypt(data.cipher(), key, Some(&sealed), plaintext)?
    } else {
        let mut tag = [0; TAG_OCTETS];
        let mut ciphertext =
            encrypt_aead(data.cipher(), key, Some(&sealed), &[], plaintext, &mut tag)?;
        ciphertext.extend_from_slice(&tag);
        ciphertext
    };
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}
