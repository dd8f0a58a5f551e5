//! Answers: pages, redirects, and the headers that go with each.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::context::Context;
use crate::flow::outcome::AppName;
use crate::text::Locale;
use crate::users::User;
use crate::web::extract;
use crate::web::pages::{AppLabel, Frame, Page, Viewer, policy};

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
pub(crate) fn leads_to_plain_http(cx: &Context) -> bool {
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
