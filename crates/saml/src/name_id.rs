//! Name identifiers (saml-core §2.2 and §8.3).

use crate::ids::{EntityId, IdError};

/// The identifier formats this crate knows; any other URI is kept as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NameIdFormat {
    /// `…1.1:nameid-format:unspecified`: the sender's choice.
    Unspecified,
    /// `…1.1:nameid-format:emailAddress`.
    EmailAddress,
    /// `…2.0:nameid-format:persistent`: opaque and pairwise.
    Persistent,
    /// `…2.0:nameid-format:transient`: good for one session.
    Transient,
    /// `…2.0:nameid-format:entity`: names a system entity.
    Entity,
    /// `…2.0:nameid-format:encrypted`, which only a NameIDPolicy may name.
    Encrypted,
    /// Any other format, such as Kerberos or an X.509 subject.
    Other(String),
}

impl NameIdFormat {
    /// The format's URI.
    pub fn uri(&self) -> &str {
        match self {
            Self::Unspecified => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            Self::EmailAddress => "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            Self::Persistent => "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            Self::Transient => "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            Self::Entity => "urn:oasis:names:tc:SAML:2.0:nameid-format:entity",
            Self::Encrypted => "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted",
            Self::Other(uri) => uri,
        }
    }

    /// Reads a format's URI, compared byte for byte. Two that no standard has, the formats of SAML 1.1
    /// under the number of 2.0, are everywhere and are read as what they are meant for.
    pub fn from_uri(uri: &str) -> Self {
        match uri {
            "urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified" => Self::Unspecified,
            "urn:oasis:names:tc:SAML:2.0:nameid-format:emailAddress" => Self::EmailAddress,
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" => Self::Unspecified,
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" => Self::EmailAddress,
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" => Self::Persistent,
            "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" => Self::Transient,
            "urn:oasis:names:tc:SAML:2.0:nameid-format:entity" => Self::Entity,
            "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted" => Self::Encrypted,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A name identifier, one variant a format, so that qualifiers stand only where the format
/// defines them (AV-NID-02, AV-NID-06).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameId {
    /// A value whose reading the two sides agreed on elsewhere.
    Unspecified(String),
    /// A bare mail address.
    EmailAddress(MailAddress),
    /// Opaque and pairwise.
    Persistent {
        /// The value: at most 256 characters.
        value: String,
        /// The identity provider.
        name_qualifier: EntityId,
        /// The SP or affiliation it is meant for.
        sp_name_qualifier: String,
    },
    /// Good for one session: an `xs:ID` without meaning.
    Transient {
        /// The value.
        value: String,
        /// The identity provider, when stated.
        name_qualifier: Option<EntityId>,
        /// The SP it is meant for, when stated.
        sp_name_qualifier: Option<String>,
    },
    /// Any other format, without qualifiers.
    Other {
        /// The value.
        value: String,
        /// The format's URI.
        format: String,
    },
}

impl NameId {
    /// The value.
    pub fn value(&self) -> &str {
        match self {
            Self::Unspecified(value)
            | Self::Persistent { value, .. }
            | Self::Transient { value, .. }
            | Self::Other { value, .. } => value,
            Self::EmailAddress(mail) => mail.as_str(),
        }
    }

    /// The format.
    pub fn format(&self) -> NameIdFormat {
        match self {
            Self::Unspecified(_) => NameIdFormat::Unspecified,
            Self::EmailAddress(_) => NameIdFormat::EmailAddress,
            Self::Persistent { .. } => NameIdFormat::Persistent,
            Self::Transient { .. } => NameIdFormat::Transient,
            Self::Other { format, .. } => NameIdFormat::from_uri(format),
        }
    }

    /// `NameQualifier`, if any.
    pub fn name_qualifier(&self) -> Option<&str> {
        match self {
            Self::Persistent { name_qualifier, .. } => Some(name_qualifier.as_str()),
            Self::Transient { name_qualifier, .. } => name_qualifier.as_ref().map(EntityId::as_str),
            _ => None,
        }
    }

    /// `SPNameQualifier`, if any.
    pub fn sp_name_qualifier(&self) -> Option<&str> {
        match self {
            Self::Persistent {
                sp_name_qualifier, ..
            } => Some(sp_name_qualifier),
            Self::Transient {
                sp_name_qualifier, ..
            } => sp_name_qualifier.as_deref(),
            _ => None,
        }
    }
}

/// A NameID as another party wrote it, before anything is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct ReceivedNameId {
    /// The element's text.
    pub value: String,
    /// `Format`, when given.
    pub format: Option<String>,
    /// `NameQualifier`, when given.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`, when given.
    pub sp_name_qualifier: Option<String>,
    /// `SPProvidedID`, when given.
    pub sp_provided_id: Option<String>,
}

/// A NameID as it is written: an issued name always says its format.
impl From<&NameId> for ReceivedNameId {
    fn from(name_id: &NameId) -> Self {
        Self {
            value: name_id.value().to_owned(),
            format: Some(name_id.format().uri().to_owned()),
            name_qualifier: name_id.name_qualifier().map(str::to_owned),
            sp_name_qualifier: name_id.sp_name_qualifier().map(str::to_owned),
            sp_provided_id: None,
        }
    }
}

/// Makes of a NameID that another party wrote the variant of its format. It fails when what the
/// format asks for is missing, or when there is what the format does not define.
impl TryFrom<ReceivedNameId> for NameId {
    type Error = &'static str;

