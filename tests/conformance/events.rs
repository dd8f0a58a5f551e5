//! The event log.

use avouch_server::audit::check::{Origin, Rule, Value};
use avouch_server::audit::{Check, Event, EventKind, ResultCode};
use avouch_server::store::events::{Filter, by_code, insert, insert_acting, list};
use avouch_server::store::{Conflict, Connection, Db, StoreError};
use avouch_server::text::Locale;
use diesel::{RunQueryDsl as _, sql_query};

use super::{NOW, on_each_database, write};

pub(super) fn event(code: &str, result: ResultCode) -> Event {
    Event {
        code: code.to_owned(),
        at: NOW,
        kind: EventKind::SignOn.into(),
        result: result.into(),
        user_id: Some("u1".to_owned()),
        username: Some("sample.one".to_owned()),
        app_id: Some("a1".to_owned()),
        app_name: Some("Sample Wiki".to_owned()),
        entity_id: Some("https://sp.example.org".to_owned()),
        address: "192.0.2.1".to_owned(),
        user_agent: "sample/1.0".to_owned(),
        initiated_by: "sp",
        protocol: "saml",
        binding: "redirect".to_owned(),
        reason: "Ünï <&> 漢字".to_owned(),
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

fn codes(db: &Db, filter: &Filter) -> Vec<String> {
    db.read_one(|c| list(c, filter, 10))
        .expect("lists")
        .into_iter()
        .map(|logged| logged.event.code)
        .collect()
}

#[test]
fn an_event_comes_back_whole_however_its_code_is_typed() {
    on_each_database(|db| {
        let made = event("7F3K-Q2MD", ResultCode::InvalidDestination);
        write(db, |c| insert_acting(c, &made, Some("sample.admin"))).expect("stored");
        for typed in ["7F3K-Q2MD", "7f3k-q2md", " 7f3kq2md ", "7F3K Q2MD"] {
            let found = db
                .read_one(|c| by_code(c, typed))
                .expect("reads")
                .expect("found");
            assert_eq!(format!("{:?}", found.event), format!("{made:?}"));
            assert_eq!(found.acting.as_deref(), Some("sample.admin"));
        }
        assert!(
            db.read_one(|c| by_code(c, "7F3K-Q2ME"))
                .expect("reads")
                .is_none()
        );
        let refused = write(db, |c| insert(c, &made)).err();
        assert!(matches!(
            refused,
            Some(StoreError::Conflict(Conflict::Taken(_)))
        ));
    });
}

#[test]
fn every_result_and_kind_can_be_stored_and_read() {
    on_each_database(|db| {
        for (at, result) in ResultCode::ALL.iter().enumerate() {
            let (kind, _) = EventKind::ALL[at % EventKind::ALL.len()];
            let made = Event {
                kind: kind.into(),
                ..event(&format!("AAAA-{at:04}"), *result)
            };
            write(db, |c| insert(c, &made)).expect("stored");
            let found = db
                .read_one(|c| by_code(c, &made.code))
                .expect("reads")
                .expect("found");
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
        let made = event("7F3K-Q2MD", ResultCode::Success);
        write(db, |c| insert(c, &made)).expect("stored");
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
        let read = |code: &str| {
            let found = db.read_one(|c| by_code(c, code)).expect("reads");
            found.expect("found").event
        };
        let mut found = read("7F3K-Q2MD");
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
        assert_eq!(codes(db, &failures), ["7F3K-Q2MD"]);
        found.code = "7F3K-Q2ME".to_owned();
        write(db, |c| insert(c, &found)).expect("stored");
        assert_eq!(format!("{:?}", read("7F3K-Q2ME")), format!("{found:?}"));
    });
}

#[test]
fn the_log_is_filtered_and_paged_newest_first() {
    on_each_database(|db| {
        for (code, result) in [
            ("AAAA-0001", ResultCode::Success),
            ("AAAA-0002", ResultCode::NoPassive),
            ("AAAA-0003", ResultCode::Success),
        ] {
            write(db, |c| insert(c, &event(code, result))).expect("stored");
        }
        let other = Event {
            kind: EventKind::Login.into(),
            user_id: None,
            username: None,
            app_id: None,
            app_name: None,
            entity_id: None,
            at: NOW.plus_seconds(60),
            reason: "100% sure".to_owned(),
            ..event("AAAA-0004", ResultCode::Success)
        };
        write(db, |c| insert(c, &other)).expect("stored");
        let all = || Filter::default();
        let newest_first = ["AAAA-0004", "AAAA-0003", "AAAA-0002", "AAAA-0001"];
        assert_eq!(codes(db, &all()), newest_first);
        let page = db.read_one(|c| list(c, &all(), 2)).expect("lists");
        let rest = Filter {
            before: page.last().map(|logged| logged.seq),
            ..all()
        };
        assert_eq!(codes(db, &rest), ["AAAA-0002", "AAAA-0001"]);
        for (filter, kept) in [
            (
                Filter {
                    kind: Some(EventKind::Login),
                    ..all()
                },
                &["AAAA-0004"][..],
            ),
            (
                Filter {
                    result: Some(ResultCode::NoPassive),
                    ..all()
                },
                &["AAAA-0002"],
            ),
            (
                Filter {
                    failures_only: true,
                    ..all()
                },
                &["AAAA-0002"],
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
                &["AAAA-0004"],
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
                    text: "100%".to_owned(),
                    ..all()
                },
                &["AAAA-0004"],
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
