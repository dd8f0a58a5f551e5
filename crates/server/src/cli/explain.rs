//! `avouch explain CODE`: everything known about a reference code.

use serde_json::json;

use super::CommandError;
use super::open::Place;
use super::output::Output;
use crate::flow::admin::events;
use crate::text::Locale;

pub(super) fn run(code: &str, place: &Place<'_>, output: &Output) -> Result<(), CommandError> {
    let desk = place.desk()?;
    let logged = events::show(&desk.admin(), code)?.logged;
    let event = &logged.event;
    let t = Locale::English.catalogue();
    let meaning = t.results.meaning_of(&event.result);
    let next_step = t.results.action_of(&event.result);
    let value = json!({
        "code": logged.code, "at": event.at.to_string(), "kind": event.kind.as_str(),
        "result": event.result.as_str(), "reason": event.reason,
        "meaning": meaning.to_string(), "next_step": next_step.to_string(),
        "user": event.username, "user_id": event.user_id, "acting": logged.acting,
        "app": event.app_name, "app_id": event.app_id, "entity_id": event.entity_id,
        "address": event.address, "user_agent": event.user_agent,
        "initiated_by": event.initiated_by, "protocol": event.protocol,
        "binding": event.binding, "request_id": event.request_id,
        "checks": t.checks.json(&event.checks),
    });
    output.result(&value, || {
        let none = "-".to_owned();
        let mut text = format!(
            "{} at {}\n\n{meaning} {}\nWhat to do: {next_step}\n\nresult      {}\nkind        {}\nuser        {}\ndone by     {}\n\
             app         {}\nentity ID   {}\naddress     {}\nrequest id  {}\n",
            logged.code,
            event.at,
            event.reason,
            event.result.as_str(),
            event.kind.as_str(),
            event.username.as_ref().unwrap_or(&none),
            logged.acting.as_ref().unwrap_or(&none),
            event.app_name.as_ref().unwrap_or(&none),
            event.entity_id.as_ref().unwrap_or(&none),
            event.address,
            event.request_id,
        );
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
