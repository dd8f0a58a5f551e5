//! Adding an app, and replacing an app's metadata: form, preview, save. Nothing is stored until
//! the preview is confirmed; the metadata travels through the preview page and is read anew.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::metadata::key_descriptor::KeyUse;
use avouch_saml::metadata::{Binding, SpMetadata};
use avouch_saml::security::certificate::Certificate;
use avouch_saml::xml::encoding;

use super::apps::finding_lines;
use super::body::{self, Form, Weight};
use super::view::{self, Came, Leads};
use super::{admin_frame, ask, problems, run};
use crate::apps::onboard::typed::{Typed, certificates};
use crate::apps::readiness::METADATA;
use crate::context::Context;
use crate::flow::admin::apps::{self as flow, AppEdit, Compared, Confirmed, Release, Understood};
use crate::flow::admin::{self, Acting, AdminError, Wrong};
use crate::text::Locale;
use crate::users::AdminRight;
use crate::web::extract;
use crate::web::pages::Frame;
use crate::web::pages::admin::{AppChoosePage, AppNewPage, EntityLine, TypedSp};
use crate::web::respond::{page, see_other};

/// Where the forms lead: for a new app, or for one whose metadata is replaced.
#[derive(Clone)]
struct Target {
    replaces: Option<String>,
}

impl Target {
    fn preview_url(&self) -> String {
        match &self.replaces {
            None => "/admin/apps/preview".into(),
            Some(id) => format!("/admin/apps/{id}/metadata"),
        }
    }

    fn cancel_url(&self) -> String {
        match &self.replaces {
            None => "/admin/apps".into(),
            Some(id) => format!("/admin/apps/{id}"),
        }
    }

    fn leads(&self) -> Leads {
        match &self.replaces {
            None => Leads {
                save_url: "/admin/apps".into(),
                cancel_url: "/admin/apps/new".into(),
            },
            Some(id) => Leads {
                save_url: format!("/admin/apps/{id}/metadata/save"),
                cancel_url: format!("/admin/apps/{id}/metadata"),
            },
        }
    }

    fn empty_page(&self, frame: Frame, name: Option<String>) -> AppNewPage {
        AppNewPage {
            frame,
            replaces: name,
            preview_url: self.preview_url(),
            cancel_url: self.cancel_url(),
            pasted: String::new(),
            signed_by: String::new(),
            typed: TypedSp::default(),
            problems: Vec::new(),
        }
    }
}

/// `GET /admin/apps/new`.
pub(crate) async fn form(request: HttpRequest) -> HttpResponse {
    let cx = extract::context(&request);
    ask(
        &request,
        cx,
        |cx| {
            admin::view(cx, &[AdminRight::InstallApps], |_, viewer| {
                Ok(viewer.clone())
            })
        },
        |cx, viewer: Acting| {
            let target = Target { replaces: None };
            page(cx, &target.empty_page(admin_frame(cx, &viewer), None))
        },
    )
    .await
}

/// `GET /admin/apps/{id}/metadata`.
pub(crate) async fn replace_form(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let cx = extract::context(&request);
    let id = id.into_inner();
    let target = Target {
        replaces: Some(id.clone()),
    };
    ask(
        &request,
        cx,
        move |cx| flow::show(cx, &id),
        move |cx, view| {
            let mut new =
                target.empty_page(admin_frame(cx, &view.viewer), Some(view.stored.app.name));
            new.typed = TypedSp {
                name: new.replaces.clone().unwrap_or_default(),
                entity_id: view.stored.entity_id,
                acs_urls: view
                    .sp
                    .acs
                    .iter()
                    .filter(|acs| *acs.binding() == Binding::HttpPost)
                    .map(|acs| acs.location().to_string())
                    .collect::<Vec<_>>()
                    .join("\n"),
                certificates: pems(&view.sp, KeyUse::signs),
                encryption_certificates: pems(&view.sp, KeyUse::encrypts),
                requests_signed: view.sp.authn_requests_signed,
            };
            page(cx, &new)
        },
    )
    .await
}

/// `POST /admin/apps/preview`.
pub(crate) async fn preview(request: HttpRequest, payload: Payload) -> HttpResponse {
    show_preview(request, payload, Target { replaces: None }).await
}

/// `POST /admin/apps/{id}/metadata`.
pub(crate) async fn replace_preview(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    let target = Target {
        replaces: Some(id.into_inner()),
    };
    show_preview(request, payload, target).await
}

