//! `GET /admin/apps/{id}/simulate`: what an app would be told of a user.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::{admin_frame, answer, blocking, problems, with_status};
use crate::flow::admin::simulate::{self as flow, Outcome};
use crate::text::Checks;
use crate::web::extract::{self, Fields};
use crate::web::pages::AppLabel;
use crate::web::pages::admin::{AppSimulatePage, Simulation, ToldAttribute};
use crate::web::respond::page;

/// Shows it.
pub(crate) async fn show(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let cx = extract::context(&request);
    let id = id.into_inner();
    let username = Fields::of_query(&request).get("user").trim().to_owned();
    let (app_url, typed) = (format!("/admin/apps/{id}"), username.clone());
    let again_url = app_url.clone();
    let outcome = blocking(&cx, move |cx| flow::simulate(cx, &id, &username)).await;
    answer(
        &request,
        &cx,
        outcome,
        move |cx, found| {
            let frame = admin_frame(cx, &found.viewer);
            let t = &frame.t.checks;
            page(
                cx,
                &AppSimulatePage {
                    frame,
                    app: AppLabel::new(found.app.name, found.app.definition.logo_url.as_deref()),
                    app_url,
                    username: typed,
                    problems: Vec::new(),
                    outcome: found.outcome.map(|outcome| shown(t, outcome)),
                },
            )
        },
        move |cx, frame, wrong| {
            let page = AppSimulatePage {
                frame,
                app: AppLabel::named(again_url.rsplit('/').next().unwrap_or_default()),
                app_url: again_url,
                username: String::new(),
                problems: problems(wrong),
                outcome: None,
            };
            with_status(cx, &page, StatusCode::UNPROCESSABLE_ENTITY)
        },
    )
    .await
}

fn shown(t: &Checks, outcome: Outcome) -> Simulation {
    Simulation {
        refused: outcome.refused,
        consent: outcome.consent,
        checks: t.lines(&outcome.checks),
        name_id: outcome
            .name_id
            .map(|name| (name.value().to_owned(), name.format().uri().to_owned())),
        attributes: outcome
            .attributes
            .into_iter()
            .map(|attribute| ToldAttribute {
                name: attribute.name,
                friendly: attribute.friendly_name.unwrap_or_default(),
                values: attribute.values,
            })
            .collect(),
        notes: outcome.notes.iter().map(|note| t.value(note)).collect(),
        assertion: outcome.assertion,
    }
}
