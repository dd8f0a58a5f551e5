//! What administrators see and change.
//!
//! Each change is one transaction: the session, the right, the change and its event. Nothing is
//! changed by somebody whose right was taken away a moment before.

pub mod apps;
pub mod events;
pub mod keys;
pub mod readiness;
pub mod simulate;
pub mod users;

use std::collections::BTreeSet;

use self::readiness::CannotWork;
use crate::apps::readiness::Finding;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::trail::Trail;
use crate::audit::{Check, EventKind, ResultCode};
use crate::context::Context;
use crate::fault::OperatorError;
use crate::store::{self, Connection, StoreError};
use crate::users::{AdminRight, User};

/// Why an administrator's wish was not granted. Nothing was changed.
#[derive(Debug)]
pub enum AdminError {
    /// Nobody is signed in.
    SignIn,
    /// The user lacks the right; the attempt is recorded under this reference code.
    Forbidden {
        /// Reference code.
        code: String,
    },
    /// There is no such thing.
    NotFound,
    /// What was asked cannot be done; the sentences say why.
    Refused(Vec<Wrong>),
    /// As it would be stored the app could not work, and nobody said that this is meant.
    CannotWork(Vec<Finding>),
    /// The fault is ours.
    Ours(OperatorError),
}

/// What is wrong with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field of the form it concerns; empty for the whole.
    pub field: String,
    /// One sentence: expected, received, what to do.
    pub message: String,
}

impl Wrong {
    /// Something wrong with one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

impl From<Wrong> for AdminError {
    fn from(wrong: Wrong) -> Self {
        Self::Refused(vec![wrong])
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Wrong::new("", conflict.to_string()).into(),
            other => Self::Ours(other.into()),
        }
    }
}

impl From<CannotWork> for AdminError {
    fn from(CannotWork(found): CannotWork) -> Self {
        Self::CannotWork(found)
    }
}

impl From<OperatorError> for AdminError {
    fn from(error: OperatorError) -> Self {
        Self::Ours(error)
    }
}

/// Any right concerning apps lets its holder see them.
pub const SEES_APPS: &[AdminRight] = &[
    AdminRight::ReadApps,
    AdminRight::EditApps,
    AdminRight::InstallApps,
    AdminRight::ManageRelease,
];

/// What a change was, for its event.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// One sentence.
    pub reason: String,
    /// The app it concerns: row, name, entity ID.
    pub app: Option<(String, String, String)>,
    /// The user it concerns: row and username; the administrator when `None`.
    pub user: Option<(String, String)>,
    /// Each setting that changed: before and after.
    pub settings: Vec<(String, String, String)>,
    /// A key was concerned.
    pub of_keys: bool,
}

/// Runs `work` for a signed-in user with one of `rights`, on one view of the data.
///
/// # Errors
/// [`AdminError`].
pub fn view<T>(
    cx: &Context,
    rights: &[AdminRight],
    work: impl Fn(&mut Connection, &User) -> Result<T, AdminError>,
) -> Result<T, AdminError> {
    let done = cx.services.db.read(|c| {
        let user = admit(c, cx, rights)?;
        work(c, &user).map_err(Stop::Work)
    });
    settle(cx, rights, done)
}

/// Runs `work` for a signed-in user with one of `rights`, and records what it did, in one
/// transaction.
///
/// # Errors
/// [`AdminError`]: nothing was changed.
pub fn change<T>(
    cx: &Context,
    rights: &[AdminRight],
    work: impl Fn(&mut Connection, &User) -> Result<(T, Change), AdminError>,
) -> Result<T, AdminError> {
    let done = cx.services.db.write(|c| {
        let user = admit(c, cx, rights)?;
        let (value, change) = work(c, &user).map_err(Stop::Work)?;
        record(c, cx, &user, change).map_err(|e| Stop::Work(e.into()))?;
        Ok(value)
    });
    settle(cx, rights, done)
}

