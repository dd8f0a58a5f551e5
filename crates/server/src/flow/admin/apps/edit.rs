//! Changing an app. What a command names is applied to what is there in the transaction that writes
//! it; what a page or a document was made of is compared by its version first.

use std::borrow::Cow;

use avouch_saml::metadata::{Change as Difference, SpMetadata};

use super::super::error::{Noun, Wrong};
use super::super::profiles::Known;
use super::super::readiness::{self, weigh};
use super::super::stale::Stale;
use super::super::{Acting, AdminContext, AdminError, Change, Line, SEES_APPS, change, view};
use super::document::{Compared, NewMetadata};
use super::{StoredApp, about, find, metadata_of};
use crate::access::state_phrase;
use crate::apps::draft::Draft;
use crate::apps::onboard::selection;
use crate::apps::readiness::Finding;
use crate::apps::{App, StateChange, settings};
use crate::audit::check::{Phrase, Value};
use crate::store::{self, Connection};
use crate::users::AdminRight;

/// What is to change of an app.
#[derive(Debug, Clone, Default)]
pub struct AppEdit {
    /// Settings and their values, in the words of the table of settings.
    pub settings: Vec<(String, String)>,
    /// Profiles whose users are let in: names or rows.
    pub allow_profiles: Vec<String>,
    /// Profiles whose users are no longer let in.
    pub deny_profiles: Vec<String>,
    /// Permission sets whose users are let in: names or rows.
    pub allow_permission_sets: Vec<String>,
    /// Permission sets whose users are no longer let in.
    pub deny_permission_sets: Vec<String>,
    /// Block, unblock, uninstall or install it.
    pub state: Option<StateChange>,
    /// Metadata in place of what is there.
    pub metadata: Option<NewMetadata>,
    /// That metadata is what was there, without its end.
    pub keeps_values: bool,
    /// The risky changes of that metadata were looked at.
    pub accept_risky: bool,
    /// It is to be stored although the app cannot work then.
    pub accept_broken: bool,
}

/// An app that was changed, or would be.
#[derive(Debug, Clone)]
pub struct Edited {
    /// As it was.
    pub before: StoredApp,
    /// As it is, or would be.
    pub after: StoredApp,
    /// What differs, metadata apart.
    pub lines: Vec<Line>,
    /// What keeps users from signing on and did not before.
    pub findings: Vec<Finding>,
}

/// Changes an app by its row, API name or entity ID.
///
/// # Errors
/// [`AdminError`]: nothing was changed. [`AdminError::Stale`]: the metadata was compared with what
/// is there no more; [`AdminError::Risky`]: its changes are to be looked at first;
/// [`AdminError::CannotWork`]: nobody could sign on to it then.
pub fn edit(cx: &AdminContext<'_>, id: &str, edit: &AppEdit) -> Result<Edited, AdminError> {
    let read = Read::of(cx, CHANGES_APPS, id, edit)?;
    change(cx, CHANGES_APPS, |c, acting| {
        let edited = edit.prepare(c, cx, acting, &read, edit.accept_broken)?;
        let mut settings = edited.lines.clone();
        if let Some(new) = &edit.metadata {
            if new.is_risky() && !edit.accept_risky {
                return Err(AdminError::Risky(new.differences.clone()));
            }
            settings.extend(new.differences.iter().map(metadata_line));
        }
        store::apps::update(c, &edited.after)?;
        let change = Change {
            reason: edit.reason(&edited),
            about: about(&edited.after),
            settings,
            ..Change::default()
        };
        Ok((edited, change))
    })
}

/// What [`edit`] would change. Nothing is stored; risky changes and those with which the app cannot
/// work are shown, not refused.
///
/// # Errors
/// As [`edit`].
pub fn preview(cx: &AdminContext<'_>, id: &str, edit: &AppEdit) -> Result<Edited, AdminError> {
    let read = Read::of(cx, SEES_APPS, id, edit)?;
    view(cx, SEES_APPS, |c, acting| {
        edit.prepare(c, cx, acting, &read, true)
    })
}

