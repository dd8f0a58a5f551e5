//! One connection type over both databases.

// The derive writes public items of its own, which it cannot document.
#![allow(missing_docs, unreachable_pub)]

/// A connection to either database. Queries written in diesel's language run on it as they are;
/// the few that differ (upserts) are sent through [`on_each`](super::on_each). So are those of a
/// warm sign-on: through this type diesel writes a statement's text anew at each use to find the
/// prepared one, where a connection of one kind knows it by its type.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Sqlite(diesel::SqliteConnection),
    Postgres(diesel::PgConnection),
}
