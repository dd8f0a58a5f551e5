//! Two nodes on one database: nothing that matters lives in one process.

use avouch_saml::message::authn_request::AuthnRequest;
use avouch_saml::security::certificate::KeyKind;
use avouch_server::apps::AppState;
use avouch_server::apps::row::parse_row;
use avouch_server::audit::ResultCode;
use avouch_server::keys::{KeyId, KeyPurpose, rollover};
use avouch_server::random::SystemRandom;
use avouch_server::store;
use avouch_server::store::expiry;
use avouch_server::users::User;

use crate::support::app::{Setup, TestApp};
use crate::support::client::{Answer, Client, From};
use crate::support::sp::{Sp, Told};

fn start_here_finish_there(one: &TestApp, two: &TestApp) {
    let sp = Sp::new("wiki");
    let connected = one.connect(&sp, |_, _| ());
    one.user("one");
    let at = |node: &TestApp, browser: &Client| browser.beside(&node.client());

    let browser = one.client();
    let request = sp.request(one);
    let path = sp.redirect_with(one, &request, Some("kept"), None);
    let first = browser.get(&path);
    assert_eq!(first.status, 303);
    let browser = at(two, &browser);
    let page = browser.follow(first);
    let answer = two.submit_login(&browser, &page, "one", crate::support::app::PASSWORD);
    let browser = at(one, &browser);
    let told = one.told(&sp, &browser.follow(answer));
    assert_eq!(told.response.in_response_to.as_ref(), Some(&request.id));
    assert_eq!(told.relay_state.as_deref(), Some("kept"));

    // The session, the replay and a change of policy are known to both at once.
    let browser = at(two, &browser);
    two.told(&sp, &two.ask(&browser, &sp, |_| ())).ok();
    let path = sp.redirect(one, &sp.request(one));
    let on_one = at(one, &browser);
    one.told(&sp, &on_one.get(&path)).ok();
    two.assert_page(&browser.get(&path), ResultCode::ReplayedRequest);
    one.change(&connected, |app| app.policy.profiles.clear());
    let refused = two.ask(&browser, &sp, |_| ());
    two.assert_refused(
        &sp,
        &refused,
        ResultCode::AppAccessDenied,
        "Responder",
        "RequestDenied",
    );
}

/// Proves AV-SEC-64, AV-REQ-30 across nodes that share a file.
#[test]
fn av_req_30_two_nodes_share_a_file() {
    let one = TestApp::start();
    let two = one.beside(Setup::default());
    start_here_finish_there(&one, &two);
}

/// Two nodes that share PostgreSQL.
fn on_postgresql() -> (TestApp, TestApp) {
    let database = crate::postgres::Cluster::shared().database();
    let setup = || Setup {
        database: Some(database.clone()),
        ..Setup::default()
    };
    let one = TestApp::with(setup());
    let two = one.beside(setup());
    (one, two)
}

/// Proves AV-SEC-64, AV-REQ-30 across nodes that share PostgreSQL.
#[test]
fn av_req_30_two_nodes_share_postgresql() {
    let (one, two) = on_postgresql();
    start_here_finish_there(&one, &two);
}

/// One node on which everything is changed, and one whose caches are warm.
struct Pair<'a> {
    one: &'a TestApp,
    two: &'a TestApp,
    /// Statements of a warm sign-on.
    warm: u64,
}

impl<'a> Pair<'a> {
    fn new(one: &'a TestApp, two: &'a TestApp) -> Self {
        Self { one, two, warm: 0 }
    }

    /// What a sign-on at the other node answers, and what it cost in statements.
    fn ask(&self, browser: &Client, sp: &Sp) -> (Answer, u64) {
        let request = sp.redirect(self.two, &sp.request(self.two));
        let before = self.two.services.db.statements();
        let answer = browser.get(&request);
        (answer, self.two.services.db.statements() - before)
    }

