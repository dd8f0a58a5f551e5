//! What real use of metadata and messages found, through the pages and the command line.

use avouch_server::audit::ResultCode;
use avouch_server::audit::check::{Phrase, Value};
use avouch_server::store;
use avouch_server::users::AdminRight;

use crate::admin::{ALL, admin, post, upload};
use crate::cli::Place;
use crate::support::app::TestApp;
use crate::support::client::From;
use crate::support::dev_pem;
use crate::support::sp::Sp;

const PREVIEW: &str = "/admin/apps/preview";

/// A file as Windows saves what a browser shows.
fn utf_16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// Uploads octets as a browser does.
fn upload_octets(
    client: &crate::support::client::Client,
    octets: &[u8],
) -> crate::support::client::Answer {
    let token = crate::admin::csrf(client);
    let mut body = Vec::new();
    for (name, value) in [
        ("csrf", token.as_bytes()),
        ("source", b"file"),
        ("file", octets),
    ] {
        body.extend_from_slice(
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    let kind = [("Content-Type", "multipart/form-data; boundary=x")];
    client.send("POST", PREVIEW, Some(&body), From::Here, &kind)
}

#[test]
fn field_04_a_file_in_utf_16_is_taken_by_page_and_command() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp::new("wiki");
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>{}",
        sp.metadata()
    );
    let preview = upload_octets(&client, &utf_16(&text));
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(preview.text().contains(&sp.acs));
    let broken = upload_octets(&client, &utf_16(&text.replace("UTF-16", "ISO-8859-1")));
    assert_eq!(broken.status, 422, "{}", broken.text());

    let place = Place::new();
    let file = place.folder.join("sp.xml");
    std::fs::write(&file, utf_16(&text)).expect("written");
    let file = file.to_str().expect("UTF-8");
    place.ok(&["app", "add", file], "");
    std::fs::write(file, utf_16(&text.replace("UTF-16", "ISO-8859-1"))).expect("written");
    let said = place.run_with(&["app", "edit", &sp.entity_id, "--metadata", file], "");
    assert_ne!(said.code, 0);
    assert!(
        said.err
            .contains("\"ISO-8859-1\", and the octets are UTF-16"),
        "{}",
        said.err
    );
}

#[test]
fn field_05_what_text_declares_counts_for_files_only() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-16\"?>{}",
        Sp::new("wiki").metadata()
    );
    let pasted = upload(
        &client,
        PREVIEW,
        &[("source", "paste"), ("metadata", &text)],
    );
    assert_eq!(pasted.status, 200, "{}", pasted.text());
    let file = upload(&client, PREVIEW, &[("source", "file"), ("file", &text)]);
    assert_eq!(file.status, 422);
    assert!(
        file.text().contains("the octets are UTF-8"),
        "{}",
        file.text()
    );
}

/// The same sentence on the page and at the command line.
#[test]
fn field_29_a_web_page_is_told_by_page_and_command() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let html = "<!DOCTYPE html><html><title>Sign in</title></html>";
    let page = upload(&client, PREVIEW, &[("source", "file"), ("file", html)]);
    assert_eq!(page.status, 422);
    assert!(
        page.text().contains("received a web page"),
        "{}",
        page.text()
    );
    let place = Place::new();
    let said = place.run_with(&["app", "add", "-"], html);
    assert!(said.err.contains("received a web page"), "{}", said.err);
}

