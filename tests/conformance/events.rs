//! The event log.

use avouch_server::audit::check::{Origin, Rule, Value};
use avouch_server::audit::{
    Check, Event, EventKind, Party, PartyKind, Reference, ResultCode, Word,
};
use avouch_server::store::events::{
    Filter, Logged, by_code, insert, insert_referred, last_sign_ons, list, set_reason,
};
use avouch_server::store::{Connection, Db, StoreError, event_index};
use avouch_server::text::Locale;
use diesel::{RunQueryDsl as _, sql_query};

use super::{NOW, on_each_database, write};

pub(super) fn event(result: ResultCode) -> Event {
    Event {
        at: NOW,
        kind: EventKind::SignOn.into(),
        result: result.into(),
        actor: Some(Party::user("u1", "sample.one")),
        target: None,
        app_id: Some("a1".to_owned()),
        app_name: Some("Sample Wiki".to_owned()),
        entity_id: Some("https://sp.example.org".to_owned()),
        address: "192.0.2.1".to_owned(),
        user_agent: "sample/1.0".to_owned(),
        initiated_by: "sp".into(),
        protocol: "saml".into(),
        binding: "redirect".to_owned(),
        reason: Value::text("Ünï <&> 漢字"),
        checks: vec![Check::new(
            Rule::Destination,
            false,
            Value::text("here"),
            Value::text("there"),
            Origin::setting("server.base_url"),
        )],
        request_id: "r1".to_owned(),
    }
}

/// The same, done by an administrator.
fn by_admin(event: Event) -> Event {
    Event {
        actor: Some(Party::user("u9", "sample.admin")),
        target: event.actor.clone(),
        ..event
    }
}

fn insert_one(db: &Db, event: &Event) -> Reference {
    write(db, |c| insert_referred(c, event)).expect("stored")
}

fn find(db: &Db, code: &str) -> Option<Logged> {
    db.read(|c| by_code(c, code)).expect("reads")
}

/// The codes of the events that the filter keeps.
fn codes(db: &Db, filter: &Filter) -> Vec<String> {
    db.read(|c| list(c, filter, 10))
        .expect("lists")
        .into_iter()
        .map(|logged| logged.code)
        .collect()
}

#[test]
fn an_event_comes_back_whole_however_its_code_is_typed() {
    on_each_database(|db| {
        let made = by_admin(event(ResultCode::InvalidDestination));
        write(db, |c| insert(c, &made)).expect("stored");
        let [code] = &codes(db, &Filter::default())[..] else {
            panic!("one event");
        };
        for typed in [
            code.clone(),
            code.to_lowercase(),
            format!(" {} ", code.replace('-', "")),
            code.replace('-', " "),
        ] {
            let found = find(db, &typed).expect("found");
            assert_eq!(format!("{:?}", found.event), format!("{made:?}"));
            assert_eq!(found.event.username(), Some("sample.one"));
        }
        let mut near = code.clone();
        let last = near.pop().expect("a letter");
        near.push(if last == 'A' { 'B' } else { 'A' });
        for typed in [near.as_str(), &code[1..], "", "no code"] {
            assert!(find(db, typed).is_none(), "{typed}");
        }
    });
}

