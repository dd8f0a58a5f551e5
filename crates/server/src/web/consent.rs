//! `/consent`: asks once whether an app may be told what it asks for.

use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::name_id::NameIdFormat;

use crate::context::Context;
use crate::flow::sign_on::consent::{self, Decision, Question, Show};
use crate::flow::sign_on::dispatch;
use crate::sessions::PendingId;
use crate::text::Consent;
use crate::web::extract::{Body, Fields, context};
use crate::web::pages::{ConsentPage, ErrorKind, ReleasedAttribute};
use crate::web::refuse;
use crate::web::respond::{frame, label, leading_page};
use crate::web::{answer, run};

/// `GET /consent?p=ID`.
pub(crate) async fn form(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    let id = PendingId::new(Fields::of_query(&request).get("p"));
    let pending = id.clone();
    run::run(
        &request,
        cx,
        move |cx| consent::show(cx, &id),
        move |cx, show| match show {
            Show::Go(answer) => answer::answer(cx, answer),
            Show::Ask(question) => ask(cx, *question, &pending),
        },
    )
    .await
}

fn ask(cx: &Context, question: Question, pending: &PendingId) -> HttpResponse {
    let (privacy_url, info_url) = question.links;
    let frame = frame(cx, Some(&question.user));
    let page = ConsentPage {
        app: label(question.app),
        pending: pending.as_str().to_owned(),
        shown: question.shown,
        subject: question
            .subject
            .map(|format| kind_of_name(&frame.t.consent, &format, &question.user.email)),
        attributes: question
            .attributes
            .into_iter()
            .map(|attribute| ReleasedAttribute {
                label: attribute.friendly_name.unwrap_or(attribute.name),
                values: attribute.values,
            })
            .collect(),
        privacy_url,
        info_url,
        frame,
    };
    leading_page(cx, &page)
}

/// What the NameID is to its owner, in words.
fn kind_of_name(t: &Consent, format: &NameIdFormat, email: &str) -> String {
    match format {
        NameIdFormat::Persistent => t.id_persistent.to_string(),
        NameIdFormat::Transient => t.id_transient.to_string(),
        NameIdFormat::EmailAddress => email.to_owned(),
        _ => t.id_other.to_string(),
    }
}

/// `POST /consent`.
pub(crate) async fn submit(request: HttpRequest, body: Body) -> HttpResponse {
    let cx = context(&request);
    let fields = Fields::parse(&body);
    if !cx.browser.csrf_matches(fields.get("csrf")) {
        return refuse::of_kind(&cx, ErrorKind::StaleForm);
    }
    let id = PendingId::new(fields.get("p"));
    let decision = Decision {
        accepted: fields.get("decision") == "accept",
        shown: fields.get("shown").to_owned(),
    };
    run::run(
        &request,
        cx,
        move |cx| dispatch::consented(cx, &id, &decision),
        answer::answer,
    )
    .await
}
