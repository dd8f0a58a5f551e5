//! A federation's file: EntitiesDescriptor, walked entity by entity, so that a file of any size
//! costs the memory of its largest entity and of its entity IDs.
//!
//! Nothing here says the file is genuine. Verify its signature first and walk the verified octets.

use std::collections::HashSet;

use super::entity::{Fault, MetadataError, Notes, Reading, Validity, shorten, trim};
use super::mistaken::{Mistaken, recognise};
use super::sp::{SpMetadata, has_sp_role, read_entity, read_entity_id};
use crate::ids::EntityId;
use crate::xml::names::MD;
use crate::xml::reader::{Element, Step, TreeReader};

/// Elements, attributes and runs of text one entity may have. The largest of real life have a few
/// thousand; without the bound one entity could fill the memory that the file's bound allows.
const ENTITY_NODES: usize = 200_000;

/// One entity of a document.
#[derive(Debug)]
pub enum Entity {
    /// A service provider.
    Sp(Box<SpMetadata>),
    /// A service provider that was refused, and why. The others are not touched by it.
    Refused(MetadataError),
    /// A group of service providers that share identifiers.
    Affiliation(Affiliation),
    /// An identity provider, without an SP role.
    IdentityProvider(EntityId),
    /// An entity with neither role.
    Other(EntityId),
}

/// `md:AffiliationDescriptor`: service providers that share identifiers, named in
/// `SPNameQualifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affiliation {
    /// The affiliation's name.
    pub id: EntityId,
    /// Not to be used from then on.
    pub valid_until: Option<crate::time::Timestamp>,
    /// The service providers in it.
    pub members: Vec<EntityId>,
}

impl Affiliation {
    /// Whether the service provider belongs to it.
    pub fn includes(&self, sp: &EntityId) -> bool {
        self.members.contains(sp)
    }
}

/// What a walk has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Walked {
    /// Entities of every kind.
    pub entities: usize,
    /// The line of the first one.
    pub first_entity_line: u32,
}

/// Calls `each` with every service provider of a document, read or refused, in document order.
///
/// # Errors
/// As [`for_each_entity`].
pub fn for_each_sp(
    document: &[u8],
    reading: &Reading,
    mut each: impl FnMut(Result<SpMetadata, MetadataError>),
) -> Result<Walked, MetadataError> {
    for_each_entity(document, reading, |entity| match entity {
        Entity::Sp(sp) => each(Ok(*sp)),
        Entity::Refused(error) => each(Err(error)),
        Entity::Affiliation(_) | Entity::IdentityProvider(_) | Entity::Other(_) => {}
    })
}

