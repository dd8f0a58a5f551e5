//! A flow that shares its commit may run twice: what the first run did must neither show nor hinder
//! the second.

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context as TaskContext, Poll, Waker};

use avouch_saml::binding::{Transport, post, redirect};
use avouch_server::apps::PermittedUsers;
use avouch_server::context::{BrowserToken, Context, hash_token};
use avouch_server::flow::outcome::{Answer, Stop};
use avouch_server::flow::saml::sso;
use avouch_server::flow::sign_on::dispatch;
use avouch_server::random::{SystemRandom, new_id};
use avouch_server::sessions::PendingId;
use avouch_server::store::{Connection, Db, FlowEnd, StoreError};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::support::app::{Setup, TestApp};
use crate::support::client::form;
use crate::support::sp::Sp;

type Outcome = Result<Answer, Stop>;

/// How a flow is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Once,
    /// Once while somebody else writes, which undoes whatever it writes, and once more.
    AfterABusyOne,
    /// Once until it has handed over what it writes, which is not written, and once more.
    AfterAnUndoneOne,
}

/// Keeps everybody from writing until it is dropped.
struct Writing {
    release: Option<mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writing {
    fn begin(db: &Db) -> Self {
        let other = Db::new(db.address().clone(), 1);
        let (release, released) = mpsc::channel::<()>();
        let (holds, held) = mpsc::channel();
        let released = std::sync::Mutex::new(released);
        let thread = std::thread::spawn(move || {
            let done = other.write(|_| {
                holds.send(()).expect("somebody waits");
                let released = released.lock().expect("nobody else waits");
                // Dropped, which says when.
                let _ = released.recv();
                Ok::<_, StoreError>(())
            });
            done.expect("nothing written");
        });
        held.recv().expect("it holds");
        Self {
            release: Some(release),
            thread: Some(thread),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic");
        }
    }
}

impl Run {
    fn of(self, db: &Db, flow: impl Fn() -> Outcome) -> Outcome {
        let mut task = TaskContext::from_waker(Waker::noop());
        let mut first = pin!(db.serve(&flow));
        let end = match self {
            Self::Once => return flow(),
            Self::AfterABusyOne => {
                let _writing = Writing::begin(db);
                loop {
                    if let Poll::Ready(end) = first.as_mut().poll(&mut task) {
                        break end;
                    }
                }
            }
            Self::AfterAnUndoneOne => match first.as_mut().poll(&mut task) {
                Poll::Ready(end) => end,
                Poll::Pending => {
                    let _writing = Writing::begin(db);
                    match first.as_mut().poll(&mut task) {
                        Poll::Ready(end) => end,
                        Poll::Pending => panic!("nobody else is there to wait for"),
                    }
                }
            },
        };
        match end {
            FlowEnd::Again => flow(),
            // It wrote nothing, or all of it at once.
            FlowEnd::Ended(outcome) => outcome,
            FlowEnd::Failed(error) => panic!("{error}"),
        }
    }
}

/// What is stored, and what the browser was told, without what differs from request to request.
fn told(outcome: &Outcome) -> String {
    let plain = |path: &str| {
        let end = path.find("p=").map_or(path.len(), |at| at + 2);
        path[..end].to_owned()
    };
    match outcome {
        Ok(Answer::Post(posted)) => {
            let refused = posted.refused.as_ref().map(|(result, _)| *result);
            format!("form for {}, {refused:?}", posted.form.action())
        }
        Ok(Answer::Step(step)) => format!("see {}", plain(&dispatch::address(step))),
        Ok(Answer::Leave(url)) => format!("leave for {url}"),
        Ok(Answer::StartAgain(_)) => "start again".to_owned(),
        Err(Stop::Page(page)) => format!("page {:?}", page.result),
        Err(Stop::Ours(error)) => format!("fault {}", error.for_the_log()),
    }
}

/// How many rows each table has.
type Rows = Vec<(&'static str, i64)>;

/// A way that a flow went: its name, what was told, and the rows then.
type Way = (&'static str, String, Rows);

fn rows(app: &TestApp) -> Rows {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let count = |table: &'static str| {
        let query = format!("SELECT count(*) AS count FROM {table}");
        let found: Result<Count, StoreError> = app
            .services
            .db
            .read_one(|c: &mut Connection| Ok(diesel::sql_query(&query).get_result(c)?));
        (table, found.expect("counted").count)
    };
    ["events", "pending", "replay", "sp_sessions", "sessions"]
        .map(count)
        .to_vec()
}

/// What a browser brings.
struct Browser {
    session: Option<String>,
    token: BrowserToken,
}

fn context(app: &TestApp, browser: &Browser) -> Context {
    Context {
        now: app.now(),
        request_id: new_id(&mut SystemRandom),
        client: std::net::Ipv4Addr::LOCALHOST.into(),
        user_agent: "sample browser".to_owned(),
        session_hash: browser.session.as_deref().map(hash_token),
        browser: browser.token.clone(),
        cookies_withheld: false,
        services: Arc::clone(&app.services),
    }
}

fn begin(cx: &Context, path: &str) -> Outcome {
    let (_, query) = path.split_once('?').expect("a query");
    let received = redirect::receive(query);
    sso::begin(cx, Transport::Redirect, received)
}

/// Every way that the flows which share a commit can go, with the way it went and the rows it left.
fn every_way(run: Run) -> Vec<Way> {
    // Sharing is SQLite's, whatever the tests run on.
    let folder = std::env::temp_dir().join(format!("avouch-twice-{}", new_id(&mut SystemRandom)));
    let app = TestApp::with(Setup {
        database: Some(format!("sqlite:{}", folder.join("a.sqlite").display())),
        folder: Some(folder),
        ..Setup::default()
    });
    let wiki = Sp::new("wiki");
    app.connect(&wiki, |_, _| ());
    let asks = Sp::new("asks");
    app.connect(&asks, |app, _| {
        app.policy.permitted_users = PermittedUsers::SelfAuthorize;
        app.policy.ask_consent = true;
    });
    let denied = Sp::new("denied");
    app.connect(&denied, |app, _| {
        app.policy.permitted_users = PermittedUsers::AdminApproved;
        app.policy.profiles.clear();
    });
    app.user("one");
    let client = app.client();
    app.sign_on(&client, &wiki, "one").ok();
    let signed_in = Browser {
        session: client.cookie("__Host-avouch"),
        token: BrowserToken::brought("a secret".to_owned()),
    };
    let stranger = || Browser {
        session: None,
        token: BrowserToken::brought("another secret".to_owned()),
    };
    let mut ways = Vec::new();
    let mut way = |name, outcome: Outcome| {
        ways.push((name, told(&outcome), rows(&app)));
        outcome
    };
    let db = &app.services.db;
    let ask = |sp: &Sp| sp.redirect(&app, &sp.request(&app));
    let go = |browser: &Browser, path: &str| {
        let cx = context(&app, browser);
        run.of(db, || begin(&cx, path))
    };
    let resume = |browser: &Browser, id: &PendingId| {
        let cx = context(&app, browser);
        run.of(db, || dispatch::resume(&cx, id))
    };
    let waiting = |outcome: &Outcome| match outcome {
        Ok(Answer::Step(step)) => PendingId::new(
            dispatch::address(step)
                .split_once("p=")
                .expect("a sign-on")
                .1,
        ),
        other => panic!("{}", told(other)),
    };

    let path = ask(&wiki);
    let _ = way("a warm sign-on", go(&signed_in, &path));
    let _ = way("the same request again", go(&signed_in, &path));
    let path = ask(&wiki);
    let kept = way("nobody signed in", go(&stranger(), &path));
    let _ = way("the same by the same browser", go(&stranger(), &path));
    let _ = way("the same by another", go(&signed_in, &path));
    let _ = way("not logged in yet", resume(&stranger(), &waiting(&kept)));
    let mut entered = stranger();
    entered.session.clone_from(&signed_in.session);
    let _ = way("logged in", resume(&entered, &waiting(&kept)));
    let _ = way("answered already", resume(&entered, &waiting(&kept)));
    let _ = way("another browser's", resume(&signed_in, &waiting(&kept)));

    let mut passive = wiki.request(&app);
    passive.is_passive = true;
    let path = wiki.redirect(&app, &passive);
    let _ = way("passive, nobody signed in", go(&stranger(), &path));
    let _ = way("access denied", go(&signed_in, &ask(&denied)));
    let _ = way("unknown app", go(&stranger(), &ask(&Sp::new("unknown"))));
    let unreadable = "/saml/sso?SAMLRequest=garbage";
    let _ = way("unreadable", go(&stranger(), unreadable));
    let kept = way("consent", go(&signed_in, &ask(&asks)));
    let _ = way("consent not given yet", resume(&signed_in, &waiting(&kept)));

    // A sign-on that came by POST is bound to the first browser that goes on with it.
    let unbound = |browser: &Browser| {
        let fields = wiki.post(&wiki.request(&app), None, None);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let received = post::receive(form(&fields).as_bytes(), "");
        let kept = sso::begin(&context(&app, &stranger()), Transport::Post, received);
        resume(browser, &waiting(&kept))
    };
    let _ = way("bound, and signed in", unbound(&signed_in));
    let _ = way("bound, not signed in", unbound(&stranger()));
    // Long after the session was last used, which is noted.
    app.clock.advance(120);
    let _ = way("a session used again", go(&signed_in, &ask(&wiki)));
    ways
}

#[test]
fn a_flow_that_runs_twice_does_what_one_does_that_runs_once() {
    let once = every_way(Run::Once);
    let told: Vec<&str> = once.iter().map(|(_, told, _)| told.as_str()).collect();
    for kind in [
        "form for",
        "see /login",
        "see /consent",
        "page",
        "start again",
    ] {
        assert!(told.iter().any(|told| told.starts_with(kind)), "{kind}");
    }
    assert!(told.iter().all(|told| !told.starts_with("fault")));
    for run in [Run::AfterABusyOne, Run::AfterAnUndoneOne] {
        for (once, twice) in once.iter().zip(every_way(run)) {
            assert_eq!(*once, twice, "{run:?}");
        }
    }
}