    fn try_from(received: ReceivedNameId) -> Result<Self, &'static str> {
        let ReceivedNameId {
            value,
            format,
            name_qualifier,
            sp_name_qualifier,
            sp_provided_id,
        } = received;
        if sp_provided_id.is_some() {
            return Err("the NameID has an SPProvidedID");
        }
        let entity =
            |text: String| EntityId::parse(&text).map_err(|_| "NameQualifier is no entity ID");
        let unqualified = name_qualifier.is_none() && sp_name_qualifier.is_none();
        match NameIdFormat::from_uri(format.as_deref().unwrap_or(NameIdFormat::Unspecified.uri())) {
            NameIdFormat::Persistent => Ok(Self::Persistent {
                value,
                name_qualifier: entity(
                    name_qualifier.ok_or("a persistent NameID has no qualifier")?,
                )?,
                sp_name_qualifier: sp_name_qualifier
                    .ok_or("a persistent NameID has no qualifier")?,
            }),
            NameIdFormat::Transient => Ok(Self::Transient {
                value,
                name_qualifier: name_qualifier.map(entity).transpose()?,
                sp_name_qualifier,
            }),
            _ if !unqualified => Err("the NameID has qualifiers its format does not define"),
            NameIdFormat::Unspecified => Ok(Self::Unspecified(value)),
            NameIdFormat::EmailAddress => MailAddress::parse(&value)
                .map(Self::EmailAddress)
                .map_err(|_| "the NameID is no mail address"),
            other => Ok(Self::Other {
                value,
                format: other.uri().to_owned(),
            }),
        }
    }
}

/// A bare mail address, the addr-spec of RFC 2822 without comments or quoting (AV-NID-05). That is
/// ASCII: an international address has no addr-spec.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailAddress(String);

impl MailAddress {
    /// Parses an address.
    ///
    /// # Errors
    /// [`IdError`] when it is not `local@domain` or is longer than 254 characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let form = || IdError::Form {
            what: "mail address",
            found: text.chars().take(200).collect(),
            expected: "local-part@domain",
        };
        let (local, domain) = text.rsplit_once('@').ok_or_else(form)?;
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let good = text.len() <= 254
            && !local.is_empty()
            && local.len() <= 64
            && local.chars().all(atom)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            });
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(form())
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves AV-NID-05 for the address.
    #[test]
    fn av_nid_05_only_bare_addresses() {
        for bad in [
            "",
            "x",
            "@x",
            "a@",
            "A <a@b.example>",
            "a b@c.example",
            "a@b..example",
            "a@-b.example",
            ".a@b.example",
            "a@@b.example",
            "ünï@b.example",
            "a@bücher.example",
            "a\u{661}@b.example",
        ] {
            assert!(MailAddress::parse(bad).is_err(), "{bad}");
        }
        for good in [
            "sample.one@example.org",
            "o'neil+x@mail.example",
            "a@localhost",
        ] {
            MailAddress::parse(good).expect(good);
        }
    }
}