#[test]
fn a_file_of_several_names_the_option_and_what_is_left_out() {
    let (one, two) = (Sp::new("one"), Sp::new("two"));
    let broken = Sp {
        endpoints: Some(String::new()),
        ..Sp::new("broken")
    };
    let file = |sps: &[&Sp]| {
        let all: Vec<String> = sps.iter().map(|sp| sp.metadata()).collect();
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">\n{}\n\
             </md:EntitiesDescriptor>",
            all.join("\n")
        )
    };
    let place = Place::new();
    let text = file(&[&one, &broken, &two]);
    let said = place.run_with(&["app", "add", "-"], &text);
    assert!(said.err.contains("--pick ENTITY_ID"), "{}", said.err);
    let said = place.run_with(
        &["app", "add", "-", "--preview", "--pick", &two.entity_id],
        &text,
    );
    assert_eq!(said.code, 0, "{}", said.err);
    let left_out = format!(
        "line 3: the entity {} of this file is left out: there is no usable",
        broken.entity_id
    );
    assert!(said.out.contains(&left_out), "{}", said.out);
    // The one that is picked is refused with its cause, and a slip is told.
    let said = place.run_with(&["app", "add", "-", "--pick", &broken.entity_id], &text);
    assert!(
        said.err
            .contains("line 3: there is no usable AssertionConsumerService"),
        "{}",
        said.err
    );
    let slip = two.entity_id.replace("two", "tow");
    let said = place.run_with(&["app", "add", "-", "--pick", &slip], &text);
    assert!(
        said.err
            .contains(&format!("did you mean {}?", two.entity_id)),
        "{}",
        said.err
    );
}

/// An SP's toolkit writes an end two days ahead, and nobody reads the file again.
#[test]
fn field_01_metadata_that_ends_says_so_and_has_a_way_out() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let sp = Sp {
        root_attributes: "validUntil=\"2026-03-04T14:00:00Z\" cacheDuration=\"PT1H\"".to_owned(),
        ..Sp::new("wiki")
    };
    let preview = upload(
        &client,
        PREVIEW,
        &[("source", "file"), ("file", &sp.metadata())],
    );
    assert_eq!(preview.status, 200);
    assert!(
        preview.text().contains("2026-03-04"),
        "said at import: {}",
        preview.text()
    );
    let stored = app.connect(&sp, |app, _| app.api_name = "wiki".to_owned());
    app.user("one");
    let user = app.signed_in("one");
    app.told(&sp, &app.ask(&user, &sp, |_| ())).ok();
    assert!(client.get("/admin/apps").text().contains("ends"));
    assert!(
        client
            .get("/")
            .text()
            .contains("Its metadata ends on 2026-03-04")
    );
    assert!(!user.get("/").text().contains("Its metadata ends"));

    // Two days on.
    app.clock.advance(4 * 86_400);
    let client = admin(&app, ALL);
    let user = app.signed_in("one");
    let page = app.ask(&user, &sp, |_| ());
    let event = app.assert_page(&page, ResultCode::MetadataExpired);
    assert!(
        page.text().contains("has to be connected anew"),
        "{}",
        page.text()
    );
    assert_eq!(event.app_id.as_deref(), Some(stored.id.as_str()));
    assert!(
        user.get("/")
            .text()
            .contains("Not available: it has to be connected anew")
    );

    // Who may not edit apps cannot take the values over.
    let reader = admin(&app, &[AdminRight::ReadApps]);
    let keep = |client: &_| post(client, "/admin/apps/wiki/keep-metadata", &[]);
    assert_eq!(keep(&reader).status, 403);
    app.assert_page(&app.ask(&user, &sp, |_| ()), ResultCode::MetadataExpired);
    assert_eq!(keep(&client).status, 303);
    let event = app.last_event();
    assert!(
        matches!(event.reason, Value::Phrase(Phrase::AppMetadataKept, _)),
        "{event:?}"
    );
    app.told(&sp, &app.ask(&user, &sp, |_| ())).ok();
    // Nothing is left to take over.
    assert_eq!(keep(&client).status, 409);

    // The next import takes it back.
    let renewed = Sp {
        root_attributes: "validUntil=\"2026-03-09T14:00:00Z\"".to_owned(),
        ..sp
    };
    let saved = crate::admin::replace_metadata(&client, "wiki", &renewed.metadata());
    assert_eq!(saved.status, 303, "{}", saved.text());
    app.clock.advance(5 * 86_400);
    let user = app.signed_in("one");
    app.assert_page(
        &app.ask(&user, &renewed, |_| ()),
        ResultCode::MetadataExpired,
    );
}

