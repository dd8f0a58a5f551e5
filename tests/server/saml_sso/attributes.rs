//! What an SP is told about the user.

use avouch_saml::message::assertion::AttributeValue;
use avouch_server::apps::saml::{AttributeRow, Condition, Source, UserField, WhenMissing};
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::sp::{Sp, attribute_service, entity_attribute};

const URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
const SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
const PAIRWISE_ID: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";
const REQUIREMENT: &str = "urn:oasis:names:tc:SAML:profiles:subject-id:req";

fn row(name: &str, source: Source) -> AttributeRow {
    AttributeRow::new(name, URI, source)
}

fn custom(name: &str) -> Source {
    Source::Custom(name.to_owned())
}

fn requested(name: &str, values: &[&str]) -> String {
    let values: String = values
        .iter()
        .map(|v| format!("<saml:AttributeValue>{v}</saml:AttributeValue>"))
        .collect();
    format!(
        "<md:RequestedAttribute Name=\"{name}\" NameFormat=\"{URI}\" isRequired=\"true\">{values}</md:RequestedAttribute>"
    )
}

/// Proves AV-ATT-01, AV-ATT-03, SDP-IDP18, SDP-IDP19, SDP-IDP20, AV-SEC-67, IIP-IDP01: shapes of values,
/// odd names, and sources that meet in one attribute.
#[test]
fn av_att_01_values_keep_their_shape() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    let odd = "tag:example.org,2026:Ünï <&> \"x\"";
    let text = "Ünï <&> 'quoted' \"øst\" 漢字 ]]> <!-- -->";
    app.connect(&sp, |_, saml| {
        saml.attributes = vec![
            row("urn:several", custom("several")),
            row("urn:empty-text", custom("empty")),
            row("urn:none", custom("none")),
            AttributeRow {
                when_missing: WhenMissing::Empty,
                ..row("urn:none-but-sent", custom("none"))
            },
            row("urn:merged", custom("several")),
            row(
                "urn:merged",
                Source::Constant(vec!["b".to_owned(), "z".to_owned()]),
            ),
            AttributeRow {
                name_format: "urn:odd:format".to_owned(),
                friendly_name: Some("odd & <friendly>".to_owned()),
                ..row(odd, custom("text"))
            },
            row("urn:profile", Source::Profile),
            row(
                "urn:template",
                Source::Template("${given_name} ${family_name}!".to_owned()),
            ),
            row(
                "urn:template-missing",
                Source::Template("${given_name} ${nothing}".to_owned()),
            ),
            row("urn:organisation", Source::OrganisationName),
            row("urn:username", Source::User(UserField::Username)),
        ];
    });
    app.user_with("one", |u| {
        u.custom
            .insert("several".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
        u.custom.insert("empty".to_owned(), vec![String::new()]);
        u.custom.insert("none".to_owned(), Vec::new());
        u.custom.insert("text".to_owned(), vec![text.to_owned()]);
    });
    let client = app.signed_in("one");
    let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    let values = |name: &str| told.values(name);
    let list = |values: &[&str]| Some(values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
    assert_eq!(values("urn:several"), list(&["a", "b"]));
    assert_eq!(values("urn:empty-text"), list(&[""]));
    assert_eq!(values("urn:none"), None);
    assert_eq!(values("urn:none-but-sent"), list(&[]));
    assert_eq!(values("urn:merged"), list(&["a", "b", "z"]));
    assert_eq!(values(odd), list(&[text]));
    assert_eq!(values("urn:profile"), list(&["Standard"]));
    assert_eq!(values("urn:template"), list(&["Sample one!"]));
    assert_eq!(values("urn:template-missing"), None);
    assert_eq!(values("urn:organisation"), list(&["Avouch"]));
    assert_eq!(told.assertion_xml.matches("Name=\"urn:merged\"").count(), 1);
    let odd_attribute = told
        .ok()
        .attributes
        .iter()
        .find(|a| a.name == odd)
        .expect("sent");
    assert_eq!(odd_attribute.name_format.as_deref(), Some("urn:odd:format"));
    assert_eq!(
        odd_attribute.friendly_name.as_deref(),
        Some("odd & <friendly>")
    );
    assert!(matches!(&odd_attribute.values[..], [AttributeValue::Text(t)] if t == text));
    let plain = told
        .ok()
        .attributes
        .iter()
        .find(|a| a.name == "urn:username")
        .expect("sent");
    assert_eq!(plain.name_format.as_deref(), Some(URI));
}

/// Proves AV-ATT-05, AV-ATT-02, IIP-IDP02, AV-SEC-68: nothing without a row, each SP its own, a
/// FriendlyName identifies nothing, and a change counts at once in the same session.
#[test]
fn av_att_05_nothing_is_released_without_a_row() {
    let (app, sp, client) = TestApp::ready();
    let other = Sp::new("other");
    let connected = app.connect(&other, |_, saml| {
        saml.attributes = vec![row("urn:mail", Source::User(UserField::Email))];
    });
    let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    assert!(told.ok().attributes.is_empty() && !told.xml.contains("AttributeStatement"));
    let told = app.told(&other, &app.ask(&client, &other, |_| ()));
    assert_eq!(
        told.values("urn:mail"),
        Some(vec!["one@example.org".to_owned()])
    );
    let check = app
        .last_checks()
        .into_iter()
        .find(|c| c.name == "attributes");
    assert!(check.is_some_and(|c| c.received == "urn:mail"));
    app.change(&connected, |app| {
        app.definition.saml.attributes[0].friendly_name = Some("telephone".to_owned());
    });
    let told = app.told(&other, &app.ask(&client, &other, |_| ()));
    assert_eq!(
        told.values("urn:mail"),
        Some(vec!["one@example.org".to_owned()])
    );
    app.change(&connected, |app| app.definition.saml.attributes.clear());
    let told = app.told(&other, &app.ask(&client, &other, |_| ()));
    assert!(told.ok().attributes.is_empty());
    assert!(
        app.told(&sp, &app.ask(&client, &sp, |_| ()))
            .ok()
            .attributes
            .is_empty()
    );
}

/// Proves IIP-IDP03: a row that needs an entity category.
#[test]
fn iip_idp03_release_follows_entity_attributes() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    for (name, values, sent) in [
        ("a", &["urn:category:x"][..], true),
        ("b", &["urn:category:y", "urn:category:x"], true),
        ("c", &["urn:category:y"], false),
        ("d", &[], false),
    ] {
        let mut sp = Sp::new(name);
        if !values.is_empty() {
            sp.extensions = entity_attribute("http://macedir.org/entity-category", values);
        }
        app.connect(&sp, |_, saml| {
            saml.attributes = vec![AttributeRow {
                only_for_entity_attribute: Some(
                    "http://macedir.org/entity-category=urn:category:x".to_owned(),
                ),
                ..row("urn:mail", Source::User(UserField::Email))
            }];
        });
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        assert_eq!(told.values("urn:mail").is_some(), sent, "{name}");
    }
}

