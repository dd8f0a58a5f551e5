//! The event log: filter, page through all of it, one event with its checks, export.

use super::{AdminError, view};
use crate::context::Context;
use crate::store;
use crate::store::events::{Filter, Logged};
use crate::users::{AdminRight, User};

/// How many events a page of the list has.
pub const PAGE: i64 = 50;

/// A page of the log.
#[derive(Debug)]
pub struct EventsPage {
    /// The events, newest first.
    pub events: Vec<Logged>,
    /// Whether older ones follow.
    pub more: bool,
    /// Who looks.
    pub viewer: User,
}

/// Lists the events `filter` keeps, newest first.
///
/// # Errors
/// [`AdminError`].
pub fn list(cx: &Context, filter: &Filter, limit: i64) -> Result<EventsPage, AdminError> {
    view(cx, &[AdminRight::ReadLogs], |c, viewer| {
        let mut events = store::events::list(c, filter, limit + 1)?;
        let more = i64::try_from(events.len()).is_ok_and(|n| n > limit);
        events.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(EventsPage {
            events,
            more,
            viewer: viewer.clone(),
        })
    })
}

/// One event, with whether its app and its user still exist.
///
/// # Errors
/// [`AdminError`].
pub fn show(cx: &Context, code: &str) -> Result<(Logged, bool, bool, User), AdminError> {
    view(cx, &[AdminRight::ReadLogs], |c, viewer| {
        let logged = store::events::by_code(c, code)?.ok_or(AdminError::NotFound)?;
        let app = match &logged.event.app_id {
            Some(id) => store::apps::by_id(c, &crate::apps::AppId::new(id.as_str()))?.is_some(),
            None => false,
        };
        let user = match &logged.event.user_id {
            Some(id) => store::users::by_id(c, &crate::users::UserId::new(id.as_str()))?.is_some(),
            None => false,
        };
        Ok((logged, app, user, viewer.clone()))
    })
}
