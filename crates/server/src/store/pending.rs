//! Sign-ons in progress.

use std::borrow::Cow;

use avouch_saml::time::Timestamp;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::schema::pending;
use super::{Connection, StoreError, checks};
use crate::apps::AppId;
use crate::sessions::{Asked, Asking, Pending, PendingId, PendingStatus, Request, Stage};

const OPEN: &str = "open";
const DONE: &str = "done";

/// How many sign-ons wait.
///
/// # Errors
/// As any statement.
pub fn count(c: &mut Connection) -> Result<i64, StoreError> {
    Ok(pending::table.count().get_result(c)?)
}

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
            pending::stage.eq(super::json(&sign_on.stage)),
            pending::request.eq(super::json(&PendingText {
                request: Cow::Borrowed(&sign_on.asking.request),
                asked: Cow::Borrowed(&sign_on.asking.asked),
                begun_by: Cow::Borrowed(&sign_on.begun_by),
                checks: Cow::Owned(checks::write(&sign_on.checks)),
            })),
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
        .first::<PendingRow>(c)
        .optional()?;
    row.map(PendingRow::into_pending).transpose()
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

/// Notes what a sign-on waits for now. Answers whether it was still open.
///
/// # Errors
/// As any statement.
pub fn wait_for(c: &mut Connection, id: &PendingId, stage: Stage) -> Result<bool, StoreError> {
    let changed = diesel::update(
        pending::table
            .filter(pending::id.eq(id.as_str()))
            .filter(pending::status.eq(OPEN)),
    )
    .set(pending::stage.eq(super::json(&stage)))
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

/// What is stored of a sign-on as one text: it is read and written whole.
#[derive(Serialize, Deserialize)]
struct PendingText<'a> {
    request: Cow<'a, Request>,
    asked: Cow<'a, Asked>,
    begun_by: Cow<'a, str>,
    checks: Cow<'a, str>,
}

#[derive(Queryable)]
struct PendingRow {
    id: String,
    browser_hash: Option<String>,
    app_id: String,
    stage: String,
    request: String,
    status: String,
    created_at: i64,
    expires_at: i64,
    _org_id: String,
}

impl PendingRow {
    fn into_pending(self) -> Result<Pending, StoreError> {
        // What is JSON and says something unknown is a request or a stage that a later version has.
        let unread = |column, text: &str, error: serde_json::Error| {
            let what = format!("pending.{column} of {}", self.id);
            match serde_json::from_str::<serde_json::Value>(text) {
                Ok(_) => StoreError::OfLaterVersion(what),
                Err(_) => StoreError::damaged(what, error),
            }
        };
        let kept: PendingText<'_> = serde_json::from_str(&self.request)
            .map_err(|error| unread("request", &self.request, error))?;
        let checks = checks::read(&kept.checks)
            .map_err(|e| StoreError::damaged(format!("pending.request of {}", self.id), e))?;
        let stage = serde_json::from_str(&self.stage)
            .map_err(|error| unread("stage", &self.stage, error))?;
        Ok(Pending {
            id: PendingId::new(self.id),
            browser_hash: self.browser_hash,
            app: AppId::new(self.app_id),
            asking: Asking {
                request: kept.request.into_owned(),
                asked: kept.asked.into_owned(),
            },
            stage,
            begun_by: kept.begun_by.into_owned(),
            checks,
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
