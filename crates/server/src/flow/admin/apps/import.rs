//! Metadata that comes in, for a new app or for one that is there.

use avouch_saml::metadata::SpMetadata;

use super::super::error::{Noun, Wrong};
use super::super::profiles::Known;
use super::super::readiness::{self, weigh};
use super::super::{Acting, AdminContext, AdminError, Change, change, view};
use super::document::{
    Compared, DocumentSignature, Previewed, Vouched, compare, one_of, other_entity, preview_of,
    vouched,
};
use super::edit::{AppEdit, check_selection, edit, still};
use super::{StoredApp, about, find, metadata_of};
use crate::apps::api_name::free_api_name;
use crate::apps::draft::Draft;
use crate::apps::onboard::federation;
use crate::apps::onboard::preview::Preview;
use crate::apps::onboard::typed::{Typed, TypedError, typed_over, typed_to_metadata};
use crate::apps::readiness::{Finding, of_settings};
use crate::apps::{App, AppId, AppState, settings};
use crate::audit::check::Phrase;
use crate::store::{self, Connection};
use crate::users::AdminRight;

/// The right that importing metadata takes: for an app that is there, or for a new one.
pub const fn right_to_import(replaces: bool) -> AdminRight {
    if replaces {
        AdminRight::EditApps
    } else {
        AdminRight::InstallApps
    }
}

fn not_taken(c: &mut Connection, entity_id: &str) -> Result<(), AdminError> {
    match store::apps::by_entity_id(c, entity_id)? {
        None => Ok(()),
        Some(other) => Err(Wrong::new(
            "metadata",
            format!(
                "expected an entity ID that no app has, received {entity_id}, which {} has; replace the metadata of that app instead",
                other.app.name
            ),
        )
        .see(Noun::App)
        .into()),
    }
}

/// What metadata would become, or the service providers to choose from.
#[derive(Debug)]
pub enum Understood {
    /// One service provider.
    One {
        /// What would be stored.
        preview: Box<Preview>,
        /// What would keep users from signing on, but for who may enter.
        findings: Vec<Finding>,
        /// What to bring back to have this stored: the document of this one entity, or the whole
        /// of a document whose signature is verified.
        document: Vec<u8>,
        /// What is known of the document's signature.
        signature: DocumentSignature,
        /// The app whose metadata it would replace, and what that says now.
        replaced: Option<Box<(StoredApp, SpMetadata)>>,
        /// Who looks.
        viewer: Box<Acting>,
    },
    /// Several: which one?
    Several {
        /// Each with whether an app has its entity ID.
        entities: Vec<(federation::Listed, bool)>,
        /// Who looks.
        viewer: Box<Acting>,
    },
}

/// Reads metadata for a new app, or for the app `replaces`; stores nothing. `entity_id` chooses
/// one service provider of several. With certificates in `signed_by` the document has to be signed
/// by one of their keys, and to say until when it is good.
///
/// # Errors
/// [`AdminError::Refused`] with the line and the reason.
pub fn understand(
    cx: &AdminContext<'_>,
    document: &[u8],
    entity_id: Option<&str>,
    replaces: Option<&str>,
    signed_by: &[String],
) -> Result<Understood, AdminError> {
    let rights = &[right_to_import(replaces.is_some())];
    let (replaced, organisation, viewer) = view(cx, rights, |c, viewer| {
        let replaced = replaces.map(|id| find(c, id)).transpose()?;
        let organisation = readiness::organisation(c, cx.settings)?;
        Ok((replaced, organisation, Box::new(viewer.clone())))
    })?;
    let wanted = match &replaced {
        Some(stored) => Some(stored.entity_id.as_str()),
        None => entity_id.filter(|id| !id.is_empty()),
    };
    let vouched = vouched(cx, document, signed_by)?;
    let chosen = one_of(&vouched.octets, &vouched.reading, wanted)?;
    let (one, preview) = match preview_of(chosen, cx.now)? {
        Previewed::One(one, preview) => (one, preview),
        Previewed::Several(listed) => {
            let entities = view(cx, rights, |c, _| {
                let taken = |entity: &federation::Listed| {
                    store::apps::by_entity_id(c, &entity.entity_id).map(|found| found.is_some())
                };
                Ok(listed.iter().map(taken).collect::<Result<Vec<_>, _>>()?)
            })?;
            return Ok(Understood::Several {
                entities: listed.into_iter().zip(entities).collect(),
                viewer,
            });
        }
    };
    let found = preview.sp.entity_id.as_str();
    let replaced = match replaced {
        Some(stored) if stored.entity_id != found => {
            return Err(other_entity(&stored.entity_id, found));
        }
        Some(stored) => {
            let sp = metadata_of(&stored, cx.now)?;
            Some(Box::new((stored, sp)))
        }
        None => {
            view(cx, rights, |c, _| not_taken(c, found))?;
            None
        }
    };
    let definition = match &replaced {
        Some(old) => &old.0.app.definition,
        None => &preview.draft.definition,
    };
    Ok(Understood::One {
        findings: of_settings(definition, &preview.sp, &organisation, cx.now),
        preview,
        document: match &vouched.signature {
            DocumentSignature::VerifiedBy(_) => document.to_vec(),
            _ => one,
        },
        signature: vouched.signature,
        replaced,
        viewer,
    })
}

