//! `avouch events`: the log, newest first, or as it grows.

use std::time::Duration;

use avouch_saml::time::Timestamp;
use clap::Args;
use serde_json::Value;

use super::CommandError;
use super::explain::event_json;
use super::open::Place;
use super::output::{Output, table};
use crate::audit::{Party, Word};
use crate::flow::admin::AdminContext;
use crate::flow::admin::events::{self, Filter, Logged};

#[derive(Args)]
pub(super) struct Events {
    /// Only those whose code, username, app, entity ID, address or reason contains this.
    #[arg(default_value = "")]
    text: String,
    /// Only of this kind: sign_on, login, logout, admin or key.
    #[arg(long)]
    kind: Option<String>,
    /// Only with this result, such as Success or UnknownServiceProvider.
    #[arg(long)]
    result: Option<String>,
    /// Only those that did not succeed.
    #[arg(long)]
    failures: bool,
    /// Only from this instant on: 2030-01-31 or 2030-01-31T12:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    since: Option<String>,
    /// Only before this instant.
    #[arg(long, value_name = "INSTANT")]
    until: Option<String>,
    /// At most so many, the newest.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on and print each new one as it comes, until Ctrl-C.
    #[arg(long, conflicts_with = "until")]
    follow: bool,
}

/// How often a log that is followed is looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// Most new events read at a time.
const BATCH: i64 = 500;

pub(super) fn run(wanted: &Events, place: &Place<'_>, output: &Output) -> Result<(), CommandError> {
    let desk = place.desk()?;
    let mut filter = wanted.filter()?;
    let mut found = events::list(&desk.admin(), &filter, i64::from(wanted.limit))?.events;
    if !wanted.follow {
        let values: Value = found.iter().map(event_json).collect();
        output.result(&values, || {
            if found.is_empty() {
                return "no events match".to_owned();
            }
            table(
                &[
                    "at", "code", "result", "kind", "who", "on whom", "app", "address",
                ],
                &found.iter().map(cells).collect::<Vec<_>>(),
            )
        });
        return Ok(());
    }
    loop {
        found.reverse();
        for logged in &found {
            output.line(&event_json(logged), || cells(logged).join("  "));
        }
        if let Some(last) = found.last() {
            filter.after = Some(last.seq);
        }
        found = next(&desk.admin(), &filter)?;
    }
}

/// Waits for new events, and answers them, newest first.
fn next(cx: &AdminContext<'_>, filter: &Filter) -> Result<Vec<Logged>, CommandError> {
    loop {
        #[allow(
            clippy::disallowed_methods,
            reason = "nothing tells a process of another one's commits"
        )]
        std::thread::sleep(PAUSE);
        let found = events::list(cx, filter, BATCH)?.events;
        if !found.is_empty() {
            return Ok(found);
        }
    }
}

impl Events {
    fn filter(&self) -> Result<Filter, CommandError> {
        Ok(Filter {
            kind: self.kind.clone().map(Word::read),
            result: self.result.clone().map(Word::read),
            failures_only: self.failures,
            from: self.since.as_deref().map(instant).transpose()?,
            until: self.until.as_deref().map(instant).transpose()?,
            text: self.text.trim().to_owned(),
            ..Filter::default()
        })
    }
}

fn instant(text: &str) -> Result<Timestamp, CommandError> {
    let whole = if text.contains('T') {
        text.to_owned()
    } else {
        format!("{text}T00:00:00Z")
    };
    Timestamp::parse(&whole).ok_or_else(|| {
        CommandError::new(format!(
            "expected a day or an instant, such as 2030-01-31 or 2030-01-31T12:00:00Z, received {text:?}"
        ))
    })
}

fn cells(logged: &Logged) -> Vec<String> {
    let event = &logged.event;
    let name = |party: &Option<Party>| {
        let party = party.as_ref();
        let name = party.and_then(|party| party.name.clone().or_else(|| party.id.clone()));
        name.unwrap_or_else(|| "-".to_owned())
    };
    let app = event.app_name.as_ref().or(event.entity_id.as_ref());
    vec![
        event.at.to_string(),
        logged.code.clone(),
        event.result.as_str().to_owned(),
        event.kind.as_str().to_owned(),
        name(&event.actor),
        name(&event.target),
        app.cloned().unwrap_or_else(|| "-".to_owned()),
        event.address.clone(),
    ]
}
