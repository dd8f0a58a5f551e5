//! Deleting what has expired, a bounded piece at a time.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::{events, pending, replay, sessions, throttle};
use super::{Connection, StoreError, event_index};
use crate::audit::{EventKind, ResultCode};

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

/// Forgets at most about `limit` messages issued before `before`, by which all of them must be too old
/// to be accepted, and answers how many there were.
///
/// # Errors
/// As any statement.
pub fn forget_messages(
    c: &mut Connection,
    before: Timestamp,
    limit: i64,
) -> Result<usize, StoreError> {
    // Those of one instant go together: they are few.
    let last: Option<i64> = replay::table
        .select(replay::issued_at)
        .filter(replay::issued_at.lt(before.millis()))
        .order(replay::issued_at)
        .offset(limit - 1)
        .limit(1)
        .first(c)
        .optional()?;
    let all = replay::table.filter(replay::issued_at.lt(before.millis()));
    Ok(match last {
        Some(last) => diesel::delete(all.filter(replay::issued_at.le(last))).execute(c)?,
        None => diesel::delete(all).execute(c)?,
    })
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

/// Which events are deleted once they are old. What administrators did, and what was done to keys, never
/// is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldEvents {
    /// Sign-ons, logins and logouts.
    OfUsers,
    /// Those of them that no user is known of, and what users were refused who lack a right.
    WithoutUser,
}

/// Looks at `limit` events from `after` on, oldest first, deletes those of `which` that are older
/// than `before`, and answers the place of the last one that is that old: go on there. `None` when
/// nothing there is old enough yet. The newest event of all stays, or SQLite would give its number,
/// and with it its reference code, to the next.
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
    const KINDS: [EventKind; 3] = [EventKind::SignOn, EventKind::Login, EventKind::Logout];
    type Named = (Option<String>, Option<String>, Option<String>);
    type Piece = (i64, i64, (String, String), Named);
    let mut piece = events::table
        .filter(events::seq.gt(after))
        .order(events::seq)
        .limit(limit)
        .select((
            events::seq,
            events::at,
            (events::kind, events::result),
            (events::actor_id, events::target_id, events::app_id),
        ))
        .load::<Piece>(c)?;
    let is_old = |(_, at, ..): &&Piece| *at < before.millis();
    let old = piece.iter().take_while(is_old).count();
    piece.truncate(old);
    let Some(last) = piece.last().map(|(seq, ..)| *seq) else {
        return Ok(None);
    };
    let newest: Option<i64> = events::table
        .select(diesel::dsl::max(events::seq))
        .first(c)?;
    piece.retain(|(seq, _, (kind, result), (user, ..))| {
        let of_users = KINDS.iter().any(|of_users| of_users.as_str() == kind);
        // What an administrator was refused is nothing that administrators did.
        let refused =
            kind == EventKind::Admin.as_str() && result == ResultCode::AdminRightMissing.as_str();
        let goes = match which {
            OldEvents::OfUsers => of_users,
            OldEvents::WithoutUser => (of_users && user.is_none()) || refused,
        };
        goes && Some(*seq) != newest
    });
    let gone: Vec<i64> = piece.iter().map(|(seq, ..)| *seq).collect();
    diesel::delete(events::table.filter(events::seq.eq_any(gone))).execute(c)?;
    let mentions: Vec<(String, i64)> = piece
        .into_iter()
        .flat_map(|(seq, _, _, (actor, target, app))| {
            let rows = actor.into_iter().chain(target).chain(app);
            rows.map(move |row| (row, seq))
        })
        .collect();
    event_index::forget(c, &mentions)?;
    Ok(Some(last))
}

/// When the newest event was, if there is any.
///
/// # Errors
/// As any statement.
pub fn newest_event(c: &mut Connection) -> Result<Option<Timestamp>, StoreError> {
    let newest: Option<i64> = events::table
        .order(events::seq.desc())
        .select(events::at)
        .first(c)
        .optional()?;
    Ok(newest.map(Timestamp::from_millis))
}
