//! RequestedAuthnContext.

use avouch_saml::message::authn_request::{Comparison, ContextRefs, RequestedAuthnContext};
use avouch_server::audit::ResultCode;

use crate::support::app::{Setup, TestApp};
use crate::support::sp::Sp;

const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
const PROTECTED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";

/// Proves AV-ST-05, E65, IIP-IDP08, AV-RSP-10, AV-REQ-09: what happened is told, and what cannot
/// be is refused before anybody logs in.
#[test]
fn av_st_05_contexts_are_met_or_refused() {
    let (app, sp, client) = TestApp::ready();
    let ask = |comparison, refs: ContextRefs| {
        app.ask(&client, &sp, |r| {
            r.requested_authn_context = Some(RequestedAuthnContext { comparison, refs });
        })
    };
    let classes =
        |list: &[&str]| ContextRefs::Classes(list.iter().map(|c| (*c).to_owned()).collect());
    for (comparison, list) in [
        (Comparison::Exact, &[PROTECTED][..]),
        (Comparison::Exact, &[X509, PROTECTED]),
        (Comparison::Minimum, &[PASSWORD]),
        (Comparison::Better, &[PASSWORD]),
        (Comparison::Maximum, &[PROTECTED]),
    ] {
        let told = app.told(&sp, &ask(comparison, classes(list)));
        assert_eq!(told.ok().authn.context_class, PROTECTED, "{comparison:?}");
    }
    let stranger = app.client();
    for (comparison, refs) in [
        (Comparison::Exact, classes(&[X509])),
        (Comparison::Exact, classes(&["urn:unknown"])),
        (Comparison::Exact, classes(&[&PROTECTED.to_lowercase()])),
        (Comparison::Minimum, classes(&[X509])),
        (Comparison::Better, classes(&[PROTECTED])),
        (Comparison::Maximum, classes(&[PASSWORD])),
        (
            Comparison::Exact,
            ContextRefs::Declarations(vec!["urn:declaration".to_owned()]),
        ),
    ] {
        let answer = ask(comparison, refs.clone());
        app.assert_refused(
            &sp,
            &answer,
            ResultCode::NoAuthnContext,
            "Responder",
            "NoAuthnContext",
        );
        let answer = app.ask(&stranger, &sp, |r| {
            r.requested_authn_context = Some(RequestedAuthnContext { comparison, refs });
        });
        app.assert_refused(
            &sp,
            &answer,
            ResultCode::NoAuthnContext,
            "Responder",
            "NoAuthnContext",
        );
    }
}

/// Proves AV-REQ-23 for the contexts an app permits.
#[test]
fn av_req_23_an_app_permits_contexts() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    for (name, permitted, good) in [("p1", PROTECTED, true), ("p2", X509, false)] {
        let sp = Sp::new(name);
        app.connect(&sp, |_, saml| {
            saml.permitted_contexts = vec![permitted.to_owned()]
        });
        let answer = app.ask(&client, &sp, |_| ());
        assert_eq!(app.told(&sp, &answer).assertion.is_some(), good, "{name}");
    }
}

/// Proves AV-RSP-10: without TLS a password is told as one that others could read.
#[test]
fn av_rsp_10_the_class_tells_whether_there_was_tls() {
    let app = TestApp::with(Setup {
        server: "base_url = \"http://idp.test\"\ninsecure_http = true\n".to_owned(),
        config: "[keys]\nalgorithm = \"ec-p256\"\n".to_owned(),
        generated: true,
        ..Setup::default()
    });
    let sp = Sp::new("lab");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.client();
    let mut request = sp.request(&app);
    request.destination = Some("http://idp.test/saml/sso".to_owned());
    let page = client.follow(client.get(&sp.redirect(&app, &request)));
    assert!(
        client.cookie("avouch-browser").is_some()
            && client.cookie("__Host-avouch-browser").is_none()
    );
    let answer = app.log_in(&client, &page, "one");
    let told = sp.read_unverified(&app, &answer);
    assert!(
        told.contains(PASSWORD) && !told.contains(PROTECTED),
        "{told}"
    );
}

/// Proves AV-REQ-23: the order of strength is the organisation's to configure.
#[test]
fn av_req_23_the_order_of_strength_is_configured() {
    for (order, good) in [
        (format!("\"{PASSWORD}\", \"{PROTECTED}\""), true),
        (format!("\"{PROTECTED}\", \"{PASSWORD}\""), false),
    ] {
        let app = TestApp::configured(&format!("[saml]\ncontext_strength = [{order}]\n"));
        let sp = Sp::new("wiki");
        app.connect(&sp, |_, _| ());
        app.user("one");
        let client = app.signed_in("one");
        let answer = app.ask(&client, &sp, |r| {
            r.requested_authn_context = Some(RequestedAuthnContext {
                comparison: Comparison::Better,
                refs: ContextRefs::Classes(vec![PASSWORD.to_owned()]),
            });
        });
        assert_eq!(app.told(&sp, &answer).assertion.is_some(), good, "{order}");
    }
}

/// A request for what nobody here has is refused, ignored or mapped, as the app's settings say.
#[test]
fn requested_contexts_are_honoured_ignored_or_mapped() {
    use avouch_server::apps::saml::RequestedContext;

    const MFA: &str = "https://refeds.org/profile/mfa";
    const SFA: &str = "https://refeds.org/profile/sfa";
    let app = TestApp::configured(&format!(
        "[saml]\ncontext_map = [\"{SFA}={PROTECTED}|urn:x:other\"]\n"
    ));
    let sp = Sp::new("wiki");
    let connected = app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.signed_in("one");
    let ask = |class: &str| {
        app.ask(&client, &sp, |r| {
            r.requested_authn_context = Some(RequestedAuthnContext {
                comparison: Comparison::Exact,
                refs: ContextRefs::Classes(vec![class.to_owned()]),
            });
        })
    };
    let refused = |class: &str| {
        let code = ResultCode::NoAuthnContext;
        app.assert_refused(&sp, &ask(class), code, "Responder", "NoAuthnContext");
    };
    let stated = |class: &str| {
        let told = app.told(&sp, &ask(class));
        told.ok();
        told.assertion.expect("an assertion").authn.context_class
    };
    for class in [MFA, SFA] {
        refused(class);
    }
    let set = |how, map: &[String]| {
        app.change(&connected, |app| {
            app.definition.saml.requested_context = how;
            app.definition.saml.context_map = map.to_vec();
        });
    };
    set(RequestedContext::Ignore, &[]);
    assert_eq!(stated(MFA), PROTECTED, "what happened");
    set(RequestedContext::Map, &[]);
    assert_eq!(stated(SFA), SFA, "by the organisation's map");
    refused(MFA);
    set(RequestedContext::Map, &[format!("{MFA}={PROTECTED}")]);
    assert_eq!(stated(MFA), MFA, "by the app's own");
}

/// A password over TLS is a password.
#[test]
fn field_49_exactly_a_password_is_met_over_tls() {
    let (app, sp, client) = TestApp::ready();
    let answer = app.ask(&client, &sp, |r| {
        r.requested_authn_context = Some(RequestedAuthnContext {
            comparison: Comparison::Exact,
            refs: ContextRefs::Classes(vec![PASSWORD.to_owned()]),
        });
    });
    let told = app.told(&sp, &answer);
    told.ok();
    assert_eq!(told.assertion.expect("one").authn.context_class, PASSWORD);
}
