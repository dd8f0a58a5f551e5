//! A metadata document: what of it is vouched for, which service provider of it is meant, and what it
//! would change. All of this is done before any transaction begins.

use std::borrow::Cow;

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::{
    Change as Difference, MetadataError, MetadataWarning, Reading, SpMetadata, diff,
};
use avouch_saml::time::Timestamp;

use super::super::error::Wrong;
use super::super::{AdminContext, AdminError};
use super::{StoredApp, metadata_of};
use crate::apps::nearest::nearest;
use crate::apps::onboard::federation::Extracted;
use crate::apps::onboard::preview::Preview;
use crate::apps::onboard::{federation, signed};
use crate::context::hash_octets;

/// What is known of the signature of a metadata document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentSignature {
    /// There is none.
    Absent,
    /// There is one, and no key was given to verify it with.
    NotVerified,
    /// It is by the key of the certificate with this fingerprint.
    VerifiedBy(String),
}

/// A document as far as it is vouched for.
pub(super) struct Vouched<'d> {
    pub(super) octets: Cow<'d, [u8]>,
    pub(super) reading: Reading,
    pub(super) signature: DocumentSignature,
}

/// The octets of `document` that may be read: those that one of `signed_by` signed, where any key is
/// given.
pub(super) fn vouched<'d>(
    cx: &AdminContext<'_>,
    document: &'d [u8],
    signed_by: &[String],
) -> Result<Vouched<'d>, AdminError> {
    if signed_by.is_empty() {
        let reading = Reading::at(cx.now);
        let signed = federation::is_signed(document, &reading);
        return Ok(Vouched {
            octets: Cow::Borrowed(document),
            reading,
            signature: if signed {
                DocumentSignature::NotVerified
            } else {
                DocumentSignature::Absent
            },
        });
    }
    let policy = &cx.settings.saml.defaults.algorithms;
    let verified = signed::verify(document, signed_by, policy, cx.now)
        .map_err(|error| Wrong::new("signed_by", error.to_string()))?;
    Ok(Vouched {
        octets: Cow::Owned(verified.octets),
        reading: Reading::of_source(cx.now),
        signature: DocumentSignature::VerifiedBy(verified.fingerprint),
    })
}

/// Most service providers offered to choose from.
const CHOICES: usize = 2000;

pub(super) enum Chosen {
    /// A document of one service provider alone.
    Whole(Vec<u8>),
    /// One of several.
    Picked(Extracted),
    /// Which one?
    Several(Vec<federation::Listed>),
}

pub(super) fn one_of(
    document: &[u8],
    reading: &Reading,
    wanted: Option<&str>,
) -> Result<Chosen, AdminError> {
    if SpMetadata::parse(document, reading)
        .is_ok_and(|sp| wanted.is_none_or(|id| id == sp.entity_id.as_str()))
    {
        return Ok(Chosen::Whole(document.to_vec()));
    }
    if let Some(wanted) = wanted {
        let id = EntityId::parse(wanted).map_err(|e| Wrong::new("entity_id", e.to_string()))?;
        if let Some(picked) = federation::extract(document, reading, &id).map_err(not_metadata)? {
            return Ok(Chosen::Picked(picked));
        }
    }
    let listed = federation::list(document, reading, CHOICES).map_err(not_metadata)?;
    match wanted {
        None if listed.len() > 1 => Ok(Chosen::Several(listed)),
        Some(wanted) if listed.len() > 1 => Err(Wrong::new(
            "metadata",
            format!(
                "it holds no service provider with the entity ID {wanted:?}{}",
                near(&listed, wanted)
            ),
        )
        .into()),
        // One or none that can be used: the reader says which and why.
        _ => {
            SpMetadata::parse(document, reading).map_err(not_metadata)?;
            Ok(Chosen::Whole(document.to_vec()))
        }
    }
}

