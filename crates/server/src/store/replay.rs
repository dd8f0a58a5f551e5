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

/// What tells one message from another. Nobody can vary any of it in a message that is signed. In one
/// that is not, another instant makes another message, as another ID would: whoever can forge the one
/// can forge the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it was issued, as it says itself.
    pub issued_at: Timestamp,
    /// Who issued it.
    pub issuer: String,
    /// Its ID.
    pub id: String,
}

/// Remembers a message until [`forget_messages`](super::expiry::forget_messages) forgets those of its
/// time. `pending` is the sign-on that comes of it.
///
/// # Errors
/// As any statement.
pub fn remember(
    c: &mut Connection,
    message: &Message,
    pending: Option<&PendingId>,
) -> Result<Seen, StoreError> {
    // Not insert and see: on PostgreSQL a broken rule would end the caller's transaction.
    let inserted = on_each!(&mut *c, |c| diesel::insert_into(replay::table)
        .values((
            replay::issued_at.eq(message.issued_at.millis()),
            replay::issuer.eq(&message.issuer),
            replay::message_id.eq(&message.id),
            replay::pending_id.eq(pending.map(PendingId::as_str)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 1 {
        return Ok(Seen::First);
    }
    let before: Option<Option<String>> = replay::table
        .find((message.issued_at.millis(), &message.issuer, &message.id))
        .select(replay::pending_id)
        .first(c)
        .optional()?;
    Ok(Seen::Before(before.flatten().map(PendingId::new)))
}