#[test]
fn metadata_is_kept_by_command_too() {
    let place = Place::new();
    let sp = Sp {
        root_attributes: "validUntil=\"2090-03-04T14:00:00Z\"".to_owned(),
        ..Sp::new("wiki")
    };
    let said = place.run_with(&["app", "add", "-"], &sp.metadata());
    assert_eq!(said.code, 0, "{}", said.err);
    let until = || {
        place.json(&["app", "show", &sp.entity_id], "")["service_provider"]["valid_until"].clone()
    };
    assert_eq!(until(), "2090-03-04T14:00:00Z");
    place.ok(&["app", "edit", &sp.entity_id, "--keep-metadata"], "");
    assert_eq!(until(), serde_json::Value::Null);
    let again = place.run_with(&["app", "edit", &sp.entity_id, "--keep-metadata"], "");
    assert!(again.err.contains("nothing to take over"), "{}", again.err);
}

/// For an SP that is handed a file once; what is served without asking stays as it is.
#[test]
fn our_metadata_can_be_had_without_an_end() {
    let (app, _, client) = TestApp::ready();
    for path in ["/saml/metadata", "/saml/metadata/wiki"] {
        let served = client.get(path);
        assert!(served.text().contains("validUntil="), "{}", served.text());
        let endless = client.get(&format!("{path}?valid=none"));
        assert_eq!(endless.status, 200);
        assert!(
            !endless.text().contains("validUntil=") && !endless.text().contains("cacheDuration=")
        );
        assert!(endless.text().contains("SignatureValue"));
        assert_eq!(client.get(path).text(), served.text());
    }
    let admin = admin(&app, ALL);
    let page = admin.get("/admin/apps/wiki").text();
    assert!(page.contains("/saml/metadata/wiki?valid=none"), "{page}");
}

/// An old product shows nothing but SHA-1, so that there has to be something to compare with.
#[test]
fn field_94_fingerprints_by_sha_1_stand_beside_those_by_sha_256() {
    let (app, _, _) = TestApp::ready();
    let sha1 = app.certificate().sha1_fingerprint();
    assert_eq!(sha1.len(), 59);
    let client = admin(&app, ALL);
    for path in ["/admin/apps/wiki", "/admin/keys"] {
        let page = client.get(path).text();
        assert!(
            page.contains(&sha1) && page.contains("just to compare"),
            "{path}"
        );
        assert!(page.contains(&app.certificate().fingerprint()));
    }
    let place = Place::new();
    place.ok(&["key", "add"], "");
    let said = place.run_with(&["key", "list"], "");
    assert!(said.out.contains("SHA-1"), "{}", said.out);
}

#[test]
fn field_22_a_certificate_may_have_bag_attributes_around_it() {
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let bag = format!(
        "Bag Attributes\n    friendlyName: sp\nsubject=CN = sp.example.org\n{}",
        dev_pem("sp-signing.cert.pem")
    );
    let typed = |certificate: &str| {
        upload(
            &client,
            PREVIEW,
            &[
                ("source", "typed"),
                ("entity_id", "https://typed.example.org/sp"),
                ("acs_urls", "https://typed.example.org/acs"),
                ("certificates", certificate),
            ],
        )
    };
    let fingerprint = crate::support::dev_certificate("sp-signing").fingerprint();
    assert!(typed(&bag).text().contains(&fingerprint));
    let place = Place::new();
    let file = place.folder.join("bag.pem");
    std::fs::write(&file, &bag).expect("written");
    let shown = place.json(
        &[
            "app",
            "add",
            "--entity-id",
            "https://typed.example.org/sp",
            "--acs",
            "https://typed.example.org/acs",
            "--signing-certificate",
            file.to_str().expect("UTF-8"),
        ],
        "",
    );
    assert!(shown.to_string().contains(&fingerprint), "{shown}");
}

