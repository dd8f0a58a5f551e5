//! How a request names a user: one of `BaseID`, `NameID` and `EncryptedID` (saml-core §2.2).

use super::content::{self, Children, Fault};
use crate::name_id::ReceivedNameId;
use crate::xml::names::SAML;
use crate::xml::reader::Element;

/// The user a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectIdentifier {
    /// `NameID`.
    NameId(ReceivedNameId),
    /// `EncryptedID`, to be decrypted with any of our keys.
    EncryptedId(Element),
    /// `BaseID`, which has no meaning without an extension of SAML.
    BaseId,
}

impl SubjectIdentifier {
    /// Takes the next child, if it is an identifier.
    pub(super) fn take(children: &mut Children<'_>) -> Result<Option<Self>, Fault> {
        if let Some(name) = children.optional(SAML, "NameID") {
            return Ok(Some(Self::NameId(content::name_id(name)?)));
        }
        if let Some(encrypted) = children.optional(SAML, "EncryptedID") {
            return Ok(Some(Self::EncryptedId(encrypted.clone())));
        }
        Ok(children.optional(SAML, "BaseID").map(|_| Self::BaseId))
    }
}
