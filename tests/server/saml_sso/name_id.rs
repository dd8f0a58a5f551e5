//! NameIDPolicy and the NameID that comes of it.

use avouch_saml::message::assertion::Subject;
use avouch_saml::message::authn_request::NameIdPolicy;
use avouch_saml::name_id::{NameId, NameIdFormat};
use avouch_server::apps::saml::SubjectType;
use avouch_server::audit::ResultCode;

use crate::support::app::{BASE_URL, TestApp};
use crate::support::sp::{Sp, Told};

fn name(told: &Told) -> NameId {
    match &told.ok().subject {
        Subject::NameId(name) => name.clone(),
        other => panic!("no NameID: {other:?}"),
    }
}

fn policy(
    format: NameIdFormat,
    qualifier: Option<&str>,
    allow_create: bool,
) -> Option<NameIdPolicy> {
    Some(NameIdPolicy {
        format: Some(format),
        sp_name_qualifier: qualifier.map(str::to_owned),
        allow_create,
    })
}

const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// Proves AV-REQ-18, AV-REQ-22, AV-ST-06, E14, E15, IIP-SSO05, IIP-IDP10, AV-NID-06: a named
/// format is issued exactly or refused.
#[test]
fn av_req_18_a_named_format_is_issued_exactly_or_refused() {
    let (app, private, client) = TestApp::ready();
    // Who the user is takes an admin's leave.
    let answer = app.ask(&client, &private, |r| {
        r.name_id_policy = policy(NameIdFormat::EmailAddress, None, false);
    });
    app.assert_refused(
        &private,
        &answer,
        ResultCode::UnsupportedNameIdFormat,
        "Requester",
        "InvalidNameIDPolicy",
    );
    let sp = Sp::new("allowed");
    app.connect(&sp, |_, saml| {
        saml.allowed_name_id_formats.push(EMAIL.to_owned());
    });
    let ask = |policy| app.ask(&client, &sp, |r| r.name_id_policy = policy);
    for format in [
        NameIdFormat::Persistent,
        NameIdFormat::Transient,
        NameIdFormat::EmailAddress,
    ] {
        for allow_create in [false, true] {
            let told = app.told(&sp, &ask(policy(format.clone(), None, allow_create)));
            assert_eq!(name(&told).format(), format);
        }
    }
    for policy in [
        None,
        Some(NameIdPolicy::default()),
        policy(NameIdFormat::Unspecified, None, false),
    ] {
        assert_eq!(
            name(&app.told(&sp, &ask(policy))).format(),
            NameIdFormat::Persistent
        );
    }
    let told = app.told(&sp, &ask(policy(NameIdFormat::EmailAddress, None, false)));
    assert_eq!(name(&told).value(), "one@example.org");
    assert!(
        !told.assertion_xml.contains("Qualifier"),
        "{}",
        told.assertion_xml
    );
    for format in [
        NameIdFormat::Other("urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos".to_owned()),
        NameIdFormat::Other("urn:unknown".to_owned()),
        NameIdFormat::Other(NameIdFormat::Persistent.uri().to_uppercase()),
        NameIdFormat::Entity,
        NameIdFormat::Encrypted,
    ] {
        app.assert_refused(
            &sp,
            &ask(policy(format, None, true)),
            ResultCode::UnsupportedNameIdFormat,
            "Requester",
            "InvalidNameIDPolicy",
        );
    }
}

/// Proves AV-REQ-19: an encrypted name is refused, with and without a key to encrypt to.
#[test]
fn av_req_19_an_encrypted_name_is_refused() {
    let (app, plain, client) = TestApp::ready();
    let sp = Sp::new("enc").encrypting();
    app.connect(&sp, |_, _| ());
    for sp in [&plain, &sp] {
        let answer = app.ask(&client, sp, |r| {
            r.name_id_policy = policy(NameIdFormat::Encrypted, None, true)
        });
        app.assert_refused(
            sp,
            &answer,
            ResultCode::UnsupportedNameIdFormat,
            "Requester",
            "InvalidNameIDPolicy",
        );
        app.told(sp, &app.ask(&client, sp, |_| ())).ok();
    }
}

