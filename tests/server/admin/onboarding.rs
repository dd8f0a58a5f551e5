//! Adding an app: by file, by pasted text, by typed fields, and everything that is refused.

use avouch_server::apps::PermittedUsers;
use avouch_server::store;

use super::{ALL, admin, apps, post, upload};
use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::dev_pem;
use crate::support::sp::Sp;

const PREVIEW: &str = "/admin/apps/preview";

/// Confirms a preview as its page would.
fn confirm(client: &Client, preview: &crate::support::client::Answer) -> String {
    let saved = post(
        client,
        "/admin/apps",
        &[
            (
                "metadata",
                &preview.field("metadata").expect("the document"),
            ),
            ("entity_id", &preview.field("entity_id").expect("its name")),
            ("name", &preview.field("name").expect("a name")),
        ],
    );
    assert_eq!(saved.status, 303, "{}", saved.text());
    let location = saved.location().expect("the app's page");
    assert_eq!(client.get(&location).status, 200);
    location
}

#[test]
fn a_file_is_previewed_confirmed_and_a_user_signs_on() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp::new("wiki");
    let preview = upload(
        &client,
        PREVIEW,
        &[("source", "file"), ("file", &sp.metadata())],
    );
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(preview.text().contains(&sp.entity_id));
    assert!(preview.text().contains(&sp.acs));
    assert_eq!(apps(&app), 0, "a preview stores nothing");

    confirm(&client, &preview);
    let stored = app
        .services
        .db
        .read(|c| store::apps::by_entity_id(c, &sp.entity_id))
        .expect("read")
        .expect("stored");
    assert_eq!(stored.metadata_xml, sp.metadata().into_bytes());
    assert_eq!(
        stored.app.policy.permitted_users,
        PermittedUsers::AdminApproved
    );
    assert_eq!(stored.app.definition.saml.attributes, []);
    let event = app.last_event();
    assert_eq!(event.app_name.as_deref(), Some(stored.app.name.as_str()));
    assert!(event.reason.contains("added"), "{}", event.reason);

    // Closed until somebody opens it.
    app.user("sample.one");
    let browser = app.client();
    let page = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
    let answer = app.log_in(&browser, &page, "sample.one");
    assert_eq!(app.told(&sp, &answer).status().0, "Responder");
    app.change(&stored.app, |a| {
        a.policy.permitted_users = PermittedUsers::SelfAuthorize
    });
    app.change(&stored.app, |a| a.policy.ask_consent = false);
    let answer = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
    app.told(&sp, &answer).ok();
}

#[test]
fn pasted_and_typed_apps_come_to_the_same() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let pasted = upload(
        &client,
        PREVIEW,
        &[
            ("source", "paste"),
            ("metadata", &Sp::new("pasted").metadata()),
        ],
    );
    assert_eq!(pasted.status, 200, "{}", pasted.text());
    confirm(&client, &pasted);

    let typed = upload(
        &client,
        PREVIEW,
        &[
            ("source", "typed"),
            ("name", "Typed Ünï <b>"),
            ("entity_id", "https://typed.example.org/sp"),
            (
                "acs_urls",
                "https://typed.example.org/acs\r\nhttps://typed.example.org/other\r\n",
            ),
            ("certificates", &dev_pem("sp-signing.cert.pem")),
            ("requests_signed", "yes"),
        ],
    );
    assert_eq!(typed.status, 200, "{}", typed.text());
    assert!(!typed.text().contains("<b>"), "names are escaped");
    confirm(&client, &typed);
    let stored = app
        .services
        .db
        .read(|c| store::apps::by_entity_id(c, "https://typed.example.org/sp"))
        .expect("read")
        .expect("stored");
    assert_eq!(stored.app.name, "Typed Ünï <b>");
    assert_eq!(apps(&app), 2);
}

#[test]
fn one_service_provider_is_chosen_of_a_federation() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let both = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</md:EntitiesDescriptor>",
        Sp::new("first").metadata(),
        Sp::new("second").metadata()
    );
    let choose = upload(&client, PREVIEW, &[("source", "file"), ("file", &both)]);
    assert_eq!(choose.status, 200, "{}", choose.text());
    let second = Sp::new("second");
    assert!(choose.text().contains(&second.entity_id));
    let preview = upload(
        &client,
        PREVIEW,
        &[
            ("source", "paste"),
            ("metadata", &both),
            ("entity_id", &second.entity_id),
        ],
    );
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(!preview.text().contains(&Sp::new("first").entity_id));
    confirm(&client, &preview);
    assert_eq!(apps(&app), 1);
}

