//! What a process keeps, counted in statements and octets: numbers that cannot be noisy.

use std::sync::Arc;

use avouch_server::apps::{App, AppId, PermittedUsers};
use avouch_server::cache::apps::{AppCache, By, ReadyApp, Sources};
use avouch_server::random::{SystemRandom, new_id};
use avouch_server::store::apps::StoredApp;
use avouch_server::store::{self, Db};
use avouch_server::users::ProfileId;

use crate::support::app::TestApp;
use crate::support::sp::Sp;

/// The app at the versions of this moment, and what finding it cost beyond reading them.
#[track_caller]
fn find(app: &TestApp, by: By<'_>) -> (Option<Arc<ReadyApp>>, u64) {
    let db = &app.services.db;
    let versions = db.read_one(store::state::versions).expect("versions");
    let before = db.statements();
    let found = app.services.app(versions, by, app.now()).expect("found");
    (found, db.statements() - before)
}

/// Apps that differ from `like` in their names, in one transaction each 500.
fn connect_many(app: &TestApp, like: &App, count: usize) -> Vec<Sp> {
    let sps: Vec<Sp> = (0..count)
        .map(|at| Sp {
            // Reading certificates would take most of the time.
            keys: String::new(),
            ..Sp::new(&format!("app-{at}"))
        })
        .collect();
    for some in sps.chunks(500) {
        app.write(|c| {
            for sp in some {
                let mut made = like.clone();
                made.id = AppId::new(new_id(&mut SystemRandom));
                made.api_name.clone_from(&sp.api_name);
                let stored = StoredApp {
                    app: made,
                    entity_id: sp.entity_id.clone(),
                    metadata_xml: sp.metadata().into_bytes(),
                    version: 1,
                };
                store::apps::insert(c, &stored)?;
            }
            Ok(())
        });
    }
    sps
}

/// 10,000 apps in even use do not miss, and take what they are said to.
#[test]
fn ten_thousand_apps_in_even_use_are_read_once() {
    const APPS: usize = 10_000;
    let app = TestApp::start();
    let like = app.connect(&Sp::new("wiki"), |app, _| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        app.policy.profiles.clear();
    });
    let sps = connect_many(&app, &like, APPS);
    // Connections of its own: the server cleans up now and then.
    let db = Db::new(app.services.db.address().clone(), 1);
    let from = Sources {
        db: &db,
        ..app.services.sources()
    };
    let cache = AppCache::default();
    let versions = db.read_one(store::state::versions).expect("versions");
    let round = || {
        let before = db.statements();
        for sp in &sps {
            let by = By::EntityId(&sp.entity_id);
            let found = cache.find(from, versions, by, app.now()).expect("found");
            assert_eq!(found.expect("connected").app.api_name, sp.api_name);
        }
        db.statements() - before
    };
    let mut first = 0;
    app.services.keyring.at(&db, versions).expect("keys");
    let allocated = allocation_counter::measure(|| first = round());
    // BEGIN; versions; app, assignments; COMMIT.
    assert_eq!(first, 5 * APPS as u64);
    assert_eq!(round(), 0, "the second round reads no app");
    let each = allocated.bytes_current / APPS as i64;
    // Beside its certificates; see `octets` in cache/apps.rs for those of a federation.
    assert!((2_000..4_000).contains(&each), "an app takes {each} octets");
}

