//! Who may do what: each right by itself, nobody without, and forms from elsewhere.

use avouch_server::apps::AppState;
use avouch_server::audit::{EventKind, ResultCode};
use avouch_server::store;
use avouch_server::users::AdminRight;

use super::{ALL, admin, apps, csrf, post, signed_in, upload};
use crate::support::app::TestApp;
use crate::support::client::From;
use crate::support::sp::Sp;

#[test]
fn each_right_opens_its_own_pages_and_no_others() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    let readers_of_apps: &[AdminRight] = &[
        AdminRight::ReadApps,
        AdminRight::EditApps,
        AdminRight::InstallApps,
        AdminRight::ManageRelease,
    ];
    let pages: &[(&str, &[AdminRight])] = &[
        ("/admin/apps", readers_of_apps),
        ("/admin/apps/wiki", readers_of_apps),
        ("/admin/apps/new", &[AdminRight::InstallApps]),
        ("/admin/events", &[AdminRight::ReadLogs]),
        ("/admin/events.csv", &[AdminRight::ReadLogs]),
        ("/admin/events.jsonl", &[AdminRight::ReadLogs]),
        ("/admin/users", &[AdminRight::ManageUsers]),
        ("/admin/keys", &[AdminRight::ManageKeys]),
    ];
    for right in ALL {
        let client = admin(&app, &[*right]);
        for (path, opens) in pages {
            let wanted = if opens.contains(right) { 200 } else { 403 };
            assert_eq!(client.get(path).status, wanted, "{path} with {right:?}");
        }
    }
}

#[test]
fn a_user_without_rights_is_refused_with_a_code_and_changes_nothing() {
    let app = TestApp::start();
    let connected = app.connect(&Sp::new("wiki"), |_, _| ());
    app.user("sample.one");
    let user = signed_in(&app, "sample.one");
    let answer = user.get("/admin/apps");
    assert_eq!(answer.status, 403);
    let event = app.last_event();
    assert_eq!(app.last_code(), answer.code());
    assert_eq!(event.kind, EventKind::Admin);
    assert_eq!(event.result, ResultCode::AdminRightMissing);
    assert_eq!(event.username(), Some("sample.one"));

    for path in ["/admin/apps/wiki/block", "/admin/apps/wiki/remove"] {
        let answer = post(&user, path, &[]);
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(app.last_code(), answer.code());
    }
    let answer = upload(&user, "/admin/apps/preview", &[("source", "typed")]);
    assert_eq!(answer.status, 403);
    let stored = |app: &TestApp| {
        app.services
            .db
            .read(|c| store::apps::by_id(c, &connected.id))
            .expect("read")
            .expect("still there")
    };
    assert_eq!(stored(&app).app.state, AppState::Installed);
    // The same, by somebody who may.
    let allowed = admin(&app, ALL);
    assert_eq!(post(&allowed, "/admin/apps/wiki/block", &[]).status, 303);
    assert_eq!(stored(&app).app.state, AppState::Blocked);
}

/// Who may edit an app may not decide what it is told or who may enter.
#[test]
fn release_is_a_right_of_its_own() {
    let app = TestApp::start();
    let connected = app.connect(&Sp::new("wiki"), |_, _| ());
    let read = |app: &TestApp| {
        app.services
            .db
            .read(|c| store::apps::by_id(c, &connected.id))
            .expect("read")
            .expect("there")
            .app
    };
    let save = |rights: &[AdminRight], field: &str, value: &str| {
        let client = admin(&app, rights);
        let mut fields = super::changes::as_shown(&client, "/admin/apps/wiki");
        super::changes::set(&mut fields, field, value);
        client
            .post("/admin/apps/wiki", &super::changes::pairs(&fields))
            .status
    };
    assert_eq!(
        save(&[AdminRight::EditApps], "subject_type", "username"),
        403
    );
    assert_eq!(
        save(&[AdminRight::EditApps], "permitted_users", "self_authorize"),
        403
    );
    assert_eq!(
        save(&[AdminRight::ManageRelease], "description", "Changed"),
        403
    );
    assert_eq!(read(&app).definition.description, "");
    assert_eq!(save(&[AdminRight::EditApps], "description", "Changed"), 303);
    assert_eq!(
        save(
            &[AdminRight::ManageRelease],
            "permitted_users",
            "self_authorize"
        ),
        303
    );
    assert_eq!(read(&app).definition.description, "Changed");
}

