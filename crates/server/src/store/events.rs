//! The event log.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::events;
use super::{Connection, StoreError, checks, on_each};
use crate::audit::{Event, EventKind, ResultCode, Word};

/// Writes an event, in the transaction of what it reports.
///
/// # Errors
/// [`StoreError::Conflict`]: the reference code is taken; make another.
pub fn insert(c: &mut Connection, event: &Event) -> Result<(), StoreError> {
    insert_acting(c, event, None)
}

/// As [`insert`], for what `acting` did for the event's user.
///
/// # Errors
/// As [`insert`].
pub fn insert_acting(
    c: &mut Connection,
    event: &Event,
    acting: Option<&str>,
) -> Result<(), StoreError> {
    let checks = checks::write(&event.checks);
    on_each!(c, |c| diesel::insert_into(events::table)
        .values((
            events::code.eq(&event.code),
            events::at.eq(event.at.millis()),
            events::kind.eq(event.kind.as_str()),
            events::result.eq(event.result.as_str()),
            events::user_id.eq(event.user_id.as_deref()),
            events::username.eq(event.username.as_deref()),
            events::app_id.eq(event.app_id.as_deref()),
            events::app_name.eq(event.app_name.as_deref()),
            events::entity_id.eq(event.entity_id.as_deref()),
            events::address.eq(&event.address),
            events::user_agent.eq(&event.user_agent),
            events::initiated_by.eq(event.initiated_by),
            events::protocol.eq(event.protocol),
            events::binding.eq(&event.binding),
            events::reason.eq(&event.reason),
            events::checks.eq(&checks),
            events::request_id.eq(&event.request_id),
            events::acting.eq(acting),
        ))
        .execute(c))?;
    Ok(())
}

/// An event as stored, with its place in the log.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Place in the log: later events have higher ones.
    pub seq: i64,
    /// The event.
    pub event: Event,
    /// Who acted, when that was not the event's user.
    pub acting: Option<String>,
}

/// The event with this reference code. Letter case, spaces and a missing hyphen are forgiven, since
/// codes are read out over the telephone.
///
/// # Errors
/// As any statement; [`StoreError::Damaged`] when a column does not read.
pub fn by_code(c: &mut Connection, code: &str) -> Result<Option<Logged>, StoreError> {
    let row = events::table
        .filter(events::code.eq(as_written(code)))
        .first::<Row>(c)
        .optional()?;
    row.map(Row::into_logged).transpose()
}

/// Which events a page of the log shows. Empty fields ask for nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only before this place in the log: the last `seq` of the page before.
    pub before: Option<i64>,
    /// Only of this kind.
    pub kind: Option<EventKind>,
    /// Only with this result.
    pub result: Option<ResultCode>,
    /// Only those that did not succeed.
    pub failures_only: bool,
    /// Only about this user: row.
    pub user_id: Option<String>,
    /// Only about this app: row.
    pub app_id: Option<String>,
    /// Only at or after this instant.
    pub from: Option<Timestamp>,
    /// Only before this instant.
    pub until: Option<Timestamp>,
    /// Only those whose code, username, app name, entity ID, address or reason contains this.
    pub text: String,
}

/// Events that `filter` keeps, newest first, at most `limit`.
///
/// # Errors
/// As [`by_code`].
pub fn list(c: &mut Connection, filter: &Filter, limit: i64) -> Result<Vec<Logged>, StoreError> {
    let mut page = events::table
        .order(events::seq.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = filter.before {
        page = page.filter(events::seq.lt(before));
    }
    if let Some(kind) = filter.kind {
        page = page.filter(events::kind.eq(kind.as_str()));
    }
    if let Some(result) = filter.result {
        page = page.filter(events::result.eq(result.as_str()));
    }
    if filter.failures_only {
        page = page.filter(events::result.ne(ResultCode::Success.as_str()));
    }
    if let Some(user) = &filter.user_id {
        page = page.filter(events::user_id.eq(user.clone()));
    }
    if let Some(app) = &filter.app_id {
        page = page.filter(events::app_id.eq(app.clone()));
    }
    if let Some(from) = filter.from {
        page = page.filter(events::at.ge(from.millis()));
    }
    if let Some(until) = filter.until {
        page = page.filter(events::at.lt(until.millis()));
    }
    if !filter.text.is_empty() {
        let pattern = super::users::contains(&filter.text);
        page = page.filter(
            events::code
                .like(pattern.clone())
                .escape('\\')
                .or(events::address.like(pattern.clone()).escape('\\'))
                .or(events::reason.like(pattern.clone()).escape('\\'))
                .or(events::username.is_not_null().and(
                    events::username
                        .assume_not_null()
                        .like(pattern.clone())
                        .escape('\\'),
                ))
                .or(events::app_name.is_not_null().and(
                    events::app_name
                        .assume_not_null()
                        .like(pattern.clone())
                        .escape('\\'),
                ))
                .or(events::entity_id.is_not_null().and(
                    events::entity_id
                        .assume_not_null()
                        .like(pattern)
                        .escape('\\'),
                )),
        );
    }
    page.load::<Row>(c)?
        .into_iter()
        .map(Row::into_logged)
        .collect()
}

/// A code as Avouch writes it: capitals, in two halves of four.
fn as_written(code: &str) -> String {
    let mut plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if plain.len() == 8 {
        plain.insert(4, '-');
        return plain;
    }
    code.trim().to_owned()
}

#[derive(Queryable)]
struct Row {
    seq: i64,
    code: String,
    at: i64,
    kind: String,
    result: String,
    user_id: Option<String>,
    username: Option<String>,
    app_id: Option<String>,
    app_name: Option<String>,
    entity_id: Option<String>,
    address: String,
    user_agent: String,
    initiated_by: String,
    protocol: String,
    binding: String,
    reason: String,
    checks: String,
    request_id: String,
    acting: Option<String>,
}

impl Row {
    fn into_logged(self) -> Result<Logged, StoreError> {
        let code = self.code;
        let checks = checks::read(&self.checks)
            .map_err(|e| StoreError::damaged(format!("events.checks of {code}"), e))?;
        Ok(Logged {
            seq: self.seq,
            acting: self.acting,
            event: Event {
                at: Timestamp::from_millis(self.at),
                kind: Word::read(self.kind),
                result: Word::read(self.result),
                user_id: self.user_id,
                username: self.username,
                app_id: self.app_id,
                app_name: self.app_name,
                entity_id: self.entity_id,
                address: self.address,
                user_agent: self.user_agent,
                initiated_by: known_word(&self.initiated_by, &["sp", "idp"]),
                protocol: known_word(&self.protocol, &["saml"]),
                binding: self.binding,
                reason: self.reason,
                checks,
                request_id: self.request_id,
                code,
            },
        })
    }
}

fn known_word(word: &str, known: &[&'static str]) -> &'static str {
    known.iter().find(|k| **k == word).copied().unwrap_or("")
}