/// Proves AV-REQ-20, AV-NID-02, E15: the SP's own qualifier is echoed, any other refused.
#[test]
fn av_req_20_only_the_sps_own_qualifier_is_used() {
    let (app, sp, client) = TestApp::ready();
    for format in [NameIdFormat::Persistent, NameIdFormat::Transient] {
        let answer = app.ask(&client, &sp, |r| {
            r.name_id_policy = policy(format.clone(), Some(&sp.entity_id), true);
        });
        let name = name(&app.told(&sp, &answer));
        assert_eq!(name.sp_name_qualifier(), Some(sp.entity_id.as_str()));
        assert_eq!(
            name.name_qualifier(),
            Some(format!("{BASE_URL}/saml/metadata").as_str())
        );
        for other in [
            "https://affiliation.example.org",
            &sp.entity_id.to_uppercase(),
            " ",
        ] {
            let answer = app.ask(&client, &sp, |r| {
                r.name_id_policy = policy(format.clone(), Some(other), true);
            });
            app.assert_refused(
                &sp,
                &answer,
                ResultCode::UnsupportedNameIdFormat,
                "Requester",
                "InvalidNameIDPolicy",
            );
        }
    }
}

/// Proves AV-REQ-20, AV-NID-06, E15: where the format has no qualifiers, one that is asked for is
/// refused and not left out. No affiliations are registered, so none is anybody's.
#[test]
fn av_req_20_formats_without_qualifiers_are_not_qualified() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let unspecified = NameIdFormat::Unspecified.uri();
    let other = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
    let (mail, plain, none) = (Sp::new("mail"), Sp::new("plain"), Sp::new("none"));
    app.connect(&mail, |_, saml| saml.name_id_format = EMAIL.to_owned());
    app.connect(&plain, |_, saml| {
        saml.name_id_format = unspecified.to_owned();
        saml.subject_type = SubjectType::Username;
        saml.allowed_name_id_formats = vec![other.to_owned()];
    });
    app.connect(&none, |_, saml| saml.subject_type = SubjectType::None);
    let exactly = |uri: &str| Some(NameIdFormat::from_uri(uri));
    for (sp, format) in [
        (&mail, None),
        (&mail, exactly(unspecified)),
        (&mail, exactly(EMAIL)),
        (&plain, None),
        (&plain, exactly(unspecified)),
        (&plain, exactly(other)),
        (&none, None),
    ] {
        let ask = |qualifier: Option<&str>| {
            app.ask(&client, sp, |r| {
                r.name_id_policy = Some(NameIdPolicy {
                    format: format.clone(),
                    sp_name_qualifier: qualifier.map(str::to_owned),
                    allow_create: false,
                });
            })
        };
        for qualifier in [sp.entity_id.as_str(), "https://affiliation.example.org"] {
            app.assert_refused(
                sp,
                &ask(Some(qualifier)),
                ResultCode::UnsupportedNameIdFormat,
                "Requester",
                "InvalidNameIDPolicy",
            );
        }
        let told = app.told(sp, &ask(None));
        told.ok();
        assert!(!told.assertion_xml.contains("Qualifier"));
    }
}

