//! Keys on a database of their own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::certificate::KeyKind;
use avouch_saml::security::sign::{SignError, Signer as _};
use avouch_saml::time::Timestamp;

use super::*;
use crate::config::{Environment, Settings};
use crate::random::{SystemRandom, new_id};
use crate::store::state::{self, Kind};
use crate::store::{Db, StoreError, migrations};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A folder that is removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("avouch-{}", new_id(&mut SystemRandom)));
        std::fs::create_dir(&path).expect("the temporary folder can be written");
        Self(path)
    }

    fn settings(&self, more: &str) -> Settings {
        let text = format!("[server]\ndata_dir = '{}'\n{more}", self.0.display());
        Settings::from_text(&text, "test", &Environment::default())
            .unwrap_or_else(|e| panic!("{e}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn database(settings: &Settings) -> Db {
    let db = Db::new(settings.database.address.clone(), 2);
    migrations::apply(&db).expect("migrations apply");
    db
}

const EC: &str = "[keys]\nalgorithm = 'ec-p256'\n";

#[test]
fn the_first_run_makes_a_master_key_for_the_owner_only_and_a_signing_key() {
    let folder = Folder::new();
    let settings = folder.settings(EC);
    let db = database(&settings);
    let keyring = Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    assert!(keyring.current(&db).expect("reads").active().is_none());
    keyring
        .ensure_keys(&db, &settings, NOW, &mut SystemRandom)
        .expect("makes a key");
    keyring
        .ensure_keys(&db, &settings, NOW, &mut SystemRandom)
        .expect("has one");
    let keys = keyring.current(&db).expect("reads");
    assert_eq!(keys.all().count(), 1);
    let active = keys.active().expect("active");
    assert_eq!(active.kind(), KeyKind::P256);

    let file = folder.0.join("master.key");
    let mode = std::fs::metadata(&file).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let rows = db.read(crate::store::keys::all).expect("rows");
    let plain = active
        .signer(SignatureAlgorithm::EcdsaSha256, &AlgorithmPolicy::default())
        .expect("signs")
        .sign(b"x")
        .expect("signature");
    assert_eq!(plain.len(), 64);
    // PKCS#8 of an EC key names its curve: the stored octets do not.
    let curve = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    assert!(!rows[0].private_key.windows(8).any(|w| w == curve));

    // The same key after a restart.
    let again = Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    let keys = again.current(&db).expect("reads");
    assert_eq!(
        keys.active().expect("active").certificate,
        active.certificate
    );
}

#[test]
fn another_master_key_is_refused_at_start() {
    let folder = Folder::new();
    let settings = folder.settings(EC);
    let db = database(&settings);
    Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    let other = folder.settings(&format!("[keys]\nmaster = '{}'\n", "ab".repeat(32)));
    let error = Keyring::open(&db, &other, &mut SystemRandom)
        .err()
        .expect("refused");
    assert!(matches!(error, KeyringError::WrongMaster { .. }));
    assert!(
        error
            .to_string()
            .contains("the master key from keys.master is not the one")
    );
    assert!(!error.to_string().contains("abab"));
}

#[test]
fn a_master_key_that_others_can_read_or_that_is_none_is_refused() {
    let folder = Folder::new();
    let settings = folder.settings(EC);
    MasterKey::load(&settings.keys, &mut SystemRandom).expect("made");
    let file = folder.0.join("master.key");
    for (mode, good) in [(0o440, true), (0o640, true), (0o660, false), (0o644, false)] {
        let open = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&file, open).expect("mode set");
        let loaded = MasterKey::load(&settings.keys, &mut SystemRandom);
        assert_eq!(loaded.is_ok(), good, "{mode:o}");
    }
    let refused = MasterKey::load(&settings.keys, &mut SystemRandom).err();
    assert!(refused.expect("refused").to_string().contains("mode 644"));
    assert!(MasterKey::decode("short", "x").is_err());
    assert!(MasterKey::decode(&"zz".repeat(32), "x").is_err());
    assert!(MasterKey::decode(&"0f".repeat(32), "x").is_ok());
}

#[test]
fn what_is_sealed_opens_under_its_own_name_only() {
    let master = MasterKey::decode(&"0f".repeat(32), "x").expect("key");
    let sealed = master.seal("one", b"plain", &mut SystemRandom);
    assert_eq!(master.open("one", &sealed).as_deref(), Ok(&b"plain"[..]));
    assert!(master.open("two", &sealed).is_err());
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(master.open("one", &changed).is_err(), "byte {at}");
        assert!(master.open("one", &sealed[..at]).is_err(), "cut at {at}");
    }
    assert_ne!(sealed, master.seal("one", b"plain", &mut SystemRandom));
}

