//! Which events name a row, as actor, target or app: filled for many events at once, away from the sign-ons that
//! write them.
//!
//! An index would cost each sign-on two more pages to write, since the users of a busy hour are
//! neighbours nowhere. Filled for some hundred events in the order of the index, a page is written
//! once for all of them. A search looks at the events behind [`end`] one by one.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::{event_mentions, events, events_indexed};
use super::{Connection, Db, StoreError, on_each};

/// The number of the last event that is in the index. A search has to look at those after it.
///
/// # Errors
/// As any statement.
pub(super) fn end(c: &mut Connection) -> Result<i64, StoreError> {
    Ok(events_indexed::table.select(events_indexed::seq).first(c)?)
}

/// Fills the index, `piece` events in one transaction, up to the newest event there is now.
///
/// # Errors
/// The database.
pub fn fill(db: &Db, piece: i64) -> Result<(), StoreError> {
    let newest = db.write(newest)?;
    loop {
        let from = db.read_one(end)?;
        if from >= newest {
            return Ok(());
        }
        let to = newest.min(from + piece);
        let ours = db.write(|c| fill_piece(c, from, to))?;
        if !ours {
            return Ok(());
        }
    }
}

/// The number of the newest event, once none below it is still to come.
///
/// On PostgreSQL numbers are given before they are committed, so an event may appear below one that
/// is there already. Whoever has written an event holds a lock on the table until their commit; to
/// ask for the one that excludes it waits for them, and keeps new ones waiting for this one statement.
fn newest(c: &mut Connection) -> Result<i64, StoreError> {
    if let Connection::Postgres(c) = c {
        diesel::sql_query("LOCK TABLE events IN SHARE MODE").execute(c)?;
    }
    let newest: Option<i64> = events::table
        .select(diesel::dsl::max(events::seq))
        .first(c)?;
    Ok(newest.unwrap_or(0))
}

/// Answers `false` when another node came first.
fn fill_piece(c: &mut Connection, from: i64, to: i64) -> Result<bool, StoreError> {
    let moved = diesel::update(events_indexed::table.filter(events_indexed::seq.eq(from)))
        .set(events_indexed::seq.eq(to))
        .execute(c)?;
    if moved == 0 {
        return Ok(false);
    }
    // In the order of the index, so that neighbours are written together; and each row once, should
    // somebody have acted on themselves.
    const FILL: &str = "INSERT INTO event_mentions (row_id, seq)
        SELECT actor_id, seq FROM events WHERE seq > $1 AND seq <= $2 AND actor_id IS NOT NULL
        UNION
        SELECT target_id, seq FROM events WHERE seq > $3 AND seq <= $4 AND target_id IS NOT NULL
        UNION
        SELECT app_id, seq FROM events WHERE seq > $5 AND seq <= $6 AND app_id IS NOT NULL
        ORDER BY 1, 2";
    on_each!(c, |c| diesel::sql_query(FILL)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .execute(c))?;
    Ok(true)
}

/// Removes these events from the index: `(row, number)` for each row that an event names.
///
/// # Errors
/// As any statement.
pub(super) fn forget(c: &mut Connection, mentions: &[(String, i64)]) -> Result<(), StoreError> {
    for (row_id, seq) in mentions {
        diesel::delete(event_mentions::table.find((row_id, seq))).execute(c)?;
    }
    Ok(())
}
