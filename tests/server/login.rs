//! `/login` and `/logout`.

use avouch_server::audit::{EventKind, ResultCode};

use avouch_server::directory::local;
use avouch_server::directory::password::Password;
use avouch_server::sessions::SessionProof;
use avouch_server::store::{self, Conflict, StoreError, expiry};
use avouch_server::users::UserId;

use crate::support::app::{PASSWORD, Setup, TestApp};
use crate::support::client::{Client, From};
use crate::support::sp::Sp;

/// Proves AV-SEC-62, AV-SEC-59, AV-SEC-61, AV-SEC-71: what a login sets, what it shows, what it logs.
#[test]
fn av_sec_59_a_login_sets_a_fresh_secret() {
    let app = TestApp::start();
    app.user("one");
    let client = app.client();
    client.set_cookie("__Host-avouch", &"ab".repeat(32));
    let page = client.get("/login");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
    assert!(
        page.header("content-security-policy")
            .is_some_and(|p| p.contains("frame-ancestors 'none'"))
    );
    assert!(page.header("strict-transport-security").is_some());
    let answer = app.submit_login(&client, &page, "one", PASSWORD);
    let cookies = answer.all("set-cookie");
    let session = cookies
        .iter()
        .find(|c| c.starts_with("__Host-avouch="))
        .expect("a session");
    for attribute in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(
        !session.contains(&"ab".repeat(32)),
        "a secret the browser brought is not taken over"
    );
    let first = client.cookie("__Host-avouch").expect("a session");
    assert_eq!(client.get("/").status, 200);
    // Another user at the same browser: another secret, and the first one is dead.
    app.user("two");
    client.forget("__Host-avouch");
    let page = client.get("/login");
    client.set_cookie("__Host-avouch", &first);
    app.submit_login(&client, &page, "two", PASSWORD);
    assert_ne!(client.cookie("__Host-avouch"), Some(first.clone()));
    let old = app.client();
    old.set_cookie("__Host-avouch", &first);
    assert_eq!(old.get("/").location().as_deref(), Some("/login"));
    let told = format!("{:?}", app.events());
    assert!(!told.contains(PASSWORD) && !told.contains(&first));
}

/// Proves AV-SEC-65: one answer for an unknown user, a wrong password and a deactivated user; delays
/// that a known browser escapes and that nobody is locked out by.
#[test]
fn av_sec_65_failures_tell_nothing_and_slow_down_guessing() {
    let app = TestApp::start();
    app.user("one");
    app.user_with("gone", |u| u.active = false);
    let shown = |username: &str, password: &str| {
        let client = app.client();
        let page = client.get("/login");
        let answer = app.submit_login(&client, &page, username, password);
        assert_eq!(client.cookie("__Host-avouch"), None);
        let text = answer
            .text()
            .replace(&format!("value=\"{username}\""), "value=\"NAME\"");
        let csrf = answer.field("csrf").expect("a token");
        (answer.status, text.replace(&csrf, "CSRF"))
    };
    let wrong = shown("one", "wrong");
    assert_eq!(wrong.0, 200);
    assert_eq!(shown("nobody", "wrong"), wrong);
    assert_eq!(shown("gone", PASSWORD), wrong);
    let event = app.last_event();
    assert_eq!(
        (event.kind, event.result),
        (EventKind::Login.into(), ResultCode::UserInactive.into())
    );

    // A browser the owner used before.
    let owner = app.signed_in("one");
    let attacker = app.client();
    let mut delayed = false;
    for _ in 0..12 {
        let page = attacker.get("/login");
        let answer = app.submit_login(&attacker, &page, "one", "wrong");
        delayed |= answer.status == 429;
    }
    assert!(delayed, "guessing is slowed down");
    let page = attacker.get("/login");
    let right = app.submit_login(&attacker, &page, "one", PASSWORD);
    assert_eq!(right.status, 429, "no password is looked at while waiting");
    assert!(right.header("retry-after").is_some());
    assert_eq!(app.last_event().result, ResultCode::Throttled);
    owner.forget("__Host-avouch");
    let page = owner.get("/login");
    let answer = app.submit_login(&owner, &page, "one", PASSWORD);
    assert_eq!(
        answer.location().as_deref(),
        Some("/"),
        "the owner is not locked out"
    );
    // And the delay ends.
    app.clock.advance(400);
    let page = attacker.get("/login");
    let answer = app.submit_login(&attacker, &page, "one", PASSWORD);
    assert_eq!(answer.location().as_deref(), Some("/"));
}

