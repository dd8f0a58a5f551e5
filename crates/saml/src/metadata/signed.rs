//! Metadata that is trusted because of who signed it.

use super::aggregate::{Entity, Walked, for_each_entity};
use super::entity::{MetadataError, Reading};
use super::sp::SpMetadata;
use crate::security::algorithm::AlgorithmPolicy;
use crate::security::certificate::PublicKey;
use crate::security::verify::{VerifiedXml, VerifyError, verify_enveloped};

/// Keys that vouch for a source of metadata, obtained out of band. A source has its own: a key of
/// one vouches for nothing in another.
#[derive(Debug, Clone)]
pub struct MetadataTrust {
    /// Any of them may have signed. Bare keys: their certificates' dates mean nothing.
    pub keys: Vec<PublicKey>,
    /// The algorithms accepted.
    pub policy: AlgorithmPolicy,
}

/// Why signed metadata was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedMetadataError {
    /// The signature over the root is missing, broken or somebody else's.
    #[error("the metadata's signature is not good: {0}")]
    Signature(#[from] VerifyError),
    /// The content was refused.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl MetadataTrust {
    /// Verifies the signature over the root. Only the octets returned may be read.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn verify(&self, document: &[u8], reading: &Reading) -> Result<VerifiedXml, VerifyError> {
        verify_enveloped(document, &self.keys, &self.policy, &reading.limits)
    }

    /// Verifies and reads the file of one service provider.
    ///
    /// # Errors
    /// [`SignedMetadataError`]. Lines count in the canonical form of the document.
    pub fn parse_sp(
        &self,
        document: &[u8],
        reading: &Reading,
    ) -> Result<SpMetadata, SignedMetadataError> {
        let verified = self.verify(document, reading)?;
        Ok(SpMetadata::parse(verified.as_bytes(), reading)?)
    }

    /// Verifies a document and walks it; see [`for_each_entity`].
    ///
    /// # Errors
    /// [`SignedMetadataError`]; on [`SignedMetadataError::Signature`] nothing was handed out.
    pub fn for_each_entity(
        &self,
        document: &[u8],
        reading: &Reading,
        each: impl FnMut(Entity),
    ) -> Result<Walked, SignedMetadataError> {
        let verified = self.verify(document, reading)?;
        Ok(for_each_entity(verified.as_bytes(), reading, each)?)
    }
}
