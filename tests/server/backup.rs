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