async fn show_preview(request: HttpRequest, payload: Payload, target: Target) -> HttpResponse {
    let cx = extract::context(&request);
    let right = flow::right_to_import(target.replaces.is_some());
    let form = match body::multipart(&request, &cx, payload, &[right]).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let typed = typed_of(&form);
    let source = form.get("source").to_owned();
    let pasted = encoding::of_text(form.get("metadata").to_owned());
    let uploaded = form.get("file").to_owned();
    let chosen = form.get("entity_id").to_owned();
    let signed_by = form.get("signed_by").to_owned();
    let keys = certificates(&signed_by);
    let again = {
        let (target, typed, pasted) = (target.clone(), typed.clone(), pasted.clone());
        let signed_by = signed_by.clone();
        move |cx: &Context, frame: Frame, wrong: Vec<Wrong>| {
            let mut new = target.empty_page(frame, target.replaces.clone());
            new.typed = typed;
            new.signed_by = signed_by;
            // A federation's file is not written back into a text field.
            if pasted.len() <= 512 * 1024 {
                new.pasted = pasted;
            }
            new.problems = problems(wrong);
            let status = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
            super::with_status(cx, &new, status)
        }
    };
    let (inside, kept) = (target.clone(), pasted);
    run(
        &request,
        cx,
        move |cx| {
            let replaces = inside.replaces.as_deref();
            let named = |error: AdminError, field: &str| match error {
                AdminError::Refused(wrong) => AdminError::Refused(
                    wrong
                        .into_iter()
                        .map(|w| match w.field.as_str() {
                            "signed_by" => w,
                            _ => Wrong::new(field, w.message),
                        })
                        .collect(),
                ),
                other => other,
            };
            match source.as_str() {
                "file" if uploaded.is_empty() => Err(Wrong::new(
                    "file",
                    Locale::default().catalogue().forms.file_missing.to_string(),
                )
                .into()),
                "file" => flow::understand(cx, uploaded.as_bytes(), None, replaces, &keys)
                    .map(|u| (u, uploaded))
                    .map_err(|e| named(e, "file")),
                "typed" => {
                    let document = flow::typed(cx, &from_typed(&typed), replaces)?;
                    flow::understand(cx, &document, None, replaces, &[])
                        .map(|u| (u, String::new()))
                        .map_err(|error| match error {
                            AdminError::Refused(wrong) => {
                                AdminError::Refused(wrong.into_iter().map(typed_field).collect())
                            }
                            other => other,
                        })
                }
                _ if kept.trim().is_empty() => Err(Wrong::new(
                    "metadata",
                    Locale::default()
                        .catalogue()
                        .forms
                        .metadata_missing
                        .to_string(),
                )
                .into()),
                _ => flow::understand(cx, kept.as_bytes(), Some(&chosen), replaces, &keys)
                    .map(|u| (u, kept)),
            }
        },
        move |cx, (understood, metadata)| match understood {
            Understood::Several { entities, viewer } => page(
                cx,
                &AppChoosePage {
                    frame: admin_frame(cx, &viewer),
                    preview_url: target.preview_url(),
                    cancel_url: target.cancel_url(),
                    metadata,
                    signed_by,
                    entities: entities
                        .into_iter()
                        .map(|(entity, taken)| EntityLine {
                            entity_id: entity.entity_id,
                            name: entity.name,
                            taken,
                        })
                        .collect(),
                },
            ),
            Understood::One {
                preview,
                findings,
                document,
                signature,
                replaced,
                viewer,
            } => {
                let mut shown = view::preview_page(
                    admin_frame(cx, &viewer),
                    &viewer,
                    &preview,
                    Came {
                        document,
                        signed_by,
                        signature,
                    },
                    replaced.as_deref().map(|(_, sp)| sp),
                    target.leads(),
                    cx.now,
                );
                // There is no page yet to mend it on, but for an app whose metadata is replaced.
                let place = replaced
                    .as_deref()
                    .map(|(old, _)| format!("/admin/apps/{}", old.app.api_name));
                shown.findings = finding_lines(&findings, |finding| match &place {
                    Some(place) if finding.field != METADATA => {
                        format!("{place}#{}", finding.field)
                    }
                    _ => String::new(),
                });
                if let Some(old) = &replaced {
                    shown.app.name.clone_from(&old.0.app.name);
                    shown.source.compared = Compared::with(&old.0).to_string();
                }
                page(cx, &shown)
            }
        },
        again,
    )
    .await
}

