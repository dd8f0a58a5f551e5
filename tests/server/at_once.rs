//! Two changes at once: neither undoes the other, whichever was read first.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::sync::Barrier;

use avouch_server::clock::{Clock as _, SystemClock};
use avouch_server::config::{Environment, Settings};
use avouch_server::directory::password::PasswordHasher;
use avouch_server::flow::admin::users::{self, UserEdit};
use avouch_server::flow::admin::{Actor, AdminContext, Origin};
use avouch_server::store::{self, Address, Db};
use avouch_server::users::AdminRight;

use crate::cli::{Place, Said};
use crate::postgres::Cluster;
use crate::support::sp::Sp;

/// A place on each kind of database.
fn places() -> [Place; 2] {
    let postgres = Place::with_file()
        .with("DATABASE_URL", &Cluster::shared().database())
        .with("AVOUCH_DATABASE_AUTO_MIGRATE", "true");
    [Place::with_file(), postgres]
}

/// Longer than a pipe holds: once it is written, its reader has begun to read.
const LONGER_THAN_A_PIPE: usize = 1024 * 1024;

/// A command that has begun to read its standard input, and waits for the rest of `input`.
struct Waiting {
    child: Child,
    rest: String,
}

impl Waiting {
    fn begin(place: &Place, arguments: &[&str], input: &str) -> Self {
        let mut child = place
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("avouch starts");
        let (start, rest) = input.split_at(input.find('<').expect("metadata begins with a tag"));
        let padding = format!("{start}<!--{}-->", " ".repeat(LONGER_THAN_A_PIPE));
        let stdin = child.stdin.as_mut().expect("piped");
        stdin.write_all(padding.as_bytes()).expect("it reads");
        Self {
            child,
            rest: rest.to_owned(),
        }
    }

    fn end(mut self) -> Said {
        let mut stdin = self.child.stdin.take().expect("piped");
        stdin.write_all(self.rest.as_bytes()).expect("it reads");
        drop(stdin);
        Said::of(self.child.wait_with_output().expect("avouch ends"))
    }
}

/// `(sleep 3; cat sp.xml) | avouch app edit wiki --metadata -` beside `avouch app edit wiki --block`.
#[test]
fn hardening_01_a_block_outlasts_metadata_that_was_long_in_coming() {
    for place in places() {
        let sp = Sp::new("wiki");
        place.ok(&["app", "add", "-", "--api-name", "wiki"], &sp.metadata());
        let waiting = Waiting::begin(
            &place,
            &["app", "edit", "wiki", "--metadata", "-"],
            &sp.metadata(),
        );
        let blocked = place.json(&["app", "edit", "wiki", "--block", "order=7"], "");
        assert_eq!(blocked["state"], "blocked");
        let said = waiting.end();
        assert_eq!(said.code, 0, "{said:?}");
        let shown = place.json(&["app", "show", "wiki"], "");
        assert_eq!(shown["state"], "blocked");
        assert_eq!(shown["settings"]["order"], 7);
    }
}

/// Metadata is compared with what is there before it is stored; what came in between was compared
/// with by nobody.
#[test]
fn hardening_01_metadata_that_came_meanwhile_is_not_overwritten() {
    for place in places() {
        let sp = Sp::new("wiki");
        place.ok(&["app", "add", "-", "--api-name", "wiki"], &sp.metadata());
        let edit = ["app", "edit", "wiki", "--metadata", "-"];
        let waiting = Waiting::begin(&place, &edit, &sp.metadata());
        let newer = Sp {
            root_attributes: "validUntil=\"2099-01-01T00:00:00Z\"".to_owned(),
            ..Sp::new("wiki")
        };
        place.ok(&edit, &newer.metadata());
        let said = waiting.end();
        assert_eq!(said.code, 1, "{said:?}");
        for part in [
            "how long it is good",
            "(command line)",
            "nothing was stored",
            "--preview",
        ] {
            assert!(said.err.contains(part), "lacks {part:?}: {said:?}");
        }
        let until =
            || place.json(&["app", "show", "wiki"], "")["service_provider"]["valid_until"].clone();
        assert_eq!(until(), "2099-01-01T00:00:00Z");
        // Given again it is compared with what is there now.
        place.ok(&edit, &sp.metadata());
        assert_eq!(until(), serde_json::Value::Null);
    }
}

