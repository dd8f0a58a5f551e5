//! Counts of failed logins.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::throttle;
use super::{Connection, StoreError, on_each};

/// Failed logins under one key (an account, an address, a known browser of an account).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// How many, since the count last began anew.
    pub count: i64,
    /// When the last of them was.
    pub since: Timestamp,
    /// Until when no password is looked at.
    pub blocked_until: Timestamp,
}

/// What is known under `key`.
///
/// # Errors
/// As any statement.
pub fn get(c: &mut Connection, key: &str) -> Result<Option<Failures>, StoreError> {
    Ok(throttle::table
        .filter(throttle::key.eq(key))
        .select((
            throttle::failures,
            throttle::window_start,
            throttle::blocked_until,
        ))
        .first::<(i64, i64, i64)>(c)
        .optional()?
        .map(|(count, since, until)| Failures {
            count,
            since: Timestamp::from_millis(since),
            blocked_until: Timestamp::from_millis(until),
        }))
}

/// Keeps others from counting under `key` until the transaction ends, so that of failures at the
/// same instant each is counted.
///
/// # Errors
/// As any statement.
pub fn lock(c: &mut Connection, key: &str) -> Result<(), StoreError> {
    // SQLite has one writer in any case.
    if let Connection::Postgres(c) = c {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind::<diesel::sql_types::Text, _>(key)
            .execute(c)?;
    }
    Ok(())
}

/// Writes what is known under `key`.
///
/// # Errors
/// As any statement.
pub fn put(c: &mut Connection, key: &str, failures: &Failures) -> Result<(), StoreError> {
    let values = (
        throttle::failures.eq(failures.count),
        throttle::window_start.eq(failures.since.millis()),
        throttle::blocked_until.eq(failures.blocked_until.millis()),
    );
    on_each!(c, |c| diesel::insert_into(throttle::table)
        .values((throttle::key.eq(key), values))
        .on_conflict(throttle::key)
        .do_update()
        .set(values)
        .execute(c))?;
    Ok(())
}

/// Forgets `key`.
///
/// # Errors
/// As any statement.
pub fn clear(c: &mut Connection, key: &str) -> Result<(), StoreError> {
    diesel::delete(throttle::table.filter(throttle::key.eq(key))).execute(c)?;
    Ok(())
}