/// Proves AV-REQ-18, AV-ST-06, IIP-IDP10: a format that is taken off the list, and an app that
/// issues one format only, refuse what they issued before.
#[test]
fn av_req_18_a_disabled_format_is_refused() {
    let (app, sp, client) = TestApp::ready();
    let connected = app.app_of(&sp);
    app.change(&connected, |app| {
        let formats = &mut app.definition.saml.allowed_name_id_formats;
        formats.push(NameIdFormat::EmailAddress.uri().to_owned());
    });
    let ask = |format: Option<NameIdFormat>| {
        app.ask(&client, &sp, |r| {
            r.name_id_policy = Some(NameIdPolicy {
                format,
                ..NameIdPolicy::default()
            });
        })
    };
    let (persistent, transient) = (NameIdFormat::Persistent, NameIdFormat::Transient);
    let (mail, unspecified) = (NameIdFormat::EmailAddress, NameIdFormat::Unspecified);
    let issues = |format: Option<&NameIdFormat>, issued: &NameIdFormat| {
        let told = app.told(&sp, &ask(format.cloned()));
        assert_eq!(name(&told).format(), *issued, "{format:?}");
    };
    let refuses = |format: &NameIdFormat| {
        app.assert_refused(
            &sp,
            &ask(Some(format.clone())),
            ResultCode::UnsupportedNameIdFormat,
            "Requester",
            "InvalidNameIDPolicy",
        );
    };
    for format in [&persistent, &transient, &mail] {
        issues(Some(format), format);
    }
    app.change(&connected, |app| {
        let formats = &mut app.definition.saml.allowed_name_id_formats;
        formats.retain(|uri| uri != NameIdFormat::Transient.uri());
    });
    refuses(&transient);
    for format in [&persistent, &mail] {
        issues(Some(format), format);
    }
    app.change(&connected, |app| {
        app.definition.saml.always_this_format = true
    });
    for format in [&transient, &mail] {
        refuses(format);
    }
    issues(Some(&persistent), &persistent);
    issues(Some(&unspecified), &persistent);
    issues(None, &persistent);
    app.change(&connected, |app| {
        app.definition.saml.always_this_format = false
    });
    issues(Some(&mail), &mail);
}

/// Proves AV-REQ-21: identifiers exist before anybody asks, so AllowCreate changes nothing.
#[test]
fn av_req_21_allow_create_makes_no_other_identifier() {
    let (app, sp, client) = TestApp::ready();
    let values: Vec<String> = [false, true, false]
        .into_iter()
        .map(|allow| {
            let answer = app.ask(&client, &sp, |r| {
                r.name_id_policy = policy(NameIdFormat::Persistent, None, allow);
            });
            name(&app.told(&sp, &answer)).value().to_owned()
        })
        .collect();
    assert_eq!(values[0], values[1]);
    assert_eq!(values[0], values[2]);
}

/// Proves AV-NID-01, AV-NID-02, AV-SEC-69, AV-NID-03: pairwise, kept over restart and key change,
/// never given to another user, and not in plain logs of events.
#[test]
fn av_nid_01_persistent_names_are_pairwise_and_last() {
    let (app, sp, client) = TestApp::ready();
    let other = Sp::new("other");
    app.connect(&other, |_, _| ());
    let first = name(&app.told(&sp, &app.ask(&client, &sp, |_| ())));
    let second = name(&app.told(&other, &app.ask(&client, &other, |_| ())));
    assert_ne!(first.value(), second.value());
    assert_eq!(second.sp_name_qualifier(), Some(other.entity_id.as_str()));
    assert!(first.value().len() <= 256);
    for event in app.events() {
        assert!(!format!("{event:?}").contains(first.value()));
    }
    app.user("two");
    let two = app.signed_in("two");
    assert_ne!(
        name(&app.told(&sp, &app.ask(&two, &sp, |_| ()))).value(),
        first.value()
    );

    // Another key, another process: the same name. Another user of the same username: another.
    let folder = app.stop();
    let app = TestApp::with(crate::support::app::Setup {
        folder: Some(folder),
        ..Default::default()
    });
    app.add_key(avouch_saml::security::certificate::KeyKind::Rsa { bits: 3072 });
    let client = app.signed_in("one");
    let answer = app.ask(&client, &sp, |_| ());
    let xml = sp.read_unverified(&app, &answer);
    assert!(xml.contains(first.value()), "{xml}");
    app.write(|c| {
        let user = avouch_server::store::users::by_username(c, "one")?.expect("a user");
        let mut gone = user.clone();
        gone.username = "one-gone".to_owned();
        gone.federation_id = None;
        avouch_server::store::users::update(c, &gone, app.now())
    });
    app.user("one");
    let heir = app.signed_in("one");
    let xml = sp.read_unverified(&app, &app.ask(&heir, &sp, |_| ()));
    assert!(!xml.contains(first.value()), "{xml}");
    // Whoever has another username now is who they were.
    let renamed = app.signed_in("one-gone");
    let xml = sp.read_unverified(&app, &app.ask(&renamed, &sp, |_| ()));
    assert!(xml.contains(first.value()), "{xml}");
}

