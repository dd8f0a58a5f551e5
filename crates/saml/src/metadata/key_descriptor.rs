//! KeyDescriptor: an SP's keys. Certificates are containers; nothing of them but the key counts.
//!
//! Spec: saml-metadata-2.0 §2.4.1.1 with errata E62, Metadata Interoperability Profile §2.5, §2.6.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::entity::{Fault, MetadataError, Notes, Untidy, has_content, shorten, trim};
use crate::security::certificate::{Certificate, PublicKey};
use crate::xml::names::{DS, DSIG11, MD, XENC, XENC11};
use crate::xml::reader::{Element, Node, XmlError};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Verifying what the SP signs.
    Signing,
    /// Encrypting to the SP.
    Encryption,
    /// Both: a KeyDescriptor without `use` (SAML errata E62).
    Both,
}

impl KeyUse {
    /// Whether signatures may be verified with it.
    pub const fn signs(self) -> bool {
        matches!(self, Self::Signing | Self::Both)
    }

    /// Whether content may be encrypted to it.
    pub const fn encrypts(self) -> bool {
        matches!(self, Self::Encryption | Self::Both)
    }
}

/// A key of an SP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpKey {
    /// What it is for.
    pub usage: KeyUse,
    /// The key.
    pub public_key: PublicKey,
    /// The certificate it came in, for display; `None` for a bare KeyValue.
    pub certificate: Option<Certificate>,
    /// How to encrypt to it, most wanted first; empty when the SP does not say.
    pub encryption_methods: Vec<EncryptionMethod>,
}

/// An `md:EncryptionMethod`, as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionMethod {
    /// The algorithm's identifier.
    pub algorithm: String,
    /// `xenc:KeySize` in bits.
    pub key_bits: Option<u32>,
    /// `ds:DigestMethod` of RSA-OAEP.
    pub digest: Option<String>,
    /// `xenc11:MGF` of RSA-OAEP.
    pub mgf: Option<String>,
    /// Whether it carries OAEPparams or anything else that would have to be honoured and is not
    /// known here, so that it cannot be used.
    pub unknown_parameters: bool,
}

impl EncryptionMethod {
    /// A method without parameters.
    pub fn plain(algorithm: &str) -> Self {
        Self {
            algorithm: algorithm.to_owned(),
            key_bits: None,
            digest: None,
            mgf: None,
            unknown_parameters: false,
        }
    }
}

/// The most keys a role is taken to have: a forged message costs one digest for each.
const MOST_KEYS: usize = 100;

/// The keys of a role.
#[derive(Default)]
pub(super) struct Keys {
    /// Those that can be used, in order.
    pub(super) usable: Vec<SpKey>,
    /// One was left out that was not for signing alone.
    pub(super) unusable_encryption: bool,
}

/// Reads the KeyDescriptors of a role. A key that is too weak or unreadable is left out with a
/// warning; one stated twice and differently refuses the entity.
pub(super) fn read_keys<'e>(
    descriptors: impl Iterator<Item = &'e Element>,
    notes: &mut Notes,
) -> Result<Keys, MetadataError> {
    let mut keys = Keys::default();
    for descriptor in descriptors {
        if keys.usable.len() >= MOST_KEYS {
            let reason = format!("{MOST_KEYS} keys come before it, the most a role may have");
            notes.warn(descriptor, Untidy::KeyDropped(reason));
            break;
        }
        let usage = match descriptor.attr("use").map(trim) {
            None => KeyUse::Both,
            // An empty optional attribute is as good as none.
            Some("") => {
                notes.warn(descriptor, Untidy::Incomplete("use".to_owned()));
                KeyUse::Both
            }
            Some("signing") => KeyUse::Signing,
            Some("encryption") => KeyUse::Encryption,
            Some(other) => {
                let reason = format!("its use is {:?}", shorten(other));
                notes.warn(descriptor, Untidy::KeyDropped(reason));
                // It may be a misspelt "encryption".
                keys.unusable_encryption = true;
                continue;
            }
        };
        let mut methods = Vec::new();
        for element in descriptor.all(MD, "EncryptionMethod") {
            methods.extend(read_method(element, notes));
        }
        let mut found = Vec::new();
        for info in descriptor.all(DS, "KeyInfo") {
            found.extend(read_key_info(info, notes)?);
        }
        keys.unusable_encryption |= found.is_empty() && usage.encrypts();
        if found.len() > 1 {
            notes.warn(descriptor, Untidy::SeveralKeys(found.len()));
        }
        keys.usable
            .extend(found.into_iter().map(|(public_key, certificate)| SpKey {
                usage,
                public_key,
                certificate,
                encryption_methods: methods.clone(),
            }));
    }
    keys.usable.truncate(MOST_KEYS);
    Ok(keys)
}

