//! The event log: the list, one event, and both exports.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as Task, Poll};

use actix_web::http::header;
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::time::Timestamp;

use super::apps::encode;
use super::{admin_frame, ask};
use crate::audit::{Party, Vocabulary, Word};
use crate::context::Context;
use crate::flow::admin::events::{self as flow, Filter, Logged};
use crate::flow::admin::{AdminContext, AdminError};
use crate::text::{Checks, Locale};
use crate::web::extract::{self, Fields};
use crate::web::pages::admin::{EventListPage, EventPage, EventRow};
use crate::web::respond::page;

const DAY_SECONDS: i64 = 86_400;

fn word<T: Vocabulary>(word: &str) -> Word<T> {
    Word::read(word.to_owned())
}

fn filter(fields: &Fields) -> Filter {
    let day = |name: &str| Timestamp::parse(&format!("{}T00:00:00Z", fields.get(name)));
    let result = fields.get("result");
    Filter {
        before: fields.find("before").and_then(|seq| seq.parse().ok()),
        // A word that this version does not know is one that a later version may have written.
        kind: fields
            .find("kind")
            .filter(|word| !word.is_empty())
            .map(word),
        result: Some(result)
            .filter(|word| !["", "failures"].contains(word))
            .map(word),
        failures_only: result == "failures",
        from: day("from"),
        until: day("until").map(|day| day.plus_seconds(DAY_SECONDS)),
        text: fields.get("q").trim().to_owned(),
        ..Filter::default()
    }
}

/// The query that asks for the same events.
fn same(fields: &Fields) -> String {
    ["q", "kind", "result", "from", "until"]
        .iter()
        .filter(|name| !fields.get(name).is_empty())
        .map(|name| format!("{name}={}&", encode(fields.get(name))))
        .collect()
}

/// `GET /admin/events`.
pub(crate) async fn list(request: HttpRequest) -> HttpResponse {
    let cx = extract::context(&request);
    let fields = Fields::of_query(&request);
    let wanted = filter(&fields);
    let paged = wanted.before.is_some();
    ask(
        &request,
        cx,
        move |cx| flow::list(cx, &wanted, flow::PAGE),
        move |cx, found| {
            let query = same(&fields);
            let older_url = found
                .events
                .last()
                .filter(|_| found.more)
                .map(|last| format!("/admin/events?{query}before={}", last.seq));
            page(
                cx,
                &EventListPage {
                    frame: admin_frame(cx, &found.viewer),
                    query: fields.get("q").to_owned(),
                    kind: fields.get("kind").to_owned(),
                    result: fields.get("result").to_owned(),
                    from: fields.get("from").to_owned(),
                    until: fields.get("until").to_owned(),
                    rows: found.events.iter().map(row).collect(),
                    older_url,
                    newest_url: paged
                        .then(|| format!("/admin/events?{}", query.trim_end_matches('&'))),
                },
            )
        },
    )
    .await
}

fn row(logged: &Logged) -> EventRow {
    EventRow::new(logged.code.as_str(), &logged.event)
}

/// `GET /admin/events/{code}`.
pub(crate) async fn show(request: HttpRequest, code: Path<String>) -> HttpResponse {
    let cx = extract::context(&request);
    ask(
        &request,
        cx,
        move |cx| flow::show(cx, &code),
        |cx, found| {
            let event = &found.logged.event;
            let code = found.logged.code.as_str();
            let mut shown = EventPage::new(admin_frame(cx, &found.viewer), code, event);
            shown.app_url = event
                .app_id
                .as_ref()
                .filter(|_| found.has_app)
                .map(|id| format!("/admin/apps/{id}"));
            let user_url = |party: &Option<Party>, is_there: bool| {
                let id = party.as_ref().and_then(Party::user_id);
                id.filter(|_| is_there)
                    .map(|id| format!("/admin/users/{id}"))
            };
            shown.actor_url = user_url(&event.actor, found.has_actor);
            shown.target_url = user_url(&event.target, found.has_target);
            shown.nearest = found.nearest;
            page(cx, &shown)
        },
    )
    .await
}

/// `GET /admin/events.jsonl`: one event a line.
pub(crate) async fn json_lines(request: HttpRequest) -> HttpResponse {
    export(
        request,
        "application/jsonl",
        "avouch-events.jsonl",
        "",
        |events| {
            let t = &Locale::English.catalogue().checks;
            let mut out = String::new();
            for logged in events {
                out.push_str(&json(t, logged).to_string());
                out.push('\n');
            }
            out
        },
    )
    .await
}

/// The line of names.
const CSV_HEAD: &str = "code,at,kind,result,actor_kind,actor,target_kind,target,app,entity_id,address,user_agent,initiated_by,protocol,binding,reason,request_id\r\n";