/// Proves AV-SEC-58: forms of other sites sign nobody in or out.
#[test]
fn av_sec_58_forms_of_other_sites_have_no_effect() {
    let (app, sp, client) = TestApp::ready();
    let secret = client.cookie("__Host-avouch");
    let victim = app.client();
    let fields = [
        ("username", "one"),
        ("password", PASSWORD),
        ("csrf", "x"),
        ("p", ""),
    ];
    for from in [From::Elsewhere, From::Here] {
        let answer = victim.post_from(from, "/login", &fields);
        assert_eq!(
            (answer.location(), victim.cookie("__Host-avouch")),
            (None, None)
        );
    }
    // Another browser's token is no token of this one's.
    let other = app.client().get("/login").field("csrf").expect("a token");
    victim.get("/login");
    let answer = victim.post(
        "/login",
        &[
            ("username", "one"),
            ("password", PASSWORD),
            ("csrf", &other),
        ],
    );
    assert_eq!(answer.location(), None);

    for from in [From::Elsewhere, From::Here] {
        client.post_from(from, "/logout", &[("csrf", "x")]);
    }
    client.get_from(From::Link, "/logout");
    assert_eq!(client.cookie("__Host-avouch"), secret, "still signed in");
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    let csrf = client.get("/logout").field("csrf").expect("a token");
    client.post("/logout", &[("csrf", &csrf)]);
    assert_eq!(client.cookie("__Host-avouch"), None);
    let old = app.client();
    old.set_cookie("__Host-avouch", &secret.expect("was signed in"));
    assert!(
        app.ask(&old, &sp, |_| ())
            .location()
            .is_some_and(|l| l.starts_with("/login"))
    );
    assert_eq!(app.events()[0].kind, EventKind::Logout);
}

/// Proves AV-SEC-57, AV-SEC-55: nothing that leads a browser off, and no markup, from what a URL says.
#[test]
fn av_sec_57_no_address_of_the_urls_choosing() {
    let app = TestApp::start();
    app.user("one");
    let client = app.client();
    for path in [
        "/login?p=//evil.example.org",
        "/login?next=https://evil.example.org/",
        "/continue?p=https://evil.example.org/",
        "/consent?p=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/launch/%22%3E%3Cscript%3E?RelayState=x",
        "/error-help?ERRORURL_CODE=OTHER_ERROR&ERRORURL_RP=%3Cscript%3Ealert(1)%3C/script%3E",
        "/%3Cscript%3E",
    ] {
        let answer = client.get(path);
        assert!(!answer.text().contains("<script>"), "{path}");
        assert!(
            answer
                .location()
                .is_none_or(|l| l.starts_with('/') && !l.starts_with("//")),
            "{path}"
        );
    }
    let page = client.get("/login?next=https://evil.example.org/");
    let answer = app.submit_login(&client, &page, "one", PASSWORD);
    assert_eq!(answer.location().as_deref(), Some("/"));
}

/// Proves AV-SEC-46: what a sign-on in progress leaves behind is bounded and goes away.
#[test]
fn av_sec_46_started_sign_ons_expire_and_are_deleted() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let client = app.client();
    for _ in 0..20 {
        assert_eq!(app.ask(&client, &sp, |_| ()).status, 303);
    }
    let sweep = |app: &TestApp| {
        let now = app.now();
        app.write(|c| {
            let too_old = app.services.settings.saml.oldest_request(now);
            Ok(expiry::delete_expired(c, now, 1000)? + expiry::forget_messages(c, too_old, 1000)?)
        })
    };
    assert_eq!(sweep(&app), 0, "they wait");
    app.clock.advance(49 * 3600);
    assert_eq!(
        sweep(&app),
        40,
        "twenty sign-ons and twenty requests remembered"
    );
}

