//! The event log: filter, page through all of it, one event with its checks, export.

use super::error::{Missing, Noun};
use super::{Acting, AdminContext, AdminError, view};
use crate::store;
use crate::users::AdminRight;

pub use crate::store::events::{Filter, Logged};

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
    pub viewer: Acting,
}

/// Lists the events `filter` keeps, newest first.
///
/// # Errors
/// [`AdminError`].
pub fn list(cx: &AdminContext<'_>, filter: &Filter, limit: i64) -> Result<EventsPage, AdminError> {
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

/// One event, as its page shows it.
#[derive(Debug)]
pub struct Shown {
    /// The event.
    pub logged: Logged,
    /// Its app is still there.
    pub has_app: bool,
    /// Its user is still there.
    pub has_user: bool,
    /// Who looks.
    pub viewer: Acting,
}

/// One event, with whether its app and its user still exist.
///
/// # Errors
/// [`AdminError`].
pub fn show(cx: &AdminContext<'_>, code: &str) -> Result<Shown, AdminError> {
    view(cx, &[AdminRight::ReadLogs], |c, viewer| {
        let logged = store::events::by_code(c, code)?
            .ok_or_else(|| Missing::among(Noun::Event, code, []))?;
        let has_app = match &logged.event.app_id {
            Some(id) => store::apps::by_id(c, &crate::apps::AppId::new(id.as_str()))?.is_some(),
            None => false,
        };
        let has_user = match &logged.event.user_id {
            Some(id) => store::users::by_id(c, &crate::users::UserId::new(id.as_str()))?.is_some(),
            None => false,
        };
        Ok(Shown {
            logged,
            has_app,
            has_user,
            viewer: viewer.clone(),
        })
    })
}
