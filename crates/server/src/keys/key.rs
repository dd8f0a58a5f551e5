//! A signing key: its row, decrypted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::certificate::{Certificate, KeyKind, PrivateKey};
use avouch_saml::security::sign::{KeySigner, SignError};
use avouch_saml::time::Timestamp;

use crate::config::keys::KEY_KINDS;
use crate::text_id;

text_id!(
    /// The row of a signing key.
    KeyId
);

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Messages; and metadata, while no key is made for that.
    Signing,
    /// Metadata only.
    Metadata,
}

impl KeyPurpose {
    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Metadata => "metadata",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Signing, Self::Metadata]
            .into_iter()
            .find(|p| p.as_str() == word)
    }
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// Signs, and is published.
    Active,
    /// Published, so that service providers know it before it signs.
    Next,
    /// Published still, for what it signed, and signs no more.
    Previous,
    /// Gone from metadata.
    Retired,
}

impl KeyState {
    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Next => "next",
            Self::Previous => "previous",
            Self::Retired => "retired",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Next, Self::Previous, Self::Retired]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// The word of a kind of key: `rsa-3072`, `ec-p256`.
pub fn kind_word(kind: KeyKind) -> String {
    KEY_KINDS
        .iter()
        .find(|(_, known)| *known == kind)
        .map_or_else(|| kind.to_string(), |(word, _)| (*word).to_owned())
}

/// The kind of a word.
pub fn parse_kind(word: &str) -> Option<KeyKind> {
    KEY_KINDS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, kind)| *kind)
}

/// A signing key. It has no `Debug`: it holds its private half.
pub struct Key {
    /// Row.
    pub id: KeyId,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// Where it is in its life.
    pub state: KeyState,
    /// What service providers know it by.
    pub certificate: Certificate,
    /// When it was made.
    pub created_at: Timestamp,
    private: PrivateKey,
    signers: Mutex<HashMap<SignatureAlgorithm, Arc<KeySigner>>>,
}

impl Key {
    pub(super) fn new(
        id: KeyId,
        purpose: KeyPurpose,
        state: KeyState,
        certificate: Certificate,
        private: PrivateKey,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            purpose,
            state,
            certificate,
            created_at,
            private,
            signers: Mutex::default(),
        }
    }

    /// Its kind and size.
    pub fn kind(&self) -> KeyKind {
        self.private.kind()
    }

    pub(super) fn private(&self) -> &PrivateKey {
        &self.private
    }

    /// A signer with this key, made once an algorithm and shared by all requests.
    ///
    /// # Errors
    /// [`SignError`]: `policy` does not permit `algorithm`, or the key cannot make it.
    pub fn signer(
        &self,
        algorithm: SignatureAlgorithm,
        policy: &AlgorithmPolicy,
    ) -> Result<Arc<KeySigner>, SignError> {
        // Asked each time: policies differ by app, and the signers made are shared by all.
        if !policy.permits_signature(algorithm) || !policy.permits_digest(algorithm.digest()) {
            return Err(SignError::Blocked { algorithm });
        }
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = signers.get(&algorithm) {
            return Ok(Arc::clone(signer));
        }
        let signer = Arc::new(KeySigner::new(
            self.private.clone(),
            self.certificate.clone(),
            algorithm,
            policy,
        )?);
        signers.insert(algorithm, Arc::clone(&signer));
        Ok(signer)
    }
}