/// Proves IIP-IDP04, AV-REQ-28, AV-ATT-04, IIP-SSO06 for AttributeConsumingService: index, default,
/// unknown index, and values that limit.
#[test]
fn iip_idp04_requested_attributes_choose_and_limit() {
    let app = TestApp::start();
    let mut sp = Sp::new("acs");
    sp.extra = format!(
        "{}{}",
        attribute_service(1, true, &requested("urn:mail", &[])),
        attribute_service(
            2,
            false,
            &format!(
                "{}{}",
                requested("urn:name", &[]),
                requested("urn:role", &["staff", "guest"])
            )
        )
    );
    app.connect(&sp, |_, saml| {
        let if_requested = |row: AttributeRow| AttributeRow {
            condition: Condition::Requested,
            ..row
        };
        saml.attributes = vec![
            if_requested(row("urn:mail", Source::User(UserField::Email))),
            if_requested(row("urn:name", Source::User(UserField::DisplayName))),
            row("urn:role", custom("role")),
        ];
    });
    app.user_with("one", |u| {
        u.custom.insert(
            "role".to_owned(),
            vec!["staff".to_owned(), "root".to_owned()],
        );
    });
    let client = app.signed_in("one");
    for (index, mail, name, roles) in [
        (None, true, false, &["staff", "root"][..]),
        (Some(1), true, false, &["staff", "root"]),
        (Some(2), false, true, &["staff"]),
        (Some(9), true, false, &["staff", "root"]),
    ] {
        let told = app.told(
            &sp,
            &app.ask(&client, &sp, |r| {
                r.attribute_consuming_service_index = index
            }),
        );
        assert_eq!(told.values("urn:mail").is_some(), mail, "{index:?}");
        assert_eq!(told.values("urn:name").is_some(), name, "{index:?}");
        let roles: Vec<String> = roles.iter().map(|r| (*r).to_owned()).collect();
        assert_eq!(told.values("urn:role"), Some(roles), "{index:?}");
    }
}