/// What is no usable metadata is refused with its line and the reason, and nothing is stored; the
/// same document without the fault is taken. Proves AV-SEC-54.
#[test]
fn bad_metadata_is_refused_with_line_and_reason() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let good = Sp::new("good");
    let lines = |text: &str| text.replace("><", ">\n<");
    let script = Sp {
        acs: "javascript:alert(1)".into(),
        ..Sp::new("script")
    };
    let nowhere = Sp {
        endpoints: Some(String::new()),
        ..Sp::new("nowhere")
    };
    let expired = Sp {
        root_attributes: " validUntil=\"2026-02-01T00:00:00Z\"".into(),
        ..Sp::new("expired")
    };
    let current = Sp {
        root_attributes: " validUntil=\"2026-04-01T00:00:00Z\"".into(),
        ..Sp::new("expired")
    };
    let cases = [
        (
            "<html><body>no</body></html>".to_owned(),
            "not SAML metadata",
        ),
        ("no XML at all".to_owned(), "line 1"),
        (
            lines(&good.metadata()).replace("</md:SPSSODescriptor>", ""),
            "line",
        ),
        (lines(&nowhere.metadata()), "AssertionConsumerService"),
        (lines(&expired.metadata()), "expired"),
        (lines(&script.metadata()), "only http and https"),
        (
            format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{}", good.metadata()),
            "line 1",
        ),
        (String::new(), "metadata"),
    ];
    for (document, reason) in &cases {
        for (source, field) in [("file", "file"), ("paste", "metadata")] {
            let before = app.events().len();
            let answer = upload(&client, PREVIEW, &[("source", source), (field, document)]);
            assert_eq!(answer.status, 422, "{document}");
            let text = answer.text();
            assert!(text.contains(reason), "{reason} is not said:\n{text}");
            assert!(
                document.is_empty() || text.contains("line"),
                "no line:\n{text}"
            );
            assert_eq!(answer.field("entity_id").filter(|v| !v.is_empty()), None);
            assert_eq!((apps(&app), app.events().len()), (0, before));
            // Nor by going around the preview.
            let saved = post(
                &client,
                "/admin/apps",
                &[("metadata", document), ("name", "x")],
            );
            assert_eq!((saved.status, apps(&app)), (422, 0));
        }
    }
    for sp in [good, current, Sp::new("script"), Sp::new("nowhere")] {
        let document = lines(&sp.metadata());
        let answer = upload(&client, PREVIEW, &[("source", "file"), ("file", &document)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[test]
fn typed_faults_are_shown_at_their_field() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let entity = ("entity_id", "https://typed.example.org/sp");
    let acs = ("acs_urls", "https://typed.example.org/acs");
    for (fields, wrong) in [
        (vec![acs], "entity_id"),
        (vec![entity], "acs_urls"),
        (
            vec![entity, ("acs_urls", "javascript:alert(1)")],
            "acs_urls",
        ),
        (vec![("entity_id", "a b"), acs], "entity_id"),
    ] {
        let mut all = vec![("source", "typed")];
        all.extend(fields);
        let answer = upload(&client, PREVIEW, &all);
        assert_eq!(answer.status, 422, "{}", answer.text());
        let mark = format!("id=\"{wrong}-problem\"");
        assert!(answer.text().contains(&mark), "{wrong}:\n{}", answer.text());
    }
    let answer = upload(&client, PREVIEW, &[("source", "typed"), entity, acs]);
    assert_eq!(answer.status, 200);
    assert_eq!(apps(&app), 0);
}

#[test]
fn an_entity_id_belongs_to_one_app() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    for (document, status) in [(sp.metadata(), 422), (Sp::new("other").metadata(), 200)] {
        let answer = upload(&client, PREVIEW, &[("source", "file"), ("file", &document)]);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let saved = post(
        &client,
        "/admin/apps",
        &[("metadata", &sp.metadata()), ("name", "x")],
    );
    assert_eq!((saved.status, apps(&app)), (422, 1));
}

/// Names and links of metadata never become markup or script. Proves AV-MDC-14.
#[test]
fn av_mdc_14_foreign_names_stay_text() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp {
        extra: "<md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\">\
            <mdui:DisplayName xml:lang=\"en\">&lt;script&gt;alert(1)&lt;/script&gt;\"'&gt;</mdui:DisplayName>\
            <mdui:Description xml:lang=\"en\">&lt;img src=x onerror=alert(1)&gt;</mdui:Description>\
            <mdui:Logo width=\"1\" height=\"1\">javascript:alert(1)</mdui:Logo>\
            <mdui:InformationURL xml:lang=\"en\">javascript:alert(1)</mdui:InformationURL>\
            </mdui:UIInfo></md:Extensions>"
            .into(),
        ..Sp::new("markup")
    };
    let preview = upload(
        &client,
        PREVIEW,
        &[("source", "file"), ("file", &sp.metadata())],
    );
    assert_eq!(preview.status, 200, "{}", preview.text());
    let page = confirm(&client, &preview);
    for path in [page.as_str(), "/admin/apps"] {
        let text = client.get(path).text();
        for bad in [
            "<script>alert",
            "<img src=x",
            "href=\"javascript:",
            "src=\"javascript:",
        ] {
            assert!(!text.contains(bad), "{bad} on {path}");
        }
    }
    assert!(
        client.get("/admin/apps").text().contains("alert(1)"),
        "the name is shown as text"
    );
}

#[test]
fn metadata_is_replaced_after_its_differences_were_shown() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp::new("wiki");
    let connected = app.connect(&sp, |_, _| ());
    let moved = Sp {
        acs: "https://elsewhere.example.net/acs".into(),
        ..sp.clone()
    };
    let path = format!("/admin/apps/{}/metadata", connected.api_name);
    let preview = upload(
        &client,
        &path,
        &[("source", "file"), ("file", &moved.metadata())],
    );
    assert_eq!(preview.status, 200, "{}", preview.text());
    let text = preview.text();
    let risky = text
        .find("new host: https://elsewhere.example.net")
        .expect("the new host is shown");
    assert!(text[..risky].contains("banner problem"), "and as risky");
    let unchanged = |expected: bool| {
        let stored = app
            .services
            .db
            .read(|c| store::apps::by_id(c, &connected.id))
            .expect("read")
            .expect("still there");
        assert_eq!(stored.metadata_xml == sp.metadata().into_bytes(), expected);
    };
    unchanged(true);
    // Another entity's metadata is another app's.
    let other = upload(
        &client,
        &path,
        &[("source", "file"), ("file", &Sp::new("other").metadata())],
    );
    assert_eq!(other.status, 422);
    let document = preview.field("metadata").expect("the document");
    let stray = post(
        &client,
        &format!("{path}/save"),
        &[("metadata", &Sp::new("other").metadata())],
    );
    assert_eq!(stray.status, 422);
    unchanged(true);
    let saved = post(&client, &format!("{path}/save"), &[("metadata", &document)]);
    assert_eq!(saved.status, 303, "{}", saved.text());
    unchanged(false);
}

