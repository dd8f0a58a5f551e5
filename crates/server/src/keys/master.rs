//! The master key: what private keys and the organisation's secrets are encrypted under.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use avouch_saml::time::Random;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use data_encoding::HEXLOWER_PERMISSIVE;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

use crate::config::keys::Keys as KeySettings;

/// 256 bits that never leave the process. No `Debug`, no `Display`.
#[derive(Clone)]
pub struct MasterKey {
    bytes: [u8; 32],
    origin: String,
}

/// Why there is no usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// What is there is no key.
    #[error(
        "the master key from {origin} is not 32 bytes in base64 or hex; \
         `openssl rand -base64 32` makes one"
    )]
    Form {
        /// Where it came from.
        origin: String,
    },
    /// The file cannot be read or made.
    #[error("cannot {verb} the master key file {}: {cause}", path.display())]
    File {
        /// `read` or `make`.
        verb: &'static str,
        /// Its path.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Others may read the file.
    #[error(
        "the master key file {} can be read or changed by others (mode {mode:03o}); expected 600, 400, 640 or 440: \
         chmod 600 it, and replace the key if others had access", path.display()
    )]
    Exposed {
        /// Its path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// What was encrypted does not decrypt: another master key, or changed bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it was encrypted under another master key, or is damaged")]
pub struct WrongKey;

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;

impl MasterKey {
    /// The master key of the settings: given in them, or read from its file, which is made on first
    /// run, readable by its owner only.
    ///
    /// # Errors
    /// [`MasterKeyError`]: say it and do not start.
    pub fn load(settings: &KeySettings, random: &mut dyn Random) -> Result<Self, MasterKeyError> {
        if let Some(secret) = &settings.master {
            return Self::decode(secret.expose(), "keys.master");
        }
        let path = &settings.master_file;
        match std::fs::read_to_string(path) {
            Ok(text) => {
                refuse_exposed(path)?;
                Self::decode(&text, &path.display().to_string())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let failed = |cause| MasterKeyError::File {
                    verb: "make",
                    path: path.clone(),
                    cause,
                };
                match make_file(path, random) {
                    // Another process made it between the two calls.
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                    made => made.map_err(failed)?,
                }
                let text = std::fs::read_to_string(path).map_err(failed)?;
                Self::decode(&text, &path.display().to_string())
            }
            Err(cause) => Err(MasterKeyError::File {
                verb: "read",
                path: path.clone(),
                cause,
            }),
        }
    }

    /// Reads a key written as base64 or hex; `origin` is what errors call it.
    ///
    /// # Errors
    /// [`MasterKeyError::Form`].
    pub fn decode(text: &str, origin: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let bytes = if text.len() == 64 {
            HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
        } else {
            BASE64.decode(text).ok()
        };
        bytes
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .map(|bytes| Self {
                bytes,
                origin: origin.to_owned(),
            })
            .ok_or_else(|| MasterKeyError::Form {
                origin: origin.to_owned(),
            })
    }

    /// Where it came from, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Encrypts `plain`. It opens again only under the same `name`, so that rows cannot be
    /// exchanged for one another.
    pub fn seal(&self, name: &str, plain: &[u8], random: &mut dyn Random) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce);
        let mut tag = [0; TAG];
        let cipher = encrypt_aead(
            Cipher::aes_256_gcm(),
            &self.bytes,
            Some(&nonce),
            name.as_bytes(),
            plain,
            &mut tag,
        )
        .expect("AES-256-GCM takes a key of 32 and a nonce of 12 bytes");
        let mut sealed = Vec::with_capacity(1 + NONCE + TAG + cipher.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&tag);
        sealed.extend_from_slice(&cipher);
        sealed
    }

    /// Decrypts what [`MasterKey::seal`] made under this name.
    ///
    /// # Errors
    /// [`WrongKey`].
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, WrongKey> {
        let (version, rest) = sealed.split_first().ok_or(WrongKey)?;
        let (nonce, rest) = rest.split_at_checked(NONCE).ok_or(WrongKey)?;
        let (tag, cipher) = rest.split_at_checked(TAG).ok_or(WrongKey)?;
        if *version != VERSION {
            return Err(WrongKey);
        }
        decrypt_aead(
            Cipher::aes_256_gcm(),
            &self.bytes,
            Some(nonce),
            name.as_bytes(),
            cipher,
            tag,
        )
        .map_err(|_| WrongKey)
    }
}

fn refuse_exposed(path: &Path) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |cause| MasterKeyError::File {
        verb: "read",
        path: path.to_owned(),
        cause,
    };
    let mode = std::fs::metadata(path)
        .map_err(failed)?
        .permissions()
        .mode()
        & 0o777;
    // A group may read it: that is how container platforms hand files to a process.
    if mode & 0o027 != 0 {
        return Err(MasterKeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

fn make_file(path: &Path, random: &mut dyn Random) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    // Written whole under another name first: a second process must never read half a key.
    let mut name = [0; 8];
    random.fill(&mut name);
    let draft = path.with_extension(format!("{:016x}", u64::from_le_bytes(name)));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let written = file
        .write_all(format!("{}\n", BASE64.encode(bytes)).as_bytes())
        .and_then(|()| file.sync_all())
        // Unlike rename, a link never replaces a key that is there.
        .and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    written
}
