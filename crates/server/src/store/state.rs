//! The version of what nodes cache: apps, keys, policies and rights.

use diesel::prelude::*;

use super::schema::state;
use super::{Connection, StoreError};

/// The version now. What was cached at another version is to be read anew.
///
/// # Errors
/// [`StoreError::Schema`]: the table is missing, so migrations were not run.
pub fn version(c: &mut Connection) -> Result<i64, StoreError> {
    state::table
        .filter(state::id.eq(1))
        .select(state::version)
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

/// Tells every node that something it may have cached has changed. Part of the transaction that
/// changes it.
///
/// # Errors
/// As any statement.
pub fn bump(c: &mut Connection) -> Result<(), StoreError> {
    diesel::update(state::table.filter(state::id.eq(1)))
        .set(state::version.eq(state::version + 1))
        .execute(c)?;
    Ok(())
}
