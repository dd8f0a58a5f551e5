//! Avouch's own keys: what there is, which apps chose one, and their life from next to retired.

use avouch_saml::security::certificate::{Certificate, KeyKind, PrivateKey};

use super::error::{Missing, Noun};
use super::{Acting, AdminContext, AdminError, Change, Line, Wrong, change, view};
use crate::audit::check::{Phrase, Value};
use crate::audit::{Party, PartyKind};
use crate::flow::admin::About;
use crate::keys::rollover::{self, RolloverError};
use crate::keys::{KeyId, KeyPurpose, Keyring, KeyringError};
use crate::random::SystemRandom;
use crate::store::{self, Connection};
use crate::users::AdminRight;

pub use crate::store::keys::KeyRow;

/// The keys and who uses them.
#[derive(Debug)]
pub struct KeysView {
    /// Every key, oldest first.
    pub keys: Vec<KeyRow>,
    /// Apps that chose a key: row of the key and name of the app.
    pub chosen: Vec<(String, String)>,
    /// Who looks.
    pub viewer: Acting,
}

/// Lists the keys.
///
/// # Errors
/// [`AdminError`].
pub fn list(cx: &AdminContext<'_>) -> Result<KeysView, AdminError> {
    view(cx, &[AdminRight::ManageKeys], |c, viewer| {
        let chosen = store::apps::all(c)?
            .into_iter()
            .filter_map(|(app, _)| Some((app.definition.saml.signing_key?, app.name)))
            .collect();
        Ok(KeysView {
            keys: store::keys::all(c)?,
            chosen,
            viewer: viewer.clone(),
        })
    })
}

/// Where a new key comes from.
pub enum NewKey {
    /// It is made.
    Made(KeyKind),
    /// It exists already, with its certificate.
    Brought(Box<(PrivateKey, Certificate)>),
}

/// Adds a key: published from now on, and active only when there is no other of its purpose.
///
/// # Errors
/// [`AdminError`]: nothing was added.
pub fn add(
    cx: &AdminContext<'_>,
    keyring: &Keyring,
    purpose: KeyPurpose,
    new: &NewKey,
) -> Result<KeyRow, AdminError> {
    view(cx, &[AdminRight::ManageKeys], |_, _| Ok(()))?;
    let random = &mut SystemRandom;
    let row = match new {
        NewKey::Made(kind) => rollover::generate(
            keyring.master(),
            *kind,
            purpose,
            cx.settings.server.base_url.host(),
            cx.settings.keys.certificate_days,
            cx.now,
            random,
        ),
        NewKey::Brought(pair) => {
            rollover::import(keyring.master(), &pair.0, &pair.1, purpose, cx.now, random)
        }
    }
    .map_err(not_made)?;
    change(cx, &[AdminRight::ManageKeys], |c, _| {
        one_at_a_time(c)?;
        rollover::add(c, row.clone())?;
        let stored = by_id(c, &row.id)?;
        let change = Change {
            reason: Phrase::KeyAdded.with([
                Value::text(stored.id.clone()),
                Value::text(stored.algorithm.clone()),
            ]),
            about: about(&stored.id),
            settings: vec![line(&stored, "")],
            of_keys: true,
        };
        Ok((stored, change))
    })
}

/// Lets the key whose id begins with `id` sign from now on. Unless `force` says so, not while apps
/// may not have read of it.
///
/// # Errors
/// [`AdminError`]: nothing was changed.
pub fn activate(cx: &AdminContext<'_>, id: &str, force: bool) -> Result<KeyRow, AdminError> {
    moved(cx, id, Phrase::KeySigns, |c, id| {
        if !force {
            rollover::check_activate(c, id, cache_seconds(cx), cx.now)?;
        }
        rollover::activate(c, id, cx.now)
    })
}

/// Takes the key whose id begins with `id` out of metadata for good. Unless `force` says so, not
/// while something uses it.
///
/// # Errors
/// [`AdminError`]: nothing was changed.
pub fn retire(cx: &AdminContext<'_>, id: &str, force: bool) -> Result<KeyRow, AdminError> {
    moved(cx, id, Phrase::KeyGone, |c, id| {
        if !force {
            rollover::check_retire(c, id, cache_seconds(cx), cx.now)?;
        }
        rollover::retire(c, id)
    })
}

fn cache_seconds(cx: &AdminContext<'_>) -> i64 {
    cx.settings.idp.metadata_cache_minutes * 60
}

fn moved(
    cx: &AdminContext<'_>,
    typed: &str,
    done: Phrase,
    work: impl Fn(&mut Connection, &KeyId) -> Result<(), RolloverError>,
) -> Result<KeyRow, AdminError> {
    change(cx, &[AdminRight::ManageKeys], |c, _| {
        one_at_a_time(c)?;
        let before = store::keys::all(c)?;
        let id = resolve(&before, typed)?;
        work(c, &id).map_err(not_moved)?;
        let settings = store::keys::all(c)?
            .iter()
            .filter_map(|key| {
                let was = before.iter().find(|known| known.id == key.id)?;
                (was.state != key.state).then(|| line(key, &was.state))
            })
            .collect();
        let change = Change {
            reason: done.of(id.as_str()),
            about: about(id.as_str()),
            settings,
            of_keys: true,
        };
        Ok((by_id(c, id.as_str())?, change))
    })
}

/// Lets who changes keys wait for whoever does already, where several may write at once: a change of
/// one key depends on what the others are.
fn one_at_a_time(c: &mut Connection) -> Result<(), AdminError> {
    Ok(store::state::bump(c, store::state::Kind::Keys)?)
}

fn about(id: &str) -> About {
    About {
        target: Some(Party::new(
            PartyKind::Key,
            Some(id.to_owned()),
            Some(id.to_owned()),
        )),
        app: None,
    }
}

fn line(key: &KeyRow, before: &str) -> Line {
    let name = format!("state of {} ({})", key.id, key.purpose);
    (name, before.to_owned(), key.state.clone())
}

fn by_id(c: &mut Connection, id: &str) -> Result<KeyRow, AdminError> {
    let found = store::keys::all(c)?.into_iter().find(|key| key.id == id);
    found.ok_or_else(|| missing(id).into())
}

fn missing(id: &str) -> Missing {
    Missing::among(Noun::Key, id, [])
}

/// The key whose id begins with what was typed.
fn resolve(keys: &[KeyRow], typed: &str) -> Result<KeyId, AdminError> {
    let mut found = keys
        .iter()
        .filter(|key| !typed.is_empty() && key.id.starts_with(typed));
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(KeyId::new(key.id.as_str())),
        (Some(_), Some(_)) => Err(Wrong::new(
            "id",
            format!("several keys begin with {typed:?}; type more of the id"),
        )
        .see(Noun::Key)
        .into()),
        (None, _) => Err(missing(typed).into()),
    }
}

fn not_made(error: KeyringError) -> AdminError {
    match error {
        KeyringError::Make(_) => Wrong::new("", error.to_string()).into(),
        other => AdminError::Ours(other.into()),
    }
}

fn not_moved(error: RolloverError) -> AdminError {
    match error {
        RolloverError::Store(error) => error.into(),
        RolloverError::Unknown(id) => missing(&id).into(),
        other => Wrong::new("", other.to_string()).into(),
    }
}