/// The metadata that typed fields mean: of a new app, or laid over what the app `replaces` has.
///
/// # Errors
/// [`AdminError::Refused`] with the field.
pub fn typed(
    cx: &AdminContext<'_>,
    typed: &Typed,
    replaces: Option<&str>,
) -> Result<Vec<u8>, AdminError> {
    let replaced = view(cx, &[right_to_import(replaces.is_some())], |c, _| {
        replaces.map(|id| find(c, id)).transpose()
    })?;
    let document = match replaced {
        None => typed_to_metadata(typed),
        Some(stored) => typed_over(&metadata_of(&stored, cx.now)?, typed, cx.now),
    };
    document.map_err(|error| {
        let field = match error {
            TypedError::NoEntityId => "entity_id",
            TypedError::NoAcs => "acs_urls",
            TypedError::Unwritable(_) => "name",
        };
        Wrong::new(field, error.to_string()).into()
    })
}

/// Which of the requested attributes are released, and whether the NameID format that says who the
/// user is.
#[derive(Debug, Clone)]
pub enum Release {
    /// Those with these SAML names, and the format with this URI.
    Ticked(Vec<String>),
    /// All that the metadata asks for and Avouch knows.
    All,
}

impl Default for Release {
    fn default() -> Self {
        Self::Ticked(Vec::new())
    }
}

/// What was decided about a new app.
#[derive(Debug, Clone, Default)]
pub struct Confirmed {
    /// What is released.
    pub release: Release,
    /// Certificates of whom the metadata has to be signed by.
    pub signed_by: Vec<String>,
    /// A short name that has to be free; without one a free one is made.
    pub api_name: Option<String>,
    /// Settings in place of those that the metadata means, and whether it is to be stored although
    /// it cannot work.
    pub edit: AppEdit,
}

/// An app that was added, or would be.
#[derive(Debug)]
pub struct Added {
    /// The app.
    pub stored: StoredApp,
    /// What the metadata was understood to say.
    pub preview: Preview,
    /// What is known of its signature.
    pub signature: DocumentSignature,
    /// What keeps users from signing on; before it is added, but for who may enter.
    pub findings: Vec<Finding>,
}

/// Adds an app from metadata that may have been previewed. It is read again: what a browser brings
/// back is not trusted because a page once held it.
///
/// # Errors
/// [`AdminError`]: nothing was stored.
pub fn add(
    cx: &AdminContext<'_>,
    document: &[u8],
    entity_id: Option<&str>,
    confirmed: &Confirmed,
) -> Result<Added, AdminError> {
    let rights = &[right_to_import(false)];
    view(cx, rights, |_, _| Ok(()))?;
    let new = New::read(cx, document, entity_id, confirmed)?;
    let (stored, findings) = change(cx, rights, |c, acting| {
        let stored = new.stored(c, cx, acting, confirmed)?;
        let organisation = readiness::organisation(c, cx.settings)?;
        let accepted = confirmed.edit.accept_broken;
        let after = (&stored.app, &new.preview.sp);
        let findings = weigh(None, after, &organisation, cx.now, accepted)?;
        let (stored, change) = inserted(c, stored)?;
        Ok(((stored, findings), change))
    })?;
    Ok(new.into_added(stored, findings))
}

