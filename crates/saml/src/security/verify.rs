//! Decides whether a message is authentic, and hands on only what was covered.
//!
//! Search for `VerifiedXml {` and `Verified {` to see every way such a value comes to be.
//!
//! Spec: saml-core-2.0 §5.4, saml-bindings-2.0 §3.4.4.1.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::PKeyRef;

use super::algorithm::{AlgorithmPolicy, DigestAlgorithm, KeyFamily, SignatureAlgorithm};
use super::certificate::PublicKey;
pub use super::verify_error::VerifyError;
use super::xmlsec::{self, Document, Outcome};
use super::{enveloped, prescan};
use crate::ids::EntityId;
use crate::xml::limits::Limits;
use crate::xml::names::{DS, SAML};
use crate::xml::reader::{self, Element, XmlError, XmlErrorKind};

/// A document whose signature was verified: only the octets that it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedXml {
    bytes: Vec<u8>,
    signed_by: SignedBy,
}

impl VerifiedXml {
    /// The root in exclusive canonical form without its signature: exactly the octets digested.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which of the given keys made the signature.
    pub const fn key_index(&self) -> usize {
        self.signed_by.key_index
    }

    /// How it was signed.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.signed_by.algorithm
    }
}

/// Verifies the signature over the root of `xml` with one of `keys`, whatever KeyInfo says.
///
/// # Errors
/// [`VerifyError`]. Nothing of the document may be used.
///
/// Spec: saml-core-2.0 §5.4.
pub fn verify_enveloped(
    xml: &[u8],
    keys: &[PublicKey],
    policy: &AlgorithmPolicy,
    limits: &Limits,
) -> Result<VerifiedXml, VerifyError> {
    let xml = prescan::scan(xml, limits)?;
    let document = Document::parse(xml).ok_or_else(|| malformed(xml, limits))?;
    let found = enveloped::check(&document, policy)?;

    let mut failure = VerifyError::NoKey;
    let mut signed_info = None;
    for (key_index, key) in keys.iter().enumerate() {
        if key.kind().family() != found.algorithm.key_family() {
            continue;
        }
        // Whatever xmlsec makes of values of other lengths, halves of r and s have one.
        if key.kind().signature_octets() != found.value.len() {
            failure = VerifyError::OtherKey;
            continue;
        }
        // Canonicalizing a whole document can be made to cost hundreds of times what reading it does.
        // SignedInfo is small and says whose signature this is, so nobody else gets that far; xmlsec
        // looks at both once more.
        if signed_info.is_none() {
            let octets = xmlsec::signed_info_octets(
                found.root,
                found.signature,
                found.signed_info,
                found.canonicalization,
            );
            signed_info = Some(octets.ok_or(VerifyError::Canonical)?);
        }
        let by_key = signed_info
            .as_deref()
            .is_some_and(|octets| is_made_by(key, found.algorithm, octets, &found.value));
        if !by_key {
            failure = VerifyError::OtherKey;
            continue;
        }
        match xmlsec::verify(found.signature, key, found.algorithm, found.digest) {
            Outcome::Valid(bytes) => {
                let name = found.root.qualified_name();
                if !starts_with_element(&bytes, &name) {
                    return Err(VerifyError::Canonical);
                }
                let signed_by = SignedBy {
                    key_index,
                    algorithm: found.algorithm,
                    digest: found.digest,
                };
                return Ok(VerifiedXml { bytes, signed_by });
            }
            Outcome::Changed => return Err(VerifyError::Changed),
            Outcome::OtherKey => failure = VerifyError::OtherKey,
            Outcome::Failed => return Err(VerifyError::Canonical),
        }
    }
    Err(failure)
}

/// The reader says what is wrong, and where, in words of this crate.
fn malformed(xml: &[u8], limits: &Limits) -> VerifyError {
    let error = reader::parse(xml, limits)
        .err()
        .unwrap_or_else(|| XmlError {
            line: 1,
            kind: XmlErrorKind::Malformed("libxml2 does not read it".to_owned()),
        });
    VerifyError::Xml(error)
}

fn starts_with_element(bytes: &[u8], name: &str) -> bool {
    bytes
        .strip_prefix(b"<")
        .and_then(|rest| rest.strip_prefix(name.as_bytes()))
        .is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'>')))
}

/// Which key made a signature, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedBy {
    /// Index among the given keys.
    pub key_index: usize,
    /// How it was signed.
    pub algorithm: SignatureAlgorithm,
    /// How what was signed was digested: apart from the algorithm in a document, where the
    /// Reference has a digest of its own.
    pub digest: DigestAlgorithm,
}

impl SignedBy {
    /// Whether SHA-1 had any part in it.
    pub const fn is_danger(self) -> bool {
        self.algorithm.is_danger() || self.digest.is_danger()
    }
}

