//! What users agreed to release, to which apps.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::consents;
use super::{Connection, StoreError, on_each};
use crate::apps::AppId;
use crate::users::UserId;

/// Whether the user agreed to release exactly what `attributes_hash` stands for to the app.
///
/// # Errors
/// As any statement.
pub fn given(
    c: &mut Connection,
    user: &UserId,
    app: &AppId,
    attributes_hash: &str,
) -> Result<bool, StoreError> {
    let hash: Option<String> = consents::table
        .filter(consents::user_id.eq(user.as_str()))
        .filter(consents::app_id.eq(app.as_str()))
        .select(consents::attributes_hash)
        .first(c)
        .optional()?;
    Ok(hash.as_deref() == Some(attributes_hash))
}

/// Remembers that the user agreed; an older agreement for the app is replaced.
///
/// # Errors
/// [`StoreError::Conflict`]: the user or the app is gone.
pub fn remember(
    c: &mut Connection,
    user: &UserId,
    app: &AppId,
    attributes_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    on_each!(c, |c| diesel::insert_into(consents::table)
        .values((
            consents::user_id.eq(user.as_str()),
            consents::app_id.eq(app.as_str()),
            consents::attributes_hash.eq(attributes_hash),
            consents::at.eq(now.millis()),
        ))
        .on_conflict((consents::user_id, consents::app_id))
        .do_update()
        .set((
            consents::attributes_hash.eq(attributes_hash),
            consents::at.eq(now.millis()),
        ))
        .execute(c))?;
    Ok(())
}