/// What [`add`] would add. Nothing is stored.
///
/// # Errors
/// As [`add`].
pub fn try_add(
    cx: &AdminContext<'_>,
    document: &[u8],
    entity_id: Option<&str>,
    confirmed: &Confirmed,
) -> Result<Added, AdminError> {
    let rights = &[right_to_import(false)];
    view(cx, rights, |_, _| Ok(()))?;
    let new = New::read(cx, document, entity_id, confirmed)?;
    let (stored, findings) = view(cx, rights, |c, acting| {
        let stored = new.stored(c, cx, acting, confirmed)?;
        let organisation = readiness::organisation(c, cx.settings)?;
        let definition = &stored.app.definition;
        let findings = of_settings(definition, &new.preview.sp, &organisation, cx.now);
        Ok((stored, findings))
    })?;
    Ok(new.into_added(stored, findings))
}

/// Adds an app that Avouch itself made of metadata.
///
/// # Errors
/// [`AdminError`]: nothing was stored.
pub fn add_draft(
    cx: &AdminContext<'_>,
    draft: &Draft,
    entity_id: &str,
    document: &[u8],
) -> Result<App, AdminError> {
    let rights = &[right_to_import(false)];
    change(cx, rights, |c, acting| {
        acting.require(AdminRight::ManageRelease)?;
        let row = row(c, cx, draft.clone(), None, entity_id, document.to_vec())?;
        inserted(c, row)
    })
    .map(|stored| stored.app)
}

fn inserted(c: &mut Connection, stored: StoredApp) -> Result<(StoredApp, Change), AdminError> {
    store::apps::insert(c, &stored)?;
    let draft = Draft::of(&stored.app);
    let attributes = settings::setting("attributes").expect("in the table");
    let change = Change {
        reason: Phrase::AppAdded.of(&stored.app.name),
        about: about(&stored),
        settings: vec![(
            attributes.key.to_owned(),
            String::new(),
            attributes.text(&draft),
        )],
        ..Change::default()
    };
    Ok((stored, change))
}

/// What [`add`] stores, read before its transaction begins.
struct New {
    preview: Preview,
    signature: DocumentSignature,
    draft: Draft,
    document: Vec<u8>,
    /// The same without what the SP claims of itself, where it claims anything.
    unclaimed: Option<Vec<u8>>,
    /// Whether something is released that takes a right of its own.
    releases: bool,
}

impl New {
    fn read(
        cx: &AdminContext<'_>,
        document: &[u8],
        entity_id: Option<&str>,
        confirmed: &Confirmed,
    ) -> Result<Self, AdminError> {
        let Vouched {
            octets,
            reading,
            signature,
        } = vouched(cx, document, &confirmed.signed_by)?;
        let wanted = entity_id.filter(|id| !id.is_empty());
        let (document, preview) = match preview_of(one_of(&octets, &reading, wanted)?, cx.now)? {
            Previewed::One(document, preview) => (document, *preview),
            Previewed::Several(listed) => {
                let some: Vec<&str> = listed
                    .iter()
                    .take(5)
                    .map(|entity| entity.entity_id.as_str())
                    .collect();
                return Err(Wrong::new(
                    "metadata",
                    format!(
                        "expected one service provider, received {}, such as {}; choose one",
                        listed.len(),
                        some.join(", ")
                    ),
                )
                .see(Noun::ServiceProvider)
                .into());
            }
        };
        if let Some(wanted) = wanted
            && preview.sp.entity_id.as_str() != wanted
        {
            return Err(other_entity(wanted, preview.sp.entity_id.as_str()));
        }
        let mut taken = preview.clone();
        let releases = match &confirmed.release {
            Release::All => {
                taken.accept_proposals();
                taken.accept_identifying();
                true
            }
            Release::Ticked(names) => {
                let ticked = |name: &str| names.iter().any(|ticked| ticked == name);
                taken.proposals.retain(|p| ticked(&p.requested.name));
                taken.accept_proposals();
                if taken.identifying.as_ref().is_some_and(|f| ticked(f.uri())) {
                    taken.accept_identifying();
                }
                !names.is_empty()
            }
        };
        let mut sp = preview.sp.clone();
        let unclaimed = if sp.has_claims() {
            sp.strip_claims();
            let written = sp.to_xml();
            Some(written.map_err(|e| Wrong::new("metadata", e.to_string()))?)
        } else {
            None
        };
        Ok(Self {
            preview,
            signature,
            draft: taken.draft,
            document,
            unclaimed,
            releases,
        })
    }