#[test]
fn a_key_is_published_before_it_signs_and_after() {
    let folder = Folder::new();
    let settings = folder.settings(EC);
    let db = database(&settings);
    let keyring = Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    keyring
        .ensure_keys(&db, &settings, NOW, &mut SystemRandom)
        .expect("makes a key");
    let first = keyring
        .current(&db)
        .expect("reads")
        .active()
        .expect("active")
        .id
        .clone();
    let second = rollover::generate(
        keyring.master(),
        KeyKind::P384,
        KeyPurpose::Signing,
        "localhost",
        30,
        NOW,
        &mut SystemRandom,
    )
    .expect("makes a key");
    let second_id = KeyId::new(second.id.clone());
    let state = db
        .write(|c| rollover::add(c, second.clone()))
        .expect("added");
    assert_eq!(state, KeyState::Next);

    let order = || {
        let keys = keyring.current(&db).expect("reads");
        keys.published()
            .map(|k| (k.id.clone(), k.state))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        order(),
        [
            (first.clone(), KeyState::Active),
            (second_id.clone(), KeyState::Next)
        ]
    );
    let refused = db.write(|c| rollover::retire(c, &first)).err();
    assert!(matches!(
        refused,
        Some(rollover::RolloverError::State { .. })
    ));
    db.write(|c| rollover::activate(c, &second_id, NOW))
        .expect("activated");
    assert_eq!(
        order(),
        [
            (second_id.clone(), KeyState::Active),
            (first.clone(), KeyState::Previous)
        ]
    );
    db.write(|c| rollover::retire(c, &first)).expect("retired");
    assert_eq!(order(), [(second_id, KeyState::Active)]);
    assert!(
        keyring
            .current(&db)
            .expect("reads")
            .by_id(first.as_str())
            .is_none()
    );
    let refused = db.write(|c| rollover::activate(c, &first, NOW)).err();
    assert!(matches!(
        refused,
        Some(rollover::RolloverError::State { .. })
    ));
}

#[test]
fn an_unchanged_version_costs_no_statement() {
    let folder = Folder::new();
    let settings = folder.settings(EC);
    let db = database(&settings);
    let keyring = Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    keyring
        .ensure_keys(&db, &settings, NOW, &mut SystemRandom)
        .expect("makes a key");
    let versions = db.read_one(state::versions).expect("versions");
    let keys = keyring.at(&db, versions).expect("keys");
    let before = db.statements();
    assert!(std::sync::Arc::ptr_eq(
        &keys,
        &keyring.at(&db, versions).expect("keys")
    ));
    assert_eq!(db.statements(), before);
    // A change of an app is no change of a key.
    db.write(|c| state::bump(c, Kind::Apps)).expect("bumped");
    let versions = db.read_one(state::versions).expect("versions");
    let before = db.statements();
    keyring.at(&db, versions).expect("keys");
    assert_eq!(db.statements(), before);
    db.write(|c| state::bump(c, Kind::Keys)).expect("bumped");
    let versions = db.read_one(state::versions).expect("versions");
    let before = db.statements();
    keyring.at(&db, versions).expect("keys");
    assert!(db.statements() > before);
}

#[test]
fn a_blocked_algorithm_is_refused_even_after_another_policy_allowed_it() {
    let (private, certificate) =
        development::pair(KeyKind::Rsa { bits: 2048 }).expect("there is one");
    let key = Key::new(
        KeyId::new("k"),
        KeyPurpose::Signing,
        KeyState::Active,
        certificate,
        private,
        NOW,
    );
    let mut lax = AlgorithmPolicy::default();
    lax.allow_danger_sha1_signatures();
    assert!(key.signer(SignatureAlgorithm::DangerRsaSha1, &lax).is_ok());
    let strict = AlgorithmPolicy::default();
    assert!(matches!(
        key.signer(SignatureAlgorithm::DangerRsaSha1, &strict),
        Err(SignError::Blocked { .. })
    ));
    assert!(matches!(
        key.signer(SignatureAlgorithm::EcdsaSha256, &strict),
        Err(SignError::KeyMismatch { .. })
    ));
}

#[test]
fn development_keys_are_for_loopback_only() {
    let folder = Folder::new();
    let settings = folder.settings("");
    let db = database(&settings);
    let keyring = Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    let (private, certificate) = development::pair(KeyKind::P256).expect("there is one");
    let key = rollover::import(
        keyring.master(),
        &private,
        &certificate,
        KeyPurpose::Signing,
        NOW,
        &mut SystemRandom,
    )
    .expect("imported");
    db.write(|c| rollover::add(c, key.clone())).expect("added");
    assert!(keyring.current(&db).expect("loopback").active().is_some());

    let public = folder.settings("base_url = 'https://login.example.org'\n");
    let error = Keyring::open(&db, &public, &mut SystemRandom)
        .err()
        .expect("refused");
    assert!(matches!(error, KeyringError::Development { .. }), "{error}");
    db.write(|c| {
        crate::store::keys::set_state(c, &key.id, "retired")?;
        Ok::<_, StoreError>(())
    })
    .expect("retired");
    assert!(Keyring::open(&db, &public, &mut SystemRandom).is_ok());
}

#[test]
fn a_secret_is_made_once_and_outlives_keys() {
    let folder = Folder::new();
    let settings = folder.settings("");
    let db = database(&settings);
    let keyring = Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    let salt = keyring
        .secret(&db, "pairwise-salt", &mut SystemRandom)
        .expect("made");
    let other = keyring
        .secret(&db, "cookies", &mut SystemRandom)
        .expect("made");
    assert_ne!(salt, other);
    let again = Keyring::open(&db, &settings, &mut SystemRandom).expect("opens");
    assert_eq!(
        again
            .secret(&db, "pairwise-salt", &mut SystemRandom)
            .expect("kept"),
        salt
    );
}
