//! Avouch as processes: several on one database, stopped, and cut off from their database.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use avouch_saml::binding::redirect;
use avouch_saml::ids::{AcsUrl, EntityId, MessageId, RelayState};
use avouch_saml::message::authn_request::AuthnRequest;
use avouch_server::audit::ResultCode;
use avouch_server::clock::{Clock as _, SystemClock};
use avouch_server::context::hash_token;
use avouch_server::random::SystemRandom;
use avouch_server::store::{Address, Connection, Db, StoreError, events, participants, sessions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::cli::Place;
use crate::postgres::Cluster;
use crate::support::client::{Answer, Client};
use crate::support::emitted::judge_by;
use crate::support::sp::Sp;

pub(crate) const CONFIG: &str = "[server]\nbase_url = 'https://localhost'\nlisten = '127.0.0.1:0'\nworkers = 1\n\
    [keys]\nalgorithm = 'ec-p256'\n[login]\nhash_memory_kib = 8\nhash_passes = 1\n\
    [logs]\nformat = 'json'\nlevel = 'trace'\n";

pub(crate) const PASSWORD: &str = "a sample password";

/// One `avouch serve`.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Node {
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_as(place.command(&["serve", "--migrate"]))
    }

    fn start_as(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("avouch starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("it ended: {said}"))
                .expect("UTF-8");
            let event: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            said.push_str(&line);
            said.push('\n');
            if event["message"] == "listening" {
                let text = event["address"].as_str().expect("an address");
                break text.parse().expect("an address");
            }
        };
        let log = Arc::new(Mutex::new(said));
        let to = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = to.lock().expect("no panic");
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self {
            child,
            address,
            log,
            reader: Some(reader),
        }
    }

    pub(crate) fn terminate(&self) {
        let done = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(done.expect("kill is there").success());
    }

    /// Waits for the end after [`Node::terminate`], and answers all that was logged.
    pub(crate) fn end(mut self) -> String {
        let status = self.child.wait().expect("waited");
        assert!(status.success(), "{status}");
        self.reader
            .take()
            .expect("still there")
            .join()
            .expect("no panic");
        self.log.lock().expect("no panic").clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A place with a user and an app that lets everybody in.
pub(crate) fn furnished(place: Place, sp: &Sp) -> Place {
    place.configure(CONFIG);
    place.ok(&["migrate"], "");
    place.ok(&["user", "add", "one"], &format!("{PASSWORD}\n"));
    let add = [
        "app",
        "add",
        "-",
        "--api-name",
        &sp.api_name,
        "--set",
        "permitted_users=self_authorize",
        "--set",
        "ask_consent=false",
        "--set",
        "encryption=off",
    ];
    place.ok(&add, &sp.metadata());
    place
}

pub(crate) fn request(sp: &Sp) -> (MessageId, String) {
    let id = MessageId::random(&mut SystemRandom);
    let mut request = AuthnRequest::new(
        id.clone(),
        SystemClock.now(),
        EntityId::parse(&sp.entity_id).expect("an entity ID"),
    );
    let endpoint = AcsUrl::parse("https://localhost/saml/sso").expect("a URL");
    request.destination = Some(endpoint.to_string());
    let relay_state = RelayState::new("a secret RelayState");
    let unsigned = request.write().expect("a request");
    let url = redirect::send_unsigned(&endpoint, &unsigned, Some(&relay_state));
    (id, url.expect("a URL"))
}

pub(crate) fn log_in(client: &Client, page: &Answer) -> Answer {
    client.post(
        "/login",
        &[
            ("username", "one"),
            ("password", PASSWORD),
            ("csrf", &page.field("csrf").expect("a CSRF token")),
            ("p", &page.field("p").unwrap_or_default()),
        ],
    )
}

/// The response that an answer carries, judged by the schemas and by xmlsec1 with the key that the
/// command line lists.
#[track_caller]
pub(crate) fn response(place: &Place, answer: &Answer) -> String {
    let encoded = answer
        .field("SAMLResponse")
        .unwrap_or_else(|| panic!("no response in {} {}", answer.status, answer.text()));
    let xml = String::from_utf8(BASE64.decode(encoded).expect("base64")).expect("UTF-8");
    judge_by(&xml, &place.signing_certificate());
    xml
}

/// Proves AV-SEC-64 across nodes: no state that a second node needs is in memory.
#[test]
fn av_sec_64_a_sign_on_begins_on_one_node_and_ends_on_another() {
    let sp = Sp::new("wiki");
    let place = Place::new()
        .with("DATABASE_URL", &Cluster::shared().database())
        .with("AVOUCH_KEYS_MASTER", &"0f".repeat(32));
    let place = furnished(place, &sp);
    let (first, second) = (Node::start(&place), Node::start(&place));

    let (id, url) = request(&sp);
    let browser = Client::new(first.address);
    let page = browser.follow(browser.get(&url));
    assert_eq!(page.status, 200, "{}", page.text());
    let browser = browser.moved_to(second.address);
    let answer = browser.follow(log_in(&browser, &page));
    let told = response(&place, &answer);
    assert!(told.contains(&format!("InResponseTo=\"{id}\"")), "{told}");
    assert!(told.contains("status:Success"), "{told}");
    assert_eq!(
        answer.field("RelayState").as_deref(),
        Some("a secret RelayState")
    );

    // The session holds on the other node too, and the request is used up there.
    let browser = browser.moved_to(first.address);
    let (_, another) = request(&sp);
    assert!(response(&place, &browser.get(&another)).contains("status:Success"));
    let stranger = Client::new(first.address);
    let refused = stranger.follow(stranger.get(&url));
    assert!(
        refused
            .field("SAMLResponse")
            .is_none_or(|_| { !response(&place, &refused).contains("status:Success") })
    );
    assert!(
        refused.field("username").is_none(),
        "a used request asks nobody to log in"
    );

    for node in [first, second] {
        node.terminate();
        node.end();
    }
}

/// Proves AV-SEC-71, AV-BND-13, in their halves about what logs must not hold, and AV-NID-03: no
/// secret, no name and no SAML message, with everything logged that can be.
#[test]
fn av_sec_71_logs_hold_no_secret() {
    let sp = Sp::new("wiki");
    let place = furnished(Place::new(), &sp);
    let rows = "attributes=urn:oasis:names:tc:SAML:attribute:pairwise-id=pairwise_id";
    place.ok(&["app", "edit", "wiki", "--set", rows], "");
    let node = Node::start(&place);
    let browser = Client::new(node.address);
    let (_, url) = request(&sp);
    let page = browser.follow(browser.get(&url));
    let answer = browser.follow(log_in(&browser, &page));
    let told = response(&place, &answer);
    // The names by which this SP knows the user, which nobody else may.
    let text = |element: &str| {
        let (_, rest) = told.split_once(element).expect("an element");
        let (_, text) = rest.split_once('>').expect("its tag ends");
        text.split('<').next().expect("its text").to_owned()
    };
    let name_id = text("<saml:NameID ");
    let pairwise = text("<saml:AttributeValue");
    let pairwise = pairwise.split('@').next().expect("a unique part");
    assert!(name_id.len() == 52 && pairwise.len() == 52, "{told}");
    let session = browser.cookie("__Host-avouch").expect("signed in");
    let bound = browser.cookie("__Host-avouch-browser").expect("bound");
    node.terminate();
    let log = node.end();
    assert!(log.contains("/saml/sso"), "requests are logged: {log}");
    let master = std::fs::read_to_string(place.folder.join("data/master.key")).expect("made");
    let encoded = answer.field("SAMLResponse").expect("answered");
    for secret in [
        PASSWORD,
        "a secret RelayState",
        "a%20secret",
        session.as_str(),
        bound.as_str(),
        master.trim(),
        &encoded[..60],
        &told[..60],
        "SAMLRequest=",
        &name_id,
        pairwise,
    ] {
        assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
    }
}

#[test]
fn a_lost_database_is_503_until_it_is_back() {
    let cluster = Cluster::start();
    let sp = Sp::new("wiki");
    let place = Place::new().with("DATABASE_URL", &cluster.database());
    let place = furnished(place, &sp);
    let node = Node::start(&place);
    let browser = Client::new(node.address);
    assert_eq!(browser.get("/health/ready").status, 200);
    let (_, url) = request(&sp);
    let page = browser.follow(browser.get(&url));

    cluster.stop();
    assert_eq!(browser.get("/health/live").status, 200);
    assert_eq!(browser.get("/health/ready").status, 503);
    for answer in [browser.get(&request(&sp).1), log_in(&browser, &page)] {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.text().contains("<h1"), "a page: {}", answer.text());
        assert!(
            !answer.text().contains("postgres"),
            "no inside: {}",
            answer.text()
        );
    }

    cluster.start_again();
    assert_eq!(browser.get("/health/ready").status, 200);
    let answer = browser.follow(log_in(&browser, &page));
    assert!(response(&place, &answer).contains("status:Success"));
    node.terminate();
    node.end();
}