#[test]
fn an_app_is_kept_under_each_of_its_names_while_they_are_its_own() {
    let app = TestApp::start();
    let (wiki, blog) = (Sp::new("wiki"), Sp::new("blog"));
    let made = app.connect(&wiki, |_, _| ());
    let other = app.connect(&blog, |_, _| ());
    let name_of = |by| find(&app, by).0.map(|found| found.app.api_name.clone());
    // BEGIN; versions; app, assignments; COMMIT. The first needs the keys too.
    assert_eq!(find(&app, By::EntityId(&wiki.entity_id)).1, 5 + 4);
    assert_eq!(find(&app, By::EntityId(&blog.entity_id)).1, 5);
    for by in [
        By::EntityId(&wiki.entity_id),
        By::Id(&made.id),
        By::ApiName("wiki"),
    ] {
        let (found, statements) = find(&app, by);
        assert_eq!(found.expect("kept").app.id, made.id);
        assert_eq!(statements, 0, "{by:?}");
    }

    // The one is called something else, and the other takes all its names.
    app.change(&made, |app| app.api_name = "encyclopedia".to_owned());
    app.change(&other, |app| app.api_name = "wiki".to_owned());
    let (found, _) = find(&app, By::ApiName("wiki"));
    assert_eq!(found.expect("there").app.id, other.id);
    assert_eq!(name_of(By::Id(&made.id)).as_deref(), Some("encyclopedia"));
    assert_eq!(name_of(By::Id(&other.id)).as_deref(), Some("wiki"));
    assert_eq!(name_of(By::ApiName("blog")), None);
    let rename = |id: &AppId, entity_id: &str| {
        app.write(|c| {
            let mut stored = store::apps::by_id(c, id)?.expect("there");
            stored.entity_id = entity_id.to_owned();
            store::apps::update(c, &stored)
        });
    };
    rename(&made.id, "https://elsewhere.example.org");
    assert_eq!(name_of(By::EntityId(&wiki.entity_id)), None);
    rename(&other.id, &wiki.entity_id);
    assert_eq!(
        name_of(By::EntityId(&wiki.entity_id)).as_deref(),
        Some("wiki")
    );
    assert_eq!(name_of(By::Id(&made.id)).as_deref(), Some("encyclopedia"));

    // Removed, and made again under the same names.
    app.write(|c| store::apps::remove(c, &other.id));
    assert_eq!(name_of(By::ApiName("wiki")), None);
    assert_eq!(name_of(By::EntityId(&wiki.entity_id)), None);
    assert_eq!(name_of(By::Id(&other.id)), None);
    let again = app.connect(&wiki, |_, _| ());
    let (found, _) = find(&app, By::EntityId(&wiki.entity_id));
    assert_eq!(found.expect("there").app.id, again.id);
    assert_eq!(find(&app, By::ApiName("wiki")).1, 0);
}

/// The launcher reads session and versions, and nothing else while no app has changed.
#[test]
fn a_launcher_is_one_statement() {
    let app = TestApp::start();
    let like = app.connect(&Sp::new("wiki"), |_, _| ());
    connect_many(&app, &like, 20);
    app.user("one");
    let browser = app.signed_in("one");
    let shown = |name: &str| {
        let before = app.services.db.statements();
        let page = browser.get("/");
        let statements = app.services.db.statements() - before;
        assert_eq!(page.status, 200);
        (
            page.text().contains(&format!("/launch/{name}\"")),
            statements,
        )
    };
    shown("app-7");
    assert_eq!(shown("app-7"), (true, 1));
    // BEGIN; versions; apps, assignments; COMMIT; and of each tile whether its own row has changed.
    let hidden = app.app_of(&Sp::new("app-7"));
    app.change(&hidden, |app| app.policy.visible = false);
    let tiles = 20;
    assert_eq!(shown("app-7"), (false, 1 + 5 + tiles));
    assert_eq!(shown("app-7"), (false, 1));
    app.change(&hidden, |app| app.policy.visible = true);
    assert!(shown("app-7").0);
    // Who may enter is asked for each user, with no app read.
    app.write(|c| {
        let mut user = store::users::by_username(c, "one")?.expect("there");
        user.profile = store::profiles::ensure(c, "Other", ProfileId::new("other"))?;
        store::users::update(c, &user, app.now())
    });
    assert_eq!(shown("app-7"), (false, 1 + 1));
}

/// The administrators' list reads no app that is known, and parses no metadata for it.
#[test]
fn the_administrators_list_reads_no_app_twice() {
    const APPS: u64 = 21;
    let app = TestApp::start();
    let like = app.connect(&Sp::new("wiki"), |_, _| ());
    connect_many(&app, &like, APPS as usize - 1);
    let admin = crate::admin::admin(&app, crate::admin::ALL);
    let list = || {
        let before = app.services.db.statements();
        let page = admin.get("/admin/apps");
        assert!(page.text().contains("/admin/apps/app-19"));
        app.services.db.statements() - before
    };
    let first = list();
    let second = list();
    // BEGIN; versions; app, assignments; COMMIT; and once the keys.
    assert_eq!(first - second, 5 * APPS + 4);
}
