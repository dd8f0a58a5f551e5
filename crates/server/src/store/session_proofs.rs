//! How the users of sessions proved who they are.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::session_proofs;
use super::{Connection, StoreError};
use crate::sessions::{SessionId, SessionProof};

/// Notes a proof, in the transaction that begins or renews its session.
///
/// # Errors
/// [`StoreError::Conflict`]: the session is gone.
pub fn insert(c: &mut Connection, proof: &SessionProof) -> Result<(), StoreError> {
    diesel::insert_into(session_proofs::table)
        .values((
            session_proofs::session_id.eq(proof.session.as_str()),
            session_proofs::at.eq(proof.at.millis()),
            session_proofs::method.eq(&proof.method),
        ))
        .execute(c)?;
    Ok(())
}

/// The proofs of a session, oldest first.
///
/// # Errors
/// As any statement.
pub fn of_session(
    c: &mut Connection,
    session: &SessionId,
) -> Result<Vec<SessionProof>, StoreError> {
    Ok(session_proofs::table
        .filter(session_proofs::session_id.eq(session.as_str()))
        .order((session_proofs::at, session_proofs::method))
        .load::<(String, i64, String)>(c)?
        .into_iter()
        .map(|(session, at, method)| SessionProof {
            session: SessionId::new(session),
            method,
            at: Timestamp::from_millis(at),
        })
        .collect())
}
