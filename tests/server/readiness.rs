//! The sign-on-once check: each thing it finds, on the pages and on the command line, and the app
//! beside it that has nothing of the kind.

use std::collections::BTreeSet;

use avouch_saml::time::Timestamp;
use avouch_server::apps::readiness::FindingId;
use avouch_server::audit::ResultCode;
use avouch_server::clock::{Clock as _, SystemClock};
use avouch_server::store::state::Kind;
use avouch_server::store::{self, Connection};
use diesel::prelude::*;
use diesel::sql_query;

use crate::admin::changes::{Fields, as_shown, pairs, row, set};
use crate::admin::{ALL, admin, post, upload};
use crate::cli::Place;
use crate::support::app::TestApp;
use crate::support::client::Client;
use crate::support::sp::key;

/// The parts of metadata that differ.
#[derive(Clone, Default)]
struct Parts {
    entity: String,
    extensions: String,
    role: &'static str,
    keys: String,
    acs: Option<String>,
}

impl Parts {
    fn xml(&self, name: &str) -> String {
        let acs = self
            .acs
            .clone()
            .unwrap_or_else(|| acs("HTTP-POST", "https://sp.example.org/acs"));
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
             xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\" \
             xmlns:mdattr=\"urn:oasis:names:tc:SAML:metadata:attribute\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             entityID=\"https://{name}.example.org/sp\" {}>\n\
             <md:Extensions>{}</md:Extensions>\n\
             <md:SPSSODescriptor {} \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n\
             {}\n{acs}\n</md:SPSSODescriptor></md:EntityDescriptor>",
            self.entity, self.extensions, self.role, self.keys
        )
    }
}

fn acs(binding: &str, location: &str) -> String {
    format!(
        "<md:AssertionConsumerService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" \
         Location=\"{location}\" index=\"0\"/>"
    )
}

/// A key to encrypt to, with the methods declared.
fn encrypting(methods: &[&str]) -> String {
    let methods: String = methods
        .iter()
        .map(|uri| format!("<md:EncryptionMethod Algorithm=\"{uri}\"/>"))
        .collect();
    key("encryption", "sp-encryption").replace(
        "</md:KeyDescriptor>",
        &format!("{methods}</md:KeyDescriptor>"),
    )
}

