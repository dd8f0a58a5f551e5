//! Adding an app: by file, by pasted text, by typed fields, and everything that is refused.

use avouch_server::apps::PermittedUsers;
use avouch_server::audit::check::{Phrase, Value};
use avouch_server::store;
use avouch_server::users::AdminRight;

use super::{ALL, admin, apps, post, replace_metadata, upload};
use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::dev_pem;
use crate::support::sp::{Sp, attribute_service, entity_attribute, key, sign_metadata};

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
    assert!(
        matches!(event.reason, Value::Phrase(Phrase::AppAdded, _)),
        "{:?}",
        event.reason
    );

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
            "expected SAML metadata",
        ),
        ("no XML at all".to_owned(), "line 1"),
        (
            lines(&good.metadata()).replace("</md:SPSSODescriptor>", ""),
            "line",
        ),
        (lines(&nowhere.metadata()), "AssertionConsumerService"),
        (lines(&expired.metadata()), "expired"),
        (lines(&script.metadata()), "runs code"),
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
        (vec![("entity_id", "a\u{200b}b"), acs], "entity_id"),
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
    let compared = preview.field("compared").expect("what it is shown beside");
    let stray = post(
        &client,
        &format!("{path}/save"),
        &[
            ("metadata", &Sp::new("other").metadata()),
            ("compared", &compared),
        ],
    );
    assert_eq!(stray.status, 422);
    unchanged(true);
    let fields = [("metadata", &*document), ("compared", &*compared)];
    let saved = post(&client, &format!("{path}/save"), &fields);
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

/// Proves AV-SEC-42, AV-SEC-46: who sends a form is settled before any of it is read. Only its head
/// arrives here, and it is answered.
#[test]
fn av_sec_46_a_stranger_s_upload_is_refused_unread() {
    use std::io::{Read as _, Write as _};
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    app.user("plain");
    let plain = super::signed_in(&app, "plain");
    let stranger = app.client();
    stranger.get("/login");
    let admin = admin(&app, ALL);
    let begin = |client: &Client, path: &str, form: &str, bytes: usize| {
        let cookies: Vec<String> = ["__Host-avouch", "__Host-avouch-browser"]
            .iter()
            .filter_map(|name| Some(format!("{name}={}", client.cookie(name)?)))
            .collect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {form}\r\n\
             Cookie: {}\r\nContent-Length: {bytes}\r\n\r\ncsrf=",
            cookies.join("; ")
        );
        let mut stream = std::net::TcpStream::connect(app.address()).expect("it listens");
        stream.write_all(head.as_bytes()).expect("sent");
        stream
    };
    let answered = |stream: &mut std::net::TcpStream| {
        let long = std::time::Duration::from_secs(30);
        stream.set_read_timeout(Some(long)).expect("set");
        let mut start = [0; 12];
        stream
            .read_exact(&mut start)
            .expect("answered without the rest");
        String::from_utf8_lossy(&start[9..]).into_owned()
    };
    let urlencoded = "application/x-www-form-urlencoded";
    let multipart = "multipart/form-data; boundary=x";
    for (path, form) in [
        (PREVIEW, multipart),
        ("/admin/apps/wiki/metadata", multipart),
        ("/admin/apps", urlencoded),
        ("/admin/apps/wiki", urlencoded),
        ("/admin/apps/wiki/metadata/save", urlencoded),
        ("/admin/apps/wiki/block", urlencoded),
        ("/admin/users", urlencoded),
    ] {
        for client in [&stranger, &plain] {
            let mut stream = begin(client, path, form, 20_000_000);
            assert_eq!(answered(&mut stream), "403", "{path}");
        }
    }
    // An administrator's is waited for, and some at a time.
    let mut waiting: Vec<_> = (0..4)
        .map(|_| begin(&admin, "/admin/apps", urlencoded, 20_000_000))
        .collect();
    let refused = || {
        let mut stream = begin(&admin, "/admin/apps", urlencoded, 20_000_000);
        answered(&mut stream)
    };
    while app
        .services
        .uploads
        .load(std::sync::atomic::Ordering::Relaxed)
        < 4
    {
        std::thread::yield_now();
    }
    assert_eq!(refused(), "503");
    drop(waiting.pop());
    while app
        .services
        .uploads
        .load(std::sync::atomic::Ordering::Relaxed)
        > 3
    {
        std::thread::yield_now();
    }
    let sp = Sp::new("other");
    let saved = post(
        &admin,
        "/admin/apps",
        &[("metadata", &sp.metadata()), ("name", "x")],
    );
    assert_eq!(saved.status, 303, "{}", saved.text());
    // Settings weigh less than metadata.
    let name = "x".repeat(2 * 1024 * 1024);
    let heavy = post(&admin, "/admin/apps/wiki/block", &[("name", &name)]);
    assert_eq!(heavy.status, 413);
}

