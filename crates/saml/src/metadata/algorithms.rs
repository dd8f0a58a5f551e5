//! What may be used towards an SP: its declared algorithms against our policy.
//!
//! When an SP declares algorithms, only those are used; nothing falls back in silence.
//!
//! Spec: sstc-saml-metadata-algsupport §2, saml-metadata-2.0 §2.4.1.1, IIP-MD10.

use super::entity::{Notes, Untidy, trim};
use super::key_descriptor::{EncryptionMethod, SpKey};
use crate::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyFamily, KeyTransport, SignatureAlgorithm,
};
use crate::security::certificate::KeyKind;
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
}

/// Why nothing can be encrypted to an SP. Where encryption is required, fail; never send
/// plaintext instead (AV-RSP-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEncryption {
    /// It publishes no key for encryption.
    #[error("the service provider publishes no encryption key that can be used")]
    NoKey,
    /// It publishes keys, but wants what cannot or must not be used.
    #[error("none of the encryption methods the service provider declares can be used")]
    NoMethod,
}

/// Picks the first key that can be used, and for it the first declared methods that are known and
/// permitted. Without a declaration: AES-128-GCM, which every known SP decrypts, under RSA-OAEP.
///
/// # Errors
/// [`NoEncryption`].
pub fn choose_encryption<'k>(
    keys: &'k [SpKey],
    policy: &AlgorithmPolicy,
) -> Result<EncryptionChoice<'k>, NoEncryption> {
    let mut error = NoEncryption::NoKey;
    for key in keys.iter().filter(|key| key.usage.encrypts()) {
        // A key on a curve would need key agreement, which is not offered.
        if key.public_key.kind().family() != KeyFamily::Rsa {
            continue;
        }
        match (data_for(key, policy), transport_for(key, policy)) {
            (Some(data), Some(transport)) => {
                return Ok(EncryptionChoice {
                    key,
                    data,
                    transport,
                });
            }
            _ => error = NoEncryption::NoMethod,
        }
    }
    Err(error)
}

fn data_for(key: &SpKey, policy: &AlgorithmPolicy) -> Option<DataEncryption> {
    let declared = || key.encryption_methods.iter().filter(|m| !is_transport(m));
    if declared().next().is_none() {
        return [DataEncryption::Aes128Gcm, DataEncryption::Aes256Gcm]
            .into_iter()
            .find(|cipher| policy.permits_data(*cipher));
    }
    declared()
        .filter(|method| !method.unknown_parameters)
        .filter_map(|method| {
            let cipher = DataEncryption::from_uri(&method.algorithm)?;
            let octets = u32::try_from(cipher.key_octets()).ok()?;
            let fits = method.key_bits.is_none_or(|bits| bits == octets * 8);
            fits.then_some(cipher)
        })
        .find(|cipher| policy.permits_data(*cipher))
}

fn transport_for(key: &SpKey, policy: &AlgorithmPolicy) -> Option<KeyTransport> {
    let declared = || key.encryption_methods.iter().filter(|m| is_transport(m));
    if declared().next().is_none() {
        return Some(KeyTransport::default()).filter(|t| policy.permits_transport(*t));
    }
    declared()
        .filter(|method| !method.unknown_parameters)
        .filter(|method| {
            let own = key_bits(key.public_key.kind());
            method.key_bits.is_none_or(|bits| bits == own)
        })
        .filter_map(|m| {
            KeyTransport::from_uris(&m.algorithm, m.digest.as_deref(), m.mgf.as_deref())
        })
        .find(|transport| policy.permits_transport(*transport))
}

/// Whether a method says how the content key travels, known or not.
fn is_transport(method: &EncryptionMethod) -> bool {
    matches!(
        method.algorithm.as_str(),
        KeyTransport::MGF1P_URI
            | KeyTransport::OAEP_URI
            | "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
            | "http://www.w3.org/2009/xmlenc11#ECDH-ES"
            | "http://www.w3.org/2001/04/xmlenc#dh"
            | "http://www.w3.org/2009/xmlenc11#dh-es"
            | "http://www.w3.org/2001/04/xmlenc#kw-tripledes"
            | "http://www.w3.org/2001/04/xmlenc#kw-aes128"
            | "http://www.w3.org/2001/04/xmlenc#kw-aes192"
            | "http://www.w3.org/2001/04/xmlenc#kw-aes256"
    )
}