/// What was read of an app away from the transaction that writes it: metadata can be long.
struct Read {
    /// As it was asked for.
    id: String,
    stored: StoredApp,
    /// `None` when it does not read and nothing depends on it: an app can always be blocked.
    sp: Option<SpMetadata>,
}

impl Read {
    fn of(
        cx: &AdminContext<'_>,
        rights: &[AdminRight],
        id: &str,
        edit: &AppEdit,
    ) -> Result<Self, AdminError> {
        let stored = view(cx, rights, |c, _| find(c, id))?;
        let sp = match metadata_of(&stored, cx.now) {
            Err(_) if !edit.changes_settings() && edit.metadata.is_none() => None,
            read => Some(read?),
        };
        Ok(Self {
            id: id.to_owned(),
            stored,
            sp,
        })
    }

    /// The metadata of the app as it is in the transaction.
    fn still(
        &self,
        cx: &AdminContext<'_>,
        stored: &StoredApp,
    ) -> Result<Option<Cow<'_, SpMetadata>>, AdminError> {
        if stored.metadata_xml == self.stored.metadata_xml {
            return Ok(self.sp.as_ref().map(Cow::Borrowed));
        }
        Ok(Some(Cow::Owned(metadata_of(stored, cx.now)?)))
    }
}

/// Any of these changes something of an app; which one it takes depends on what is changed.
const CHANGES_APPS: &[AdminRight] = &[
    AdminRight::EditApps,
    AdminRight::ManageRelease,
    AdminRight::InstallApps,
];

impl AppEdit {
    /// The app as it would be, if the actor may.
    fn prepare(
        &self,
        c: &mut Connection,
        cx: &AdminContext<'_>,
        acting: &Acting,
        read: &Read,
        accepted: bool,
    ) -> Result<Edited, AdminError> {
        let before = find(c, &read.id)?;
        let known = Known::read(c)?;
        let mut after = before.clone();
        let mut draft = Draft::of(&after.app);
        self.apply(&mut draft, &known)?;
        draft.write_into(&mut after.app);
        check(c, cx, acting, &before.app, &after.app)?;
        if let Some(state) = self.state {
            acting.require(AdminRight::InstallApps)?;
            let changed = after.app.change_state(state);
            changed.map_err(|first| Wrong::new("", format!("{first}.")))?;
        }
        if let Some(new) = &self.metadata {
            acting.require(AdminRight::EditApps)?;
            if new.differences.iter().any(Difference::concerns_release) {
                acting.require(AdminRight::ManageRelease)?;
            }
            still(c, &before, &new.compared)?;
            after.metadata_xml.clone_from(&new.document);
        }
        after.app.updated_at = cx.now;
        let lines = lines(&known, &before.app, &after.app)?;
        let findings = match read.still(cx, &before)? {
            None => Vec::new(),
            Some(was) => {
                let is = self.metadata.as_ref().map_or(&*was, |new| &new.sp);
                let organisation = readiness::organisation(c, cx.settings)?;
                let (was, is) = ((&before.app, &*was), (&after.app, is));
                weigh(Some(was), is, &organisation, cx.now, accepted)?
            }
        };
        Ok(Edited {
            before,
            after,
            lines,
            findings,
        })
    }

    /// Puts the settings and who may enter into a draft.
    ///
    /// # Errors
    /// [`AdminError::Refused`] with the setting, or what is not there.
    pub(super) fn apply(&self, draft: &mut Draft, known: &Known) -> Result<(), AdminError> {
        for (key, value) in &self.settings {
            settings::apply_setting(draft, key, value)
                .map_err(|error| Wrong::new(key.as_str(), error.to_string()))?;
        }
        let policy = &mut draft.policy;
        for name in &self.allow_profiles {
            let (id, _) = known.profile(name)?;
            if !policy.profiles.contains(&id) {
                policy.profiles.push(id);
            }
        }
        for name in &self.deny_profiles {
            let (id, _) = known.profile(name)?;
            policy.profiles.retain(|known| *known != id);
        }
        for name in &self.allow_permission_sets {
            let (id, _) = known.permission_set(name)?;
            if !policy.permission_sets.contains(&id) {
                policy.permission_sets.push(id);
            }
        }
        for name in &self.deny_permission_sets {
            let (id, _) = known.permission_set(name)?;
            policy.permission_sets.retain(|known| *known != id);
        }
        Ok(())
    }

