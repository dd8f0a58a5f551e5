//! Values the organisation has exactly one of, made by Avouch itself.

use diesel::prelude::*;

use super::schema::settings;
use super::{Connection, ORGANISATION, StoreError, on_each};

/// The value of `key`.
///
/// # Errors
/// As any statement.
pub fn get(c: &mut Connection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(settings::table
        .find((ORGANISATION, key))
        .select(settings::value)
        .first(c)
        .optional()?)
}

/// Sets `key` unless it has a value, and answers the value it has now. Two nodes that make it at
/// once agree on one.
///
/// # Errors
/// As any statement.
pub fn get_or_set(c: &mut Connection, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
    on_each!(&mut *c, |c| diesel::insert_into(settings::table)
        .values((
            settings::org_id.eq(ORGANISATION),
            settings::key.eq(key),
            settings::value.eq(value),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(get(c, key)?.unwrap_or_else(|| value.to_vec()))
}

/// Sets `key`, whatever it was.
///
/// # Errors
/// As any statement.
pub fn put(c: &mut Connection, key: &str, value: &[u8]) -> Result<(), StoreError> {
    on_each!(&mut *c, |c| diesel::insert_into(settings::table)
        .values((
            settings::org_id.eq(ORGANISATION),
            settings::key.eq(key),
            settings::value.eq(value),
        ))
        .on_conflict((settings::org_id, settings::key))
        .do_update()
        .set(settings::value.eq(value))
        .execute(c))?;
    Ok(())
}
