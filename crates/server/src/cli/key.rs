//! `avouch key`: the keys Avouch signs with.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use avouch_saml::security::certificate::{Certificate, PrivateKey};
use clap::Subcommand;
use serde_json::{Value, json};

use super::CommandError;
use super::open::Place;
use super::output::Output;
use crate::config::keys::KEY_KINDS;
use crate::flow::admin::keys::{self, KeyRow, NewKey};
use crate::keys::key::parse_kind;
use crate::keys::{KeyPurpose, KeyState};

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
    let (desk, keyring) = place.keyring()?;
    let cx = desk.admin();
    let (key, done) = match command {
        KeyCommand::List => {
            let keys = keys::list(&cx)?.keys;
            let mut shown = keys.iter().map(Shown::of).collect::<Result<Vec<_>, _>>()?;
            shown.sort_by_key(|key| (key.state, key.row.created_at));
            output.result(&shown.iter().map(Shown::json).collect(), || {
                shown.iter().map(Shown::text).collect()
            });
            return Ok(());
        }
        KeyCommand::Add {
            kind,
            purpose,
            private_key,
            certificate,
        } => {
            let purpose = KeyPurpose::parse(&purpose).unwrap_or(KeyPurpose::Signing);
            let new = match (private_key, certificate) {
                (Some(key), Some(certificate)) => brought(&key, &certificate)?,
                _ => {
                    let kind = kind.as_deref().and_then(parse_kind);
                    NewKey::Made(kind.unwrap_or(desk.settings.keys.algorithm))
                }
            };
            (keys::add(&cx, &keyring, purpose, &new)?, "added")
        }
        KeyCommand::Activate { id, force } => {
            (keys::activate(&cx, &id, force)?, "signs from now on")
        }
        KeyCommand::Retire { id, force } => {
            (keys::retire(&cx, &id, force)?, "is gone from metadata")
        }
    };
    let key = Shown::of(&key)?;
    if key.row.algorithm.starts_with("ec") && key.row.purpose == "signing" {
        output.warning(
            "of eleven common service provider stacks eight refuse signatures by ECDSA: give this key to \
             the apps that take them (signing_key of each), or make an RSA key for all",
        );
    }
    output.result(&key.json(), || {
        format!("the key {} {done}: {}", key.row.id, key.state.as_str())
    });
    Ok(())
}

/// A key that exists already, from files.
fn brought(key: &Path, certificate: &Path) -> Result<NewKey, CommandError> {
    let cannot = |path: &Path, error: &dyn std::fmt::Display| {
        CommandError::new(format!("cannot use {}: {error}", path.display()))
    };
    let read = |path: &Path| std::fs::read(path).map_err(|error| cannot(path, &error));
    let private = PrivateKey::from_pem(&read(key)?).map_err(|error| cannot(key, &error))?;
    let pem = read(certificate)?;
    let certificate = Certificate::from_pem(&pem).map_err(|error| cannot(certificate, &error))?;
    Ok(NewKey::Brought(Box::new((private, certificate))))
}

/// A key as it is shown: never its private half.
struct Shown<'k> {
    row: &'k KeyRow,
    state: KeyState,
    certificate: Certificate,
}

impl<'k> Shown<'k> {
    fn of(row: &'k KeyRow) -> Result<Self, CommandError> {
        let unreadable =
            || CommandError::new(format!("the key {} in the database does not read", row.id));
        Ok(Self {
            row,
            state: KeyState::parse(&row.state).ok_or_else(unreadable)?,
            certificate: Certificate::from_der(&row.certificate).map_err(|_| unreadable())?,
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let end = self.certificate.not_after();
        let _ = writeln!(
            text,
            "{}  {}  {}  {}\n    {}, until {}\n    SHA-256 {}\n    SHA-1   {} (for comparing only)",
            self.row.id,
            self.state.as_str(),
            self.row.algorithm,
            self.row.purpose,
            self.certificate.subject(),
            end.map_or_else(|| "?".to_owned(), |end| end.to_string()),
            self.certificate.fingerprint(),
            self.certificate.sha1_fingerprint()
        );
        text
    }

    fn json(&self) -> Value {
        json!({
            "id": self.row.id,
            "purpose": self.row.purpose,
            "state": self.state.as_str(),
            "algorithm": self.row.algorithm,
            "subject": self.certificate.subject(),
            "fingerprint_sha256": self.certificate.fingerprint(),
            "fingerprint_sha1": self.certificate.sha1_fingerprint(),
            "not_before": self.certificate.not_before().map(|t| t.to_string()),
            "not_after": self.certificate.not_after().map(|t| t.to_string()),
            "certificate": self.certificate.pem(),
            "created_at": self.row.created().to_string(),
        })
    }
}
