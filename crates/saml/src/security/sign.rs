//! Signs what goes out. Nothing is parsed: the document arrives in exclusive canonical form, so its
//! octets are digested as they are, and SignedInfo is written in that form too.
//!
//! Search for `SignedXml {` to see every way a signed document comes to be.
//!
//! Spec: saml-core-2.0 §5.4, XML Signature 1.1 §3.1, Exclusive XML Canonicalization 1.0 §2.

use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::Private;
use openssl::rsa::{Padding, Rsa};

use super::algorithm::{AlgorithmPolicy, KeyFamily, SignatureAlgorithm};
use super::certificate::{Certificate, PrivateKey};
use crate::ids::MessageId;

/// Why something was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key cannot make signatures of that algorithm.
    #[error("{algorithm:?} does not work with a key of this kind")]
    KeyMismatch {
        /// The algorithm asked for.
        algorithm: SignatureAlgorithm,
    },
    /// The policy blocks the algorithm.
    #[error("{algorithm:?} is blocked")]
    Blocked {
        /// The algorithm asked for.
        algorithm: SignatureAlgorithm,
    },
    /// The certificate names another key.
    #[error("the certificate does not hold the public half of the key")]
    CertificateMismatch,
    /// The place for the signature is not between two tags.
    #[error("the signature's place is not between two tags of the document")]
    Place,
    /// The key store or OpenSSL failed.
    #[error("signing failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<ErrorStack> for SignError {
    fn from(error: ErrorStack) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// Holds a signing key, in memory or elsewhere, and names its certificate.
pub trait Signer: Send + Sync {
    /// The algorithm of every signature it makes.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The certificate that its peers know it by.
    fn certificate(&self) -> &Certificate;

    /// [`Certificate::base64`] of it, computed once.
    fn certificate_base64(&self) -> &str;

    /// Signs `octets`, hashing them itself. The result has the form XML Signature gives it: for
    /// ECDSA `r` and `s` at fixed length (XML Signature 1.1 §6.4.3), not DER.
    ///
    /// # Errors
    /// [`SignError::Failed`]: ours to log; the peer learns nothing.
    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// A signer whose key lies in this process's memory.
pub struct KeySigner {
    key: Held,
    certificate: Certificate,
    certificate_base64: String,
    algorithm: SignatureAlgorithm,
}

/// The key as OpenSSL's own operations take it. Its general interface looks up algorithm and key
/// by name and copies both for each signature, which costs a fortieth of one with RSA and a third
/// of one with P-256.
enum Held {
    Rsa(Rsa<Private>),
    Ec {
        key: EcKey<Private>,
        /// Octets of `r` and of `s`.
        half: i32,
    },
}

impl Held {
    fn new(key: &PrivateKey) -> Result<Self, ErrorStack> {
        Ok(match key.kind().family() {
            KeyFamily::Rsa => Self::Rsa(key.pkey().rsa()?),
            KeyFamily::Ec => {
                let half = key.kind().signature_octets() / 2;
                Self::Ec {
                    key: key.pkey().ec_key()?,
                    half: i32::try_from(half).expect("half an EC signature has 32 to 66 octets"),
                }
            }
        })
    }
}

impl KeySigner {
    /// A signer of `algorithm`, which `policy` must permit.
    ///
    /// # Errors
    /// [`SignError::KeyMismatch`], [`SignError::Blocked`], [`SignError::CertificateMismatch`]: the
    /// configuration that asked for this is wrong.
    pub fn new(
        key: PrivateKey,
        certificate: Certificate,
        algorithm: SignatureAlgorithm,
        policy: &AlgorithmPolicy,
    ) -> Result<Self, SignError> {
        if algorithm.key_family() != key.kind().family() {
            return Err(SignError::KeyMismatch { algorithm });
        }
        if !policy.permits_signature(algorithm) || !policy.permits_digest(algorithm.digest()) {
            return Err(SignError::Blocked { algorithm });
        }
        if certificate.public_key().ok() != Some(key.public()) {
            return Err(SignError::CertificateMismatch);
        }
        Ok(Self {
            key: Held::new(&key)?,
            certificate_base64: certificate.base64(),
            certificate,
            algorithm,
        })
    }
}

impl Signer for KeySigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    fn certificate_base64(&self) -> &str {
        &self.certificate_base64
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, SignError> {
        let digest = self.algorithm.digest().of(octets);
        match &self.key {
            Held::Rsa(key) => {
                let info = [self.algorithm.digest().digest_info(), &digest].concat();
                let mut signature = vec![0; key.size() as usize];
                key.private_encrypt(&info, &mut signature, Padding::PKCS1)?;
                Ok(signature)
            }
            Held::Ec { key, half } => {
                let parts = EcdsaSig::sign(&digest, key)?;
                let mut raw = parts.r().to_vec_padded(*half)?;
                raw.extend_from_slice(&parts.s().to_vec_padded(*half)?);
                Ok(raw)
            }
        }
    }
}

/// A document ready to be signed, named by what it is (`T`).
///
/// Its octets are their own exclusive canonical form, as [`crate::xml::writer`] makes them.
pub struct Unsigned<T> {
    xml: Vec<u8>,
    insert_at: usize,
    id: MessageId,
    what: PhantomData<fn() -> T>,
}

impl<T> Unsigned<T> {
    /// `id` is the root's `ID`. `insert_at` is the offset where the Signature goes: right after
    /// Issuer in messages and assertions, first in the root of metadata.
    pub fn new(xml: Vec<u8>, insert_at: usize, id: MessageId) -> Self {
        Self {
            xml,
            insert_at,
            id,
            what: PhantomData,
        }
    }

