//! Changing an app: settings, attribute rows, blocking, removing; each with its event, at once in
//! force.

use avouch_server::apps::AppState;
use avouch_server::audit::{EventKind, ResultCode};
use avouch_server::store;

use super::{ALL, admin, apps, post};
use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::sp::Sp;

pub(crate) type Fields = Vec<(String, String)>;

/// What the browser would send of the settings form if nobody touched it.
pub(crate) fn as_shown(client: &Client, path: &str) -> Fields {
    let text = client.get(path).text();
    let at = text.find("id=\"settings\"").expect("the settings form");
    let mut fields = form_of(&text[at..]);
    fields.push(("do".into(), "save".into()));
    fields
}

/// What the browser would send of the form that `text` begins in, without a button.
pub(crate) fn form_of(text: &str) -> Fields {
    let form = text.split("</form>").next().expect("its end");
    let mut fields = Fields::new();
    let mut select = String::new();
    let mut rest = form;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let tag = rest.split('>').next().unwrap_or("");
        let value = |name: &str| {
            let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(decoded(tag[from..].split('"').next()?))
        };
        if tag.starts_with("select") {
            select = value("name").unwrap_or_default();
        } else if tag.starts_with("option") && tag.contains(" selected") {
            fields.push((select.clone(), value("value").unwrap_or_default()));
        } else if tag.starts_with("textarea") {
            let body = rest[tag.len() + 1..]
                .split("</textarea>")
                .next()
                .unwrap_or("");
            fields.push((
                value("name").unwrap_or_default(),
                decoded(body.trim_start_matches('\n')),
            ));
        } else if tag.starts_with("input") {
            let tickable = tag.contains("\"checkbox\"") || tag.contains("\"radio\"");
            if !tickable || tag.contains(" checked") {
                fields.push((
                    value("name").unwrap_or_default(),
                    value("value").unwrap_or_default(),
                ));
            }
        }
    }
    assert!(
        fields.iter().any(|(name, _)| name == "csrf"),
        "the form has a token"
    );
    fields
}

fn decoded(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

pub(crate) fn set(fields: &mut Fields, name: &str, value: &str) {
    match fields.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => value.clone_into(old),
        None => fields.push((name.to_owned(), value.to_owned())),
    }
}

pub(crate) fn pairs(fields: &Fields) -> Vec<(&str, &str)> {
    fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect()
}

pub(crate) fn row(name: &str, format: &str, source: &str, value: &str) -> Fields {
    [
        ("attr_name", name),
        ("attr_friendly", ""),
        ("attr_format", format),
        ("attr_source", source),
        ("attr_value", value),
        ("attr_missing", "omit"),
        ("attr_when", "always"),
        ("attr_only_for", ""),
    ]
    .iter()
    .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
    .collect()
}

#[test]
fn an_untouched_page_saves_to_the_same() {
    let app = TestApp::start();
    let connected = app.connect(&Sp::new("wiki"), |a, saml| {
        a.definition.description = "Ünï <&> 'quoted' \"øst\" 漢字".into();
        saml.attributes =
            vec![avouch_server::apps::row::parse_row("mail=email,missing=refuse").expect("a row")];
    });
    let client = admin(&app, ALL);
    let fields = as_shown(&client, "/admin/apps/wiki");
    let answer = client.post("/admin/apps/wiki", &pairs(&fields));
    assert_eq!(answer.status, 303, "{}", answer.text());
    let after = app
        .services
        .db
        .read(|c| store::apps::by_id(c, &connected.id))
        .expect("read")
        .expect("there")
        .app;
    let json =
        |value: &avouch_server::apps::Definition| serde_json::to_value(value).expect("plain");
    assert_eq!(json(&after.definition), json(&connected.definition));
    assert_eq!(after.policy.profiles, connected.policy.profiles);
    assert!(
        app.last_event().checks.is_empty(),
        "nothing changed, so nothing is listed"
    );
}

/// Attributes with any Name and any NameFormat are set on the page and arrive unchanged at the SP.
/// Proves IIP-IDP01.
#[test]
fn iip_idp01_odd_names_and_formats_arrive_unchanged() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let client = admin(&app, ALL);
    let rows = [
        (
            "urn:x:a=b,c|d",
            "urn:x:an:odd:format",
            "constant",
            "one\ntwo, three",
        ),
        (
            "Ünï <&> \"名\"",
            "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
            "user:email",
            "",
        ),
        (
            "cn",
            "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
            "template",
            "${given_name} <${family_name}>",
        ),
    ];
    let mut fields = as_shown(&client, "/admin/apps/wiki");
    for (name, format, source, value) in rows {
        fields.extend(row(name, format, source, value));
    }
    let answer = client.post("/admin/apps/wiki", &pairs(&fields));
    assert_eq!(answer.status, 303, "{}", answer.text());
    app.user("sample.one");
    let told = app.sign_on(&app.client(), &sp, "sample.one");
    let released: Vec<(String, Option<String>)> = told
        .ok()
        .attributes
        .iter()
        .map(|a| (a.name.clone(), a.name_format.clone()))
        .collect();
    for (name, format, ..) in rows {
        assert!(
            released.contains(&(name.to_owned(), Some(format.to_owned()))),
            "{name}: {released:?}"
        );
    }
    assert_eq!(
        told.values(rows[0].0),
        Some(vec!["one".into(), "two, three".into()])
    );
    assert_eq!(told.values("cn"), Some(vec!["Sample <sample.one>".into()]));
}