/// Refuses, from within [`view`] or [`change`], a user who lacks a further right.
///
/// # Errors
/// [`AdminError::Forbidden`] with an empty code, which the caller fills in and records.
pub fn require(user: &User, right: AdminRight) -> Result<(), AdminError> {
    if user.rights.contains(&right) {
        return Ok(());
    }
    Err(AdminError::Forbidden {
        code: String::new(),
    })
}

enum Stop {
    /// Signed in, without the right.
    Lacks(Box<User>),
    Work(AdminError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Work(error.into())
    }
}

fn admit(c: &mut Connection, cx: &Context, rights: &[AdminRight]) -> Result<User, Stop> {
    let resolved = match &cx.session_hash {
        Some(hash) => store::sessions::resolve(c, hash)?,
        None => None,
    };
    let Some(resolved) = resolved.filter(|r| r.session.is_live(cx.now) && r.user.active) else {
        return Err(Stop::Work(AdminError::SignIn));
    };
    let held: &BTreeSet<AdminRight> = &resolved.user.rights;
    if rights.iter().any(|right| held.contains(right)) {
        Ok(resolved.user)
    } else {
        Err(Stop::Lacks(Box::new(resolved.user)))
    }
}

fn settle<T>(cx: &Context, rights: &[AdminRight], done: Result<T, Stop>) -> Result<T, AdminError> {
    let user = match done {
        Ok(value) => return Ok(value),
        Err(Stop::Work(AdminError::Forbidden { .. })) => None,
        Err(Stop::Work(error)) => return Err(error),
        Err(Stop::Lacks(user)) => Some(user),
    };
    // Who was refused inside `work` is read again: that transaction was undone.
    let mut trail = Trail::of(EventKind::Admin);
    let user = match user {
        Some(user) => Some(*user),
        None => signed_in(cx)?,
    };
    if let Some(user) = &user {
        trail.user(user);
    }
    let word = |right: &AdminRight| Value::text(right.as_str());
    let wanted = Value::joined(rights.iter().map(word), Phrase::Or);
    let held = match user.map(|user| Value::list(user.rights.iter().map(word))) {
        None | Some(Value::Nothing) => Phrase::None.into(),
        Some(held) => held,
    };
    trail.fail(Rule::AdminRight, wanted, held, Origin::UserRights);
    let event = trail.event(
        &cx.occasion(),
        ResultCode::AdminRightMissing,
        "The user lacks the right to administer this.",
    );
    let referred = cx
        .services
        .db
        .write(|c| store::events::insert_referred(c, &event))
        .map_err(AdminError::from)?;
    Err(AdminError::Forbidden {
        code: referred.code,
    })
}

/// The user of the request's session, if there is a live one.
///
/// # Errors
/// The database.
pub fn signed_in(cx: &Context) -> Result<Option<User>, AdminError> {
    let Some(hash) = &cx.session_hash else {
        return Ok(None);
    };
    let resolved = cx
        .services
        .db
        .read_one(|c| store::sessions::resolve(c, hash))?;
    Ok(resolved
        .filter(|r| r.session.is_live(cx.now) && r.user.active)
        .map(|r| r.user))
}

fn record(
    c: &mut Connection,
    cx: &Context,
    admin: &User,
    change: Change,
) -> Result<(), StoreError> {
    let kind = if change.of_keys {
        EventKind::Key
    } else {
        EventKind::Admin
    };
    let mut trail = Trail::of(kind);
    let acting = match change.user {
        Some(user) => {
            trail.user = Some(user);
            Some(admin.username.as_str())
        }
        None => {
            trail.user(admin);
            None
        }
    };
    if let Some((id, name, entity_id)) = change.app {
        trail.app = Some((id, name));
        trail.entity_id = Some(entity_id);
    }
    for (name, before, after) in change.settings {
        let (before, after) = (shorten(&before), shorten(&after));
        trail.checks.push(Check::changed(name, before, after));
    }
    let event = trail.event(&cx.occasion(), ResultCode::Success, change.reason);
    store::events::insert_acting(c, &event, acting)
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(500) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