/// Limits how large a file the node may write: what it meets then is what it meets on a full disk.
fn limit_files(node: &Node, octets: &str) {
    let done = Command::new("prlimit")
        .args([
            &format!("--pid={}", node.child.id()),
            &format!("--fsize={octets}:unlimited"),
        ])
        .status();
    assert!(done.expect("prlimit is there").success());
}

/// Nothing is answered that could not be written, nothing is called our mistake, and nobody is sent here.
#[test]
fn hardening_12_a_full_disk_is_told_and_survived() {
    let sp = Sp::new("wiki");
    let place = furnished(Place::with_file(), &sp);
    let plain = place.command(&["serve", "--migrate"]);
    // The signal that would end the process stands for nothing on a real disk.
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("trap '' XFSZ; exec \"$0\" \"$@\"")
        .arg(plain.get_program());
    command.args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = plain.get_current_dir() {
        command.current_dir(folder);
    }
    let node = Node::start_as(command);
    let client = Client::new(node.address);
    assert_eq!(client.get("/health/ready").status, 200);
    let page = client.get("/login");
    let csrf = page.field("csrf").expect("a token");
    let fields = [
        ("username", "one"),
        ("password", PASSWORD),
        ("csrf", &*csrf),
    ];

    limit_files(&node, "0");
    assert_eq!(client.post("/login", &fields).status, 503);
    // It is asked anew once what it knew is some seconds old.
    let mut answers = std::iter::repeat_with(|| client.get("/health/ready").status);
    assert!(answers.by_ref().take(100_000).any(|status| status == 503));
    assert_eq!(client.get("/health/live").status, 200);

    limit_files(&node, "unlimited");
    assert!(answers.take(100_000).any(|status| status == 200));
    assert_eq!(client.post("/login", &fields).status, 303);
    node.terminate();
    node.end();
}

