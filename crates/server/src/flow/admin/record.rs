//! The event of a change: who acted, about whom or what, and each setting before and after; and that
//! of an attempt that was denied.

use super::actor::{Acting, AdminContext};
use super::denied::Denied;
use super::error::AdminError;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::limiter::{Room, Source};
use crate::audit::{Check, Event, EventKind, Party, ResultCode};
use crate::store::{self, Connection, StoreError};

/// What a change was, for its event.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// One sentence, as a phrase.
    pub reason: Value,
    /// What it concerns.
    pub about: About,
    /// Each setting that changed: its name, before and after.
    pub settings: Vec<Line>,
    /// A key was concerned.
    pub of_keys: bool,
}

/// A setting that changed: its name, the value before and the value after.
pub type Line = (String, String, String);

/// Whom or what something concerns, beside who acted.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The app: row, name, entity ID.
    pub app: Option<(String, String, String)>,
    /// The user, key, profile or permission set.
    pub target: Option<Party>,
}

/// Writes the event of a change, in its transaction.
///
/// # Errors
/// As any statement.
pub(super) fn changed(
    c: &mut Connection,
    cx: &AdminContext<'_>,
    acting: &Acting,
    change: Change,
) -> Result<(), StoreError> {
    let kind = if change.of_keys {
        EventKind::Key
    } else {
        EventKind::Admin
    };
    let mut event = event(cx, kind, ResultCode::Success, change.reason);
    event.checks = change
        .settings
        .into_iter()
        .map(|(name, before, after)| Check::changed(name, before, after))
        .collect();
    store::events::insert(c, &of_both(event, acting, change.about))
}

/// Writes the event of an attempt, in a transaction of its own, and answers what was denied with its
/// reference code.
///
/// # Errors
/// The database.
pub(super) fn denied(
    cx: &AdminContext<'_>,
    acting: &Acting,
    denied: Denied,
) -> Result<Denied, AdminError> {
    let words = denied.lacking.iter().map(|word| Value::text(word.clone()));
    let held = acting
        .rights
        .iter()
        .map(|right| Value::text(right.as_str()));
    let held = match Value::list(held) {
        Value::Nothing => Phrase::None.into(),
        held => held,
    };
    let (rule, wanted, reason) = match &denied.over {
        None => (
            Rule::AdminRight,
            Value::joined(words, Phrase::Or),
            Phrase::LacksRight.into(),
        ),
        Some((_, username)) => (
            Rule::RightsOfUser,
            Value::joined(words, Phrase::And),
            Phrase::MayNotChange.with([
                Value::text(acting.name.clone()),
                Value::text(username.clone()),
            ]),
        ),
    };
    let mut event = event(cx, EventKind::Admin, ResultCode::AdminRightMissing, reason);
    let check = Check::new(rule, false, wanted, held, Origin::UserRights);
    event.checks.push(check);
    let over = denied.over.clone();
    let about = About {
        target: over.map(|(id, username)| Party::user(id, username)),
        app: None,
    };
    let event = of_both(event, acting, about);
    let code = match room(cx, acting) {
        Room::None(code) => code,
        room => {
            let referred = cx.db.write(|c| store::events::insert_referred(c, &event))?;
            let code = referred.code.clone();
            if let (Room::ForOne(source), Some(services)) = (room, cx.kept) {
                services.event_limiter.stands(&source, referred);
            }
            code
        }
    };
    Ok(Denied { code, ..denied })
}

/// Whether there is room in the log for one more attempt of this user: each page that they may not see
/// is one, however often it is asked for.
fn room(cx: &AdminContext<'_>, acting: &Acting) -> Room {
    let (Some(services), Some(user)) = (cx.kept, &acting.user) else {
        return Room::Enough;
    };
    let source = Source::User(user.id.to_string());
    services.event_limiter.room(&[source], cx.now)
}

/// An event that concerns nobody yet.
fn event(cx: &AdminContext<'_>, kind: EventKind, result: ResultCode, reason: Value) -> Event {
    Event {
        at: cx.now,
        kind: kind.into(),
        result: result.into(),
        actor: None,
        target: None,
        app_id: None,
        app_name: None,
        entity_id: None,
        address: cx.origin.address.clone(),
        user_agent: cx.origin.user_agent.clone(),
        initiated_by: "".into(),
        protocol: "".into(),
        binding: String::new(),
        reason,
        checks: Vec::new(),
        request_id: cx.origin.request_id.clone(),
    }
}

/// The event, which `acting` caused and which is about `about`.
fn of_both(mut event: Event, acting: &Acting, about: About) -> Event {
    event.actor = Some(Party::new(
        acting.kind,
        acting.user.as_ref().map(|user| user.id.to_string()),
        Some(acting.name.clone()),
    ));
    event.target = about.target;
    if let Some((id, name, entity_id)) = about.app {
        event.app_id = Some(id);
        event.app_name = Some(name);
        event.entity_id = Some(entity_id);
    }
    event
}
