//! Bounds that hold against whoever tries: what a hostile reading found, driven as an attacker does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use avouch_server::audit::{EventKind, ResultCode, Word};
use avouch_server::store;
use avouch_server::store::expiry::{OldEvents, delete_events};
use avouch_server::users::AdminRight;

use crate::admin::{admin, signed_in};
use crate::support::app::{PASSWORD, Setup, TestApp};
use crate::support::client::Client;
use crate::support::sp::Sp;

fn events_of(app: &TestApp, result: ResultCode) -> usize {
    app.events()
        .iter()
        .filter(|event| event.result == result)
        .count()
}

/// Attempts that are not even looked at are counted, not written one by one.
#[test]
fn hardening_02_throttled_logins_write_a_bounded_number_of_events() {
    let app = TestApp::start();
    app.user("one");
    let client = app.client();
    let csrf = client.get("/login").field("csrf").expect("a token");
    let attempt = |client: &Client, username: &str, password: &str| {
        let fields = [
            ("username", username),
            ("password", password),
            ("csrf", &*csrf),
        ];
        client.post("/login", &fields).status
    };
    for _ in 0..300 {
        attempt(&client, "one", "wrong");
    }
    let written = app
        .events()
        .iter()
        .filter(|e| e.kind == EventKind::Login)
        .count();
    assert!((50..=100).contains(&written), "{written}");
    // What is not written is counted, and slows down all the same.
    assert_eq!(attempt(&client, "one", PASSWORD), 429);
    // A login that succeeds is always written.
    app.clock.advance(3600);
    for _ in 0..120 {
        attempt(&client, "nobody", "wrong");
    }
    let known = app.signed_in("one");
    assert_eq!(known.get("/").status, 200);
    assert!(
        app.events()
            .iter()
            .any(|e| e.kind == EventKind::Login && e.result == ResultCode::Success)
    );
}

/// Every answer to an SP costs its event only up to the bound; the SP is answered all the same.
#[test]
fn hardening_02_answered_refusals_write_a_bounded_number_of_events() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let stranger = app.client();
    let mut last = None;
    for _ in 0..200 {
        let answer = app.ask(&stranger, &sp, |request| request.is_passive = true);
        let told = app.told(&sp, &answer);
        assert_eq!(told.status(), ("Responder", "NoPassive"));
        last = Some(told.xml);
    }
    let written = events_of(&app, ResultCode::NoPassive);
    assert!((50..=100).contains(&written), "{written}");
    // The one that stands for the others is what the SP is told.
    let told = last.expect("the last");
    let code = told
        .split("Reference: ")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    let found = app
        .services
        .db
        .read(|c| store::events::by_code(c, code.expect("a code")));
    assert!(found.expect("read").is_some());
    // A request is used up although its event is left out.
    let url = sp.redirect(&app, &{
        let mut request = sp.request(&app);
        request.is_passive = true;
        request
    });
    app.told(&sp, &stranger.get(&url));
    assert_eq!(stranger.get(&url).status, 400);
    // A user who proved who they are is always written down.
    app.user("one");
    let known = app.signed_in("one");
    app.told(&sp, &app.ask(&known, &sp, |_| ())).ok();
    assert_eq!(app.last_event().result, ResultCode::Success);
}

/// Asking for pages without the right is bounded by user, and goes with the other refusals.
#[test]
fn hardening_02_pages_without_the_right_write_a_bounded_number_of_events() {
    let app = TestApp::start();
    app.user("one");
    let client = signed_in(&app, "one");
    for _ in 0..300 {
        assert_eq!(client.get("/admin/apps").status, 403);
    }
    let written = events_of(&app, ResultCode::AdminRightMissing);
    assert!((50..=100).contains(&written), "{written}");
    let code = client.get("/admin/apps").code();
    let reader = admin(&app, &[AdminRight::ReadLogs]);
    assert_eq!(reader.get(&format!("/admin/events/{code}")).status, 200);
    // Somebody else's are written, and administrators' deeds are.
    let other = signed_in(&app, &app.user("two").username);
    other.get("/admin/apps");
    assert_eq!(events_of(&app, ResultCode::AdminRightMissing), written + 1);

    // The newest event of all stays.
    signed_in(&app, "one");
    let end = app.now().plus_seconds(1);
    let clean = || app.write(|c| delete_events(c, OldEvents::WithoutUser, 0, end, 10_000));
    clean();
    assert_eq!(events_of(&app, ResultCode::AdminRightMissing), 0);
    let kept = app.events();
    assert!(
        kept.iter()
            .any(|event| event.kind == Word::Known(EventKind::Login))
    );
}

