//! Metadata that is believed because of who signed it.

use avouch_saml::metadata::{MetadataTrust, Reading};
use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::certificate::{Certificate, CertificateError, KeyError};
use avouch_saml::security::verify::VerifyError;
use avouch_saml::time::Timestamp;

/// The octets that a signature covers: nothing else of the document may be read.
#[derive(Debug)]
pub struct VerifiedDocument {
    /// The document without its signature.
    pub octets: Vec<u8>,
    /// SHA-256 fingerprint of the certificate given for the key that signed.
    pub fingerprint: String,
}

/// Why a document is not believed.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// What was given to verify with is no certificate.
    #[error("expected a certificate, PEM, to verify the metadata with: {0}")]
    Certificate(#[from] CertificateError),
    /// Its key cannot be used.
    #[error("expected a certificate with a key to verify the metadata with: {0}")]
    Key(#[from] KeyError),
    /// The signature over the root is missing, broken or by another key.
    #[error("the metadata is not signed by the key of the certificate given: {0}")]
    Signature(#[from] VerifyError),
}

/// Verifies the signature over the root of `document` with the keys of `certificates`, whose dates
/// mean nothing. What it gives is to be read with [`Reading::of_source`].
///
/// # Errors
/// [`NotVerified`].
pub fn verify(
    document: &[u8],
    certificates: &[String],
    policy: &AlgorithmPolicy,
    now: Timestamp,
) -> Result<VerifiedDocument, NotVerified> {
    let certificates = certificates
        .iter()
        .map(|text| Certificate::from_base64(text))
        .collect::<Result<Vec<_>, _>>()?;
    let keys = certificates
        .iter()
        .map(Certificate::public_key)
        .collect::<Result<Vec<_>, _>>()?;
    let trust = MetadataTrust {
        keys,
        policy: policy.clone(),
    };
    let verified = trust.verify(document, &Reading::of_source(now))?;
    let fingerprint = certificates[verified.key_index()].fingerprint();
    Ok(VerifiedDocument {
        octets: verified.as_bytes().to_vec(),
        fingerprint,
    })
}
