//! `/` and `/launch/{app}`: the user's apps, and opening one from here.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::context::Context;
use crate::flow::outcome::Stop;
use crate::flow::sign_on::current_user::CurrentUser;
use crate::flow::sign_on::restart;
use crate::flow::{launch, launcher};
use crate::web::extract::{
    Body, Fields, context, is_cross_site, is_from_nowhere, is_same_site, referring_origin,
};
use crate::web::pages::{ErrorKind, LaunchConfirmPage, LauncherPage, Moment, Tile};
use crate::web::refuse;
use crate::web::respond::{frame, label, leading_page, see_other};
use crate::web::{answer, run};

/// `GET /`: the user's apps.
pub(crate) async fn list(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let fields = Fields::of_query(&request);
    let query = fields.get("q").chars().take(100).collect::<String>();
    let from = fields.get("from").parse().unwrap_or(0_usize);
    let search = query.clone();
    run::run(
        &request,
        cx,
        move |cx| launcher::list(cx, &search, from),
        move |cx, apps| match apps {
            None => see_other(cx, "/login"),
            Some(apps) => leading_page(cx, &launcher_page(cx, &apps, query, from)),
        },
    )
    .await
}

fn launcher_page(cx: &Context, apps: &launcher::Apps, query: String, from: usize) -> LauncherPage {
    let frame = frame(cx, Some(&apps.user));
    let is_admin = frame.viewer.as_ref().is_some_and(|viewer| viewer.is_admin);
    let tiles = apps
        .apps
        .iter()
        .map(|(app, ends)| Tile {
            app: label(restart::label(app)),
            description: app.definition.description.clone(),
            launch_url: format!("/launch/{}", app.api_name),
            ended: ends.is_some_and(|until| until <= cx.now),
            // Who can do something about it is told before it is over.
            ends: ends
                .filter(|until| is_admin && *until > cx.now)
                .map(|until| Moment::from_unix_millis(until.millis())),
        })
        .collect();
    let url = |from: usize| {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        format!("/?q={query}&from={from}")
    };
    let next = from.saturating_add(launcher::PAGE);
    LauncherPage {
        next_url: (next < apps.total).then(|| url(next)),
        first_url: (from > 0).then(|| url(0)),
        total: apps.total,
        frame,
        query,
        tiles,
    }
}

/// `GET /launch/{app}`: the launch URL. Another site may link to it, but must not sign the user
/// on by that alone, so a request that another site caused is answered with a question.
pub(crate) async fn launch(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let cx = context(&request);
    let relay_state = Fields::of_query(&request)
        .find("RelayState")
        .map(str::to_owned);
    // A link from a mail or a document says no site either: what the app is told along is then
    // somebody else's choice.
    let sent_by_hand = is_from_nowhere(&request) && relay_state.is_some();
    // Whoever runs a page of our own site could as well sign users on by a form of theirs.
    if (is_cross_site(&request) && !is_same_site(&request)) || sent_by_hand {
        return confirm(&request, cx, name.into_inner(), relay_state).await;
    }
    open(&request, cx, name.into_inner(), relay_state).await
}

/// `POST /launch/{app}`: a tile, or the answer to the question.
pub(crate) async fn launch_confirmed(
    request: HttpRequest,
    name: web::Path<String>,
    body: Body,
) -> HttpResponse {
    let cx = context(&request);
    let fields = Fields::parse(&body);
    if !cx.browser.csrf_matches(fields.get("csrf")) {
        return refuse::of_kind(&cx, ErrorKind::StaleForm);
    }
    let relay_state = fields.find("RelayState").map(str::to_owned);
    open(&request, cx, name.into_inner(), relay_state).await
}

async fn open(
    request: &HttpRequest,
    cx: Context,
    name: String,
    relay_state: Option<String>,
) -> HttpResponse {
    run::run(
        request,
        cx,
        move |cx| launch::start(cx, &name, relay_state.as_deref()),
        answer::answer,
    )
    .await
}

async fn confirm(
    request: &HttpRequest,
    cx: Context,
    name: String,
    relay_state: Option<String>,
) -> HttpResponse {
    let launch_url = format!("/launch/{name}");
    let asked = relay_state.clone();
    let origin = referring_origin(request);
    run::run(
        request,
        cx,
        move |cx| {
            let named = launch::named(cx, &name, origin.as_deref())?;
            let is_trusted = named.as_ref().is_some_and(|(_, trusted)| *trusted);
            let app = named.map(|(app, _)| app);
            // An unknown app is refused as a launch of it is. Who is not signed in is asked by the
            // login page, which names the app.
            let signed_in = CurrentUser::read(cx)?.session.is_some();
            let started = if app.is_none() || !signed_in || is_trusted {
                Some(launch::start(cx, &name, asked.as_deref())?)
            } else {
                None
            };
            Ok::<_, Stop>((app, started))
        },
        move |cx, (app, started)| match (app, started) {
            (_, Some(answer)) => answer::answer(cx, answer),
            (Some(app), None) => leading_page(
                cx,
                &LaunchConfirmPage {
                    frame: frame(cx, None),
                    app: label(app),
                    launch_url,
                    relay_state,
                },
            ),
            (None, None) => refuse::of_kind(cx, ErrorKind::NotFound),
        },
    )
    .await
}
