//! What may be used towards an SP: its declared algorithms against our policy.
//!
//! When an SP declares algorithms, only those are used; nothing falls back in silence.
//!
//! Spec: sstc-saml-metadata-algsupport §2, saml-metadata-2.0 §2.4.1.1, IIP-MD10.

use super::entity::{Notes, Untidy, trim};
use super::key_descriptor::{EncryptionMethod, KeyUse, SpKey};
use crate::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyFamily, KeyTransport, SignatureAlgorithm,
};
use crate::security::certificate::KeyKind;
use crate::security::encrypt::{Encryption, OfferedEncryption};
use crate::xml::names::ALG;
use crate::xml::reader::Element;

/// The `alg:` extensions, as declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlgorithmSupport {
    /// `alg:DigestMethod` identifiers, in order.
    pub digests: Vec<String>,
    /// `alg:SigningMethod`, in order.
    pub signing: Vec<SigningMethod>,
}

/// An `alg:SigningMethod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningMethod {
    /// The algorithm's identifier.
    pub algorithm: String,
    /// The smallest key it is accepted with, in bits.
    pub min_key_bits: Option<u32>,
    /// The largest key it is accepted with, in bits.
    pub max_key_bits: Option<u32>,
}

impl AlgorithmSupport {
    /// Reads the extensions of one level.
    pub(super) fn read(extensions: Option<&Element>, notes: &mut Notes) -> Self {
        let mut support = Self::default();
        for element in extensions.into_iter().flat_map(Element::elements) {
            if &*element.ns != ALG {
                continue;
            }
            let algorithm = trim(element.attr("Algorithm").unwrap_or(""));
            if algorithm.is_empty() {
                notes.warn(element, Untidy::Incomplete(element.local.to_string()));
                continue;
            }
            let bits = |name| element.attr(name).and_then(|bits| trim(bits).parse().ok());
            match &*element.local {
                "DigestMethod" => support.digests.push(algorithm.to_owned()),
                "SigningMethod" => support.signing.push(SigningMethod {
                    algorithm: algorithm.to_owned(),
                    min_key_bits: bits("MinKeySize"),
                    max_key_bits: bits("MaxKeySize"),
                }),
                _ => notes.ignore(element),
            }
        }
        support
    }

    /// The role's declarations replace the entity's, kind by kind, and are never merged with them.
    pub(super) fn over(self, entity: Self) -> Self {
        Self {
            digests: if self.digests.is_empty() {
                entity.digests
            } else {
                self.digests
            },
            signing: if self.signing.is_empty() {
                entity.signing
            } else {
                self.signing
            },
        }
    }

    /// Whether anything is declared.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty() && self.signing.is_empty()
    }
}

/// Nothing the SP declares can be used: fail, and say so to the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the service provider declares no signature algorithm that its key sizes, our key ({key}) and our policy allow"
)]
pub struct NoCommonSignature {
    /// Our key.
    pub key: KeyKind,
}

/// Picks how to sign for an SP with our key `own`. `preferred` is used when the SP accepts it or
/// says nothing.
///
/// # Errors
/// [`NoCommonSignature`]: signing with anything else would be refused by the SP, or be unsafe.
pub fn choose_signature(
    support: &AlgorithmSupport,
    own: KeyKind,
    preferred: SignatureAlgorithm,
    policy: &AlgorithmPolicy,
) -> Result<SignatureAlgorithm, NoCommonSignature> {
    let allowed = |algorithm: SignatureAlgorithm| {
        algorithm.key_family() == own.family()
            && policy.permits_signature(algorithm)
            && policy.permits_digest(algorithm.digest())
            && (support.digests.is_empty()
                || support
                    .digests
                    .iter()
                    .any(|uri| uri == algorithm.digest().uri()))
    };
    let fits = |method: &SigningMethod| {
        let bits = key_bits(own);
        method.min_key_bits.is_none_or(|min| bits >= min)
            && method.max_key_bits.is_none_or(|max| bits <= max)
    };
    let declared = |algorithm: SignatureAlgorithm| {
        support.signing.is_empty()
            || support
                .signing
                .iter()
                .any(|method| method.algorithm == algorithm.uri() && fits(method))
    };
    if allowed(preferred) && declared(preferred) {
        return Ok(preferred);
    }
    let others: Vec<SignatureAlgorithm> = if support.signing.is_empty() {
        SignatureAlgorithm::ALL.to_vec()
    } else {
        let fitting = support.signing.iter().filter(|method| fits(method));
        fitting
            .filter_map(|method| SignatureAlgorithm::from_uri(&method.algorithm))
            .collect()
    };
    others
        .into_iter()
        .find(|algorithm| allowed(*algorithm))
        .ok_or(NoCommonSignature { key: own })
}

