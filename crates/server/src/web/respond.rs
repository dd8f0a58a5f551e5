//! Answers: pages, redirects, and the headers that go with each.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use crate::context::Context;
use crate::flow::saml_sso::{Answer, Posted, Restart};
use crate::refusal::{AppName, OperatorError, Stop};
use crate::store::FlowEnd;
use crate::text::Locale;
use crate::users::User;
use crate::web::pages::{
    AppLabel, Frame, Page, PostOutcome, PostPage, StartAgainPage, Viewer, policy,
};
use crate::web::{extract, refuse};

/// What a page is served with.
pub(crate) struct Served<'p> {
    /// The page.
    pub(crate) page: &'p dyn Page,
    /// Its Content-Security-Policy.
    pub(crate) policy: String,
    /// Its status.
    pub(crate) status: StatusCode,
}

/// Answers with a page whose forms stay here.
pub(crate) fn page(cx: &Context, page: &dyn Page) -> HttpResponse {
    serve(
        cx,
        Served {
            page,
            policy: policy::ordinary(),
            status: StatusCode::OK,
        },
    )
}

/// Answers with a page whose form leads on to another site in the end.
pub(crate) fn leading_page(cx: &Context, page: &dyn Page) -> HttpResponse {
    serve(
        cx,
        Served {
            page,
            policy: policy::leading_on(leads_to_plain_http(cx).then_some("http://")),
            status: StatusCode::OK,
        },
    )
}

/// Where we are plain http, in a lab, so are the service providers.
fn leads_to_plain_http(cx: &Context) -> bool {
    !cx.services.settings.server.base_url.is_https()
}

/// Answers with a page.
pub(crate) fn serve(cx: &Context, served: Served<'_>) -> HttpResponse {
    let mut response = HttpResponse::build(served.status);
    response
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, served.policy));
    greet(cx, &mut response);
    response.body(served.page.html())
}

/// Sends the browser to another page of ours with a GET.
pub(crate) fn see_other(cx: &Context, location: &str) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location));
    greet(cx, &mut response);
    response.finish()
}

/// Gives a browser its secret when it has none, on every page and redirect: the next form and
/// the sign-on in progress depend on it. Not in answer to another site's form, whose cookies stay
/// behind: a new secret would orphan the sign-ons in the browser's other tabs.
fn greet(cx: &Context, response: &mut HttpResponseBuilder) {
    if !cx.browser.known && !cx.cookies_withheld {
        let cookie = extract::cookies(&cx.services).set_browser(cx.browser.secret());
        response.append_header((header::SET_COOKIE, cookie));
    }
}

/// Runs a flow on the blocking pool and answers with what `show` makes of it, or with a refusal's
/// page.
pub(crate) async fn run<T: Send + 'static>(
    request: &HttpRequest,
    cx: Context,
    flow: impl FnOnce(&Context) -> Result<T, Stop> + Send + 'static,
    show: impl FnOnce(&Context, T) -> HttpResponse,
) -> HttpResponse {
    let inside = cx.clone();
    let outcome = web::block(move || flow(&inside)).await;
    match outcome {
        Ok(Ok(value)) => show(&cx, value),
        Ok(Err(stop)) => refuse::stopped(request, &cx, stop).await,
        // The pool is shut down, or the flow panicked: a bug, and the panic is in the log.
        Err(_) => {
            refuse::stopped(
                request,
                &cx,
                Stop::Ours(OperatorError::new("the flow did not end")),
            )
            .await
        }
    }
}

/// As [`run`], for a sign-on, which does nothing slower than one signature: where the database allows
/// it, `flow` is run where it is, and shares its commit with others ([`Db::serve`]). It may run twice;
/// see there.
///
/// [`Db::serve`]: crate::store::Db::serve
pub(crate) async fn run_brief<T: Send + 'static>(
    request: &HttpRequest,
    cx: Context,
    flow: impl Fn(&Context) -> Result<T, Stop> + Send + 'static,
    show: impl FnOnce(&Context, T) -> HttpResponse,
) -> HttpResponse {
    // A panic must cost its own request only, as it does on the pool.
    let caught = || catch_unwind(AssertUnwindSafe(|| flow(&cx)));
    let outcome = match cx.services.db.serve(caught).await {
        FlowEnd::Ended(Ok(outcome)) => outcome,
        FlowEnd::Ended(Err(_)) => Err(Stop::Ours(OperatorError::new("the flow did not end"))),
        FlowEnd::Failed(error) => Err(Stop::Ours(error.into())),
        FlowEnd::Again => return run(request, cx, flow, show).await,
    };
    match outcome {
        Ok(value) => show(&cx, value),
        Err(stop) => refuse::stopped(request, &cx, stop).await,
    }
}

/// Shows what a sign-on came to.
pub(crate) fn answer(cx: &Context, answer: Answer) -> HttpResponse {
    match answer {
        Answer::Post(posted) => post(cx, *posted),
        Answer::See(path) => see_other(cx, &path),
        Answer::Leave(url) => see_other(cx, &url),
        Answer::StartAgain(restart) => start_again(cx, *restart),
    }
}

fn post(cx: &Context, posted: Posted) -> HttpResponse {
    let form = &posted.form;
    let page = PostPage {
        frame: frame(cx, None),
        app_name: posted.app.name,
        acs: form.action().to_owned(),
        saml_response: form.message().to_owned(),
        relay_state: form.relay_state().map(|state| state.as_str().to_owned()),
        outcome: match posted.refused {
            None => PostOutcome::SignedIn,
            // A passive request allows no page; the form goes on by itself.
            Some(_) if posted.is_passive => PostOutcome::Status,
            Some((result, code)) => PostOutcome::refused(result, code, refuse::support(cx)),
        },
    };
    let policy = policy::leading_on(Some(form.action()));
    serve(
        cx,
        Served {
            page: &page,
            policy,
            status: StatusCode::OK,
        },
    )
}

/// The page of a sign-on that cannot go on. Not an error of the browser's: 200 would invite
/// programs to take it for success, so 410.
pub(crate) fn start_again(cx: &Context, restart: Restart) -> HttpResponse {
    let page = StartAgainPage {
        frame: frame(cx, None),
        app: restart.app.map(label),
        restart_url: restart.url,
    };
    serve(
        cx,
        Served {
            page: &page,
            policy: policy::leading_on(leads_to_plain_http(cx).then_some("http://")),
            status: StatusCode::GONE,
        },
    )
}

/// What every page of this request has around its content.
pub(crate) fn frame(cx: &Context, viewer: Option<&User>) -> Frame {
    let settings = &cx.services.settings;
    let server = &settings.server;
    Frame {
        csrf: cx.browser.csrf(),
        viewer: viewer.map(|user| Viewer {
            name: if user.display_name.is_empty() {
                user.username.clone()
            } else {
                user.display_name.clone()
            },
            is_admin: !user.rights.is_empty(),
        }),
        organisation: settings.idp.organisation_display_name.clone(),
        insecure_http: !server.base_url.is_https() && !server.is_loopback(),
        developer: cx.services.developer,
        ..Frame::new(Locale::English)
    }
}

/// An app as a page shows it.
pub(crate) fn label(app: AppName) -> AppLabel {
    AppLabel::new(app.name, app.logo.as_deref())
}