/// Toolkits suppose it there; that it is not offered is another answer than that nothing is there.
#[test]
fn single_logout_says_that_it_is_not_offered() {
    let (app, _, client) = TestApp::ready();
    for answer in [
        client.get("/saml/slo?SAMLRequest=x"),
        client.post("/saml/slo", &[("SAMLRequest", "x")]),
    ] {
        assert_eq!(answer.status, 501);
        assert!(answer.text().contains("Single logout is not offered yet"));
    }
    assert_eq!(client.get("/").status, 200, "nobody was signed out");
    let page = admin(&app, ALL).get("/admin/apps/wiki").text();
    assert!(!page.contains("info-logout"));
}

/// HEAD is answered wherever GET is, a wrong method with what is right, and a body too large as such.
#[test]
fn hardening_15_head_allow_and_413() {
    let (app, sp, client) = TestApp::ready();
    let head = |path: &str| client.send("HEAD", path, None, From::Here, &[]);
    for path in [
        "/",
        "/login",
        "/health/live",
        "/health/ready",
        "/saml/metadata",
        "/assets/avouch.css",
    ] {
        let answer = head(path);
        assert_eq!(answer.status, client.get(path).status, "{path}");
    }
    // Looking at a sign-on does not use it up.
    let url = sp.redirect(&app, &sp.request(&app));
    assert_eq!(head(&url).status, 200);
    app.told(&sp, &client.get(&url)).ok();
    let wrong = client.send("PUT", "/saml/sso", Some(b""), From::Here, &[]);
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("GET, POST, HEAD"))
    );
    let wrong = client.get("/admin/apps/wiki/block");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let large = "x".repeat(3 << 20);
    assert_eq!(
        client.post("/saml/sso", &[("SAMLRequest", &large)]).status,
        413
    );
    assert_eq!(
        client.post("/saml/sso", &[("SAMLRequest", "x")]).status,
        400
    );
}