    /// The same where the user is let in; the statements beyond those of a warm one.
    #[track_caller]
    fn enter(&self, browser: &Client, sp: &Sp) -> (Told, u64) {
        let (answer, statements) = self.ask(browser, sp);
        let told = self.two.told(sp, &answer);
        told.ok();
        (told, statements - self.warm)
    }

    /// Checks that nothing is read at the other node but what a warm sign-on reads.
    #[track_caller]
    fn is_warm(&self, browser: &Client, sp: &Sp) {
        assert_eq!(
            self.enter(browser, sp).1,
            0,
            "{} was forgotten",
            sp.api_name
        );
    }

    fn update(&self, user: &User, change: impl Fn(&mut User)) {
        let now = self.one.now();
        self.one.write(|c| {
            let mut user = store::users::by_id(c, &user.id)?.expect("there");
            change(&mut user);
            store::users::update(c, &user, now)
        });
    }
}

/// What a cold part of a sign-on costs: BEGIN; versions; app, assignments; COMMIT.
const AN_APP: u64 = 5;
/// BEGIN; version; keys; COMMIT.
const KEYS: u64 = 4;

fn a_change_here_holds_there_and_nothing_else_is_forgotten(one: &TestApp, two: &TestApp) {
    let (wiki, blog) = (Sp::new("wiki"), Sp::new("blog"));
    let apps = [&wiki, &blog].map(|sp| {
        one.connect(sp, |_, saml| {
            for row in [
                "urn:x-sample:name = display_name",
                "urn:x-sample:profile = profile",
            ] {
                saml.attributes.push(parse_row(row).expect("a row"));
            }
        })
    });
    let anna = one.user("anna");
    one.user("otto");
    let [as_anna, as_otto] = ["anna", "otto"].map(|name| two.signed_in(name));
    let mut pair = Pair::new(one, two);
    for _ in 0..2 {
        for browser in [&as_anna, &as_otto] {
            pair.enter(browser, &wiki);
            pair.enter(browser, &blog);
        }
    }
    pair.warm = pair.enter(&as_anna, &wiki).1;
    for browser in [&as_anna, &as_otto] {
        pair.is_warm(browser, &wiki);
        pair.is_warm(browser, &blog);
    }

    // A user: one statement reads that user anew.
    pair.update(&anna, |anna| anna.display_name = "Anna Anew".to_owned());
    pair.is_warm(&as_otto, &wiki);
    let (told, more) = pair.enter(&as_anna, &wiki);
    assert_eq!(
        told.values("urn:x-sample:name"),
        Some(vec!["Anna Anew".to_owned()])
    );
    assert_eq!(more, 1);
    pair.is_warm(&as_anna, &blog);

    // An app: of another one is asked once whether it has changed, and it is not read.
    one.change(&apps[0], |app| {
        app.definition.saml.attributes.truncate(1);
    });
    assert_eq!(pair.enter(&as_anna, &blog).1, 1);
    pair.is_warm(&as_anna, &blog);
    let (told, more) = pair.enter(&as_anna, &wiki);
    assert_eq!(told.values("urn:x-sample:profile"), None);
    assert_eq!(more, 1 + AN_APP);
    pair.is_warm(&as_otto, &wiki);
    pair.is_warm(&as_otto, &blog);

    // A key: read once, and no app is.
    let before = two.certificate();
    let settings = &one.services.settings;
    let random = &mut SystemRandom;
    let master = one.services.keyring.master();
    let kind = KeyKind::Rsa { bits: 2048 };
    let host = settings.server.base_url.host();
    let purpose = KeyPurpose::Signing;
    let key = rollover::generate(master, kind, purpose, host, 10, one.now(), random);
    let key = key.expect("a key");
    let now = one.now();
    let activated = one.services.db.write(|c| {
        rollover::add(c, key.clone())?;
        rollover::activate(c, &KeyId::new(key.id.as_str()), now)
    });
    activated.expect("activated");
    let (answer, statements) = pair.ask(&as_anna, &wiki);
    assert_eq!(statements, pair.warm + KEYS);
    assert_ne!(two.certificate(), before);
    two.told(&wiki, &answer).ok();
    pair.is_warm(&as_anna, &blog);

    // The name of a profile: every user has one, and is read anew; no app is.
    one.write(|c| store::profiles::rename(c, &anna.profile, "Renamed").map(|there| assert!(there)));
    for browser in [&as_anna, &as_otto] {
        let (told, more) = pair.enter(browser, &blog);
        assert_eq!(
            told.values("urn:x-sample:profile"),
            Some(vec!["Renamed".to_owned()])
        );
        assert_eq!(more, 1);
        pair.is_warm(browser, &wiki);
    }

    // A block of an app, and of a user.
    one.change(&apps[0], |app| app.state = AppState::Blocked);
    let (answer, _) = pair.ask(&as_anna, &wiki);
    two.assert_refused(
        &wiki,
        &answer,
        ResultCode::AppBlocked,
        "Responder",
        "RequestDenied",
    );
    assert_eq!(pair.enter(&as_anna, &blog).1, 1);
    pair.update(&anna, |anna| anna.active = false);
    let (answer, _) = pair.ask(&as_anna, &blog);
    two.assert_refused(
        &blog,
        &answer,
        ResultCode::UserInactive,
        "Responder",
        "RequestDenied",
    );
    pair.is_warm(&as_otto, &blog);
}

