//! Profiles: so far, names that users have and apps are assigned to.

use diesel::prelude::*;

use super::schema::profiles;
use super::state::Kind;
use super::{Connection, StoreError};
use crate::users::ProfileId;

/// Every profile, by name.
///
/// # Errors
/// As any statement.
pub fn all(c: &mut Connection) -> Result<Vec<(ProfileId, String)>, StoreError> {
    Ok(profiles::table
        .order(profiles::name)
        .select((profiles::id, profiles::name))
        .load::<(String, String)>(c)?
        .into_iter()
        .map(|(id, name)| (ProfileId::new(id), name))
        .collect())
}

/// The profile of this name.
///
/// # Errors
/// As any statement.
pub fn by_name(c: &mut Connection, name: &str) -> Result<Option<ProfileId>, StoreError> {
    Ok(profiles::table
        .filter(profiles::name.eq(name))
        .select(profiles::id)
        .first::<String>(c)
        .optional()?
        .map(ProfileId::new))
}

/// The profile of this name, made with the row `new_id` when there is none.
///
/// # Errors
/// As any statement.
pub fn ensure(c: &mut Connection, name: &str, new_id: ProfileId) -> Result<ProfileId, StoreError> {
    if let Some(id) = by_name(c, name)? {
        return Ok(id);
    }
    diesel::insert_into(profiles::table)
        .values((profiles::id.eq(new_id.as_str()), profiles::name.eq(name)))
        .execute(c)?;
    Ok(new_id)
}

/// Gives the profile another name, and tells every node, which has it in its cached users. Answers
/// whether the profile was there.
///
/// # Errors
/// [`StoreError::Conflict`]: the name is taken.
pub fn rename(c: &mut Connection, id: &ProfileId, name: &str) -> Result<bool, StoreError> {
    let row = profiles::table.filter(profiles::id.eq(id.as_str()));
    let changed = diesel::update(row)
        .set(profiles::name.eq(name))
        .execute(c)?;
    super::state::bump(c, Kind::Profiles)?;
    Ok(changed == 1)
}
