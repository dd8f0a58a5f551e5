//! The database: connecting, reading, writing.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{
    AnsiTransactionManager, Connection as _, InstrumentationEvent, SimpleConnection,
    TransactionManager,
};
use diesel::{PgConnection, SqliteConnection};

use super::Connection;
use super::checkpoint::Written;
use super::error::{StoreError, is_locked};
use super::pieces::{self, Queue};
use super::pool::{Health, Lent, Opened, Pool, SharedHealth, WAIT};

/// Which database an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A libpq URL.
    Postgres(String),
}

impl Address {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite:PATH`, `sqlite://PATH` or a bare path.
    ///
    /// # Errors
    /// [`StoreError::Address`]: another scheme, or an empty path.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = match text.split_once(':') {
            Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
            Some((scheme, rest)) if rest.starts_with("//") => {
                return Err(StoreError::Address(format!(
                    "the database address starts with {scheme}://; expected postgres:// or sqlite:"
                )));
            }
            _ => text,
        };
        if path.is_empty() || path == ":memory:" {
            return Err(StoreError::Address(
                "the database address names no file; an SQLite database in memory cannot be used, \
                 since every connection would have its own"
                    .to_owned(),
            ));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// Makes the folder and the file of an SQLite database when they are missing, readable by their
    /// owner only: it holds password hashes. For commands that may be the first ever; a running
    /// server whose folder vanished must not begin anew in an empty one.
    ///
    /// # Errors
    /// [`StoreError::Address`]: the folder or the file cannot be made.
    pub fn prepare(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        let Self::Sqlite(path) = self else {
            return Ok(());
        };
        let cannot = |what: &Path, error: std::io::Error| {
            StoreError::Address(format!("cannot make {}: {error}", what.display()))
        };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|error| cannot(folder, error))?;
        }
        if path.exists() {
            return Ok(());
        }
        // SQLite gives its other files the mode of this one.
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map(drop)
            .map_err(|error| cannot(path, error))
    }

    /// The address without its password, for people.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => without_password(url),
        }
    }
}