/// Proves AV-RSP-20: a value XML cannot carry is dropped, and the sign-on goes on.
#[test]
fn av_rsp_20_values_xml_cannot_carry_are_dropped() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.attributes = vec![row("urn:v", custom("v"))]
    });
    app.user_with("one", |u| {
        let values = ["good", "a\u{1}b", "a\u{FFFE}b", "also good"];
        u.custom
            .insert("v".to_owned(), values.map(str::to_owned).to_vec());
    });
    let client = app.signed_in("one");
    let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    assert_eq!(
        told.values("urn:v"),
        Some(vec!["good".to_owned(), "also good".to_owned()])
    );
}

/// Proves AV-ST-08 for a value that must be there.
#[test]
fn av_st_08_a_missing_value_refuses_when_the_row_says_so() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.attributes = vec![AttributeRow {
            when_missing: WhenMissing::Refuse,
            ..row("urn:badge", custom("badge"))
        }];
    });
    app.user("one");
    app.user_with("two", |u| {
        u.custom.insert("badge".to_owned(), vec!["B-7".to_owned()]);
    });
    let client = app.signed_in("one");
    let answer = app.ask(&client, &sp, |_| ());
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoCustomAttributeValue,
        "Responder",
        "RequestDenied",
    );
    let client = app.signed_in("two");
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
}

/// Proves AV-SID-01, AV-SID-02, AV-SID-05, AV-SID-06, SDP-IDP13, SDP-IDP15, SDP-MD01, IIP-SSO06: the SP's
/// signal, each value, none, an unknown one and two.
#[test]
fn av_sid_05_the_sps_signal_is_honoured() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let (mut general, mut pairwise) = (Vec::new(), Vec::new());
    for (name, signal, subject, pair) in [
        ("a", &["subject-id"][..], true, false),
        ("b", &["subject-id"], true, false),
        ("c", &["pairwise-id"], false, true),
        ("d", &["any"], false, true),
        ("e", &["none"], false, false),
        ("f", &[], false, false),
        ("g", &["unknown"], false, false),
        // Two values contradict each other, whatever they are.
        ("two", &["subject-id", "pairwise-id"], false, false),
        ("same", &["any", "none"], false, false),
    ] {
        let mut sp = Sp::new(name);
        if !signal.is_empty() {
            sp.extensions = entity_attribute(REQUIREMENT, signal);
        }
        app.connect(&sp, |_, _| ());
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        assert_eq!(told.values(SUBJECT_ID).is_some(), subject, "{name}");
        assert_eq!(told.values(PAIRWISE_ID).is_some(), pair, "{name}");
        for (id, list) in [(SUBJECT_ID, &mut general), (PAIRWISE_ID, &mut pairwise)] {
            if let Some(values) = told.values(id) {
                assert_eq!(values.len(), 1);
                assert!(values[0].ends_with("@localhost"), "{values:?}");
                assert!(avouch_server::attributes::subject_id::is_subject_identifier(&values[0]));
                let attribute = told
                    .ok()
                    .attributes
                    .iter()
                    .find(|a| a.name == id)
                    .expect("sent");
                assert_eq!(attribute.name_format.as_deref(), Some(URI));
                list.extend(values);
            }
        }
    }
    assert_eq!(general[0], general[1], "the same for all SPs");
    assert_ne!(pairwise[0], pairwise[1], "another for each SP");

    // Rows of the app's own give both; "none" and "any" still hold back.
    for (name, signal, subject, pair) in [
        ("h", None, true, true),
        ("i", Some("none"), false, false),
        ("j", Some("any"), false, true),
    ] {
        let mut sp = Sp::new(name);
        if let Some(signal) = signal {
            sp.extensions = entity_attribute(REQUIREMENT, &[signal]);
        }
        app.connect(&sp, |_, saml| {
            saml.attributes = vec![
                row(SUBJECT_ID, Source::SubjectId),
                row(PAIRWISE_ID, Source::PairwiseId),
            ];
        });
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        assert_eq!(told.values(SUBJECT_ID).is_some(), subject, "{name}");
        assert_eq!(told.values(PAIRWISE_ID).is_some(), pair, "{name}");
    }
}

