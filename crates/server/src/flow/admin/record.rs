//! The event of a change: who acted, about whom or what, and each setting before and after; and that
//! of an attempt that was denied.

use super::actor::{Acting, AdminContext};
use super::denied::Denied;
use super::error::AdminError;
use crate::audit::check::{Origin, Phrase, Rule, Value, shown};
use crate::audit::{Check, Event, EventActor, EventKind, ResultCode};
use crate::store::{self, Connection, StoreError};

/// What a change was, for its event.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// One sentence.
    pub reason: String,
    /// What it concerns.
    pub about: About,
    /// Each setting that changed: its name, before and after.
    pub settings: Vec<Line>,
    /// A key was concerned.
    pub of_keys: bool,
}

/// A setting that changed: its name, the value before and the value after.
pub type Line = (String, String, String);

/// Whom or what something concerns; the actor alone when neither.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The app: row, name, entity ID.
    pub app: Option<(String, String, String)>,
    /// The user: row and username.
    pub user: Option<(String, String)>,
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
    let (event, acting) = of_both(event, acting, change.about);
    store::events::insert_acting(c, &event, acting.as_ref())
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
    let words = denied.lacking_words().into_iter().map(Value::text);
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
            "The user lacks the right to administer this.".to_owned(),
        ),
        Some((_, username)) => (
            Rule::RightsOfUser,
            Value::joined(words, Phrase::And),
            format!(
                "{} may not change {username}, who has rights that they have not.",
                acting.name
            ),
        ),
    };
    let mut event = event(cx, EventKind::Admin, ResultCode::AdminRightMissing, reason);
    let check = Check::new(rule, false, wanted, held, Origin::UserRights);
    event.checks.push(check);
    let about = About {
        user: denied.over.clone(),
        app: None,
    };
    let (event, acting) = of_both(event, acting, about);
    let referred = cx
        .db
        .write(|c| store::events::insert_referred_acting(c, &event, acting.as_ref()))?;
    Ok(Denied {
        code: referred.code,
        ..denied
    })
}

/// An event that concerns nobody yet.
fn event(cx: &AdminContext<'_>, kind: EventKind, result: ResultCode, reason: String) -> Event {
    Event {
        at: cx.now,
        kind: kind.into(),
        result: result.into(),
        user_id: None,
        username: None,
        app_id: None,
        app_name: None,
        entity_id: None,
        address: cx.origin.address.clone(),
        user_agent: cx.origin.user_agent.clone(),
        initiated_by: "",
        protocol: "",
        binding: String::new(),
        reason: shown(reason.into()).into_owned(),
        checks: Vec::new(),
        request_id: cx.origin.request_id.clone(),
    }
}

/// The event, which `acting` caused and which is about `about`, and who acted where that is not its
/// user.
fn of_both(mut event: Event, acting: &Acting, about: About) -> (Event, Option<EventActor<'_>>) {
    let own = acting
        .user
        .as_ref()
        .map(|user| (user.id.to_string(), user.username.clone()));
    // The user of an event is the one it is about, and else the one who acted.
    let by_another = about.user.is_some() || own.is_none();
    (event.user_id, event.username) = about.user.or(own).unzip();
    if let Some((id, name, entity_id)) = about.app {
        event.app_id = Some(id);
        event.app_name = Some(name);
        event.entity_id = Some(entity_id);
    }
    let actor = EventActor {
        kind: acting.kind,
        id: acting.user.as_ref().map(|user| user.id.as_str()),
        name: &acting.name,
    };
    (event, by_another.then_some(actor))
}
