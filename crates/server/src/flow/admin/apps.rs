//! Connected apps: list, add, change, block, remove, replace the metadata.

use std::borrow::Cow;

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::{Change as Difference, MetadataError, Reading, SpMetadata, diff};
use avouch_saml::time::Timestamp;

use super::readiness::{self, weigh};
use super::{AdminError, Change, SEES_APPS, Wrong, change, require, view};
use crate::apps::api_name::free_api_name;
use crate::apps::draft::Draft;
use crate::apps::onboard::preview::Preview;
use crate::apps::onboard::typed::{Typed, TypedError, typed_over, typed_to_metadata};
use crate::apps::onboard::{federation, selection, signed};
use crate::apps::readiness::{Finding, of_settings, readiness as of_app};
use crate::apps::{App, AppId, AppState, StateChange, settings};
use crate::context::Context;
use crate::store::apps::{AppLine, StoredApp};
use crate::store::{self, Connection};
use crate::users::{AdminRight, User};
use crate::users::{PermissionSetId, ProfileId};

/// How many apps a page of the list has.
pub const PAGE: i64 = 50;

/// A page of the list.
#[derive(Debug)]
pub struct AppsPage {
    /// The apps.
    pub lines: Vec<Entry>,
    /// Whether more follow.
    pub more: bool,
    /// How many apps there are in all.
    pub total: i64,
    /// Who looks.
    pub viewer: User,
}

/// One app of the list.
#[derive(Debug)]
pub struct Entry {
    /// Its names and state.
    pub line: AppLine,
    /// The app; `None` when it went at this moment.
    pub stored: Option<StoredApp>,
    /// What keeps users from signing on to it.
    pub findings: Vec<Finding>,
    /// When somebody last signed in to it.
    pub last_used: Option<Timestamp>,
}

/// Lists apps whose names or entity ID contain `search`, after the API name `after`.
///
/// # Errors
/// [`AdminError`].
pub fn list(cx: &Context, search: &str, after: Option<&str>) -> Result<AppsPage, AdminError> {
    view(cx, SEES_APPS, |c, user| {
        let mut lines = store::apps::list(c, search, after, PAGE + 1)?;
        let more = lines.len() > PAGE as usize;
        lines.truncate(PAGE as usize);
        let organisation = readiness::organisation(c, &cx.services.settings)?;
        let ids: Vec<String> = lines.iter().map(|line| line.id.clone()).collect();
        let last_used = store::events::last_sign_ons(c, &ids)?;
        let mut entries = Vec::with_capacity(lines.len());
        for line in lines {
            let stored = store::apps::by_id(c, &AppId::new(line.id.as_str()))?;
            let findings = stored.as_ref().map_or_else(Vec::new, |stored| {
                readiness::of_stored(stored, &organisation, cx.now)
            });
            entries.push(Entry {
                last_used: last_used.get(&line.id).copied(),
                line,
                stored,
                findings,
            });
        }
        Ok(AppsPage {
            lines: entries,
            more,
            total: store::apps::count(c)?,
            viewer: user.clone(),
        })
    })
}

/// An app with all its page shows.
#[derive(Debug)]
pub struct AppView {
    /// The app.
    pub stored: StoredApp,
    /// Its metadata.
    pub sp: SpMetadata,
    /// The organisation's profiles.
    pub profiles: Vec<(ProfileId, String)>,
    /// The organisation's permission sets.
    pub permission_sets: Vec<(PermissionSetId, String)>,
    /// The organisation's keys.
    pub keys: Vec<store::keys::KeyRow>,
    /// What keeps users from signing on to it.
    pub findings: Vec<Finding>,
    /// Who looks.
    pub viewer: User,
}

/// Shows an app by its row or API name.
///
/// # Errors
/// [`AdminError`].
pub fn show(cx: &Context, id: &str) -> Result<AppView, AdminError> {
    view(cx, SEES_APPS, |c, user| {
        let stored = find(c, id)?;
        let sp = metadata_of(&stored, cx.now)?;
        let organisation = readiness::organisation(c, &cx.services.settings)?;
        Ok(AppView {
            findings: of_app(&stored.app, &sp, &organisation, cx.now),
            sp,
            profiles: store::profiles::all(c)?,
            permission_sets: store::permission_sets::all(c)?,
            keys: store::keys::all(c)?,
            viewer: user.clone(),
            stored,
        })
    })
}