/// What is taken from a user by one command while another changes something else of them.
const TAKING: [&[&str]; 2] = [
    &["user", "deactivate", "one"],
    &["user", "edit", "one", "--admin", "none"],
];

fn all_rights() -> BTreeSet<AdminRight> {
    AdminRight::ALL.iter().map(|(right, _)| *right).collect()
}

/// Both of a pair have lasted; then the user is as before.
fn judge(db: &Db, pair: usize, locale: &str) {
    let read = || {
        db.read(|c| store::users::by_username(c, "one"))
            .expect("reads")
            .expect("there")
    };
    let found = read();
    let deactivated = pair.is_multiple_of(2);
    assert_eq!(found.locale, locale, "pair {pair}");
    assert_eq!(found.active, !deactivated, "pair {pair}");
    assert_eq!(found.rights.is_empty(), !deactivated, "pair {pair}");
    db.write(|c| {
        let mut again = store::users::by_username(c, "one")?.expect("there");
        again.active = true;
        again.rights = all_rights();
        store::users::update(c, &again, again.created_at)
    })
    .expect("as before");
}

/// Two processes about one user at the same time, a few times: a process takes long to start, and
/// what happens in it is proved in number below.
#[test]
fn hardening_01_two_commands_at_once_both_last() {
    const PAIRS: usize = 10;
    for place in places() {
        place.ok(
            &["user", "add", "one", "--no-password", "--admin", "all"],
            "",
        );
        let db = Db::new(Address::parse(&place.database()).expect("an address"), 1);
        for pair in 0..PAIRS {
            let locale = format!("en-x-{pair}");
            let commands = [
                TAKING[pair % 2],
                &["user", "edit", "one", "--locale", &locale],
            ];
            let children = commands.map(|arguments| {
                place
                    .command(arguments)
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .expect("avouch starts")
            });
            for child in children {
                let said = Said::of(child.wait_with_output().expect("avouch ends"));
                assert_eq!(said.code, 0, "{said:?}");
            }
            judge(&db, pair, &locale);
        }
    }
}

/// The same 200 times, by what the commands call: two threads that begin together, each with
/// connections of its own, as two processes have.
#[test]
fn hardening_01_of_two_hundred_pairs_none_undoes_the_other() {
    const PAIRS: usize = 200;
    let settings = Settings::from_text(
        "[login]\nhash_memory_kib = 8\nhash_passes = 1\n",
        "test",
        &Environment::default(),
    )
    .expect("settings");
    let hasher = PasswordHasher::new(settings.login.hash_cost, 1, 1).expect("a hasher");
    for place in places() {
        place.ok(
            &["user", "add", "one", "--no-password", "--admin", "all"],
            "",
        );
        let address = Address::parse(&place.database()).expect("an address");
        let [db, first, second] = [(); 3].map(|()| Db::new(address.clone(), 1));
        let cx = |db| AdminContext {
            actor: Actor::Operator("a test".to_owned()),
            now: SystemClock.now(),
            origin: Origin::local("command line"),
            settings: &settings,
            db,
            hasher: &hasher,
            kept: None,
        };
        for pair in 0..PAIRS {
            let locale = format!("en-x-{pair}");
            let begin = Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    begin.wait();
                    if pair % 2 == 0 {
                        users::set_active(&cx(&first), "one", false).map(drop)
                    } else {
                        let none = UserEdit {
                            rights: Some(BTreeSet::new()),
                            ..UserEdit::default()
                        };
                        users::edit(&cx(&first), "one", &none).map(drop)
                    }
                    .expect("done");
                });
                let edit = UserEdit {
                    locale: Some(locale.clone()),
                    ..UserEdit::default()
                };
                begin.wait();
                users::edit(&cx(&second), "one", &edit).expect("done");
            });
            judge(&db, pair, &locale);
        }
    }
}
