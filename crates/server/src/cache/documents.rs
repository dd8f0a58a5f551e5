//! Our own metadata, signed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use avouch_saml::security::algorithm::SignatureAlgorithm;

/// The documents signed so far, by what they say and what signed them: the next to ask gets the
/// same octets, and costs no signature.
#[derive(Default)]
pub struct DocumentCache {
    signed: Mutex<HashMap<Edition, Arc<[u8]>>>,
}

/// The ID of a document, which is derived from all it says, the key and the algorithm.
pub type Edition = (String, String, SignatureAlgorithm);

/// Each app has a document, and they change once a day; old ones are forgotten all at once.
const MOST_KEPT: usize = 1024;

impl DocumentCache {
    /// The document of this edition, when it was signed before.
    pub fn find(&self, edition: &Edition) -> Option<Arc<[u8]>> {
        let signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        signed.get(edition).cloned()
    }

    /// Keeps a document, unless another request was faster; answers the one kept.
    pub fn keep(&self, edition: Edition, document: Vec<u8>) -> Arc<[u8]> {
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if signed.len() >= MOST_KEPT {
            signed.clear();
        }
        Arc::clone(signed.entry(edition).or_insert_with(|| document.into()))
    }
}