#[test]
fn requested_attributes_are_released_only_when_ticked() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp {
        extra: String::new(),
        ..Sp::new("asking")
    };
    let asked = sp.metadata().replace(
        "</md:SPSSODescriptor>",
        "<md:AttributeConsumingService index=\"0\"><md:ServiceName xml:lang=\"en\">S</md:ServiceName>\
         <md:RequestedAttribute Name=\"mail\" isRequired=\"true\"/>\
         <md:RequestedAttribute Name=\"sn\"/></md:AttributeConsumingService></md:SPSSODescriptor>",
    );
    let saved = post(
        &client,
        "/admin/apps",
        &[("metadata", &asked), ("name", "Asking"), ("release", "sn")],
    );
    assert_eq!(saved.status, 303, "{}", saved.text());
    let stored = app
        .services
        .db
        .read(|c| store::apps::by_entity_id(c, &sp.entity_id))
        .expect("read")
        .expect("stored");
    let names: Vec<&str> = stored
        .app
        .definition
        .saml
        .attributes
        .iter()
        .map(|row| row.name.as_str())
        .collect();
    assert_eq!(names, ["sn"]);
}

#[test]
fn too_large_a_file_is_refused() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let huge = "x".repeat(25 * 1024 * 1024);
    let answer = upload(&client, PREVIEW, &[("source", "file"), ("file", &huge)]);
    assert_eq!(answer.status, 413);
    let large = format!(
        "<!--{}-->{}",
        "x".repeat(2 * 1024 * 1024),
        Sp::new("large").metadata()
    );
    let answer = upload(&client, PREVIEW, &[("source", "file"), ("file", &large)]);
    assert_eq!(answer.status, 200);
}

/// The files of `examples/metadata` are what their list says.
#[test]
fn the_example_files_are_as_described() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    for (file, status, says) in [
        ("minimal.xml", 200, "minimal.example.org"),
        ("wiki.xml", 200, "Sample Wiki"),
        ("federation.xml", 200, "Sample Course Planner"),
        ("not-usable.xml", 422, "line 3"),
    ] {
        let path = format!(
            "{}/../../examples/metadata/{file}",
            env!("CARGO_MANIFEST_DIR")
        );
        let document = std::fs::read_to_string(&path).expect(file);
        let answer = upload(&client, PREVIEW, &[("source", "file"), ("file", &document)]);
        assert_eq!(answer.status, status, "{file}: {}", answer.text());
        assert!(answer.text().contains(says), "{file}");
    }
    assert_eq!(apps(&app), 0);
}
