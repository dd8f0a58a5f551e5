//! The event log.

use std::collections::HashMap;

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::codes::Codes;
use super::schema::{event_mentions, events};
use super::{Connection, StoreError, checks, event_index, on_each};
use crate::audit::check::Value;
use crate::audit::{Event, EventKind, Party, Reference, ResultCode, Word};

/// The columns of an event with their values, but its number, which the database gives.
macro_rules! values {
    ($event:expr, $checks:expr, $reason:expr) => {{
        let event: &Event = $event;
        let (actor, target) = (event.actor.as_ref(), event.target.as_ref());
        (
            events::at.eq(event.at.millis()),
            events::kind.eq(kind_word(event)),
            events::result.eq(result_word(event)),
            events::actor_kind.eq(actor.map(|party| party.kind.as_str())),
            events::actor_id.eq(actor.and_then(|party| party.id.as_deref())),
            events::actor_name.eq(actor.and_then(|party| party.name.as_deref())),
            events::target_kind.eq(target.map(|party| party.kind.as_str())),
            events::target_id.eq(target.and_then(|party| party.id.as_deref())),
            events::target_name.eq(target.and_then(|party| party.name.as_deref())),
            events::app_id.eq(event.app_id.as_deref()),
            events::app_name.eq(event.app_name.as_deref()),
            events::entity_id.eq(event.entity_id.as_deref()),
            events::address.eq(&event.address),
            events::user_agent.eq(&event.user_agent),
            events::initiated_by.eq(&*event.initiated_by),
            events::protocol.eq(&*event.protocol),
            events::binding.eq(&event.binding),
            events::reason.eq(&$reason),
            events::checks.eq(&$checks),
            events::request_id.eq(&event.request_id),
        )
    }};
}

#[cfg(not(feature = "later-stored-form"))]
fn kind_word(event: &Event) -> &str {
    event.kind.as_str()
}
#[cfg(not(feature = "later-stored-form"))]
fn result_word(event: &Event) -> &str {
    event.result.as_str()
}
#[cfg(feature = "later-stored-form")]
use super::later::{kind as kind_word, result as result_word};

/// Writes an event, in the transaction of what it reports.
///
/// # Errors
/// As any statement.
pub fn insert(c: &mut Connection, event: &Event) -> Result<(), StoreError> {
    let (checks, reason) = (
        checks::write(&event.checks),
        checks::write_value(&event.reason),
    );
    on_each!(c, |c| diesel::insert_into(events::table)
        .values(values!(event, checks, reason))
        .execute(c))?;
    Ok(())
}

/// As [`insert`], for whoever tells somebody the event's reference code.
///
/// # Errors
/// As any statement.
pub fn insert_referred(c: &mut Connection, event: &Event) -> Result<Reference, StoreError> {
    let (checks, reason) = (
        checks::write(&event.checks),
        checks::write_value(&event.reason),
    );
    let seq: i64 = on_each!(&mut *c, |c| diesel::insert_into(events::table)
        .values(values!(event, checks, reason))
        .returning(events::seq)
        .get_result(c))?;
    let code = Codes::read(c)?.of(seq);
    Ok(Reference { seq, code })
}

/// Gives the event at `seq` another sentence: for one that stands for many others, whose number is
/// known later.
///
/// # Errors
/// As any statement.
pub fn set_reason(c: &mut Connection, seq: i64, reason: &Value) -> Result<(), StoreError> {
    diesel::update(events::table.filter(events::seq.eq(seq)))
        .set(events::reason.eq(checks::write_value(reason)))
        .execute(c)?;
    Ok(())
}

/// An event as stored.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Its place in the log: later events have higher ones.
    pub seq: i64,
    /// Its reference code.
    pub code: String,
    /// The event.
    pub event: Event,
}

/// The event with this reference code, however it is typed.
///
/// # Errors
/// As any statement; [`StoreError::Damaged`] when a column does not read.
pub fn by_code(c: &mut Connection, code: &str) -> Result<Option<Logged>, StoreError> {
    let codes = Codes::read(c)?;
    let Some(seq) = codes.seq(code) else {
        return Ok(None);
    };
    let row = events::table.find(seq).first::<LoggedRow>(c).optional()?;
    row.map(|row| row.into_logged(&codes)).transpose()
}

/// When each of these apps was last signed on to with success.
///
/// # Errors
/// As any statement.
pub fn last_sign_ons(
    c: &mut Connection,
    apps: &[String],
) -> Result<HashMap<String, Timestamp>, StoreError> {
    let (kind, result) = (EventKind::SignOn.as_str(), ResultCode::Success.as_str());
    let indexed = event_index::end(c)?;
    // One look at what is behind the index, for all of them.
    let mut last: HashMap<String, Timestamp> = events::table
        .filter(events::seq.gt(indexed))
        .filter(events::kind.eq(kind))
        .filter(events::result.eq(result))
        .group_by(events::app_id)
        .select((events::app_id, diesel::dsl::max(events::at)))
        .load::<(Option<String>, Option<i64>)>(c)?
        .into_iter()
        .filter_map(|(app, at)| Some((app?, Timestamp::from_millis(at?))))
        .collect();
    for app in apps {
        if last.contains_key(app) {
            continue;
        }
        let at: Option<i64> = event_mentions::table
            .inner_join(events::table.on(events::seq.eq(event_mentions::seq)))
            .filter(event_mentions::row_id.eq(app))
            .filter(events::kind.eq(kind))
            .filter(events::result.eq(result))
            .order(event_mentions::seq.desc())
            .select(events::at)
            .first(c)
            .optional()?;
        if let Some(at) = at {
            last.insert(app.clone(), Timestamp::from_millis(at));
        }
    }
    Ok(last)
}

