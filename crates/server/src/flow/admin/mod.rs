//! What administrators see and change, whoever they are: pages and commands call the same
//! functions, and only parse and print.
//!
//! Each change is one transaction: who acts, their right, what is there, the change and its event.
//! Nothing is changed by somebody whose right was taken away a moment before, and nothing of what
//! somebody else changed meanwhile is undone: what was read before the transaction either is not
//! written, or is compared by its version.

pub mod actor;
pub mod apps;
pub mod backup;
pub mod denied;
mod error;
pub mod events;
pub mod keys;
pub mod profiles;
pub mod readiness;
mod record;
pub mod simulate;
pub mod stale;
pub mod users;

pub use actor::{Acting, Actor, AdminContext, Origin};
pub use denied::Denied;
pub use error::{AdminError, Missing, Noun, Wrong};
pub use record::{About, Change, Line};

use crate::store::{Conflict, Connection};
use crate::users::AdminRight;

/// Any right concerning apps lets its holder see them.
pub const SEES_APPS: &[AdminRight] = &[
    AdminRight::ReadApps,
    AdminRight::EditApps,
    AdminRight::InstallApps,
    AdminRight::ManageRelease,
];

/// Runs `work` for an actor with one of `rights`, on one view of the data.
///
/// # Errors
/// [`AdminError`].
pub fn view<T>(
    cx: &AdminContext<'_>,
    rights: &[AdminRight],
    work: impl Fn(&mut Connection, &Acting) -> Result<T, AdminError>,
) -> Result<T, AdminError> {
    let done = cx.db.read(|c| {
        let acting = admit(c, cx, rights)?;
        work(c, &acting).map_err(|error| Stop::new(error, acting))
    });
    settle(cx, done)
}

/// How often a change is begun anew because another one came between its read and its write. Each
/// time that other one was made, so all together they get on; only PostgreSQL lets them overlap.
const TRIES: usize = 20;

/// Runs `work` for an actor with one of `rights`, and records what it did, in one transaction.
/// `work` may run several times, each time on what is there then.
///
/// # Errors
/// [`AdminError`]: nothing was changed.
pub fn change<T>(
    cx: &AdminContext<'_>,
    rights: &[AdminRight],
    work: impl Fn(&mut Connection, &Acting) -> Result<(T, Change), AdminError>,
) -> Result<T, AdminError> {
    let attempt = || {
        cx.db.write_durably(|c| {
            let acting = admit(c, cx, rights)?;
            let (value, change) = match work(c, &acting) {
                Ok(done) => done,
                Err(error) => return Err(Stop::new(error, acting)),
            };
            record::changed(c, cx, &acting, change)?;
            Ok(value)
        })
    };
    let mut done = attempt();
    for _ in 1..TRIES {
        if !matches!(
            done,
            Err(Stop::Work(AdminError::Conflict(Conflict::Stale(_))))
        ) {
            break;
        }
        done = attempt();
    }
    settle(cx, done)
}

enum Stop {
    /// The actor may not.
    Denied(Denied, Box<Acting>),
    Work(AdminError),
}

impl Stop {
    fn new(error: AdminError, acting: Acting) -> Self {
        match error {
            AdminError::Denied(denied) => Self::Denied(denied, Box::new(acting)),
            other => Self::Work(other),
        }
    }
}

impl From<crate::store::StoreError> for Stop {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Work(error.into())
    }
}

fn admit(c: &mut Connection, cx: &AdminContext<'_>, rights: &[AdminRight]) -> Result<Acting, Stop> {
    let admitted = cx.actor.admit(c, cx.now).map_err(Stop::Work)?;
    let acting = admitted.ok_or(Stop::Work(AdminError::SignIn))?;
    if rights.iter().any(|right| acting.rights.contains(right)) {
        Ok(acting)
    } else {
        Err(Stop::Denied(Denied::lacks(rights), Box::new(acting)))
    }
}

/// The outcome of a transaction. That something was denied is recorded in one of its own, since the
/// first was undone.
fn settle<T>(cx: &AdminContext<'_>, done: Result<T, Stop>) -> Result<T, AdminError> {
    match done {
        Ok(value) => Ok(value),
        Err(Stop::Work(error)) => Err(error),
        Err(Stop::Denied(denied, acting)) => Err(record::denied(cx, &acting, denied)?.into()),
    }
}

/// Who asks, if it is somebody.
///
/// # Errors
/// The database.
pub fn present(cx: &AdminContext<'_>) -> Result<Option<Acting>, AdminError> {
    cx.db.read_one(|c| cx.actor.admit(c, cx.now))
}
