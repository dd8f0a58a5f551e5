//! `[keys]`: the master key, and what kind of signing key is made on first run.

use std::path::{Path, PathBuf};

use avouch_saml::security::certificate::KeyKind;

use super::reader::Section;
use super::secret::Secret;

/// `[keys]`.
#[derive(Clone)]
pub struct Keys {
    /// The master key, base64 or hex of 32 bytes, when it is given rather than kept in a file.
    pub master: Option<Secret>,
    /// The file of the master key, made on first run.
    pub master_file: PathBuf,
    /// The kind of a signing key made on first run.
    pub algorithm: KeyKind,
    /// Sign metadata with a key of its own.
    pub separate_metadata_key: bool,
    /// How long a self-signed certificate says it is valid, in days.
    pub certificate_days: i64,
}

/// The kinds of key Avouch makes, with their words; the first is the default.
pub const KEY_KINDS: [(&str, KeyKind); 5] = [
    ("rsa-3072", KeyKind::Rsa { bits: 3072 }),
    ("rsa-2048", KeyKind::Rsa { bits: 2048 }),
    ("rsa-4096", KeyKind::Rsa { bits: 4096 }),
    ("ec-p256", KeyKind::P256),
    ("ec-p384", KeyKind::P384),
];

impl Keys {
    pub(super) fn read(s: &mut Section<'_, '_>, data_dir: &Path) -> Self {
        Self {
            master: s.secret("master"),
            master_file: s
                .optional_text("master_file")
                .map_or_else(|| data_dir.join("master.key"), PathBuf::from),
            algorithm: s.choice("algorithm", &KEY_KINDS),
            separate_metadata_key: s.flag("separate_metadata_key", false),
            certificate_days: s.number("certificate_days", 3650, 1..=10_950),
        }
    }
}