/// Proves AV-NID-04.
#[test]
fn av_nid_04_transient_names_are_new_each_time() {
    let (app, sp, client) = TestApp::ready();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = app.ask(&client, &sp, |r| {
            r.name_id_policy = policy(NameIdFormat::Transient, None, false);
        });
        let value = name(&app.told(&sp, &answer)).value().to_owned();
        assert!(value.starts_with('_') && value.len() <= 256);
        assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        assert!(!seen.contains(&value));
        seen.push(value);
    }
}

/// Proves AV-NID-05: a mail address that is none is refused, not emitted.
#[test]
fn av_nid_05_a_bad_mail_address_is_not_emitted() {
    let app = TestApp::start();
    let sp = Sp::new("mail");
    app.connect(&sp, |_, saml| {
        saml.subject_type = SubjectType::Email;
        saml.name_id_format = EMAIL.to_owned();
    });
    for (user, mail, good) in [
        ("a", "a@example.org", true),
        ("b", "", false),
        ("c", "not a mail address", false),
        ("d", "D <d@example.org>", false),
        ("e", "mailto:e@example.org", false),
        ("f", "ünï@example.org", false),
        ("g", "g@bücher.example", false),
    ] {
        app.user_with(user, |u| u.email = mail.to_owned());
        let client = app.signed_in(user);
        let answer = app.ask(&client, &sp, |_| ());
        if good {
            assert_eq!(name(&app.told(&sp, &answer)).value(), mail);
        } else {
            app.assert_refused(
                &sp,
                &answer,
                ResultCode::UnsupportedNameIdFormat,
                "Requester",
                "InvalidNameIDPolicy",
            );
        }
    }
}

/// Proves AV-NID-01 for values that an admin brought along: 256 characters are a persistent
/// name, one more is none.
#[test]
fn av_nid_01_a_brought_along_persistent_name_has_at_most_256_characters() {
    let app = TestApp::start();
    let (longest, longer) = ("ü".repeat(256), "ü".repeat(257));
    for (user, value) in [("a", &longest), ("b", &longer)] {
        app.user_with(user, |u| {
            u.federation_id = Some(format!("{}{user}", &value[2..]));
            u.custom.insert("id".to_owned(), vec![value.clone()]);
        });
    }
    for (api_name, subject) in [
        ("federation", SubjectType::FederationId),
        ("custom", SubjectType::Custom("id".to_owned())),
    ] {
        let sp = Sp::new(api_name);
        app.connect(&sp, |_, saml| saml.subject_type = subject.clone());
        let told = app.told(&sp, &app.ask(&app.signed_in("a"), &sp, |_| ()));
        assert_eq!(name(&told).format(), NameIdFormat::Persistent);
        assert_eq!(name(&told).value().chars().count(), 256);
        app.assert_refused(
            &sp,
            &app.ask(&app.signed_in("b"), &sp, |_| ()),
            ResultCode::UnsupportedNameIdFormat,
            "Requester",
            "InvalidNameIDPolicy",
        );
    }
}

/// Proves AV-RSP-20 for the NameID: a value XML cannot carry refuses the sign-on, and the event
/// says whose and which.
#[test]
fn av_rsp_20_a_name_xml_cannot_carry_is_refused() {
    let app = TestApp::start();
    for (user, value) in [("good", "B\u{FFFD}7"), ("bad", "B\u{FFFE}7")] {
        app.user_with(user, |u| {
            u.custom.insert("badge".to_owned(), vec![value.to_owned()]);
        });
    }
    for format in [
        NameIdFormat::Unspecified,
        NameIdFormat::Persistent,
        NameIdFormat::Other("urn:x:badge".to_owned()),
    ] {
        let sp = Sp::new(&format!("sp{}", format.uri().len()));
        app.connect(&sp, |_, saml| {
            saml.subject_type = SubjectType::Custom("badge".to_owned());
            saml.name_id_format = format.uri().to_owned();
        });
        let told = app.told(&sp, &app.ask(&app.signed_in("good"), &sp, |_| ()));
        assert_eq!(name(&told).value(), "B\u{FFFD}7");
        app.assert_refused(
            &sp,
            &app.ask(&app.signed_in("bad"), &sp, |_| ()),
            ResultCode::UnsupportedNameIdFormat,
            "Requester",
            "InvalidNameIDPolicy",
        );
        let checks = app.last_checks();
        let check = checks.last().expect("a check");
        assert_eq!((check.name.as_str(), check.passed), ("NameID", false));
        assert!(check.received.contains("custom.badge of bad"), "{check:?}");
    }
}

