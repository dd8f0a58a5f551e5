//! What docs/upgrade.md says of SQLite: a copy made beside a running server, put back.

use std::path::{Path, PathBuf};

use avouch_server::config::{Environment, Settings};
use avouch_server::keys::{Keyring, KeyringError};
use avouch_server::random::{SystemRandom, new_id};
use avouch_server::store::Db;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};

use crate::support::app::{Setup, TestApp};
use crate::support::sp::Sp;

fn new_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("avouch-backup-{}", new_id(&mut SystemRandom)));
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// On a file, whatever the tests run on.
fn on_file(folder: &Path) -> Setup {
    Setup {
        database: Some(format!("sqlite:{}", folder.join("avouch.sqlite").display())),
        folder: Some(folder.to_owned()),
        ..Setup::default()
    }
}

/// A key is asked for, as every start asks.
fn opens(folder: &Path) -> Result<(), KeyringError> {
    let text = format!("[server]\ndata_dir = \"{}\"\n", folder.display());
    let settings = Settings::from_text(&text, "test", &Environment::default()).expect("settings");
    let db = Db::new(settings.database.address.clone(), 1);
    let keyring = Keyring::open(&db, &settings, &mut SystemRandom)?;
    keyring.current(&db).map(drop)
}

#[test]
fn a_copy_made_while_serving_signs_on_with_its_master_key_alone() {
    let [folder, restored, keyless] = [new_folder(), new_folder(), new_folder()];
    let app = TestApp::with(on_file(&folder));
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.client();
    app.sign_on(&client, &sp, "one").ok();

    let copy = restored.join("avouch.sqlite");
    let mut beside =
        SqliteConnection::establish(&folder.join("avouch.sqlite").display().to_string())
            .expect("opens");
    diesel::sql_query(format!("VACUUM INTO '{}'", copy.display()))
        .execute(&mut beside)
        .expect("copied");
    std::fs::copy(folder.join("master.key"), restored.join("master.key")).expect("copied");
    std::fs::copy(&copy, keyless.join("avouch.sqlite")).expect("copied");
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();

    let again = TestApp::with(on_file(&restored));
    assert_eq!(again.certificate(), app.certificate());
    let known = client.beside(&again.client());
    again.told(&sp, &again.ask(&known, &sp, |_| ())).ok();
    again.sign_on(&again.client(), &sp, "one").ok();
    opens(&restored).expect("its own key");

    // Another key is made where none is, and does not fit.
    let opened = opens(&keyless);
    assert!(matches!(opened, Err(KeyringError::WrongMaster { .. })));
    std::fs::remove_dir_all(&keyless).expect("removed");
}

/// As an operator does it: a copy while serving, and back, with what was there kept.
#[test]
fn hardening_13_a_backup_is_checked_and_put_back() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = crate::cli::Place::with_file();
    place.ok(&["app", "add", "-"], &Sp::new("wiki").metadata());
    let file = |name: &str| place.folder.join(name);
    let copy = file("copy.sqlite");
    let copy = copy.to_str().expect("UTF-8");
    place.ok(&["backup", copy], "");
    let mode = std::fs::metadata(copy).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A copy is never written over.
    place.refused(&["backup", copy], "", 1, &["exists"]);

    place.ok(&["app", "add", "-"], &Sp::new("later").metadata());
    let listed = || {
        place
            .json(&["app", "list"], "")
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!(listed(), 2);
    let restored = place.json(&["restore", copy], "");
    assert_eq!(listed(), 1);
    let before = restored["before"].as_str().expect("kept").to_owned();
    place.ok(&["restore", &before], "");
    assert_eq!(listed(), 2);

    // What is no whole database of Avouch changes nothing.
    let mut broken = std::fs::read(copy).expect("read");
    let half = broken.len() / 2;
    broken[half..half + 4096].fill(0x5a);
    for (name, octets) in [
        ("broken", &*broken),
        ("text", b"no database"),
        ("empty", b""),
    ] {
        let bad = file(name);
        std::fs::write(&bad, octets).expect("written");
        let said = place.run(&["restore", bad.to_str().expect("UTF-8")]);
        assert_eq!(said.code, 1, "{name}: {said:?}");
        assert_eq!(listed(), 2, "{name}");
    }
    // A database that is damaged is what a copy is for.
    let database = file("data/avouch.sqlite");
    std::fs::write(&database, b"damaged ".repeat(2000)).expect("written");
    assert_ne!(place.run(&["app", "list"]).code, 0);
    let restored = place.json(&["restore", copy], "");
    assert_eq!(listed(), 1);
    let damaged = restored["before"].as_str().expect("kept");
    assert!(
        std::fs::read(file(damaged))
            .expect("kept")
            .starts_with(b"damaged ")
    );
    let left: Vec<String> = std::fs::read_dir(file("data"))
        .expect("read")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.contains("-new"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

/// A server that runs would go on writing to the file that is put aside.
#[test]
fn hardening_13_nothing_is_put_back_under_a_running_server() {
    let folder = new_folder();
    let app = TestApp::with(on_file(&folder));
    let path = folder.join("avouch.sqlite");
    let address = avouch_server::store::Address::parse(&format!("sqlite:{}", path.display()));
    let address = address.expect("an address");
    let copy = folder.join("copy.sqlite");
    avouch_server::store::backup::backup(&app.services.db, &copy).expect("made");
    let refused = avouch_server::store::backup::restore(&address, &copy, "before");
    assert!(
        refused
            .expect_err("in use")
            .to_string()
            .contains("stop it first")
    );
    app.user("one");
    assert_eq!(app.signed_in("one").get("/").status, 200);
    app.stop();
    let (_, kept) = avouch_server::store::backup::restore(&address, &copy, "before").expect("free");
    assert!(kept.expect("kept").exists());
}

/// Files with secrets that others can read are told, at every start and by check-config.
#[test]
fn hardening_14_files_open_to_others_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = crate::cli::Place::with_file();
    place.ok(&["app", "list"], "");
    let told = || place.ok(&["check-config"], "");
    assert!(!told().contains("by others on this machine"), "{}", told());
    let database = place.folder.join("data/avouch.sqlite");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o644)).expect("set");
    let said = told();
    assert!(
        said.contains("chmod 600") && said.contains("password hashes"),
        "{said}"
    );
}
