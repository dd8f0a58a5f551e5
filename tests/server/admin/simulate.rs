//! The dry run: what it shows is what is sent.

use avouch_saml::time::Timestamp;
use avouch_server::apps::row::parse_row;
use avouch_server::apps::saml::SubjectType;
use avouch_server::apps::{AppState, PermittedUsers};
use avouch_server::audit::ResultCode;
use avouch_server::users::AdminRight;

use super::{ALL, admin};
use crate::support::app::TestApp;
use crate::support::sp::{Sp, key};

/// The assertion without what must differ: identifiers, the signature, the request it answers; and
/// with instants counted from its issue.
fn comparable(xml: &str) -> String {
    let mut out = xml.to_owned();
    if let (Some(from), Some(to)) = (out.find("<ds:Signature "), out.find("</ds:Signature>")) {
        out.replace_range(from..to + "</ds:Signature>".len(), "");
    }
    for attribute in ["ID", "SessionIndex", "InResponseTo"] {
        let mark = format!(" {attribute}=\"");
        while let Some(from) = out.find(&mark) {
            let end = out[from + mark.len()..].find('"').expect("it ends") + from + mark.len();
            out.replace_range(from..=end, "");
        }
    }
    let issued = instants(&out)[0];
    for instant in instants(&out) {
        let seconds = (instant.millis() - issued.millis()) / 1000;
        out = out.replace(&format!("\"{instant}\""), &format!("\"{seconds} s\""));
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn instants(xml: &str) -> Vec<Timestamp> {
    xml.split('"').filter_map(Timestamp::parse).collect()
}

/// The text of the page's element, as a reader sees it.
fn shown_xml(page: &str) -> String {
    let at = page
        .find("<pre class=\"xml\"")
        .expect("the assertion is shown");
    let text = page[at..].split_once('>').expect("a tag").1;
    let text = text.split("</pre>").next().expect("its end");
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// The dry run's assertion equals the real one but for identifiers and signature, and it is not
/// signed. Proves AV-ATT-05.
#[test]
fn av_att_05_the_dry_run_equals_the_real_response() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.attributes = [
            "mail=email",
            "cn=template:${given_name} <${family_name}>",
            "x=custom.none,missing=empty",
            "y=custom.none",
        ]
        .iter()
        .map(|row| parse_row(row).expect("a row"))
        .collect();
    });
    app.user("sample.one");
    let client = admin(&app, ALL);
    // First the real one: logging in takes the test's clock a second on.
    let told = app.sign_on(&app.client(), &sp, "sample.one");
    let events = app.events().len();
    let page = client.get("/admin/apps/wiki/simulate?user=sample.one");
    assert_eq!(page.status, 200, "{}", page.text());
    let shown = shown_xml(&page.text());
    assert!(
        !shown.contains("Signature"),
        "a signed one could be used by whoever reads it"
    );
    // White space between elements is the page's.
    let squeezed = |xml: &str| comparable(xml).replace("> <", "><");
    assert_eq!(squeezed(&shown), squeezed(&told.assertion_xml));
    assert_eq!(app.events().len(), events, "the dry run leaves no event");
}

#[test]
fn a_refusal_is_foretold_with_its_rule() {
    let app = TestApp::start();
    let connected = app.connect(&Sp::new("wiki"), |_, _| ());
    app.user("sample.one");
    app.user_with("sample.two", |u| u.active = false);
    let client = admin(&app, ALL);
    let say = |user: &str| {
        client
            .get(&format!("/admin/apps/wiki/simulate?user={user}"))
            .text()
    };
    assert!(say("sample.one").contains("would be let in"));
    assert!(say("sample.two").contains("UserInactive"));
    let nobody = client.get("/admin/apps/wiki/simulate?user=no-such-user");
    assert_eq!(nobody.status, 422);
    app.change(&connected, |a| a.policy.profiles.clear());
    assert!(say("sample.one").contains("AppAccessDenied"));
    app.change(&connected, |a| {
        a.policy.permitted_users = PermittedUsers::SelfAuthorize
    });
    assert!(say("sample.one").contains("consent page"));
    app.change(&connected, |a| a.state = AppState::Blocked);
    let blocked = say("sample.one");
    assert!(blocked.contains("AppBlocked") && !blocked.contains("saml:Assertion"));
}

