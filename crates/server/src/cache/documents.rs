//! Our own metadata, signed.

use std::sync::Arc;

use avouch_saml::security::algorithm::SignatureAlgorithm;

use super::bounded::Bounded;

/// The documents signed so far, by what they say and what signed them: the next to ask gets the
/// same octets, and costs no signature.
pub struct DocumentCache {
    signed: Bounded<Edition, Arc<[u8]>>,
}

/// The ID of a document, which is derived from all it says, the key and the algorithm.
pub type Edition = (String, String, SignatureAlgorithm);

/// Each app may have a document of its own, and they change once a day.
const MOST_OCTETS: usize = 16 << 20;

impl Default for DocumentCache {
    fn default() -> Self {
        Self {
            signed: Bounded::new(MOST_OCTETS, 8 << 10),
        }
    }
}

impl DocumentCache {
    /// The document of this edition, when it was signed before.
    pub fn find(&self, edition: &Edition) -> Option<Arc<[u8]>> {
        self.signed.find(edition)
    }

    /// Keeps a document.
    pub fn keep(&self, edition: Edition, document: &Arc<[u8]>) {
        self.signed
            .keep(edition, Arc::clone(document), document.len());
    }
}