/// Who acted is found as well as whom they acted on, in the index and behind it; an operator is no
/// user, and neither is an actor of a kind that only a later version knows.
#[test]
fn an_event_has_an_actor_and_a_target() {
    on_each_database(|db| {
        let about = |actor: Option<Party>| Event {
            actor,
            ..event(ResultCode::Success)
        };
        let operator = || Party::new(PartyKind::Operator, None, Some("root".to_owned()));
        let by = |actor: Party, target: Option<Party>| Event {
            actor: Some(actor),
            target,
            ..event(ResultCode::Success)
        };
        let own = Party::user("u9", "sample.admin");
        let one = Party::user("u1", "sample.one");
        let daemon = Party {
            kind: Word::read("a daemon".to_owned()),
            ..operator()
        };
        write(db, |c| {
            insert(c, &about(Some(own.clone())))?;
            insert(c, &by(own.clone(), Some(one.clone())))?;
            insert(c, &by(own.clone(), Some(own.clone())))?;
            insert(c, &by(operator(), Some(one.clone())))?;
            insert(c, &by(operator(), None))?;
            insert(c, &by(daemon.clone(), None))?;
            insert(c, &about(None))
        })
        .expect("stored");
        let seen = |filter: &Filter| -> Vec<(Option<String>, Option<String>)> {
            let found = db.read(|c| list(c, filter, 10)).expect("lists");
            let each = found.into_iter().rev();
            each.map(|logged| {
                let user = logged.event.user().and_then(|user| user.id.clone());
                (user, logged.event.actor.and_then(|actor| actor.name))
            })
            .collect()
        };
        let text = |text: &str| Some(text.to_owned());
        let all = [
            (text("u9"), text("sample.admin")),
            (text("u1"), text("sample.admin")),
            (text("u9"), text("sample.admin")),
            (text("u1"), text("root")),
            (None, text("root")),
            (None, text("root")),
            (None, None),
        ];
        assert_eq!(seen(&Filter::default()), all);
        let of = |user: &str| Filter {
            user_id: text(user),
            ..Filter::default()
        };
        for _ in ["behind the index", "in it"] {
            assert_eq!(seen(&of("u9")), all[..3]);
            assert_eq!(seen(&of("u1")), [all[1].clone(), all[3].clone()]);
            event_index::fill(db, 100).expect("filled");
        }
        let by_text = Filter {
            text: "sample.admin".to_owned(),
            ..Filter::default()
        };
        assert_eq!(seen(&by_text), all[..3]);
    });
}

/// The code told when an event is written is the one it is found by, no two are the same, and another
/// database has others.
#[test]
fn codes_are_told_once_and_are_different_in_each_database() {
    let all = std::cell::RefCell::new(Vec::new());
    on_each_database(|db| {
        let told: Vec<Reference> = (0..20)
            .map(|_| insert_one(db, &event(ResultCode::Success)))
            .collect();
        for Reference { seq, code } in told {
            assert_eq!(find(db, &code).expect("found").seq, seq);
            all.borrow_mut().push(code);
        }
    });
    let mut all = all.into_inner();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 40);
}

#[test]
fn an_event_may_be_given_another_sentence() {
    on_each_database(|db| {
        let one = insert_one(db, &event(ResultCode::InvalidAuthnRequest));
        let other = insert_one(db, &event(ResultCode::InvalidAuthnRequest));
        write(db, |c| set_reason(c, one.seq, &Value::text("3 refusals"))).expect("written");
        assert_eq!(
            find(db, &one.code).expect("there").event.reason,
            Value::text("3 refusals")
        );
        assert_ne!(
            find(db, &other.code).expect("there").event.reason,
            Value::text("3 refusals")
        );
    });
}

#[test]
fn every_result_and_kind_can_be_stored_and_read() {
    on_each_database(|db| {
        for (at, result) in ResultCode::ALL.iter().enumerate() {
            let (kind, _) = EventKind::ALL[at % EventKind::ALL.len()];
            let made = Event {
                kind: kind.into(),
                ..event(*result)
            };
            let found = find(db, &insert_one(db, &made).code).expect("found");
            assert_eq!(found.event.result, *result);
            assert_eq!(found.event.kind, kind);
        }
    });
}

