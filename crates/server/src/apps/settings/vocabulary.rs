//! Words for what is stored as a URI.

use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::SignatureAlgorithm;

use crate::apps::nearest::did_you_mean;

/// What to do about a value that was not taken; may be empty.
pub(super) type Hint = String;

const ALGORITHMS: &[(&str, SignatureAlgorithm)] = &[
    ("rsa-sha256", SignatureAlgorithm::RsaSha256),
    ("rsa-sha384", SignatureAlgorithm::RsaSha384),
    ("rsa-sha512", SignatureAlgorithm::RsaSha512),
    ("ecdsa-sha256", SignatureAlgorithm::EcdsaSha256),
    ("ecdsa-sha384", SignatureAlgorithm::EcdsaSha384),
    ("ecdsa-sha512", SignatureAlgorithm::EcdsaSha512),
];
/// Taken, but never offered in a list.
const DANGER: (&str, SignatureAlgorithm) = ("rsa-sha1", SignatureAlgorithm::DangerRsaSha1);

const NAME_ID_FORMATS: &[(&str, NameIdFormat)] = &[
    ("unspecified", NameIdFormat::Unspecified),
    ("emailAddress", NameIdFormat::EmailAddress),
    ("persistent", NameIdFormat::Persistent),
    ("transient", NameIdFormat::Transient),
];

/// The words for signature algorithms that may be advised.
pub(super) fn algorithm_words() -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().map(|(word, _)| *word)
}

/// The URI of a signature algorithm given as a word or as itself.
pub(super) fn algorithm_uri(value: &str) -> Result<String, Hint> {
    ALGORITHMS
        .iter()
        .chain([&DANGER])
        .find(|(word, algorithm)| *word == value.to_lowercase() || algorithm.uri() == value)
        .map(|(_, algorithm)| algorithm.uri().to_owned())
        .ok_or_else(|| did_you_mean(value, algorithm_words()))
}

/// The word for a signature algorithm, or its URI.
pub fn algorithm_word(uri: &str) -> String {
    ALGORITHMS
        .iter()
        .find(|(_, algorithm)| algorithm.uri() == uri)
        .map_or(uri, |(word, _)| word)
        .to_owned()
}

/// The words for NameID formats.
pub(super) fn format_words() -> impl Iterator<Item = &'static str> {
    NAME_ID_FORMATS.iter().map(|(word, _)| *word)
}

/// The URI of a NameID format given as a word or as itself.
pub(super) fn format_uri(value: &str) -> Result<String, Hint> {
    if let Some((_, format)) = NAME_ID_FORMATS.iter().find(|(word, _)| *word == value) {
        return Ok(format.uri().to_owned());
    }
    if !value.contains(':') {
        return Err(did_you_mean(value, format_words()));
    }
    match NameIdFormat::from_uri(value) {
        NameIdFormat::Encrypted => Err("encryption has a setting of its own".into()),
        NameIdFormat::Entity => Err("that format names servers, not people".into()),
        format => Ok(format.uri().to_owned()),
    }
}

/// The word for a NameID format, or its URI.
pub fn format_word(uri: &str) -> String {
    NAME_ID_FORMATS
        .iter()
        .find(|(_, format)| format.uri() == uri)
        .map_or(uri, |(word, _)| word)
        .to_owned()
}
