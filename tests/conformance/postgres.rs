//! A private PostgreSQL: see `postgres.sh`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _};

/// A server of one's own.
pub(crate) struct Cluster {
    folder: String,
    talk: Mutex<Talk>,
    databases: AtomicU32,
}

struct Talk {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Cluster {
    /// The server that tests share, each with databases of its own. Started by the first; it ends
    /// with the process, whose end closes the pipe it reads.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server that one test alone may stop.
    pub(crate) fn start() -> Self {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/conformance/postgres.sh"
        );
        let text = std::fs::read_to_string(script).expect("the script is there");
        // PostgreSQL refuses to run as root; Debian's package brings a user for it.
        let root = std::fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m));
        let mut command = if root.is_ok_and(|uid| uid == 0) {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "sh",
            ]);
            command
        } else {
            Command::new("sh")
        };
        let mut child = command
            .args(["-c", &text, "postgres.sh"])
            .arg(programs())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut from = BufReader::new(child.stdout.take().expect("piped"));
        let mut folder = String::new();
        from.read_line(&mut folder).expect("the script says where");
        assert!(!folder.is_empty(), "PostgreSQL did not start; see above");
        Self {
            folder: folder.trim().to_owned(),
            talk: Mutex::new(Talk {
                to: child.stdin.take(),
                from,
                child,
            }),
            databases: AtomicU32::new(0),
        }
    }

    /// The address of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut c = PgConnection::establish(&self.url("postgres")).expect("connects");
        diesel::sql_query(format!("CREATE DATABASE {name}"))
            .execute(&mut c)
            .expect("a new database");
        self.url(&name)
    }

    /// The address of a new, empty schema in a database that others have theirs in: made in a
    /// tenth of the time, for tests that need not have the whole database.
    #[allow(
        dead_code,
        reason = "the conformance tests have databases of their own"
    )]
    pub(crate) fn schema(&self) -> String {
        static DATABASE: OnceLock<String> = OnceLock::new();
        let database = DATABASE.get_or_init(|| self.database());
        let name = format!("s{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut c = PgConnection::establish(database).expect("connects");
        diesel::sql_query(format!("CREATE SCHEMA {name}"))
            .execute(&mut c)
            .expect("a new schema");
        format!("{database}&options=-csearch_path%3D{name}")
    }

    /// Stops the server and lets it start again.
    pub(crate) fn stop(&self) {
        self.ask("stop");
    }

    /// Starts the server after [`Cluster::stop`].
    pub(crate) fn start_again(&self) {
        self.ask("start");
    }

    fn ask(&self, wish: &str) {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        let to = talk.to.as_mut().expect("open until dropped");
        writeln!(to, "{wish}").expect("the script listens");
        let mut answer = String::new();
        talk.from
            .read_line(&mut answer)
            .expect("the script answers");
        assert_eq!(answer.trim(), wish);
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://avouch@/{database}?host={}", self.folder)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let talk = self.talk.get_mut().unwrap_or_else(PoisonError::into_inner);
        talk.to = None;
        let _ = talk.child.wait();
    }
}

/// The folder of the newest PostgreSQL that Debian installed.
fn programs() -> PathBuf {
    let version = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok())
            .unwrap_or(0)
    };
    std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_else(|_| Vec::new())
        .into_iter()
        .filter(|path| path.join("bin/initdb").exists())
        .max_by_key(version)
        .expect("PostgreSQL is installed: tests/support/install.sh does it")
        .join("bin")
}