/// Proves IIP-IDP11, IIP-SSO06 for formats: subject types, none among them, and the formats that
/// metadata lists.
#[test]
fn iip_idp11_the_app_chooses_what_names_the_user() {
    let app = TestApp::start();
    let user = app.user_with("one", |u| {
        u.custom.insert("badge".to_owned(), vec!["B-7".to_owned()]);
    });
    let client = app.signed_in("one");
    let unspecified = NameIdFormat::Unspecified.uri().to_owned();
    for (api_name, subject_type, want) in [
        ("username", SubjectType::Username, "one"),
        ("federation", SubjectType::FederationId, "fed-one"),
        ("userid", SubjectType::UserId, user.id.as_str()),
        ("email", SubjectType::Email, "one@example.org"),
        ("badge", SubjectType::Custom("badge".to_owned()), "B-7"),
    ] {
        let sp = Sp::new(api_name);
        app.connect(&sp, |_, saml| {
            saml.subject_type = subject_type.clone();
            saml.name_id_format = unspecified.clone();
        });
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        assert_eq!(name(&told).value(), want);
    }
    let none = Sp::new("none");
    app.connect(&none, |_, saml| saml.subject_type = SubjectType::None);
    let told = app.told(&none, &app.ask(&client, &none, |_| ()));
    assert_eq!(told.ok().subject, Subject::Unnamed);
    let answer = app.ask(&client, &none, |r| {
        r.name_id_policy = policy(NameIdFormat::Persistent, None, true);
    });
    app.assert_refused(
        &none,
        &answer,
        ResultCode::UnsupportedNameIdFormat,
        "Requester",
        "InvalidNameIDPolicy",
    );
    let mut listing = Sp::new("listing");
    listing.extra = format!(
        "<md:NameIDFormat>{unspecified}</md:NameIDFormat><md:NameIDFormat>{}</md:NameIDFormat>",
        NameIdFormat::Transient.uri()
    );
    app.connect(&listing, |_, _| ());
    let told = app.told(&listing, &app.ask(&client, &listing, |_| ()));
    assert_eq!(name(&told).format(), NameIdFormat::Transient);

    let lacking = Sp::new("lacking");
    app.connect(&lacking, |_, saml| {
        saml.subject_type = SubjectType::FederationId;
        saml.name_id_format = unspecified.clone();
    });
    app.user_with("two", |u| u.federation_id = None);
    let two = app.signed_in("two");
    let answer = app.ask(&two, &lacking, |_| ());
    app.assert_refused(
        &lacking,
        &answer,
        ResultCode::NoFederationId,
        "Responder",
        "RequestDenied",
    );
}

/// Proves SDP-IDP12: a transient name, where the SP asks for one or the app is set so.
#[test]
fn sdp_idp12_a_transient_name_is_there() {
    let (app, sp, client) = TestApp::ready();
    let transient = Sp::new("transient");
    app.connect(&transient, |_, saml| {
        saml.subject_type = SubjectType::Transient;
        saml.name_id_format = NameIdFormat::Transient.uri().to_owned();
    });
    let told = app.told(&transient, &app.ask(&client, &transient, |_| ()));
    assert_eq!(name(&told).format(), NameIdFormat::Transient);
    let asked = app.ask(&client, &sp, |r| {
        r.name_id_policy = policy(NameIdFormat::Transient, None, true);
    });
    assert_eq!(
        name(&app.told(&sp, &asked)).format(),
        NameIdFormat::Transient
    );
}
