//! Connected apps: the list, one app's settings, blocking, removing.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::metadata::{Reading, SpMetadata};
use avouch_saml::security::certificate::{Certificate, KeyKind};

use super::body::{self, Weight};
use super::view::{certificate_age, certificates, endpoints, key_kind, moment};
use super::{admin_frame, anchor, ask, problems, run, with_status};
use crate::apps::effective::{self, Held, issuer};
use crate::apps::readiness::{Finding, Severity};
use crate::apps::{App, AppState, StateChange};
use crate::config::Settings;
use crate::context::Context;
use crate::flow::admin::apps::{self as flow, AppView};
use crate::flow::admin::{AdminError, Wrong};
use crate::store::{self, keys::KeyRow};
use crate::text::Locale;
use crate::users::AdminRight;
use crate::web::extract::{self, Fields};
use crate::web::pages::admin::{
    AppForm, AppListPage, AppRemovePage, AppRow, AppSettingsPage, FindingLine, FormAction, InForce,
    Leaving,
};
use crate::web::pages::{AppLabel, Choice, Frame, IdpCertificate, IdpInfo, Notice, Tone};
use crate::web::respond::{page, see_other};

/// `GET /admin/apps`.
pub(crate) async fn list(request: HttpRequest) -> HttpResponse {
    let cx = extract::context(&request);
    let fields = Fields::of_query(&request);
    let query = fields.get("q").to_owned();
    let after = fields.find("after").map(str::to_owned);
    let (search, from) = (query.clone(), after.clone());
    ask(
        &request,
        cx,
        move |cx| flow::list(cx, &search, from.as_deref()),
        move |cx, found| {
            let next_url = found.lines.last().filter(|_| found.more).map(|last| {
                format!(
                    "/admin/apps?q={}&after={}",
                    encode(&query),
                    encode(&last.line.api_name)
                )
            });
            let first_url = after.map(|_| format!("/admin/apps?q={}", encode(&query)));
            let reading = Reading::of_any_age(cx.now);
            let texts = Locale::default().catalogue().findings;
            let rows = found
                .lines
                .iter()
                .map(|entry| {
                    let stored = entry.stored.as_ref();
                    let sp = stored.and_then(|s| SpMetadata::parse(&s.metadata_xml, &reading).ok());
                    let logo = stored.and_then(|s| s.app.definition.logo_url.as_deref());
                    AppRow {
                        url: format!("/admin/apps/{}", entry.line.api_name),
                        app: AppLabel::new(&entry.line.name, logo),
                        entity_id: entry.line.entity_id.clone(),
                        state: AppState::parse(&entry.line.state).unwrap_or(AppState::Uninstalled),
                        last_used: entry.last_used.map(moment),
                        finding: entry.findings.first().map(|first| {
                            let severity = texts.severity(first.severity);
                            let name = texts.name(first);
                            (tone(first), format!("{severity}: {name}"))
                        }),
                        certificate: sp.and_then(|sp| certificate_age(&sp, cx.now)),
                    }
                })
                .collect();
            let mut frame = admin_frame(cx, &found.viewer);
            say(&mut frame, &fields);
            page(
                cx,
                &AppListPage {
                    frame,
                    query,
                    rows,
                    total: u64::try_from(found.total).unwrap_or(0),
                    next_url,
                    first_url,
                    may_add: found.viewer.rights.contains(&AdminRight::InstallApps),
                },
            )
        },
    )
    .await
}

/// How a finding is shown.
pub(super) fn tone(finding: &Finding) -> Tone {
    match finding.severity {
        Severity::CannotWork => Tone::Problem,
        Severity::MayNotWork => Tone::Warning,
    }
}

/// What was found, as pages show it, each with where it is mended.
pub(super) fn finding_lines(
    findings: &[Finding],
    place: impl Fn(&Finding) -> String,
) -> Vec<FindingLine> {
    let texts = Locale::default().catalogue().findings;
    findings
        .iter()
        .map(|finding| FindingLine {
            tone: tone(finding),
            text: texts.sentence(finding),
            url: place(finding),
        })
        .collect()
}

/// A value as it stands in a query.
pub(super) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What a redirect after a change asked to be said.
pub(super) fn say(frame: &mut Frame, fields: &Fields) {
    let t = frame.t;
    let text = if fields.find("created").is_some() {
        t.app_settings.created
    } else if fields.find("saved").is_some() {
        t.app_settings.saved
    } else {
        return;
    };
    frame.notice = Some(Notice {
        tone: Tone::Good,
        text: text.to_string(),
    });
}