/// A refusal that an SP was told of shows its code nowhere else than in the log.
#[test]
fn the_log_is_listed_filtered_and_followed_by_command() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let stranger = Sp::new("wiki2");
    let client = app.client();
    app.assert_page(
        &app.ask(&client, &stranger, |_| ()),
        ResultCode::UnknownServiceProvider,
    );
    let code = app.last_code();
    app.ask(&client, &sp, |request| request.is_passive = true);
    let other = app.last_code();
    let config = format!(
        "[server]\nbase_url = \"https://localhost\"\ndata_dir = \"{}\"\n[database]\nurl = \"{}\"\n",
        app.services.settings.server.data_dir.display(),
        match app.services.db.address() {
            store::Address::Sqlite(path) => format!("sqlite:{}", path.display()),
            store::Address::Postgres(url) => url.clone(),
        }
    );
    let place = Place::with_file();
    place.configure(&config);
    let listed = place.json(&["events"], "");
    let codes: Vec<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|e| e["code"].as_str())
        .collect();
    assert_eq!(codes, [&*other, &*code], "newest first");
    let text = place.ok(&["events", "--result", "UnknownServiceProvider"], "");
    assert!(text.contains(&code) && !text.contains(&other), "{text}");
    let text = place.ok(&["events", &other.replace('-', "").to_lowercase()], "");
    assert!(text.contains(&other) && !text.contains(&code), "{text}");
    assert!(
        place
            .ok(&["events", "--since", "2090-01-01"], "")
            .contains("no events match")
    );
    place.refused(&["events", "--since", "yesterday"], "", 1, &["2030-01-31"]);

    // What was probably meant is named, here and on the page.
    let said = place.ok(&["explain", &code], "");
    assert!(
        said.contains(&format!("similar entity ID: {}", sp.entity_id)),
        "{said}"
    );
    let admin = admin(&app, ALL);
    let page = admin.get(&format!("/admin/events/{code}")).text();
    assert!(page.contains("similar entity ID") && page.contains(&sp.entity_id));
    assert!(
        !admin
            .get(&format!("/admin/events/{other}"))
            .text()
            .contains("similar entity ID")
    );

    // New ones are printed as they come.
    let mut follows = place
        .command(&["--json", "events", "--follow", "--failures"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    let lines = std::io::BufReader::new(follows.stdout.take().expect("piped"));
    let mut lines = std::io::BufRead::lines(lines);
    let mut next = || {
        let line = lines.next().expect("a line").expect("UTF-8");
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        event["code"].as_str().expect("a code").to_owned()
    };
    assert_eq!([next(), next()], [code, other]);
    app.ask(&client, &sp, |request| request.is_passive = true);
    assert_eq!(next(), app.last_code());
    follows.kill().expect("stopped");
    follows.wait().expect("gone");
}

/// What a command advises can be done: on a fresh database there is no profile yet.
#[test]
fn what_a_new_app_advises_exists() {
    let place = Place::new();
    let said = place.ok(&["app", "add", "-"], &Sp::new("wiki").metadata());
    let advised: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    let [make, let_in] = advised.as_slice() else {
        panic!("{said}")
    };
    assert_eq!(*make, "avouch profile add \"Standard User\"");
    place.ok(&["profile", "add", "Standard User"], "");
    let name = let_in.split(' ').nth(3).expect("the app's name");
    place.ok(
        &["app", "edit", name, "--allow-profile", "Standard User"],
        "",
    );
    let said = place.ok(&["app", "add", "-"], &Sp::new("other").metadata());
    assert!(!said.contains("avouch profile add"), "{said}");
}

#[test]
fn commands_say_what_they_did_beside() {
    let place = Place::new();
    place.ok(&["user", "add", "one"], "a sample password\n");
    let said = place.ok(
        &["user", "set-password", "one"],
        "another sample password\n",
    );
    assert!(
        said.contains("the password of one is set") && !said.contains("ended"),
        "{said}"
    );
    let warned = place.run(&["key", "add", "--key", "ec-p256"]);
    assert!(
        warned.err.contains("eight refuse signatures by ECDSA"),
        "{}",
        warned.err
    );
    let quiet = place.run(&["key", "add", "--key", "rsa-2048"]);
    assert_eq!((quiet.code, &*quiet.err), (0, ""));
}

/// An SP that lists nothing but bindings that are not served is told when its file comes, on page and
/// command line, not by a user at the first sign-on.
#[test]
fn field_19_an_app_that_cannot_be_answered_is_told_at_import() {
    let sp = Sp {
        endpoints: Some(
            "<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://wiki.example.org/acs\" index=\"0\"/>"
                .to_owned(),
        ),
        ..Sp::new("wiki")
    };
    let place = Place::new();
    let said = place.ok(&["app", "add", "-", "--preview"], &sp.metadata());
    assert!(
        said.contains("HTTP-Redirect") && said.contains("https://wiki.example.org/acs"),
        "{said}"
    );
    place.refused(
        &["app", "add", "-"],
        &sp.metadata(),
        1,
        &["HTTP-Redirect", "--accept-broken"],
    );
    let app = TestApp::start();
    let client = admin(&app, ALL);
    let page = upload(
        &client,
        PREVIEW,
        &[("source", "file"), ("file", &sp.metadata())],
    );
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("answers go by HTTP-POST"),
        "{}",
        page.text()
    );
}

/// What comes to the wrong address is told by its name.
#[test]
fn another_message_at_the_sign_on_endpoint_is_named() {
    let (app, sp, client) = TestApp::ready();
    let received = |xml: &str| {
        app.assert_page(&app.post_xml(&client, xml), ResultCode::InvalidAuthnRequest);
        app.last_checks().last().expect("a check").received.clone()
    };
    let other = received(
        &sp.raw(&app, "", "")
            .replace("AuthnRequest", "LogoutRequest"),
    );
    assert!(
        other.contains("a LogoutRequest came where an AuthnRequest is expected"),
        "{other}"
    );
    let misspelt = received(
        &sp.raw(&app, "", "")
            .replace("SAML:2.0:protocol", "SAML:2.0:protokol"),
    );
    assert!(
        misspelt.contains("AuthnRequest stands in the namespace"),
        "{misspelt}"
    );
}