/// Proves AV-SEC-65: an unknown user, a wrong password and a user without one cost the same
/// statements and hashes; so do attempts that have to wait, of a user who is there and of one who
/// is not.
#[test]
fn av_sec_65_failures_do_equal_work() {
    let app = TestApp::start();
    let mut bare = app.user("one");
    bare.id = UserId::new("bare");
    bare.username = "bare".to_owned();
    bare.federation_id = None;
    app.write(|c| store::users::insert(c, &bare, app.now()));
    let attempt = |username: &str| {
        let client = app.client();
        let page = client.get("/login");
        let before = (app.services.db.statements(), app.services.hasher.computed());
        let answer = app.submit_login(&client, &page, username, "wrong");
        let after = (app.services.db.statements(), app.services.hasher.computed());
        (answer.status, after.0 - before.0, after.1 - before.1)
    };
    // Statements are prepared by the first.
    attempt("nobody");
    attempt("one");
    let known = attempt("one");
    assert_eq!((known.0, known.2), (200, 1));
    assert_eq!(attempt("nobody"), known);
    assert_eq!(attempt("bare"), known);
    let until_it_waits = |username: &str| {
        let mut attempts = (0..20).map(|_| attempt(username));
        attempts
            .find(|attempt| attempt.0 == 429)
            .expect("it has to wait")
    };
    let waiting = until_it_waits("one");
    assert_eq!(waiting.2, 0, "no password is looked at");
    assert_eq!(until_it_waits("nobody"), waiting);
}

/// Proves AV-SEC-65: a burst passes the first look together and is judged one by one after that.
#[test]
fn av_sec_65_a_burst_is_counted_while_it_waits_for_its_hashes() {
    const MANY: usize = 30;
    let app = TestApp::configured(
        "[login]\nhash_memory_kib = 16384\nhash_passes = 3\nhashes_at_once = 1\n\
         account_failures = 2\n",
    );
    app.user("one");
    let ready: Vec<_> = (0..MANY)
        .map(|_| {
            let client = app.client();
            let csrf = client.get("/login").field("csrf").expect("a token");
            (client, csrf)
        })
        .collect();
    app.clock.advance(1);
    std::thread::scope(|scope| {
        for (client, csrf) in ready {
            scope.spawn(move || {
                let fields = [("username", "one"), ("password", "wrong"), ("csrf", &*csrf)];
                client.post("/login", &fields);
            });
        }
    });
    let count = |result| app.events().iter().filter(|e| e.result == result).count();
    let judged = count(ResultCode::WrongCredentials);
    assert_eq!(judged + count(ResultCode::Throttled), MANY);
    assert!(
        (3..MANY / 2).contains(&judged),
        "{judged} of {MANY} were judged"
    );
}

/// A password that was changed while its hash was computed opens nothing, and is not put back.
#[test]
fn a_password_changed_meanwhile_opens_nothing() {
    let app = TestApp::start();
    let user = app.user("one");
    let services = &app.services;
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let check = || {
        let read = services.db.read(|c| local::read(c, "one", None, address));
        let candidate = read.expect("read");
        let password = Password::new(PASSWORD);
        let proof = candidate
            .check(&services.hasher, &password)
            .expect("checked");
        (candidate, proof)
    };
    let record = |(candidate, proof): &(local::Candidate, local::Proof)| {
        services
            .db
            .write(|c| local::record(c, candidate, proof, &services.throttle, app.now()))
    };
    let checked = check();
    record(&checked).expect("recorded");
    let checked = check();
    let other = services
        .hasher
        .hash(&Password::new("another one"))
        .expect("hashed");
    app.write(|c| store::users::set_password(c, &user.id, &other, app.now()));
    assert!(matches!(
        record(&checked),
        Err(StoreError::Conflict(Conflict::Gone(_)))
    ));
    let client = app.client();
    let page = client.get("/login");
    let answer = app.submit_login(&client, &page, "one", "another one");
    assert_eq!(answer.location().as_deref(), Some("/"));
}