/// While many guess from different prefixes, a browser that is known to the account gets through.
#[test]
fn hardening_05_known_browsers_get_through_while_many_guess() {
    let app = TestApp::with(Setup {
        config: "[login]\nhash_memory_kib = 4096\nhash_passes = 1\nhashes_at_once = 1\n\
                 hashes_waiting = 8\n"
            .to_owned(),
        server: "trusted_proxies = [\"127.0.0.1/32\"]\n".to_owned(),
        ..Setup::default()
    });
    app.user("one");
    let known = app.client();
    let page = known.get("/login");
    assert_eq!(app.submit_login(&known, &page, "one", PASSWORD).status, 303);
    let csrf = known.get("/logout").field("csrf").expect("a token");
    let over = AtomicBool::new(false);
    let guessers: Vec<(Client, String)> = (0..40)
        .map(|_| {
            let client = app.client();
            let csrf = client.get("/login").field("csrf").expect("a token");
            (client, csrf)
        })
        .collect();
    let (turned_away, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for (number, (client, csrf)) in guessers.into_iter().enumerate() {
            let (over, turned_away) = (&over, turned_away.clone());
            scope.spawn(move || {
                for round in 0..2_000 {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let username = format!("guess-{number}-{round}");
                    let body = crate::support::client::form(&[
                        ("username", &username),
                        ("password", "wrong"),
                        ("csrf", &csrf),
                    ]);
                    let from = format!("2001:db8:{number:x}:{round:x}::1");
                    let answer = client.send(
                        "POST",
                        "/login",
                        Some(body.as_bytes()),
                        crate::support::client::From::Here,
                        &[("X-Forwarded-For", &from)],
                    );
                    if answer.status == 503 {
                        assert_eq!(answer.header("retry-after"), Some("5"));
                        // Once nobody listens any more, it is over soon.
                        let _ = turned_away.send(());
                    }
                }
            });
        }
        // The attack is on once strangers are turned away.
        for _ in 0..20 {
            told.recv_timeout(Duration::from_secs(60))
                .expect("strangers are turned away");
        }
        let mut through = 0;
        for _ in 0..40 {
            let fields = [
                ("username", "one"),
                ("password", PASSWORD),
                ("csrf", &*csrf),
            ];
            let answer = known.post("/login", &fields);
            through += usize::from(answer.status == 303);
            app.clock.advance(1);
        }
        over.store(true, Ordering::Relaxed);
        assert!(through >= 38, "{through} of 40 got through");
    });
}

/// Whoever guesses behind a campus' address slows it down and shuts nobody out, least of all a browser
/// that signed in before.
#[test]
fn hardening_06_an_address_is_not_locked_out() {
    let app = TestApp::start();
    app.user("one");
    app.user("two");
    let known = app.client();
    let page = known.get("/login");
    app.submit_login(&known, &page, "one", PASSWORD);
    let csrf = known.get("/logout").field("csrf").expect("a token");
    let guesser = app.client();
    let token = guesser.get("/login").field("csrf").expect("a token");
    for n in 0..80 {
        let username = format!("guess-{n}");
        let fields = [
            ("username", &*username),
            ("password", "wrong"),
            ("csrf", &*token),
        ];
        guesser.post("/login", &fields);
        if n > 55 {
            app.clock.advance(7);
        }
    }
    let mut retry = guesser.post(
        "/login",
        &[
            ("username", "guess"),
            ("password", "wrong"),
            ("csrf", &*token),
        ],
    );
    if retry.status != 429 {
        retry = guesser.post(
            "/login",
            &[
                ("username", "guess"),
                ("password", "wrong"),
                ("csrf", &*token),
            ],
        );
    }
    assert_eq!(retry.status, 429);
    let seconds: i64 = retry
        .header("retry-after")
        .expect("said")
        .parse()
        .expect("a number");
    assert!(seconds <= 7, "{seconds}");
    // A known browser does not wait for others at its address.
    let fields = [
        ("username", "one"),
        ("password", PASSWORD),
        ("csrf", &*csrf),
    ];
    assert_eq!(known.post("/login", &fields).status, 303);
    // Somebody at a new browser waits seconds, however long the guessing went on.
    app.clock.advance(7);
    assert_eq!(app.signed_in("two").get("/").status, 200);
}

