//! The SPs a session reached.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::sp_sessions;
use super::{Connection, StoreError, on_each};
use crate::apps::AppId;
use crate::sessions::{GivenName, Participant, SessionId};

/// Notes that a response was sent to an SP.
///
/// # Errors
/// [`StoreError::Conflict`]: the session ended meanwhile.
pub fn insert(c: &mut Connection, participant: &Participant) -> Result<(), StoreError> {
    let name = participant.name_id.as_ref();
    on_each!(c, |c| diesel::insert_into(sp_sessions::table)
        .values((
            sp_sessions::session_id.eq(participant.session.as_str()),
            sp_sessions::id.eq(&participant.id),
            sp_sessions::app_id.eq(participant.app.as_str()),
            sp_sessions::session_index.eq(&participant.session_index),
            sp_sessions::name_id.eq(name.map(|name| name.value.as_str())),
            sp_sessions::name_id_format.eq(name.map(|name| name.format.as_str())),
            sp_sessions::name_qualifier.eq(name.and_then(|name| name.name_qualifier.as_deref())),
            sp_sessions::sp_name_qualifier
                .eq(name.and_then(|name| name.sp_name_qualifier.as_deref())),
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
        .load::<Row>(c)?
        .into_iter()
        .map(Participant::from)
        .collect())
}

#[derive(Queryable)]
struct Row {
    session_id: String,
    id: String,
    app_id: String,
    session_index: String,
    name_id: Option<String>,
    name_id_format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
    created_at: i64,
    not_on_or_after: i64,
}

impl From<Row> for Participant {
    fn from(row: Row) -> Self {
        let name = row.name_id.zip(row.name_id_format);
        Self {
            id: row.id,
            session: SessionId::new(row.session_id),
            app: AppId::new(row.app_id),
            session_index: row.session_index,
            name_id: name.map(|(value, format)| GivenName {
                value,
                format,
                name_qualifier: row.name_qualifier,
                sp_name_qualifier: row.sp_name_qualifier,
            }),
            created_at: Timestamp::from_millis(row.created_at),
            not_on_or_after: Timestamp::from_millis(row.not_on_or_after),
        }
    }
}
