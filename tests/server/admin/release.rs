//! What an app is told, as set on its page.

use super::changes::{Fields, as_shown, pairs};
use super::{ALL, admin};
use crate::support::app::TestApp;
use crate::support::sp::Sp;

const BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";

fn row(name: &str, source: &str, when: &str, only_for: &str) -> Fields {
    [
        ("attr_name", name),
        ("attr_friendly", ""),
        ("attr_format", BASIC),
        ("attr_source", source),
        ("attr_value", ""),
        ("attr_missing", "omit"),
        ("attr_when", when),
        ("attr_only_for", only_for),
        ("attr_allowed_values", ""),
        ("attr_allowed_prefixes", ""),
    ]
    .iter()
    .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
    .collect()
}

fn save(app: &TestApp, api_name: &str, rows: &[Fields]) {
    let client = admin(app, ALL);
    let path = format!("/admin/apps/{api_name}");
    let mut fields = as_shown(&client, &path);
    fields.retain(|(name, _)| !name.starts_with("attr_"));
    for row in rows {
        fields.extend(row.iter().cloned());
    }
    let answer = client.post(&path, &pairs(&fields));
    assert_eq!(answer.status, 303, "{}", answer.text());
}

/// Two apps, two sets of rows: each is told its own. Proves IIP-IDP02.
#[test]
fn iip_idp02_release_depends_on_the_app() {
    let app = TestApp::start();
    app.user("sample.one");
    let (one, two) = (Sp::new("one"), Sp::new("two"));
    app.connect(&one, |_, _| ());
    app.connect(&two, |_, _| ());
    save(&app, "one", &[row("mail", "user:email", "always", "")]);
    save(&app, "two", &[row("uid", "user:username", "always", "")]);
    let browser = app.client();
    let told = app.sign_on(&browser, &one, "sample.one");
    assert!(told.values("mail").is_some() && told.values("uid").is_none());
    let answer = browser.follow(browser.get(&two.redirect(&app, &two.request(&app))));
    let told = app.told(&two, &answer);
    assert!(told.values("mail").is_none() && told.values("uid").is_some());
}

/// A row for an entity category follows the app's metadata as it is replaced.
/// Proves IIP-IDP03.
#[test]
fn iip_idp03_release_follows_entity_attributes() {
    let app = TestApp::start();
    app.user("sample.one");
    let category = |values: &[&str]| Sp {
        extensions: if values.is_empty() {
            String::new()
        } else {
            let values: String = values
                .iter()
                .map(|v| format!("<saml:AttributeValue>{v}</saml:AttributeValue>"))
                .collect();
            format!(
                "<mdattr:EntityAttributes xmlns:mdattr=\"urn:oasis:names:tc:SAML:metadata:attribute\" \
                 xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Attribute \
                 Name=\"http://macedir.org/entity-category\" \
                 NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">{values}\
                 </saml:Attribute></mdattr:EntityAttributes>"
            )
        },
        ..Sp::new("wiki")
    };
    app.connect(&category(&[]), |_, _| ());
    save(
        &app,
        "wiki",
        &[row(
            "mail",
            "user:email",
            "always",
            "http://macedir.org/entity-category=urn:x:research",
        )],
    );
    let client = admin(&app, ALL);
    let browser = app.client();
    for (values, released) in [
        (&[][..], false),
        (&["urn:x:research"][..], true),
        (&["urn:x:other"][..], false),
        (&["urn:x:other", "urn:x:research"][..], true),
        (&[][..], false),
    ] {
        let sp = category(values);
        let saved = super::replace_metadata(&client, "wiki", &sp.metadata());
        assert_eq!(saved.status, 303, "{}", saved.text());
        let answer = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
        let answer = if answer.text().contains("type=\"password\"") {
            app.log_in(&browser, &answer, "sample.one")
        } else {
            answer
        };
        assert_eq!(
            app.told(&sp, &answer).values("mail").is_some(),
            released,
            "{values:?}"
        );
    }
}

