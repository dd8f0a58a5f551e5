//! `GET /dev`, under `avouch dev` only: what to configure in a service provider, sample users, and
//! the last exchanges as they were on the wire.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use crate::audit::Check;
use crate::audit::check::{Phrase, Rule};
use crate::dev::exchanges::{Exchange, Message};
use crate::flow::sign_on::current_user::CurrentUser;
use crate::store;
use crate::text::Catalogue;
use crate::web::admin::apps::idp_info;
use crate::web::extract::context;
use crate::web::pages::admin::EventRow;
use crate::web::pages::{
    AppLabel, DecodedMessage, DeveloperPage, DeveloperSp, ErrorKind, UnreadableMessage, WaitingSp,
    policy,
};
use crate::web::respond::{Served, frame, serve};
use crate::web::run::run;
use crate::web::{pages, refuse};

/// The page.
pub(crate) async fn page(request: HttpRequest) -> HttpResponse {
    let cx = context(&request);
    if !cx.services.developer {
        return refuse::of_kind(&cx, ErrorKind::NotFound);
    }
    run(
        &request,
        cx,
        |cx| {
            let current = CurrentUser::read(cx)?;
            let (apps, keys) = cx.services.db.read(|c| {
                Ok::<_, store::StoreError>((store::apps::all(c)?, store::keys::all(c)?))
            })?;
            Ok((current.session, apps, keys))
        },
        |cx, (session, apps, keys)| {
            let exchanges = cx
                .services
                .observer
                .seen()
                .map(crate::dev::exchanges::Exchanges::all)
                .unwrap_or_default();
            let frame = frame(cx, session.as_ref().map(|found| &*found.user));
            let t = frame.t;
            let page = DeveloperPage {
                info: idp_info(&cx.services.settings, None, &keys, cx.now),
                sps: apps
                    .into_iter()
                    .map(|(app, entity_id)| DeveloperSp {
                        launch_url: format!("/launch/{}", app.api_name),
                        settings_url: format!("/admin/apps/{}", app.api_name),
                        start_url: app.definition.start_url,
                        app: AppLabel::new(app.name, app.definition.logo_url.as_deref()),
                        entity_id,
                    })
                    .collect(),
                waiting: cx
                    .services
                    .waiting
                    .all()
                    .into_iter()
                    .map(|(url, reason)| WaitingSp { url, reason })
                    .collect(),
                samples: cx.services.sample_logins.clone(),
                version: exchanges
                    .first()
                    .map(|newest| newest.logged.code.clone())
                    .unwrap_or_default(),
                exchanges: exchanges
                    .into_iter()
                    .map(|exchange| shown(t, exchange))
                    .collect(),
                frame,
            };
            serve(
                cx,
                Served {
                    page: &page,
                    policy: policy::refreshing(),
                    status: StatusCode::OK,
                },
            )
        },
    )
    .await
}

fn shown(t: &Catalogue, exchange: Exchange) -> pages::Exchange {
    let event = &exchange.logged.event;
    let row = EventRow::new(exchange.logged.code.as_str(), event);
    let decoded = |message: Message, signature: String| DecodedMessage {
        xml: message.xml,
        binding: message.binding.to_owned(),
        destination: message.destination,
        relay_state: message.relay_state,
        signature,
    };
    pages::Exchange {
        unreadable: exchange.unreadable.map(|came| UnreadableMessage {
            raw: came.raw,
            hint: came.hint.unwrap_or_default().to_owned(),
        }),
        request: exchange
            .request
            .map(|m| decoded(m, request_signature(t, &event.checks))),
        response: exchange
            .response
            .map(|m| decoded(m, answer_signature(t, &event.checks))),
        assertion: exchange.assertion,
        checks: t.checks.lines(&event.checks),
        code: row.code,
        at: row.at,
        app: row.app,
        user: row.actor,
        result: row.result,
        reason: row.reason,
    }
}

/// What the checks say about the signature of a request.
fn request_signature(t: &Catalogue, checks: &[Check]) -> String {
    let Some(check) = checks.iter().find(|check| check.rule == Rule::Signature) else {
        return String::new();
    };
    let said = match check.passed {
        true if check.received.is(Phrase::NotSigned) => {
            return t.developer.signature_unneeded.to_string();
        }
        true => t.developer.signature_verified,
        false => t.developer.signature_refused,
    };
    said.with(t.checks.value(&check.received))
}

/// What the checks say about the signature of an answer.
fn answer_signature(t: &Catalogue, checks: &[Check]) -> String {
    let found = checks
        .iter()
        .find(|check| check.rule == Rule::AnswerSignature);
    found.map_or_else(String::new, |check| {
        let what = t.checks.value(&check.received);
        let on = t.developer.signature_on.with(what);
        format!("{} {on}", t.checks.value(&check.expected))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::check::{Origin, Value};

    #[test]
    fn a_signature_is_told_in_words() {
        let said = |passed, received| {
            let origin = Origin::AppRequestSignatures;
            let check = Check::new(
                Rule::Signature,
                passed,
                Phrase::SignedBySp,
                received,
                origin,
            );
            request_signature(&Catalogue::ENGLISH, &[check])
        };
        assert_eq!(said(true, Value::text("urn:x")), "verified: urn:x");
        assert_eq!(
            said(false, Value::text("the digest differs")),
            "refused: the digest differs"
        );
        assert_eq!(
            said(true, Phrase::NotSigned.into()),
            "not signed, and need not be"
        );
        assert_eq!(request_signature(&Catalogue::ENGLISH, &[]), "");
    }
}
