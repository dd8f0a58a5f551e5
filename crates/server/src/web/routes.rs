//! Every URL and its handler, one line each, grouped by who calls.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, web};

use crate::web::admin::{self, apps, events, keys, new_app, simulate, users};
use crate::web::pages::ErrorKind;
use crate::web::{assets, consent, dev, health, help, launcher, login, metadata, refuse, saml};

/// Who calls a route, and what it therefore must check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Anybody: a browser that is not signed in, a service provider, a load balancer.
    Anyone,
    /// A browser in the middle of a sign-on or login: bound by its cookie.
    Browser,
    /// A user with a session.
    User,
    /// A user with an admin right.
    Administrator,
}

/// One line of the list below.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Method.
    pub method: &'static str,
    /// Path, with its parameters in braces.
    pub path: &'static str,
    /// Who calls.
    pub caller: Caller,
}

macro_rules! routes {
    ($($caller:ident: $($path:literal { $($method:ident => $handler:path),+ $(,)? })+)+) => {
        /// Every route, for tests that walk them all.
        pub const ROUTES: &[Line] = &[$($($(
            Line { method: stringify!($method), path: $path, caller: Caller::$caller },
        )+)+)+];

        /// Adds every route to an application.
        pub(crate) fn configure(service: &mut web::ServiceConfig) {
            $($(
                let resource = web::resource($path).default_service(web::to(|request| {
                    wrong_method(request, &[$(stringify!($method)),+])
                }));
                $(let resource = resource.route(web::$method().to($handler));)+
                $(let resource = with_head(resource, stringify!($method), $path, $handler);)+
                service.service(resource);
            )+)+
            service.default_service(web::to(not_found));
        }
    };
}

routes! {
    Anyone:
        "/saml/sso" { get => saml::sso_redirect, post => saml::sso_post }
        "/saml/slo" { get => saml::slo, post => saml::slo }
        "/saml/metadata" { get => metadata::own }
        "/saml/metadata/{app}" { get => metadata::for_app }
        "/health/live" { get => health::live }
        "/health/ready" { get => health::ready }
        "/assets/{name}" { get => assets::asset }
        "/error-help" { get => help::error_help }
        "/dev" { get => dev::page }
    Browser:
        "/continue" { get => login::go_on }
        "/login" { get => login::form, post => login::submit }
        "/logout" { get => login::logout_form, post => login::logout }
        "/consent" { get => consent::form, post => consent::submit }
        "/launch/{app}" { get => launcher::launch, post => launcher::launch_confirmed }
    User:
        "/" { get => launcher::list }
    Administrator:
        "/admin" { get => admin::home }
        "/admin/apps" { get => apps::list, post => new_app::add }
        "/admin/apps/new" { get => new_app::form }
        "/admin/apps/preview" { post => new_app::preview }
        "/admin/apps/{id}" { get => apps::show, post => apps::save }
        "/admin/apps/{id}/metadata" { get => new_app::replace_form, post => new_app::replace_preview }
        "/admin/apps/{id}/metadata/save" { post => new_app::replace }
        "/admin/apps/{id}/keep-metadata" { post => apps::keep_metadata }
        "/admin/apps/{id}/block" { post => apps::block }
        "/admin/apps/{id}/unblock" { post => apps::unblock }
        "/admin/apps/{id}/uninstall" { get => apps::uninstall_form, post => apps::uninstall }
        "/admin/apps/{id}/install" { post => apps::install }
        "/admin/apps/{id}/remove" { get => apps::remove_form, post => apps::remove }
        "/admin/apps/{id}/simulate" { get => simulate::show }
        "/admin/events" { get => events::list }
        "/admin/events.jsonl" { get => events::json_lines }
        "/admin/events.csv" { get => events::csv }
        "/admin/events/{code}" { get => events::show }
        "/admin/users" { get => users::list, post => users::add }
        "/admin/users/new" { get => users::new }
        "/admin/users/{id}" { get => users::show }
        "/admin/users/{id}/deactivate" { post => users::deactivate }
        "/admin/users/{id}/activate" { post => users::activate }
        "/admin/keys" { get => keys::list }
}

async fn not_found(request: HttpRequest) -> HttpResponse {
    refuse::bare(&request, ErrorKind::NotFound)
}

/// Answers what the path takes, and that this is not among it (RFC 9110 §15.5.6).
async fn wrong_method(request: HttpRequest, methods: &[&str]) -> HttpResponse {
    let mut allowed: Vec<String> = methods.iter().map(|method| method.to_uppercase()).collect();
    if methods.contains(&"get") {
        allowed.push("HEAD".to_owned());
    }
    let mut refused = refuse::bare(&request, ErrorKind::Method);
    if let Ok(allow) = HeaderValue::from_str(&allowed.join(", ")) {
        refused.headers_mut().insert(header::ALLOW, allow);
    }
    refused
}

/// Paths where a GET does something: a request is used up, a sign-on goes on, an export is written down.
/// Whoever only asks what
/// is there, as monitors and mail filters do with HEAD, must not do it in the user's place.
const ACTS_ON_GET: &[&str] = &[
    "/saml/sso",
    "/continue",
    "/launch/{app}",
    "/admin/events.jsonl",
    "/admin/events.csv",
];

/// Adds HEAD where GET is (RFC 9110 §9.1). The server leaves the body away.
fn with_head<F, Args>(resource: Resource, method: &str, path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    if method != "get" {
        resource
    } else if ACTS_ON_GET.contains(&path) {
        resource.route(web::head().to(HttpResponse::Ok))
    } else {
        resource.route(web::head().to(handler))
    }
}
