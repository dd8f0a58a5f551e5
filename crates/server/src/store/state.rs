//! Versions of what nodes cache, by kind, so that a change of one kind is no reason to forget
//! another. Users have a version each, in their rows.

use diesel::prelude::*;

use super::schema::state;
use super::{Connection, StoreError};

/// What has one version for all of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Connected apps: their settings, policy, assignments and metadata.
    Apps,
    /// Our keys.
    Keys,
    /// Profiles and permission sets, whose names a cached user holds.
    Profiles,
}

/// The version of each [`Kind`] at one instant. What was cached at another is to be read anew, or
/// compared by the version of its own row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Versions {
    /// Of [`Kind::Apps`].
    pub apps: i64,
    /// Of [`Kind::Keys`].
    pub keys: i64,
    /// Of [`Kind::Profiles`].
    pub profiles: i64,
}

/// The columns of [`Versions`], for statements that read something else along.
pub(super) const VERSIONS: (state::apps, state::keys, state::profiles) =
    (state::apps, state::keys, state::profiles);

/// The versions now.
///
/// # Errors
/// [`StoreError::Schema`]: the table is missing, so migrations were not run.
pub fn versions(c: &mut Connection) -> Result<Versions, StoreError> {
    state::table
        .filter(state::id.eq(1))
        .select(VERSIONS)
        .first(c)
        .map_err(|error| match &error {
            diesel::result::Error::DatabaseError(_, info)
                if info.message().contains("no such table")
                    || info.message().contains("does not exist") =>
            {
                StoreError::Schema(
                    "the database has no tables of Avouch yet; run `avouch migrate`".to_owned(),
                )
            }
            _ => error.into(),
        })
}

/// Tells every node that what it may have cached of this kind has changed. Part of the transaction
/// that changes it, and never of one that others join: a version must not be seen before what it is
/// the version of.
///
/// # Errors
/// As any statement.
pub fn bump(c: &mut Connection, kind: Kind) -> Result<(), StoreError> {
    let row = diesel::update(state::table.filter(state::id.eq(1)));
    match kind {
        Kind::Apps => row.set(state::apps.eq(state::apps + 1)).execute(c)?,
        Kind::Keys => row.set(state::keys.eq(state::keys + 1)).execute(c)?,
        Kind::Profiles => row
            .set(state::profiles.eq(state::profiles + 1))
            .execute(c)?,
    };
    Ok(())
}