impl std::fmt::Display for SignedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.algorithm.uri())?;
        if self.digest != self.algorithm.digest() {
            write!(f, " over a digest by {}", self.digest.uri())?;
        }
        Ok(())
    }
}

/// Verifies a signature over `signed` octets, as the Redirect binding has it: `algorithm_uri` is
/// the decoded `SigAlg` and `signature` the decoded `Signature`.
///
/// # Errors
/// [`VerifyError::SignatureAlgorithm`], [`VerifyError::NoKey`], [`VerifyError::OtherKey`].
///
/// Spec: saml-bindings-2.0 §3.4.4.1.
pub fn verify_octets(
    signed: &[u8],
    algorithm_uri: &str,
    signature: &[u8],
    keys: &[PublicKey],
    policy: &AlgorithmPolicy,
) -> Result<SignedBy, VerifyError> {
    let algorithm = SignatureAlgorithm::from_uri(algorithm_uri)
        .filter(|known| policy.permits_signature(*known) && policy.permits_digest(known.digest()))
        .ok_or_else(|| VerifyError::SignatureAlgorithm(algorithm_uri.to_owned()))?;
    let mut failure = VerifyError::NoKey;
    for (key_index, key) in keys.iter().enumerate() {
        if key.kind().family() != algorithm.key_family() {
            continue;
        }
        failure = VerifyError::OtherKey;
        if key.kind().signature_octets() == signature.len()
            && is_made_by(key, algorithm, signed, signature)
        {
            return Ok(SignedBy {
                key_index,
                algorithm,
                digest: algorithm.digest(),
            });
        }
    }
    Err(failure)
}

/// Whether `signature`, of the length that the key's have, is one over `signed`.
fn is_made_by(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    signed: &[u8],
    signature: &[u8],
) -> bool {
    let made = made_by(key, algorithm, signed, signature);
    // What OpenSSL says of a bad one stays on the thread's queue, where a TLS connection would find it.
    drop(ErrorStack::get());
    made.unwrap_or(false)
}

fn made_by(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    signed: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let pkey: &PKeyRef<_> = key.pkey();
    let digest = algorithm.digest().message_digest();
    let mut verifier = openssl::sign::Verifier::new(digest, pkey)?;
    match algorithm.key_family() {
        KeyFamily::Rsa => verifier.verify_oneshot(signature, signed),
        KeyFamily::Ec => {
            let (r, s) = signature.split_at(signature.len() / 2);
            let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
            let der = EcdsaSig::from_private_components(r, s)?.to_der()?;
            verifier.verify_oneshot(&der, signed)
        }
    }
}

/// A kind of message that can be received.
pub trait Received: Sized {
    /// Reads the message from its root element.
    ///
    /// # Errors
    /// [`XmlError`]: it is not this kind of message, or not a valid one.
    fn from_element(root: &Element) -> Result<Self, XmlError>;

    /// Who sent it, by its own word.
    fn issuer(&self) -> Option<&EntityId>;
}

/// Whose signatures count, made how, and whether one is needed.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The sender's signing keys, from its registered metadata.
    pub keys: Vec<PublicKey>,
    /// The algorithms accepted from it.
    pub policy: AlgorithmPolicy,
    /// Whether an unsigned message is refused.
    pub require_signature: bool,
}

/// How sure it is that the message came from its issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticity {
    /// Signed with one of the issuer's keys.
    Signed(SignedBy),
    /// Not signed; the settings say that this is enough.
    Unsigned,
}

/// Where the signature of a received message is looked for.
enum Carrier {
    /// In the document, if at all.
    Document,
    /// In the query, over its octets as received. A `ds:Signature` in the document never counts
    /// (saml-bindings-2.0 §3.4.4.1).
    Query(Option<QuerySignature>),
}

/// The signature of a Redirect message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySignature {
    /// The octets signed, as received: `SAMLRequest=…&RelayState=…&SigAlg=…`.
    pub signed: Vec<u8>,
    /// `SigAlg`, decoded.
    pub algorithm_uri: String,
    /// `Signature`, decoded from the query and from base64.
    pub value: Vec<u8>,
}

/// A message as it came in. It shows only who it claims to be from, which is needed to find the
/// keys that can tell.
pub struct Unverified<T> {
    octets: Vec<u8>,
    // What the octets read as: the message itself where the signature is not in the document.
    root: Element,
    limits: Limits,
    claimed_issuer: EntityId,
    has_signature: bool,
    carrier: Carrier,
    kind: std::marker::PhantomData<fn() -> T>,
}

impl<T: Received> Unverified<T> {
    /// A message received as a document (HTTP-POST).
    ///
    /// # Errors
    /// [`VerifyError::Xml`]: unreadable, or without a usable Issuer.
    pub fn from_document(octets: Vec<u8>, limits: &Limits) -> Result<Self, VerifyError> {
        Self::new(octets, limits, Carrier::Document)
    }

