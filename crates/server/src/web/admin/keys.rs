//! `GET /admin/keys`.

use actix_web::{HttpRequest, HttpResponse};
use avouch_saml::security::certificate::Certificate;

use super::view::{days_until, key_kind, moment};
use super::{admin_frame, apps, ask};
use crate::flow::admin::keys as flow;
use crate::web::extract;
use crate::web::pages::Moment;
use crate::web::pages::admin::{KeyLine, KeyListPage, KeyState};
use crate::web::respond::page;

/// Lists the keys.
pub(crate) async fn list(request: HttpRequest) -> HttpResponse {
    let cx = extract::context(&request);
    ask(&request, cx, flow::list, |cx, found| {
        let instant = |at: Option<avouch_saml::time::Timestamp>| {
            at.map_or_else(|| Moment::from_unix_millis(0), moment)
        };
        let mut keys: Vec<KeyLine> = found
            .keys
            .iter()
            .filter_map(|key| {
                let certificate = Certificate::from_der(&key.certificate).ok()?;
                Some(KeyLine {
                    kind: apps::kind_of(key).map_or_else(|| key.algorithm.clone(), key_kind),
                    state: match key.state.as_str() {
                        "active" => KeyState::Active,
                        "next" => KeyState::Next,
                        "previous" => KeyState::Previous,
                        _ => KeyState::Retired,
                    },
                    subject: certificate.subject(),
                    pem: certificate.pem(),
                    fingerprint: certificate.fingerprint(),
                    sha1: certificate.sha1_fingerprint(),
                    valid_from: instant(certificate.not_before()),
                    expires: instant(certificate.not_after()),
                    days_left: certificate
                        .not_after()
                        .map_or(0, |until| days_until(until, cx.now)),
                    used_by: found
                        .chosen
                        .iter()
                        .filter(|(id, _)| *id == key.id)
                        .map(|(_, name)| name.clone())
                        .collect(),
                    development: is_published(&certificate),
                })
            })
            .collect();
        keys.sort_by_key(|key| match key.state {
            KeyState::Active => 0,
            KeyState::Next => 1,
            KeyState::Previous => 2,
            KeyState::Retired => 3,
        });
        page(
            cx,
            &KeyListPage {
                frame: admin_frame(cx, &found.viewer),
                keys,
            },
        )
    })
    .await
}

/// Whether everybody has the private half: the development keys are in the source.
fn is_published(certificate: &Certificate) -> bool {
    [
        include_str!("../../../../../certs/dev/idp-rsa2048.cert.pem"),
        include_str!("../../../../../certs/dev/idp-rsa3072.cert.pem"),
        include_str!("../../../../../certs/dev/idp-p256.cert.pem"),
        include_str!("../../../../../certs/dev/idp-p384.cert.pem"),
    ]
    .iter()
    .any(|pem| {
        Certificate::from_pem(pem.as_bytes()).is_ok_and(|own| own.der() == certificate.der())
    })
}