pub(super) fn find(c: &mut Connection, id: &str) -> Result<StoredApp, AdminError> {
    let by_row = store::apps::by_id(c, &AppId::new(id))?;
    match by_row {
        Some(stored) => Ok(stored),
        None => store::apps::by_api_name(c, id)?.ok_or(AdminError::NotFound),
    }
}

/// The metadata of a stored app. It was read before it was stored, so it reads; that it may have
/// expired since is judged at each sign-on, and its page must still open.
fn metadata_of(stored: &StoredApp, now: Timestamp) -> Result<SpMetadata, AdminError> {
    let reading = Reading::of_any_age(now);
    SpMetadata::parse(&stored.metadata_xml, &reading).map_err(|error| {
        AdminError::Ours(crate::fault::OperatorError::new(format!(
            "metadata of {}: {error}",
            stored.app.api_name
        )))
    })
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
        viewer: Box<User>,
    },
    /// Several: which one?
    Several {
        /// Each with whether an app has its entity ID.
        entities: Vec<(federation::Listed, bool)>,
        /// Who looks.
        viewer: Box<User>,
    },
}

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

/// Most service providers offered to choose from.
const CHOICES: usize = 2000;

/// The right that importing metadata takes: for an app that is there, or for a new one.
pub const fn right_to_import(replaces: bool) -> AdminRight {
    if replaces {
        AdminRight::EditApps
    } else {
        AdminRight::InstallApps
    }
}

/// Reads metadata for a new app, or for the app `replaces`; stores nothing. `entity_id` chooses
/// one service provider of several. With certificates in `signed_by` the document has to be signed
/// by one of their keys, and to say until when it is good.
///
/// # Errors
/// [`AdminError::Refused`] with the line and the reason.
pub fn understand(
    cx: &Context,
    document: &[u8],
    entity_id: Option<&str>,
    replaces: Option<&str>,
    signed_by: &[String],
) -> Result<Understood, AdminError> {
    let came = document;
    view(cx, &[right_to_import(replaces.is_some())], |c, user| {
        let replaced = replaces.map(|id| find(c, id)).transpose()?;
        let wanted = match (&replaced, entity_id) {
            (Some(stored), _) => Some(stored.entity_id.clone()),
            (None, chosen) => chosen.filter(|id| !id.is_empty()).map(str::to_owned),
        };
        let Vouched {
            octets,
            reading,
            signature,
        } = vouched(cx, came, signed_by)?;
        let document = match one_of(&octets, &reading, wanted.as_deref())? {
            Chosen::Document(document) => document,
            Chosen::Several(listed) => {
                let mut choices = Vec::new();
                for entity in listed {
                    let taken = store::apps::by_entity_id(c, &entity.entity_id)?.is_some();
                    choices.push((entity, taken));
                }
                return Ok(Understood::Several {
                    entities: choices,
                    viewer: Box::new(user.clone()),
                });
            }
        };
        let preview = Preview::read(&document, cx.now).map_err(not_metadata)?;
        if let Some(stored) = &replaced
            && stored.entity_id != preview.sp.entity_id.as_str()
        {
            return Err(other_entity(
                &stored.entity_id,
                preview.sp.entity_id.as_str(),
            ));
        }
        if replaced.is_none() {
            not_taken(c, preview.sp.entity_id.as_str())?;
        }
        let organisation = readiness::organisation(c, &cx.services.settings)?;
        let replaced = match replaced {
            Some(stored) => {
                let sp = metadata_of(&stored, cx.now)?;
                Some(Box::new((stored, sp)))
            }
            None => None,
        };
        let definition = match &replaced {
            Some(old) => &old.0.app.definition,
            None => &preview.draft.definition,
        };
        Ok(Understood::One {
            findings: of_settings(definition, &preview.sp, &organisation, cx.now),
            preview: Box::new(preview),
            document: match signature {
                DocumentSignature::VerifiedBy(_) => came.to_vec(),
                _ => document,
            },
            signature,
            replaced,
            viewer: Box::new(user.clone()),
        })
    })
}

/// A document as far as it is vouched for.
struct Vouched<'d> {
    octets: Cow<'d, [u8]>,
    reading: Reading,
    signature: DocumentSignature,
}

