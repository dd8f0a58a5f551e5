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
use super::batch::{self, Batch, MOST_JOINED, Open, Uncommitted};
use super::error::{StoreError, is_locked};
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
    writer: Option<Pool>,
    statements: Arc<AtomicU64>,
    /// The file that was there when [`Db::ready`] last looked: device and inode.
    file: Mutex<Option<(u64, u64)>>,
}

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
            statements,
            address,
            file: Mutex::new(None),
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

    /// Whether the database is a file of this machine, so that a statement is microseconds of this
    /// process's own work and waits for no network.
    pub fn is_embedded(&self) -> bool {
        matches!(self.address, Address::Sqlite(_))
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
        if let Some(writer) = &self.writer
            && batch::is_collecting()
        {
            return join(writer, &work);
        }
        self.run(self.writer.as_ref().unwrap_or(&self.readers), |lent| {
            end_shared(lent);
            begin_writing(lent)?;
            finish(lent, &work)
        })
    }

    /// Runs `work`, whose writes on an embedded database join those of other threads in one
    /// transaction. Nothing may leave this process that tells of them before [`Db::commit`] has
    /// succeeded with what is answered.
    pub fn together<T>(&self, work: impl FnOnce() -> T) -> (T, Uncommitted) {
        batch::collect(work)
    }

    /// Sees to it that what was written is committed. Whoever comes first commits for all that
    /// joined.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the commit failed, or the connection was lost before; nothing
    /// was written.
    pub fn commit(&self, written: Uncommitted) -> Result<(), StoreError> {
        for batch in &written.batches {
            let outcome = || batch.outcome().cloned();
            let ended = match (outcome(), &self.writer) {
                (Some(ended), _) => ended,
                (None, Some(writer)) => {
                    let mut lent = writer.lend()?;
                    // Another thread may have ended it meanwhile, and begun the next.
                    if outcome().is_none() {
                        end_shared(&mut lent);
                    }
                    give_back(lent);
                    // Whoever has the connection can end it: so if it has not ended, it was lost.
                    outcome().unwrap_or_else(|| Err("its connection was lost".to_owned()))
                }
                (None, None) => Err("there is no writer".to_owned()),
            };
            ended.map_err(|why| StoreError::Unavailable(format!("the commit failed: {why}")))?;
        }
        Ok(())
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
            // A file may be readable and no more.
            return self.write(|c| super::state::versions(c).map(|_| ()));
        }
        self.read_one(super::state::versions).map(|_| ())
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

/// Keeps a connection unless its transaction could not be ended, or is one that others join.
fn give_back(mut lent: Lent<'_>) {
    let open = u32::from(lent.shared().is_some());
    let status = Manager::transaction_manager_status_mut(&mut *lent);
    let in_order =
        matches!(status.transaction_depth(), Ok(depth) if depth.map_or(0, u32::from) == open);
    // A file that became unreadable or read-only is looked at anew.
    if in_order && lent.health() != Health::Lost {
        lent.keep();
    }
}

/// Runs `work` in the transaction that others have open, or opens one for others to join. Only
/// `work` is undone when it answers `Err`.
fn join<T, E: From<StoreError>>(
    writer: &Pool,
    work: &impl Fn(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    let mut lent = writer
        .lend_within(PATIENCE)
        .inspect_err(|_| batch::note_busy())?;
    let joining = lent.shared().is_some();
    let begun = if joining {
        Manager::begin_transaction(&mut *lent)
    } else {
        begin_sql(&mut lent, BEGIN_WRITING, "BEGIN")
    };
    if let Err(error) = begun {
        if is_locked(&error) {
            batch::note_busy();
        }
        give_back(lent);
        return Err(StoreError::from(error).into());
    }
    let done = work(&mut lent);
    match &done {
        Ok(_) => {
            if joining {
                // A savepoint of its own inside the transaction.
                Manager::commit_transaction(&mut *lent).map_err(StoreError::from)?;
            }
            let open = lent.shared().get_or_insert_with(|| Open {
                batch: Arc::new(Batch::default()),
                joined: 0,
            });
            open.joined += 1;
            batch::note(&open.batch);
            if open.joined == MOST_JOINED {
                end_shared(&mut lent);
            }
        }
        Err(_) => {
            // A failed rollback shows in the connection's state; `give_back` looks.
            let _ = Manager::rollback_transaction(&mut *lent);
        }
    }
    give_back(lent);
    done
}

/// Commits the transaction that others have joined, if there is one, and tells them.
fn end_shared(lent: &mut Lent<'_>) {
    let Some(Open { batch, .. }) = lent.shared().take() else {
        return;
    };
    let committed = Manager::commit_transaction(&mut **lent);
    if committed.is_err() {
        let _ = Manager::rollback_transaction(&mut **lent);
    }
    batch.end(committed.map_err(|error| error.to_string()));
}

type Manager = <Connection as diesel::Connection>::TransactionManager;

/// How long somebody who serves others meanwhile waits for a writer.
const PATIENCE: Duration = Duration::from_millis(20);

/// IMMEDIATE: a transaction that first reads and then writes would otherwise fail when another
/// process wrote in between.
const BEGIN_WRITING: &str = "BEGIN IMMEDIATE";

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

fn begin_sql(connection: &mut Connection, sqlite: &str, postgres: &str) -> diesel::QueryResult<()> {
    match connection {
        Connection::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, sqlite),
        Connection::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(c, postgres),
    }
}

/// Begins to write, and waits for another process that does. SQLite's busy handler waits for
/// [`PATIENCE`] only, since a sign-on on a thread that serves others asks with it too.
fn begin_writing<E: From<StoreError>>(connection: &mut Connection) -> Result<(), Stop<E>> {
    let deadline = Instant::now() + WAIT;
    loop {
        match begin_sql(connection, BEGIN_WRITING, "BEGIN") {
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
    Ok(Opened {
        connection,
        health,
        shared: None,
    })
}

fn connect_sqlite(path: &Path) -> Result<SqliteConnection, StoreError> {
    // Never made here: a file that vanished while its write-ahead log did not would begin anew, empty,
    // and the log be thrown away. `Address::prepare` makes one where there may be none yet.
    let mut connection = SqliteConnection::establish(&existing(path))?;
    // NORMAL with WAL: a power cut may lose the last commits but never the file's consistency.
    // A checkpoint each 16 MB rather than 4: the pages that every sign-on touches are then copied
    // back a quarter as often.
    connection
        .batch_execute(
            "PRAGMA busy_timeout = 5000;
             PRAGMA journal_mode = WAL;
             PRAGMA busy_timeout = 20;
             PRAGMA synchronous = NORMAL;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -8000;
             PRAGMA wal_autocheckpoint = 4000;
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
