//! Every key of the organisation, decrypted once a version of the keys and shared by all requests.

use std::sync::{Arc, PoisonError, RwLock};

use avouch_saml::security::algorithm::KeyFamily;
use avouch_saml::security::certificate::{Certificate, PrivateKey};
use avouch_saml::time::{Random, Timestamp};

use super::development;
use super::error::KeyringError;
use super::key::{Key, KeyId, KeyPurpose, KeyState};
use super::master::{MasterKey, WrongKey};
use super::rollover;
use crate::config::Settings;
use crate::random::SystemRandom;
use crate::store::keys::KeyRow;
use crate::store::state::Versions;
use crate::store::{self, Db, StoreError};

/// Keys at one version of them.
pub struct Keys {
    version: i64,
    keys: Vec<Arc<Key>>,
}

impl Keys {
    /// The version they were read at.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The key that signs messages.
    pub fn active(&self) -> Option<&Arc<Key>> {
        self.find(KeyPurpose::Signing)
    }

    /// The key that signs metadata: one made for it, or else the one that signs messages.
    pub fn for_metadata(&self) -> Option<&Arc<Key>> {
        self.find(KeyPurpose::Metadata).or_else(|| self.active())
    }

    /// A key by its row, for an app that chose it. Retired ones do not sign.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Key>> {
        self.keys
            .iter()
            .find(|k| k.id.as_str() == id && k.state != KeyState::Retired)
    }

    /// The keys that metadata lists for messages: the active one first, then the next and the
    /// previous ones.
    pub fn published(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys
            .iter()
            .filter(|k| k.purpose == KeyPurpose::Signing && k.state != KeyState::Retired)
    }

    /// What is encrypted to us may be encrypted to any of these, newest state first: service
    /// providers encrypt to the RSA keys that metadata lists.
    pub fn decryption_keys(&self) -> Vec<PrivateKey> {
        self.published()
            .filter(|k| k.kind().family() == KeyFamily::Rsa)
            .map(|k| k.private().clone())
            .collect()
    }

    /// Every key, retired ones too, in the order of [`KeyState`].
    pub fn all(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.iter()
    }

    fn find(&self, purpose: KeyPurpose) -> Option<&Arc<Key>> {
        self.keys
            .iter()
            .find(|k| k.purpose == purpose && k.state == KeyState::Active)
    }
}

/// Decrypts keys and secrets.
pub struct Keyring {
    master: MasterKey,
    base_url: String,
    refuse_development: bool,
    loaded: RwLock<Option<Arc<Keys>>>,
}

/// A known text: whether it decrypts tells whether the master key is the right one, before any
/// signing key exists.
const PROBE: &str = "master-key-probe";

impl Keyring {
    /// Opens the keyring of a database whose schema is up to date.
    ///
    /// # Errors
    /// [`KeyringError::WrongMaster`] and the rest: say it and do not start.
    pub fn open(
        db: &Db,
        settings: &Settings,
        random: &mut dyn Random,
    ) -> Result<Self, KeyringError> {
        let keyring = Self {
            master: MasterKey::load(&settings.keys, random)?,
            base_url: settings.server.base_url.to_string(),
            refuse_development: !settings.server.is_loopback(),
            loaded: RwLock::default(),
        };
        keyring.secret(db, PROBE, random)?;
        keyring.current(db)?;
        Ok(keyring)
    }