/// Proves AV-SID-07, SDP-IDP16: a requirement nobody can meet fails or is passed over, as the app says.
#[test]
fn av_sid_07_an_unmet_requirement_follows_the_switch() {
    let app = TestApp::configured("[idp]\nscopes = []\n");
    app.user("one");
    let client = app.signed_in("one");
    for (name, fail) in [("a", false), ("b", true)] {
        let mut sp = Sp::new(name);
        sp.extensions = entity_attribute(REQUIREMENT, &["subject-id"]);
        app.connect(&sp, |_, saml| saml.fail_unmet_subject_id = fail);
        let answer = app.ask(&client, &sp, |_| ());
        if fail {
            app.assert_refused(
                &sp,
                &answer,
                ResultCode::InvalidSettings,
                "Responder",
                "RequestDenied",
            );
        } else {
            assert_eq!(app.told(&sp, &answer).values(SUBJECT_ID), None);
        }
    }
}

/// Proves AV-SID-01, AV-SID-03, AV-SID-05: what is *named* a subject identifier is one, whatever its
/// source: URI format, one value, valid, and as the SP's signal says.
#[test]
fn av_sid_03_an_identifier_from_any_source_keeps_its_profile() {
    let app = TestApp::start();
    for (user, values) in [
        ("valid", &["0815@example.org"][..]),
        ("invalid", &["not valid"]),
        ("two", &["1@example.org", "2@example.org"]),
        ("none", &[]),
    ] {
        app.user_with(user, |u| {
            let values = values.iter().map(|v| (*v).to_owned()).collect();
            u.custom.insert("sid".to_owned(), values);
        });
    }
    let mut number = 0;
    for name in [SUBJECT_ID, PAIRWISE_ID] {
        let short = name.rsplit(':').next().expect("a name");
        for (signal, format, user, sent) in [
            (None, URI, "valid", true),
            (Some(short), URI, "valid", true),
            (Some("none"), URI, "valid", false),
            (Some("any"), URI, "valid", name == PAIRWISE_ID),
            (None, "urn:x:other-format", "valid", false),
            (None, URI, "invalid", false),
            (None, URI, "two", false),
            (None, URI, "none", false),
            // The SP needs one, but a generated one would be a second name of the same user.
            (Some(short), URI, "invalid", false),
            (Some(short), URI, "two", false),
        ] {
            number += 1;
            let mut sp = Sp::new(&format!("sp{number}"));
            if let Some(signal) = signal {
                sp.extensions = entity_attribute(REQUIREMENT, &[signal]);
            }
            app.connect(&sp, |_, saml| {
                saml.attributes = vec![AttributeRow::new(name, format, custom("sid"))];
            });
            let told = app.told(&sp, &app.ask(&app.signed_in(user), &sp, |_| ()));
            let wanted = sent.then(|| vec!["0815@example.org".to_owned()]);
            assert_eq!(
                told.values(name),
                wanted,
                "{name} {signal:?} {format} {user}"
            );
            let held_back = app.last_checks().into_iter().any(|check| {
                check.name == "attribute held back" && check.received.starts_with(name)
            });
            assert_eq!(held_back, !sent, "{name} {signal:?} {format} {user}");
        }
    }
}

/// Proves AV-SID-04: whoever gets a deleted user's name gets none of their identifiers.
#[test]
fn av_sid_04_identifiers_are_never_reassigned() {
    let app = TestApp::start();
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.attributes = vec![
            row(SUBJECT_ID, Source::SubjectId),
            row(PAIRWISE_ID, Source::PairwiseId),
        ];
    });
    let identifiers = || {
        let told = app.told(&sp, &app.ask(&app.signed_in("one"), &sp, |_| ()));
        [SUBJECT_ID, PAIRWISE_ID].map(|name| told.values(name).expect("sent"))
    };
    let user = app.user("one");
    let before = identifiers();
    assert_eq!(identifiers(), before, "the same user, the same identifiers");
    // Rows of users stay, so that no identifier made of one is ever free; the name is.
    app.write(|c| {
        let gone = avouch_server::users::User {
            username: "one-gone".to_owned(),
            federation_id: None,
            active: false,
            ..user.clone()
        };
        avouch_server::store::users::update(c, &gone, app.now())
    });
    app.user("one");
    let after = identifiers();
    assert_ne!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
}