    fn changes_settings(&self) -> bool {
        [
            &self.allow_profiles,
            &self.deny_profiles,
            &self.allow_permission_sets,
            &self.deny_permission_sets,
        ]
        .iter()
        .any(|names| !names.is_empty())
            || !self.settings.is_empty()
    }

    fn reason(&self, edited: &Edited) -> Value {
        let app = &edited.after.app;
        if self.keeps_values {
            return Phrase::AppMetadataKept.of(&app.name);
        }
        match (self.changes_settings(), self.state, &self.metadata) {
            (true, None, None) => Phrase::AppSettingsChanged.of(&app.name),
            (false, Some(_), None) => Phrase::AppIsNow.with([
                Value::text(app.name.clone()),
                state_phrase(app.state).into(),
            ]),
            (false, None, Some(_)) => Phrase::AppMetadataReplaced.of(&app.name),
            _ => Phrase::AppChanged.of(&app.name),
        }
    }
}

/// Refuses metadata that was compared with what is there no more.
pub(super) fn still(
    c: &mut Connection,
    stored: &StoredApp,
    compared: &Compared,
) -> Result<(), AdminError> {
    if Compared::with(stored).metadata == compared.metadata {
        return Ok(());
    }
    let stale = Stale::since(c, stored, compared.version)?;
    Err(AdminError::Stale(Box::new(stale)))
}

fn metadata_line(difference: &Difference) -> Line {
    let name = if difference.is_risky() {
        "metadata, risky"
    } else {
        "metadata"
    };
    (name.to_owned(), String::new(), difference.to_string())
}

/// Changes an app, as it was read at `version`, as `edit` says, although it cannot work then or only
/// if it can: `accept_broken`.
///
/// # Errors
/// [`AdminError`]: nothing was changed. What `edit` refuses comes back as [`AdminError::Refused`];
/// [`AdminError::Stale`]: the app is of another version.
pub fn save(
    cx: &AdminContext<'_>,
    id: &str,
    version: i64,
    accept_broken: bool,
    edit: impl Fn(&mut App) -> Result<(), Vec<Wrong>>,
) -> Result<App, AdminError> {
    let rights = &[AdminRight::EditApps, AdminRight::ManageRelease];
    // Read away from the transaction that writes: metadata can be long.
    let known = view(cx, rights, |c, _| find(c, id))?;
    let read = metadata_of(&known, cx.now)?;
    change(cx, rights, |c, acting| {
        let before = find(c, id)?;
        let mut after = before.clone();
        edit(&mut after.app).map_err(AdminError::Refused)?;
        if before.version != version {
            let stale = Stale::since(c, &before, version)?;
            return Err(AdminError::Stale(Box::new(stale)));
        }
        check(c, cx, acting, &before.app, &after.app)?;
        let sp = if before.metadata_xml == known.metadata_xml {
            Cow::Borrowed(&read)
        } else {
            Cow::Owned(metadata_of(&before, cx.now)?)
        };
        let organisation = readiness::organisation(c, cx.settings)?;
        let (was, is) = ((&before.app, &*sp), (&after.app, &*sp));
        weigh(Some(was), is, &organisation, cx.now, accept_broken)?;
        after.app.updated_at = cx.now;
        let lines = lines(&Known::read(c)?, &before.app, &after.app)?;
        store::apps::update(c, &after)?;
        let change = Change {
            reason: Phrase::AppSettingsChanged.of(&after.app.name),
            about: about(&after),
            settings: lines,
            ..Change::default()
        };
        Ok((after.app, change))
    })
}

