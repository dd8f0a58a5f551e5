//! `avouch key`: the keys Avouch signs with.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use avouch_saml::security::certificate::{Certificate, PrivateKey};
use clap::Subcommand;
use serde_json::{Value, json};

use super::CommandError;
use super::open::{About, Place, change, now};
use super::output::Output;
use crate::audit::EventKind;
use crate::config::Settings;
use crate::config::keys::KEY_KINDS;
use crate::keys::key::{kind_word, parse_kind};
use crate::keys::{Key, KeyId, KeyPurpose, Keyring, rollover};
use crate::random::SystemRandom;
use crate::store::Db;
use crate::store::keys::KeyRow;

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// List keys with the fingerprints and ends of their certificates.
    List,
    /// Make a key: published in metadata, and not used until it is activated.
    Add {
        /// The kind of key [default: the setting keys.algorithm]
        #[arg(long = "key", value_name = "KIND", value_parser = known_kind)]
        kind: Option<String>,
        /// What it signs: messages (signing) or metadata.
        #[arg(long, default_value = "signing", value_parser = ["signing", "metadata"])]
        purpose: String,
        /// Take this private key (PEM, unencrypted) instead of making one.
        #[arg(long, value_name = "FILE", requires = "certificate")]
        private_key: Option<PathBuf>,
        /// The certificate (PEM) of --private-key.
        #[arg(long, value_name = "FILE", requires = "private_key")]
        certificate: Option<PathBuf>,
    },
    /// Sign with a key from now on; the one that signed until now stays published. Refused while
    /// apps may not have read of the key yet.
    Activate {
        /// The key's id, or the beginning of it.
        id: String,
        /// Do it although sign-ons at some apps will fail.
        #[arg(long)]
        force: bool,
    },
    /// Take a key out of metadata for good. Refused while something still uses it.
    Retire {
        /// The key's id, or the beginning of it.
        id: String,
        /// Do it although something will fail: for a key that is compromised.
        #[arg(long)]
        force: bool,
    },
}

fn known_kind(word: &str) -> Result<String, String> {
    let words: Vec<&str> = KEY_KINDS.iter().map(|(word, _)| *word).collect();
    parse_kind(word)
        .map(|_| word.to_owned())
        .ok_or_else(|| format!("expected one of {}", words.join(", ")))
}

pub(super) fn run(
    command: KeyCommand,
    place: &Place<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    let (settings, db, keyring) = place.keyring()?;
    let cache_seconds = settings.idp.metadata_cache_minutes * 60;
    match command {
        KeyCommand::List => {
            let keys = keyring.current(&db)?;
            let keys: Vec<_> = keys.all().collect();
            output.result(&keys.iter().map(|key| shown(key)).collect(), || {
                keys.iter().map(|key| text(key)).collect()
            });
        }
        KeyCommand::Add {
            kind,
            purpose,
            private_key,
            certificate,
        } => {
            let purpose = KeyPurpose::parse(&purpose).unwrap_or(KeyPurpose::Signing);
            let row = match (private_key, certificate) {
                (Some(key), Some(certificate)) => import(&keyring, purpose, &key, &certificate)?,
                _ => generate(&settings, &keyring, purpose, kind.as_deref())?,
            };
            change(
                &db,
                |()| about(format!("added the key {} ({})", row.id, row.algorithm)),
                |c| {
                    rollover::add(c, row.clone())?;
                    Ok(())
                },
            )?;
            say(&db, &keyring, &KeyId::new(row.id), "added", output)?;
        }
        KeyCommand::Activate { id, force } => {
            let id = resolve(&db, &keyring, &id)?;
            change(
                &db,
                |()| about(format!("activated the key {id}")),
                |c| {
                    if !force {
                        rollover::check_activate(c, &id, cache_seconds, now())?;
                    }
                    Ok(rollover::activate(c, &id, now())?)
                },
            )?;
            say(&db, &keyring, &id, "signs from now on", output)?;
        }
        KeyCommand::Retire { id, force } => {
            let id = resolve(&db, &keyring, &id)?;
            change(
                &db,
                |()| about(format!("retired the key {id}")),
                |c| {
                    if !force {
                        rollover::check_retire(c, &id, cache_seconds, now())?;
                    }
                    Ok(rollover::retire(c, &id)?)
                },
            )?;
            say(&db, &keyring, &id, "is gone from metadata", output)?;
        }
    }
    Ok(())
}

