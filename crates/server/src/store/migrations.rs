//! Bringing a database to the schema of this version. `migrations/README.md` says how the schema may
//! change so that versions before and after work side by side.

use std::io::ErrorKind;
use std::path::Path;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::schema::installation;
use super::{Address, Connection, Db, StoreError, on_each};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// How a database stands to this version's schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The migrations that the database still lacks, in order.
    pub missing: Vec<Migration>,
    /// Migrations of a later version, by number. They only add, so this version works with them.
    pub later: Vec<String>,
}

/// A migration of this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its name, with its number: `0001_foundation`.
    pub name: String,
}

impl Migration {
    /// Whether it removes something that an earlier version uses, which has to be stopped before.
    pub fn contracts(&self) -> bool {
        self.name
            .split_once('_')
            .is_some_and(|(_, name)| name.starts_with("contract_"))
    }

    fn number(&self) -> &str {
        self.name
            .split_once('_')
            .map_or(&*self.name, |(number, _)| number)
    }
}

/// Looks how a database stands, and changes nothing. A file that is not there, or has nothing in it,
/// lacks everything.
///
/// # Errors
/// [`StoreError::Unavailable`], or [`StoreError::Schema`] when the database can be used by a newer
/// version of Avouch only.
pub fn look(db: &Db) -> Result<Standing, StoreError> {
    if let Address::Sqlite(path) = db.address()
        && is_empty(path)
    {
        // To open it would be to make it.
        return judge(known::<diesel::sqlite::Sqlite>(&SQLITE)?, &[], None);
    }
    db.read(|c| {
        let known = match c {
            Connection::Sqlite(_) => known::<diesel::sqlite::Sqlite>(&SQLITE)?,
            Connection::Postgres(_) => known::<diesel::pg::Pg>(&POSTGRES)?,
        };
        let applied = applied(c)?;
        let needed = needed(c, &applied)?;
        judge(known, &applied, needed.as_deref())
    })
}

/// Applies what is missing, in one transaction, and answers the names applied. Of nodes that start
/// together one does the work and the others wait for it.
///
/// # Errors
/// As [`look`]; or the statement that failed, with nothing changed.
pub fn apply(db: &Db) -> Result<Vec<String>, StoreError> {
    db.address().prepare()?;
    db.write(|c| {
        lock(c)?;
        let (set, known) = match c {
            Connection::Sqlite(_) => (SQLITE, known::<diesel::sqlite::Sqlite>(&SQLITE)?),
            Connection::Postgres(_) => (POSTGRES, known::<diesel::pg::Pg>(&POSTGRES)?),
        };
        let applied = applied(c)?;
        let needed = needed(c, &applied)?;
        let standing = judge(known, &applied, needed.as_deref())?;
        on_each!(c, |c| c.run_pending_migrations(set).map(drop).map_err(
            |error| StoreError::Schema(format!("a migration failed: {error}"))
        ))?;
        let missing = standing.missing.into_iter();
        Ok(missing.map(|migration| migration.name).collect())
    })
}

fn is_empty(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(file) => file.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// What to make of the migrations known, those applied, and the one that the database needs known.
fn judge(
    known: Vec<Migration>,
    applied: &[String],
    needed: Option<&str>,
) -> Result<Standing, StoreError> {
    let is_known = |number: &str| known.iter().any(|known| known.number() == number);
    if let Some(needed) = needed
        && !is_known(needed)
    {
        return Err(StoreError::Schema(format!(
            "the database has migration {needed}, which removed something that this version of \
             Avouch uses; it was made by a newer version: start that one"
        )));
    }
    let later = applied.iter().filter(|number| !is_known(number));
    Ok(Standing {
        later: later.cloned().collect(),
        missing: known
            .into_iter()
            .filter(|migration| !applied.iter().any(|number| number == migration.number()))
            .collect(),
    })
}

/// The migrations of this version, in order.
fn known<DB: Backend>(set: &EmbeddedMigrations) -> Result<Vec<Migration>, StoreError> {
    let all = MigrationSource::<DB>::migrations(set)
        .map_err(|error| StoreError::Schema(format!("the migrations do not read: {error}")))?;
    Ok(all
        .iter()
        .map(|migration| Migration {
            name: migration.name().to_string(),
        })
        .collect())
}

/// The numbers of the migrations applied, in order. Diesel's own list of them would be made where
/// there is none.
fn applied(c: &mut Connection) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let is_there = match c {
        Connection::Sqlite(_) => {
            "SELECT count(*) AS count FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        }
        Connection::Postgres(_) => {
            "SELECT count(to_regclass('__diesel_schema_migrations')) AS count"
        }
    };
    if diesel::sql_query(is_there).get_result::<Count>(c)?.count == 0 {
        return Ok(Vec::new());
    }
    let all = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    Ok(diesel::sql_query(all)
        .load::<Applied>(c)?
        .into_iter()
        .map(|applied| applied.version)
        .collect())
}

/// The migration that a version must know to work with the database.
fn needed(c: &mut Connection, applied: &[String]) -> Result<Option<String>, StoreError> {
    if applied.is_empty() {
        return Ok(None);
    }
    Ok(installation::table
        .select(installation::needs_migration)
        .first(c)
        .optional()?)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn known_by_this_version() -> Vec<Migration> {
        ["0001_foundation", "0002_add_factors"]
            .map(|name| Migration {
                name: name.to_owned(),
            })
            .to_vec()
    }

    fn judged(applied: &[&str], needed: Option<&str>) -> Result<Standing, StoreError> {
        let applied: Vec<String> = applied.iter().map(|n| (*n).to_owned()).collect();
        judge(known_by_this_version(), &applied, needed)
    }

    fn missing(standing: &Standing) -> Vec<&str> {
        let names = standing.missing.iter().map(|m| m.name.as_str());
        names.collect()
    }

    #[test]
    fn what_only_adds_is_tolerated_and_what_removes_is_not() {
        let fresh = judged(&[], None).expect("usable");
        assert_eq!(missing(&fresh), ["0001_foundation", "0002_add_factors"]);
        let older = judged(&["0001"], Some("0001")).expect("usable");
        assert_eq!(missing(&older), ["0002_add_factors"]);
        assert!(older.later.is_empty());

        let newer = judged(&["0001", "0002", "0003"], Some("0001")).expect("usable");
        assert_eq!(newer.later, ["0003"]);
        assert!(newer.missing.is_empty());
        let contracted = judged(&["0001", "0002", "0003"], Some("0003"));
        let error = contracted.expect_err("something it uses is gone");
        assert!(error.to_string().contains("migration 0003"), "{error}");
        // What removed something that only versions before this one use.
        judged(&["0001", "0002", "0003"], Some("0002")).expect("usable");
    }

    #[test]
    fn a_migration_that_removes_says_so_in_its_name() {
        let named = |name: &str| Migration {
            name: name.to_owned(),
        };
        assert!(named("0007_contract_drop_apps_logo").contracts());
        assert!(!named("0007_add_contract_numbers").contracts());
        assert!(!named("0001_foundation").contracts());
    }
}
