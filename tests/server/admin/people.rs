//! Users and keys.

use avouch_server::store;
use avouch_server::users::AdminRight;

use super::{ALL, admin, post, signed_in};
use crate::support::app::{PASSWORD, TestApp};

#[test]
fn a_deactivated_user_is_out_at_once_and_back_when_activated() {
    let app = TestApp::start();
    let user = app.user("sample.one");
    let browser = signed_in(&app, "sample.one");
    assert_eq!(browser.get("/").status, 200);
    let client = admin(&app, &[AdminRight::ManageUsers]);
    let path = format!("/admin/users/{}", user.id);
    assert_eq!(
        post(&client, &format!("{path}/deactivate"), &[]).status,
        303
    );
    let event = app.last_event();
    assert_eq!(event.username(), Some("sample.one"));
    assert_ne!(browser.get("/").status, 200, "the session ended");
    let again = app.client();
    let page = again.get("/login");
    assert_ne!(
        app.submit_login(&again, &page, "sample.one", PASSWORD)
            .status,
        303
    );
    assert!(client.get(&path).text().contains("Deactivated"));
    assert_eq!(post(&client, &format!("{path}/activate"), &[]).status, 303);
    signed_in(&app, "sample.one");
}

#[test]
fn nobody_locks_themselves_out() {
    let app = TestApp::start();
    let own = app.user_with("sample.admin", |u| u.rights = ALL.iter().copied().collect());
    let client = signed_in(&app, "sample.admin");
    let answer = post(&client, &format!("/admin/users/{}/deactivate", own.id), &[]);
    assert_eq!(answer.status, 409);
    let stored = app
        .services
        .db
        .read(|c| store::users::by_id(c, &own.id))
        .expect("read")
        .expect("there");
    assert!(stored.active);
}

#[test]
fn users_are_searched_and_shown_with_every_value() {
    let app = TestApp::start();
    app.user("sample.two");
    let odd = app.user_with("sample.one", |u| {
        u.custom
            .insert("note".into(), vec!["Ünï <&> 漢字".into(), "second".into()]);
    });
    let client = admin(&app, &[AdminRight::ManageUsers]);
    let found = client.get("/admin/users?q=sample.one").text();
    assert!(found.contains("sample.one") && !found.contains("sample.two"));
    let shown = client.get(&format!("/admin/users/{}", odd.id)).text();
    assert!(shown.contains("second") && shown.contains("漢字") && !shown.contains("<&>"));
    assert_eq!(client.get("/admin/users/no-such-user").status, 404);
}

#[test]
fn keys_show_certificates_and_never_private_halves() {
    let app = TestApp::start();
    let client = admin(&app, &[AdminRight::ManageKeys]);
    let text = client.get("/admin/keys").text();
    assert!(text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE"));
    assert!(text.contains("RSA 2048"));
    assert!(
        text.contains("known to everybody"),
        "a development key is marked"
    );
}

#[test]
fn a_user_is_added_and_signs_in() {
    let app = TestApp::start();
    let profile = app.user("sample.one").profile;
    let client = admin(&app, &[AdminRight::ManageUsers]);
    let good = [
        ("username", "sample.new"),
        ("given_name", "Ünï"),
        ("family_name", "<New>"),
        ("email", "new@example.org"),
        ("profile", profile.as_str()),
        ("password", PASSWORD),
    ];
    for (field, value) in [
        ("username", ""),
        ("username", "SAMPLE.one"),
        ("email", "new"),
        ("password", "short"),
        ("profile", "no-such-profile"),
    ] {
        let mut fields = good;
        for pair in &mut fields {
            if pair.0 == field {
                pair.1 = value;
            }
        }
        let events = app.events().len();
        let answer = post(&client, "/admin/users", &fields);
        assert_eq!(answer.status, 422, "{field}");
        assert!(
            answer.text().contains(&format!("id=\"{field}-problem\"")),
            "{field}"
        );
        assert!(
            !answer.text().contains("short"),
            "a password is not given back"
        );
        assert_eq!(app.events().len(), events);
    }
    let answer = post(&client, "/admin/users", &good);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let shown = client
        .get(&answer.location().expect("the user's page"))
        .text();
    assert!(shown.contains("new@example.org") && !shown.contains("<New>"));
    let event = app.last_event();
    assert_eq!(event.username(), Some("sample.new"));
    let added = app
        .services
        .db
        .read(|c| store::users::by_username(c, "sample.new"))
        .expect("read")
        .expect("added");
    assert!(added.rights.is_empty(), "nobody makes administrators here");
    assert_eq!(added.display_name, "Ünï <New>");
    signed_in(&app, "sample.new");
}

/// Each key is called what it is.
#[test]
fn a_key_that_signs_no_more_is_said_to_be_published_still() {
    let app = TestApp::start();
    let client = admin(&app, &[AdminRight::ManageKeys]);
    let said = |word: &str| client.get("/admin/keys").text().contains(word);
    assert!(said("Signs now") && !said("Published still"));
    let id = app.services.db.read(store::keys::all).expect("read")[0]
        .id
        .clone();
    app.write(|c| store::keys::set_state(c, &id, "previous"));
    assert!(said("Published still") && !said("Signs now"));
}

#[test]
fn a_mail_address_of_two_users_is_pointed_out() {
    let app = TestApp::start();
    let one = app.user_with("sample.one", |u| u.email = "same@example.org".to_owned());
    let client = admin(&app, &[AdminRight::ManageUsers]);
    let shown = || client.get(&format!("/admin/users/{}", one.id)).text();
    assert!(!shown().contains("has it too"));
    app.user_with("sample.two", |u| u.email = "Same@example.org".to_owned());
    assert!(shown().contains("sample.two has it too"));
}
