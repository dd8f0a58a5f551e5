//! `GET /dev`, under `avouch dev` only: what to configure in a service provider, sample users, and
//! the last exchanges as they were on the wire.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use crate::audit::Check;
use crate::dev::exchanges::{Exchange, Message};
use crate::flow::sign_on::current_user::CurrentUser;
use crate::store;
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
            let page = DeveloperPage {
                frame: frame(cx, session.as_ref().map(|found| &*found.user)),
                info: idp_info(&cx.services.settings, None, &keys),
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
                exchanges: exchanges.into_iter().map(shown).collect(),
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

fn shown(exchange: Exchange) -> pages::Exchange {
    let event = &exchange.logged.event;
    let row = EventRow::new(exchange.logged.code.as_str(), event);
    let decoded = |message: Message, check: &str| DecodedMessage {
        xml: message.xml,
        binding: message.binding.to_owned(),
        destination: message.destination,
        relay_state: message.relay_state,
        signature: signature(&event.checks, check),
    };
    pages::Exchange {
        unreadable: exchange.unreadable.map(|came| UnreadableMessage {
            raw: came.raw,
            hint: came.hint.unwrap_or_default().to_owned(),
        }),
        request: exchange.request.map(|m| decoded(m, "signature")),
        response: exchange
            .response
            .map(|m| decoded(m, "signature of the answer")),
        assertion: exchange.assertion,
        checks: event.checks.iter().map(Into::into).collect(),
        code: row.code,
        at: row.at,
        app: row.app,
        user: row.user,
        result: row.result,
        reason: row.reason,
    }
}

/// What the checks say about a signature.
fn signature(checks: &[Check], name: &str) -> String {
    match checks.iter().find(|check| check.name == name) {
        None => String::new(),
        Some(check) if name == "signature" => {
            let word = match (check.passed, &*check.received) {
                (true, "not signed") => return "not signed, and need not be".into(),
                (true, _) => "verified",
                (false, _) => "refused",
            };
            format!("{word}: {}", check.received)
        }
        Some(check) => format!("{} on {}", check.expected, check.received),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_told_in_words() {
        let check = |passed, received: &str| {
            vec![Check {
                name: "signature".into(),
                passed,
                expected: "".into(),
                received: received.to_owned().into(),
                source: "".into(),
            }]
        };
        let said = |passed, received| signature(&check(passed, received), "signature");
        assert_eq!(said(true, "urn:x"), "verified: urn:x");
        assert_eq!(
            said(false, "the digest differs"),
            "refused: the digest differs"
        );
        assert_eq!(said(true, "not signed"), "not signed, and need not be");
        assert_eq!(signature(&[], "signature"), "");
    }
}