    /// The row of the app, if the actor may add it.
    fn stored(
        &self,
        c: &mut Connection,
        cx: &AdminContext<'_>,
        acting: &Acting,
        confirmed: &Confirmed,
    ) -> Result<StoredApp, AdminError> {
        let mut draft = self.draft.clone();
        confirmed.edit.apply(&mut draft, &Known::read(c)?)?;
        // The names of a new app are for whoever may add it to choose.
        let decided = settings::changes(&self.draft, &draft)
            .iter()
            .any(|(setting, ..)| setting.right == AdminRight::ManageRelease)
            || draft.policy.profiles != self.draft.policy.profiles
            || draft.policy.permission_sets != self.draft.policy.permission_sets;
        if self.releases || decided {
            acting.require(AdminRight::ManageRelease)?;
        }
        let entity_id = self.preview.sp.entity_id.as_str();
        not_taken(c, entity_id)?;
        // What may be released is not for everybody to say who may add an app.
        let document = match &self.unclaimed {
            Some(document) if !acting.rights.contains(&AdminRight::ManageRelease) => document,
            _ => &self.document,
        };
        let api_name = confirmed.api_name.as_deref();
        let stored = row(c, cx, draft, api_name, entity_id, document.clone())?;
        check_selection(c, cx, &stored.app)?;
        Ok(stored)
    }

    fn into_added(self, stored: StoredApp, findings: Vec<Finding>) -> Added {
        let mut preview = self.preview;
        preview.draft = Draft::of(&stored.app);
        Added {
            stored,
            preview,
            signature: self.signature,
            findings,
        }
    }
}

/// The row of a new app: under the short name that is wanted, or one that is free.
fn row(
    c: &mut Connection,
    cx: &AdminContext<'_>,
    mut draft: Draft,
    wanted: Option<&str>,
    entity_id: &str,
    metadata_xml: Vec<u8>,
) -> Result<StoredApp, AdminError> {
    match wanted {
        Some(name) => settings::apply_setting(&mut draft, "api_name", name)
            .map_err(|error| Wrong::new("api_name", error.to_string()))?,
        None => {
            let mut trouble = None;
            draft.api_name =
                free_api_name(&draft.api_name, |name| {
                    match store::apps::by_api_name(c, name) {
                        Ok(found) => found.is_some(),
                        Err(error) => {
                            trouble = Some(error);
                            false
                        }
                    }
                });
            if let Some(error) = trouble {
                return Err(error.into());
            }
        }
    }
    Ok(StoredApp {
        app: App {
            id: AppId::new(cx.row_id()),
            api_name: draft.api_name,
            name: draft.name,
            state: AppState::Installed,
            definition: draft.definition,
            policy: draft.policy,
            created_at: cx.now,
            updated_at: cx.now,
            not_understood: Vec::new(),
        },
        entity_id: entity_id.to_owned(),
        metadata_xml,
        version: 1,
    })
}

/// Replaces the metadata of an app by metadata of the same entity, which was shown beside what the
/// app had: `compared`. Settings stay as they are. What could change the release of attributes takes
/// the right to that as well. Metadata with which the app cannot work is taken if `accept_broken`.
///
/// # Errors
/// [`AdminError`]: nothing was changed. [`AdminError::Stale`]: there is other metadata by now.
pub fn replace(
    cx: &AdminContext<'_>,
    id: &str,
    document: &[u8],
    signed_by: &[String],
    compared: &Compared,
    accept_broken: bool,
) -> Result<App, AdminError> {
    let before = view(cx, &[right_to_import(true)], |c, _| {
        let stored = find(c, id)?;
        still(c, &stored, compared)?;
        Ok(stored)
    })?;
    let only_metadata = AppEdit {
        metadata: Some(compare(cx, &before, document, signed_by)?),
        accept_risky: true,
        accept_broken,
        ..AppEdit::default()
    };
    let row = before.app.id.as_str();
    Ok(edit(cx, row, &only_metadata)?.after.app)
}
