//! Why a message is not authentic.

use crate::xml::reader::XmlError;

/// Why a message is not authentic. Each one but [`VerifyError::Canonical`] is the sender's doing;
/// none is answered by SAML, since whom to answer is what was not proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not well-formed, over a limit, or unreadable as this kind of message.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// A signature is required and there is none over the root.
    #[error("there is no signature over the whole message")]
    NotSigned,
    /// The signature is not shaped as SAML requires.
    #[error("the signature has a form that SAML does not allow: {0}")]
    Shape(&'static str),
    /// An ID that two elements, or two spellings, lay claim to.
    #[error("the ID {0:?} is ambiguous")]
    Ids(String),
    /// The Reference does not name the root.
    #[error("the signature covers {0:?} and not the whole message by its ID")]
    Reference(String),
    /// A transform other than enveloped-signature and exclusive canonicalization.
    #[error("the transform {0:?} is not accepted")]
    Transform(String),
    /// Another canonicalization than the exclusive one.
    #[error("the canonicalization {0:?} is not accepted")]
    Canonicalization(String),
    /// A signature algorithm that the policy does not permit.
    #[error("the signature algorithm {0:?} is not accepted")]
    SignatureAlgorithm(String),
    /// A digest algorithm that the policy does not permit.
    #[error("the digest algorithm {0:?} is not accepted")]
    DigestAlgorithm(String),
    /// A DigestValue or SignatureValue that is not plain base64 of the right length.
    #[error("{0}")]
    Value(&'static str),
    /// There is no key to verify with, or none that the algorithm works with.
    #[error("no key of the sender works with the signature's algorithm")]
    NoKey,
    /// The content is not what was signed.
    #[error("the message was changed after it was signed")]
    Changed,
    /// None of the sender's keys made the signature.
    #[error("the signature was made with none of the sender's keys")]
    OtherKey,
    /// The signed octets could not be computed, or are not a document with the same root.
    #[error("the signed content could not be made canonical")]
    Canonical,
    /// The issuer inside is not the one the keys were chosen for.
    #[error("the issuer in the signed content is another one")]
    Issuer,
}
