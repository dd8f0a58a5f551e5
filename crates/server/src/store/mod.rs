//! The database. Nothing outside this folder knows diesel: one file a noun, each with free
//! functions that take a [`Connection`], as [`Db::read`] and [`Db::write`] lend it.

pub mod apps;
pub mod backup;
pub mod consents;
pub mod event_index;
pub mod events;
pub mod expiry;
pub mod keys;
pub mod migrations;
pub mod participants;
pub mod pending;
pub mod permission_sets;
pub mod profiles;
pub mod replay;
pub mod session_proofs;
pub mod sessions;
pub mod settings;
pub mod state;
pub mod throttle;
pub mod users;

mod checkpoint;
mod checks;
mod codes;
mod connection;
mod db;
mod error;
mod kept;
#[cfg(feature = "later-stored-form")]
mod later;
mod pieces;
mod pool;
mod schema;
mod serve;

pub use connection::AnyConnection as Connection;
pub use db::{Address, Db};
pub use error::{Conflict, StoreError};
pub use serve::FlowEnd;

/// Runs the same expression on whichever database `$connection` is, for queries that diesel
/// writes differently for each (upserts).
macro_rules! on_each {
    ($connection:expr, |$c:ident| $work:expr) => {
        match $connection {
            $crate::store::Connection::Sqlite($c) => $work,
            $crate::store::Connection::Postgres($c) => $work,
        }
    };
}
pub(crate) use on_each;

/// The organisation that everything belongs to. The tables have room for several; so far there is one,
/// which is also what a row belongs to that says nothing.
const ORGANISATION: &str = "default";

/// A value as the text of a JSON column.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("domain types have text keys and finite numbers")
}
