//! Bringing a database to the schema of this version.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, Db, StoreError, on_each};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The names of the migrations that the database still lacks, in order.
///
/// # Errors
/// [`StoreError::Unavailable`], or [`StoreError::Schema`] when the database was made by a newer
/// version of Avouch.
pub fn missing(db: &Db) -> Result<Vec<String>, StoreError> {
    // A write, since the list of applied migrations is made when it is not there.
    db.write(|c| {
        lock(c)?;
        let set = set_for(c);
        on_each!(c, |c| missing_in(c, &set))
    })
}

/// Applies what is missing, in one transaction, and answers the names applied. Of nodes that start
/// together one does the work and the others wait for it.
///
/// # Errors
/// As [`missing`]; or the statement that failed, with nothing changed.
pub fn apply(db: &Db) -> Result<Vec<String>, StoreError> {
    db.address().prepare()?;
    db.write(|c| {
        lock(c)?;
        let set = set_for(c);
        on_each!(c, |c| {
            let missing = missing_in(c, &set)?;
            c.run_pending_migrations(set)
                .map_err(|error| StoreError::Schema(format!("a migration failed: {error}")))?;
            Ok(missing)
        })
    })
}

fn set_for(c: &Connection) -> EmbeddedMigrations {
    match c {
        Connection::Sqlite(_) => SQLITE,
        Connection::Postgres(_) => POSTGRES,
    }
}

fn missing_in<DB: Backend>(
    c: &mut impl MigrationHarness<DB>,
    set: &EmbeddedMigrations,
) -> Result<Vec<String>, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::Schema(format!(
            "cannot tell which migrations were applied: {error}"
        ))
    };
    let known: Vec<(String, String)> = MigrationSource::<DB>::migrations(set)
        .map_err(failed)?
        .iter()
        .map(|m| (m.name().version().to_string(), m.name().to_string()))
        .collect();
    let applied = c.applied_migrations().map_err(failed)?;
    if let Some(unknown) = applied
        .iter()
        .find(|version| !known.iter().any(|(v, _)| *v == version.to_string()))
    {
        return Err(StoreError::Schema(format!(
            "the database has migration {unknown}, which this version of Avouch does not know; \
             it was used by a newer version: start that one"
        )));
    }
    Ok(known
        .into_iter()
        .filter(|(version, _)| !applied.iter().any(|a| a.to_string() == *version))
        .map(|(_, name)| name)
        .collect())
}

/// Any number, the same for every node: it names the lock.
const LOCK: &str = "731096213";

/// SQLite has one writer in any case.
fn lock(c: &mut Connection) -> Result<(), StoreError> {
    if let Connection::Postgres(c) = c {
        c.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))?;
    }
    Ok(())
}
