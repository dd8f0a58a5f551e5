//! Entity attributes that somebody else asserts: a signed Assertion inside EntityAttributes.
//!
//! Reading an entity leaves them out with a warning. Who trusts an authority adopts what it has
//! signed about the entity, and nothing else.
//!
//! Spec: sstc-metadata-attr §2.

use super::attributes::{EntityAttribute, read_attribute, read_requirement};
use super::entity::{MetadataError, Notes, Reading, trim};
use super::signed::MetadataTrust;
use super::sp::SpMetadata;
use crate::ids::EntityId;
use crate::name_id::NameIdFormat;
use crate::time::{Timestamp, Window};
use crate::xml::names::{MD, MDATTR, SAML};
use crate::xml::reader::{Element, Step, TreeReader, XmlError, parse};

impl SpMetadata {
    /// Adds the entity attributes that `authorities` have signed about this entity in `document`,
    /// the document it was read from, and returns how many.
    ///
    /// An Assertion that is unsigned, signed by somebody else, about another entity, outside its
    /// conditions or leaning on namespaces declared outside of it is left alone.
    ///
    /// # Errors
    /// [`MetadataError`] when the document cannot be read.
    pub fn adopt_asserted(
        &mut self,
        document: &[u8],
        authorities: &MetadataTrust,
        reading: &Reading,
    ) -> Result<usize, MetadataError> {
        // Spans count from behind a byte order mark.
        let text = document.strip_prefix("\u{FEFF}".as_bytes());
        let text = text.unwrap_or(document);
        let Some(entity) = find(text, &self.entity_id, reading)? else {
            return Ok(0);
        };
        let mut notes = Notes::default();
        let mut adopted = Vec::new();
        for assertion in entity
            .all(MD, "Extensions")
            .flat_map(|extensions| extensions.all(MDATTR, "EntityAttributes"))
            .flat_map(|holder| holder.all(SAML, "Assertion"))
        {
            let octets = &text[assertion.span.clone()];
            let Ok(verified) = authorities.verify(octets, reading) else {
                continue;
            };
            // What counts is what the signature covers, not what stands in the file.
            let signed = parse(verified.as_bytes(), &reading.limits)?;
            adopted.extend(attributes_of(&signed, &self.entity_id, reading, &mut notes));
        }
        let count = adopted.len();
        self.entity_attributes.extend(adopted);
        self.subject_id_requirement =
            read_requirement(&self.entity_attributes, &entity, &mut notes);
        Ok(count)
    }
}

fn find(
    document: &[u8],
    wanted: &EntityId,
    reading: &Reading,
) -> Result<Option<Element>, XmlError> {
    let mut reader = TreeReader::new(document, reading.limits)?;
    let is_it =
        |e: &Element| e.is(MD, "EntityDescriptor") && e.attr("entityID") == Some(wanted.as_str());
    let root = reader.root()?;
    if !root.is(MD, "EntitiesDescriptor") {
        return if is_it(&root) {
            reader.complete(root).map(Some)
        } else {
            Ok(None)
        };
    }
    let mut depth = 1_usize;
    while depth > 0 {
        match reader.step()? {
            Step::Open(open) if is_it(&open) => return reader.complete(open).map(Some),
            Step::Open(_) => depth += 1,
            Step::Close => depth -= 1,
        }
    }
    Ok(None)
}

fn attributes_of(
    assertion: &Element,
    entity_id: &EntityId,
    reading: &Reading,
    notes: &mut Notes,
) -> Vec<EntityAttribute> {
    if !is_about(assertion, entity_id) || !is_current(assertion, reading) {
        return Vec::new();
    }
    assertion
        .all(SAML, "AttributeStatement")
        .flat_map(|statement| statement.all(SAML, "Attribute"))
        .filter_map(|attribute| read_attribute(attribute, notes))
        .collect()
}

fn is_about(assertion: &Element, entity_id: &EntityId) -> bool {
    let name_id = assertion
        .only(SAML, "Subject")
        .ok()
        .flatten()
        .and_then(|subject| subject.only(SAML, "NameID").ok().flatten());
    assertion.is(SAML, "Assertion")
        && assertion.attr("Version") == Some("2.0")
        && name_id.is_some_and(|name_id| {
            name_id.attr("Format") == Some(NameIdFormat::Entity.uri())
                && name_id
                    .text()
                    .is_ok_and(|text| trim(text) == entity_id.as_str())
        })
}

fn is_current(assertion: &Element, reading: &Reading) -> bool {
    let Some(conditions) = assertion.first(SAML, "Conditions") else {
        return true;
    };
    // A condition that is not understood leaves the assertion undecided (saml-core §2.5.1).
    if conditions.elements().next().is_some() {
        return false;
    }
    let instant = |name| match conditions.attr(name) {
        None => Ok(None),
        Some(text) => Timestamp::parse(text).map(Some).ok_or(()),
    };
    let (Ok(not_before), Ok(not_on_or_after)) = (instant("NotBefore"), instant("NotOnOrAfter"))
    else {
        return false;
    };
    let window = Window {
        not_before,
        not_on_or_after,
    };
    window.contains(reading.now, reading.skew_seconds)
}