/// Proves AV-SEC-62 for the cookie that remembers a browser.
#[test]
fn av_sec_62_the_known_browser_s_cookie_is_for_the_server_alone() {
    let app = TestApp::start();
    app.user("one");
    let client = app.client();
    let page = client.get("/login");
    let answer = app.submit_login(&client, &page, "one", PASSWORD);
    let cookies = answer.all("set-cookie");
    let known = cookies
        .iter()
        .find(|c| c.starts_with("__Host-avouch-known="))
        .expect("it is remembered");
    for attribute in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age="] {
        assert!(known.contains(attribute), "{known}");
    }
    assert!(!known.contains("Domain"));
    // It opens nothing by itself.
    let thief = app.client();
    let value = client.cookie("__Host-avouch-known").expect("set");
    thief.set_cookie("__Host-avouch-known", &value);
    assert_eq!(thief.get("/").location().as_deref(), Some("/login"));
}

/// Proves AV-SEC-46, driven as an attacker does: begun sign-ons are kept up to a number, and up to a
/// part of it for one address. Both hold when one is begun, whoever cleans up when.
#[test]
fn av_sec_46_hardening_07_begun_sign_ons_are_kept_up_to_a_number() {
    let app = TestApp::with(Setup {
        config: "[login]\nhash_memory_kib = 8\nhash_passes = 1\nmost_pending = 1000\n".to_owned(),
        server: "trusted_proxies = [\"127.0.0.1/32\"]\n".to_owned(),
        ..Setup::default()
    });
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    app.user("one");
    let begin = |client: &Client, address: usize| {
        let from = format!("10.0.{}.{}", address / 250, address % 250 + 1);
        let url = sp.redirect(&app, &sp.request(&app));
        client.get_with(&url, &[("X-Forwarded-For", &from)])
    };
    // One address has a tenth of all; others are not touched by it.
    let attacker = app.client();
    let begun = (0..130)
        .filter(|_| begin(&attacker, 0).status == 303)
        .count();
    assert_eq!(begun, 100);
    let refused = begin(&attacker, 0);
    app.assert_page(&refused, ResultCode::Throttled);
    assert_eq!(refused.status, 429);
    for n in 0..1100 {
        assert_eq!(begin(&attacker, 1 + n / 90).status, 303);
    }
    // Of those that began at one instant any may go.
    app.clock.advance(1);
    let mine = app.client();
    let page = mine.follow(begin(&mine, 900));
    let there = app.write(store::pending::count);
    assert!((900..=1101).contains(&there), "{there}");
    // The newest are not the ones that go.
    app.told(&sp, &app.log_in(&mine, &page, "one")).ok();
}

/// Each login is a proof of the session that it begins or renews.
#[test]
fn a_session_remembers_each_login() {
    let (app, sp, client) = TestApp::ready();
    let proofs = || {
        let hash =
            avouch_server::context::hash_token(&client.cookie("__Host-avouch").expect("signed in"));
        let found = app.services.db.read(|c| {
            let found = store::sessions::resolve(c, &hash)?.expect("a session");
            store::session_proofs::of_session(c, &found.session.id)
        });
        found.expect("read")
    };
    let first = proofs();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].method, SessionProof::PASSWORD);
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    assert_eq!(proofs(), first, "nothing was proved anew");
    app.clock.advance(60);
    let page = client.follow(app.ask(&client, &sp, |request| request.force_authn = true));
    app.told(&sp, &app.log_in(&client, &page, "one")).ok();
    let both = proofs();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0], first[0]);
    assert!(both[1].at >= first[0].at.plus_seconds(60));
}
