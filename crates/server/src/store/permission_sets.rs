//! Permission sets: so far, names that users have and apps are assigned to.

use diesel::prelude::*;

use super::schema::permission_sets;
use super::state::Kind;
use super::{Connection, StoreError};
use crate::users::PermissionSetId;

/// Every permission set, by name.
///
/// # Errors
/// As any statement.
pub fn all(c: &mut Connection) -> Result<Vec<(PermissionSetId, String)>, StoreError> {
    Ok(permission_sets::table
        .order(permission_sets::name)
        .select((permission_sets::id, permission_sets::name))
        .load::<(String, String)>(c)?
        .into_iter()
        .map(|(id, name)| (PermissionSetId::new(id), name))
        .collect())
}

/// The permission set of this name.
///
/// # Errors
/// As any statement.
pub fn by_name(c: &mut Connection, name: &str) -> Result<Option<PermissionSetId>, StoreError> {
    Ok(permission_sets::table
        .filter(permission_sets::name.eq(name))
        .select(permission_sets::id)
        .first::<String>(c)
        .optional()?
        .map(PermissionSetId::new))
}

/// The permission set of this name, made with the row `new_id` when there is none.
///
/// # Errors
/// As any statement.
pub fn ensure(
    c: &mut Connection,
    name: &str,
    new_id: PermissionSetId,
) -> Result<PermissionSetId, StoreError> {
    if let Some(id) = by_name(c, name)? {
        return Ok(id);
    }
    diesel::insert_into(permission_sets::table)
        .values((
            permission_sets::id.eq(new_id.as_str()),
            permission_sets::name.eq(name),
        ))
        .execute(c)?;
    Ok(new_id)
}

/// Gives the permission set another name, and tells every node, which has it in its cached users. Answers
/// whether the permission set was there.
///
/// # Errors
/// [`StoreError::Conflict`]: the name is taken.
pub fn rename(c: &mut Connection, id: &PermissionSetId, name: &str) -> Result<bool, StoreError> {
    let row = permission_sets::table.filter(permission_sets::id.eq(id.as_str()));
    let changed = diesel::update(row)
        .set(permission_sets::name.eq(name))
        .execute(c)?;
    super::state::bump(c, Kind::Profiles)?;
    Ok(changed == 1)
}