/// The octets of `document` that may be read: those that one of `signed_by` signed, where any key is
/// given.
fn vouched<'d>(
    cx: &Context,
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
    let policy = &cx.services.settings.saml.defaults.algorithms;
    let verified = signed::verify(document, signed_by, policy, cx.now)
        .map_err(|error| Wrong::new("signed_by", error.to_string()))?;
    Ok(Vouched {
        octets: Cow::Owned(verified.octets),
        reading: Reading::of_source(cx.now),
        signature: DocumentSignature::VerifiedBy(verified.fingerprint),
    })
}

/// The metadata that typed fields mean: of a new app, or laid over what the app `replaces` has.
///
/// # Errors
/// [`AdminError::Refused`] with the field.
pub fn typed(cx: &Context, typed: &Typed, replaces: Option<&str>) -> Result<Vec<u8>, AdminError> {
    view(cx, &[right_to_import(replaces.is_some())], |c, _| {
        let document = match replaces {
            None => typed_to_metadata(typed),
            Some(id) => {
                let stored = find(c, id)?;
                typed_over(&metadata_of(&stored, cx.now)?, typed, cx.now)
            }
        };
        document.map_err(|error| {
            let field = match error {
                TypedError::NoEntityId => "entity_id",
                TypedError::NoAcs => "acs_urls",
                TypedError::Unwritable(_) => "name",
            };
            Wrong::new(field, error.to_string()).into()
        })
    })
}

enum Chosen {
    Document(Vec<u8>),
    Several(Vec<federation::Listed>),
}

fn one_of(document: &[u8], reading: &Reading, wanted: Option<&str>) -> Result<Chosen, AdminError> {
    if SpMetadata::parse(document, reading)
        .is_ok_and(|sp| wanted.is_none_or(|id| id == sp.entity_id.as_str()))
    {
        return Ok(Chosen::Document(document.to_vec()));
    }
    if let Some(wanted) = wanted {
        let id = EntityId::parse(wanted).map_err(|e| Wrong::new("entity_id", e.to_string()))?;
        if let Some(document) = federation::extract(document, reading, &id).map_err(not_metadata)? {
            return Ok(Chosen::Document(document));
        }
    }
    let listed = federation::list(document, reading, CHOICES).map_err(not_metadata)?;
    if listed.len() > 1 && wanted.is_none() {
        return Ok(Chosen::Several(listed));
    }
    // One or none that can be used: the reader says which and why.
    Ok(Chosen::Document(document.to_vec()))
}

fn not_metadata(error: MetadataError) -> AdminError {
    let entity = error
        .entity_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" (entity {id})"));
    Wrong::new("metadata", format!("{error}{entity}")).into()
}

fn other_entity(stored: &str, found: &str) -> AdminError {
    Wrong::new(
        "metadata",
        format!(
            "expected the metadata of {stored}, received that of {found}; another entity ID is another app: add it as a new one"
        ),
    )
    .into()
}

fn not_taken(c: &mut Connection, entity_id: &str) -> Result<(), AdminError> {
    match store::apps::by_entity_id(c, entity_id)? {
        None => Ok(()),
        Some(other) => Err(Wrong::new(
            "metadata",
            format!(
                "expected an entity ID that no app has, received {entity_id}, which {} has; open that app and replace its metadata instead",
                other.app.name
            ),
        )
        .into()),
    }
}

/// What an admin confirmed about a new app.
#[derive(Debug, Clone, Default)]
pub struct Confirmed {
    /// Name in place of the metadata's; may be empty.
    pub name: String,
    /// SAML names of the requested attributes to release, and the NameID format that says who the
    /// user is, if that is to be released.
    pub release: Vec<String>,
    /// Certificates of whom the metadata has to be signed by.
    pub signed_by: Vec<String>,
    /// It is to be stored although it cannot work.
    pub although: bool,
}

