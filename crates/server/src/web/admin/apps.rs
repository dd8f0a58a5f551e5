//! Connected apps: the list, one app's settings, blocking, removing.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::metadata::SpMetadata;
use avouch_saml::security::certificate::{Certificate, KeyKind};
use avouch_saml::time::Timestamp;

use super::body::{self, Weight};
use super::view::{certificate_age, certificates, endpoints, key_kind, moment};
use super::{admin_frame, anchor, ask, problems, refused, run, with_status};
use crate::apps::effective::{self, Held, issuer};
use crate::apps::readiness::{ENDS_SOON_DAYS, Finding, Severity};
use crate::apps::snapshot::{self, Snapshot};
use crate::apps::{App, AppState, StateChange};
use crate::config::Settings;
use crate::context::Context;
use crate::flow::admin::apps::{self as flow, AppView};
use crate::flow::admin::{AdminError, Wrong};
use crate::flow::saml::metadata::end;
use crate::store::{self, keys::KeyRow};
use crate::text::Locale;
use crate::users::AdminRight;
use crate::web::extract::{self, Fields};
use crate::web::pages::admin::{
    AppConflictPage, AppForm, AppListPage, AppRemovePage, AppRow, AppSettingsPage, ChangeSince,
    FindingLine, FormAction, InForce, Keep, Leaving, SettingConflict,
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
            let texts = Locale::default().catalogue().findings;
            let rows = found
                .lines
                .iter()
                .map(|entry| AppRow {
                    url: format!("/admin/apps/{}", entry.line.api_name),
                    app: AppLabel::new(&entry.line.name, entry.logo_url.as_deref()),
                    entity_id: entry.line.entity_id.clone(),
                    state: AppState::parse(&entry.line.state).unwrap_or(AppState::Uninstalled),
                    last_used: entry.last_used.map(moment),
                    finding: entry.findings.first().map(|first| {
                        let severity = texts.severity(first.severity);
                        let name = texts.name(first);
                        (tone(first), format!("{severity}: {name}"))
                    }),
                    certificate: entry.sp.as_ref().and_then(|sp| certificate_age(sp, cx.now)),
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
            let form = Submitted::of(&view.stored);
            let mut shown = settings_page(cx, view, form);
            say(&mut shown.frame, &fields);
            page(cx, &shown)
        },
    )
    .await
}

/// The form of an app's settings, with what it was read from.
#[derive(Clone)]
struct Submitted {
    form: AppForm,
    version: i64,
    read: String,
}

impl Submitted {
    /// The form that would change nothing.
    fn of(stored: &flow::StoredApp) -> Self {
        Self {
            form: AppForm::from_app(&stored.app),
            version: stored.version,
            read: Snapshot::of(&stored.app).to_text(),
        }
    }

    /// What was sent. A form that does not say what it was read from is of no version.
    fn from_pairs(fields: &body::Form) -> Self {
        Self {
            version: fields.get("version").parse().unwrap_or(0),
            read: fields.get("read").to_owned(),
            form: AppForm::from_pairs(fields.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))),
        }
    }
}

