//! Consent of users who authorize an app themselves.

use avouch_saml::message::authn_request::NameIdPolicy;
use avouch_saml::name_id::NameIdFormat;
use avouch_server::apps::saml::{AttributeRow, Source, UserField};
use avouch_server::apps::{App, PermittedUsers};
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::client::{Answer, Client};
use crate::support::sp::Sp;

fn row(name: &str, field: UserField) -> AttributeRow {
    let format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
    AttributeRow {
        friendly_name: Some("mail".to_owned()),
        ..AttributeRow::new(name, format, Source::User(field))
    }
}

/// Proves AV-ST-08 for consent, AV-SEC-61 and AV-SEC-58 for its page: asked once, remembered,
/// asked again for more, and a refusal is told.
#[test]
fn av_st_08_consent_is_asked_once_and_refusal_is_told() {
    let app = TestApp::start();
    let sp = Sp::new("asking");
    let connected = app.connect(&sp, |app, saml| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        app.policy.profiles.clear();
        saml.attributes = vec![row("urn:mail", UserField::Email)];
    });
    app.user("one");
    let client = app.signed_in("one");
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    assert!(page.text().contains("one@example.org"), "{}", page.text());
    assert!(
        page.header("content-security-policy")
            .is_some_and(|p| p.contains("frame-ancestors 'none'"))
    );
    let p = page.field("p").expect("a sign-on");
    let csrf = page.field("csrf").expect("a token");
    // Going round the page does not help, and neither does a form of another site.
    let around = client.get(&format!("/continue?p={p}"));
    assert_eq!(around.location(), Some(format!("/consent?p={p}")));
    let forged = client.post(
        "/consent",
        &[("p", &p), ("decision", "accept"), ("csrf", "x")],
    );
    assert_eq!(forged.status, 403);
    let declined = client.post(
        "/consent",
        &[("p", &p), ("decision", "decline"), ("csrf", &csrf)],
    );
    app.assert_refused(
        &sp,
        &declined,
        ResultCode::ConsentDeclined,
        "Responder",
        "RequestDenied",
    );

    let page = client.follow(app.ask(&client, &sp, |_| ()));
    let p = page.field("p").expect("a sign-on");
    let shown = page.field("shown").expect("what it asked");
    let answer = client.post(
        "/consent",
        &[
            ("p", &p),
            ("decision", "accept"),
            ("csrf", &csrf),
            ("shown", &shown),
        ],
    );
    let told = app.told(&sp, &client.follow(answer));
    assert_eq!(
        told.values("urn:mail"),
        Some(vec!["one@example.org".to_owned()])
    );
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();

    app.change(&connected, |app| {
        app.definition
            .saml
            .attributes
            .push(row("urn:name", UserField::DisplayName));
    });
    let more = app.ask(&client, &sp, |_| ());
    assert!(
        more.location().is_some_and(|l| l.starts_with("/consent")),
        "{more:?}"
    );
    app.change(&connected, |app| app.policy.ask_consent = false);
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
}

/// Presses the button of a consent page.
pub(super) fn accept(client: &Client, page: &Answer) -> Answer {
    let field = |name: &str| page.field(name).unwrap_or_else(|| panic!("no {name}"));
    client.post(
        "/consent",
        &[
            ("p", &field("p")),
            ("csrf", &field("csrf")),
            ("shown", &field("shown")),
            ("decision", "accept"),
        ],
    )
}

fn asking(app: &TestApp, sp: &Sp) -> App {
    app.connect(sp, |app, saml| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        app.policy.profiles.clear();
        saml.attributes = vec![row("urn:mail", UserField::Email)];
    })
}

/// Proves AV-ST-08: a yes is to what the page showed. When more would be released by the time it
/// comes, or somebody else is signed in, the page is shown again.
#[test]
fn av_st_08_consent_is_given_to_what_was_shown() {
    let app = TestApp::start();
    let sp = Sp::new("asking");
    let connected = asking(&app, &sp);
    app.user("one");
    app.user("two");
    let client = app.signed_in("one");
    let page = client.follow(app.ask(&client, &sp, |_| ()));
    app.change(&connected, |app| {
        app.definition
            .saml
            .attributes
            .push(row("urn:name", UserField::DisplayName));
    });
    let again = client.follow(accept(&client, &page));
    assert_eq!(again.field("SAMLResponse"), None);
    assert!(again.text().contains("Sample User one"), "{}", again.text());
    assert_ne!(again.field("shown"), page.field("shown"));
    let forged = client.post(
        "/consent",
        &[
            ("p", &again.field("p").expect("p")),
            ("csrf", &again.field("csrf").expect("csrf")),
            ("decision", "accept"),
        ],
    );
    assert!(forged.location().is_some_and(|l| l.starts_with("/consent")));
    // Another user signs in before the button is pressed.
    let other = app.signed_in("two");
    let secret = client.cookie("__Host-avouch").expect("a session");
    client.set_cookie(
        "__Host-avouch",
        &other.cookie("__Host-avouch").expect("a session"),
    );
    let theirs = client.follow(accept(&client, &again));
    assert_eq!(theirs.field("SAMLResponse"), None);
    assert!(
        theirs.text().contains("two@example.org"),
        "{}",
        theirs.text()
    );
    client.set_cookie("__Host-avouch", &secret);
    let told = app.told(&sp, &client.follow(accept(&client, &again)));
    assert_eq!(
        told.values("urn:name"),
        Some(vec!["Sample User one".to_owned()])
    );
}

/// Proves AV-ST-08: consent is to the kind of name that is issued, which the request, the metadata
/// and the settings choose together, and not to the setting alone.
#[test]
fn av_st_08_consent_is_to_the_format_that_is_issued() {
    let app = TestApp::start();
    let mut sp = Sp::new("asking");
    let connected = asking(&app, &sp);
    app.change(&connected, |app| {
        let formats = &mut app.definition.saml.allowed_name_id_formats;
        formats.push(NameIdFormat::EmailAddress.uri().to_owned());
    });
    app.user("one");
    let client = app.signed_in("one");
    let ask = |sp: &Sp, format: Option<NameIdFormat>| {
        app.ask(&client, sp, |r| {
            r.name_id_policy = format.map(|format| NameIdPolicy {
                format: Some(format),
                ..NameIdPolicy::default()
            });
        })
    };
    let asks = |answer: &Answer| answer.location().is_some_and(|l| l.starts_with("/consent"));
    let page = client.follow(ask(&sp, None));
    app.told(&sp, &client.follow(accept(&client, &page))).ok();
    // The same name, said or not.
    for format in [
        None,
        Some(NameIdFormat::Unspecified),
        Some(NameIdFormat::Persistent),
    ] {
        app.told(&sp, &ask(&sp, format)).ok();
    }
    // Another one, by the request.
    assert!(asks(&ask(&sp, Some(NameIdFormat::EmailAddress))));
    app.told(&sp, &ask(&sp, None)).ok();
    // And by the metadata.
    sp.extra = format!(
        "<md:NameIDFormat>{}</md:NameIDFormat>",
        NameIdFormat::EmailAddress.uri()
    );
    app.republish(&sp);
    let page = client.follow(ask(&sp, None));
    assert!(page.field("shown").is_some(), "{}", page.text());
    app.change(&connected, |app| app.policy.ask_consent = false);
    app.told(&sp, &ask(&sp, None)).ok();
}
