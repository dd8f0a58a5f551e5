//! The event log: filter, page through all of it, one event with its checks, export.

use super::error::{Missing, Noun};
use super::{Acting, AdminContext, AdminError, Change, change, view};
use crate::apps::nearest::nearest_few;
use crate::audit::check::Phrase;
use crate::audit::{Event, Party, ResultCode};
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

/// Records that the events were exported as `file`: whoever reads the log may take it all away.
///
/// # Errors
/// [`AdminError`].
pub fn exported(cx: &AdminContext<'_>, file: &str) -> Result<(), AdminError> {
    change(cx, &[AdminRight::ReadLogs], |_, _| {
        let change = Change {
            reason: Phrase::EventsExported.of(file),
            ..Change::default()
        };
        Ok(((), change))
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
    /// Entity IDs of connected apps near to the one that nobody has, where that is what happened.
    pub nearest: Vec<String>,
    /// Who looks.
    pub viewer: Acting,
}

/// How many apps an unknown entity ID is compared with, and how many are named.
const COMPARED: i64 = 10_000;
const NAMED: usize = 3;

/// The entity ID of an event in which nobody had it.
fn unknown(event: &Event) -> Option<&str> {
    let is_unknown = event.result == ResultCode::UnknownServiceProvider;
    event.entity_id.as_deref().filter(|_| is_unknown)
}

/// One event, with whether those that it names still exist.
///
/// # Errors
/// [`AdminError`].
pub fn show(cx: &AdminContext<'_>, code: &str) -> Result<Shown, AdminError> {
    let (mut shown, apps) = view(cx, &[AdminRight::ReadLogs], |c, viewer| {
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
        let apps = match unknown(&logged.event) {
            Some(_) => store::apps::list(c, "", None, COMPARED)?,
            None => Vec::new(),
        };
        let shown = Shown {
            nearest: Vec::new(),
            logged,
            has_app,
            has_actor,
            has_target,
            viewer: viewer.clone(),
        };
        Ok((shown, apps))
    })?;
    // Comparing takes longer than reading, and no connection has to wait for it.
    if let Some(claimed) = unknown(&shown.logged.event) {
        let known = apps.iter().map(|app| app.entity_id.as_str());
        let near = nearest_few(claimed, known, NAMED);
        shown.nearest = near.into_iter().map(str::to_owned).collect();
    }
    Ok(shown)
}
