//! `avouch explain CODE`: everything known about a reference code.

use serde_json::{Value, json};

use super::CommandError;
use super::open::Place;
use super::output::Output;
use crate::audit::Party;
use crate::flow::admin::events::{self, Logged};
use crate::text::Locale;

/// An event for programs.
pub(super) fn event_json(logged: &Logged) -> Value {
    let event = &logged.event;
    let t = &Locale::English.catalogue().checks;
    let party = |party: Option<&Party>| {
        party.map(|p| json!({ "kind": p.kind.as_str(), "id": p.id, "name": p.name }))
    };
    json!({
        "code": logged.code, "at": event.at.to_string(), "kind": event.kind.as_str(),
        "result": event.result.as_str(), "reason": t.value(&event.reason),
        "actor": party(event.actor.as_ref()), "target": party(event.target.as_ref()),
        "app": event.app_name, "app_id": event.app_id, "entity_id": event.entity_id,
        "address": event.address, "user_agent": event.user_agent,
        "initiated_by": event.initiated_by, "protocol": event.protocol,
        "binding": event.binding, "request_id": event.request_id,
        "checks": t.json(&event.checks),
    })
}

pub(super) fn run(code: &str, place: &Place<'_>, output: &Output) -> Result<(), CommandError> {
    let desk = place.desk()?;
    let events::Shown {
        logged, nearest, ..
    } = events::show(&desk.admin(), code)?;
    let event = &logged.event;
    let t = Locale::English.catalogue();
    let meaning = t.results.meaning_of(&event.result);
    let next_step = t.results.action_of(&event.result);
    let reason = t.checks.value(&event.reason);
    let mut value = event_json(&logged);
    value["meaning"] = meaning.to_string().into();
    value["next_step"] = next_step.to_string().into();
    value["nearest"] = nearest.clone().into();
    output.result(&value, || {
        let none = "-".to_owned();
        let named = |party: Option<&Party>| {
            let Some(party) = party else { return none.clone() };
            let name = party.name.as_ref().or(party.id.as_ref()).unwrap_or(&none);
            format!("{name} ({})", t.events.party(&party.kind))
        };
        let mut text = format!(
            "{} at {}\n\n{meaning} {}\nWhat to do: {next_step}\n\nresult      {}\nkind        {}\nwho acted   {}\non whom     {}\n\
             app         {}\nentity ID   {}\naddress     {}\nrequest id  {}\n",
            logged.code,
            event.at,
            reason,
            event.result.as_str(),
            event.kind.as_str(),
            named(event.actor.as_ref()),
            named(event.target.as_ref()),
            event.app_name.as_ref().unwrap_or(&none),
            event.entity_id.as_ref().unwrap_or(&none),
            event.address,
            event.request_id,
        );
        if !nearest.is_empty() {
            text.push_str(&format!("{}: {}\n", t.events.nearest, nearest.join(", ")));
        }
        if !event.checks.is_empty() {
            text.push_str("\nChecks, in order:\n");
        }
        for check in t.checks.lines(&event.checks) {
            text.push_str(&format!(
                "  [{}] {}\n",
                if check.passed { "ok" } else { "NO" },
                check.name
            ));
            for (label, detail) in [
                ("expected", &check.expected),
                ("received", &check.received),
                ("from", &check.source),
            ] {
                if !detail.is_empty() {
                    text.push_str(&format!("         {label:<9} {detail}\n"));
                }
            }
        }
        text
    });
    Ok(())
}
