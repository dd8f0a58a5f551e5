//! What an SP asks for and what is said about it: AttributeConsumingService, entity attributes,
//! registration.
//!
//! Spec: saml-metadata-2.0 §2.4.4.1, sstc-metadata-attr, sstc-saml-metadata-rpi,
//! SAML V2.0 Subject Identifier Attributes Profile §2.4.

use super::endpoint::read_index;
use super::entity::{MetadataError, Notes, Untidy, shorten, trim};
use super::ui::{Localized, localized};
use crate::time::Timestamp;
use crate::xml::names::{MD, MDATTR, MDRPI, SAML};
use crate::xml::reader::Element;

/// The NameFormat of an attribute that states none.
pub const UNSPECIFIED_NAME_FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
/// The NameFormat of attributes named by URI.
pub const URI_NAME_FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// The entity attribute that says which subject identifier an SP needs.
pub const SUBJECT_ID_REQ: &str = "urn:oasis:names:tc:SAML:profiles:subject-id:req";

/// A set of attributes that an SP asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeConsumingService {
    /// The number a request can choose it by.
    pub index: Option<u16>,
    /// `isDefault`, when stated.
    pub is_default: Option<bool>,
    /// Names of the service.
    pub service_names: Vec<Localized>,
    /// Descriptions of the service.
    pub service_descriptions: Vec<Localized>,
    /// The attributes.
    pub requested: Vec<RequestedAttribute>,
}

/// An attribute that an SP asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedAttribute {
    /// Its name.
    pub name: String,
    /// Its NameFormat; [`UNSPECIFIED_NAME_FORMAT`] when not stated.
    pub name_format: String,
    /// A name for people, which identifies nothing.
    pub friendly_name: Option<String>,
    /// Whether the service cannot work without it.
    pub is_required: bool,
    /// The values asked for; empty for all.
    pub values: Vec<String>,
}

/// An entity attribute: something said about the entity, such as a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityAttribute {
    /// Its name.
    pub name: String,
    /// Its NameFormat; [`UNSPECIFIED_NAME_FORMAT`] when not stated.
    pub name_format: String,
    /// Its values, without the white space around them.
    pub values: Vec<String>,
}

/// Which subject identifier an SP needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectIdRequirement {
    /// subject-id, the same at every SP.
    SubjectId,
    /// pairwise-id, another at every SP.
    PairwiseId,
    /// Either of the two.
    Any,
    /// Neither is needed.
    None,
}

/// `mdrpi:RegistrationInfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Who registered the entity.
    pub authority: String,
    /// When.
    pub instant: Option<Timestamp>,
    /// The policies it was registered under.
    pub policies: Vec<Localized>,
}

/// The index is none of the SP's. Answer with the default set or an error, by policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no AttributeConsumingService has the index {0}")]
pub struct UnknownAttributeIndex(pub u16);

/// Picks the set of attributes that a request asks for: by its
/// `AttributeConsumingServiceIndex`, or the default: first with isDefault true, else first without
/// isDefault, else first. `None` when the SP has no such set.
///
/// # Errors
/// [`UnknownAttributeIndex`].
///
/// Spec: saml-core-2.0 §3.4.1, saml-metadata-2.0 §2.4.4.
pub fn choose_attribute_service(
    services: &[AttributeConsumingService],
    index: Option<u16>,
) -> Result<Option<&AttributeConsumingService>, UnknownAttributeIndex> {
    match index {
        Some(index) => services
            .iter()
            .find(|service| service.index == Some(index))
            .map(Some)
            .ok_or(UnknownAttributeIndex(index)),
        None => Ok(services
            .iter()
            .find(|service| service.is_default == Some(true))
            .or_else(|| services.iter().find(|service| service.is_default.is_none()))
            .or_else(|| services.first())),
    }
}

/// Reads the AttributeConsumingServices of a role.
pub(super) fn read_services<'e>(
    elements: impl Iterator<Item = &'e Element>,
    notes: &mut Notes,
) -> Result<Vec<AttributeConsumingService>, MetadataError> {
    let mut services: Vec<AttributeConsumingService> = Vec::new();
    for element in elements {
        let mut service = AttributeConsumingService {
            index: read_index(element, services.iter().map(|s| s.index), notes),
            is_default: notes.boolean(element, "isDefault", false),
            ..AttributeConsumingService::default()
        };
        for child in element.elements() {
            if child.is(MD, "ServiceName") {
                service.service_names.extend(localized(child, notes));
            } else if child.is(MD, "ServiceDescription") {
                service.service_descriptions.extend(localized(child, notes));
            } else if child.is(MD, "RequestedAttribute") {
                let Some(name) = attribute_name(child, notes) else {
                    continue;
                };
                let values = read_values(child, notes, false);
                // No values asks for all of them, which unreadable ones must not turn into.
                if values.is_empty() && child.first(SAML, "AttributeValue").is_some() {
                    continue;
                }
                service.requested.push(RequestedAttribute {
                    name,
                    name_format: name_format(child),
                    friendly_name: child.attr("FriendlyName").map(str::to_owned),
                    is_required: notes.boolean(child, "isRequired", false).unwrap_or(false),
                    values,
                });
            } else {
                notes.ignore(child);
            }
        }
        services.push(service);
    }
    Ok(services)
}

