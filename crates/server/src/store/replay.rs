//! Messages seen, so that none is honoured twice on any node.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::replay;
use super::{Connection, StoreError, on_each};
use crate::sessions::PendingId;

/// Whether a message is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The first time; it is remembered now.
    First,
    /// It was used before, and this sign-on, if any, came of it.
    Before(Option<PendingId>),
}

/// Remembers a message of `issuer` until `expires_at`, by which it must be too old to be accepted.
/// `pending` is the sign-on that comes of it.
///
/// # Errors
/// As any statement.
pub fn remember(
    c: &mut Connection,
    issuer: &str,
    message_id: &str,
    pending: Option<&PendingId>,
    expires_at: Timestamp,
) -> Result<Seen, StoreError> {
    // Not insert and see: on PostgreSQL a broken rule would end the caller's transaction.
    let inserted = on_each!(&mut *c, |c| diesel::insert_into(replay::table)
        .values((
            replay::issuer.eq(issuer),
            replay::message_id.eq(message_id),
            replay::pending_id.eq(pending.map(PendingId::as_str)),
            replay::expires_at.eq(expires_at.millis()),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 1 {
        return Ok(Seen::First);
    }
    let before: Option<Option<String>> = replay::table
        .filter(replay::issuer.eq(issuer))
        .filter(replay::message_id.eq(message_id))
        .select(replay::pending_id)
        .first(c)
        .optional()?;
    Ok(Seen::Before(before.flatten().map(PendingId::new)))
}