/// Proves IIP-IDP02, its per-value rule: one source of several values, two SPs, each its own.
#[test]
fn iip_idp02_each_sp_gets_the_values_its_row_allows() {
    let app = TestApp::start();
    app.user_with("one", |u| {
        let values = ["staff", "urn:x:wiki:admin", "urn:x:lms:tutor", "root"];
        u.custom
            .insert("roles".to_owned(), values.map(str::to_owned).to_vec());
    });
    let client = app.signed_in("one");
    for (name, values, prefixes, wanted) in [
        (
            "wiki",
            &["staff"][..],
            &["urn:x:wiki:"][..],
            &["staff", "urn:x:wiki:admin"][..],
        ),
        ("lms", &[], &["urn:x:lms:"], &["urn:x:lms:tutor"]),
        (
            "all",
            &[],
            &[],
            &["staff", "urn:x:wiki:admin", "urn:x:lms:tutor", "root"],
        ),
        ("nothing", &["guest"], &[], &[]),
    ] {
        let sp = Sp::new(name);
        let list = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        app.connect(&sp, |_, saml| {
            saml.attributes = vec![AttributeRow {
                allowed_values: list(values),
                allowed_prefixes: list(prefixes),
                ..row("urn:roles", custom("roles"))
            }];
        });
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        let wanted = (!wanted.is_empty()).then(|| list(wanted));
        assert_eq!(told.values("urn:roles"), wanted, "{name}");
    }
}

/// Proves IIP-IDP04 for isRequired: true, false and absent, and an attribute nobody asks for.
#[test]
fn iip_idp04_release_can_depend_on_is_required() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    for (name, required, when_requested, when_required) in [
        ("a", Some(" isRequired=\"true\""), true, true),
        ("b", Some(" isRequired=\"1\""), true, true),
        ("c", Some(" isRequired=\"false\""), true, false),
        ("d", Some(""), true, false),
        ("e", None, false, false),
    ] {
        let mut sp = Sp::new(name);
        let other = "<md:RequestedAttribute Name=\"urn:x:other\" isRequired=\"true\"/>";
        let asked = required.map_or_else(String::new, |required| {
            ["urn:requested", "urn:required"]
                .map(|name| {
                    format!(
                        "<md:RequestedAttribute Name=\"{name}\" NameFormat=\"{URI}\"{required}/>"
                    )
                })
                .concat()
        });
        sp.extra = attribute_service(1, true, &format!("{other}{asked}"));
        app.connect(&sp, |_, saml| {
            let mail = Source::User(UserField::Email);
            saml.attributes = vec![
                AttributeRow {
                    condition: Condition::Requested,
                    ..row("urn:requested", mail.clone())
                },
                AttributeRow {
                    condition: Condition::Required,
                    ..row("urn:required", mail)
                },
            ];
        });
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        assert_eq!(
            told.values("urn:requested").is_some(),
            when_requested,
            "{name}"
        );
        assert_eq!(
            told.values("urn:required").is_some(),
            when_required,
            "{name}"
        );
    }
}

