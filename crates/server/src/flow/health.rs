//! Whether this node can do its work now.

use crate::keys::KeyringError;
use crate::services::Services;
use crate::store::{self, StoreError};

/// Why it cannot.
#[derive(Debug)]
pub struct Failing {
    /// Which part fails: for everybody.
    pub part: &'static str,
    /// Why: for the log.
    pub cause: String,
}

/// Whether the database answers with the tables this version needs, and there is a key to sign
/// with.
///
/// # Errors
/// [`Failing`]: send nobody here until it is over.
pub fn check(services: &Services) -> Result<(), Failing> {
    let db = &services.db;
    db.ready().map_err(database)?;
    let versions = db.read_one(store::state::versions).map_err(database)?;
    match services.keyring.at(db, versions) {
        Ok(keys) if keys.active().is_some() => Ok(()),
        Ok(_) => Err(keys("no signing key is active".to_owned())),
        Err(KeyringError::Store(error @ StoreError::Unavailable(_))) => Err(database(error)),
        Err(error) => Err(keys(error.to_string())),
    }
}

fn database(error: StoreError) -> Failing {
    Failing {
        part: "the database does not answer as it should",
        cause: error.to_string(),
    }
}

fn keys(cause: String) -> Failing {
    Failing {
        part: "no signing key can be used",
        cause,
    }
}