/// Typed fields have no lines: what is wrong with the metadata made of them is named by its field.
fn typed_field(wrong: Wrong) -> Wrong {
    let message = match wrong.message.split_once(": ") {
        Some((line, rest)) if line.starts_with("line ") => rest.to_owned(),
        _ => wrong.message,
    };
    let field = if message.contains("AssertionConsumerService") {
        "acs_urls"
    } else if message.contains("key") || message.contains("certificate") {
        "certificates"
    } else {
        "entity_id"
    };
    Wrong::new(field, message)
}

fn typed_of(form: &Form) -> TypedSp {
    TypedSp {
        name: form.get("name").to_owned(),
        entity_id: form.get("entity_id").to_owned(),
        acs_urls: form.get("acs_urls").to_owned(),
        certificates: form.get("certificates").to_owned(),
        encryption_certificates: form.get("encryption_certificates").to_owned(),
        requests_signed: form.get("requests_signed") == "yes",
    }
}

fn from_typed(typed: &TypedSp) -> Typed {
    Typed {
        entity_id: typed.entity_id.clone(),
        name: typed.name.clone(),
        acs: typed.acs_urls.lines().map(str::to_owned).collect(),
        signing_certificates: certificates(&typed.certificates),
        encryption_certificates: certificates(&typed.encryption_certificates),
        signs_requests: typed.requests_signed,
    }
}

/// The certificates of a use, as the form shows them.
fn pems(sp: &SpMetadata, usable: fn(KeyUse) -> bool) -> String {
    sp.keys
        .iter()
        .filter(|key| usable(key.usage))
        .filter_map(|key| key.certificate.as_ref())
        .map(Certificate::pem)
        .collect()
}

/// `POST /admin/apps`.
pub(crate) async fn add(request: HttpRequest, payload: Payload) -> HttpResponse {
    let cx = extract::context(&request);
    let rights = &[flow::right_to_import(false)];
    let form = match body::form(&request, &cx, payload, rights, Weight::Metadata).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let metadata = form.get("metadata").to_owned();
    let entity_id = form.get("entity_id").to_owned();
    let mut edit = AppEdit {
        accept_broken: form.get("although") == "yes",
        ..AppEdit::default()
    };
    let name = form.get("name").trim();
    if !name.is_empty() {
        edit.settings.push(("name".to_owned(), name.to_owned()));
    }
    let confirmed = Confirmed {
        release: Release::Ticked(form.all("release").map(str::to_owned).collect()),
        signed_by: certificates(form.get("signed_by")),
        edit,
        ..Confirmed::default()
    };
    let pasted = metadata.clone();
    run(
        &request,
        cx,
        move |cx| flow::add(cx, metadata.as_bytes(), Some(&entity_id), &confirmed),
        |cx, added| {
            let api_name = &added.stored.app.api_name;
            see_other(cx, &format!("/admin/apps/{api_name}?created"))
        },
        move |cx, frame, wrong| {
            let target = Target { replaces: None };
            let mut new = target.empty_page(frame, None);
            new.pasted = pasted;
            new.problems = problems(wrong);
            let status = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
            super::with_status(cx, &new, status)
        },
    )
    .await
}

/// `POST /admin/apps/{id}/metadata/save`.
pub(crate) async fn replace(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    let cx = extract::context(&request);
    let rights = &[flow::right_to_import(true)];
    let form = match body::form(&request, &cx, payload, rights, Weight::Metadata).await {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let target = Target {
        replaces: Some(id.clone()),
    };
    let metadata = form.get("metadata").to_owned();
    let signed_by = certificates(form.get("signed_by"));
    let compared = Compared::parse(form.get("compared"));
    let although = form.get("although") == "yes";
    let pasted = metadata.clone();
    run(
        &request,
        cx,
        move |cx| match flow::replace(
            cx,
            &id,
            metadata.as_bytes(),
            &signed_by,
            &compared,
            although,
        ) {
            // What came between is to be looked at, so the form is shown again.
            Err(AdminError::Stale(stale)) => Err(Wrong::new("metadata", stale.to_string()).into()),
            other => other,
        },
        |cx, app| see_other(cx, &format!("/admin/apps/{}?saved", app.api_name)),
        move |cx, frame, wrong| {
            let mut new = target.empty_page(frame, target.replaces.clone());
            new.pasted = pasted;
            new.problems = problems(wrong);
            let status = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
            super::with_status(cx, &new, status)
        },
    )
    .await
}