    /// A message received in a query (HTTP-Redirect), inflated.
    ///
    /// # Errors
    /// As for [`Unverified::from_document`].
    pub fn from_query(
        octets: Vec<u8>,
        signature: Option<QuerySignature>,
        limits: &Limits,
    ) -> Result<Self, VerifyError> {
        Self::new(octets, limits, Carrier::Query(signature))
    }

    fn new(octets: Vec<u8>, limits: &Limits, carrier: Carrier) -> Result<Self, VerifyError> {
        let root = reader::parse(&octets, limits)?;
        let unusable = || root.error(XmlErrorKind::Malformed("no usable Issuer".to_owned()));
        let issuer = root.only(SAML, "Issuer")?.ok_or_else(unusable)?;
        let claimed_issuer = EntityId::read(issuer.text()?).map_err(|_| unusable())?;
        let has_signature = root.first(DS, "Signature").is_some();
        Ok(Self {
            octets,
            root,
            limits: *limits,
            claimed_issuer,
            has_signature,
            carrier,
            kind: std::marker::PhantomData,
        })
    }

    /// Who the message says it is from. Nobody has checked.
    pub fn claimed_issuer(&self) -> &EntityId {
        &self.claimed_issuer
    }

    /// The document as received, to be shown to a developer and never read by a program.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Whether the message carries a signature of its binding, good or bad.
    pub fn has_signature(&self) -> bool {
        match &self.carrier {
            Carrier::Document => self.has_signature,
            Carrier::Query(signature) => signature.is_some(),
        }
    }

    /// The algorithm that the signature of its binding says it was made with, for whoever has to
    /// find out why it does not hold. Nobody has checked.
    pub fn claimed_algorithm(&self) -> Option<&str> {
        match &self.carrier {
            Carrier::Document => self
                .root
                .first(DS, "Signature")?
                .first(DS, "SignedInfo")?
                .first(DS, "SignatureMethod")?
                .attr("Algorithm"),
            Carrier::Query(signature) => signature.as_ref().map(|s| s.algorithm_uri.as_str()),
        }
    }

    /// Whether a signature stands inside a document that came by HTTP-Redirect, which signs its query.
    pub fn has_misplaced_signature(&self) -> bool {
        matches!(self.carrier, Carrier::Query(_)) && self.has_signature
    }

    /// The same message as if it had come without a signature: for a sender whose signatures count for
    /// nothing, by decision of whoever administers it.
    #[must_use]
    pub fn without_signature(self) -> Self {
        Self {
            has_signature: false,
            carrier: match self.carrier {
                Carrier::Document => Carrier::Document,
                Carrier::Query(_) => Carrier::Query(None),
            },
            ..self
        }
    }

    /// Verifies the signature and reads the message from the octets it covers. A signature that is
    /// there must hold, needed or not. Without one, the settings decide.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn verify(self, trust: &Trust) -> Result<Verified<T>, VerifyError> {
        let (root, authenticity) = match &self.carrier {
            Carrier::Document if self.has_signature => {
                let Trust { keys, policy, .. } = trust;
                let verified = verify_enveloped(&self.octets, keys, policy, &self.limits)?;
                let root = reader::parse(&verified.bytes, &self.limits)?;
                (root, Authenticity::Signed(verified.signed_by))
            }
            Carrier::Query(Some(signature)) => {
                let QuerySignature {
                    signed,
                    algorithm_uri,
                    value,
                } = signature;
                let signed_by =
                    verify_octets(signed, algorithm_uri, value, &trust.keys, &trust.policy)?;
                (self.root, Authenticity::Signed(signed_by))
            }
            Carrier::Document | Carrier::Query(None) if trust.require_signature => {
                return Err(VerifyError::NotSigned);
            }
            Carrier::Document | Carrier::Query(None) => (self.root, Authenticity::Unsigned),
        };
        let message = T::from_element(&root)?;
        if message.issuer() != Some(&self.claimed_issuer) {
            return Err(VerifyError::Issuer);
        }
        Ok(Verified {
            message,
            authenticity,
        })
    }
}

/// A message read from the octets that its signature covers, or from an unsigned one where the
/// settings allow that. Its issuer is the one whose keys were used.
#[derive(Debug, Clone)]
pub struct Verified<T> {
    message: T,
    authenticity: Authenticity,
}

impl<T> Verified<T> {
    /// Whether a signature proved it.
    pub const fn authenticity(&self) -> Authenticity {
        self.authenticity
    }

    /// The message itself.
    pub fn into_message(self) -> T {
        self.message
    }

    /// A part of the message, as authentic as the whole.
    pub(crate) fn map<U>(self, part: impl FnOnce(T) -> U) -> Verified<U> {
        Verified {
            message: part(self.message),
            authenticity: self.authenticity,
        }
    }
}

impl<T> std::ops::Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.message
    }
}
