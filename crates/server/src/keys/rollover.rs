//! Making keys and moving them through their life: next, active, previous, retired. Each function
//! is part of a write transaction of its caller, who writes the event in it.

use avouch_saml::security::certificate::{Certificate, KeyKind, PrivateKey};
use avouch_saml::time::{Random, Timestamp};

use super::error::KeyringError;
use super::key::{KeyId, KeyPurpose, KeyState, kind_word};
use super::master::MasterKey;
use crate::random::new_id;
use crate::store::keys::KeyRow;
use crate::store::{self, Connection, StoreError};

/// Why a key was not moved.
#[derive(Debug, thiserror::Error)]
pub enum RolloverError {
    /// There is no such key.
    #[error("there is no key {0:?}; `avouch key list` shows them")]
    Unknown(String),
    /// It may not go there from where it is.
    #[error("the key is {state}; {rule}")]
    State {
        /// Where it is.
        state: &'static str,
        /// What holds.
        rule: &'static str,
    },
    /// It may, and something would break.
    #[error("{breaks}; {instead}, or give --force to do it now")]
    Breaks {
        /// What.
        breaks: String,
        /// What to do for nothing to break.
        instead: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A new key as a row, private half encrypted. Takes its time with RSA: call it before the
/// transaction that stores it.
///
/// `host` is put into the self-signed certificate as its name; it means nothing to service
/// providers, who take the certificate as it stands in metadata.
///
/// # Errors
/// [`KeyringError::Make`]: OpenSSL cannot make it.
pub fn generate(
    master: &MasterKey,
    kind: KeyKind,
    purpose: KeyPurpose,
    host: &str,
    valid_days: i64,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<KeyRow, KeyringError> {
    let make = |error: &dyn std::fmt::Display| KeyringError::Make(error.to_string());
    let private = PrivateKey::generate(kind).map_err(|e| make(&e))?;
    let mut serial = [0; 16];
    random.fill(&mut serial);
    let name: String = host.chars().take(64).collect();
    let certificate = private
        .self_signed(
            &name,
            u128::from_be_bytes(serial),
            // A service provider whose clock is behind must not find it too young.
            now.plus_seconds(-86_400),
            now.plus_seconds(valid_days * 86_400),
        )
        .map_err(|e| make(&e))?;
    Ok(row(
        master,
        &private,
        &certificate,
        purpose,
        KeyState::Next,
        now,
        random,
    ))
}

/// A key that exists already as a row: development keys, or an identity moved from elsewhere.
///
/// # Errors
/// [`KeyringError::Make`]: the certificate is not this key's.
pub fn import(
    master: &MasterKey,
    private: &PrivateKey,
    certificate: &Certificate,
    purpose: KeyPurpose,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<KeyRow, KeyringError> {
    if certificate.public_key().ok() != Some(private.public()) {
        return Err(KeyringError::Make(
            "the certificate does not hold the public half of the key".to_owned(),
        ));
    }
    Ok(row(
        master,
        private,
        certificate,
        purpose,
        KeyState::Next,
        now,
        random,
    ))
}

fn row(
    master: &MasterKey,
    private: &PrivateKey,
    certificate: &Certificate,
    purpose: KeyPurpose,
    state: KeyState,
    now: Timestamp,
    random: &mut dyn Random,
) -> KeyRow {
    let id = new_id(random);
    KeyRow {
        private_key: master.seal(&super::sealed_name(&id), &private.pkcs8_der(), random),
        id,
        purpose: purpose.as_str().to_owned(),
        algorithm: kind_word(private.kind()),
        certificate: certificate.der().to_vec(),
        state: state.as_str().to_owned(),
        created_at: now.millis(),
    }
}

/// Stores a key: active when there is no active one of its purpose, else next.
/// Answers the state it got.
///
/// # Errors
/// As any statement.
pub fn add(c: &mut Connection, mut key: KeyRow) -> Result<KeyState, StoreError> {
    let has_active = store::keys::all(c)?
        .iter()
        .any(|k| k.purpose == key.purpose && k.state == KeyState::Active.as_str());
    let state = if has_active {
        KeyState::Next
    } else {
        KeyState::Active
    };
    key.state = state.as_str().to_owned();
    store::keys::insert(c, &key)?;
    Ok(state)
}

/// Whether every service provider that reads our metadata as often as it is told to can know the
/// key by now. A previous key was known all along; a metadata key is not in metadata.
///
/// # Errors
/// [`RolloverError::Breaks`] when [`activate`] would make sign-ons fail.
pub fn check_activate(
    c: &mut Connection,
    id: &KeyId,
    cache_seconds: i64,
    now: Timestamp,
) -> Result<(), RolloverError> {
    let (_, key, state) = find(c, id)?;
    let known = key.created().plus_seconds(cache_seconds);
    if state == KeyState::Next && key.purpose == KeyPurpose::Signing.as_str() && now < known {
        return Err(RolloverError::Breaks {
            breaks: format!(
                "the key is published since {} and apps may use metadata from before until {known}: \
                 their sign-ons would fail, the signature being unknown to them",
                key.created()
            ),
            instead: "wait until then".to_owned(),
        });
    }
    Ok(())
}

/// Whether nothing and nobody uses the key any more, as far as we can know.
///
/// # Errors
/// [`RolloverError::Breaks`] when [`retire`] would make something fail.
pub fn check_retire(
    c: &mut Connection,
    id: &KeyId,
    cache_seconds: i64,
    now: Timestamp,
) -> Result<(), RolloverError> {
    let pinned: Vec<String> = store::apps::all(c)?
        .into_iter()
        .filter(|(app, _)| app.definition.saml.signing_key.as_deref() == Some(id.as_str()))
        .map(|(app, _)| app.api_name)
        .collect();
    if !pinned.is_empty() {
        let apps = pinned.join(", ");
        return Err(RolloverError::Breaks {
            breaks: format!("{apps} chose this key: without it every sign-on there fails"),
            instead: format!(
                "choose another with `avouch app edit {} signing_key=`",
                pinned[0]
            ),
        });
    }
    let superseded = store::settings::get(c, &superseded_at(id.as_str()))?.and_then(|bytes| {
        Some(Timestamp::from_millis(i64::from_be_bytes(
            bytes.try_into().ok()?,
        )))
    });
    let Some(at) = superseded else {
        return Ok(());
    };
    let forgotten = at.plus_seconds(cache_seconds);
    if now < forgotten {
        return Err(RolloverError::Breaks {
            breaks: format!(
                "the key signed until {at} and apps may use metadata that lists it until {forgotten}: \
                 what it signed, and what they encrypt to it, would be refused"
            ),
            instead: "wait until then".to_owned(),
        });
    }
    Ok(())
}

/// The setting that says since when a key signs no more, in milliseconds.
fn superseded_at(id: &str) -> String {
    format!("key-superseded-{id}")
}

/// Lets a published key sign from now on; the one that did stays published as previous. A previous
/// key may come back, when the new one turns out not to work somewhere. Whether it is time is
/// [`check_activate`]'s to say.
///
/// # Errors
/// [`RolloverError::State`] for a retired key.
pub fn activate(c: &mut Connection, id: &KeyId, now: Timestamp) -> Result<(), RolloverError> {
    let (keys, chosen, state) = find(c, id)?;
    match state {
        KeyState::Active => return Ok(()),
        KeyState::Next | KeyState::Previous => {}
        KeyState::Retired => {
            return Err(RolloverError::State {
                state: state.as_str(),
                rule: "a retired key does not come back; add a new one",
            });
        }
    }
    for key in &keys {
        if key.purpose == chosen.purpose && key.state == KeyState::Active.as_str() {
            store::keys::set_state(c, &key.id, KeyState::Previous.as_str())?;
            store::settings::put(c, &superseded_at(&key.id), &now.millis().to_be_bytes())?;
        }
    }
    store::keys::set_state(c, id.as_str(), KeyState::Active.as_str())?;
    Ok(())
}

/// Takes a key out of metadata for good. Whether it is time is [`check_retire`]'s to say; a
/// compromised key goes at once.
///
/// # Errors
/// [`RolloverError::State`] for the active key.
pub fn retire(c: &mut Connection, id: &KeyId) -> Result<(), RolloverError> {
    let (_, _, state) = find(c, id)?;
    if state == KeyState::Active {
        return Err(RolloverError::State {
            state: state.as_str(),
            rule: "activate another one before this one is retired",
        });
    }
    store::keys::set_state(c, id.as_str(), KeyState::Retired.as_str())?;
    Ok(())
}

fn find(c: &mut Connection, id: &KeyId) -> Result<(Vec<KeyRow>, KeyRow, KeyState), RolloverError> {
    let unknown = || RolloverError::Unknown(id.to_string());
    let keys = store::keys::all(c)?;
    let chosen = keys
        .iter()
        .find(|k| k.id == id.as_str())
        .cloned()
        .ok_or_else(unknown)?;
    let state = KeyState::parse(&chosen.state).ok_or_else(unknown)?;
    Ok((keys, chosen, state))
}