/// The entity ID that was perhaps meant.
fn near(listed: &[federation::Listed], wanted: &str) -> String {
    let known = listed.iter().map(|entity| entity.entity_id.as_str());
    nearest(wanted, known).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// What a document would become, or the service providers to choose from.
pub(super) enum Previewed {
    /// The document of one, and what it says.
    One(Vec<u8>, Box<Preview>),
    /// Which one?
    Several(Vec<federation::Listed>),
}

/// The preview of a document of one service provider, or of one picked out of several: then with what
/// is untidy on the lines of the file it was picked from, and with what of that file is left out.
pub(super) fn preview_of(chosen: Chosen, now: Timestamp) -> Result<Previewed, AdminError> {
    let picked = match chosen {
        Chosen::Several(listed) => return Ok(Previewed::Several(listed)),
        Chosen::Whole(document) => {
            let preview = Preview::read(&document, now).map_err(not_metadata)?;
            return Ok(Previewed::One(document, Box::new(preview)));
        }
        Chosen::Picked(picked) => picked,
    };
    let mut preview = Preview::read(&picked.document, now).map_err(not_metadata)?;
    preview.sp.warnings = picked.warnings;
    let broken = picked.broken.into_iter().map(MetadataWarning::left_out);
    preview.sp.warnings.extend(broken);
    Ok(Previewed::One(picked.document, Box::new(preview)))
}

pub(super) fn not_metadata(error: MetadataError) -> AdminError {
    let entity = error
        .entity_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" (entity {id})"));
    Wrong::new("metadata", format!("{error}{entity}")).into()
}

pub(super) fn other_entity(wanted: &str, found: &str) -> AdminError {
    Wrong::new(
        "metadata",
        format!(
            "expected the metadata of {wanted}, received that of {found}; another entity ID is another app: add it as a new one"
        ),
    )
    .into()
}

/// What metadata was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The version of the app then.
    pub version: i64,
    /// The hash of its metadata then.
    pub metadata: String,
}

impl Compared {
    /// What is there.
    pub fn with(stored: &StoredApp) -> Self {
        Self {
            version: stored.version,
            metadata: hash_octets(&stored.metadata_xml),
        }
    }
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.version, self.metadata)
    }
}

impl Compared {
    /// Reads what a form carries; what does not read is nothing that ever was there.
    pub fn parse(text: &str) -> Self {
        let (version, metadata) = text.split_once('-').unwrap_or_default();
        Self {
            version: version.parse().unwrap_or(0),
            metadata: metadata.to_owned(),
        }
    }
}

/// Metadata to take the place of an app's, compared with what it takes the place of.
#[derive(Debug, Clone)]
pub struct NewMetadata {
    /// The document of this one entity.
    pub(super) document: Vec<u8>,
    /// What it says.
    pub(super) sp: SpMetadata,
    /// What it was compared with.
    pub(super) compared: Compared,
    /// What it would change.
    pub differences: Vec<Difference>,
}

impl NewMetadata {
    /// Whether something of it is to be looked at first.
    pub fn is_risky(&self) -> bool {
        self.differences.iter().any(Difference::is_risky)
    }
}

/// Reads metadata to take the place of that of `before`, of the same entity. Stores nothing.
///
/// # Errors
/// [`AdminError::Refused`] with the line and the reason.
pub fn compare(
    cx: &AdminContext<'_>,
    before: &StoredApp,
    document: &[u8],
    signed_by: &[String],
) -> Result<NewMetadata, AdminError> {
    let Vouched {
        octets, reading, ..
    } = vouched(cx, document, signed_by)?;
    let chosen = one_of(&octets, &reading, Some(&before.entity_id))?;
    let Previewed::One(document, preview) = preview_of(chosen, cx.now)? else {
        return Err(other_entity(&before.entity_id, "several others"));
    };
    let sp = preview.sp;
    if sp.entity_id.as_str() != before.entity_id {
        return Err(other_entity(&before.entity_id, sp.entity_id.as_str()));
    }
    Ok(NewMetadata {
        differences: diff(&metadata_of(before, cx.now)?, &sp),
        compared: Compared::with(before),
        sp,
        document,
    })
}