/// Metadata that nothing can be signed for is foretold as the sign-on would find it.
#[test]
fn an_app_that_cannot_be_answered_is_foretold() {
    let app = TestApp::start();
    let mut sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("sample.one");
    let client = admin(&app, ALL);
    let say = || {
        client
            .get("/admin/apps/wiki/simulate?user=sample.one")
            .text()
    };
    assert!(say().contains("would be let in"));
    sp.extensions = "<alg:SigningMethod xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\" \
        Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"/>"
        .to_owned();
    app.republish(&sp);
    assert!(say().contains("InvalidSettings"));
}

/// It shows a user's data, so the right to edit apps is not enough.
#[test]
fn it_takes_the_right_to_see_users() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    app.user("sample.one");
    let path = "/admin/apps/wiki/simulate?user=sample.one";
    for (rights, status) in [
        (&[AdminRight::EditApps, AdminRight::ManageRelease][..], 403),
        (&[AdminRight::ManageUsers][..], 403),
        (&[AdminRight::ManageUsers, AdminRight::ReadApps][..], 200),
    ] {
        assert_eq!(admin(&app, rights).get(path).status, status, "{rights:?}");
    }
}

/// Proves AV-ATT-05: the dry run refuses where the sign-on does, by the same rule: encryption, the
/// key to sign with, the metadata's end, a name and a value that are missing.
#[test]
fn av_att_05_the_dry_run_refuses_what_the_sign_on_refuses() {
    let app = TestApp::start();
    app.user("sample.one");
    let soon = app.now().plus_seconds(60);
    let weak = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#tripledes-cbc\"/></md:KeyDescriptor>";
    let plain = Sp::new("plain");
    let mut expired = Sp::new("expired");
    expired.root_attributes = format!("validUntil=\"{soon}\"");
    let mut cipher = Sp::new("cipher");
    cipher.keys = key("encryption", "sp-encryption").replace("</md:KeyDescriptor>", weak);
    let keyless = Sp::new("keyless");
    let nameless = Sp::new("nameless");
    let valueless = Sp::new("valueless");
    for sp in [&plain, &expired, &cipher] {
        app.connect(sp, |_, _| ());
    }
    app.connect(&keyless, |_, saml| {
        saml.signing_key = Some("gone".to_owned())
    });
    app.connect(&nameless, |_, saml| {
        saml.subject_type = SubjectType::Custom("badge".to_owned());
    });
    app.connect(&valueless, |_, saml| {
        saml.attributes = vec![parse_row("mail=custom.badge,missing=refuse").expect("a row")];
    });
    let client = admin(&app, ALL);
    let user = app.signed_in("sample.one");
    app.clock.advance(3600);
    let user_is_in = |sp: &Sp| app.ask(&user, sp, |_| ());
    for (sp, result) in [
        (&plain, None),
        (&expired, Some(ResultCode::MetadataExpired)),
        (&cipher, Some(ResultCode::NoEncryptionKey)),
        (&nameless, Some(ResultCode::NoCustomAttributeValue)),
        (&valueless, Some(ResultCode::NoCustomAttributeValue)),
        (&keyless, Some(ResultCode::InvalidSettings)),
    ] {
        let path = format!("/admin/apps/{}/simulate?user=sample.one", sp.api_name);
        let page = client.get(&path).text();
        let answer = user_is_in(sp);
        match result {
            None => {
                assert!(page.contains("would be let in"), "{page}");
                app.told(sp, &answer).ok();
            }
            Some(result) => {
                assert!(page.contains(result.as_str()), "{}: {page}", sp.api_name);
                assert!(!page.contains("would be let in"), "{}", sp.api_name);
                assert_eq!(app.last_event().result, result, "{}", sp.api_name);
                if result == ResultCode::InvalidSettings {
                    assert!(page.contains("there is no key to sign with"), "{page}");
                }
            }
        }
    }
}
