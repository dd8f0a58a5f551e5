//! Every line of the router, visited as nobody and as a user; the administration's are looked at
//! more closely in `coverage`.

use avouch_server::web::routes::{Caller, ROUTES};

use crate::support::app::TestApp;

/// Proves AV-SEC-61, AV-BND-13 for every route: each answers, none breaks, and each answer is hardened.
#[test]
fn every_route_answers_and_is_hardened() {
    let (app, _, user) = TestApp::ready();
    let nobody = app.client();
    assert!(ROUTES.len() >= 18, "the list is the router");
    for line in ROUTES {
        let path = line
            .path
            .replace("{app}", "wiki")
            .replace("{name}", "avouch.css");
        let path = path
            .replace("{id}", "unknown")
            .replace("{code}", "UNKN-OWN2");
        for client in [&nobody, &user] {
            let answer = match line.method {
                "get" => client.get(&path),
                "post" => client.post(&path, &[("p", "unknown")]),
                other => panic!("an unknown method {other}"),
            };
            let told = format!("{} {path}: {}", line.method, answer.status);
            assert_ne!(answer.status, 500, "{told}");
            assert_ne!(answer.status, 405, "{told}");
            for header in [
                "content-security-policy",
                "x-content-type-options",
                "referrer-policy",
                "x-frame-options",
                "cache-control",
            ] {
                assert!(answer.header(header).is_some(), "{told} has no {header}");
            }
            // A POST without this browser's token changes nothing for anybody.
            if line.method == "post" && line.caller != Caller::Anyone {
                assert!(
                    [200, 303, 400, 403, 404, 410].contains(&answer.status),
                    "{told}"
                );
                assert_eq!(answer.field("SAMLResponse"), None, "{told}");
            }
        }
        if matches!(line.caller, Caller::User | Caller::Administrator) && line.method == "get" {
            let answer = nobody.get(&path);
            assert!(
                answer.location().is_some_and(|l| l.starts_with("/login"))
                    || [403, 404].contains(&answer.status),
                "{path} is open to nobody: {}",
                answer.status
            );
        }
    }
}