/// Adds an app from metadata that was previewed. It is read again: what a browser brings back is
/// not trusted because a page once held it.
///
/// # Errors
/// [`AdminError`]: nothing was stored.
pub fn add(
    cx: &Context,
    document: &[u8],
    entity_id: Option<&str>,
    confirmed: &Confirmed,
) -> Result<App, AdminError> {
    let new = New::read(cx, document, entity_id, confirmed)?;
    change(cx, &[AdminRight::InstallApps], |c, user| {
        if new.releases {
            require(user, AdminRight::ManageRelease)?;
        }
        not_taken(c, &new.entity_id)?;
        // What may be released is not for everybody to say who may add an app.
        let document = match &new.unclaimed {
            Some(document) if !user.rights.contains(&AdminRight::ManageRelease) => document,
            _ => &new.document,
        };
        let (draft, entity_id) = (new.draft.clone(), new.entity_id.clone());
        let stored = new_app(c, cx, draft, entity_id, document.clone())?;
        let organisation = readiness::organisation(c, &cx.services.settings)?;
        let after = (&stored.app, &new.sp);
        weigh(None, after, &organisation, cx.now, confirmed.although)?;
        store::apps::insert(c, &stored)?;
        let draft = Draft::of(&stored.app);
        Ok((
            stored.app.clone(),
            Change {
                reason: format!("The app {} was added.", stored.app.name),
                app: Some(about(&stored)),
                settings: vec![(
                    "attributes".to_owned(),
                    String::new(),
                    settings::setting("attributes")
                        .expect("in the table")
                        .text(&draft),
                )],
                ..Change::default()
            },
        ))
    })
}

/// What [`add`] stores, read before its transaction begins.
struct New {
    draft: Draft,
    sp: SpMetadata,
    entity_id: String,
    document: Vec<u8>,
    /// The same without what the SP claims of itself, where it claims anything.
    unclaimed: Option<Vec<u8>>,
    /// Whether something is released that takes a right of its own.
    releases: bool,
}

impl New {
    fn read(
        cx: &Context,
        document: &[u8],
        entity_id: Option<&str>,
        confirmed: &Confirmed,
    ) -> Result<Self, AdminError> {
        let Vouched {
            octets, reading, ..
        } = vouched(cx, document, &confirmed.signed_by)?;
        let wanted = entity_id.filter(|id| !id.is_empty());
        let Chosen::Document(document) = one_of(&octets, &reading, wanted)? else {
            return Err(Wrong::new(
                "metadata",
                "expected one service provider, received several; choose one",
            )
            .into());
        };
        let mut preview = Preview::read(&document, cx.now).map_err(not_metadata)?;
        let name = confirmed.name.trim();
        if !name.is_empty() {
            settings::apply_setting(&mut preview.draft, "name", name)
                .map_err(|e| Wrong::new("name", e.to_string()))?;
        }
        let ticked = |name: &str| confirmed.release.iter().any(|ticked| ticked == name);
        preview.proposals.retain(|p| ticked(&p.requested.name));
        preview.accept_proposals();
        if preview
            .identifying
            .as_ref()
            .is_some_and(|f| ticked(f.uri()))
        {
            preview.accept_identifying();
        }
        let sp = preview.sp;
        let entity_id = sp.entity_id.to_string();
        let unclaimed = if sp.has_claims() {
            let mut bare = sp.clone();
            bare.strip_claims();
            let written = bare
                .to_xml()
                .map_err(|e| Wrong::new("metadata", e.to_string()))?;
            Some(written)
        } else {
            None
        };
        Ok(Self {
            draft: preview.draft,
            sp,
            entity_id,
            document,
            unclaimed,
            releases: !confirmed.release.is_empty(),
        })
    }
}