    /// The octets as they are without a signature.
    pub fn as_bytes(&self) -> &[u8] {
        &self.xml
    }

    /// The octets as they are without a signature.
    pub fn into_bytes(self) -> Vec<u8> {
        self.xml
    }

    /// The root's `ID`.
    pub fn id(&self) -> &MessageId {
        &self.id
    }
}

/// A signed document, made by [`sign_enveloped`] and nowhere else. In exclusive canonical form.
pub struct SignedXml<T> {
    xml: Vec<u8>,
    what: PhantomData<fn() -> T>,
}

impl<T> SignedXml<T> {
    /// The octets to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.xml
    }

    /// The octets to send.
    pub fn into_bytes(self) -> Vec<u8> {
        self.xml
    }
}

/// Signs a document with an enveloped signature over its root, whose KeyInfo holds the signer's
/// certificate.
///
/// # Errors
/// [`SignError::Place`] is a bug of the caller; the others come from the signer.
///
/// Spec: saml-core-2.0 §5.4.
pub fn sign_enveloped<T>(
    unsigned: Unsigned<T>,
    signer: &dyn Signer,
) -> Result<SignedXml<T>, SignError> {
    let Unsigned {
        xml, insert_at, id, ..
    } = unsigned;
    let (before, after) = xml.split_at_checked(insert_at).ok_or(SignError::Place)?;
    if before.last() != Some(&b'>') || after.first() != Some(&b'<') {
        return Err(SignError::Place);
    }

    let algorithm = signer.algorithm();
    let digest = algorithm.digest().of(&xml);
    let signed_info = signed_info(algorithm, id.as_str(), &digest);
    let signature = signer.sign(&signed_info)?;
    let certificate = signer.certificate_base64();

    let mut out = Vec::with_capacity(
        xml.len() + signed_info.len() + signature.len() * 4 / 3 + certificate.len() + 320,
    );
    out.extend_from_slice(before);
    out.extend_from_slice(SIGNATURE_OPEN);
    // Inside Signature, which declares the prefix, the canonical SignedInfo carries no declaration.
    out.extend_from_slice(b"<ds:SignedInfo>");
    out.extend_from_slice(&signed_info[SIGNED_INFO_OPEN.len()..]);
    out.extend_from_slice(b"<ds:SignatureValue>");
    push_base64(&mut out, &signature);
    out.extend_from_slice(b"</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
    out.extend_from_slice(certificate.as_bytes());
    out.extend_from_slice(b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
    out.extend_from_slice(after);
    Ok(SignedXml {
        xml: out,
        what: PhantomData,
    })
}

/// Signs octets that are no document: the query of the Redirect binding. The algorithm's identifier
/// is part of those octets already, as `SigAlg`.
///
/// # Errors
/// As the signer's.
///
/// Spec: saml-bindings-2.0 §3.4.4.1.
pub fn sign_octets(octets: &[u8], signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
    signer.sign(octets)
}

const SIGNATURE_OPEN: &[u8] = br#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">"#;
const SIGNED_INFO_OPEN: &[u8] = br#"<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">"#;

/// SignedInfo as its own canonical form: apart from its parent it declares the prefix itself.
fn signed_info(algorithm: SignatureAlgorithm, id: &str, digest: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(900 + id.len());
    let parts: [&[u8]; 8] = [
        SIGNED_INFO_OPEN,
        br#"<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=""#,
        algorithm.uri().as_bytes(),
        br##""></ds:SignatureMethod><ds:Reference URI="#"##,
        id.as_bytes(),
        br#""><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=""#,
        algorithm.digest().uri().as_bytes(),
        br#""></ds:DigestMethod><ds:DigestValue>"#,
    ];
    for part in parts {
        out.extend_from_slice(part);
    }
    push_base64(&mut out, digest);
    out.extend_from_slice(b"</ds:DigestValue></ds:Reference></ds:SignedInfo>");
    out
}

fn push_base64(out: &mut Vec<u8>, octets: &[u8]) {
    let start = out.len();
    out.resize(start + octets.len().div_ceil(3) * 4, 0);
    BASE64
        .encode_slice(octets, &mut out[start..])
        .expect("four characters for each three octets begun hold the base64 form");
}
