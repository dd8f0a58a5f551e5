//! Connected apps: list, show, add, change, block, remove, replace the metadata.

mod document;
mod edit;
mod import;
mod keep;
mod list;

use avouch_saml::metadata::{Reading, SpMetadata};
use avouch_saml::time::Timestamp;

use super::error::{Missing, Noun};
use super::profiles::Known;
use super::readiness;
use super::record::About;
use super::stale::Stale;
use super::{Acting, AdminContext, AdminError, SEES_APPS, view};
use crate::apps::readiness::{Finding, readiness as of_app};
use crate::config::Settings;
use crate::fault::OperatorError;
use crate::store::{self, Connection};
use crate::users::{PermissionSetId, ProfileId};

pub use crate::store::apps::{AppLine, StoredApp};
pub use document::{Compared, DocumentSignature, NewMetadata, compare};
pub use edit::{AppEdit, Edited, edit, preview, remove, save, set_state};
pub use import::{
    Added, Confirmed, Release, Understood, add, add_draft, replace, right_to_import, try_add,
    typed, understand,
};
pub use keep::keep_values;
pub use list::{AppsPage, Entry, PAGE, lines, list};

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
    pub viewer: Acting,
}

/// Shows an app by its row, API name or entity ID.
///
/// # Errors
/// [`AdminError`].
pub fn show(cx: &AdminContext<'_>, id: &str) -> Result<AppView, AdminError> {
    let found = view(cx, SEES_APPS, |c, viewer| Found::read(c, id, viewer))?;
    found.understood(cx.settings, cx.now)
}

/// As [`show`], with what became of the app since its version was `read`.
///
/// # Errors
/// [`AdminError`].
pub fn show_since(
    cx: &AdminContext<'_>,
    id: &str,
    read: i64,
) -> Result<(AppView, Stale), AdminError> {
    let (found, stale) = view(cx, SEES_APPS, |c, viewer| {
        let found = Found::read(c, id, viewer)?;
        let stale = Stale::since(c, &found.stored, read)?;
        Ok((found, stale))
    })?;
    Ok((found.understood(cx.settings, cx.now)?, stale))
}

/// What the database has of an app; its metadata is read when the transaction is over.
struct Found {
    stored: StoredApp,
    known: Known,
    keys: Vec<store::keys::KeyRow>,
    viewer: Acting,
}

impl Found {
    fn read(c: &mut Connection, id: &str, viewer: &Acting) -> Result<Self, AdminError> {
        Ok(Self {
            stored: find(c, id)?,
            known: Known::read(c)?,
            keys: store::keys::all(c)?,
            viewer: viewer.clone(),
        })
    }

    fn understood(self, settings: &Settings, now: Timestamp) -> Result<AppView, AdminError> {
        let sp = metadata_of(&self.stored, now)?;
        let organisation = readiness::with_keys(settings, &self.keys);
        Ok(AppView {
            findings: of_app(&self.stored.app, &sp, &organisation, now),
            sp,
            stored: self.stored,
            profiles: self.known.profiles,
            permission_sets: self.known.permission_sets,
            keys: self.keys,
            viewer: self.viewer,
        })
    }
}

/// Most API names that are compared with one that is not there.
const NEAREST_AMONG: i64 = 1_000;

pub(super) fn find(c: &mut Connection, id: &str) -> Result<StoredApp, AdminError> {
    if let Some(stored) = store::apps::by_any_name(c, id)? {
        return Ok(stored);
    }
    let some = store::apps::list(c, "", None, NEAREST_AMONG)?;
    let names = some.iter().map(|line| line.api_name.as_str());
    Err(Missing::among(Noun::App, id, names).into())
}

/// The metadata of a stored app. It was read before it was stored, so it reads; that it may have
/// expired since is judged at each sign-on, and its page must still open.
fn metadata_of(stored: &StoredApp, now: Timestamp) -> Result<SpMetadata, OperatorError> {
    let reading = Reading::of_any_age(now);
    SpMetadata::parse(&stored.metadata_xml, &reading).map_err(|error| {
        OperatorError::new(format!("metadata of {}: {error}", stored.app.api_name))
    })
}

fn about(stored: &StoredApp) -> About {
    About {
        app: Some((
            stored.app.id.to_string(),
            stored.app.name.clone(),
            stored.entity_id.clone(),
        )),
        target: None,
    }
}
