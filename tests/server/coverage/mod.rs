//! Every route as nobody, as a user and as an administrator: a new one that forgot to ask who
//! calls is found here.

use avouch_server::store;
use avouch_server::store::state::Versions;
use avouch_server::users::UserId;
use avouch_server::web::routes::{Caller, ROUTES};

use crate::admin::{ALL, admin, csrf, signed_in};
use crate::support::app::TestApp;
use crate::support::client::{Answer, Client};
use crate::support::sp::Sp;

/// A path with real things in the place of its parameters.
fn real(app: &TestApp, path: &str, user: &str) -> String {
    let code = app
        .logged()
        .first()
        .map_or(String::new(), |logged| logged.code.clone());
    let id = if path.starts_with("/admin/users") {
        user
    } else {
        "wiki"
    };
    path.replace("{app}", "wiki")
        .replace("{id}", id)
        .replace("{code}", &code)
        .replace("{name}", "avouch.css")
}

fn call(client: &Client, method: &str, path: &str, token: &str) -> Answer {
    match method {
        "get" => client.get(path),
        _ => client.post(path, &[("csrf", token)]),
    }
}

/// All that an administrator could change.
fn state(app: &TestApp) -> String {
    app.services
        .db
        .read(|c| {
            let apps = store::apps::all(c)?;
            let users = store::users::list(c, "", None, 1000)?;
            Ok::<_, store::StoreError>(format!(
                "{apps:?} {users:?} {} {:?}",
                store::keys::all(c)?.len(),
                store::state::versions(c)?
            ))
        })
        .expect("read")
}

#[test]
fn every_administration_route_asks_who_calls() {
    let app = TestApp::start();
    app.connect(&Sp::new("wiki"), |_, _| ());
    let target = app.user("sample.two");
    app.user("sample.one");
    let user = signed_in(&app, "sample.one");
    let nobody = app.client();
    nobody.get("/login");
    let lines: Vec<_> = ROUTES
        .iter()
        .filter(|line| line.caller == Caller::Administrator)
        .collect();
    assert!(lines.len() > 20, "the administration is in the list");
    let before = state(&app);
    for line in &lines {
        let path = real(&app, line.path, target.id.as_str());
        let what = format!("{} {path}", line.method);
        let is_upload = line.method == "post"
            && (line.path.ends_with("/preview") || line.path.ends_with("{id}/metadata"));
        let ask = |client: &Client| {
            if is_upload {
                let fields = [("source", "paste"), ("metadata", "<x/>")];
                return crate::admin::upload(client, &path, &fields);
            }
            call(client, line.method, &path, &csrf(client))
        };
        let answer = ask(&nobody);
        match line.method {
            "get" => {
                assert_eq!(answer.status, 303, "{what} as nobody");
                let location = answer.location().unwrap_or_default();
                assert!(location.starts_with("/login?p="), "{what}: {location}");
            }
            _ => assert_eq!(answer.status, 403, "{what} as nobody"),
        }
        let events = app.events().len();
        let answer = ask(&user);
        assert_eq!(answer.status, 403, "{what} as a user");
        assert_eq!(
            app.events().len(),
            events + 1,
            "{what} as a user leaves an event"
        );
        assert_eq!(app.last_code(), answer.code(), "{what}");
        assert_eq!(state(&app), before, "{what} changed something");
    }
    let admin = admin(&app, ALL);
    for line in lines.iter().filter(|line| line.method == "get") {
        let path = real(&app, line.path, target.id.as_str());
        let answer = admin.get(&path);
        let fine = if line.path == "/admin" { 303 } else { 200 };
        assert_eq!(answer.status, fine, "{path} as an administrator");
    }
}

/// Every change leaves an event, and makes every node read anew.
#[test]
fn every_change_leaves_an_event() {
    let changes: &[(&str, &[(&str, &str)])] = &[
        ("/admin/apps/wiki/keep-metadata", &[]),
        ("/admin/apps/wiki/block", &[]),
        ("/admin/apps/wiki/unblock", &[]),
        ("/admin/apps/wiki/uninstall", &[]),
        ("/admin/apps/wiki/install", &[]),
        (
            "/admin/users",
            &[
                ("username", "sample.new"),
                ("password", "a sample password"),
                ("profile", "PROFILE"),
            ],
        ),
        ("/admin/users/USER/deactivate", &[]),
        ("/admin/users/USER/activate", &[]),
        (
            "/admin/apps/wiki/metadata/save",
            &[("metadata", "SAME"), ("compared", "WITH")],
        ),
        ("/admin/apps", &[("metadata", "OTHER"), ("name", "Other")]),
        ("/admin/apps/wiki/remove", &[]),
    ];
    let posts = ROUTES.iter().filter(|line| {
        line.caller == Caller::Administrator
            && line.method == "post"
            // These two only show what would be; saving settings has tests of its own.
            && !line.path.ends_with("/preview")
            && !line.path.ends_with("/metadata")
            && line.path != "/admin/apps/{id}"
    });
    assert_eq!(
        posts.count(),
        changes.len(),
        "a change that is not in the list above"
    );
    let app = TestApp::start();
    let sp = Sp {
        root_attributes: "validUntil=\"2099-01-01T00:00:00Z\"".to_owned(),
        ..Sp::new("wiki")
    };
    app.connect(&sp, |_, _| ());
    let target = app.user("sample.two");
    let admin = admin(&app, ALL);
    for (path, fields) in changes {
        let path = path.replace("USER", target.id.as_str());
        let token = csrf(&admin);
        let fields: Vec<(&str, String)> = fields
            .iter()
            .map(|(name, value)| {
                let value = match *value {
                    "PROFILE" => target.profile.to_string(),
                    "SAME" => sp.metadata(),
                    "WITH" => {
                        let stored = app
                            .services
                            .db
                            .read(|c| store::apps::by_entity_id(c, &sp.entity_id));
                        let stored = stored.expect("read").expect("connected");
                        avouch_server::flow::admin::apps::Compared::with(&stored).to_string()
                    }
                    "OTHER" => Sp::new("other").metadata(),
                    other => other.to_owned(),
                };
                (*name, value)
            })
            .collect();
        let mut sent: Vec<(&str, &str)> = vec![("csrf", &token)];
        sent.extend(fields.iter().map(|(n, v)| (*n, v.as_str())));
        let (events, before) = (app.events().len(), versions(&app));
        let answer = admin.post(&path, &sent);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        assert_eq!(app.events().len(), events + 1, "{path}");
        assert_ne!(versions(&app), before, "{path} is not seen by other nodes");
    }
}

/// All that tells other nodes of a change.
fn versions(app: &TestApp) -> (Versions, Vec<(UserId, i64)>) {
    let read = app.services.db.read(|c| {
        let users = store::users::list(c, "", None, 1000)?;
        let users = users.into_iter().map(|user| (user.id, user.version));
        Ok::<_, store::StoreError>((store::state::versions(c)?, users.collect()))
    });
    read.expect("read")
}
