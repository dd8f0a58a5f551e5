//! The SPs a session reached.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::sp_sessions;
use super::{Connection, StoreError, on_each};
use crate::apps::AppId;
use crate::sessions::{Participant, SessionId};

/// Notes that a response was sent to an SP.
///
/// # Errors
/// [`StoreError::Conflict`]: the session ended meanwhile.
pub fn insert(c: &mut Connection, participant: &Participant) -> Result<(), StoreError> {
    on_each!(c, |c| diesel::insert_into(sp_sessions::table)
        .values((
            sp_sessions::session_id.eq(participant.session.as_str()),
            sp_sessions::id.eq(&participant.id),
            sp_sessions::app_id.eq(participant.app.as_str()),
            sp_sessions::session_index.eq(&participant.session_index),
            sp_sessions::name_id.eq(&participant.name_id),
            sp_sessions::created_at.eq(participant.created_at.millis()),
            sp_sessions::not_on_or_after.eq(participant.not_on_or_after.millis()),
        ))
        .execute(c))?;
    Ok(())
}

/// The SPs a session reached, oldest first.
///
/// # Errors
/// As any statement.
pub fn of_session(c: &mut Connection, session: &SessionId) -> Result<Vec<Participant>, StoreError> {
    Ok(sp_sessions::table
        .filter(sp_sessions::session_id.eq(session.as_str()))
        .order((sp_sessions::created_at, sp_sessions::id))
        .load::<(String, String, String, String, String, i64, i64)>(c)?
        .into_iter()
        .map(
            |(session, id, app, session_index, name_id, created_at, until)| Participant {
                id,
                session: SessionId::new(session),
                app: AppId::new(app),
                session_index,
                name_id,
                created_at: Timestamp::from_millis(created_at),
                not_on_or_after: Timestamp::from_millis(until),
            },
        )
        .collect())
}
