//! Sign-ons in progress.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::pending;
use super::{Connection, StoreError};
use crate::apps::AppId;
use crate::sessions::{Pending, PendingId, PendingStatus, SsoRequest};

const OPEN: &str = "open";
const DONE: &str = "done";

/// Keeps a sign-on until it is answered.
///
/// # Errors
/// As any statement.
pub fn insert(c: &mut Connection, sign_on: &Pending) -> Result<(), StoreError> {
    diesel::insert_into(pending::table)
        .values((
            pending::id.eq(sign_on.id.as_str()),
            pending::browser_hash.eq(sign_on.browser_hash.as_deref()),
            pending::app_id.eq(sign_on.app.as_str()),
            pending::stage.eq(super::json(&sign_on.request)),
            pending::status.eq(word(sign_on.status)),
            pending::created_at.eq(sign_on.created_at.millis()),
            pending::expires_at.eq(sign_on.expires_at.millis()),
        ))
        .execute(c)?;
    Ok(())
}

/// The sign-on with this row, even when it is answered or too old: the caller says which to the
/// user.
///
/// # Errors
/// As any statement; [`StoreError::Damaged`] when the request does not read.
pub fn by_id(c: &mut Connection, id: &PendingId) -> Result<Option<Pending>, StoreError> {
    let row = pending::table
        .filter(pending::id.eq(id.as_str()))
        .first::<Row>(c)
        .optional()?;
    row.map(Row::into_pending).transpose()
}

/// Binds a sign-on to a browser. Answers whether it is now bound to this one: a sign-on that is
/// bound already stays so.
///
/// # Errors
/// As any statement.
pub fn bind(c: &mut Connection, id: &PendingId, browser_hash: &str) -> Result<bool, StoreError> {
    let bound = diesel::update(
        pending::table
            .filter(pending::id.eq(id.as_str()))
            .filter(pending::browser_hash.is_null()),
    )
    .set(pending::browser_hash.eq(browser_hash))
    .execute(c)?;
    if bound == 1 {
        return Ok(true);
    }
    let holder: Option<Option<String>> = pending::table
        .filter(pending::id.eq(id.as_str()))
        .select(pending::browser_hash)
        .first(c)
        .optional()?;
    Ok(holder.flatten().as_deref() == Some(browser_hash))
}

/// Writes what is known of the sign-on now. Answers whether it was still open.
///
/// # Errors
/// As any statement.
pub fn update(
    c: &mut Connection,
    id: &PendingId,
    request: &SsoRequest,
) -> Result<bool, StoreError> {
    let changed = diesel::update(
        pending::table
            .filter(pending::id.eq(id.as_str()))
            .filter(pending::status.eq(OPEN)),
    )
    .set(pending::stage.eq(super::json(request)))
    .execute(c)?;
    Ok(changed == 1)
}

/// Closes a sign-on. Of all who try, on any node, exactly one is answered `true`, and only that
/// one may answer the SP.
///
/// # Errors
/// As any statement.
pub fn finish(c: &mut Connection, id: &PendingId) -> Result<bool, StoreError> {
    let changed = diesel::update(
        pending::table
            .filter(pending::id.eq(id.as_str()))
            .filter(pending::status.eq(OPEN)),
    )
    .set(pending::status.eq(DONE))
    .execute(c)?;
    Ok(changed == 1)
}

fn word(status: PendingStatus) -> &'static str {
    match status {
        PendingStatus::Open => OPEN,
        PendingStatus::Done => DONE,
    }
}

#[derive(Queryable)]
struct Row {
    id: String,
    browser_hash: Option<String>,
    app_id: String,
    stage: String,
    status: String,
    created_at: i64,
    expires_at: i64,
}

impl Row {
    fn into_pending(self) -> Result<Pending, StoreError> {
        let request = serde_json::from_str(&self.stage)
            .map_err(|e| StoreError::damaged(format!("pending.stage of {}", self.id), e))?;
        Ok(Pending {
            id: PendingId::new(self.id),
            browser_hash: self.browser_hash,
            app: AppId::new(self.app_id),
            request,
            // Anything else than open must never be answered.
            status: if self.status == OPEN {
                PendingStatus::Open
            } else {
                PendingStatus::Done
            },
            created_at: Timestamp::from_millis(self.created_at),
            expires_at: Timestamp::from_millis(self.expires_at),
        })
    }
}
