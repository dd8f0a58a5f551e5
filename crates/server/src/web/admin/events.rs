//! The event log: the list, one event, and both exports.

use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::time::Timestamp;

use super::apps::encode;
use super::{admin_frame, ask};
use crate::audit::{EventKind, ResultCode};
use crate::flow::admin::events::{self as flow, Filter, Logged};
use crate::flow::admin::{AdminContext, AdminError};
use crate::text::{Checks, Locale};
use crate::web::extract::{self, Fields};
use crate::web::pages::admin::{EventListPage, EventPage, EventRow};
use crate::web::respond::page;

const DAY_SECONDS: i64 = 86_400;

fn filter(fields: &Fields) -> Filter {
    let day = |name: &str| Timestamp::parse(&format!("{}T00:00:00Z", fields.get(name)));
    let result = fields.get("result");
    Filter {
        before: fields.find("before").and_then(|seq| seq.parse().ok()),
        kind: EventKind::parse(fields.get("kind")),
        result: ResultCode::parse(result),
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

/// A line of the list; without a user it names who acted.
fn row(logged: &Logged) -> EventRow {
    let mut row = EventRow::new(logged.code.as_str(), &logged.event);
    if row.user.is_empty() {
        row.user = logged.acting.clone().unwrap_or_default();
    }
    row
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
            shown.acting = found.logged.acting.clone().unwrap_or_default();
            shown.app_url = event
                .app_id
                .as_ref()
                .filter(|_| found.has_app)
                .map(|id| format!("/admin/apps/{id}"));
            shown.user_url = event
                .user_id
                .as_ref()
                .filter(|_| found.has_user)
                .map(|id| format!("/admin/users/{id}"));
            page(cx, &shown)
        },
    )
    .await
}

/// How many events an export reads at a time, and how many it has at most: beyond that a
/// narrower filter is the better question.
const BATCH: i64 = 1000;
const MOST: usize = 100_000;

fn everything(cx: &AdminContext<'_>, mut wanted: Filter) -> Result<Vec<Logged>, AdminError> {
    let mut all = Vec::new();
    loop {
        let found = flow::list(cx, &wanted, BATCH)?;
        wanted.before = found.events.last().map(|l| l.seq);
        all.extend(found.events);
        if !found.more || all.len() >= MOST {
            return Ok(all);
        }
    }
}

/// `GET /admin/events.jsonl`: one event a line.
pub(crate) async fn json_lines(request: HttpRequest) -> HttpResponse {
    export(
        request,
        "application/jsonl",
        "avouch-events.jsonl",
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

/// `GET /admin/events.csv`.
pub(crate) async fn csv(request: HttpRequest) -> HttpResponse {
    export(request, "text/csv; charset=utf-8", "avouch-events.csv", |events| {
        let mut out = String::from(
            "code,at,kind,result,username,acting,app,entity_id,address,user_agent,initiated_by,protocol,binding,reason,request_id\r\n",
        );
        for Logged {
            code, event, acting, ..
        } in events
        {
            let at = event.at.to_string();
            let cells = [
                code.as_str(),
                &at,
                event.kind.as_str(),
                event.result.as_str(),
                event.username.as_deref().unwrap_or(""),
                acting.as_deref().unwrap_or(""),
                event.app_name.as_deref().unwrap_or(""),
                event.entity_id.as_deref().unwrap_or(""),
                &event.address,
                &event.user_agent,
                &event.initiated_by,
                &event.protocol,
                &event.binding,
                &event.reason,
                &event.request_id,
            ];
            let line: Vec<String> = cells.iter().map(|text| cell(text)).collect();
            out.push_str(&line.join(","));
            out.push_str("\r\n");
        }
        out
    })
    .await
}

/// A quoted cell. What a spreadsheet would take for a formula is made text: user agents and
/// usernames are whatever a stranger sent.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn json(t: &Checks, logged: &Logged) -> serde_json::Value {
    let event = &logged.event;
    serde_json::json!({
        "code": logged.code,
        "at": event.at.to_string(),
        "kind": event.kind.as_str(),
        "result": event.result.as_str(),
        "user_id": event.user_id,
        "username": event.username,
        "acting": logged.acting,
        "app_id": event.app_id,
        "app": event.app_name,
        "entity_id": event.entity_id,
        "address": event.address,
        "user_agent": event.user_agent,
        "initiated_by": event.initiated_by,
        "protocol": event.protocol,
        "binding": event.binding,
        "reason": event.reason,
        "checks": t.json(&event.checks),
        "request_id": event.request_id,
    })
}

async fn export(
    request: HttpRequest,
    content_type: &'static str,
    file: &'static str,
    write: fn(&[Logged]) -> String,
) -> HttpResponse {
    let cx = extract::context(&request);
    let wanted = filter(&Fields::of_query(&request));
    ask(
        &request,
        cx,
        move |cx| everything(cx, wanted).map(|events| write(&events)),
        |_, body| {
            HttpResponse::Ok()
                .insert_header((header::CONTENT_TYPE, content_type))
                .insert_header((
                    header::CONTENT_DISPOSITION,
                    format!("attachment; filename=\"{file}\""),
                ))
                .body(body)
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_ends_where_it_should() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("a,b"), "\"a,b\"");
    }
}