/// One thing to find.
struct Case {
    id: FindingId,
    /// Whether nobody could sign on.
    cannot: bool,
    /// A part of its sentence, with what was received.
    says: &'static str,
    /// A line for the configuration.
    config: &'static str,
    /// An app that has it, and one that has not: metadata, and settings that are changed.
    bad: (Parts, &'static [(&'static str, &'static str)]),
    good: (Parts, &'static [(&'static str, &'static str)]),
}

const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

fn until(now: Timestamp, seconds: i64) -> Parts {
    Parts {
        entity: format!("validUntil=\"{}\"", now.plus_seconds(seconds)),
        ..Parts::default()
    }
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn cases(now: Timestamp) -> Vec<Case> {
    const DAY: i64 = 86_400;
    let plain = Parts::default;
    let case = |id, cannot, says, bad, good| Case {
        id,
        cannot,
        says,
        config: "",
        bad,
        good,
    };
    let with = |acs: String| Parts {
        acs: Some(acs),
        ..Parts::default()
    };
    let keyed = |keys: String| Parts {
        keys,
        ..Parts::default()
    };
    let both = acs("PAOS", "https://sp.example.org/ecp") + "\n" + &acs("HTTP-POST", "/relative");
    let extended = |extensions: &str| Parts {
        extensions: extensions.to_owned(),
        ..Parts::default()
    };
    let subject_id = extended(
        "<mdattr:EntityAttributes><saml:Attribute \
         Name=\"urn:oasis:names:tc:SAML:profiles:subject-id:req\" \
         NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
         <saml:AttributeValue>subject-id</saml:AttributeValue></saml:Attribute>\
         </mdattr:EntityAttributes>",
    );
    vec![
        case(
            FindingId::NoUsableAcs,
            true,
            "only by PAOS. (line 5: AssertionConsumerService",
            (with(both), &[]),
            (plain(), &[]),
        ),
        case(
            FindingId::WildcardAcs,
            true,
            "https://sp.example.org/*/acs has a wildcard",
            (with(acs("HTTP-POST", "https://sp.example.org/*/acs")), &[]),
            (plain(), &[]),
        ),
        case(
            FindingId::MetadataEnded,
            true,
            "Every sign-on is refused. Replace it with newer metadata.",
            (until(now, -100), &[("clock_skew_seconds", "0")]),
            (until(now, -100), &[("clock_skew_seconds", "600")]),
        ),
        case(
            FindingId::MetadataEnds,
            false,
            "only. From then on every sign-on is refused.",
            (until(now, 2 * DAY), &[]),
            (until(now, 60 * DAY), &[]),
        ),
        case(
            FindingId::NoSignature,
            true,
            "of urn:x:unheard-of nothing is allowed here",
            (
                extended("<alg:SigningMethod Algorithm=\"urn:x:unheard-of\"/>"),
                &[],
            ),
            (plain(), &[]),
        ),
        case(
            FindingId::NoEncryptionKey,
            true,
            "its metadata has no key for that",
            (plain(), &[("encryption", "required")]),
            (plain(), &[("encryption", "when_key_published")]),
        ),
        case(
            FindingId::UnusableEncryptionKey,
            true,
            "is too weak, cannot be read or is of an unknown use",
            (
                keyed(
                    "<md:KeyDescriptor use=\"encryption\"><ds:KeyInfo><ds:X509Data>\
                     <ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
                     </md:KeyDescriptor>"
                        .to_owned(),
                ),
                &[],
            ),
            (keyed(encrypting(&[])), &[]),
        ),
        case(
            FindingId::NoCipher,
            true,
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            (keyed(encrypting(&[CBC, OAEP])), &[]),
            (keyed(encrypting(&[GCM, OAEP])), &[]),
        ),
        case(
            FindingId::UnverifiableRequests,
            true,
            "have to be signed (AuthnRequestsSigned in the app's metadata)",
            (
                Parts {
                    role: "AuthnRequestsSigned=\"true\"",
                    ..Parts::default()
                },
                &[],
            ),
            (
                Parts {
                    role: "AuthnRequestsSigned=\"true\"",
                    keys: key("signing", "sp-signing"),
                    ..Parts::default()
                },
                &[],
            ),
        ),
        case(
            FindingId::SubjectNotInFormat,
            true,
            "The NameID format persistent cannot carry the subject type",
            (plain(), &[("subject_type", "email")]),
            (
                plain(),
                &[
                    ("subject_type", "email"),
                    ("name_id_format", "emailAddress"),
                ],
            ),
        ),
        case(
            FindingId::TemplateOfSeveral,
            false,
            "first value of the custom attribute badge alone",
            (
                plain(),
                &[("attributes", "urn:x:cn=template:${given_name} ${badge}")],
            ),
            (
                plain(),
                &[("attributes", "urn:x:cn=template:${given_name}")],
            ),
        ),
        case(
            FindingId::RowWithoutValue,
            false,
            "comes from organisation_url",
            (plain(), &[("attributes", "urn:x:url=organisation_url")]),
            (plain(), &[("attributes", "urn:x:url=organisation_name")]),
        ),
        Case {
            config: "[idp]\nscopes = []\n",
            ..case(
                FindingId::SubjectIdUnmet,
                false,
                "requires urn:oasis:names:tc:SAML:attribute:subject-id",
                (subject_id, &[]),
                (plain(), &[]),
            )
        },
        case(
            FindingId::NobodyMayEnter,
            false,
            "Nobody may enter",
            (plain(), &[]),
            (plain(), &[("permitted_users", "self_authorize")]),
        ),
    ]
}

#[test]
fn every_finding_has_a_case() {
    let have: BTreeSet<&str> = cases(SystemClock.now())
        .iter()
        .map(|c| c.id.word())
        .collect();
    // Nobody can make that one here; see below.
    let here = FindingId::ALL
        .iter()
        .filter(|id| **id != FindingId::NotUnderstood);
    let all: BTreeSet<&str> = here.map(|id| id.word()).collect();
    assert_eq!(have, all);
}

/// A later version limited an app in a way that nobody here can follow: nobody enters, and everybody is
/// told why; without it they do.
#[test]
fn a_policy_of_a_later_version_keeps_everybody_out_and_is_said() {
    let (app, sp, client) = TestApp::ready();
    let admin = admin(&app, ALL);
    let set = |policy: &'static str| {
        app.write(|c| {
            for statement in [
                format!("UPDATE app_installs SET policy = '{policy}'"),
                "UPDATE app_definitions SET version = version + 1".to_owned(),
            ] {
                match c {
                    Connection::Sqlite(c) => sql_query(statement).execute(c)?,
                    Connection::Postgres(c) => sql_query(statement).execute(c)?,
                };
            }
            store::state::bump(c, Kind::Apps)
        });
    };
    let path = format!("/admin/apps/{}", sp.api_name);
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    set(r#"{"permitted_users":"self_authorize","ask_consent":false,"login_hours":"9-17"}"#);
    let answer = app.ask(&client, &sp, |_| ());
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::InvalidSettings,
        "Responder",
        "RequestDenied",
    );
    let event = app.last_event();
    let checks = crate::support::app::lines(&event);
    let last = checks.last().expect("a check");
    assert_eq!(
        (last.passed, last.received.as_str()),
        (false, "login_hours")
    );
    for page in [path.as_str(), "/admin/apps"] {
        let text = admin.get(page).text();
        assert!(text.contains("later version"), "{page}: {text}");
    }
    set(r#"{"permitted_users":"self_authorize","ask_consent":false}"#);
    app.told(&sp, &app.ask(&client, &sp, |_| ())).ok();
    assert!(!admin.get(&path).text().contains("later version"));
}

fn ids(value: &serde_json::Value) -> Vec<&str> {
    let findings = value["findings"].as_array().expect("findings");
    findings.iter().filter_map(|f| f["id"].as_str()).collect()
}

#[test]
fn commands_show_ask_and_list() {
    for case in cases(SystemClock.now()) {
        let what = case.id.word();
        let place = Place::new();
        let own = format!("[keys]\nalgorithm = 'ec-p256'\n{}", case.config);
        place.configure(&own);
        // The organisation has its key.
        place.json(&["key", "list"], "");
        let sets = |settings: &[(&str, &str)]| -> Vec<String> {
            settings
                .iter()
                .flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")])
                .collect()
        };
        let add = |name: &str, (parts, settings): &(Parts, &[(&str, &str)]), more: &[&str]| {
            let file = format!("{name}.xml");
            place.write(&file, &parts.xml(name));
            let sets = sets(settings);
            let mut arguments = vec!["app", "add", &file, "--api-name", name];
            arguments.extend(sets.iter().map(String::as_str));
            arguments.extend(more);
            place.run(&arguments)
        };
        let severity = if case.cannot {
            "cannot_work"
        } else {
            "may_not_work"
        };

        let tried = add("bad", &case.bad, &["--preview"]);
        assert_eq!(tried.code, 0, "{what}: {tried:?}");
        // Who may enter a new app is said when it is there.
        let said = case.id == FindingId::NobodyMayEnter || tried.out.contains(case.says);
        assert!(said, "{what}: {tried:?}");
        if case.cannot {
            let refused = add("bad", &case.bad, &[]);
            assert_eq!(refused.code, 1, "{what}: {refused:?}");
            for part in [case.says, "nothing was stored", "--accept-broken"] {
                assert!(refused.err.contains(part), "{what}: {part}: {refused:?}");
            }
            assert_eq!(place.json(&["app", "list"], ""), serde_json::json!([]));
            let added = add("bad", &case.bad, &["--accept-broken"]);
            assert_eq!(added.code, 0, "{what}: {added:?}");
        } else {
            let added = add("bad", &case.bad, &[]);
            assert_eq!(added.code, 0, "{what}: {added:?}");
            assert!(added.out.contains(case.says), "{what}: {added:?}");
        }
        let shown = place.json(&["app", "show", "bad"], "");
        let found = shown["findings"].as_array().expect("findings");
        let found = found.iter().find(|f| f["id"] == what).expect(what);
        assert_eq!(found["severity"], severity, "{what}");
        assert!(
            found["text"]
                .as_str()
                .is_some_and(|t| t.contains(case.says)),
            "{found}"
        );
        assert!(
            place.ok(&["app", "show", "bad"], "").contains(case.says),
            "{what}"
        );
        let list = place.json(&["app", "list"], "");
        assert!(ids(&list[0]).contains(&what), "{what}: {list}");
        assert!(place.ok(&["app", "list"], "").contains("work: "), "{what}");
        // What is so already is not asked about at each other change.
        place.ok(&["app", "edit", "bad", "description=Changed"], "");

        let added = add("good", &case.good, &[]);
        assert_eq!(added.code, 0, "{what}: {added:?}");
        let shown = place.json(&["app", "show", "good"], "");
        assert!(!ids(&shown).contains(&what), "{what}: {shown}");
        assert!(
            !place.ok(&["app", "show", "good"], "").contains(case.says),
            "{what}"
        );
    }
}

#[test]
fn an_edit_that_breaks_an_app_is_asked_about() {
    let place = Place::new();
    place.write("sp.xml", &Parts::default().xml("sp"));
    place.ok(&["app", "add", "sp.xml", "--api-name", "sp"], "");
    let edit = ["app", "edit", "sp", "encryption=required"];
    let tried = place.run(&["app", "edit", "sp", "encryption=required", "--preview"]);
    assert!(
        tried
            .out
            .contains("Cannot work: Assertions have to be encrypted"),
        "{tried:?}"
    );
    let refused = place.run(&edit);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("--accept-broken"), "{refused:?}");
    let shown = place.json(&["app", "show", "sp"], "");
    assert_eq!(shown["settings"]["encryption"], "when_key_published");
    place.ok(
        &[
            "app",
            "edit",
            "sp",
            "encryption=required",
            "--accept-broken",
        ],
        "",
    );

    // Metadata that mends it, and metadata that breaks it otherwise.
    let keyed = Parts {
        keys: encrypting(&[]),
        ..Parts::default()
    };
    let file = place.write("keyed.xml", &keyed.xml("sp"));
    let file = file.to_str().expect("a path");
    place.ok(
        &["app", "edit", "sp", "--metadata", file, "--accept-risky"],
        "",
    );
    assert!(!ids(&place.json(&["app", "show", "sp"], "")).contains(&"no_encryption_key"));
    let cbc = Parts {
        keys: encrypting(&[CBC, OAEP]),
        ..Parts::default()
    };
    let file = place.write("cbc.xml", &cbc.xml("sp"));
    let file = file.to_str().expect("a path");
    let arguments = ["app", "edit", "sp", "--metadata", file, "--accept-risky"];
    let refused = place.run(&arguments);
    assert!(refused.err.contains("aes128-cbc"), "{refused:?}");
    place.ok(
        &[
            "app",
            "edit",
            "sp",
            "--metadata",
            file,
            "--accept-risky",
            "danger_allow_cbc=true",
        ],
        "",
    );
}

/// Adds an app on the pages, ticking what has to be ticked, and changes its settings. Answers with
/// the address of its page.
fn add_by_page(
    client: &Client,
    name: &str,
    case: &Case,
    (parts, settings): &(Parts, &[(&str, &str)]),
) -> String {
    let what = case.id.word();
    let xml = parts.xml(name);
    let preview = upload(
        client,
        "/admin/apps/preview",
        &[("source", "paste"), ("metadata", &xml)],
    );
    assert_eq!(preview.status, 200, "{what}: {}", preview.text());
    let bad = name == "bad";
    let at_once = settings.is_empty() && case.id != FindingId::NobodyMayEnter;
    let shows = text(&preview.text()).contains(case.says);
    assert_eq!(shows, bad && at_once, "{what}: {}", preview.text());
    let asks = preview.text().contains("name=\"although\"");
    assert_eq!(asks, bad && at_once && case.cannot, "{what}");
    let fields = [("metadata", xml.as_str()), ("name", name)];
    let saved = if asks {
        let refused = post(client, "/admin/apps", &fields);
        assert_eq!(refused.status, 422, "{what}");
        assert!(text(&refused.text()).contains(case.says), "{what}");
        let [metadata, name] = fields;
        let fields = [metadata, name, ("although", "yes")];
        post(client, "/admin/apps", &fields)
    } else {
        post(client, "/admin/apps", &fields)
    };
    assert_eq!(saved.status, 303, "{what}: {}", saved.text());
    let path = saved.location().expect("its page");
    let path = path.trim_end_matches("?created").to_owned();
    if settings.is_empty() {
        return path;
    }
    let mut form = as_shown(client, &path);
    for (key, value) in *settings {
        match *key {
            "attributes" => form.extend(attribute(value)),
            key => set(&mut form, key, value),
        }
    }
    let saved = client.post(&path, &pairs(&form));
    if bad && case.cannot {
        assert_eq!(saved.status, 422, "{what}");
        assert!(text(&saved.text()).contains(case.says), "{what}");
        assert!(saved.text().contains("name=\"although\""), "{what}");
        set(&mut form, "although", "yes");
        assert_eq!(client.post(&path, &pairs(&form)).status, 303, "{what}");
    } else {
        assert_eq!(saved.status, 303, "{what}: {}", saved.text());
    }
    path
}

/// A row of the form, from the command line's spelling.
fn attribute(spelled: &str) -> Fields {
    let (name, source) = spelled.split_once('=').expect("a row");
    let (source, value) = source.split_once(':').unwrap_or((source, ""));
    row(
        name,
        "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
        source,
        value,
    )
}

/// The text of a page, as it is read.
fn text(html: &str) -> String {
    html.replace("&#39;", "'").replace("&#34;", "\"")
}

#[test]
fn pages_show_ask_and_list() {
    for case in cases(Timestamp::parse(crate::support::app::NOW).expect("an instant")) {
        let what = case.id.word();
        let app = TestApp::configured(case.config);
        let client = admin(&app, ALL);
        let path = add_by_page(&client, "good", &case, &case.good);
        let shown = text(&client.get(&path).text());
        assert!(shown.contains("id=\"settings\""), "{what}: the app's page");
        assert!(!shown.contains(case.says), "{what}");

        let path = add_by_page(&client, "bad", &case, &case.bad);
        let shown = text(&client.get(&path).text());
        assert!(shown.contains(case.says), "{what}: {shown}");
        let title = if case.cannot {
            "Nobody can sign on to this app as it is"
        } else {
            "Some sign-ons may not work"
        };
        assert!(shown.contains(title), "{what}");
        let list = client.get("/admin/apps").text();
        let badge = if case.cannot {
            "Cannot work: "
        } else {
            "May not work: "
        };
        assert!(list.contains(badge), "{what}: {list}");

        // What is so already is not asked about at each other change.
        let mut form = as_shown(&client, &path);
        set(&mut form, "description", "Changed");
        let saved = client.post(&path, &pairs(&form));
        assert_eq!(saved.status, 303, "{what}: {}", saved.text());
    }
}