#[test]
fn sigterm_lets_what_is_in_flight_finish() {
    let sp = Sp::new("wiki");
    let place = furnished(Place::new(), &sp);
    let node = Node::start(&place);
    let browser = Client::new(node.address);
    let page = browser.follow(browser.get(&request(&sp).1));
    let body = crate::support::client::form(&[
        ("username", "one"),
        ("password", PASSWORD),
        ("csrf", &page.field("csrf").expect("a CSRF token")),
        ("p", &page.field("p").expect("a sign-on")),
    ]);
    let cookie = browser.cookie("__Host-avouch-browser").expect("bound");
    let mut stream = TcpStream::connect(node.address).expect("connects");
    let (sent, rest) = body.split_at(body.len() / 2);
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\nCookie: __Host-avouch-browser={cookie}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    // "100 Continue" says that the request is being read: it is in flight.
    let mut line = [0; 25];
    stream.read_exact(&mut line).expect("an answer");
    assert!(
        line.starts_with(b"HTTP/1.1 100"),
        "{}",
        String::from_utf8_lossy(&line)
    );
    stream.write_all(sent.as_bytes()).expect("sent");

    node.terminate();
    // Once it accepts no more, it has begun to stop.
    while TcpStream::connect(node.address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(rest.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert!(answer.contains("/continue"), "{answer}");
    node.end();
}

/// An answer that reached a client.
struct Reached {
    /// The request as it was sent.
    url: String,
    /// Its id in the logs.
    request_id: String,
    session_index: String,
}

/// A server under load is killed, again and again: what reached a client is in the database.
#[test]
fn a_killed_server_has_written_whatever_it_answered() {
    const BROWSERS: usize = 4;
    let sp = Sp::new("wiki");
    let place = furnished(Place::with_file(), &sp);
    place.configure(
        &CONFIG
            .replace("workers = 1", "workers = 2")
            .replace("trace", "info"),
    );
    let file = place.folder.join("data/avouch.sqlite");
    let db = Db::new(
        Address::parse(&file.display().to_string()).expect("an address"),
        2,
    );
    let mut browsers: Vec<Client> = Vec::new();
    for answers in [1, 10, 100, 300] {
        let mut node = Node::start(&place);
        if browsers.is_empty() {
            for _ in 0..BROWSERS {
                let browser = Client::new(node.address);
                let page = browser.follow(browser.get(&request(&sp).1));
                let answer = browser.follow(log_in(&browser, &page));
                assert!(response(&place, &answer).contains("status:Success"));
                browsers.push(browser);
            }
        }
        browsers = browsers
            .iter()
            .map(|browser| browser.moved_to(node.address))
            .collect();
        let (tell, told) = mpsc::channel();
        let reached: Vec<Vec<Reached>> = std::thread::scope(|scope| {
            let clients: Vec<_> = std::mem::take(&mut browsers)
                .into_iter()
                .map(|browser| {
                    let (sp, tell) = (&sp, tell.clone());
                    scope.spawn(move || {
                        let mut reached = Vec::new();
                        loop {
                            let (_, url) = request(sp);
                            let Ok(answer) = browser.try_get(&url) else {
                                return (browser, reached);
                            };
                            reached.push(taken(&answer, url));
                            // Nobody counts any more once the server is being killed.
                            let _ = tell.send(());
                        }
                    })
                })
                .collect();
            for _ in 0..answers {
                told.recv().expect("a client counts");
                // Others copy the log meanwhile.
                checkpoint(&db);
            }
            node.child.kill().expect("killed");
            clients
                .into_iter()
                .map(|client| {
                    let (browser, reached) = client.join().expect("no panic");
                    browsers.push(browser);
                    reached
                })
                .collect()
        });
        drop(node);

        let node = Node::start(&place);
        assert_eq!(integrity(&db), "ok");
        let everything = events::Filter::default();
        let logged = db
            .read(|c| events::list(c, &everything, 100_000))
            .expect("read");
        let logged: HashSet<String> = logged
            .into_iter()
            .filter(|logged| logged.event.result == ResultCode::Success)
            .map(|logged| logged.event.request_id)
            .collect();
        assert!(reached.iter().map(Vec::len).sum::<usize>() >= answers);
        for (browser, reached) in browsers.iter_mut().zip(&reached) {
            *browser = browser.moved_to(node.address);
            let hash = hash_token(&browser.cookie("__Host-avouch").expect("signed in"));
            let kept = db.read(|c| {
                let found = sessions::resolve(c, &hash)?.expect("the session is there");
                participants::of_session(c, &found.session.id)
            });
            let kept: HashSet<String> = kept
                .expect("read")
                .into_iter()
                .map(|participant| participant.session_index)
                .collect();
            for answer in reached {
                assert!(logged.contains(&answer.request_id), "its event");
                assert!(kept.contains(&answer.session_index), "its SP session");
            }
            // A used request stays used. Of hundreds the last few are the ones in danger.
            for answer in reached.iter().rev().take(5) {
                let again = browser.get(&answer.url);
                assert_eq!(again.status, 400, "{}", again.text());
            }
        }
        node.terminate();
        node.end();
    }
}

fn taken(answer: &Answer, url: String) -> Reached {
    let encoded = answer
        .field("SAMLResponse")
        .unwrap_or_else(|| panic!("no response in {} {}", answer.status, answer.text()));
    let xml = String::from_utf8(BASE64.decode(encoded).expect("base64")).expect("UTF-8");
    let (_, index) = xml.split_once("SessionIndex=\"").expect("a SessionIndex");
    Reached {
        url,
        request_id: answer.header("x-request-id").expect("an id").to_owned(),
        session_index: index.split('"').next().expect("a value").to_owned(),
    }
}

fn checkpoint(db: &Db) {
    let done: Result<(), StoreError> = db.read_one(|c: &mut Connection| {
        if let Connection::Sqlite(c) = c {
            diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").execute(c)?;
        }
        Ok(())
    });
    done.expect("copied");
}

pub(crate) fn integrity(db: &Db) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        integrity_check: String,
    }
    let found: Result<Line, StoreError> = db.read_one(|c: &mut Connection| {
        Ok(diesel::sql_query("PRAGMA integrity_check").get_result(c)?)
    });
    found.expect("checked").integrity_check
}