/// What a later version wrote beside this one, on one database.
#[test]
fn words_and_checks_of_a_later_version_are_read_shown_and_kept() {
    const CHECKS: &str = "dest\tany\t^\turl\n!rule.of.tomorrow\tphrase.of.tomorrow/1\t=a\t~\torigin.of.tomorrow\tbeside";
    on_each_database(|db| {
        let code = insert_one(db, &event(ResultCode::Success)).code;
        let later = format!(
            "UPDATE events SET kind = 'of_tomorrow', result = 'OfTomorrow', checks = '{CHECKS}'"
        );
        write(db, |c| {
            let changed = match c {
                Connection::Sqlite(c) => sql_query(later.as_str()).execute(c),
                Connection::Postgres(c) => sql_query(later.as_str()).execute(c),
            };
            changed.map(|_| ()).map_err(StoreError::from)
        })
        .expect("stored");
        let read = |code: &str| find(db, code).expect("found").event;
        let found = read(&code);
        assert_eq!(found.kind.as_str(), "of_tomorrow");
        assert_eq!(found.result.as_str(), "OfTomorrow");
        assert_eq!((found.kind.known(), found.result.known()), (None, None));
        assert_ne!(found.result, ResultCode::Success);
        let lines = Locale::English.catalogue().checks.lines(&found.checks);
        assert_eq!(lines[0].name, "Destination");
        assert_eq!(
            (lines[1].name.as_str(), lines[1].expected.as_str()),
            ("rule.of.tomorrow", "phrase.of.tomorrow: a")
        );
        assert_eq!(lines[1].source, "origin.of.tomorrow; beside");
        // In the list too, where it is a failure, and as it was when it is written again.
        let failures = Filter {
            failures_only: true,
            ..Filter::default()
        };
        assert_eq!(codes(db, &failures), [code.as_str()]);
        let again = insert_one(db, &found).code;
        assert_eq!(format!("{:?}", read(&again)), format!("{found:?}"));
    });
}

#[test]
fn the_log_is_filtered_and_paged_newest_first() {
    on_each_database(|db| {
        let mut newest_first: Vec<String> = [
            ResultCode::Success,
            ResultCode::NoPassive,
            ResultCode::Success,
        ]
        .into_iter()
        .map(|result| insert_one(db, &event(result)).code)
        .collect();
        let other = Event {
            kind: EventKind::Login.into(),
            actor: None,
            app_id: None,
            app_name: None,
            entity_id: None,
            at: NOW.plus_seconds(60),
            reason: Value::text("100% sure"),
            ..event(ResultCode::Success)
        };
        newest_first.push(insert_one(db, &other).code);
        newest_first.reverse();
        let all = || Filter::default();
        assert_eq!(codes(db, &all()), newest_first);
        let page = db.read(|c| list(c, &all(), 2)).expect("lists");
        let rest = Filter {
            before: page.last().map(|logged| logged.seq),
            ..all()
        };
        assert_eq!(codes(db, &rest), newest_first[2..]);
        for (filter, kept) in [
            (
                Filter {
                    kind: Some(EventKind::Login.into()),
                    ..all()
                },
                &newest_first[..1],
            ),
            (
                Filter {
                    result: Some(ResultCode::NoPassive.into()),
                    ..all()
                },
                &newest_first[2..3],
            ),
            (
                Filter {
                    failures_only: true,
                    ..all()
                },
                &newest_first[2..3],
            ),
            (
                Filter {
                    user_id: Some("u2".to_owned()),
                    ..all()
                },
                &[],
            ),
            (
                Filter {
                    app_id: Some("a1".to_owned()),
                    ..all()
                },
                &newest_first[1..],
            ),
            (
                Filter {
                    from: Some(NOW.plus_seconds(1)),
                    ..all()
                },
                &newest_first[..1],
            ),
            (
                Filter {
                    until: Some(NOW.plus_seconds(1)),
                    ..all()
                },
                &newest_first[1..],
            ),
            (
                Filter {
                    text: newest_first[2].to_lowercase(),
                    ..all()
                },
                &newest_first[2..3],
            ),
            (
                Filter {
                    text: "100%".to_owned(),
                    ..all()
                },
                &newest_first[..1],
            ),
            (
                Filter {
                    text: "Wiki".to_owned(),
                    ..all()
                },
                &newest_first[1..],
            ),
        ] {
            assert_eq!(codes(db, &filter), kept, "{filter:?}");
        }
    });
}