fn settings_page(cx: &Context, view: AppView, submitted: Submitted) -> AppSettingsPage {
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
        info: idp_info(&cx.services.settings, Some(app), &view.keys, cx.now),
        entity_id: view.stored.entity_id.clone(),
        valid_until: view.sp.valid_until.map(|until| {
            let days = (until.millis() - cx.now.millis()).div_euclid(86_400_000);
            let tone = match days {
                ..0 => Tone::Problem,
                0..ENDS_SOON_DAYS => Tone::Warning,
                _ => Tone::Neutral,
            };
            (moment(until), tone)
        }),
        endpoints: endpoints(&view.sp),
        certificates: certificates(&view.sp, cx.now),
        version: submitted.version,
        read: submitted.read,
        form: submitted.form,
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
pub(crate) fn idp_info(
    settings: &Settings,
    app: Option<&App>,
    keys: &[KeyRow],
    now: Timestamp,
) -> IdpInfo {
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
                    sha1: certificate.sha1_fingerprint(),
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
        metadata_until: moment(end(now, &settings.idp)),
        endless_url: match app {
            Some(app) => url(&format!("/saml/metadata/{}?valid=none", app.api_name)),
            None => url("/saml/metadata?valid=none"),
        },
        app_metadata_url: app.map(|app| url(&format!("/saml/metadata/{}", app.api_name))),
        entity_id: entity_id.to_owned(),
        sso_redirect: url("/saml/sso"),
        sso_post: url("/saml/sso"),
        launch_url: app.map(|app| url(&format!("/launch/{}", app.api_name))),
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
    let fields = match body::form(&request, &cx, payload, rights, Weight::Settings).await {
        Ok(fields) => fields,
        Err(response) => return *response,
    };
    let mut submitted = Submitted::from_pairs(&fields);
    let choice = Choices::from_pairs(&fields);
    if submitted.form.action != FormAction::Save {
        submitted.form.edit();
        return again(&request, cx, id, submitted, Vec::new(), StatusCode::OK).await;
    }
    let (form, shown) = (submitted.form.clone(), id.clone());
    let (version, chosen) = (submitted.version, choice.clone());
    let inside = cx.clone();
    let saved = super::flow(&cx, move |cx| {
        flow::save(cx, &id, version, form.although, |app| match &chosen {
            None => applied(&form, app).map(|mine| *app = mine),
            Some(choices) => choices.apply(&applied(&form, app)?, app),
        })
    })
    .await;
    match (saved, choice) {
        (Ok(app), _) => see_other(&cx, &format!("/admin/apps/{}?saved", app.api_name)),
        (Err(AdminError::Stale(_)), choice) => {
            let problems = Vec::new();
            conflict(&request, inside, shown, fields, submitted, choice, problems).await
        }
        (Err(AdminError::Refused(wrong)), Some(choice)) if is_undecided(&wrong) => {
            let choice = Some(choice);
            conflict(&request, inside, shown, fields, submitted, choice, wrong).await
        }
        (Err(AdminError::CannotWork(found)), _) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let wrong = super::cannot_work(&found);
            again(&request, inside, shown, submitted, wrong, status).await
        }
        (Err(error), _) => match error.into_wrong() {
            Ok(wrong) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                again(&request, inside, shown, submitted, wrong, status).await
            }
            Err(error) => refused(&request, &cx, error).await,
        },
    }
}

/// The app as it would be with what was typed.
fn applied(form: &AppForm, app: &App) -> Result<App, Vec<Wrong>> {
    let mut mine = app.clone();
    form.apply(&mut mine).map_err(|problems| {
        problems
            .into_iter()
            .map(|p| Wrong::new(p.field, p.message))
            .collect::<Vec<_>>()
    })?;
    Ok(mine)
}

/// Whose value is to be kept of each setting, as chosen on the page that shows both.
#[derive(Clone)]
struct Choices(Vec<(String, Keep)>);

/// What the field of a choice begins with.
const KEEP: &str = "keep-";

impl Choices {
    fn from_pairs(fields: &body::Form) -> Option<Self> {
        let chosen: Vec<(String, Keep)> = fields
            .0
            .iter()
            .filter_map(|(name, word)| {
                Some((name.strip_prefix(KEEP)?.to_owned(), Keep::parse(word)?))
            })
            .collect();
        // The page asks about something, so an answer without any is one that decided nothing.
        let asked = fields.0.iter().any(|(name, _)| name == "chosen");
        asked.then_some(Self(chosen))
    }

    fn of(&self, key: &str) -> Option<Keep> {
        self.0
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, keep)| *keep)
    }

    /// Puts into `app` what is chosen of `mine`.
    fn apply(&self, mine: &App, app: &mut App) -> Result<(), Vec<Wrong>> {
        let differences = Snapshot::of(app).differences(mine, app);
        let undecided: Vec<Wrong> = differences
            .iter()
            .filter(|difference| self.of(difference.key).is_none())
            .map(|difference| {
                let t = &Locale::default().catalogue().app_conflict;
                Wrong::new(format!("{KEEP}{}", difference.key), t.undecided.to_string())
            })
            .collect();
        if !undecided.is_empty() {
            return Err(undecided);
        }
        for difference in differences {
            if self.of(difference.key) == Some(Keep::Mine) {
                snapshot::take(app, mine, difference.key)
                    .map_err(|error| vec![Wrong::new(difference.key, error.beside_its_field())])?;
            }
        }
        Ok(())
    }
}

