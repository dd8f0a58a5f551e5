//! One Avouch with one app and one signed-in browser, on SQLite, as `make bench` measures it.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use avouch_saml::ids::{AcsUrl, EntityId, MessageId};
use avouch_saml::message::authn_request::AuthnRequest;
use avouch_saml::metadata::{Reading, SpMetadata, for_each_sp};
use avouch_saml::time::Timestamp;
use avouch_server::apps::onboard::preview::Preview;
use avouch_server::apps::{App, AppId, AppState};
use avouch_server::random::SystemRandom;
use avouch_server::store::apps::StoredApp;
use avouch_server::store::{self, Address, Connection, Db, StoreError};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use crate::client::Client;
use crate::process::{self, Calls};

const SP: &str = "https://sp.bench.example/saml";
const ACS: &str = "https://sp.bench.example/acs";
const PASSWORD: &str = "correct horse battery staple";
/// One connection carries this many sign-ons; the server may close it after more.
const PER_CONNECTION: u32 = 1_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The kind of signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SigningKey {
    /// RSA with 2048 bits.
    Rsa2048,
    /// ECDSA on P-256.
    P256,
}

impl SigningKey {
    /// A fresh key of this kind.
    pub(crate) fn generate(self) -> PKey<Private> {
        match self {
            Self::Rsa2048 => PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key"),
            Self::P256 => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
                PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
            }
        }
    }

    /// Signatures that take about a fifth of a second.
    pub(crate) const fn in_a_turn(self) -> u32 {
        match self {
            Self::Rsa2048 => 500,
            Self::P256 => 6_000,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::P256 => "ec-p256",
        }
    }
}

/// What another process, this one, writes into the database before each sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// A value that no node keeps. On SQLite any write of another process makes the server read its
    /// pages anew, so this is what the others are compared with.
    Unrelated,
    /// A user, not the one who signs on.
    OtherUser,
    /// The user who signs on.
    User,
}

/// What a load showed.
pub(crate) struct Load {
    /// Sign-ons.
    pub(crate) count: usize,
    /// Sign-ons in a second.
    pub(crate) per_second: f64,
    /// Half took at most this long, in milliseconds.
    pub(crate) p50_ms: f64,
    /// Of a hundred, ninety-nine took at most this long, in milliseconds.
    pub(crate) p99_ms: f64,
}

/// A running Avouch.
pub(crate) struct Scenario {
    binary: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    server: Child,
    cookies: Vec<(String, String)>,
}

impl Drop for Scenario {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Scenario {
    /// Starts with one app, and a browser that signed in. `apart` tells folders apart.
    pub(crate) fn start(key: SigningKey, apart: u32) -> Self {
        Self::with(built(), key, apart, |_| ())
    }

    /// As [`Scenario::start`], of another binary than the one just built.
    pub(crate) fn start_another(binary: &Path, key: SigningKey, apart: u32) -> Self {
        Self::with(binary, key, apart, |_| ())
    }

    /// As [`Scenario::start`], with every SP of the aggregate registered too.
    pub(crate) fn start_with_aggregate(key: SigningKey, aggregate: &[u8]) -> Self {
        Self::with(built(), key, 1, |database| {
            register_all(database, aggregate);
        })
    }