/// `GET /admin/events.csv`.
pub(crate) async fn csv(request: HttpRequest) -> HttpResponse {
    export(
        request,
        "text/csv; charset=utf-8",
        "avouch-events.csv",
        CSV_HEAD,
        |events| {
            let mut out = String::new();
            let t = &Locale::English.catalogue().checks;
            for Logged { code, event, .. } in events {
                let (at, reason) = (event.at.to_string(), t.value(&event.reason));
                let party = |party: &Option<Party>| match party {
                    Some(party) => [
                        party.kind.as_str().to_owned(),
                        party.name.clone().unwrap_or_default(),
                    ],
                    None => [String::new(), String::new()],
                };
                let (actor, target) = (party(&event.actor), party(&event.target));
                let cells = [
                    code.as_str(),
                    &at,
                    event.kind.as_str(),
                    event.result.as_str(),
                    &actor[0],
                    &actor[1],
                    &target[0],
                    &target[1],
                    event.app_name.as_deref().unwrap_or(""),
                    event.entity_id.as_deref().unwrap_or(""),
                    &event.address,
                    &event.user_agent,
                    &event.initiated_by,
                    &event.protocol,
                    &event.binding,
                    &reason,
                    &event.request_id,
                ];
                let line: Vec<String> = cells.iter().map(|text| cell(text)).collect();
                out.push_str(&line.join(","));
                out.push_str("\r\n");
            }
            out
        },
    )
    .await
}

/// A quoted cell. What a spreadsheet would take for a formula is made text: user agents and
/// usernames are whatever a stranger sent.
fn cell(text: &str) -> String {
    // Some take what looks like it, and what stands behind white space, for the same.
    let first = text.trim_start().chars().next();
    let guard = if first.is_some_and(|c| "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".contains(c))
        || text.starts_with(['\t', '\r'])
    {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// A party as exports write it.
fn party_json(party: Option<&Party>) -> serde_json::Value {
    party.map_or(serde_json::Value::Null, |party| {
        serde_json::json!({ "kind": party.kind.as_str(), "id": party.id, "name": party.name })
    })
}

fn json(t: &Checks, logged: &Logged) -> serde_json::Value {
    let event = &logged.event;
    serde_json::json!({
        "code": logged.code,
        "at": event.at.to_string(),
        "kind": event.kind.as_str(),
        "result": event.result.as_str(),
        "actor": party_json(event.actor.as_ref()),
        "target": party_json(event.target.as_ref()),
        "app_id": event.app_id,
        "app": event.app_name,
        "entity_id": event.entity_id,
        "address": event.address,
        "user_agent": event.user_agent,
        "initiated_by": event.initiated_by,
        "protocol": event.protocol,
        "binding": event.binding,
        "reason": t.value(&event.reason),
        "reason_value": event.reason,
        "checks": t.json(&event.checks),
        "request_id": event.request_id,
    })
}

/// Sends every event that is asked for, a batch at a time, however many there are: no more than one batch
/// is in memory. Should a batch fail, the answer breaks off, which its reader sees by the missing end.
async fn export(
    request: HttpRequest,
    content_type: &'static str,
    file: &'static str,
    head: &'static str,
    write: fn(&[Logged]) -> String,
) -> HttpResponse {
    let cx = extract::context(&request);
    let wanted = filter(&Fields::of_query(&request));
    let first = wanted.clone();
    let inside = cx.clone();
    ask(
        &request,
        cx,
        move |cx| {
            let first = batch(cx, first)?;
            flow::exported(cx, file)?;
            Ok(first)
        },
        move |_, (events, next)| {
            let sent = head.to_owned() + &write(&events);
            HttpResponse::Ok()
                .insert_header((header::CONTENT_TYPE, content_type))
                .insert_header((
                    header::CONTENT_DISPOSITION,
                    format!("attachment; filename=\"{file}\""),
                ))
                .streaming(Export {
                    cx: inside,
                    write,
                    ready: Some(Bytes::from(sent)),
                    next,
                    reading: None,
                })
        },
    )
    .await
}

/// How many events an export reads at a time.
const BATCH: i64 = 500;

/// A batch of events, and what to ask for the one after it.
type Batch = (Vec<Logged>, Option<Filter>);

/// A batch that is being read.
type Reading = dyn Future<Output = Result<Batch, AdminError>>;

fn batch(cx: &AdminContext<'_>, mut wanted: Filter) -> Result<Batch, AdminError> {
    let found = flow::list(cx, &wanted, BATCH)?;
    wanted.before = found.events.last().map(|logged| logged.seq);
    Ok((found.events, found.more.then_some(wanted)))
}

/// An export on its way: the next batch is read once the one before it was sent.
struct Export {
    cx: Context,
    write: fn(&[Logged]) -> String,
    ready: Option<Bytes>,
    next: Option<Filter>,
    reading: Option<Pin<Box<Reading>>>,
}

impl futures_core::Stream for Export {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(ready) = self.ready.take() {
                return Poll::Ready(Some(Ok(ready)));
            }
            if let Some(reading) = &mut self.reading {
                let Poll::Ready(read) = reading.as_mut().poll(task) else {
                    return Poll::Pending;
                };
                self.reading = None;
                match read {
                    Ok((events, next)) => {
                        self.ready = Some(Bytes::from((self.write)(&events)));
                        self.next = next;
                    }
                    Err(error) => {
                        tracing::warn!(
                            request.id = self.cx.request_id,
                            ?error,
                            "an export breaks off"
                        );
                        let broken = std::io::Error::other("the export breaks off");
                        return Poll::Ready(Some(Err(broken)));
                    }
                }
                continue;
            }
            let Some(wanted) = self.next.take() else {
                return Poll::Ready(None);
            };
            let cx = self.cx.clone();
            let read = async move { super::flow(&cx, move |cx| batch(cx, wanted)).await };
            self.reading = Some(Box::pin(read));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_ends_where_it_should() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell(" =1+1"), "\"' =1+1\"");
        assert_eq!(cell("\u{FF1D}1+1"), "\"'\u{FF1D}1+1\"");
        assert_eq!(cell("a,b"), "\"a,b\"");
    }
}