/// Proves AV-ATT-04 at its edges: values that do not meet, a wish without a format, a wish under
/// another format, and what a row says of an attribute that is left without values.
#[test]
fn av_att_04_listed_values_limit_whatever_asks_for_them() {
    let app = TestApp::start();
    app.user_with("one", |u| {
        u.custom.insert(
            "role".to_owned(),
            vec!["staff".to_owned(), "root".to_owned()],
        );
    });
    let client = app.signed_in("one");
    let basic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
    let all = Some(&["staff", "root"][..]);
    for (name, format, listed, missing, wanted) in [
        (
            "meets",
            Some(URI),
            "staff",
            WhenMissing::Refuse,
            Some(Some(&["staff"][..])),
        ),
        (
            "open",
            None,
            "staff",
            WhenMissing::Refuse,
            Some(Some(&["staff"][..])),
        ),
        (
            "other",
            Some(basic),
            "staff",
            WhenMissing::Refuse,
            Some(all),
        ),
        ("omit", Some(URI), "guest", WhenMissing::Omit, Some(None)),
        (
            "empty",
            Some(URI),
            "guest",
            WhenMissing::Empty,
            Some(Some(&[][..])),
        ),
        // A value that must be there must be there for this SP.
        ("refuse", Some(URI), "guest", WhenMissing::Refuse, None),
    ] {
        let mut sp = Sp::new(name);
        let format = format.map_or_else(String::new, |f| format!(" NameFormat=\"{f}\""));
        sp.extra = attribute_service(
            1,
            true,
            &format!(
                "<md:RequestedAttribute Name=\"urn:role\"{format}>\
                 <saml:AttributeValue>{listed}</saml:AttributeValue></md:RequestedAttribute>"
            ),
        );
        app.connect(&sp, |_, saml| {
            saml.attributes = vec![AttributeRow {
                when_missing: missing,
                ..row("urn:role", custom("role"))
            }];
        });
        let answer = app.ask(&client, &sp, |_| ());
        match wanted {
            Some(values) => {
                let values = values.map(|v| v.iter().map(|v| (*v).to_owned()).collect());
                assert_eq!(app.told(&sp, &answer).values("urn:role"), values, "{name}");
            }
            None => {
                let code = ResultCode::NoCustomAttributeValue;
                app.assert_refused(&sp, &answer, code, "Responder", "RequestDenied");
            }
        }
    }
}

/// Proves AV-ATT-05 for refusals and for what is held back: the event names attribute, source and
/// user, and never a value.
#[test]
fn av_att_05_the_event_explains_what_was_not_released() {
    let app = TestApp::configured("[idp]\nscopes = []\n");
    app.user_with("one", |u| {
        u.custom
            .insert("role".to_owned(), vec!["a secret value".to_owned()]);
    });
    let client = app.signed_in("one");
    let needy = Sp::new("needy");
    app.connect(&needy, |_, saml| {
        saml.attributes = vec![AttributeRow {
            when_missing: WhenMissing::Refuse,
            ..row("urn:badge", custom("badge"))
        }];
    });
    let mut identified = Sp::new("identified");
    identified.extensions = entity_attribute(REQUIREMENT, &["subject-id"]);
    app.connect(&identified, |_, saml| saml.fail_unmet_subject_id = true);
    for (sp, result, expected, received) in [
        (
            &needy,
            ResultCode::NoCustomAttributeValue,
            ["custom.badge", "urn:badge"],
            ["one", "has none"],
        ),
        (
            &identified,
            ResultCode::InvalidSettings,
            ["subject_id", SUBJECT_ID],
            ["no scope", "idp.scopes"],
        ),
    ] {
        let answer = app.ask(&client, sp, |_| ());
        app.assert_refused(sp, &answer, result, "Responder", "RequestDenied");
        let event = app.last_event();
        let checks = crate::support::app::lines(&event);
        let check = checks.last().expect("a check");
        assert_eq!((check.name.as_str(), check.passed), ("attributes", false));
        for part in expected {
            assert!(check.expected.contains(part), "{check:?}");
        }
        for part in received {
            assert!(check.received.contains(part), "{check:?}");
        }
    }

    let sp = Sp::new("wiki");
    app.connect(&sp, |_, saml| {
        saml.attributes = vec![
            AttributeRow {
                condition: Condition::Requested,
                ..row("urn:mail", Source::User(UserField::Email))
            },
            AttributeRow {
                allowed_values: vec!["guest".to_owned()],
                ..row("urn:role", custom("role"))
            },
            row("urn:nothing", custom("nothing")),
        ];
    });
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    let event = app.last_event();
    let checks = app.last_checks();
    let reasons: Vec<&str> = checks
        .iter()
        .filter(|check| check.name == "attribute held back")
        .map(|check| check.received.as_str())
        .collect();
    assert_eq!(
        reasons,
        [
            "urn:mail: the SP's metadata does not request it",
            "urn:role: 1 value(s) that the row does not allow",
            "urn:nothing: no value",
        ]
    );
    assert!(!format!("{event:?}").contains("a secret value"));
}