/// An SP that lists a NameID format which tells who the user is. Proves AV-SEC-49.
#[test]
fn av_sec_49_a_mail_address_as_name_takes_the_right_to_release() {
    let app = TestApp::start();
    let mail = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    let listing = |name: &str| Sp {
        extra: format!("<md:NameIDFormat>{mail}</md:NameIDFormat>"),
        ..Sp::new(name)
    };
    let installer = admin(&app, &[AdminRight::InstallApps, AdminRight::ReadApps]);
    let all = admin(&app, ALL);
    let ticks = |client: &Client, sp: &Sp| {
        let fields = [("source", "file"), ("file", &*sp.metadata())];
        let text = upload(client, PREVIEW, &fields).text();
        assert!(text.contains("tells it who the user is"), "{text}");
        text.contains(&format!("type=\"checkbox\" value=\"{mail}\""))
    };
    let add = |client: &Client, sp: &Sp, release: &[(&'static str, &'static str)]| {
        let metadata = sp.metadata();
        let mut fields = vec![("metadata", metadata.as_str()), ("name", "x")];
        fields.extend_from_slice(release);
        post(client, "/admin/apps", &fields).status
    };
    let ticked: &[(&'static str, &'static str)] = &[(
        "release",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    )];
    let sp = listing("mail");
    assert!(!ticks(&installer, &sp) && ticks(&all, &sp));
    assert_eq!(add(&installer, &sp, ticked), 403);
    assert_eq!(add(&installer, &sp, &[]), 303);
    assert_eq!(add(&all, &listing("told"), ticked), 303);
    let format = |sp: &Sp| {
        let found = app
            .services
            .db
            .read(|c| store::apps::by_entity_id(c, &sp.entity_id));
        let stored = found.expect("read").expect("stored");
        stored.app.definition.saml.name_id_format
    };
    assert!(format(&sp).ends_with(":persistent"));
    assert_eq!(format(&listing("told")), mail);
}

/// What an SP says of itself counts when somebody confirmed it who may say what is released; and it
/// is taken off otherwise. Proves AV-SEC-49.
#[test]
fn av_sec_49_claims_take_the_right_to_release() {
    let app = TestApp::start();
    let requirement = "urn:oasis:names:tc:SAML:profiles:subject-id:req";
    let claiming = |name: &str| Sp {
        extensions: entity_attribute(requirement, &["subject-id"]),
        ..Sp::new(name)
    };
    let installer = admin(
        &app,
        &[
            AdminRight::InstallApps,
            AdminRight::ReadApps,
            AdminRight::EditApps,
        ],
    );
    let all = admin(&app, ALL);
    let claims = |sp: &Sp| {
        let found = app
            .services
            .db
            .read(|c| store::apps::by_entity_id(c, &sp.entity_id));
        let stored = found.expect("read").expect("stored");
        let text = String::from_utf8(stored.metadata_xml).expect("text");
        assert!(text.contains(&sp.acs), "the rest is kept");
        text.contains(requirement)
    };
    for (client, name, kept) in [(&installer, "one", false), (&all, "two", true)] {
        let sp = claiming(name);
        let fields = [("source", "file"), ("file", &*sp.metadata())];
        let preview = upload(client, PREVIEW, &fields);
        assert_eq!(preview.text().contains("will not be saved"), !kept);
        let saved = post(
            client,
            "/admin/apps",
            &[("metadata", &sp.metadata()), ("name", name)],
        );
        assert_eq!(saved.status, 303, "{}", saved.text());
        assert_eq!(claims(&sp), kept, "{name}");
    }
    // Replacing: other metadata may come from whoever edits apps, wider metadata may not.
    app.connect(&Sp::new("three"), |_, _| ());
    let wider = claiming("three");
    let asking = Sp {
        extra: attribute_service(0, true, "<md:RequestedAttribute Name=\"mail\"/>"),
        ..Sp::new("three")
    };
    let formats = Sp {
        extra: "<md:NameIDFormat>urn:x:other</md:NameIDFormat>".into(),
        ..Sp::new("three")
    };
    for sp in [&wider, &asking, &formats] {
        let refused = replace_metadata(&installer, "three", &sp.metadata());
        assert_eq!(refused.status, 403, "{}", refused.text());
        let fields = [("source", "file"), ("file", &*sp.metadata())];
        let preview = upload(&installer, "/admin/apps/three/metadata", &fields).text();
        assert!(preview.contains("banner problem"), "{preview}");
    }
    assert!(!claims(&wider));
    let harmless = Sp {
        keys: key("signing", "sp-signing") + &key("signing", "sp-signing-p256"),
        ..Sp::new("three")
    };
    let saved = replace_metadata(&installer, "three", &harmless.metadata());
    assert_eq!(saved.status, 303, "{}", saved.text());
    let event = app.last_event();
    let fingerprint = crate::support::dev_certificate("sp-signing-p256").fingerprint();
    assert!(
        app.last_checks()
            .iter()
            .any(|c| c.received.contains(&fingerprint)),
        "the event says what changed: {event:?}"
    );
    let saved = replace_metadata(&all, "three", &wider.metadata());
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert!(claims(&wider));
}