const fn key_bits(kind: KeyKind) -> u32 {
    match kind {
        KeyKind::Rsa { bits } => bits,
        KeyKind::P256 => 256,
        KeyKind::P384 => 384,
        KeyKind::P521 => 521,
    }
}

/// How to encrypt to an SP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptionChoice<'k> {
    /// To which of its keys.
    pub key: &'k SpKey,
    /// The content cipher.
    pub data: DataEncryption,
    /// How the content key travels.
    pub transport: KeyTransport,
    /// Both, for [`encrypt_element`](crate::security::encrypt::encrypt_element).
    pub encryption: Encryption,
}

/// Why nothing can be encrypted to an SP. Where encryption is required, fail; never send
/// plaintext instead (AV-RSP-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEncryption {
    /// It publishes no key for encryption.
    #[error("the service provider publishes no encryption key")]
    NoKey,
    /// It publishes keys, but none that can or may be used.
    #[error(
        "the service provider publishes an encryption key that is too weak, unreadable or of an unknown use"
    )]
    UnusableKey,
    /// It publishes keys, but wants what cannot or must not be used.
    #[error("none of the encryption methods the service provider declares can be used")]
    NoMethod,
}

/// Picks the first key that can be used, and for it the first declared methods that are known and
/// permitted; see [`Encryption::choose`] for what is used where nothing is declared.
///
/// # Errors
/// [`NoEncryption`].
pub fn choose_encryption<'k>(
    keys: &'k [SpKey],
    policy: &AlgorithmPolicy,
) -> Result<EncryptionChoice<'k>, NoEncryption> {
    let mut error = NoEncryption::NoKey;
    for key in keys.iter().filter(|key| key.usage.encrypts()) {
        // A key on a curve would need key agreement, which is not offered. One without a use is
        // no demand for ciphertext: with RSA-OAEP it can only sign, so SPs that sign with ECDSA
        // publish it to that end.
        if key.public_key.kind().family() != KeyFamily::Rsa {
            if key.usage == KeyUse::Encryption {
                error = NoEncryption::NoMethod;
            }
            continue;
        }
        let methods = key.encryption_methods.iter();
        let offers: Vec<OfferedEncryption> = methods.map(|m| offer(m, key)).collect();
        match Encryption::choose(&offers, policy) {
            Ok(encryption) => {
                return Ok(EncryptionChoice {
                    key,
                    data: encryption.data(),
                    transport: encryption.transport(),
                    encryption,
                });
            }
            Err(_) => error = NoEncryption::NoMethod,
        }
    }
    Err(error)
}

/// A declared method as an offer. One with parameters that are not understood, or for a key of
/// another size, stays an offer, so that no default takes its place, but one nobody can take.
fn offer(method: &EncryptionMethod, key: &SpKey) -> OfferedEncryption {
    let rsa =
        method.algorithm == KeyTransport::MGF1P_URI || method.algorithm == KeyTransport::OAEP_URI;
    let other_size = rsa
        && method
            .key_bits
            .is_some_and(|bits| bits != key_bits(key.public_key.kind()));
    let unusable = method.unknown_parameters || other_size;
    OfferedEncryption {
        algorithm: method.algorithm.clone(),
        digest: if unusable {
            Some(String::new())
        } else {
            method.digest.clone()
        },
        mgf: method.mgf.clone(),
        key_bits: if unusable { Some(0) } else { method.key_bits },
    }
}
