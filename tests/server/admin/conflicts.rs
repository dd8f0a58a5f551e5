//! Two administrators at one app, and the page that shows what each of them did.

use avouch_server::apps::App;
use avouch_server::directory::password::Password;
use avouch_server::flow::admin::users::{self as flow, UserEdit};
use avouch_server::flow::admin::{Actor, AdminContext, AdminError, Origin};
use avouch_server::store;
use avouch_server::users::AdminRight;

use super::changes::{Fields, as_shown, form_of, pairs, set};
use super::{ALL, admin, post, upload};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::client::{Answer, Client};
use crate::support::sp::Sp;

const PATH: &str = "/admin/apps/wiki";

fn stored(app: &TestApp, of: &App) -> App {
    let found = app.services.db.read(|c| store::apps::by_id(c, &of.id));
    found.expect("read").expect("there").app
}

fn untick(fields: &mut Fields, name: &str) {
    fields.retain(|(known, _)| known != name);
}

/// What a browser would send of the page that shows both.
fn choices(answer: &Answer) -> Fields {
    assert_eq!(answer.status, 409, "{}", answer.text());
    let text = answer.text();
    let at = text.find("aria-labelledby=\"choose\"").expect("the form");
    form_of(&text[at..])
}

fn save(client: &Client, fields: &Fields) -> Answer {
    client.post(PATH, &pairs(fields))
}