/// A key that only stands beside those before is shown apart, with its fingerprint.
#[test]
fn changed_keys_are_shown_with_their_fingerprints() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let doctored = Sp {
        keys: sp.keys.clone() + &key("signing", "sp-signing-p256"),
        ..sp
    };
    let fields = [("source", "file"), ("file", &*doctored.metadata())];
    let text = upload(&client, "/admin/apps/wiki/metadata", &fields).text();
    let at = text.find("Keys changed").expect("a part of its own");
    let fingerprint = crate::support::dev_certificate("sp-signing-p256").fingerprint();
    assert!(text[at..].contains(&fingerprint));
}

/// Metadata is believed because of its signature where a certificate is given. Proves IIP-MD03,
/// IIP-MD04, SDP-MD02, SDP-MD03 for what is uploaded.
#[test]
fn iip_md03_uploaded_metadata_is_verified_with_the_key_given() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let trusted = dev_pem("idp-rsa3072.cert.pem");
    let other = dev_pem("idp-rsa2048.cert.pem");
    let ending = |days: i64| {
        let until = app.now().plus_seconds(days * 86_400);
        format!("validUntil=\"{until}\"")
    };
    let signed_until = |attributes: String| {
        let sp = Sp {
            root_attributes: attributes,
            ..Sp::new("wiki")
        };
        sign_metadata(&sp.metadata(), "idp-rsa3072")
    };
    let good = signed_until(ending(20));
    let try_with = |document: &str, signed_by: &str| {
        upload(
            &client,
            PREVIEW,
            &[
                ("source", "file"),
                ("file", document),
                ("signed_by", signed_by),
            ],
        )
    };
    let unsigned = Sp {
        root_attributes: ending(20),
        ..Sp::new("wiki")
    };
    for (document, signed_by, reason) in [
        (good.clone(), other.as_str(), "not signed by the key"),
        (unsigned.metadata(), &trusted, "not signed by the key"),
        (
            good.replace("wiki.example", "evil.example"),
            &trusted,
            "not signed by the key",
        ),
        (good.clone(), "no certificate", "expected a certificate"),
        (signed_until(ending(40)), &trusted, "line"),
        (signed_until(String::new()), &trusted, "line"),
    ] {
        let answer = try_with(&document, signed_by);
        assert_eq!(answer.status, 422, "{reason}: {}", answer.text());
        assert!(answer.text().contains(reason), "{}", answer.text());
        // Nor past the preview.
        let fields = [
            ("metadata", document.as_str()),
            ("name", "x"),
            ("signed_by", signed_by),
        ];
        assert_eq!(post(&client, "/admin/apps", &fields).status, 422);
    }
    assert_eq!(apps(&app), 0);
    let unverified = try_with(&good, "");
    assert!(unverified.text().contains("no trust key was given"));
    let verified = try_with(&good, &trusted);
    assert_eq!(verified.status, 200, "{}", verified.text());
    let fingerprint = crate::support::dev_certificate("idp-rsa3072").fingerprint();
    assert!(verified.text().contains(&format!(
        "verified by the key of the certificate {fingerprint}"
    )));
    let field = |name: &str| verified.field(name).expect("a field");
    let saved = post(
        &client,
        "/admin/apps",
        &[
            ("metadata", &field("metadata")),
            ("signed_by", &field("signed_by")),
            ("entity_id", &field("entity_id")),
            ("name", "Wiki"),
        ],
    );
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(apps(&app), 1);
}

/// Proves AV-SEC-48: characters that show nothing are refused in an entity ID, and letters that may
/// look like others are pointed out.
#[test]
fn av_sec_48_look_alikes_are_refused_or_pointed_out() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    for (letter, status, said) in [
        ("\u{200B}", 422, false),
        ("\u{202E}", 422, false),
        ("\u{456}", 200, true),
        ("i", 200, false),
    ] {
        let sp = Sp {
            entity_id: format!("https://wik{letter}.example.org/sp"),
            ..Sp::new("wiki")
        };
        let fields = [("source", "file"), ("file", &*sp.metadata())];
        let preview = upload(&client, PREVIEW, &fields);
        assert_eq!(preview.status, status, "{letter:?}");
        assert_eq!(preview.text().contains("U+0456"), said, "{letter:?}");
    }
}