/// The row of a new app, under a short name that is free.
///
/// # Errors
/// The database.
pub fn new_app(
    c: &mut Connection,
    cx: &Context,
    draft: Draft,
    entity_id: String,
    metadata_xml: Vec<u8>,
) -> Result<StoredApp, AdminError> {
    let mut trouble = None;
    let api_name = free_api_name(&draft.api_name, |name| {
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
    Ok(StoredApp {
        app: App {
            id: AppId::new(cx.services.row_id()),
            api_name,
            name: draft.name,
            state: AppState::Installed,
            definition: draft.definition,
            policy: draft.policy,
            created_at: cx.now,
            updated_at: cx.now,
        },
        entity_id,
        metadata_xml,
        version: 1,
    })
}

fn about(stored: &StoredApp) -> (String, String, String) {
    (
        stored.app.id.to_string(),
        stored.app.name.clone(),
        stored.entity_id.clone(),
    )
}

/// Changes an app as `edit` says, `although` it cannot work then or only if it can.
///
/// # Errors
/// [`AdminError`]: nothing was changed. What `edit` refuses comes back as [`AdminError::Refused`].
pub fn save(
    cx: &Context,
    id: &str,
    although: bool,
    edit: impl Fn(&mut App) -> Result<(), Vec<Wrong>>,
) -> Result<App, AdminError> {
    let rights = &[AdminRight::EditApps, AdminRight::ManageRelease];
    // Read away from the transaction that writes: metadata can be long.
    let known = view(cx, rights, |c, _| find(c, id))?;
    let read = metadata_of(&known, cx.now)?;
    change(cx, rights, |c, user| {
        let mut stored = find(c, id)?;
        let before = stored.app.clone();
        edit(&mut stored.app).map_err(AdminError::Refused)?;
        let mut changed = settings::changes(&Draft::of(&before), &Draft::of(&stored.app));
        for (setting, ..) in &changed {
            require(user, setting.right)?;
        }
        let mut lines: Vec<(String, String, String)> = changed
            .drain(..)
            .map(|(setting, was, is)| (setting.key.to_owned(), was, is))
            .collect();
        lines.extend(assignments(c, user, &before, &stored.app)?);
        known_key(c, &stored.app)?;
        free_name(c, &stored.app)?;
        if let Some(wrong) = selection::blocked(
            &stored.app.definition.saml,
            &cx.services.settings.saml.defaults.algorithms,
        ) {
            return Err(Wrong::new("signature_algorithm", wrong).into());
        }
        let sp = if stored.metadata_xml == known.metadata_xml {
            Cow::Borrowed(&read)
        } else {
            Cow::Owned(metadata_of(&stored, cx.now)?)
        };
        let organisation = readiness::organisation(c, &cx.services.settings)?;
        let (was, is) = ((&before, &*sp), (&stored.app, &*sp));
        weigh(Some(was), is, &organisation, cx.now, although)?;
        stored.app.updated_at = cx.now;
        store::apps::update(c, &stored)?;
        Ok((
            stored.app.clone(),
            Change {
                reason: format!("The settings of {} were changed.", stored.app.name),
                app: Some(about(&stored)),
                settings: lines,
                ..Change::default()
            },
        ))
    })
}

/// Checks that the profiles and permission sets exist, and tells what changed of them by name.
fn assignments(
    c: &mut Connection,
    user: &User,
    before: &App,
    after: &App,
) -> Result<Vec<(String, String, String)>, AdminError> {
    let mut changed = Vec::new();
    if before.policy.profiles != after.policy.profiles {
        require(user, AdminRight::ManageRelease)?;
        let known = store::profiles::all(c)?;
        let names = |ids: &[ProfileId]| names_of(ids, &known);
        let is = names(&after.policy.profiles)
            .ok_or_else(|| Wrong::new("profiles", "a profile that was ticked is gone"))?;
        let was = names(&before.policy.profiles).unwrap_or_default();
        changed.push(("profiles".to_owned(), was, is));
    }
    if before.policy.permission_sets != after.policy.permission_sets {
        require(user, AdminRight::ManageRelease)?;
        let known = store::permission_sets::all(c)?;
        let names = |ids: &[PermissionSetId]| names_of(ids, &known);
        let is = names(&after.policy.permission_sets).ok_or_else(|| {
            Wrong::new(
                "permission_sets",
                "a permission set that was ticked is gone",
            )
        })?;
        let was = names(&before.policy.permission_sets).unwrap_or_default();
        changed.push(("permission_sets".to_owned(), was, is));
    }
    Ok(changed)
}

fn names_of<I: PartialEq>(ids: &[I], known: &[(I, String)]) -> Option<String> {
    ids.iter()
        .map(|id| {
            known
                .iter()
                .find(|(k, _)| k == id)
                .map(|(_, name)| name.as_str())
        })
        .collect::<Option<Vec<_>>>()
        .map(|names| names.join(", "))
}

fn free_name(c: &mut Connection, app: &App) -> Result<(), AdminError> {
    match store::apps::by_api_name(c, &app.api_name)? {
        Some(other) if other.app.id != app.id => Err(Wrong::new(
            "api_name",
            format!(
                "Expected a short name that no other app has, received {:?}, which {} has.",
                app.api_name, other.app.name
            ),
        )
        .into()),
        _ => Ok(()),
    }
}

fn known_key(c: &mut Connection, app: &App) -> Result<(), AdminError> {
    let Some(wanted) = &app.definition.saml.signing_key else {
        return Ok(());
    };
    let keys = store::keys::all(c)?;
    if keys
        .iter()
        .any(|key| key.id == *wanted && key.purpose == "signing" && key.state != "retired")
    {
        return Ok(());
    }
    Err(Wrong::new(
        "signing_key",
        format!(
            "expected a signing key that is not retired, received {wanted:?}; the page of keys lists them"
        ),
    )
    .into())
}

/// Blocks, unblocks, uninstalls or installs an app.
///
/// # Errors
/// [`AdminError`].
pub fn set_state(cx: &Context, id: &str, wanted: StateChange) -> Result<App, AdminError> {
    change(cx, &[AdminRight::InstallApps], |c, _| {
        let mut stored = find(c, id)?;
        let before = stored.app.state;
        stored
            .app
            .change_state(wanted)
            .map_err(|first| Wrong::new("", format!("{first}.")))?;
        let state = stored.app.state;
        stored.app.updated_at = cx.now;
        store::apps::update(c, &stored)?;
        Ok((
            stored.app.clone(),
            Change {
                reason: format!("The app {} is now {}.", stored.app.name, state.as_str()),
                app: Some(about(&stored)),
                settings: vec![(
                    "state".to_owned(),
                    before.as_str().to_owned(),
                    state.as_str().to_owned(),
                )],
                ..Change::default()
            },
        ))
    })
}

/// Removes an app with its assignments and consents.
///
/// # Errors
/// [`AdminError`].
pub fn remove(cx: &Context, id: &str) -> Result<(), AdminError> {
    change(cx, &[AdminRight::InstallApps], |c, _| {
        let stored = find(c, id)?;
        store::apps::remove(c, &stored.app.id)?;
        Ok((
            (),
            Change {
                reason: format!("The app {} was removed.", stored.app.name),
                app: Some(about(&stored)),
                ..Change::default()
            },
        ))
    })
}

/// Replaces the metadata of an app by metadata of the same entity. Settings stay as they are. What
/// could change the release of attributes takes the right to that as well. Metadata with which the
/// app cannot work is taken if it is to be `although`.
///
/// # Errors
/// [`AdminError`]: nothing was changed.
pub fn replace(
    cx: &Context,
    id: &str,
    document: &[u8],
    signed_by: &[String],
    although: bool,
) -> Result<App, AdminError> {
    let right = right_to_import(true);
    let before = view(cx, &[right], |c, _| find(c, id))?;
    let Vouched {
        octets, reading, ..
    } = vouched(cx, document, signed_by)?;
    let Chosen::Document(document) = one_of(&octets, &reading, Some(&before.entity_id))? else {
        return Err(other_entity(&before.entity_id, "several others"));
    };
    let sp = SpMetadata::parse(&document, &Reading::at(cx.now)).map_err(not_metadata)?;
    if sp.entity_id.as_str() != before.entity_id {
        return Err(other_entity(&before.entity_id, sp.entity_id.as_str()));
    }
    let old = metadata_of(&before, cx.now)?;
    let differences = diff(&old, &sp);
    change(cx, &[right], |c, user| {
        if differences.iter().any(Difference::concerns_release) {
            require(user, AdminRight::ManageRelease)?;
        }
        let mut stored = find(c, before.app.id.as_str())?;
        if stored.metadata_xml != before.metadata_xml {
            return Err(Wrong::new(
                "metadata",
                "somebody else replaced the metadata at the same moment; look at it again",
            )
            .into());
        }
        let organisation = readiness::organisation(c, &cx.services.settings)?;
        let (was, is) = ((&stored.app, &old), (&stored.app, &sp));
        weigh(Some(was), is, &organisation, cx.now, although)?;
        stored.metadata_xml.clone_from(&document);
        stored.app.updated_at = cx.now;
        store::apps::update(c, &stored)?;
        Ok((
            stored.app.clone(),
            Change {
                reason: format!("The metadata of {} was replaced.", stored.app.name),
                app: Some(about(&stored)),
                settings: differences
                    .iter()
                    .map(|difference| {
                        let name = if difference.is_risky() {
                            "metadata, risky"
                        } else {
                            "metadata"
                        };
                        (name.to_owned(), String::new(), difference.to_string())
                    })
                    .collect(),
                ..Change::default()
            },
        ))
    })
}