/// A unticks a profile and saves; B, who read before, saves a description only.
#[test]
fn hardening_01_a_form_that_was_read_before_brings_no_profile_back() {
    let app = TestApp::start();
    let wiki = app.connect(&Sp::new("wiki"), |_, _| ());
    let (a, b) = (admin(&app, ALL), admin(&app, ALL));
    let (mut of_a, mut of_b) = (as_shown(&a, PATH), as_shown(&b, PATH));
    untick(&mut of_a, "profiles");
    set(&mut of_b, "description", "Ünï <b> of B");
    assert_eq!(save(&a, &of_a).status, 303);
    let events = app.events().len();

    let answer = save(&b, &of_b);
    let both = choices(&answer);
    let after = stored(&app, &wiki);
    assert!(after.policy.profiles.is_empty(), "the profile came back");
    assert_eq!(after.definition.description, "");
    assert_eq!(app.events().len(), events, "nothing was changed");
    // Who changed what, and mine, theirs and before of each setting that differs, and of no other.
    let text = answer.text();
    for part in [
        "admin.0",
        "Standard",
        "Ünï &#60;b&#62; of B",
        "The settings of",
    ] {
        assert!(text.contains(part), "lacks {part:?}: {text}");
    }
    let kept = |name: &str| {
        both.iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    assert_eq!(kept("keep-profiles"), Some("theirs"));
    assert_eq!(kept("keep-description"), Some("mine"));
    let asked = both.iter().filter(|(n, _)| n.starts_with("keep-")).count();
    assert_eq!(asked, 2, "{both:?}");

    // As the page proposes: both changes last.
    assert_eq!(save(&b, &both).status, 303);
    let after = stored(&app, &wiki);
    assert!(after.policy.profiles.is_empty());
    assert_eq!(after.definition.description, "Ünï <b> of B");
    let event = app.last_event();
    let lines = crate::support::app::lines(&event);
    let changed: Vec<_> = lines.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(changed, ["description"]);
}

/// What both changed is kept by nobody's default; over theirs it goes when that is said.
#[test]
fn what_both_changed_is_asked_and_saved_as_chosen() {
    let app = TestApp::start();
    let wiki = app.connect(&Sp::new("wiki"), |_, _| ());
    let (a, b) = (admin(&app, ALL), admin(&app, ALL));
    let (mut of_a, mut of_b) = (as_shown(&a, PATH), as_shown(&b, PATH));
    set(&mut of_a, "description", "Of A");
    set(&mut of_b, "description", "Of B");
    set(&mut of_b, "order", "7");
    of_b.extend(super::changes::row(
        "urn:x:b",
        "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
        "user:email",
        "",
    ));
    assert_eq!(save(&a, &of_a).status, 303);
    let mut both = choices(&save(&b, &of_b));
    assert!(!both.iter().any(|(name, _)| name == "keep-description"));

    // Undecided, the page comes again; so does what was chosen.
    set(&mut both, "keep-order", "theirs");
    let again = save(&b, &both);
    assert!(
        again.text().contains("Choose which one to keep."),
        "{}",
        again.text()
    );
    let mut both = choices(&again);
    assert!(
        both.iter()
            .any(|(name, word)| name == "keep-order" && word == "theirs")
    );
    assert_eq!(stored(&app, &wiki).definition.description, "Of A");

    // Meanwhile A saves again: what was chosen was chosen of something else.
    let mut of_a = as_shown(&a, PATH);
    set(&mut of_a, "description", "Of A again");
    assert_eq!(save(&a, &of_a).status, 303);
    set(&mut both, "keep-description", "mine");
    let answer = save(&b, &both);
    assert!(answer.text().contains("Of A again"), "{}", answer.text());
    let mut both = choices(&answer);
    set(&mut both, "keep-description", "mine");
    set(&mut both, "keep-order", "theirs");
    assert_eq!(save(&b, &both).status, 303);
    let after = stored(&app, &wiki);
    assert_eq!(after.definition.description, "Of B");
    assert_eq!(after.policy.order, 0);
    assert_eq!(
        after.definition.saml.attributes.len(),
        1,
        "nothing typed is lost"
    );
}

/// The buttons that only show the form again keep what it was read from.
#[test]
fn a_form_that_is_shown_again_is_still_the_one_that_was_read() {
    let app = TestApp::start();
    let wiki = app.connect(&Sp::new("wiki"), |_, _| ());
    let (a, b) = (admin(&app, ALL), admin(&app, ALL));
    let mut of_b = as_shown(&b, PATH);
    let mut of_a = as_shown(&a, PATH);
    untick(&mut of_a, "profiles");
    assert_eq!(save(&a, &of_a).status, 303);
    for (name, value) in [("do", "add-attribute"), ("order", "soon")] {
        let mut fields = of_b.clone();
        set(&mut fields, name, value);
        let answer = save(&b, &fields);
        assert_ne!(answer.status, 303);
        let text = answer.text();
        let at = text.find("id=\"settings\"").expect("the form");
        of_b = form_of(&text[at..]);
        of_b.push(("do".into(), "save".into()));
        untick(&mut of_b, "attr_name");
    }
    set(&mut of_b, "order", "3");
    choices(&save(&b, &of_b));
    assert!(stored(&app, &wiki).policy.profiles.is_empty());
    // A form that does not say what it was read from was read from nothing.
    for name in ["version", "read"] {
        let mut fields = as_shown(&b, PATH);
        untick(&mut fields, name);
        set(&mut fields, "description", "Changed");
        let status = save(&b, &fields).status;
        assert_eq!(status, if name == "version" { 409 } else { 303 }, "{name}");
    }
}

/// A block is no setting: a form that was read before it neither undoes it nor is lost.
#[test]
fn hardening_01_a_form_that_was_read_before_a_block_leaves_it() {
    let app = TestApp::start();
    let wiki = app.connect(&Sp::new("wiki"), |_, _| ());
    let client = admin(&app, ALL);
    let mut fields = as_shown(&client, PATH);
    set(&mut fields, "description", "Changed");
    assert_eq!(post(&client, "/admin/apps/wiki/block", &[]).status, 303);
    let answer = save(&client, &fields);
    assert!(
        answer.text().contains("is now blocked"),
        "{}",
        answer.text()
    );
    assert_eq!(save(&client, &choices(&answer)).status, 303);
    let after = stored(&app, &wiki);
    assert_eq!(after.state, avouch_server::apps::AppState::Blocked);
    assert_eq!(after.definition.description, "Changed");
}

/// The preview of metadata is beside what the app had; other metadata that came meanwhile is not
/// overwritten by it.
#[test]
fn hardening_01_a_preview_is_stored_only_over_what_it_was_shown_beside() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    let wiki = app.connect(&sp, |_, _| ());
    let client = admin(&app, ALL);
    let preview = |until: &str| {
        let document = Sp {
            root_attributes: format!("validUntil=\"{until}\""),
            ..Sp::new("wiki")
        }
        .metadata();
        let fields = [("source", "paste"), ("metadata", document.as_str())];
        let answer = upload(&client, "/admin/apps/wiki/metadata", &fields);
        assert_eq!(answer.status, 200, "{}", answer.text());
        ["metadata", "compared"].map(|name| (name, answer.field(name).expect("carried")))
    };
    let take = |fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        post(&client, "/admin/apps/wiki/metadata/save", &fields)
    };
    let (first, second) = (
        preview("2090-01-01T00:00:00Z"),
        preview("2091-01-01T00:00:00Z"),
    );
    assert_eq!(take(&first).status, 303);
    // A setting that changes is no other metadata.
    let answer = take(&second);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    assert!(
        text.contains("how long it is good") && text.contains("2091-01-01"),
        "{text}"
    );
    let metadata = || {
        let found = app.services.db.read(|c| store::apps::by_id(c, &wiki.id));
        String::from_utf8(found.expect("read").expect("there").metadata_xml).expect("text")
    };
    assert!(metadata().contains("2090-01-01"));
    let third = preview("2091-01-01T00:00:00Z");
    let mut fields = as_shown(&client, PATH);
    set(&mut fields, "description", "Changed");
    assert_eq!(save(&client, &fields).status, 303);
    assert_eq!(take(&third).status, 303);
    assert!(metadata().contains("2091-01-01"));
    assert_eq!(stored(&app, &wiki).definition.description, "Changed");
    // Without a word of what it was shown beside it is refused.
    assert_eq!(take(&first[..1]).status, 422);
}