/// Which events a page of the log shows. Empty fields ask for nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only before this place in the log: the last `seq` of the page before.
    pub before: Option<i64>,
    /// Only after this place in the log.
    pub after: Option<i64>,
    /// Only of this kind.
    pub kind: Option<Word<EventKind>>,
    /// Only with this result.
    pub result: Option<Word<ResultCode>>,
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

/// Adds what `filter` asks to a query over events.
macro_rules! filtered {
    ($page:expr, $filter:expr, $codes:expr) => {{
        let filter: &Filter = $filter;
        let mut page = $page;
        if let Some(before) = filter.before {
            page = page.filter(events::seq.lt(before));
        }
        if let Some(after) = filter.after {
            page = page.filter(events::seq.gt(after));
        }
        if let Some(kind) = &filter.kind {
            page = page.filter(events::kind.eq(kind.as_str().to_owned()));
        }
        if let Some(result) = &filter.result {
            page = page.filter(events::result.eq(result.as_str().to_owned()));
        }
        if filter.failures_only {
            page = page.filter(events::result.ne(ResultCode::Success.as_str()));
        }
        if let Some(user) = &filter.user_id {
            page = page.filter(
                events::actor_id
                    .eq(user.clone())
                    .or(events::target_id.eq(user.clone())),
            );
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
            // No event has the number -1.
            let coded = $codes.seq(&filter.text).unwrap_or(-1);
            let pattern = super::users::contains(&filter.text);
            page = page.filter(
                events::seq
                    .eq(coded)
                    .or(events::address.like(pattern.clone()).escape('\\'))
                    .or(events::reason.like(pattern.clone()).escape('\\'))
                    .or(events::actor_name.is_not_null().and(
                        events::actor_name
                            .assume_not_null()
                            .like(pattern.clone())
                            .escape('\\'),
                    ))
                    .or(events::target_name.is_not_null().and(
                        events::target_name
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
        page
    }};
}

/// Events that `filter` keeps, newest first, at most `limit`.
///
/// # Errors
/// As [`by_code`].
pub fn list(c: &mut Connection, filter: &Filter, limit: i64) -> Result<Vec<Logged>, StoreError> {
    let codes = Codes::read(c)?;
    let newest_first = events::table
        .order(events::seq.desc())
        .limit(limit)
        .into_boxed();
    let all = filtered!(newest_first, filter, codes);
    let rows = match filter.user_id.as_ref().or(filter.app_id.as_ref()) {
        None => all.load::<LoggedRow>(c)?,
        // Those behind the index one by one, then those in it.
        Some(row_id) => {
            let indexed = event_index::end(c)?;
            let mut rows = all.filter(events::seq.gt(indexed)).load::<LoggedRow>(c)?;
            let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
            if left > 0 {
                let mentioned = event_mentions::table
                    .inner_join(events::table.on(events::seq.eq(event_mentions::seq)))
                    .filter(event_mentions::row_id.eq(row_id.clone()))
                    .filter(event_mentions::seq.le(indexed))
                    .order(event_mentions::seq.desc())
                    .limit(left)
                    .select(events::all_columns)
                    .into_boxed();
                rows.extend(filtered!(mentioned, filter, codes).load::<LoggedRow>(c)?);
            }
            rows
        }
    };
    rows.into_iter()
        .map(|row| row.into_logged(&codes))
        .collect()
}

#[derive(Queryable)]
struct LoggedRow {
    seq: i64,
    at: i64,
    kind: String,
    result: String,
    actor_kind: Option<String>,
    actor_id: Option<String>,
    actor_name: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    target_name: Option<String>,
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
    _org_id: Option<String>,
}

impl LoggedRow {
    fn into_logged(self, codes: &Codes) -> Result<Logged, StoreError> {
        let code = codes.of(self.seq);
        let checks = checks::read(&self.checks)
            .map_err(|e| StoreError::damaged(format!("events.checks of {code}"), e))?;
        let reason = checks::read_value(&self.reason)
            .map_err(|e| StoreError::damaged(format!("events.reason of {code}"), e))?;
        let party = |kind: Option<String>, id, name| {
            kind.map(|kind| Party {
                kind: Word::read(kind),
                id,
                name,
            })
        };
        Ok(Logged {
            seq: self.seq,
            event: Event {
                at: Timestamp::from_millis(self.at),
                kind: Word::read(self.kind),
                result: Word::read(self.result),
                actor: party(self.actor_kind, self.actor_id, self.actor_name),
                target: party(self.target_kind, self.target_id, self.target_name),
                app_id: self.app_id,
                app_name: self.app_name,
                entity_id: self.entity_id,
                address: self.address,
                user_agent: self.user_agent,
                initiated_by: self.initiated_by.into(),
                protocol: self.protocol.into(),
                binding: self.binding,
                reason,
                checks,
                request_id: self.request_id,
            },
            code,
        })
    }
}