#[test]
fn a_wrong_value_is_shown_at_its_field_and_changes_nothing() {
    let app = TestApp::start();
    let connected = app.connect(&Sp::new("wiki"), |_, _| ());
    let client = admin(&app, ALL);
    let before = app.events().len();
    for (field, value) in [
        ("clock_skew_seconds", "601"),
        ("assertion_lifetime_seconds", "ten"),
        ("start_url", "javascript:alert(1)"),
        ("name", ""),
        ("signing_key", "no-such-key"),
        ("profiles", "no-such-profile"),
    ] {
        let mut fields = as_shown(&client, "/admin/apps/wiki");
        set(&mut fields, "description", "changed");
        set(&mut fields, field, value);
        let answer = client.post("/admin/apps/wiki", &pairs(&fields));
        assert_eq!(answer.status, 422, "{field}");
        assert!(answer.text().contains("changed"), "what was typed is kept");
        assert!(
            answer.text().contains(&format!("href=\"#{field}\"")),
            "{field} is not named"
        );
    }
    let in_force = |words: &str| {
        let page = client.get("/admin/apps/wiki").text();
        assert!(page.contains(&format!("In force: {words}")), "{page}");
    };
    in_force("180 (from the organisation)");
    let mut fields = as_shown(&client, "/admin/apps/wiki");
    set(&mut fields, "clock_skew_seconds", "600");
    let answer = client.post("/admin/apps/wiki", &pairs(&fields));
    assert_eq!(answer.status, 303);
    in_force("600 (set here)");
    let after = app
        .services
        .db
        .read(|c| store::apps::by_id(c, &connected.id))
        .expect("read")
        .expect("there")
        .app;
    assert_eq!(after.definition.description, "");
    assert_eq!(after.definition.saml.clock_skew_seconds, Some(600));
    let events = app.events();
    assert_eq!(events.len(), before + 1);
    let change = &crate::support::app::lines(&events[0])[0];
    assert_eq!(
        (
            change.name.as_str(),
            change.expected.as_str(),
            change.received.as_str()
        ),
        ("clock_skew_seconds", "", "600")
    );
}

#[test]
fn rows_are_added_and_removed_without_scripts() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    let client = admin(&app, ALL);
    let mut fields = as_shown(&client, "/admin/apps/wiki");
    set(&mut fields, "do", "add-attribute");
    set(&mut fields, "preset", "mail");
    set(&mut fields, "description", "not saved yet");
    let answer = client.post("/admin/apps/wiki", &pairs(&fields));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("urn:oid:0.9.2342.19200300.100.1.3"));
    assert!(answer.text().contains("not saved yet"));
    let shown = client.get("/admin/apps/wiki").text();
    assert!(!shown.contains("not saved yet"));
}

/// Blocking refuses at once, also a sign-on that waits for its login, and unblocking lets it in.
/// Proves AV-SEC-51.
#[test]
fn av_sec_51_blocking_counts_for_a_login_that_is_running() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("sample.one");
    let client = admin(&app, ALL);
    let browser = app.client();
    let page = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
    assert_eq!(post(&client, "/admin/apps/wiki/block", &[]).status, 303);
    let answer = app.log_in(&browser, &page, "sample.one");
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::AppBlocked,
        "Responder",
        "RequestDenied",
    );
    // By a launch as well.
    let launched = browser.get("/launch/wiki");
    let launched = if launched.field("csrf").is_some() {
        post(&browser, "/launch/wiki", &[])
    } else {
        launched
    };
    let launched = browser.follow(launched);
    assert_eq!(app.told(&sp, &launched).status().1, "RequestDenied");

    assert_eq!(post(&client, "/admin/apps/wiki/unblock", &[]).status, 303);
    let answer = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
    app.told(&sp, &answer).ok();
}

#[test]
fn uninstalling_takes_the_policy_and_never_widens_access() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    let connected = app.connect(&sp, |_, _| ());
    app.user("sample.one");
    let client = admin(&app, ALL);
    let state = || {
        app.services
            .db
            .read(|c| store::apps::by_id(c, &connected.id))
            .expect("read")
            .expect("there")
            .app
    };
    let asked = client.get("/admin/apps/wiki/uninstall");
    assert!(
        asked.text().contains("Uninstall Sample App wiki?"),
        "{}",
        asked.text()
    );
    assert_eq!(state().state, AppState::Installed, "asking does nothing");
    assert_eq!(post(&client, "/admin/apps/wiki/uninstall", &[]).status, 303);
    // What undoes a block installs nothing.
    assert_eq!(post(&client, "/admin/apps/wiki/unblock", &[]).status, 409);
    assert_eq!(
        (state().state, state().policy.profiles.len()),
        (AppState::Uninstalled, 0)
    );
    let browser = app.client();
    let page = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
    let answer = app.log_in(&browser, &page, "sample.one");
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::AppNotInstalled,
        "Responder",
        "RequestDenied",
    );
    // Installed again it is closed until somebody opens it.
    assert_eq!(post(&client, "/admin/apps/wiki/install", &[]).status, 303);
    let answer = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::AppAccessDenied,
        "Responder",
        "RequestDenied",
    );
}

#[test]
fn removing_asks_first_and_leaves_the_events() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let client = admin(&app, ALL);
    let asked = client.get("/admin/apps/wiki/remove");
    assert_eq!((asked.status, apps(&app)), (200, 1));
    assert_eq!(post(&client, "/admin/apps/wiki/remove", &[]).status, 303);
    assert_eq!(apps(&app), 0);
    let event = app.last_event();
    assert_eq!(
        (event.kind, event.result),
        (EventKind::Admin.into(), ResultCode::Success.into())
    );
    assert_eq!(event.entity_id.as_deref(), Some(sp.entity_id.as_str()));
    assert_eq!(client.get("/admin/apps/wiki").status, 404);
    let browser = app.client();
    let answer = browser.get(&sp.redirect(&app, &sp.request(&app)));
    app.assert_page(&answer, ResultCode::UnknownServiceProvider);
}