/// `manage_users` alone changes nothing of who has rights beyond it.
#[test]
fn hardening_11_nobody_changes_a_user_who_may_more() {
    let app = TestApp::start();
    let with = |name: &str, rights: &[AdminRight]| {
        app.user_with(name, |user| user.rights = rights.iter().copied().collect())
    };
    let owner = with("owner", ALL);
    let peer = with("peer", &[AdminRight::ManageUsers]);
    let plain = with("plain", &[]);
    with("manager", &[AdminRight::ManageUsers]);
    let manager = super::signed_in(&app, "manager");
    let active = |id: &avouch_server::users::UserId| {
        let found = app.services.db.read(|c| store::users::by_id(c, id));
        found.expect("read").expect("there").active
    };
    let owners_browser = super::signed_in(&app, "owner");
    for done in ["deactivate", "activate"] {
        let answer = post(&manager, &format!("/admin/users/{}/{done}", owner.id), &[]);
        assert_eq!(answer.status, 403, "{done}");
        let text = answer.text();
        assert!(
            text.contains("owner may administer more than you do"),
            "{text}"
        );
        assert!(text.contains("manage_keys") && !text.contains("rights as well: manage_users"));
        let event = app.last_event();
        assert_eq!(app.last_code(), answer.code());
        assert_eq!(
            event.result,
            avouch_server::audit::ResultCode::AdminRightMissing
        );
        assert_eq!(event.username(), Some("owner"));
        assert!(active(&owner.id));
    }
    assert_eq!(
        owners_browser.get("/admin/apps").status,
        200,
        "still signed in"
    );
    // Peers, and those without rights, are changed; and the owner by who has each of their rights.
    for user in [&peer, &plain] {
        for (done, is) in [("deactivate", false), ("activate", true)] {
            let path = format!("/admin/users/{}/{done}", user.id);
            assert_eq!(post(&manager, &path, &[]).status, 303, "{path}");
            assert_eq!(active(&user.id), is);
        }
    }
    // What has no page yet keeps to the same rule.
    let session = |username: &str| {
        let found = app.services.db.read(|c| {
            let user = store::users::by_username(c, username)?.expect("there");
            store::sessions::of_user(c, &user.id)
        });
        found.expect("read")[0].token_hash.clone()
    };
    let cx = AdminContext {
        actor: Actor::Session(Some(session("manager"))),
        now: app.now(),
        origin: Origin::local("a test"),
        settings: &app.services.settings,
        db: &app.services.db,
        hasher: &app.services.hasher,
        kept: None,
    };
    let other_name = UserEdit {
        display_name: Some("Changed".to_owned()),
        ..UserEdit::default()
    };
    let more_rights = UserEdit {
        rights: Some([AdminRight::ManageKeys].into()),
        ..UserEdit::default()
    };
    let password = Password::new(PASSWORD);
    let denied = |error: Option<AdminError>| match error {
        Some(AdminError::Denied(denied)) => {
            assert_eq!(app.last_code(), denied.code);
            assert!(denied.over.is_some(), "{denied:?}");
        }
        other => panic!("expected a denial, received {other:?}"),
    };
    denied(flow::edit(&cx, "owner", &other_name).err());
    denied(flow::set_password(&cx, "owner", &password).err());
    denied(flow::edit(&cx, "plain", &more_rights).err());
    assert_eq!(
        flow::edit(&cx, "plain", &other_name)
            .expect("allowed")
            .lines
            .len(),
        1
    );
    flow::set_password(&cx, "plain", &password).expect("allowed");

    let second = admin(&app, ALL);
    let path = format!("/admin/users/{}/deactivate", owner.id);
    assert_eq!(post(&second, &path, &[]).status, 303);
    assert!(!active(&owner.id));
}
