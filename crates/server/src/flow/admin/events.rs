//! The event log: filter, page through all of it, one event with its checks, export.

use super::error::{Missing, Noun};
use super::{Acting, AdminContext, AdminError, view};
use crate::audit::Party;
use crate::store;
use crate::users::{AdminRight, UserId};

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
    /// Who acted is a user who is still there.
    pub has_actor: bool,
    /// Whom they acted on is a user who is still there.
    pub has_target: bool,
    /// Who looks.
    pub viewer: Acting,
}

/// One event, with whether those that it names still exist.
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
        let mut is_user = |party: &Option<Party>| {
            let Some(id) = party.as_ref().and_then(Party::user_id) else {
                return Ok(false);
            };
            Ok::<_, AdminError>(store::users::by_id(c, &UserId::new(id))?.is_some())
        };
        let has_actor = is_user(&logged.event.actor)?;
        let has_target = is_user(&logged.event.target)?;
        Ok(Shown {
            logged,
            has_app,
            has_actor,
            has_target,
            viewer: viewer.clone(),
        })
    })
}