/// Calls `each` with every entity of a document, in document order.
///
/// An entity ID belongs to the first entity that has it, whatever becomes of that one; later ones
/// are refused with [`Fault::DuplicateEntity`] and never merged.
///
/// # Errors
/// [`MetadataError`] when the document as a whole is refused. Entities before that place were
/// handed out already: whoever stores them does it in one transaction and drops it.
pub fn for_each_entity(
    document: &[u8],
    reading: &Reading,
    mut each: impl FnMut(Entity),
) -> Result<Walked, MetadataError> {
    let begun = TreeReader::new(document, reading.limits);
    let (mut reader, root) = begun
        .and_then(|mut reader| reader.root().map(|root| (reader, root)))
        .map_err(|error| match recognise(document) {
            None => error.into(),
            Some(what) => MetadataError {
                line: error.line,
                entity_id: None,
                fault: Fault::Mistaken(what),
            },
        })?;
    let mut walked = Walked::default();
    let mut seen: HashSet<EntityId> = HashSet::new();
    if root.is(MD, "EntityDescriptor") {
        walked.entities = 1;
        walked.first_entity_line = root.line;
        let entity = reader.complete_within(root, ENTITY_NODES)?;
        reader.end()?;
        if reading.horizon_seconds.is_some() {
            let until = Notes::default().instant(&entity, "validUntil")?;
            reading.check_horizon(&entity, until)?;
        }
        each(read(&entity, Validity::default(), reading, &mut seen));
        return Ok(walked);
    }
    if !root.is(MD, "EntitiesDescriptor") {
        let found = shorten(&root.local);
        let fault = match &*root.local {
            "EntityDescriptor" | "EntitiesDescriptor" => Fault::Namespace {
                found,
                namespace: shorten(&root.ns),
            },
            // XHTML is XML.
            "html" => Fault::Mistaken(Mistaken::WebPage),
            _ => Fault::NotMetadata { found },
        };
        return Err(MetadataError::new(&root, fault));
    }

    // An expired document is refused whole; an expired group only takes its entities with it.
    let mut notes = Notes::default();
    let root_validity =
        Validity::default().narrow(&root, "EntitiesDescriptor", reading, &mut notes)?;
    reading.check_horizon(&root, root_validity.until)?;
    walked.first_entity_line = root.line;
    let mut groups: Vec<Result<Validity, MetadataError>> = vec![Ok(root_validity)];
    while let Some(group) = groups.last() {
        let open = match reader.step()? {
            Step::Close => {
                groups.pop();
                continue;
            }
            Step::Open(open) => open,
        };
        if open.is(MD, "EntitiesDescriptor") {
            let narrowed = group.clone().and_then(|validity| {
                validity.narrow(&open, "EntitiesDescriptor", reading, &mut notes)
            });
            groups.push(narrowed);
        } else if open.is(MD, "EntityDescriptor") {
            let group = group.clone();
            if walked.entities == 0 {
                walked.first_entity_line = open.line;
            }
            walked.entities += 1;
            let element = reader.complete_within(open, ENTITY_NODES)?;
            each(match group {
                Ok(validity) => read(&element, validity, reading, &mut seen),
                Err(error) => match read_entity_id(&element) {
                    Ok(id) => {
                        let refused = Entity::Refused(error.about(&id));
                        seen.insert(id);
                        refused
                    }
                    Err(_) => Entity::Refused(error),
                },
            });
        } else {
            // The file's own signature and extensions: passed over without keeping them.
            let mut depth = 1_usize;
            while depth > 0 {
                match reader.step()? {
                    Step::Open(_) => depth += 1,
                    Step::Close => depth -= 1,
                }
            }
        }
    }
    reader.end()?;
    Ok(walked)
}

fn read(
    element: &Element,
    inherited: Validity,
    reading: &Reading,
    seen: &mut HashSet<EntityId>,
) -> Entity {
    let id = match read_entity_id(element) {
        Ok(id) => id,
        Err(error) => return Entity::Refused(error),
    };
    if !seen.insert(id.clone()) {
        return Entity::Refused(MetadataError::new(element, Fault::DuplicateEntity).about(&id));
    }
    if has_sp_role(element) {
        return match read_entity(element, inherited, reading) {
            Ok(sp) => Entity::Sp(Box::new(sp)),
            // Another protocol's SP is no more ours than an IdP is.
            Err(MetadataError {
                fault: Fault::NoSpRole,
                ..
            }) => Entity::Other(id),
            Err(error) => Entity::Refused(error),
        };
    }
    let misplaced = element.elements().find(|e| &*e.local == "SPSSODescriptor");
    if let Some(role) = misplaced.filter(|role| &*role.ns != MD) {
        let fault = Fault::Namespace {
            found: shorten(&role.local),
            namespace: shorten(&role.ns),
        };
        return Entity::Refused(MetadataError::new(role, fault).about(&id));
    }
    match element.first(MD, "AffiliationDescriptor") {
        None if element.first(MD, "IDPSSODescriptor").is_some() => Entity::IdentityProvider(id),
        None => Entity::Other(id),
        Some(descriptor) => match read_affiliation(element, descriptor, &id, inherited, reading) {
            Ok(affiliation) => Entity::Affiliation(affiliation),
            Err(error) => Entity::Refused(error.about(&id)),
        },
    }
}

fn read_affiliation(
    entity: &Element,
    descriptor: &Element,
    id: &EntityId,
    inherited: Validity,
    reading: &Reading,
) -> Result<Affiliation, MetadataError> {
    let mut notes = Notes::default();
    let validity = inherited
        .narrow(entity, "EntityDescriptor", reading, &mut notes)?
        .narrow(descriptor, "AffiliationDescriptor", reading, &mut notes)?;
    let mut members = Vec::new();
    for member in descriptor.all(MD, "AffiliateMember") {
        let text = trim(member.text()?);
        members.push(
            EntityId::parse(text)
                .map_err(|error| MetadataError::new(member, Fault::EntityId(error)))?,
        );
    }
    Ok(Affiliation {
        id: id.clone(),
        valid_until: validity.until,
        members,
    })
}