fn about(reason: String) -> (EventKind, String, About) {
    (EventKind::Key, reason, About::default())
}

fn generate(
    settings: &Settings,
    keyring: &Keyring,
    purpose: KeyPurpose,
    kind: Option<&str>,
) -> Result<KeyRow, CommandError> {
    Ok(rollover::generate(
        keyring.master(),
        kind.and_then(parse_kind).unwrap_or(settings.keys.algorithm),
        purpose,
        settings.server.base_url.host(),
        settings.keys.certificate_days,
        now(),
        &mut SystemRandom,
    )?)
}

fn import(
    keyring: &Keyring,
    purpose: KeyPurpose,
    key: &Path,
    certificate: &Path,
) -> Result<KeyRow, CommandError> {
    let cannot = |path: &Path, error: &dyn std::fmt::Display| {
        CommandError::new(format!("cannot use {}: {error}", path.display()))
    };
    let read = |path: &Path| std::fs::read(path).map_err(|error| cannot(path, &error));
    let private = PrivateKey::from_pem(&read(key)?).map_err(|error| cannot(key, &error))?;
    let pem = read(certificate)?;
    let certificate = Certificate::from_pem(&pem).map_err(|error| cannot(certificate, &error))?;
    Ok(rollover::import(
        keyring.master(),
        &private,
        &certificate,
        purpose,
        now(),
        &mut SystemRandom,
    )?)
}

fn resolve(db: &Db, keyring: &Keyring, typed: &str) -> Result<KeyId, CommandError> {
    let keys = keyring.current(db)?;
    let mut found = keys
        .all()
        .filter(|key| !typed.is_empty() && key.id.as_str().starts_with(typed));
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key.id.clone()),
        (Some(_), Some(_)) => Err(CommandError::new(format!(
            "several keys begin with {typed:?}; type more of the id"
        ))),
        (None, _) => Err(CommandError::new(format!(
            "there is no key {typed:?}; `avouch key list` shows them"
        ))),
    }
}

fn say(
    db: &Db,
    keyring: &Keyring,
    id: &KeyId,
    done: &str,
    output: &Output,
) -> Result<(), CommandError> {
    let keys = keyring.current(db)?;
    let key = keys.all().find(|key| key.id == *id);
    output.result(&key.map(|key| shown(key)).unwrap_or_default(), || {
        format!(
            "the key {id} {done}{}",
            key.map_or_else(String::new, |key| format!(": {}", key.state.as_str()))
        )
    });
    Ok(())
}

fn text(key: &Key) -> String {
    let mut text = String::new();
    let end = key.certificate.not_after();
    let _ = writeln!(
        text,
        "{}  {}  {}  {}\n    {}, until {}\n    SHA-256 {}",
        key.id,
        key.state.as_str(),
        kind_word(key.kind()),
        key.purpose.as_str(),
        key.certificate.subject(),
        end.map_or_else(|| "?".to_owned(), |end| end.to_string()),
        key.certificate.fingerprint()
    );
    text
}

fn shown(key: &Key) -> Value {
    json!({
        "id": key.id.as_str(),
        "purpose": key.purpose.as_str(),
        "state": key.state.as_str(),
        "algorithm": kind_word(key.kind()),
        "subject": key.certificate.subject(),
        "fingerprint_sha256": key.certificate.fingerprint(),
        "not_before": key.certificate.not_before().map(|t| t.to_string()),
        "not_after": key.certificate.not_after().map(|t| t.to_string()),
        "certificate": key.certificate.pem(),
        "created_at": key.created_at.to_string(),
    })
}