fn without_password(url: &str) -> String {
    let plain = url.split('?').next().unwrap_or(url);
    let Some((scheme, rest)) = plain.split_once("://") else {
        return "postgres://…".to_owned();
    };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or("");
            format!("{scheme}://{user}@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

/// The database of a node. Cheap to share behind an `Arc`.
pub struct Db {
    address: Address,
    readers: Pool,
    /// SQLite lets one connection write at a time: a pool of one queues writers fairly here
    /// instead of in SQLite's busy handler, which sleeps. PostgreSQL writes through `readers`.
    pub(super) writer: Option<Pool>,
    /// What flows have handed over to it.
    pub(super) queue: Queue,
    /// How much was written since the log was last copied.
    pub(super) written: Written,
    statements: Arc<AtomicU64>,
    /// The file that was there when [`Db::ready`] last looked: device and inode.
    file: Mutex<Option<(u64, u64)>>,
    /// When something was last written to know that it can be.
    proved_writable: Mutex<Option<Instant>>,
}

/// So long a write says that others can be made: who asks whether a node is ready asks often.
const PROVED_FOR: Duration = Duration::from_secs(3);

impl Db {
    /// Names the database and opens nothing yet: a node starts, and says that it is not ready,
    /// while its database is away. `connections` bounds the connections of this node.
    pub fn new(address: Address, connections: usize) -> Self {
        let statements = Arc::new(AtomicU64::new(0));
        let pool = |size| {
            let address = address.clone();
            let statements = Arc::clone(&statements);
            Pool::new(size, Box::new(move || connect(&address, &statements)))
        };
        let writer = matches!(address, Address::Sqlite(_)).then(|| pool(1));
        Self {
            readers: pool(connections),
            writer,
            queue: Queue::default(),
            written: Written::default(),
            statements,
            address,
            file: Mutex::new(None),
            proved_writable: Mutex::new(None),
        }
    }

    /// Where the database is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How many statements were sent since the start, transaction control included.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs `work` on one consistent view of the data.
    ///
    /// # Errors
    /// What `work` answers, and [`StoreError`] when the database cannot be reached.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(&self.readers, |lent| {
            begin(
                lent,
                "BEGIN",
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            )?;
            finish(lent, &work)
        })
    }

    /// Runs `work`, which sends a single statement, without a transaction around it. One
    /// statement is consistent by itself, and BEGIN and COMMIT would be two more round trips.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_one<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let work = |lent: &mut Lent<'_>| work(lent).map_err(Stop::Before);
        // SQLite drops a connection's page cache whenever another connection has written, so after
        // every sign-on each reader starts from nothing. The writer's own cache stays warm.
        let warm = self.writer.as_ref().and_then(Pool::lend_idle);
        match (warm, &self.writer) {
            (Some(lent), Some(writer)) => self.run_on(lent, writer, work),
            _ => self.run(&self.readers, work),
        }
    }

    /// Runs `work` in a transaction that is committed when it answers `Ok` and undone when it
    /// answers `Err`. `work` may run more than once: a lost connection before the first statement
    /// and, on PostgreSQL, a deadlock start it anew. Nothing slow belongs in it: SQLite has one
    /// writer.
    ///
    /// # Errors
    /// What `work` answers, and [`StoreError`] when the database cannot be reached or the commit
    /// fails.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let pool = self.writer.as_ref().unwrap_or(&self.readers);
        self.run_on(lend_writer(pool)?, pool, |lent| {
            begin_writing(lent)?;
            let done = finish(lent, &work)?;
            self.written.add(1);
            Ok(done)
        })
    }

    /// As [`Db::write`], and what was written outlives a power cut: for what people do and rely on, such
    /// as taking somebody's rights away. Sign-ons do not wait for the disk; what a power cut takes of
    /// them is their events and sessions of the last seconds.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_durably<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(writer) = &self.writer else {
            // PostgreSQL waits for its disk unless it was told otherwise.
            return self.write(work);
        };
        self.run_on(lend_writer(writer)?, writer, |lent| {
            synchronous(lent, "FULL").map_err(|error| Stop::Before(error.into()))?;
            let done = begin_writing(lent).and_then(|()| finish(lent, &work));
            // Should it stay, the next commits are slower and no less right.
            if let Err(error) = synchronous(lent, "NORMAL") {
                tracing::warn!(%error, "the database's connection goes on waiting for the disk");
            }
            let done = done?;
            self.written.add(1);
            Ok(done)
        })
    }

    /// As [`Db::read_one`], never on the writer's connection: for what takes long.
    pub(super) fn read_apart<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(&self.readers, |lent| work(lent).map_err(Stop::Before))
    }

    /// Whether the database answers and has the schema this version needs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Schema`].
    pub fn ready(&self) -> Result<(), StoreError> {
        if let Address::Sqlite(path) = &self.address {
            // An open connection goes on working on a file that was moved away or replaced.
            let file = std::fs::metadata(path)
                .ok()
                .map(|file| (file.dev(), file.ino()));
            let mut known = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            if known.is_some_and(|known| Some(known) != file) || file.is_none() {
                self.readers.forget_all();
                if let Some(writer) = &self.writer {
                    writer.forget_all();
                }
            }
            *known = file;
            drop(known);
            if file.is_none() {
                let gone = format!("the file {} is gone", path.display());
                return Err(StoreError::Unavailable(gone));
            }
        }
        self.read_one(super::state::versions)?;
        let mut proved = self
            .proved_writable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if proved.is_some_and(|at| at.elapsed() < PROVED_FOR) {
            return Ok(());
        }
        // A file may be readable and no more, and a disk full: only a write tells.
        *proved = None;
        // SQLite writes nothing that is there already.
        let other = self.statements().to_le_bytes();
        self.write(|c| super::settings::put(c, "ready", &other))?;
        *proved = Some(Instant::now());
        Ok(())
    }

    fn run<T, E: From<StoreError>>(
        &self,
        pool: &Pool,
        work: impl Fn(&mut Lent<'_>) -> Result<T, Stop<E>>,
    ) -> Result<T, E> {
        self.run_on(pool.lend()?, pool, work)
    }

    /// [`Db::run`] on a connection lent before.
    fn run_on<'p, T, E: From<StoreError>>(
        &self,
        mut lent: Lent<'p>,
        pool: &'p Pool,
        work: impl Fn(&mut Lent<'_>) -> Result<T, Stop<E>>,
    ) -> Result<T, E> {
        let mut tries_left = 3;
        loop {
            let stop = match work(&mut lent) {
                Ok(value) => {
                    lent.keep();
                    return Ok(value);
                }
                Err(stop) => stop,
            };
            tries_left -= 1;
            let health = lent.health();
            let error = match stop {
                Stop::Before(error) => error,
                // Whether it was committed is not known, so it must not be done twice.
                Stop::Commit(error) if health != Health::Raced => return Err(error),
                Stop::Commit(error) => error,
            };
            match health {
                Health::Sound => {
                    give_back(lent);
                    return Err(error);
                }
                Health::Raced if tries_left > 0 => give_back(lent),
                // It idled while the database restarted: then all of them are stale.
                Health::Lost if lent.used_before() && tries_left > 0 => {
                    drop(lent);
                    pool.forget_idle();
                }
                Health::Raced | Health::Lost => return Err(error),
            }
            lent = pool.lend()?;
        }
    }
}

/// Whether SQLite's commits wait for the disk.
fn synchronous(connection: &mut Connection, how: &str) -> Result<(), StoreError> {
    Ok(connection.batch_execute(&format!("PRAGMA synchronous = {how}"))?)
}

/// Keeps a connection unless its transaction could not be ended.
pub(super) fn give_back(mut lent: Lent<'_>) {
    let status = Manager::transaction_manager_status_mut(&mut *lent);
    let in_order = matches!(status.transaction_depth(), Ok(None));
    // A file that became unreadable or read-only is looked at anew.
    if in_order && lent.health() != Health::Lost {
        lent.keep();
    }
}