/// A change holds on every node at the next request; nodes share a file.
#[test]
fn a_change_holds_on_another_node_that_shares_the_file() {
    let one = TestApp::start();
    let two = one.beside(Setup::default());
    a_change_here_holds_there_and_nothing_else_is_forgotten(&one, &two);
}

/// The same of nodes that share PostgreSQL.
#[test]
fn a_change_holds_on_another_node_that_shares_postgresql() {
    let (one, two) = on_postgresql();
    a_change_here_holds_there_and_nothing_else_is_forgotten(&one, &two);
}

/// The oldest and the newest instants that are accepted, and the present: seconds from now.
const INSTANTS: [i64; 3] = [-(300 + 180) + 1, 0, 180 - 1];

fn used_once_on_nodes_whose_clocks_differ(one: &TestApp, two: &TestApp) {
    let sp = Sp::new("wiki");
    one.connect(&sp, |_, _| ());
    one.user("one");
    let browser = one.signed_in("one");
    let at = |node: &TestApp| browser.beside(&node.client());
    two.clock.advance(100);
    let forget = |node: &TestApp| {
        let too_old = node.services.settings.saml.oldest_request(node.now());
        node.write(|c| expiry::forget_messages(c, too_old, 1000))
    };
    let mut used = Vec::new();
    for seconds in INSTANTS {
        for signed_by in [None, Some("sp-signing")] {
            let mut request = sp.request(one);
            request.issue_instant = one.now().plus_seconds(seconds);
            let path = sp.redirect_with(one, &request, None, signed_by);
            one.told(&sp, &at(one).get(&path)).ok();
            used.push((request, path));
        }
    }
    // On neither node, whatever it takes for the present, and whatever either has forgotten.
    // Forwards, back by what a clock is put right, and on until all is forgotten.
    for step in [0, 250, 250, 400, -900, 2000, 86_400] {
        for node in [one, two] {
            node.clock.advance(step);
            forget(node);
        }
        for (request, path) in &used {
            for node in [one, two] {
                let age_millis = node.now().millis() - request.issue_instant.millis();
                let is_recent = (-180_000..=480_000).contains(&age_millis);
                let answer = at(node).get(path);
                if is_recent {
                    node.assert_page(&answer, ResultCode::ReplayedRequest);
                } else {
                    // Of many such from one address, not each has an event of its own.
                    assert_eq!(answer.status, 400, "{}", answer.text());
                    assert_eq!(answer.field("SAMLResponse"), None);
                }
            }
        }
    }
}

