//! A copy of an SQLite database as it is at one moment, made while others write, and a copy put in the
//! place of a database.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::error::is_locked;
use super::{Address, Connection, Db, StoreError, migrations};

/// What was found of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its size in octets.
    pub octets: u64,
    /// Migrations of this version that it lacks, which the next start applies.
    pub missing: Vec<String>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

fn cannot(what: &str, path: &Path, error: impl std::fmt::Display) -> StoreError {
    StoreError::Address(format!("cannot {what} {}: {error}", path.display()))
}

/// Writes a copy of the database to `file`, which must not exist, readable by its owner only, and checks
/// it. Nobody waits for it: it is made of one reading transaction.
///
/// # Errors
/// [`StoreError::Address`]: on PostgreSQL, or the file cannot be made; what was begun of it is removed.
pub fn backup(db: &Db, file: &Path) -> Result<Checked, StoreError> {
    if let Address::Postgres(_) = db.address() {
        return Err(StoreError::Address(
            "expected an SQLite database: PostgreSQL has tools of its own, such as `pg_dump \
             --format=custom --file=FILE URL`, put back with `pg_restore --dbname=URL FILE`; \
             docs/upgrade.md has the steps"
                .to_owned(),
        ));
    }
    let whole = std::path::absolute(file).map_err(|error| cannot("name", file, error))?;
    let name = whole
        .to_str()
        .ok_or_else(|| cannot("name", file, "expected a path in UTF-8"))?
        .to_owned();
    // Made here, since SQLite would make it readable by others; it fills an empty file.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&whole)
        .map_err(|error| cannot("make", file, error))?;
    let made = db
        .read_apart(|c: &mut Connection| {
            if let Connection::Sqlite(c) = c {
                diesel::sql_query("VACUUM INTO $1")
                    .bind::<Text, _>(&name)
                    .execute(c)?;
            }
            Ok::<_, StoreError>(())
        })
        .and_then(|()| {
            let on_disk = File::open(&whole).and_then(|file| file.sync_all());
            on_disk.map_err(|error| cannot("write", file, error))?;
            check(&whole)
        });
    if made.is_err() {
        // The reason is told; that it could not be tidied up is nothing beside it.
        let _ = std::fs::remove_file(&whole);
    }
    made
}

/// Whether `file` is a whole database of Avouch that this version can use.
///
/// # Errors
/// [`StoreError`] with what is wrong.
pub fn check(file: &Path) -> Result<Checked, StoreError> {
    // Whatever is wrong is wrong with this file, not with a database that may come back.
    look(file).map_err(|error| match error {
        told @ StoreError::Address(_) => told,
        error => cannot("use", file, error),
    })
}

fn look(file: &Path) -> Result<Checked, StoreError> {
    let octets = std::fs::metadata(file)
        .map_err(|error| cannot("read", file, error))?
        .len();
    let db = Db::new(Address::Sqlite(file.to_owned()), 1);
    let lines = db.read_one(|c: &mut Connection| {
        Ok::<Vec<Line>, StoreError>(diesel::sql_query("PRAGMA integrity_check").load(c)?)
    })?;
    let wrong: Vec<&str> = lines
        .iter()
        .map(|line| line.integrity_check.as_str())
        .filter(|line| *line != "ok")
        .take(3)
        .collect();
    if !wrong.is_empty() {
        return Err(cannot("use", file, wrong.join("; ")));
    }
    db.read_one(super::state::versions)?;
    let standing = migrations::look(&db)?;
    Ok(Checked {
        octets,
        missing: standing.missing.into_iter().map(|m| m.name).collect(),
    })
}

/// Puts a copy in the place of the database `target`, and answers what was found of it, and where the
/// database that was there is now. Nothing is lost: that one is kept beside it.
///
/// # Errors
/// [`StoreError`]: `file` is no whole database, or `target` is in use or not a file; nothing was changed.
pub fn restore(
    target: &Address,
    file: &Path,
    aside: &str,
) -> Result<(Checked, Option<PathBuf>), StoreError> {
    let Address::Sqlite(path) = target else {
        return Err(StoreError::Address(
            "expected an SQLite database: PostgreSQL has tools of its own, such as `pg_restore`; \
             docs/upgrade.md has the steps"
                .to_owned(),
        ));
    };
    let beside = |suffix: &str| {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    // The copy is checked where it will be used, from octets that nobody else changes.
    let new = beside(&format!("-{aside}-new"));
    let copied = copy(file, &new).and_then(|()| check(&new));
    let checked = copied.inspect_err(|_| {
        let _ = std::fs::remove_file(&new);
    })?;
    let put = put_in_place(path, &new, &beside, aside);
    if put.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    let kept = put?;
    for log in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(&format!("-{aside}-new{log}")));
    }
    Ok((checked, kept))
}

/// Puts `new` where `path` is, and answers where what was there is kept. Whenever this is cut off, there is
/// a whole database at `path`: a server that found none would begin a new one.
fn put_in_place(
    path: &Path,
    new: &Path,
    beside: &impl Fn(&str) -> PathBuf,
    aside: &str,
) -> Result<Option<PathBuf>, StoreError> {
    let mut kept = None;
    if path.exists() {
        nobody_uses(path)?;
        let old = beside(&format!("-{aside}"));
        std::fs::hard_link(path, &old)
            .or_else(|_| std::fs::copy(path, &old).map(drop))
            .map_err(|error| cannot("keep", path, error))?;
        for log in ["-wal", "-shm"] {
            // Empty, but for a file that is damaged: what belongs to the old one would spoil the new.
            let _ = std::fs::rename(beside(log), beside(&format!("-{aside}{log}")));
        }
        kept = Some(old);
    }
    std::fs::rename(new, path).map_err(|error| cannot("put in place", path, error))?;
    Ok(kept)
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(|error| cannot("read", from, error))?;
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| cannot("make", to, error))?;
    std::io::copy(&mut source, &mut copy)
        .and_then(|_| copy.sync_all())
        .map_err(|error| cannot("write", to, error))
}

/// Refuses a file that somebody uses: a server keeps a lock on its database as long as it runs. What is in
/// its log is carried over. One that is damaged can be used by nobody, which is why it is replaced.
fn nobody_uses(path: &Path) -> Result<(), StoreError> {
    let url = path.to_string_lossy();
    let mut alone = <SqliteConnection as diesel::Connection>::establish(&url)
        .map_err(|error| cannot("open", path, error))?;
    let taken = diesel::connection::SimpleConnection::batch_execute(
        &mut alone,
        "PRAGMA busy_timeout = 200; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT; \
         PRAGMA wal_checkpoint(TRUNCATE);",
    );
    match taken {
        Err(error) if is_locked(&error) => {
            let why = format!("{error}; expected that no server uses it: stop it first");
            Err(cannot("replace", path, why))
        }
        _ => Ok(()),
    }
}