type FoundKey = (PublicKey, Option<Certificate>);

fn read_key_info(info: &Element, notes: &mut Notes) -> Result<Vec<FoundKey>, MetadataError> {
    let mut found: Vec<FoundKey> = Vec::new();
    let mut unusable = None;
    for data in info.all(DS, "X509Data") {
        let mut certificates = data.all(DS, "X509Certificate").filter(|c| has_content(c));
        let Some(first) = certificates.next() else {
            continue;
        };
        if certificates.next().is_some() {
            notes.warn(data, Untidy::CertificateChain);
        }
        let text = text_between_comments(first)?;
        if first.children.len() > 1 {
            notes.warn(first, Untidy::Around("the certificate"));
        }
        let read = Certificate::from_base64(text).map_err(|e| e.to_string());
        match read.and_then(|c| c.public_key().map(|k| (k, c)).map_err(|e| e.to_string())) {
            Ok((key, certificate)) => {
                if !found.iter().any(|(known, _)| *known == key) {
                    found.push((key, Some(certificate)));
                }
            }
            Err(reason) => unusable = Some((first, reason)),
        }
    }
    for value in info.all(DS, "KeyValue") {
        match read_key_value(value) {
            Ok(key) => {
                if found.is_empty() {
                    found.push((key, None));
                } else if found.iter().any(|(known, _)| *known != key) {
                    return Err(MetadataError::new(value, Fault::KeyMismatch));
                }
            }
            Err(reason) => unusable = Some((value, reason)),
        }
    }
    match (found.is_empty(), unusable) {
        (_, Some((at, reason))) => notes.warn(at, Untidy::KeyDropped(reason)),
        // KeyName, RetrievalMethod and the rest are hints and never fetched or trusted.
        (true, None) => notes.warn(
            info,
            Untidy::KeyDropped("it has neither a certificate nor a key value".to_owned()),
        ),
        (false, None) => {}
    }
    Ok(found)
}

/// The one run of text in `element`. A comment before or behind it is passed over; one inside would let
/// two readers see two keys.
fn text_between_comments(element: &Element) -> Result<&str, XmlError> {
    let mut runs = element.children.iter().filter_map(|node| match node {
        Node::Text(text) if !trim(text).is_empty() => Some(text.as_str()),
        _ => None,
    });
    match (runs.next(), runs.next(), element.elements().next()) {
        (Some(text), None, None) => Ok(text),
        _ => element.text(),
    }
}

fn read_key_value(value: &Element) -> Result<PublicKey, String> {
    if let Some(rsa) = value.first(DS, "RSAKeyValue") {
        let number = |name| {
            let element = rsa.first(DS, name).ok_or("an RSA number is missing")?;
            decode(element)
        };
        return PublicKey::from_rsa_numbers(&number("Modulus")?, &number("Exponent")?)
            .map_err(|e| e.to_string());
    }
    if let Some(ec) = value.first(DSIG11, "ECKeyValue") {
        let curve = ec.first(DSIG11, "NamedCurve").and_then(|c| c.attr("URI"));
        let curve = curve.ok_or("only a named curve is read")?;
        let point = ec
            .first(DSIG11, "PublicKey")
            .ok_or("the point is missing")?;
        return PublicKey::from_ec_point(curve, &decode(point)?).map_err(|e| e.to_string());
    }
    Err("a key value that is neither RSA nor on a named curve".to_owned())
}

fn decode(element: &Element) -> Result<Vec<u8>, String> {
    let text = element.text().map_err(|e| e.kind.to_string())?;
    let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64
        .decode(packed)
        .map_err(|_| "a key value is not base64".to_owned())
}

fn read_method(element: &Element, notes: &mut Notes) -> Option<EncryptionMethod> {
    let algorithm = trim(element.attr("Algorithm").unwrap_or(""));
    if algorithm.is_empty() {
        notes.warn(element, Untidy::Incomplete("EncryptionMethod".to_owned()));
        return None;
    }
    let mut method = EncryptionMethod::plain(algorithm);
    for child in element.elements() {
        if child.is(XENC, "KeySize") {
            let bits = child.text().ok().and_then(|text| trim(text).parse().ok());
            method.unknown_parameters |= bits.is_none();
            method.key_bits = bits;
        } else if child.is(DS, "DigestMethod") {
            method.digest = child.attr("Algorithm").map(|uri| trim(uri).to_owned());
        } else if child.is(XENC11, "MGF") {
            method.mgf = child.attr("Algorithm").map(|uri| trim(uri).to_owned());
        } else {
            method.unknown_parameters = true;
        }
    }
    Some(method)
}