/// Events about a user or an app are found the same before they are in the index, when some are, and
/// when all are.
#[test]
fn events_of_a_user_or_an_app_are_found_in_the_index_and_behind_it() {
    on_each_database(|db| {
        let rows = |user: usize, app: usize| Event {
            actor: (user > 0).then(|| Party::user(format!("u{user}"), "sample")),
            app_id: (app > 0).then(|| format!("a{app}")),
            ..event(if user == 2 {
                ResultCode::NoPassive
            } else {
                ResultCode::Success
            })
        };
        let mut told = Vec::new();
        let mut tell = |db: &Db| {
            for at in 0..12 {
                let made = Event {
                    at: NOW.plus_seconds(told.len() as i64),
                    ..rows(at % 3, at % 4)
                };
                told.push((insert_one(db, &made).code, at % 3, at % 4));
            }
            told.clone()
        };
        let check = |db: &Db, told: &[(String, usize, usize)]| {
            let expected = |keep: &dyn Fn(usize, usize) -> bool| -> Vec<String> {
                let kept = told.iter().rev().filter(|(_, user, app)| keep(*user, *app));
                kept.map(|(code, ..)| code.clone()).take(10).collect()
            };
            let user = |user: &str| Some(user.to_owned());
            let of = |user_id, app_id| Filter {
                user_id,
                app_id,
                ..Filter::default()
            };
            assert_eq!(codes(db, &of(user("u1"), None)), expected(&|u, _| u == 1));
            assert_eq!(codes(db, &of(None, user("a3"))), expected(&|_, a| a == 3));
            assert_eq!(
                codes(db, &of(user("u2"), user("a2"))),
                expected(&|u, a| u == 2 && a == 2)
            );
            // The row of an app is no user's.
            assert_eq!(codes(db, &of(user("a1"), None)), expected(&|_, _| false));
            // Page by page, across the border of the index.
            let mut seen = Vec::new();
            let mut page = of(user("u1"), None);
            loop {
                let found = db.read(|c| list(c, &page, 3)).expect("lists");
                let Some(last) = found.last() else { break };
                page.before = Some(last.seq);
                seen.extend(found.into_iter().map(|logged| logged.code));
            }
            seen.truncate(10);
            assert_eq!(seen, expected(&|u, _| u == 1));
            let apps = ["a1", "a2", "a3", "a4"].map(str::to_owned);
            let last = db.read(|c| last_sign_ons(c, &apps)).expect("reads");
            for (at, app) in apps.iter().enumerate() {
                let newest = told
                    .iter()
                    .rposition(|(_, user, named)| *user != 2 && *named == at + 1)
                    .map(|place| NOW.plus_seconds(place as i64));
                assert_eq!(last.get(app).copied(), newest, "{app}");
            }
        };
        let some = tell(db);
        check(db, &some);
        event_index::fill(db, 5).expect("filled");
        check(db, &some);
        let more = tell(db);
        check(db, &more);
        event_index::fill(db, 500).expect("filled");
        check(db, &more);
        event_index::fill(db, 500).expect("nothing left");
        check(db, &more);
    });
}

/// Nodes fill the index at once while others write: each event is in it in the end, once.
#[test]
fn nodes_fill_the_index_together_while_others_write() {
    on_each_database(|db| {
        const EACH: usize = 60;
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        write(db, |c| insert(c, &event(ResultCode::Success))).expect("stored");
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..EACH / 4 {
                        event_index::fill(db, 7).expect("filled");
                    }
                });
            }
        });
        event_index::fill(db, 7).expect("filled");
        let of_one = Filter {
            user_id: Some("u1".to_owned()),
            ..Filter::default()
        };
        let found = db.read(|c| list(c, &of_one, 1000)).expect("lists");
        assert_eq!(found.len(), 3 * EACH);
    });
}