/// `GET /admin/apps/{id}`.
pub(crate) async fn show(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let cx = extract::context(&request);
    let fields = Fields::of_query(&request);
    let id = id.into_inner();
    ask(
        &request,
        cx,
        move |cx| flow::show(cx, &id),
        move |cx, view| {
            let form = AppForm::from_app(&view.stored.app);
            let mut shown = settings_page(cx, view, form);
            say(&mut shown.frame, &fields);
            page(cx, &shown)
        },
    )
    .await
}

fn settings_page(cx: &Context, view: AppView, form: AppForm) -> AppSettingsPage {
    let app = &view.stored.app;
    let choices = |all: Vec<(String, String)>| {
        all.into_iter()
            .map(|(id, name)| Choice::new(id, name))
            .collect::<Vec<_>>()
    };
    AppSettingsPage {
        url: format!("/admin/apps/{}", app.api_name),
        app: label(app),
        api_name: app.api_name.clone(),
        state: app.state,
        info: idp_info(&cx.services.settings, Some(app), &view.keys),
        entity_id: view.stored.entity_id.clone(),
        endpoints: endpoints(&view.sp),
        certificates: certificates(&view.sp, cx.now),
        form,
        problems: Vec::new(),
        findings: finding_lines(&view.findings, |finding| format!("#{}", anchor(finding))),
        asks: false,
        in_force: in_force(cx, app, &view.sp, &view.keys),
        profiles: choices(
            view.profiles
                .iter()
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect(),
        ),
        permission_sets: choices(
            view.permission_sets
                .iter()
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect(),
        ),
        signing_keys: choices(
            view.keys
                .iter()
                .filter(|key| key.purpose == "signing" && key.state != "retired")
                .map(|key| (key.id.clone(), key_label(key)))
                .collect(),
        ),
        frame: admin_frame(cx, &view.viewer),
    }
}

fn label(app: &App) -> AppLabel {
    AppLabel::new(&app.name, app.definition.logo_url.as_deref())
}

fn key_label(key: &KeyRow) -> String {
    let kind = Certificate::from_der(&key.certificate)
        .ok()
        .and_then(|certificate| certificate.public_key().ok())
        .map_or_else(|| key.algorithm.clone(), |public| key_kind(public.kind()));
    format!("{kind}, {} ({})", key.state, key.created())
}

/// What a service provider has to know about this identity provider.
pub(crate) fn idp_info(settings: &Settings, app: Option<&App>, keys: &[KeyRow]) -> IdpInfo {
    let url = |path: &str| settings.server.base_url.join(path);
    let own = &settings.idp.entity_id;
    let entity_id = app.map_or(own.as_str(), |app| issuer(&app.definition.saml, own).value);
    let own_key = app.and_then(|app| app.definition.saml.signing_key.as_deref());
    let mut certificates = Vec::new();
    for state in ["active", "next", "previous"] {
        for key in keys.iter().filter(|key| {
            key.purpose == "signing"
                && match own_key {
                    Some(own) => key.id == own && state == "active",
                    None => key.state == state,
                }
        }) {
            if let Ok(certificate) = Certificate::from_der(&key.certificate) {
                certificates.push(IdpCertificate {
                    fingerprint: certificate.fingerprint(),
                    expires: certificate
                        .not_after()
                        .map_or_else(|| crate::web::pages::Moment::from_unix_millis(0), moment),
                    pem: certificate.pem(),
                });
            }
        }
    }
    IdpInfo {
        metadata_url: url("/saml/metadata"),
        app_metadata_url: app.map(|app| url(&format!("/saml/metadata/{}", app.api_name))),
        entity_id: entity_id.to_owned(),
        sso_redirect: url("/saml/sso"),
        sso_post: url("/saml/sso"),
        launch_url: app.map(|app| url(&format!("/launch/{}", app.api_name))),
        logout_url: url("/logout"),
        certificates,
    }
}

/// The values in force where the form alone does not tell.
fn in_force(cx: &Context, app: &App, sp: &SpMetadata, keys: &[KeyRow]) -> Vec<InForce> {
    let texts = Locale::default().catalogue().in_force;
    let organisation = cx
        .services
        .settings
        .organisation(store::keys::for_apps(keys));
    effective::in_force(&app.definition, sp, &organisation)
        .into_iter()
        .map(|(field, held)| InForce {
            field,
            value: match &held.value {
                Held::Key(id) => keys
                    .iter()
                    .find(|key| key.id == *id)
                    .map_or_else(|| id.clone(), key_label),
                other => texts.value(other),
            },
            origin: held.origin,
        })
        .collect()
}

/// The kind of a stored key, from its certificate.
pub(super) fn kind_of(key: &KeyRow) -> Option<KeyKind> {
    let certificate = Certificate::from_der(&key.certificate).ok()?;
    Some(certificate.public_key().ok()?.kind())
}

