//! The administration pages: HTTP to `flow::admin` and back.

pub(crate) mod apps;
pub(crate) mod body;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod new_app;
pub(crate) mod simulate;
pub(crate) mod users;
pub(crate) mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::apps::readiness::{Finding, METADATA};
use crate::context::Context;
use crate::fault::OperatorError;
use crate::flow::admin::{self, AdminError, Wrong};
use crate::flow::outcome::{Step, Stop};
use crate::flow::sign_on::dispatch;
use crate::text::Locale;
use crate::users::{AdminRight, User};
use crate::web::pages::{ErrorKind, ErrorPage, Frame, Moment, Page, Problem, policy};
use crate::web::respond::{Served, frame, see_other, serve};
use crate::web::{extract, refuse};

/// Runs a flow of an administrator where it may wait.
pub(super) async fn flow<T: Send + 'static>(
    cx: &Context,
    flow: impl FnOnce(&Context) -> Result<T, AdminError> + Send + 'static,
) -> Result<T, AdminError> {
    let inside = cx.clone();
    match web::block(move || flow(&inside)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(AdminError::Ours(OperatorError::new("the flow did not end"))),
    }
}

/// Runs a flow of an administrator and answers with what `show` makes of it. What a form got
/// wrong goes to `wrong`.
pub(super) async fn run<T: Send + 'static>(
    request: &HttpRequest,
    cx: Context,
    flow: impl FnOnce(&Context) -> Result<T, AdminError> + Send + 'static,
    show: impl FnOnce(&Context, T) -> HttpResponse,
    wrong: impl FnOnce(&Context, Frame, Vec<Wrong>) -> HttpResponse,
) -> HttpResponse {
    let outcome = self::flow(&cx, flow).await;
    match outcome {
        Ok(value) => show(&cx, value),
        Err(AdminError::Refused(problems)) => {
            let viewer = viewer(&cx).await;
            wrong(&cx, frame(&cx, viewer.as_ref()), problems)
        }
        Err(AdminError::CannotWork(found)) => {
            let viewer = viewer(&cx).await;
            wrong(&cx, frame(&cx, viewer.as_ref()), cannot_work(&found))
        }
        Err(error) => refused(request, &cx, error).await,
    }
}

/// As [`run`], where nothing is filled in that could be wrong.
pub(super) async fn ask<T: Send + 'static>(
    request: &HttpRequest,
    cx: Context,
    flow: impl FnOnce(&Context) -> Result<T, AdminError> + Send + 'static,
    show: impl FnOnce(&Context, T) -> HttpResponse,
) -> HttpResponse {
    run(request, cx, flow, show, sentences).await
}

/// Who is at the browser, for the header of a page that says no.
async fn viewer(cx: &Context) -> Option<User> {
    let inside = cx.clone();
    let found = web::block(move || admin::signed_in(&inside)).await;
    found.ok().and_then(Result::ok).flatten()
}

/// What cannot be done and belongs to no form: the sentences on a page.
fn sentences(cx: &Context, frame: Frame, problems: Vec<Wrong>) -> HttpResponse {
    let said: Vec<String> = problems.into_iter().map(|p| p.message).collect();
    let mut page = ErrorPage::new(frame, ErrorKind::InvalidRequest, "");
    page.frame.notice = Some(crate::web::pages::Notice {
        tone: crate::web::pages::Tone::Problem,
        text: said.join(" "),
    });
    with_status(cx, &page, StatusCode::CONFLICT)
}

async fn refused(request: &HttpRequest, cx: &Context, error: AdminError) -> HttpResponse {
    match error {
        AdminError::SignIn if request.method().is_safe() => {
            let errand = dispatch::errand(request.path());
            see_other(cx, &dispatch::address(&Step::Prove(errand)))
        }
        // What was typed cannot be kept through a login; nothing was done with it.
        AdminError::SignIn => refuse::of_kind(cx, ErrorKind::StaleForm),
        AdminError::Forbidden { code } => {
            let user = viewer(cx).await;
            let page = ErrorPage {
                at: Some(Moment::from_unix_millis(cx.now.millis())),
                contact: refuse::support(cx),
                ..ErrorPage::new(frame(cx, user.as_ref()), ErrorKind::Forbidden, code)
            };
            with_status(cx, &page, StatusCode::FORBIDDEN)
        }
        AdminError::NotFound => refuse::of_kind(cx, ErrorKind::NotFound),
        AdminError::Refused(problems) => {
            let viewer = viewer(cx).await;
            sentences(cx, frame(cx, viewer.as_ref()), problems)
        }
        AdminError::CannotWork(found) => {
            let viewer = viewer(cx).await;
            sentences(cx, frame(cx, viewer.as_ref()), cannot_work(&found))
        }
        AdminError::Ours(error) => refuse::stopped(request, cx, Stop::Ours(error)).await,
    }
}

/// What an app that is to be stored could not work for, each at its field.
pub(super) fn cannot_work(found: &[Finding]) -> Vec<Wrong> {
    let texts = Locale::default().catalogue().findings;
    let each = found
        .iter()
        .map(|finding| Wrong::new(anchor(finding), texts.sentence(finding)));
    each.chain([Wrong::new("although", texts.ask.to_string())])
        .collect()
}

/// The part of the app's page that a finding concerns.
pub(super) fn anchor(finding: &Finding) -> &'static str {
    match finding.field {
        METADATA => "sp",
        field => field,
    }
}

pub(super) fn with_status(cx: &Context, page: &dyn Page, status: StatusCode) -> HttpResponse {
    serve(
        cx,
        Served {
            page,
            policy: policy::ordinary(),
            status,
        },
    )
}

/// The frame of an administrator's page, which may say something once.
pub(super) fn admin_frame(cx: &Context, viewer: &User) -> Frame {
    frame(cx, Some(viewer))
}

/// Problems as forms show them.
pub(super) fn problems(wrong: Vec<Wrong>) -> Vec<Problem> {
    wrong
        .into_iter()
        .map(|w| Problem::new(w.field, w.message))
        .collect()
}

/// `GET /admin`: the first page this administrator may see.
pub(crate) async fn home(request: HttpRequest) -> HttpResponse {
    const FIRST: &[(AdminRight, &str)] = &[
        (AdminRight::ReadApps, "/admin/apps"),
        (AdminRight::EditApps, "/admin/apps"),
        (AdminRight::InstallApps, "/admin/apps"),
        (AdminRight::ManageRelease, "/admin/apps"),
        (AdminRight::ReadLogs, "/admin/events"),
        (AdminRight::ManageUsers, "/admin/users"),
        (AdminRight::ManageKeys, "/admin/keys"),
    ];
    let cx = extract::context(&request);
    ask(
        &request,
        cx,
        |cx| {
            let rights: Vec<AdminRight> = FIRST.iter().map(|(right, _)| *right).collect();
            admin::view(cx, &rights, |_, user| {
                Ok(FIRST
                    .iter()
                    .find(|(right, _)| user.rights.contains(right))
                    .map_or("/", |(_, url)| url))
            })
        },
        see_other,
    )
    .await
}
