//! The administration, through its real routes.

pub(crate) mod changes;
mod conflicts;
mod events;
mod onboarding;
mod people;
mod release;
mod rights;
mod simulate;

use avouch_server::users::AdminRight;

use crate::support::app::TestApp;
use crate::support::client::{Answer, Client, From};

pub(crate) const ALL: &[AdminRight] = &[
    AdminRight::ReadApps,
    AdminRight::EditApps,
    AdminRight::InstallApps,
    AdminRight::ManageRelease,
    AdminRight::ManageUsers,
    AdminRight::ManageKeys,
    AdminRight::ReadLogs,
    AdminRight::ManageOrganisation,
];

/// An administrator with `rights`, signed in.
pub(crate) fn admin(app: &TestApp, rights: &[AdminRight]) -> Client {
    let username = format!("admin.{}", app.events().len());
    app.user_with(&username, |user| {
        user.rights = rights.iter().copied().collect();
    });
    signed_in(app, &username)
}

/// A user who is signed in.
pub(crate) fn signed_in(app: &TestApp, username: &str) -> Client {
    let client = app.client();
    let page = client.get("/login");
    let answer = app.submit_login(&client, &page, username, crate::support::app::PASSWORD);
    assert_eq!(answer.status, 303, "{}", answer.text());
    client
}

/// The CSRF token of whoever is at this browser.
pub(crate) fn csrf(client: &Client) -> String {
    client
        .get("/logout")
        .field("csrf")
        .or_else(|| client.get("/login").field("csrf"))
        .expect("a CSRF token")
}

/// Posts a form with its token.
pub(crate) fn post(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let token = csrf(client);
    let mut all = vec![("csrf", token.as_str())];
    all.extend_from_slice(fields);
    client.post(path, &all)
}

/// Posts a multipart form with its token, as the page that adds apps does.
pub(crate) fn upload(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let token = csrf(client);
    let mut body = String::new();
    let all = std::iter::once(("csrf", token.as_str())).chain(fields.iter().copied());
    for (name, value) in all {
        let file = if name == "file" {
            "; filename=\"metadata.xml\"\r\nContent-Type: text/xml"
        } else {
            ""
        };
        body.push_str(&format!(
            "--sample-boundary\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--sample-boundary--\r\n");
    client.send(
        "POST",
        path,
        Some(body.as_bytes()),
        From::Here,
        &[(
            "Content-Type",
            "multipart/form-data; boundary=sample-boundary",
        )],
    )
}

/// Replaces an app's metadata as the pages do: what the preview carries is saved.
pub(crate) fn replace_metadata(client: &Client, app: &str, metadata: &str) -> Answer {
    let path = format!("/admin/apps/{app}/metadata");
    let preview = upload(
        client,
        &path,
        &[("source", "paste"), ("metadata", metadata)],
    );
    assert_eq!(preview.status, 200, "{}", preview.text());
    let carried = |name: &str| preview.field(name).expect("carried");
    let (metadata, compared) = (carried("metadata"), carried("compared"));
    let fields = [("metadata", &*metadata), ("compared", &*compared)];
    post(client, &format!("{path}/save"), &fields)
}

/// How many apps there are.
pub(crate) fn apps(app: &TestApp) -> i64 {
    app.services
        .db
        .read(avouch_server::store::apps::count)
        .expect("counted")
}
