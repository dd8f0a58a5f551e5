//! Shows what a sign-on came to.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::context::Context;
use crate::flow::outcome::{Answer, Posted, Restart};
use crate::flow::sign_on::dispatch;
use crate::web::pages::{PostOutcome, PostPage, StartAgainPage, policy};
use crate::web::refuse;
use crate::web::respond::{Served, frame, label, leads_to_plain_http, see_other, serve};

/// Shows what a sign-on came to.
pub(crate) fn answer(cx: &Context, answer: Answer) -> HttpResponse {
    match answer {
        Answer::Post(posted) => post(cx, *posted),
        Answer::Step(step) => see_other(cx, &dispatch::address(&step)),
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