/// Whoever asks again and again and reads nothing is given up; what waits for them does not pile up.
#[test]
fn hardening_08_a_peer_that_does_not_read_is_given_up() {
    use std::io::{Read as _, Write as _};

    let app = TestApp::with(Setup {
        server: "stalled_seconds = 1\n".to_owned(),
        ..Setup::default()
    });
    let request = b"GET /assets/avouch.css HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut peer = std::net::TcpStream::connect(app.address()).expect("connected");
    peer.set_write_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    peer.set_read_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    // Until the server stops reading, since nothing of its answers is taken, and then gives up: the
    // connection is reset under the writer, or was when it reads at last.
    let mut sent = 0;
    let given_up = loop {
        match peer.write(request) {
            Ok(octets) => sent += octets,
            Err(error) => break error,
        }
        assert!(sent < 200 << 20, "the server reads without end");
    };
    let mut rest = Vec::new();
    // Whatever the kernel still had; how it ends is its own affair.
    let _ = peer.read_to_end(&mut rest);
    let answered = rest
        .windows(15)
        .filter(|octets| *octets == b"HTTP/1.1 200 OK")
        .count();
    let asked = sent / request.len();
    assert!(
        answered < asked,
        "{answered} of {asked} were answered: {given_up}"
    );
    // Others are served meanwhile and after.
    assert_eq!(app.client().get("/health/live").status, 200);
}

/// An answer to a body that is refused unread closes the connection.
#[test]
fn hardening_08_a_refused_body_ends_its_connection() {
    use std::io::{Read as _, Write as _};

    let app = TestApp::start();
    let mut peer = std::net::TcpStream::connect(app.address()).expect("connected");
    peer.set_read_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    let head = "POST /saml/sso HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 50000000\r\n\r\nSAMLRequest=";
    peer.write_all(head.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    // It ends although nothing more is sent.
    peer.read_to_end(&mut answer)
        .expect("an answer and its end");
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(answer.starts_with("http/1.1 413"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

/// An export is complete however many events there are, and is itself written down.
#[test]
fn hardening_09_exports_are_complete_and_recorded() {
    let app = TestApp::start();
    let reader = admin(&app, &[AdminRight::ReadLogs]);
    let one = app.last_event();
    // More than a batch, and no multiple of one.
    app.write(|c| {
        for _ in 0..1_733 {
            store::events::insert(c, &one)?;
        }
        Ok(())
    });
    let all = app
        .services
        .db
        .read(|c| store::events::list(c, &store::events::Filter::default(), 100_000));
    let all = all.expect("read").len();
    let lines = reader.get("/admin/events.jsonl");
    let codes: std::collections::BTreeSet<String> = lines
        .text()
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["code"].to_string()
        })
        .collect();
    assert_eq!(codes.len(), all);
    assert_eq!(lines.header("transfer-encoding"), Some("chunked"));
    let event = app.last_event();
    assert_eq!(event.kind, EventKind::Admin);
    let told = avouch_server::text::Locale::English
        .catalogue()
        .checks
        .value(&event.reason);
    assert_eq!(told, "The events were exported: avouch-events.jsonl.");
    let csv = reader.get("/admin/events.csv").text();
    // The export before it is an event too, and a line names the columns.
    assert_eq!(csv.trim_end().split("\r\n").count(), all + 2);
    assert!(csv.starts_with("code,at,"));
    // Nobody without the right gets a part.
    let other = signed_in(&app, &app.user("two").username);
    assert_eq!(other.get("/admin/events.jsonl").status, 403);
}