#[test]
fn a_right_that_was_taken_away_is_gone_at_once() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    let user = app.user_with("sample.admin", |u| u.rights = ALL.iter().copied().collect());
    let client = signed_in(&app, "sample.admin");
    assert_eq!(client.get("/admin/apps").status, 200);
    let now = app.now();
    let mut bare = user.clone();
    bare.rights.clear();
    app.write(|c| store::users::update(c, &bare, now));
    assert_eq!(client.get("/admin/apps").status, 403);
    assert_eq!(post(&client, "/admin/apps/wiki/remove", &[]).status, 403);
    assert_eq!(apps(&app), 1);
}

/// A form without this browser's token does nothing, whoever sends it.
#[test]
fn forms_from_elsewhere_do_nothing() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    let client = admin(&app, ALL);
    let other = admin(&app, ALL);
    let (own, foreign) = (csrf(&client), csrf(&other));
    for token in ["", "x", foreign.as_str()] {
        let answer = client.post("/admin/apps/wiki/remove", &[("csrf", token)]);
        assert_eq!((answer.status, apps(&app)), (403, 1), "{token}");
    }
    let fields = [("csrf", own.as_str())];
    let answer = client.post_from(From::Elsewhere, "/admin/apps/wiki/remove", &fields);
    assert_eq!((answer.status, apps(&app)), (403, 1));
    let answer = client.post("/admin/apps/wiki/remove", &fields);
    assert_eq!((answer.status, apps(&app)), (303, 0));
}

#[test]
fn a_login_on_the_way_leads_back() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    app.user_with("sample.admin", |u| u.rights = ALL.iter().copied().collect());
    let client = app.client();
    let page = client.follow(client.get("/admin/apps/wiki"));
    let answer = app.log_in(&client, &page, "sample.admin");
    assert_eq!(answer.status, 200);
    assert!(
        answer.text().contains("wiki.example.org"),
        "{}",
        answer.text()
    );
    // Only ever to a page of ours.
    for bad in [
        "//evil.example",
        "/admin//..//x?y",
        "https://evil.example/admin",
        "/administrator",
    ] {
        let stranger = app.client();
        let path = format!("/login?p={}", crate::support::client::escape(bad));
        let page = stranger.get(&path);
        if page.status == 200 {
            let answer = app.submit_login(
                &stranger,
                &page,
                "sample.admin",
                crate::support::app::PASSWORD,
            );
            let next = answer.location().unwrap_or_default();
            assert!(next.is_empty() || next == "/", "{bad} leads to {next}");
        }
    }
}

#[test]
fn plain_http_is_said_on_every_page_to_administrators() {
    let lab = crate::support::app::Setup {
        server: "base_url = \"http://lab.example.org\"\ninsecure_http = true\n".into(),
        ..Default::default()
    };
    for (setup, said) in [(lab, true), (Default::default(), false)] {
        // Development keys are refused there, so this one brings none of its own rules.
        let app = TestApp::with(setup);
        let client = admin(&app, ALL);
        let text = client.get("/admin/apps").text();
        assert_eq!(text.contains("plain HTTP"), said);
    }
}

/// Another site's form comes without cookies; the answer must not replace what the browser has,
/// or whoever wishes could orphan the sign-ons in its other tabs.
#[test]
fn a_form_from_elsewhere_leaves_the_browsers_secret_alone() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("sample.one");
    let browser = app.client();
    let page = browser.follow(browser.get(&sp.redirect(&app, &sp.request(&app))));
    for path in ["/saml/sso", "/login", "/logout", "/admin/apps"] {
        let answer = browser.post_from(From::Elsewhere, path, &[]);
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{path}");
    }
    let answer = app.log_in(&browser, &page, "sample.one");
    app.told(&sp, &answer).ok();
}