/// Rows released only on request follow the set of attributes that the request chooses: by its
/// index, the default without one, and the default for an index nobody declared.
/// Proves IIP-IDP04.
#[test]
fn iip_idp04_release_follows_the_chosen_attribute_service() {
    let app = TestApp::start();
    app.user("sample.one");
    let service = |index: u16, default: &str, names: &[&str]| {
        let names: String = names
            .iter()
            .map(|name| {
                format!("<md:RequestedAttribute Name=\"{name}\" NameFormat=\"{BASIC}\" isRequired=\"true\"/>")
            })
            .collect();
        format!(
            "<md:AttributeConsumingService index=\"{index}\"{default}>\
             <md:ServiceName xml:lang=\"en\">Service {index}</md:ServiceName>{names}\
             </md:AttributeConsumingService>"
        )
    };
    let plain = Sp::new("wiki");
    let services = format!(
        "{}{}",
        service(1, " isDefault=\"true\"", &["mail"]),
        service(2, "", &["uid", "sn"])
    );
    app.connect(&plain, |_, _| ());
    let client = admin(&app, ALL);
    let metadata = plain.metadata().replace(
        "</md:SPSSODescriptor>",
        &format!("{services}</md:SPSSODescriptor>"),
    );
    let saved = super::replace_metadata(&client, "wiki", &metadata);
    assert_eq!(saved.status, 303, "{}", saved.text());
    save(
        &app,
        "wiki",
        &[
            row("mail", "user:email", "requested", ""),
            row("uid", "user:username", "requested", ""),
            row("displayName", "user:display_name", "always", ""),
        ],
    );
    let browser = app.client();
    app.sign_on(&browser, &plain, "sample.one");
    for (index, wanted) in [
        (Some(1), ["mail", "displayName"]),
        (Some(2), ["uid", "displayName"]),
        (None, ["mail", "displayName"]),
        (Some(9), ["mail", "displayName"]),
    ] {
        let mut request = plain.request(&app);
        request.attribute_consuming_service_index = index;
        let answer = browser.follow(browser.get(&plain.redirect(&app, &request)));
        let told = app.told(&plain, &answer);
        let names: Vec<&str> = told
            .ok()
            .attributes
            .iter()
            .map(|a| a.name.as_str())
            .collect();
        assert_eq!(names, wanted, "{index:?}");
    }
}

/// A row on the page that lets only some values of one source out, at one app and not at another;
/// and one that waits for isRequired. Proves IIP-IDP02, IIP-IDP04.
#[test]
fn iip_idp02_the_page_limits_a_row_to_values() {
    let app = TestApp::start();
    app.user_with("sample.one", |u| {
        let roles = ["CORP\\staff", "urn:x:wiki:admin", "root"];
        u.custom
            .insert("role".to_owned(), roles.map(str::to_owned).to_vec());
    });
    let (one, two) = (Sp::new("one"), Sp::new("two"));
    app.connect(&one, |_, _| ());
    app.connect(&two, |_, _| ());
    let roles = |values: &str, prefixes: &str| {
        let mut row = row("role", "custom", "always", "");
        for (name, value) in &mut row {
            match name.as_str() {
                "attr_value" => *value = "role".to_owned(),
                "attr_allowed_values" => *value = values.to_owned(),
                "attr_allowed_prefixes" => *value = prefixes.to_owned(),
                _ => {}
            }
        }
        row
    };
    let required = row("mail", "user:email", "required", "");
    save(
        &app,
        "one",
        &[roles("CORP\\staff\r\n", "urn:x:wiki:"), required],
    );
    save(&app, "two", &[roles("", "")]);
    let browser = app.client();
    let told = app.sign_on(&browser, &one, "sample.one");
    assert_eq!(
        told.values("role"),
        Some(vec![
            "CORP\\staff".to_owned(),
            "urn:x:wiki:admin".to_owned()
        ])
    );
    assert_eq!(told.values("mail"), None, "nobody requires it");
    let answer = browser.follow(browser.get(&two.redirect(&app, &two.request(&app))));
    assert_eq!(
        app.told(&two, &answer).values("role").map(|v| v.len()),
        Some(3)
    );
    let shown = as_shown(&admin(&app, ALL), "/admin/apps/one");
    for (name, value) in [
        ("attr_allowed_values", "CORP\\staff"),
        ("attr_allowed_prefixes", "urn:x:wiki:"),
    ] {
        assert!(
            shown.iter().any(|(n, v)| n == name && v.trim() == value),
            "{name}"
        );
    }
}
