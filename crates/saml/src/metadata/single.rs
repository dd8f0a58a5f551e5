//! The file of one service provider, whether it comes by itself or in the wrapping of a federation.

use super::aggregate::{Entity, for_each_entity};
use super::entity::{Fault, MetadataError, Reading};
use super::sp::SpMetadata;

impl SpMetadata {
    /// Reads the file of one service provider: an EntityDescriptor, or an EntitiesDescriptor in
    /// which exactly one entity is one.
    ///
    /// # Errors
    /// [`MetadataError`] with the line and the reason; nothing of the document is to be used.
    pub fn parse(document: &[u8], reading: &Reading) -> Result<Self, MetadataError> {
        let mut found: Option<Self> = None;
        let mut refused: Option<MetadataError> = None;
        let mut provider = None;
        let last_line = for_each_entity(document, reading, |entity| match entity {
            Entity::Sp(sp) => match &found {
                None => found = Some(*sp),
                Some(_) if refused.is_some() => {}
                Some(first) => {
                    refused = Some(MetadataError {
                        line: 1,
                        entity_id: Some(first.entity_id.clone()),
                        fault: Fault::SeveralServiceProviders {
                            second: sp.entity_id.to_string(),
                        },
                    });
                }
            },
            // A file for one SP must not hide behind a good entity what is wrong with another.
            Entity::Refused(error) if refused.is_none() => refused = Some(error),
            Entity::IdentityProvider(id) if provider.is_none() => provider = Some(id),
            Entity::Refused(_)
            | Entity::Affiliation(_)
            | Entity::IdentityProvider(_)
            | Entity::Other(_) => {}
        })?
        .first_entity_line;
        match (refused, found) {
            (Some(error), _) => Err(error),
            (None, Some(sp)) => Ok(sp),
            (None, None) => Err(MetadataError {
                line: last_line,
                entity_id: None,
                fault: match provider {
                    None => Fault::NoSpRole,
                    Some(id) => Fault::IdentityProvider(id),
                },
            }),
        }
    }
}
