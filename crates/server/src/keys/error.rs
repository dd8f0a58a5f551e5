//! Why keys cannot be used.

use super::master::MasterKeyError;
use crate::store::StoreError;

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// No master key.
    #[error(transparent)]
    Master(#[from] MasterKeyError),
    /// The master key is not the one that this database's keys are encrypted under.
    #[error(
        "the master key from {origin} is not the one this database was made with: {what} does not \
         decrypt under it. Give the right key (keys.master, AVOUCH_KEYS_MASTER or \
         keys.master_file); without it the signing keys are lost"
    )]
    WrongMaster {
        /// Where the master key came from.
        origin: String,
        /// What does not decrypt.
        what: String,
    },
    /// A key of `certs/dev` where others could meet it.
    #[error(
        "key {id} is one of the development keys, whose private half is public, and the base URL \
         is {base_url}; expected a key made here: use another database or data folder"
    )]
    Development {
        /// Its row.
        id: String,
        /// The base URL.
        base_url: String,
    },
    /// A key was not made.
    #[error("cannot make the key: {0}")]
    Make(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
