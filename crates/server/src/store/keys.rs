//! Signing keys, their private halves encrypted.

use avouch_saml::security::certificate::Certificate;
use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::signing_keys;
use super::state::Kind;
use super::{Connection, StoreError};
use crate::apps::effective::OwnKey;

/// A key as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys)]
pub struct KeyRow {
    /// Row.
    pub id: String,
    /// `signing` or `metadata`.
    pub purpose: String,
    /// `rsa-3072`, `ec-p256` and so on.
    pub algorithm: String,
    /// The private key, encrypted under the master key.
    pub private_key: Vec<u8>,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// `next`, `active` or `retired`.
    pub state: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
}

impl KeyRow {
    /// When it was made.
    pub fn created(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }
}

/// The signing keys among `rows` that are not retired, as apps choose among them.
pub fn for_apps(rows: &[KeyRow]) -> Vec<OwnKey> {
    rows.iter()
        .filter(|row| row.purpose == "signing" && row.state != "retired")
        .filter_map(|row| {
            let certificate = Certificate::from_der(&row.certificate).ok()?;
            Some(OwnKey {
                id: row.id.clone(),
                kind: certificate.public_key().ok()?.kind(),
                active: row.state == "active",
            })
        })
        .collect()
}

/// Every key, oldest first.
///
/// # Errors
/// As any statement.
pub fn all(c: &mut Connection) -> Result<Vec<KeyRow>, StoreError> {
    Ok(signing_keys::table
        .order((signing_keys::created_at, signing_keys::id))
        .select(KeyRow::as_select())
        .load(c)?)
}

/// Adds a key.
///
/// # Errors
/// As any statement.
pub fn insert(c: &mut Connection, key: &KeyRow) -> Result<(), StoreError> {
    diesel::insert_into(signing_keys::table)
        .values(key)
        .execute(c)?;
    super::state::bump(c, Kind::Keys)
}

/// Moves a key to another state. Answers whether it was there.
///
/// # Errors
/// As any statement.
pub fn set_state(c: &mut Connection, id: &str, state: &str) -> Result<bool, StoreError> {
    let changed = diesel::update(signing_keys::table.filter(signing_keys::id.eq(id)))
        .set(signing_keys::state.eq(state))
        .execute(c)?;
    super::state::bump(c, Kind::Keys)?;
    Ok(changed == 1)
}