/// Refuses settings that the actor may not change or that cannot work.
fn check(
    c: &mut Connection,
    cx: &AdminContext<'_>,
    acting: &Acting,
    before: &App,
    after: &App,
) -> Result<(), AdminError> {
    let changed = settings::changes(&Draft::of(before), &Draft::of(after));
    for (setting, ..) in &changed {
        acting.require(setting.right)?;
    }
    if before.policy.profiles != after.policy.profiles
        || before.policy.permission_sets != after.policy.permission_sets
    {
        acting.require(AdminRight::ManageRelease)?;
    }
    // An app whose key was retired can still be blocked.
    if changed.is_empty() {
        return Ok(());
    }
    check_selection(c, cx, after)?;
    match store::apps::by_api_name(c, &after.api_name)? {
        Some(other) if other.app.id != after.id => Err(Wrong::new(
            "api_name",
            format!(
                "Expected a short name that no other app has, received {:?}, which {} has.",
                after.api_name, other.app.name
            ),
        )
        .see(Noun::App)
        .into()),
        _ => Ok(()),
    }
}

/// Refuses a key that does not exist and an algorithm that is blocked, before either could fail a
/// sign-on.
pub(super) fn check_selection(
    c: &mut Connection,
    cx: &AdminContext<'_>,
    app: &App,
) -> Result<(), AdminError> {
    let saml = &app.definition.saml;
    if let Some((field, wrong)) = selection::blocked(saml, &cx.settings.saml.defaults.algorithms) {
        return Err(Wrong::new(field, wrong).into());
    }
    let Some(wanted) = &saml.signing_key else {
        return Ok(());
    };
    let is_usable = store::keys::all(c)?
        .iter()
        .any(|key| key.id == *wanted && key.purpose == "signing" && key.state != "retired");
    if is_usable {
        return Ok(());
    }
    let expected = "expected the id of a signing key that is not retired";
    Err(
        Wrong::new("signing_key", format!("{expected}, received {wanted:?}"))
            .see(Noun::Key)
            .into(),
    )
}

/// Each setting that differs, who may enter by name, and the state.
pub(super) fn lines(known: &Known, before: &App, after: &App) -> Result<Vec<Line>, AdminError> {
    let mut lines: Vec<Line> = settings::changes(&Draft::of(before), &Draft::of(after))
        .into_iter()
        .map(|(setting, was, is)| (setting.key.to_owned(), was, is))
        .collect();
    let (was, is) = (&before.policy, &after.policy);
    if was.profiles != is.profiles {
        let now = names_of(&is.profiles, &known.profiles)
            .ok_or_else(|| Wrong::new("profiles", "a profile that was ticked is gone"))?;
        let then = names_of(&was.profiles, &known.profiles).unwrap_or_default();
        lines.push(("profiles".to_owned(), then, now));
    }
    if was.permission_sets != is.permission_sets {
        let now = names_of(&is.permission_sets, &known.permission_sets).ok_or_else(|| {
            let gone = "a permission set that was ticked is gone";
            Wrong::new("permission_sets", gone)
        })?;
        let then = names_of(&was.permission_sets, &known.permission_sets).unwrap_or_default();
        lines.push(("permission_sets".to_owned(), then, now));
    }
    if before.state != after.state {
        let (was, is) = (before.state.as_str(), after.state.as_str());
        lines.push(("state".to_owned(), was.to_owned(), is.to_owned()));
    }
    Ok(lines)
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

/// Blocks, unblocks, uninstalls or installs an app.
///
/// # Errors
/// [`AdminError`].
pub fn set_state(cx: &AdminContext<'_>, id: &str, wanted: StateChange) -> Result<App, AdminError> {
    let only_state = AppEdit {
        state: Some(wanted),
        ..AppEdit::default()
    };
    Ok(edit(cx, id, &only_state)?.after.app)
}

/// Removes an app with its assignments and consents.
///
/// # Errors
/// [`AdminError`].
pub fn remove(cx: &AdminContext<'_>, id: &str) -> Result<App, AdminError> {
    change(cx, &[AdminRight::InstallApps], |c, _| {
        let stored = find(c, id)?;
        store::apps::remove(c, &stored.app.id)?;
        let change = Change {
            reason: Phrase::AppRemoved.of(&stored.app.name),
            about: about(&stored),
            ..Change::default()
        };
        Ok((stored.app, change))
    })
}
