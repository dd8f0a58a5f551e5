//! `/login`, `/logout`, and the way on from a page of ours.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use crate::context::Context;
use crate::directory::password::Password;
use crate::flow::outcome::{Answer, Errand, Stop};
use crate::flow::sign_on::current_user::CurrentUser;
use crate::flow::sign_on::dispatch;
use crate::flow::sign_on::login::{self, Form, Outcome, Show, Typed};
use crate::flow::sign_on::logout;
use crate::sessions::PendingId;
use crate::web::extract::{Body, Fields, context, cookies};
use crate::web::pages::{Destination, LoginPage, LoginProblem, SignOutPage, SignedOutPage};
use crate::web::respond::{frame, label, leading_page, page, see_other};
use crate::web::{answer, run};

fn errand(fields: &Fields) -> Errand {
    dispatch::errand(fields.get("p"))
}

/// `GET /continue?p=ID`: goes on with a sign-on that waited.
pub(crate) async fn go_on(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let id = PendingId::new(Fields::of_query(&request).get("p"));
    run::run_brief(
        &request,
        cx,
        move |cx| dispatch::resume(cx, &id),
        answer::answer,
    )
    .await
}

/// `GET /login?p=ID`: asks for username and password.
pub(crate) async fn form(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let errand = errand(&Fields::of_query(&request));
    run::run(
        &request,
        cx,
        move |cx| login::show(cx, &errand),
        |cx, show| shown(cx, show, None, None),
    )
    .await
}

fn shown(
    cx: &Context,
    show: Show,
    problem: Option<LoginProblem>,
    typed: Option<String>,
) -> HttpResponse {
    match show {
        Show::Go(answer) => answer::answer(cx, answer),
        Show::Ask(form) => {
            let asked = login_page(cx, *form, &problem, typed);
            let mut response = leading_page(cx, &asked);
            // The right answer to a login that failed; without a challenge of HTTP's own, 200
            // would let a program take the form for success and 401 would need one.
            if let Some(LoginProblem::Throttled { seconds }) = problem {
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
                    response.headers_mut().insert(header::RETRY_AFTER, value);
                }
            }
            if matches!(problem, Some(LoginProblem::Busy)) {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                let soon = HeaderValue::from_static("5");
                response.headers_mut().insert(header::RETRY_AFTER, soon);
            }
            response
        }
    }
}

fn login_page(
    cx: &Context,
    form: Form,
    problem: &Option<LoginProblem>,
    typed: Option<String>,
) -> LoginPage {
    LoginPage {
        frame: frame(cx, None),
        destination: match (form.app, &form.errand) {
            (Some(app), _) => Destination::App(label(app)),
            (None, Errand::Admin(_)) => Destination::Admin,
            (None, _) => Destination::Launcher,
        },
        pending: dispatch::token(&form.errand).to_owned(),
        username: typed.unwrap_or(form.username),
        forced: form.forced,
        problem: problem.clone(),
        restart_url: form.restart_url,
        samples: cx.services.sample_logins.clone(),
    }
}

/// What posting the login form came to.
enum Posted {
    Outcome(Outcome, Option<Box<Show>>),
    Cancelled(Answer),
    Refused(LoginProblem, Box<Show>),
}

/// `POST /login`: logs in.
pub(crate) async fn submit(request: HttpRequest, body: Body) -> HttpResponse {
    let cx = context(&request);
    let fields = Fields::parse(&body);
    let username = fields.get("username").trim().to_owned();
    let known_browser = cookies(&cx.services).known(&request);
    let typed = username.clone();
    run::run(
        &request,
        cx,
        move |cx| post(cx, &fields, username, known_browser),
        move |cx, posted| answer(cx, posted, typed),
    )
    .await
}

fn post(
    cx: &Context,
    fields: &Fields,
    username: String,
    known_browser: Option<String>,
) -> Result<Posted, Stop> {
    let errand = errand(fields);
    let again = |problem| {
        Ok(Posted::Refused(
            problem,
            Box::new(login::show(cx, &errand)?),
        ))
    };
    if !cx.browser.csrf_matches(fields.get("csrf")) {
        return again(LoginProblem::StaleForm);
    }
    if let (Errand::SignOn(id), Some(_)) = (&errand, fields.find("cancel")) {
        return Ok(Posted::Cancelled(dispatch::cancel(cx, id)?));
    }
    if username.is_empty() || fields.get("password").is_empty() {
        return again(LoginProblem::Empty);
    }
    let typed = Typed {
        username,
        password: Password::new(fields.get("password")),
        errand: errand.clone(),
        known_browser,
    };
    let outcome = login::enter(cx, &typed)?;
    let show = match outcome {
        Outcome::In(_) | Outcome::Gone(_) => None,
        _ => Some(Box::new(login::show(cx, &errand)?)),
    };
    Ok(Posted::Outcome(outcome, show))
}

fn answer(cx: &Context, posted: Posted, typed: String) -> HttpResponse {
    let (problem, show) = match posted {
        Posted::Cancelled(answer) => return answer::answer(cx, answer),
        Posted::Refused(problem, show) => (problem, Some(show)),
        Posted::Outcome(outcome, show) => match outcome {
            Outcome::In(entered) => {
                let mut response = see_other(cx, &dispatch::address(&entered.next));
                let cookies = cookies(&cx.services);
                let days = cx.services.settings.login.known_browser_seconds;
                for cookie in [
                    cookies.set_session(&entered.secret),
                    cookies.set_known(&entered.known_browser, days),
                ] {
                    let value = HeaderValue::from_str(&cookie)
                        .expect("names, hex, base32 and attributes are visible ASCII");
                    response.headers_mut().append(header::SET_COOKIE, value);
                }
                return response;
            }
            Outcome::Gone(restart) => return answer::start_again(cx, *restart),
            Outcome::Wrong => (LoginProblem::Credentials, show),
            Outcome::Wait { seconds } => (
                LoginProblem::Throttled {
                    seconds: u64::try_from(seconds).unwrap_or(1),
                },
                show,
            ),
            Outcome::Busy => (LoginProblem::Busy, show),
        },
    };
    let show = show.expect("every outcome that shows the form again comes with it");
    shown(cx, *show, Some(problem), Some(typed))
}

/// `GET /logout`: asks first, since a link from anywhere may lead here.
pub(crate) async fn logout_form(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    run::run(
        &request,
        cx,
        |cx| Ok(CurrentUser::read(cx)?.session),
        |cx, session| match session {
            Some(found) => page(
                cx,
                &SignOutPage {
                    frame: frame(cx, Some(&found.user)),
                },
            ),
            None => page(
                cx,
                &SignedOutPage {
                    frame: frame(cx, None),
                },
            ),
        },
    )
    .await
}

/// `POST /logout`: ends the session here.
pub(crate) async fn logout(request: HttpRequest, body: Body) -> HttpResponse {
    let cx = context(&request);
    let fields = Fields::parse(&body);
    if !cx.browser.csrf_matches(fields.get("csrf")) {
        return crate::web::refuse::of_kind(&cx, crate::web::pages::ErrorKind::StaleForm);
    }
    run::run(&request, cx, logout::end, |cx, ()| {
        let mut response = page(
            cx,
            &SignedOutPage {
                frame: frame(cx, None),
            },
        );
        let cookie = cookies(&cx.services).clear_session();
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
        response
    })
    .await
}