/// Lends the writer. Somebody who serves others meanwhile waits for it no longer than [`PATIENCE`].
fn lend_writer(pool: &Pool) -> Result<Lent<'_>, StoreError> {
    if pieces::is_serving() {
        return pool
            .lend_within(PATIENCE)
            .inspect_err(|_| pieces::note_busy());
    }
    pool.lend()
}

type Manager = <Connection as diesel::Connection>::TransactionManager;

/// How long somebody who serves others meanwhile waits for a writer.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

/// IMMEDIATE: a transaction that first reads and then writes would otherwise fail when another
/// process wrote in between.
pub(super) const BEGIN_WRITING: &str = "BEGIN IMMEDIATE";

/// Where a piece of work ended early.
enum Stop<E> {
    /// Before the commit: nothing was changed.
    Before(E),
    /// In the commit.
    Commit(E),
}

fn begin<E: From<StoreError>>(
    connection: &mut Connection,
    sqlite: &str,
    postgres: &str,
) -> Result<(), Stop<E>> {
    begin_sql(connection, sqlite, postgres)
        .map_err(|error| Stop::Before(StoreError::from(error).into()))
}

pub(super) fn begin_sql(
    connection: &mut Connection,
    sqlite: &str,
    postgres: &str,
) -> diesel::QueryResult<()> {
    match connection {
        Connection::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, sqlite),
        Connection::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(c, postgres),
    }
}

pub(super) fn commit(connection: &mut Connection) -> diesel::QueryResult<()> {
    Manager::commit_transaction(connection)
}

pub(super) fn roll_back(connection: &mut Connection) -> diesel::QueryResult<()> {
    Manager::rollback_transaction(connection)
}

/// Begins to write, and waits for another process that does. SQLite's busy handler waits for
/// [`PATIENCE`] only, since a sign-on on a thread that serves others asks with it too.
fn begin_writing<E: From<StoreError>>(connection: &mut Connection) -> Result<(), Stop<E>> {
    let deadline = Instant::now() + WAIT;
    loop {
        match begin_sql(connection, BEGIN_WRITING, "BEGIN") {
            Err(error) if is_locked(&error) && pieces::is_serving() => {
                pieces::note_busy();
                return Err(Stop::Before(StoreError::from(error).into()));
            }
            Err(error) if is_locked(&error) && Instant::now() < deadline => {}
            begun => return begun.map_err(|error| Stop::Before(StoreError::from(error).into())),
        }
    }
}

fn finish<T, E: From<StoreError>>(
    connection: &mut Connection,
    work: &impl Fn(&mut Connection) -> Result<T, E>,
) -> Result<T, Stop<E>> {
    match work(connection) {
        Ok(value) => match Manager::commit_transaction(connection) {
            Ok(()) => Ok(value),
            Err(error) => Err(Stop::Commit(StoreError::from(error).into())),
        },
        Err(error) => {
            // A failed rollback shows in the connection's state; `give_back` looks.
            let _ = Manager::rollback_transaction(connection);
            Err(Stop::Before(error))
        }
    }
}

fn connect(address: &Address, statements: &Arc<AtomicU64>) -> Result<Opened, StoreError> {
    let mut connection = match address {
        Address::Sqlite(path) => Connection::Sqlite(connect_sqlite(path)?),
        Address::Postgres(url) => Connection::Postgres(connect_postgres(url)?),
    };
    let health = Arc::new(SharedHealth::default());
    let statements = Arc::clone(statements);
    let watched = Arc::clone(&health);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartQuery { .. } => {
            statements.fetch_add(1, Ordering::Relaxed);
        }
        InstrumentationEvent::FinishQuery {
            error: Some(error), ..
        } => watched.note(error),
        _ => {}
    });
    Ok(Opened { connection, health })
}

fn connect_sqlite(path: &Path) -> Result<SqliteConnection, StoreError> {
    // Never made here: a file that vanished while its write-ahead log did not would begin anew, empty,
    // and the log be thrown away. `Address::prepare` makes one where there may be none yet.
    let mut connection = SqliteConnection::establish(&existing(path))?;
    // NORMAL with WAL: a power cut may lose the last commits but never the file's consistency.
    // A server copies the log in a thread of its own; see `store/checkpoint.rs`. Where there is none,
    // or it does not keep up, the commit that makes the log 64 MB long does.
    connection
        .batch_execute(
            "PRAGMA busy_timeout = 5000;
             PRAGMA journal_mode = WAL;
             PRAGMA busy_timeout = 20;
             PRAGMA synchronous = NORMAL;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -8000;
             PRAGMA wal_autocheckpoint = 16000;
             PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(StoreError::from)?;
    Ok(connection)
}

/// The SQLite URI of a file that has to exist.
fn existing(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            other => uri.push(other),
        }
    }
    uri + "?mode=rw"
}

/// How long connecting to PostgreSQL may take when the URL does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

fn connect_postgres(url: &str) -> Result<PgConnection, StoreError> {
    let url = if url.contains("connect_timeout=") {
        url.to_owned()
    } else {
        let mark = if url.contains('?') { '&' } else { '?' };
        format!("{url}{mark}connect_timeout={}", CONNECT_TIMEOUT.as_secs())
    };
    Ok(PgConnection::establish(&url)?)
}
