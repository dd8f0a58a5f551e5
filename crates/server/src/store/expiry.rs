//! Deleting what has expired, a bounded piece at a time.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::{events, pending, replay, sessions, throttle};
use super::{Connection, StoreError, on_each};
use crate::audit::EventKind;

/// How long a counter of failed logins outlives its last block, in seconds: longer than any
/// window it may be counted in.
const THROTTLE_KEPT_SECONDS: i64 = 86_400;

/// Deletes at most `limit` expired rows of each kind but remembered messages and answers how many
/// there were in all. Call it again while it answers `limit` or more.
///
/// # Errors
/// As any statement.
pub fn delete_expired(c: &mut Connection, now: Timestamp, limit: i64) -> Result<usize, StoreError> {
    let mut deleted = 0;
    let ids = sessions::table
        .filter(sessions::idle_expires.le(now.millis()))
        .select(sessions::id)
        .limit(limit)
        .load::<String>(c)?;
    deleted += diesel::delete(sessions::table.filter(sessions::id.eq_any(ids))).execute(c)?;
    let ids = pending::table
        .filter(pending::expires_at.le(now.millis()))
        .select(pending::id)
        .limit(limit)
        .load::<String>(c)?;
    deleted += diesel::delete(pending::table.filter(pending::id.eq_any(ids))).execute(c)?;
    let keys = throttle::table
        .filter(throttle::blocked_until.le(now.plus_seconds(-THROTTLE_KEPT_SECONDS).millis()))
        .select(throttle::key)
        .limit(limit)
        .load::<String>(c)?;
    deleted += diesel::delete(throttle::table.filter(throttle::key.eq_any(keys))).execute(c)?;
    Ok(deleted)
}

/// A message that is remembered: its issuer and its ID.
pub type MessageKey = (String, String);

/// At most `limit` remembered messages that are too old to be accepted. Looks at all of them, since
/// an index on their ends would cost each sign-on more than this costs a minute: no transaction that
/// writes should do it.
///
/// # Errors
/// As any statement.
pub fn old_messages(
    c: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<MessageKey>, StoreError> {
    Ok(replay::table
        .filter(replay::expires_at.le(now.millis()))
        .select((replay::issuer, replay::message_id))
        .limit(limit)
        .load(c)?)
}

/// Forgets those of these messages that are too old still, and answers how many there were: another
/// node may have forgotten one meanwhile, and have seen a new one of the same ID.
///
/// # Errors
/// As any statement.
pub fn forget_messages(
    c: &mut Connection,
    keys: &[MessageKey],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut forgotten = 0;
    for (issuer, id) in keys {
        forgotten += on_each!(&mut *c, |c| diesel::delete(
            replay::table
                .filter(replay::issuer.eq(issuer))
                .filter(replay::message_id.eq(id))
                .filter(replay::expires_at.le(now.millis()))
        )
        .execute(c))?;
    }
    Ok(forgotten)
}

/// Deletes the oldest sign-ons in progress beyond `most`, at most `limit` of them, and answers how
/// many. Anybody can begin sign-ons without logging in; whose sign-on is deleted is offered to start
/// again. What guards against replay is never deleted early.
///
/// # Errors
/// As any statement.
pub fn delete_surplus(c: &mut Connection, most: i64, limit: i64) -> Result<usize, StoreError> {
    let there: i64 = pending::table.count().get_result(c)?;
    let surplus = (there - most).min(limit);
    if surplus <= 0 {
        return Ok(0);
    }
    // All wait equally long, so the first to end is the first that began.
    let ids = pending::table
        .select(pending::id)
        .order(pending::expires_at)
        .limit(surplus)
        .load::<String>(c)?;
    Ok(diesel::delete(pending::table.filter(pending::id.eq_any(ids))).execute(c)?)
}

/// Which events are deleted once they are old. Those of administrators and keys never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldEvents {
    /// Sign-ons, logins and logouts.
    OfUsers,
    /// Those of them that no user is known of.
    WithoutUser,
}

/// Looks at `limit` events from `after` on, oldest first, deletes those of `which` that are older
/// than `before`, and answers the place of the last one that is that old: go on there. `None` when
/// nothing there is old enough yet.
///
/// Events are numbered in the order of time, so that this needs no index on time, which each
/// sign-on would have to write to.
///
/// # Errors
/// As any statement.
pub fn delete_events(
    c: &mut Connection,
    which: OldEvents,
    after: i64,
    before: Timestamp,
    limit: i64,
) -> Result<Option<i64>, StoreError> {
    let oldest = events::table
        .filter(events::seq.gt(after))
        .order(events::seq)
        .limit(limit)
        .select((events::seq, events::at))
        .load::<(i64, i64)>(c)?;
    let old = oldest.iter().take_while(|(_, at)| *at < before.millis());
    let Some((last, _)) = old.last() else {
        return Ok(None);
    };
    let kinds = [EventKind::SignOn, EventKind::Login, EventKind::Logout].map(EventKind::as_str);
    let piece = events::table
        .filter(events::seq.gt(after))
        .filter(events::seq.le(*last))
        .filter(events::kind.eq_any(kinds));
    match which {
        OldEvents::OfUsers => diesel::delete(piece).execute(c)?,
        OldEvents::WithoutUser => {
            diesel::delete(piece.filter(events::user_id.is_null())).execute(c)?
        }
    };
    Ok(Some(*last))
}