/// Reads the entity attributes of an EntityDescriptor's Extensions. Attributes inside an
/// Assertion count only when a trusted key signed it, which nobody has checked here.
pub(super) fn read_entity_attributes(
    extensions: Option<&Element>,
    notes: &mut Notes,
) -> Vec<EntityAttribute> {
    let mut attributes = Vec::new();
    let holders = extensions.into_iter();
    for holder in holders.flat_map(|e| e.all(MDATTR, "EntityAttributes")) {
        for element in holder.elements() {
            if element.is(SAML, "Assertion") {
                notes.warn(element, Untidy::AssertedAttributes);
            } else if element.is(SAML, "Attribute") {
                attributes.extend(read_attribute(element, notes));
            } else {
                notes.ignore(element);
            }
        }
    }
    attributes
}

/// Reads one attribute about an entity.
pub(super) fn read_attribute(element: &Element, notes: &mut Notes) -> Option<EntityAttribute> {
    Some(EntityAttribute {
        name: attribute_name(element, notes)?,
        name_format: name_format(element),
        values: read_values(element, notes, true),
    })
}

/// The SP's signal, when it is stated once and known.
pub(super) fn read_requirement(
    attributes: &[EntityAttribute],
    at: &Element,
    notes: &mut Notes,
) -> Option<SubjectIdRequirement> {
    let values: Vec<&str> = attributes
        .iter()
        .filter(|a| a.name == SUBJECT_ID_REQ && a.name_format == URI_NAME_FORMAT)
        .flat_map(|a| a.values.iter().map(String::as_str))
        .collect();
    let requirement = match values.as_slice() {
        [] => return None,
        ["subject-id"] => Some(SubjectIdRequirement::SubjectId),
        ["pairwise-id"] => Some(SubjectIdRequirement::PairwiseId),
        ["any"] => Some(SubjectIdRequirement::Any),
        ["none"] => Some(SubjectIdRequirement::None),
        _ => None,
    };
    if requirement.is_none() {
        let found = shorten(&values.join(", "));
        notes.warn(at, Untidy::SubjectIdRequirement(found));
    }
    requirement
}

/// Reads the registration in an EntityDescriptor's Extensions.
pub(super) fn read_registration(
    extensions: Option<&Element>,
    notes: &mut Notes,
) -> Option<Registration> {
    let info = extensions?.first(MDRPI, "RegistrationInfo")?;
    let authority = trim(info.attr("registrationAuthority").unwrap_or(""));
    if authority.is_empty() {
        notes.warn(info, Untidy::Incomplete("RegistrationInfo".to_owned()));
        return None;
    }
    let mut policies = Vec::new();
    for policy in info.all(MDRPI, "RegistrationPolicy") {
        policies.extend(localized(policy, notes));
    }
    Some(Registration {
        authority: authority.to_owned(),
        // For display only, so an unreadable one harms nobody.
        instant: info.attr("registrationInstant").and_then(Timestamp::parse),
        policies,
    })
}

/// When the copy says it was published. Only compared, so an unreadable one harms nobody.
pub(super) fn read_published(extensions: Option<&Element>) -> Option<Timestamp> {
    let info = extensions?.first(MDRPI, "PublicationInfo")?;
    info.attr("creationInstant").and_then(Timestamp::parse)
}

fn attribute_name(element: &Element, notes: &mut Notes) -> Option<String> {
    match element.attr("Name") {
        Some(name) if !trim(name).is_empty() => Some(name.to_owned()),
        _ => {
            notes.warn(element, Untidy::Incomplete(element.local.to_string()));
            None
        }
    }
}

fn name_format(element: &Element) -> String {
    let stated = element.attr("NameFormat").map(trim);
    stated
        .filter(|format| !format.is_empty())
        .unwrap_or(UNSPECIFIED_NAME_FORMAT)
        .to_owned()
}

fn read_values(element: &Element, notes: &mut Notes, trimmed: bool) -> Vec<String> {
    let mut values = Vec::new();
    for value in element.all(SAML, "AttributeValue") {
        match value.text() {
            Ok(text) if trimmed => values.push(trim(text).to_owned()),
            Ok(text) => values.push(text.to_owned()),
            Err(_) => notes.warn(value, Untidy::NotText("AttributeValue".to_owned())),
        }
    }
    values
}