    /// Makes the keys that a new organisation needs and does not have yet: one that signs, and one
    /// for metadata when the settings want it apart.
    ///
    /// # Errors
    /// [`KeyringError::Make`] or the database.
    pub fn ensure_keys(
        &self,
        db: &Db,
        settings: &Settings,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(), KeyringError> {
        let mut wanted = vec![KeyPurpose::Signing];
        if settings.keys.separate_metadata_key {
            wanted.push(KeyPurpose::Metadata);
        }
        for purpose in wanted {
            if self.current(db)?.find(purpose).is_some() {
                continue;
            }
            let key = rollover::generate(
                &self.master,
                settings.keys.algorithm,
                purpose,
                settings.server.base_url.host(),
                settings.keys.certificate_days,
                now,
                random,
            )?;
            db.write(|c| {
                // Another node may have made one while this one was computing.
                let made = store::keys::all(c)?
                    .iter()
                    .any(|k| k.purpose == key.purpose && k.state == KeyState::Active.as_str());
                if !made {
                    rollover::add(c, key.clone())?;
                }
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(())
    }

    /// The keys at `versions`, which the caller has just read. Without a change of a key since the
    /// last call this takes no statement.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn at(&self, db: &Db, versions: Versions) -> Result<Arc<Keys>, KeyringError> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = loaded.as_ref().filter(|keys| keys.version == versions.keys) {
            return Ok(Arc::clone(keys));
        }
        drop(loaded);
        self.current(db)
    }

    /// The keys now, read anew.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn current(&self, db: &Db) -> Result<Arc<Keys>, KeyringError> {
        let (version, rows) = db.read(|c| {
            let version = store::state::versions(c)?.keys;
            Ok::<_, StoreError>((version, store::keys::all(c)?))
        })?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            keys.push(Arc::new(self.decrypt(row)?));
        }
        keys.sort_by_key(|key| (key.state, key.created_at));
        let keys = Arc::new(Keys { version, keys });
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        // A slower reader must not put older keys back.
        if loaded.as_ref().is_none_or(|known| known.version <= version) {
            *loaded = Some(Arc::clone(&keys));
        }
        Ok(keys)
    }

    /// The master key, to encrypt new keys under.
    pub fn master(&self) -> &MasterKey {
        &self.master
    }

    /// A secret of the organisation, 32 random bytes made on first use, the same on every node and
    /// whatever signing keys come and go.
    ///
    /// # Errors
    /// [`KeyringError::WrongMaster`] or the database.
    pub fn secret(
        &self,
        db: &Db,
        name: &str,
        random: &mut dyn Random,
    ) -> Result<[u8; 32], KeyringError> {
        let stored = match db.read_one(|c| store::settings::get(c, name))? {
            Some(stored) => stored,
            None => {
                let mut fresh = [0; 32];
                random.fill(&mut fresh);
                let sealed = self.master.seal(name, &fresh, random);
                db.write(|c| store::settings::get_or_set(c, name, &sealed))?
            }
        };
        self.master
            .open(name, &stored)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| self.wrong_master(format!("the secret {name:?}")))
    }

    /// The secret that pairwise identifiers are made with. Losing or changing it would make every
    /// user a stranger to every service provider, so it is no signing key's companion.
    ///
    /// # Errors
    /// As [`Keyring::secret`].
    pub fn pairwise_salt(&self, db: &Db) -> Result<[u8; 32], KeyringError> {
        self.secret(db, "pairwise-salt", &mut SystemRandom)
    }

    fn decrypt(&self, row: KeyRow) -> Result<Key, KeyringError> {
        let damaged = |column: &str, detail: &dyn std::fmt::Display| {
            StoreError::damaged(format!("signing_keys.{column} of {}", row.id), detail)
        };
        let plain = self
            .master
            .open(&super::sealed_name(&row.id), &row.private_key)
            .map_err(|WrongKey| self.wrong_master(format!("key {}", row.id)))?;
        let private = PrivateKey::from_pkcs8_der(&plain).map_err(|e| damaged("private_key", &e))?;
        let certificate =
            Certificate::from_der(&row.certificate).map_err(|e| damaged("certificate", &e))?;
        let purpose = KeyPurpose::parse(&row.purpose)
            .ok_or_else(|| damaged("purpose", &format!("{:?} is unknown", row.purpose)))?;
        let state = KeyState::parse(&row.state)
            .ok_or_else(|| damaged("state", &format!("{:?} is unknown", row.state)))?;
        if self.refuse_development
            && state != KeyState::Retired
            && development::is_development_key(&private.public())
        {
            return Err(KeyringError::Development {
                id: row.id.clone(),
                base_url: self.base_url.clone(),
            });
        }
        let created = row.created();
        Ok(Key::new(
            KeyId::new(row.id),
            purpose,
            state,
            certificate,
            private,
            created,
        ))
    }

    fn wrong_master(&self, what: String) -> KeyringError {
        KeyringError::WrongMaster {
            origin: self.master.origin().to_owned(),
            what,
        }
    }
}
