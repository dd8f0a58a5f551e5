//! The store, the same on every database: each test runs on SQLite and on PostgreSQL.

mod apps;
mod batches;
mod events;
mod expiry;
mod identity;
mod later_versions;
mod migrations;
mod pending;
mod postgres;
mod recovery;
mod replay;
mod sessions;
mod transactions;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use avouch_saml::time::Timestamp;
use avouch_server::random::{SystemRandom, new_id};
use avouch_server::sessions::{Session, SessionId};
use avouch_server::store::{self, Address, Connection, Db, StoreError, migrations as schema};
use avouch_server::users::{AdminRight, User, UserId};
use avouch_server::users::{PermissionSetId, ProfileId};
use postgres::Cluster;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A folder that is removed when the test ends.
struct Folder(pub(crate) PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("avouch-{}", id()));
        std::fs::create_dir(&path).expect("the temporary folder can be written");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a test on an empty SQLite database and on an empty PostgreSQL one.
fn on_each_database(test: impl Fn(&Db)) {
    let folder = Folder::new();
    let sqlite = format!("sqlite:{}", folder.0.join("a.sqlite").display());
    for address in [sqlite, Cluster::shared().database()] {
        let db = open(&address);
        test(&db);
    }
}

fn open(address: &str) -> Db {
    let db = Db::new(Address::parse(address).expect("an address"), 8);
    schema::apply(&db).expect("migrations apply");
    db
}

fn id() -> String {
    new_id(&mut SystemRandom)
}

/// A write of one thing.
fn write<T>(
    db: &Db,
    work: impl Fn(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    db.write(work)
}

/// A sample user with everything set, stored.
fn user(db: &Db, username: &str) -> User {
    let mut user = User {
        id: UserId::new(id()),
        username: username.to_owned(),
        display_name: "Sample User Öne".to_owned(),
        given_name: "Sample".to_owned(),
        family_name: "User 'Öne'".to_owned(),
        email: format!("{username}@example.org"),
        email_verified: true,
        federation_id: Some(format!("fed-{username}")),
        locale: "de-CH".to_owned(),
        time_zone: "Europe/Zurich".to_owned(),
        active: true,
        profile: ProfileId::new(""),
        profile_name: "Sample profile".to_owned(),
        permission_sets: vec![
            (PermissionSetId::new(""), "Set a".to_owned()),
            (PermissionSetId::new(""), "Set b".to_owned()),
        ],
        custom: BTreeMap::from([("team".to_owned(), vec!["漢字".to_owned(), "<&>".to_owned()])]),
        rights: BTreeSet::from([AdminRight::ReadApps, AdminRight::ManageKeys]),
        unknown_rights: Default::default(),
        created_at: NOW,
        version: 1,
    };
    db.write(|c| {
        let mut made = user.clone();
        made.profile = store::profiles::ensure(c, &user.profile_name, ProfileId::new(id()))?;
        for (set, name) in &mut made.permission_sets {
            *set = store::permission_sets::ensure(c, name, PermissionSetId::new(id()))?;
        }
        store::users::insert(c, &made, NOW)?;
        Ok::<_, StoreError>(made)
    })
    .map(|made| user.clone_from(&made))
    .expect("stored");
    user
}

/// A session of `user`, stored.
fn session(db: &Db, user: &User) -> Session {
    let session = Session {
        id: SessionId::new(id()),
        user: user.id.clone(),
        authn_instant: NOW,
        authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password".to_owned(),
        created_at: NOW,
        last_seen: NOW,
        idle_expires: NOW.plus_seconds(7200),
        absolute_expires: NOW.plus_seconds(43_200),
        token_hash: id(),
        address: "192.0.2.1".to_owned(),
        user_agent: "sample/1.0".to_owned(),
    };
    write(db, |c| store::sessions::insert(c, &session)).expect("stored");
    session
}