fn is_undecided(wrong: &[Wrong]) -> bool {
    wrong.iter().all(|wrong| wrong.field.starts_with(KEEP))
}

/// The page that shows what was typed beside what is there by now.
async fn conflict(
    request: &HttpRequest,
    cx: Context,
    id: String,
    fields: body::Form,
    submitted: Submitted,
    choice: Option<Choices>,
    wrong: Vec<Wrong>,
) -> HttpResponse {
    let version = submitted.version;
    ask(
        request,
        cx,
        move |cx| flow::show_since(cx, &id, version),
        move |cx, (view, stale)| {
            let theirs = view.stored.app.clone();
            let now = Submitted::of(&view.stored);
            let status = StatusCode::CONFLICT;
            let mine = match applied(&submitted.form, &theirs) {
                Ok(mine) => mine,
                Err(wrong) => {
                    let mut shown = settings_page(cx, view, submitted);
                    shown.problems = problems(wrong);
                    return with_status(cx, &shown, StatusCode::UNPROCESSABLE_ENTITY);
                }
            };
            let differences = Snapshot::parse(&submitted.read).differences(&mine, &theirs);
            let words = settings_page(cx, view, submitted);
            let settings = differences
                .into_iter()
                .map(|difference| {
                    let words_of = |value: &str| words.words_of_setting(difference.key, value);
                    SettingConflict {
                        key: difference.key.to_owned(),
                        label: words.label_of_setting(difference.key),
                        before: difference.before.as_deref().map(words_of),
                        theirs: words_of(&difference.theirs),
                        mine: words_of(&difference.mine),
                        changed_by: difference.changed_by,
                        kept: choice.as_ref().and_then(|choice| choice.of(difference.key)),
                    }
                })
                .collect();
            let since = stale.since.into_iter().map(|change| ChangeSince {
                by: change.by,
                at: moment(change.at),
                what: change.what,
            });
            let page = AppConflictPage {
                url: words.url,
                app: words.app,
                since: since.collect(),
                settings,
                typed: typed_fields(fields),
                version: now.version,
                read: now.read,
                problems: problems(wrong),
                frame: words.frame,
            };
            with_status(cx, &page, status)
        },
    )
    .await
}

/// The fields that were filled in, without those that the page writes itself.
fn typed_fields(fields: body::Form) -> Vec<(String, String)> {
    fields
        .0
        .into_iter()
        .filter(|(name, _)| {
            !["csrf", "version", "read", "do", "preset", "chosen"].contains(&name.as_str())
                && !name.starts_with(KEEP)
        })
        .collect()
}

/// The settings page with what was typed, which is not what is stored.
async fn again(
    request: &HttpRequest,
    cx: Context,
    id: String,
    submitted: Submitted,
    wrong: Vec<Wrong>,
    status: StatusCode,
) -> HttpResponse {
    ask(
        request,
        cx,
        move |cx| flow::show(cx, &id),
        move |cx, view| {
            let mut shown = settings_page(cx, view, submitted);
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

/// `POST /admin/apps/{id}/keep-metadata`: what its metadata says is taken over as typed here.
pub(crate) async fn keep_metadata(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    let cx = extract::context(&request);
    let rights = &[AdminRight::EditApps];
    if let Err(response) = body::form(&request, &cx, payload, rights, Weight::Settings).await {
        return *response;
    }
    run(
        &request,
        cx,
        move |cx| flow::keep_values(cx, &id),
        |cx, edited| {
            let name = edited.after.app.api_name;
            see_other(cx, &format!("/admin/apps/{name}?saved"))
        },
        super::sentences,
    )
    .await
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
        |cx, _| see_other(cx, "/admin/apps?saved"),
        super::sentences,
    )
    .await
}