/// `POST /admin/apps/{id}`.
pub(crate) async fn save(request: HttpRequest, payload: Payload, id: Path<String>) -> HttpResponse {
    let cx = extract::context(&request);
    let id = id.into_inner();
    let rights = &[AdminRight::EditApps, AdminRight::ManageRelease];
    let mut form = match body::form(&request, &cx, payload, rights, Weight::Settings).await {
        Ok(fields) => AppForm::from_pairs(fields.0),
        Err(response) => return *response,
    };
    if form.action != FormAction::Save {
        form.edit();
        return again(&request, cx, id, form, Vec::new(), StatusCode::OK).await;
    }
    let (kept, shown) = (form.clone(), id.clone());
    let inside = cx.clone();
    let saved = super::flow(&cx, move |cx| {
        flow::save(cx, &id, form.although, |app| {
            form.apply(app).map_err(|problems| {
                problems
                    .into_iter()
                    .map(|p| Wrong::new(p.field, p.message))
                    .collect()
            })
        })
    })
    .await;
    match saved {
        Ok(app) => see_other(&cx, &format!("/admin/apps/{}?saved", app.api_name)),
        Err(AdminError::Refused(wrong)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            again(&request, inside, shown, kept, wrong, status).await
        }
        Err(AdminError::CannotWork(found)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let wrong = super::cannot_work(&found);
            again(&request, inside, shown, kept, wrong, status).await
        }
        Err(error) => super::refused(&request, &cx, error).await,
    }
}

/// The settings page with what was typed, which is not what is stored.
async fn again(
    request: &HttpRequest,
    cx: Context,
    id: String,
    form: AppForm,
    wrong: Vec<Wrong>,
    status: StatusCode,
) -> HttpResponse {
    ask(
        request,
        cx,
        move |cx| flow::show(cx, &id),
        move |cx, view| {
            let mut shown = settings_page(cx, view, form);
            shown.asks = wrong.iter().any(|wrong| wrong.field == "although");
            shown.problems = problems(wrong);
            with_status(cx, &shown, status)
        },
    )
    .await
}

/// `POST /admin/apps/{id}/block`.
pub(crate) async fn block(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    set_state(request, payload, id, StateChange::Block).await
}

/// `POST /admin/apps/{id}/unblock`.
pub(crate) async fn unblock(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    set_state(request, payload, id, StateChange::Unblock).await
}

/// `POST /admin/apps/{id}/uninstall`.
pub(crate) async fn uninstall(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    set_state(request, payload, id, StateChange::Uninstall).await
}

/// `POST /admin/apps/{id}/install`.
pub(crate) async fn install(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    set_state(request, payload, id, StateChange::Install).await
}

async fn set_state(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    state: StateChange,
) -> HttpResponse {
    let cx = extract::context(&request);
    let rights = &[AdminRight::InstallApps];
    if let Err(response) = body::form(&request, &cx, payload, rights, Weight::Settings).await {
        return *response;
    }
    ask(
        &request,
        cx,
        move |cx| flow::set_state(cx, &id, state),
        |cx, app| see_other(cx, &format!("/admin/apps/{}?saved", app.api_name)),
    )
    .await
}

/// `GET /admin/apps/{id}/remove`.
pub(crate) async fn remove_form(request: HttpRequest, id: Path<String>) -> HttpResponse {
    ask_first(request, id, Leaving::Remove).await
}

/// `GET /admin/apps/{id}/uninstall`.
pub(crate) async fn uninstall_form(request: HttpRequest, id: Path<String>) -> HttpResponse {
    ask_first(request, id, Leaving::Uninstall).await
}

async fn ask_first(request: HttpRequest, id: Path<String>, leaving: Leaving) -> HttpResponse {
    let cx = extract::context(&request);
    ask(
        &request,
        cx,
        move |cx| flow::show(cx, &id),
        move |cx, view| {
            let app = &view.stored.app;
            page(
                cx,
                &AppRemovePage {
                    leaving,
                    frame: admin_frame(cx, &view.viewer),
                    app: label(app),
                    entity_id: view.stored.entity_id.clone(),
                    app_url: format!("/admin/apps/{}", app.api_name),
                },
            )
        },
    )
    .await
}

/// `POST /admin/apps/{id}/remove`.
pub(crate) async fn remove(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    let cx = extract::context(&request);
    let rights = &[AdminRight::InstallApps];
    if let Err(response) = body::form(&request, &cx, payload, rights, Weight::Settings).await {
        return *response;
    }
    run(
        &request,
        cx,
        move |cx| flow::remove(cx, &id),
        |cx, ()| see_other(cx, "/admin/apps?saved"),
        super::sentences,
    )
    .await
}