/// Another message is none that was used: another ID, and in one that is not signed another instant,
/// since whoever can change the one can change the other.
fn another_message_is_answered(one: &TestApp, two: &TestApp) {
    let sp = Sp::new("other");
    one.connect(&sp, |_, _| ());
    one.user("two");
    let browser = one.signed_in("two");
    let request = sp.request(one);
    let send = |node: &TestApp, request: &AuthnRequest| {
        browser
            .beside(&node.client())
            .get(&sp.redirect(node, request))
    };
    one.told(&sp, &send(one, &request)).ok();
    let mut later = request.clone();
    later.issue_instant = request.issue_instant.plus_seconds(1);
    two.told(&sp, &send(two, &later)).ok();
    for again in [&request, &later] {
        for node in [one, two] {
            node.assert_page(&send(node, again), ResultCode::ReplayedRequest);
        }
    }
    two.told(&sp, &send(two, &sp.request(two))).ok();
}

/// Proves AV-SEC-64 across nodes that share a file, at the borders of what is accepted and across
/// changes of their clocks.
#[test]
fn av_sec_64_a_request_is_used_once_on_nodes_that_share_a_file() {
    let one = TestApp::start();
    let two = one.beside(Setup::default());
    another_message_is_answered(&one, &two);
    used_once_on_nodes_whose_clocks_differ(&one, &two);
}

/// Proves AV-SEC-64 across nodes that share PostgreSQL.
#[test]
fn av_sec_64_a_request_is_used_once_on_nodes_that_share_postgresql() {
    let (one, two) = on_postgresql();
    another_message_is_answered(&one, &two);
    used_once_on_nodes_whose_clocks_differ(&one, &two);
}

/// Two tabs, or two nodes, go on with one waiting sign-on at the same instant: one of them answers it.
fn one_sign_on_is_answered_once(one: &TestApp, two: &TestApp) {
    let sp = Sp::new("wiki");
    one.connect(&sp, |_, _| ());
    one.user("one");
    let signed_in = one.signed_in("one");
    for round in 0..12 {
        // A POST from another site comes without the session, and waits for a page of ours.
        let request = sp.request(one);
        let waits = one.post_request(&signed_in, From::Elsewhere, &sp, &request, None);
        let go_on = waits.location().expect("it waits");
        let nodes = [one, if round % 2 == 0 { one } else { two }];
        let together = std::sync::Barrier::new(2);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let tabs: Vec<_> = nodes
                .iter()
                .map(|node| {
                    let tab = signed_in.beside(&node.client());
                    let (together, go_on) = (&together, &go_on);
                    scope.spawn(move || {
                        together.wait();
                        tab.get(go_on)
                    })
                })
                .collect();
            tabs.into_iter()
                .map(|tab| tab.join().expect("answered"))
                .collect()
        });
        let answered = answers
            .iter()
            .filter(|answer| answer.field("SAMLResponse").is_some());
        assert_eq!(answered.count(), 1, "{round}");
        for answer in &answers {
            assert!(answer.status < 500, "{}", answer.text());
        }
        let events = one.events();
        let successes = events.iter().filter(|event| {
            event.result == ResultCode::Success
                && event.kind == avouch_server::audit::EventKind::SignOn
        });
        assert_eq!(successes.count(), round + 1);
    }
}

#[test]
fn a_waiting_sign_on_is_answered_once_on_nodes_that_share_a_file() {
    let one = TestApp::start();
    let two = one.beside(Setup::default());
    one_sign_on_is_answered_once(&one, &two);
}

#[test]
fn a_waiting_sign_on_is_answered_once_on_nodes_that_share_postgresql() {
    let (one, two) = on_postgresql();
    one_sign_on_is_answered_once(&one, &two);
}