    fn with(binary: &Path, key: SigningKey, apart: u32, prepare: impl FnOnce(&Path)) -> Self {
        let folder = std::env::temp_dir().join(format!(
            "avouch-bench-{}-{apart}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&folder).expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        let data = folder.display();
        let config = format!(
            "[server]\nbase_url = \"http://127.0.0.1:{port}\"\nlisten = [\"127.0.0.1:{port}\"]\n\
             data_dir = \"{data}\"\n[keys]\nalgorithm = \"{}\"\n[logs]\nlevel = \"warn\"\n",
            key.word()
        );
        std::fs::write(folder.join("avouch.toml"), config).expect("a file");
        avouch(binary, &folder, &["migrate"], "");
        prepare(&folder.join("avouch.sqlite"));
        avouch(
            binary,
            &folder,
            &[
                "user",
                "add",
                "sample.one",
                "--given-name",
                "Sample",
                "--family-name",
                "One",
                "--email",
                "sample.one@example.org",
                "--locale",
                "en",
                "--time-zone",
                "Europe/Oslo",
                "--attr",
                "team=blue",
                "--attr",
                "team=green",
            ],
            PASSWORD,
        );
        avouch(binary, &folder, &["user", "add", "sample.two"], PASSWORD);
        let rows = [
            "urn:oid:0.9.2342.19200300.100.1.1=username",
            "urn:oid:0.9.2342.19200300.100.1.3=email",
            "urn:oid:2.5.4.42=given_name",
            "urn:oid:2.5.4.4=family_name",
            "urn:oid:2.16.840.1.113730.3.1.241=display_name",
            "urn:oid:2.16.840.1.113730.3.1.39=locale",
            "https://sp.bench.example/team=custom.team",
            "https://sp.bench.example/tier=constant:gold",
        ];
        let attributes = format!("attributes={}", rows.join("\n"));
        avouch(
            binary,
            &folder,
            &[
                "app",
                "add",
                "--entity-id",
                SP,
                "--acs",
                ACS,
                "--api-name",
                "bench",
                "--set",
                "sign=response",
                "--set",
                "permitted_users=self_authorize",
                "--set",
                "ask_consent=false",
                "--set",
                &attributes,
            ],
            "",
        );
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut scenario = Self {
            server: serve(binary, &folder),
            binary: binary.to_owned(),
            folder,
            address,
            cookies: Vec::new(),
        };
        scenario.wait_for_login_page();
        scenario.log_in();
        scenario
    }

    /// The server's CPU time so far, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        process::cpu_us(self.server.id())
    }

    /// What the server has asked of the kernel so far.
    pub(crate) fn calls(&self) -> Calls {
        process::calls(self.server.id())
    }

    /// The server's resident memory, in MiB.
    pub(crate) fn resident_mib(&self) -> u64 {
        process::resident_mib(self.server.id())
    }

    /// Signs on so many times, one after the other.
    pub(crate) fn sign_on_many(&mut self, count: u32) {
        let mut left = count;
        while left > 0 {
            let now = left.min(PER_CONNECTION);
            let mut client = self.connect();
            (0..now).for_each(|_| self.sign_on(&mut client));
            left -= now;
        }
    }

    /// As [`Scenario::sign_on_many`], with something written before each sign-on.
    pub(crate) fn sign_on_many_after(&mut self, written: Written, count: u32) {
        let db = open(&self.folder.join("avouch.sqlite"));
        let mut client = self.connect();
        for at in 0..count {
            if at % PER_CONNECTION == PER_CONNECTION - 1 {
                client = self.connect();
            }
            let done: Result<(), StoreError> = db.write(|c: &mut Connection| {
                let username = match written {
                    Written::Unrelated => {
                        return store::settings::put(c, "bench", &at.to_be_bytes());
                    }
                    Written::OtherUser => "sample.two",
                    Written::User => "sample.one",
                };
                let mut user = store::users::by_username(c, username)?.expect("was added");
                user.time_zone = format!("Zone/{at}");
                store::users::update(c, &user, now())
            });
            done.expect("written");
            self.sign_on(&mut client);
        }
    }

    /// Stops the server, starts it again, and answers how long the first login page took.
    pub(crate) fn restart_until_login_page(&mut self) -> Duration {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let from = Instant::now();
        self.server = serve(&self.binary, &self.folder);
        self.wait_for_login_page();
        from.elapsed()
    }

    /// So many connections, each signing on as fast as it is answered.
    pub(crate) fn closed_loop(&self, connections: usize, seconds: u64) -> Load {
        let until = Instant::now() + Duration::from_secs(seconds);
        let from = Instant::now();
        let times = in_threads(connections, |_| {
            let mut times = Vec::new();
            let mut client = self.connect();
            while Instant::now() < until {
                if times.len() % PER_CONNECTION as usize == PER_CONNECTION as usize - 1 {
                    client = self.connect();
                }
                let start = Instant::now();
                self.sign_on(&mut client);
                times.push(start.elapsed());
            }
            times
        });
        summary(times, from.elapsed())
    }

    /// Sign-ons that begin at fixed instants, whatever the answers take; a late one's wait counts.
    pub(crate) fn open_loop(&self, per_second: f64, seconds: u64) -> Load {
        const CONNECTIONS: usize = 8;
        let every = Duration::from_secs_f64(CONNECTIONS as f64 / per_second);
        let from = Instant::now();
        let until = from + Duration::from_secs(seconds);
        let times = in_threads(CONNECTIONS, |at| {
            let mut times = Vec::new();
            let mut client = self.connect();
            let mut due = from + every.mul_f64(at as f64 / CONNECTIONS as f64);
            while due < until {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if times.len() % PER_CONNECTION as usize == PER_CONNECTION as usize - 1 {
                    client = self.connect();
                }
                self.sign_on(&mut client);
                times.push(due.elapsed());
                due += every;
            }
            times
        });
        summary(times, from.elapsed())
    }

    fn connect(&self) -> Client {
        Client::connect(self.address, self.cookies.clone()).expect("the server accepts")
    }

    fn sign_on(&self, client: &mut Client) {
        let reply = client.get(&request_path(self.address)).expect("an answer");
        assert!(
            reply.status == 200 && contains(&reply.body, b"name=\"SAMLResponse\""),
            "not a response page but {}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
    }

    fn wait_for_login_page(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let page = Client::connect(self.address, Vec::new()).and_then(|mut c| c.get("/login"));
            match page {
                Ok(reply) if reply.status == 200 && contains(&reply.body, b"password") => return,
                _ if Instant::now() > until => {
                    panic!("no login page within 20 s: {:?}", page.map(|r| r.status))
                }
                _ => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn log_in(&mut self) {
        let mut client = self.connect();
        let mut path = request_path(self.address);
        let page = loop {
            let reply = client.get(&path).expect("an answer");
            match reply.header("location") {
                Some(location) => path = local(location).to_owned(),
                None => break reply,
            }
        };
        let html = String::from_utf8(page.body).expect("text");
        let mut form = format!(
            "username=sample.one&password={}",
            PASSWORD.replace(' ', "+")
        );
        for name in ["csrf", "p"] {
            if let Some(value) = hidden(&html, name) {
                form.push_str(&format!("&{name}={value}"));
            }
        }
        let mut reply = client.post(&path, &form).expect("an answer");
        while let Some(location) = reply.header("location") {
            let next = local(location).to_owned();
            reply = client.get(&next).expect("an answer");
        }
        assert!(
            contains(&reply.body, b"name=\"SAMLResponse\""),
            "the login ended in {}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
        self.cookies = client.cookies();
    }
}

fn in_threads(count: usize, run: impl Fn(usize) -> Vec<Duration> + Sync) -> Vec<Duration> {
    std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..count).map(|at| scope.spawn(move || run(at))).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a client ends well"))
            .collect()
    })
}

fn summary(mut times: Vec<Duration>, took: Duration) -> Load {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    Load {
        count: times.len(),
        per_second: times.len() as f64 / took.as_secs_f64(),
        p50_ms: at(0.50),
        p99_ms: at(0.99),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Timestamp::from_millis(since.as_millis() as i64)
}

/// The path and query of a fresh AuthnRequest by HTTP-Redirect.
fn request_path(address: SocketAddr) -> String {
    let mut request = AuthnRequest::new(
        MessageId::random(&mut SystemRandom),
        now(),
        EntityId::parse(SP).expect("an entity ID"),
    );
    let endpoint = AcsUrl::parse(&format!("http://{address}/saml/sso")).expect("a URL");
    request.destination = Some(endpoint.to_string());
    let unsigned = request.write().expect("XML");
    let url =
        avouch_saml::binding::redirect::send_unsigned(&endpoint, &unsigned, None).expect("a URL");
    local(&url).to_owned()
}

fn local(url: &str) -> &str {
    match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => url,
    }
}

fn hidden(html: &str, name: &str) -> Option<String> {
    let tag = html
        .split('<')
        .find(|tag| tag.contains(&format!("name=\"{name}\"")))?;
    let value = tag.split_once("value=\"")?.1;
    Some(value.split('"').next()?.to_owned())
}

fn contains(body: &[u8], needle: &[u8]) -> bool {
    body.windows(needle.len()).any(|window| window == needle)
}

/// The binary just built.
fn built() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_avouch"))
}

fn serve(binary: &Path, folder: &Path) -> Child {
    Command::new(binary)
        .arg("--config")
        .arg(folder.join("avouch.toml"))
        .arg("serve")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("avouch starts")
}

fn avouch(binary: &Path, folder: &Path, arguments: &[&str], input: &str) {
    let mut child = Command::new(binary)
        .arg("--config")
        .arg(folder.join("avouch.toml"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("avouch starts");
    let _ = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(format!("{input}\n").as_bytes());
    let done = child.wait().expect("avouch ends");
    assert!(done.success(), "avouch {arguments:?} failed");
}

/// A federation, repeated under new entity IDs to 10,000 SPs: the one of `shared/data` where that
/// lies beside the repository, the sample of it that every clone has elsewhere.
pub(crate) fn aggregate_of_10_000() -> (Vec<u8>, usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let whole = root.join("../shared/data/metadata/switch-aaitest-2019.xml");
    let sample = root.join("tests/vectors/metadata/switch-sample.xml");
    let text = std::fs::read_to_string(&whole).unwrap_or_else(|_| {
        eprintln!(
            "{} is not there: (f) repeats the 7 service providers of {}",
            whole.display(),
            sample.display()
        );
        std::fs::read_to_string(&sample).expect("every clone has the sample")
    });
    let root_end = text.find("<EntitiesDescriptor").expect("an aggregate");
    let root_end = root_end + text[root_end..].find('>').expect("a start tag") + 1;
    let entities: Vec<&str> = entities(&text)
        .filter(|e| e.contains("<SPSSODescriptor"))
        .collect();
    let mut out = String::with_capacity(110 << 20);
    out.push_str(&text[..root_end]);
    let mut count = 0;
    'all: for round in 0.. {
        for entity in &entities {
            if count == 10_000 {
                break 'all;
            }
            let (before, after) = entity.split_once("entityID=\"").expect("an entity ID");
            let (id, after) = after.split_once('"').expect("a quoted value");
            out.push_str(&format!("{before}entityID=\"{id}/copy/{round}\"{after}\n"));
            count += 1;
        }
    }
    out.push_str("</EntitiesDescriptor>");
    (out.into_bytes(), count)
}

fn entities(text: &str) -> impl Iterator<Item = &str> {
    const END: &str = "</EntityDescriptor>";
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find("<EntityDescriptor")?;
        let end = rest[start..].find(END)? + start + END.len();
        let entity = &rest[start..end];
        rest = &rest[end..];
        Some(entity)
    })
}

/// Reads every SP of an aggregate and answers how many can be used.
pub(crate) fn read_aggregate(file: &[u8]) -> usize {
    let mut usable = 0;
    for_each_sp(file, &Reading::at(now()), |sp| {
        usable += usize::from(sp.is_ok_and(|sp| sp.can_be_answered()));
    })
    .expect("the aggregate reads");
    usable
}

fn open(database: &Path) -> Db {
    let address = Address::parse(&format!("sqlite:{}", database.display())).expect("an address");
    Db::new(address, 1)
}

fn register_all(database: &Path, aggregate: &[u8]) {
    let db = open(database);
    let text = std::str::from_utf8(aggregate).expect("UTF-8");
    let root_at = text.find("<EntitiesDescriptor").expect("an aggregate");
    let root = &text[root_at..=root_at + text[root_at..].find('>').expect("a start tag")];
    let all: Vec<&str> = entities(text).collect();
    for (batch_at, batch) in all.chunks(500).enumerate() {
        let written: Result<(), StoreError> = db.write(|c: &mut Connection| {
            for (at, entity) in batch.iter().enumerate() {
                let xml = format!("{root}{entity}</EntitiesDescriptor>").into_bytes();
                let Ok(sp) = SpMetadata::parse(&xml, &Reading::at(now())) else {
                    continue;
                };
                let entity_id = sp.entity_id.to_string();
                let draft = Preview::of(sp).draft;
                let mut app = App {
                    id: AppId::new(format!("bench-{batch_at}-{at}")),
                    api_name: String::new(),
                    name: String::new(),
                    state: AppState::Installed,
                    definition: draft.definition.clone(),
                    policy: draft.policy.clone(),
                    created_at: now(),
                    updated_at: now(),
                    not_understood: Vec::new(),
                };
                draft.write_into(&mut app);
                app.api_name = format!("bench-{batch_at}-{at}");
                store::apps::insert(
                    c,
                    &StoredApp {
                        app,
                        entity_id,
                        metadata_xml: xml,
                        version: 1,
                    },
                )?;
            }
            Ok(())
        });
        written.expect("the apps are stored");
    }
}
