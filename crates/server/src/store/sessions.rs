//! Sessions of users.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::{permission_sets, profiles, sessions, state, user_permission_sets, users};
use super::state::{VERSIONS, Versions};
use super::users::{JoinedRow, columns};
use super::{Connection, StoreError, on_each};
use crate::sessions::{Session, SessionId};
use crate::users::{User, UserId};

/// What a session cookie stands for.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The session. May have ended: ask [`Session::is_live`].
    pub session: Session,
    /// Whose it is. May be deactivated.
    pub user: User,
}

/// The session whose secret has this hash, with its user, in one statement.
///
/// # Errors
/// As any statement; [`StoreError::Damaged`] when a JSON column does not read.
pub fn resolve(c: &mut Connection, token_hash: &str) -> Result<Option<Resolved>, StoreError> {
    let rows = sessions::table
        .inner_join(
            users::table
                .inner_join(profiles::table)
                .left_join(user_permission_sets::table.inner_join(permission_sets::table)),
        )
        .filter(sessions::token_hash.eq(token_hash))
        .select((sessions::all_columns, columns!()))
        .load::<(SessionRow, JoinedRow)>(c)?;
    let mut found = None;
    let mut joined = Vec::with_capacity(rows.len());
    for (session, row) in rows {
        found.get_or_insert(session);
        joined.push(row);
    }
    let (Some(session), Some(user)) = (found, super::users::one(joined)?) else {
        return Ok(None);
    };
    Ok(Some(Resolved {
        session: session.into(),
        user,
    }))
}

/// A session with the versions of what is cached: all that a warm sign-on reads.
#[derive(Debug, Clone)]
pub struct Versioned {
    /// The versions of what is cached by kind.
    pub versions: Versions,
    /// The version of the row of the session's user.
    pub user_version: i64,
    /// The session. May have ended: ask [`Session::is_live`].
    pub session: Session,
}

/// The session whose secret has this hash, and the versions of what is cached, in one statement.
///
/// # Errors
/// As any statement.
pub fn by_secret(c: &mut Connection, token_hash: &str) -> Result<Option<Versioned>, StoreError> {
    // Not `first`, which binds LIMIT: SQLite compiles a statement anew when that is bound again.
    let found: Option<(Versions, i64, SessionRow)> = on_each!(c, |c| sessions::table
        .inner_join(users::table)
        .inner_join(state::table.on(state::id.eq(1)))
        .filter(sessions::token_hash.eq(token_hash))
        .select((VERSIONS, users::version, sessions::all_columns))
        .get_result(c)
        .optional())?;
    Ok(found.map(|(versions, user_version, row)| Versioned {
        versions,
        user_version,
        session: row.into(),
    }))
}

/// Begins a session.
///
/// # Errors
/// [`StoreError::Conflict`]: the user is gone.
pub fn insert(c: &mut Connection, session: &Session) -> Result<(), StoreError> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id.as_str()),
            sessions::token_hash.eq(&session.token_hash),
            sessions::user_id.eq(session.user.as_str()),
            sessions::authn_instant.eq(session.authn_instant.millis()),
            sessions::authn_context.eq(&session.authn_context),
            sessions::created_at.eq(session.created_at.millis()),
            sessions::last_seen.eq(session.last_seen.millis()),
            // Never after the absolute end, so that the clean-up needs one index.
            sessions::idle_expires.eq(session.ends_at().millis()),
            sessions::absolute_expires.eq(session.absolute_expires.millis()),
            sessions::address.eq(&session.address),
            sessions::user_agent.eq(&session.user_agent),
        ))
        .execute(c)?;
    Ok(())
}

/// Notes that a session was used at `now` and ends at `idle_expires` unless used again. Call it at
/// most once a minute a session. Answers whether the session was still there.
///
/// # Errors
/// As any statement.
pub fn touch(
    c: &mut Connection,
    session: &Session,
    now: Timestamp,
    idle_expires: Timestamp,
) -> Result<bool, StoreError> {
    let ends = idle_expires.min(session.absolute_expires);
    let changed = diesel::update(sessions::table.filter(sessions::id.eq(session.id.as_str())))
        .set((
            sessions::last_seen.eq(now.millis()),
            sessions::idle_expires.eq(ends.millis()),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Gives a session another secret and another login, and keeps its participants: its user proved
/// again who they are.
///
/// # Errors
/// As any statement.
pub fn renew(c: &mut Connection, session: &Session) -> Result<(), StoreError> {
    let changed = diesel::update(sessions::table.filter(sessions::id.eq(session.id.as_str())))
        .set((
            sessions::token_hash.eq(&session.token_hash),
            sessions::authn_instant.eq(session.authn_instant.millis()),
            sessions::authn_context.eq(&session.authn_context),
            sessions::last_seen.eq(session.last_seen.millis()),
            sessions::idle_expires.eq(session.ends_at().millis()),
            sessions::absolute_expires.eq(session.absolute_expires.millis()),
            sessions::address.eq(&session.address),
            sessions::user_agent.eq(&session.user_agent),
        ))
        .execute(c)?;
    // It ended meanwhile, so it begins anew.
    if changed == 0 {
        insert(c, session)?;
    }
    Ok(())
}

/// Ends a session; its participants go with it. Answers whether it was there.
///
/// # Errors
/// As any statement.
pub fn end(c: &mut Connection, id: &SessionId) -> Result<bool, StoreError> {
    let ended = diesel::delete(sessions::table.filter(sessions::id.eq(id.as_str()))).execute(c)?;
    Ok(ended == 1)
}

/// Ends every session of a user, and answers how many there were.
///
/// # Errors
/// As any statement.
pub fn end_of_user(c: &mut Connection, user: &UserId) -> Result<usize, StoreError> {
    Ok(diesel::delete(sessions::table.filter(sessions::user_id.eq(user.as_str()))).execute(c)?)
}

/// A user's sessions, newest first.
///
/// # Errors
/// As any statement.
pub fn of_user(c: &mut Connection, user: &UserId) -> Result<Vec<Session>, StoreError> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(user.as_str()))
        .order(sessions::created_at.desc())
        .load::<SessionRow>(c)?
        .into_iter()
        .map(Session::from)
        .collect())
}

#[derive(Queryable)]
struct SessionRow {
    id: String,
    token_hash: String,
    user_id: String,
    authn_instant: i64,
    authn_context: String,
    created_at: i64,
    last_seen: i64,
    idle_expires: i64,
    absolute_expires: i64,
    address: String,
    user_agent: String,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId::new(row.id),
            user: UserId::new(row.user_id),
            authn_instant: Timestamp::from_millis(row.authn_instant),
            authn_context: row.authn_context,
            created_at: Timestamp::from_millis(row.created_at),
            last_seen: Timestamp::from_millis(row.last_seen),
            idle_expires: Timestamp::from_millis(row.idle_expires),
            absolute_expires: Timestamp::from_millis(row.absolute_expires),
            token_hash: row.token_hash,
            address: row.address,
            user_agent: row.user_agent,
        }
    }
}
