//! The command line, as a process of its own.

use std::io::Write as _;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use avouch_saml::metadata::{IdpMetadata, Reading};
use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::certificate::Certificate;
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::xml::limits::Limits;
use avouch_server::clock::{Clock as _, SystemClock};
use avouch_server::random::{SystemRandom, new_id};
use serde_json::Value;

use crate::support::emitted::judge_by;
use crate::support::sp::{Sp, key, sign_metadata};
use crate::support::{database_of, dev_certificate, dev_pem};

/// A folder with a configuration and a database.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    binary: PathBuf,
    variables: Vec<(String, String)>,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(done: std::process::Output) -> Self {
        Self {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).expect("UTF-8"),
            err: String::from_utf8(done.stderr).expect("UTF-8"),
        }
    }
}

const CONFIG: &str =
    "[keys]\nalgorithm = 'ec-p256'\n[login]\nhash_memory_kib = 8\nhash_passes = 1\n";

impl Place {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("avouch-cli-{}", new_id(&mut SystemRandom)));
        std::fs::create_dir(&folder).expect("a folder for the test");
        let address = database_of(&folder);
        let place = Self {
            folder,
            binary: PathBuf::from(env!("CARGO_BIN_EXE_avouch")),
            variables: Vec::new(),
        };
        place.configure(CONFIG);
        match address {
            // As a file is, the schema is made by the first command.
            Some(address) => place
                .with("DATABASE_URL", &address)
                .with("AVOUCH_DATABASE_AUTO_MIGRATE", "true"),
            None => place,
        }
    }

    /// A place whose database is a file, whatever the tests run on: for what is SQLite's own.
    pub(crate) fn with_file() -> Self {
        let mut place = Self::new();
        place.variables.clear();
        place
    }

    /// The same place as another binary finds it.
    pub(crate) fn to_binary(&self, binary: PathBuf) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self {
            folder: self.folder.clone(),
            binary,
            variables: self.variables.clone(),
        })
    }

    /// The address of its database.
    pub(crate) fn database(&self) -> String {
        let set = self.variables.iter().find(|(n, _)| n == "DATABASE_URL");
        set.map_or_else(
            || self.folder.join("data/avouch.sqlite").display().to_string(),
            |(_, address)| address.clone(),
        )
    }

    pub(crate) fn configure(&self, text: &str) {
        self.write("avouch.toml", text);
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The command, in the folder, with no environment but what the test gives.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("AVOUCH_CONFIG", "avouch.toml")
            .envs(self.variables.iter().map(|(n, v)| (n, v)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("avouch starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Said::of(child.wait_with_output().expect("avouch ends"))
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str], input: &str) -> String {
        let said = self.run_with(arguments, input);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said.out
    }

    /// As [`Place::ok`], read as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str], input: &str) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let out = self.ok(&all, input);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// The certificate of the key in use. Not by way of a file: threads of one test ask at once.
    pub(crate) fn signing_certificate(&self) -> Certificate {
        let list = self.json(&["key", "list"], "");
        let pem = list[0]["certificate"].as_str().expect("PEM");
        Certificate::from_pem(pem.as_bytes()).expect("a certificate")
    }

    /// Runs a command that must fail with `code` and name each of `signs`.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str], input: &str, code: i32, signs: &[&str]) {
        let said = self.run_with(arguments, input);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        for sign in signs {
            assert!(
                said.err.contains(sign),
                "{arguments:?} lacks {sign:?}: {said:?}"
            );
        }
        assert!(said.out.is_empty(), "{said:?}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const PASSWORD: &str = "a sample password\n";

/// Metadata is read anew with its changes shown; risky ones are taken only when that is said.
#[test]
fn risky_metadata_is_taken_only_when_that_is_said() {
    let place = Place::new();
    let sp = Sp::new("wiki");
    let file = |name: &str, text: &str| place.write(name, text).display().to_string();
    let first = file("first.xml", &sp.metadata());
    place.ok(&["app", "add", &first, "--api-name", "wiki"], "");
    let acs = |place: &Place| {
        place.json(&["app", "show", "wiki"], "")["service_provider"]["acs"][0]["location"].clone()
    };
    let moved = sp
        .metadata()
        .replace(&sp.acs, "https://elsewhere.example.net/acs");
    let moved = file("moved.xml", &moved);
    let edit = ["app", "edit", "wiki", "--metadata", &moved];
    let said = place.ok(&[&edit[..], &["--preview"]].concat(), "");
    assert!(said.contains("to check with the app's owner") && said.contains("nothing was stored"));
    place.refused(&edit, "", 1, &["elsewhere.example.net", "--accept-risky"]);
    assert_eq!(acs(&place), sp.acs);
    place.ok(&[&edit[..], &["--accept-risky"]].concat(), "");
    assert_eq!(acs(&place), "https://elsewhere.example.net/acs");
    // What changes nothing needs no word.
    let said = place.ok(&edit, "");
    assert!(!said.contains("to check"), "{said}");
}

/// Proves AV-SEC-52 for files given again: an older copy is risky, a newer one is not.
#[test]
fn av_sec_52_an_older_copy_is_taken_only_when_that_is_said() {
    let place = Place::new();
    let sp = Sp::new("wiki");
    let until = |year: i32| {
        let text = sp.metadata().replacen(
            "entityID=",
            &format!("validUntil=\"{year}-01-01T00:00:00Z\" entityID="),
            1,
        );
        let name = format!("{year}.xml");
        place.write(&name, &text).display().to_string()
    };
    place.ok(&["app", "add", &until(2091), "--api-name", "wiki"], "");
    place.ok(&["app", "edit", "wiki", "--metadata", &until(2092)], "");
    let older = until(2091);
    let edit = ["app", "edit", "wiki", "--metadata", &older];
    place.refused(&edit, "", 1, &["older", "2092-01-01"]);
    place.ok(&[&edit[..], &["--accept-risky"]].concat(), "");
}

#[test]
fn an_app_is_uninstalled_and_installed_again_closed() {
    let place = Place::new();
    let sp = Sp::new("wiki");
    let file = place.write("sp.xml", &sp.metadata()).display().to_string();
    let open = "permitted_users=self_authorize";
    place.ok(
        &["app", "add", &file, "--api-name", "wiki", "--set", open],
        "",
    );
    let now = |flag: &str| place.json(&["app", "edit", "wiki", flag], "");
    assert_eq!(now("--uninstall")["state"], "uninstalled");
    place.refused(
        &["app", "edit", "wiki", "--unblock"],
        "",
        1,
        &["install it first"],
    );
    let again = now("--install");
    assert_eq!(again["state"], "installed");
    assert_eq!(again["settings"]["permitted_users"], "admin_approved");
}

#[test]
fn users_are_added_listed_changed_and_kept_out() {
    let place = Place::new();
    place.ok(&["profile", "add", "Staff"], "");
    let misspelt = ["user", "add", "x", "--no-password", "--profile", "Stafff"];
    place.refused(&misspelt, "", 6, &["did you mean \"Staff\"?"]);
    let unlike = ["user", "add", "x", "--no-password", "--profile", "Zebra"];
    place.refused(&unlike, "", 6, &["avouch profile add NAME"]);
    let arguments = [
        "user",
        "add",
        "Sample.One",
        "--given-name",
        "Sample",
        "--family-name",
        "Öne",
        "--email",
        "sample.one@example.org",
        "--federation-id",
        "s1",
        "--profile",
        "Staff",
        "--attr",
        "team=blue",
        "--attr",
        "team=red",
        "--admin",
        "read_apps",
    ];
    let made = place.json(&arguments, PASSWORD);
    assert_eq!(made["display_name"], "Sample Öne");
    assert_eq!(
        made["attributes"]["team"],
        serde_json::json!(["blue", "red"])
    );
    assert_eq!(made["admin"], serde_json::json!(["read_apps"]));
    place.refused(&["user", "add", "sample.ONE"], PASSWORD, 7, &["taken"]);

    place.ok(&["profile", "add", "Set a", "--set"], "");
    let edit = [
        "user",
        "edit",
        "sample.one",
        "--admin",
        "all",
        "--attr",
        "team=",
        "--attr",
        "desk=12",
        "--federation-id",
        "",
        "--email",
        "one@example.org",
        "--permission-set",
        "Set a",
    ];
    let changed = place.json(&edit, "");
    assert_eq!(changed["admin"].as_array().map(Vec::len), Some(8));
    assert_eq!(changed["attributes"], serde_json::json!({ "desk": ["12"] }));
    assert_eq!(changed["federation_id"], Value::Null);
    assert_eq!(changed["display_name"], "Sample Öne");
    assert_eq!(changed["permission_sets"], serde_json::json!(["Set a"]));
    assert_eq!(place.json(&["user", "show", "sample.one"], ""), changed);
    place.refused(
        &["user", "edit", "sample.one", "--permission-set", "Set b"],
        "",
        6,
        &["permission set"],
    );

    let list = place.json(&["user", "list"], "");
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert!(place.ok(&["user", "list"], "").contains("Sample.One"));
    place.ok(&["user", "set-password", "sample.one"], PASSWORD);
    for (command, active) in [("deactivate", false), ("activate", true)] {
        place.ok(&["user", command, "sample.one"], "");
        let list = place.json(&["user", "list"], "");
        assert_eq!(list[0]["active"], active);
    }
    place.refused(
        &["user", "deactivate", "sample.on"],
        "",
        6,
        &["did you mean"],
    );
    place.refused(
        &["user", "add", "two", "--admin", "read_app"],
        PASSWORD,
        1,
        &["did you mean", "read_apps"],
    );
}

#[test]
fn what_is_stored_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::with_file();
    place.ok(&["user", "add", "one"], PASSWORD);
    place.ok(&["key", "list"], "");
    let mode = |name: &str| {
        let found = std::fs::metadata(place.folder.join(name)).expect("made");
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode("data"), 0o700);
    assert_eq!(mode("data/avouch.sqlite"), 0o600);
    assert_eq!(mode("data/master.key"), 0o600);
}

#[test]
fn a_password_is_never_an_argument_and_never_too_short() {
    let place = Place::new();
    place.refused(
        &["user", "add", "one", "--password", "x"],
        "",
        2,
        &["--password"],
    );
    place.refused(
        &["user", "set-password", "one", "x"],
        "",
        2,
        &["unexpected"],
    );
    place.refused(&["user", "add", "one"], "short\n", 7, &["at least 12"]);
    place.refused(&["user", "add", "one"], "", 7, &["at least 12"]);
    assert_eq!(place.json(&["user", "list"], ""), serde_json::json!([]));
}

#[test]
fn an_app_comes_from_metadata_and_is_shown_edited_and_removed() {
    let place = Place::new();
    let sp = Sp::new("wiki");
    let file = place.write("sp.xml", &sp.metadata());
    let file = file.to_str().expect("UTF-8");

    let preview = place.run(&["app", "add", file, "--preview"]);
    assert_eq!(preview.code, 0, "{preview:?}");
    assert!(preview.out.contains(&sp.entity_id) && preview.out.contains(&sp.acs));
    assert_eq!(place.json(&["app", "list"], ""), serde_json::json!([]));

    // The first key is made by what needs one.
    place.ok(&["key", "list"], "");
    let made = place.json(&["app", "add", file, "--api-name", "wiki"], "");
    assert_eq!(made["api_name"], "wiki");
    place.refused(&["app", "add", file], "", 7, &["entity ID", "app edit"]);
    let refused = place.run(&["app", "show", "wikki", "--json"]);
    let error: Value = serde_json::from_str(&refused.err).expect("errors are JSON too");
    assert_eq!((refused.code, &error["exit_code"]), (6, &Value::from(6)));
    assert_eq!(error["kind"], "not_found");
    assert!(
        error["error"]
            .as_str()
            .is_some_and(|e| e.contains("did you mean \"wiki\"?"))
    );
    let list = place.json(&["app", "list"], "");
    assert_eq!(list.as_array().map(Vec::len), Some(1));

    place.ok(
        &[
            "app",
            "edit",
            "wiki",
            "clock_skew_seconds=60",
            "encryption=off",
        ],
        "",
    );
    let shown = place.ok(&["app", "show", "wiki"], "");
    for part in [
        "clock_skew_seconds = 60 (clock_skew_seconds of the app)",
        &sp.acs,
        "/launch/wiki",
        "Certificate   SHA-256",
        "expires",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = place.json(&["app", "show", "wiki"], "");
    assert_eq!(shown["settings"]["clock_skew_seconds"], 60);
    assert_eq!(shown["settings"]["ask_consent"], true);
    assert_eq!(shown["service_provider"]["acs"][0]["location"], sp.acs);
    assert!(
        shown["service_provider"]["keys"][0]["expires"].is_string(),
        "{shown}"
    );
    for url in ["launch_url", "app_metadata_url", "sso_url"] {
        assert!(shown["identity_provider"][url].is_string(), "{url}");
    }
    let certificates = &shown["identity_provider"]["certificates"];
    assert!(certificates[0]["fingerprint_sha256"].is_string());
    assert_eq!(made["identity_provider"], shown["identity_provider"]);
    place.ok(&["app", "edit", "wiki", "clock_skew_seconds="], "");
    let shown = place.json(&["app", "show", "wiki"], "");
    assert_eq!(
        shown["in_force"]["clock_skew_seconds"],
        serde_json::json!({
            "value": "180", "source": "saml.clock_skew_seconds", "origin": "organisation",
        })
    );
    assert_eq!(
        shown["in_force"]["request_signatures"]["value"],
        "checked when present"
    );
    place.refused(
        &["app", "edit", "wiki", "clock_skew_second=1"],
        "",
        7,
        &["did you mean clock_skew_seconds"],
    );
    place.refused(
        &["app", "edit", "wiki", "clock_skew_seconds=soon"],
        "",
        7,
        &["expected", "received \"soon\""],
    );
    for (pair, sign) in [
        ("signing_key=nothing", "key list"),
        ("signature_algorithm=rsa-sha1", "danger_allow_sha1"),
    ] {
        place.refused(&["app", "edit", "wiki", pair], "", 7, &[sign]);
    }
    place.ok(
        &["app", "edit", "wiki", "signature_algorithm=rsa-sha384"],
        "",
    );
    let strict = "[saml]\nblocked_signatures = \
                  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512'\n";
    place.configure(&format!("{CONFIG}{strict}"));
    place.refused(
        &["app", "edit", "wiki", "signature_algorithm=rsa-sha512"],
        "",
        7,
        &["saml.blocked_signatures"],
    );
    place.ok(&["app", "remove", "wiki"], "");
    place.refused(
        &["app", "add", file, "--api-name", "A Wiki"],
        "",
        7,
        &["lower-case"],
    );
    assert_eq!(place.json(&["app", "list"], ""), serde_json::json!([]));
}

#[test]
fn an_app_comes_from_standard_input_and_from_typed_fields() {
    let place = Place::new();
    let sp = Sp::new("wiki");
    place.ok(&["app", "add", "-"], &sp.metadata());
    let typed = [
        "app",
        "add",
        "--entity-id",
        "https://two.example.org/sp",
        "--acs",
        "https://two.example.org/acs",
        "--set",
        "permitted_users=self_authorize",
    ];
    let made = place.json(&typed, "");
    assert_eq!(made["entity_id"], "https://two.example.org/sp");
    assert_eq!(
        place.json(&["app", "list"], "").as_array().map(Vec::len),
        Some(2)
    );
}

/// What is no metadata, or unsafe, is refused with line and reason, and nothing is stored.
#[test]
fn bad_metadata_is_refused_with_line_and_reason() {
    let place = Place::new();
    let good = Sp::new("wiki").metadata();
    let (before, after) = good
        .split_once("<md:AssertionConsumerService")
        .expect("has one");
    let end = after.find("/>").expect("ends") + 2;
    for (text, signs) in [
        (
            "<html/>".to_owned(),
            &["line 1", "expected SAML metadata"][..],
        ),
        ("no XML".to_owned(), &["line 1"]),
        (
            format!("{before}{}", &after[end..]),
            &["no usable AssertionConsumerService"],
        ),
        (
            good.replace("https://wiki.example.org/acs", "javascript:alert(1)"),
            &["javascript:alert(1)"],
        ),
        (
            good.replace("entityID=", "validUntil=\"2020-01-01T00:00:00Z\" entityID="),
            &["expired"],
        ),
    ] {
        let mut all = vec!["nothing was stored"];
        all.extend(signs);
        place.refused(&["app", "add", "-"], &text, 7, &all);
    }
    assert_eq!(place.json(&["app", "list"], ""), serde_json::json!([]));
    place.ok(&["app", "add", "-"], &good);
}

#[test]
fn keys_follow_one_another() {
    let place = Place::new();
    let list = place.json(&["key", "list"], "");
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let first = list[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        (&list[0]["state"], &list[0]["algorithm"]),
        (&"active".into(), &"ec-p256".into())
    );

    let second = place.json(&["key", "add", "--key", "ec-p384"], "");
    let second = second["id"].as_str().expect("an id").to_owned();
    place.refused(&["key", "add", "--key", "rsa-1024"], "", 2, &["rsa-3072"]);
    place.refused(
        &["key", "retire", &first],
        "",
        1,
        &["active", "activate another"],
    );
    // Nobody can have read of the new key yet.
    place.refused(
        &["key", "activate", &second[..8]],
        "",
        1,
        &["their sign-ons would fail", "wait until then", "--force"],
    );
    place.ok(&["key", "activate", &second[..8], "--force"], "");
    let states = |place: &Place| -> Vec<(String, String)> {
        let list = place.json(&["key", "list"], "");
        let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
        list.as_array()
            .expect("a list")
            .iter()
            .map(|key| (text(key, "id"), text(key, "state")))
            .collect()
    };
    assert_eq!(
        states(&place),
        [
            (second.clone(), "active".to_owned()),
            (first.clone(), "previous".to_owned())
        ]
    );
    place.refused(
        &["key", "retire", &first],
        "",
        1,
        &["the key signed until", "--force"],
    );
    place.ok(&["key", "retire", &first, "--force"], "");
    assert_eq!(states(&place)[1], (first, "retired".to_owned()));
    place.refused(&["key", "activate", "nothing"], "", 6, &["key list"]);
}

/// Proves AV-ALG-11, in its half about showing: no command prints a private half.
#[test]
fn av_alg_11_a_private_key_is_never_shown() {
    let place = Place::with_file();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../certs/dev");
    let file = |name: &str| {
        root.join(name)
            .canonicalize()
            .expect("there")
            .display()
            .to_string()
    };
    let pem = std::fs::read_to_string(root.join("idp-p256.key.pem")).expect("there");
    let secret = pem.lines().nth(1).expect("base64").to_owned();
    let imported = place.ok(
        &[
            "--json",
            "key",
            "add",
            "--private-key",
            &file("idp-p256.key.pem"),
            "--certificate",
            &file("idp-p256.cert.pem"),
        ],
        "",
    );
    let mut said = imported;
    for command in [
        &["key", "list"][..],
        &["--json", "key", "list"],
        &["metadata"],
    ] {
        said.push_str(&place.ok(command, ""));
    }
    assert!(said.contains("BEGIN CERTIFICATE"));
    assert!(!said.contains(&secret) && !said.contains("PRIVATE KEY"));
    let stored = std::fs::read(place.folder.join("data/avouch.sqlite")).expect("a database");
    let wal = std::fs::read(place.folder.join("data/avouch.sqlite-wal")).unwrap_or_default();
    // The private number itself, as it stands in the DER.
    let der = pem_body(&pem);
    let number = &der[36..68];
    for bytes in [stored, wal] {
        assert!(!bytes.windows(32).any(|window| window == number));
    }
}

fn pem_body(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let text: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .expect("base64")
}

#[test]
fn the_printed_metadata_is_signed_by_the_listed_key() {
    let place = Place::new();
    let printed = place.ok(&["metadata"], "");
    let list = place.json(&["key", "list"], "");
    let pem = list[0]["certificate"].as_str().expect("PEM");
    let key = Certificate::from_pem(pem.as_bytes())
        .map(|certificate| certificate.public_key().expect("a key"));
    let verified = verify_enveloped(
        printed.as_bytes(),
        &[key.expect("a certificate")],
        &AlgorithmPolicy::default(),
        &Limits::METADATA,
    );
    assert!(verified.is_ok());
    judge_by(&printed, &place.signing_certificate());
    let read = IdpMetadata::parse(printed.as_bytes(), &Reading::at(SystemClock.now()));
    assert_eq!(
        read.expect("metadata").entity_id.as_str(),
        "http://localhost:8080/saml/metadata"
    );
    place.refused(&["metadata", "--app", "wiki"], "", 6, &["no app \"wiki\""]);
}

/// Proves AV-SEC-73 for the command line: nothing starts on a configuration with a typo in it.
#[test]
fn av_sec_73_a_typo_in_the_configuration_ends_every_command() {
    let place = Place::new();
    place.configure("[saml]\nhide_status_detial = true\n");
    for command in [
        &["serve"][..],
        &["check-config"],
        &["migrate"],
        &["user", "list"],
        &["metadata"],
    ] {
        place.refused(
            command,
            "",
            3,
            &["saml.hide_status_detial", "hide_status_detail"],
        );
    }
    assert!(!place.folder.join("data").exists(), "nothing was made");
    place.configure("[saml]\nhide_status_detail = true\n");
    place.ok(&["migrate"], "");

    let place = place.with("AVOUCH_SERVER_INSECURE_HTPP", "true");
    place.refused(&["serve"], "", 3, &["AVOUCH_SERVER_INSECURE_HTTP"]);
    let elsewhere = Place::new().with("AVOUCH_CONFIG", "missing.toml");
    elsewhere.refused(&["serve"], "", 3, &["missing.toml"]);
}

#[test]
fn a_good_configuration_is_told_with_what_a_login_costs() {
    let place = Place::new();
    let told = place.json(&["check-config"], "");
    assert_eq!(told["ok"], true);
    assert!(told["password_hash_ms"].is_u64());
    place.configure("[server]\nbase_url = 'http://idp.test'\ninsecure_http = true\n");
    assert!(place.ok(&["check-config"], "").contains("in the clear"));
}

#[test]
fn a_database_that_is_behind_or_away_or_anothers_is_told() {
    let place = Place::new().with("AVOUCH_DATABASE_AUTO_MIGRATE", "false");
    place.configure("[database]\nauto_migrate = false\n[keys]\nalgorithm = 'ec-p256'\n");
    place.refused(
        &["serve"],
        "",
        1,
        &["0001_foundation", "avouch migrate", "--migrate"],
    );
    assert!(place.ok(&["migrate"], "").contains("0001_foundation"));
    assert!(place.ok(&["migrate"], "").contains("already"));
    place.ok(&["key", "list"], "");
    let place = place.with("AVOUCH_KEYS_MASTER", &"ab".repeat(32));
    place.refused(
        &["serve"],
        "",
        3,
        &["keys.master", "not the one this database was made with"],
    );
    // Port 1 is nobody's.
    let place = Place::new().with("DATABASE_URL", "postgres://u:hush@127.0.0.1:1/avouch");
    let said = place.run(&["serve"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(
        said.err.contains("cannot be reached") && !said.err.contains("hush"),
        "{said:?}"
    );
}

#[test]
fn what_migrate_would_do_is_said_and_not_done() {
    let place = Place::new();
    let said = place.run(&["migrate", "--check"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.out.contains("would apply"), "{said:?}");
    assert!(said.out.contains("0001_foundation"), "{said:?}");
    let said = place.run(&["--json", "migrate", "--check"]);
    assert_eq!(said.code, 5, "{said:?}");
    let value: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(value["to_apply"][0]["name"], "0001_foundation");
    assert_eq!(value["to_apply"][0]["contracts"], false);
    assert_eq!(value["later"], serde_json::json!([]));
    assert!(!place.folder.join("data").exists(), "no database is made");

    place.ok(&["migrate"], "");
    let text = place.ok(&["migrate", "--check"], "");
    assert!(text.contains("already"), "{text}");
    let value = place.json(&["migrate", "--check"], "");
    assert_eq!(value["to_apply"], serde_json::json!([]));
}

#[test]
fn development_certificates_are_refused_for_other_hosts() {
    let place = Place::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../certs/dev");
    let root = root.canonicalize().expect("there").display().to_string();
    let config = |host: &str| {
        format!(
            "{CONFIG}[server]\nbase_url = 'https://{host}'\ntls_certificate = '{root}/tls.cert.pem'\n\
             tls_key = '{root}/tls.key.pem'\n"
        )
    };
    place.configure(&config("localhost:8443"));
    place.ok(&["check-config"], "");
    place.configure(&config("login.example.org"));
    for command in ["serve", "check-config"] {
        place.refused(
            &[command],
            "",
            1,
            &["development certificates", "login.example.org"],
        );
    }
}

/// A self-signed certificate that was good for a day, some days ago, with its key.
fn expired_pair() -> (Vec<u8>, Vec<u8>) {
    use openssl::asn1::Asn1Time;
    let key = openssl::pkey::PKey::private_key_from_pem(
        crate::support::dev_pem("idp-p256.key.pem").as_bytes(),
    )
    .expect("a key");
    let mut builder = openssl::x509::X509Builder::new().expect("a builder");
    builder.set_pubkey(&key).expect("set");
    let at = |text: &str| Asn1Time::from_str(text).expect("a time");
    builder.set_not_before(&at("20200101000000Z")).expect("set");
    builder.set_not_after(&at("20200102000000Z")).expect("set");
    builder
        .sign(&key, openssl::hash::MessageDigest::sha256())
        .expect("signed");
    let certificate = builder.build().to_pem().expect("PEM");
    (certificate, key.private_key_to_pem_pkcs8().expect("PEM"))
}

#[test]
fn check_config_reads_the_tls_certificate_and_its_key() {
    let place = Place::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../certs/dev");
    let dev = |name: &str| root.join(name).display().to_string();
    let check = |certificate: &str, key: &str| {
        place.configure(&format!(
            "{CONFIG}[server]\nbase_url = 'https://localhost:8443'\n\
             tls_certificate = '{certificate}'\ntls_key = '{key}'\n"
        ));
    };
    let (certificate, key) = (dev("tls.cert.pem"), dev("tls.key.pem"));
    check(&certificate, &key);
    let json = place.json(&["check-config"], "");
    assert!(json["tls_certificate_expires"].is_string(), "{json}");
    check(&certificate, &dev("idp-p256.key.pem"));
    for command in ["serve", "check-config"] {
        place.refused(&[command], "", 1, &["server.tls_key", "issued together"]);
    }
    check(&key, &key);
    place.refused(
        &["check-config"],
        "",
        1,
        &["server.tls_certificate", "in PEM"],
    );
    check(&certificate, &certificate);
    place.refused(&["check-config"], "", 1, &["server.tls_key", "private key"]);
    let (old, its_key) = expired_pair();
    let file = |name: &str, pem: &[u8]| {
        let text = std::str::from_utf8(pem).expect("PEM is text");
        place.write(name, text).display().to_string()
    };
    check(&file("old.pem", &old), &file("old.key", &its_key));
    place.refused(&["check-config"], "", 1, &["has expired on 2020-01-02"]);
}

/// Each change of the command line is told as fully as one of a page: who made it, about whom or
/// what, and each setting before and after.
#[test]
fn every_change_is_an_event_that_can_be_explained() {
    use avouch_server::store::{Address, Db, events};

    let place = Place::new();
    let who = std::process::Command::new("id").arg("-un").output();
    let who = String::from_utf8(who.expect("id is there").stdout).expect("UTF-8");
    let who = format!("{} (command line)", who.trim());
    let db = |place: &Place| Db::new(Address::parse(&place.database()).expect("an address"), 1);
    place.ok(&["migrate"], "");
    let db = db(&place);
    let metadata = Sp::new("wiki").metadata();
    let second = place.json(&["key", "add"], "");
    let second = second["id"].as_str().expect("an id").to_owned();
    type Line = (&'static str, &'static str, &'static str);
    let changes: &[(&[&str], &str, &str, &[Line])] = &[
        (
            &["profile", "add", "Staff"],
            "",
            "",
            &[("profile", "", "Staff")],
        ),
        (
            &["user", "add", "one", "--locale", "en"],
            PASSWORD,
            "one",
            &[("locale", "", "en"), ("profile", "", "Standard User")],
        ),
        (
            &[
                "user",
                "edit",
                "one",
                "--locale",
                "fi",
                "--admin",
                "read_apps",
                "--profile",
                "Staff",
            ],
            "",
            "one",
            &[
                ("locale", "en", "fi"),
                ("admin", "", "read_apps"),
                ("profile", "Standard User", "Staff"),
            ],
        ),
        (&["user", "set-password", "one"], PASSWORD, "one", &[]),
        (
            &["user", "deactivate", "one"],
            "",
            "one",
            &[("active", "active", "deactivated")],
        ),
        (
            &["app", "add", "-", "--api-name", "wiki"],
            &metadata,
            "wiki",
            &[],
        ),
        (
            &["app", "edit", "wiki", "order=7", "--allow-profile", "Staff"],
            "",
            "wiki",
            &[("order", "0", "7"), ("profiles", "", "Staff")],
        ),
        (
            &["app", "edit", "wiki", "--block"],
            "",
            "wiki",
            &[("state", "installed", "blocked")],
        ),
        (
            &["app", "edit", "wiki", "--uninstall"],
            "",
            "wiki",
            &[
                ("state", "blocked", "uninstalled"),
                ("order", "7", "0"),
                ("profiles", "Staff", ""),
            ],
        ),
        (
            &["app", "edit", "wiki", "--metadata", "-"],
            &metadata,
            "wiki",
            &[],
        ),
        (&["app", "remove", "wiki"], "", "wiki", &[]),
        (
            &["key", "activate", &second, "--force"],
            "",
            "",
            &[
                (" (signing)", "next", "active"),
                (" (signing)", "active", "previous"),
            ],
        ),
    ];
    let logged = || {
        let wanted = events::Filter::default();
        db.read_one(|c| events::list(c, &wanted, 100))
            .expect("reads")
    };
    for (arguments, input, about, lines) in changes {
        let before = logged().len();
        place.ok(arguments, input);
        let all = logged();
        assert_eq!(all.len(), before + 1, "{arguments:?}");
        let event = &all[0].event;
        assert_eq!(
            event.actor.as_ref().and_then(|actor| actor.name.as_deref()),
            Some(who.as_str()),
            "{arguments:?}"
        );
        assert_eq!(event.address, "command line");
        let named = event.username().or(event.app_name.as_deref());
        assert!(
            named.map_or(about.is_empty(), |name| name.starts_with(about)),
            "{arguments:?}: {event:?}"
        );
        for (name, was, is) in *lines {
            assert!(
                crate::support::app::lines(event)
                    .iter()
                    .any(|check| check.name.ends_with(name)
                        && check.expected == *was
                        && check.received == *is),
                "{arguments:?} lacks {name} from {was:?} to {is:?}: {event:?}"
            );
        }
        let code = all[0].code.as_str();
        let text = place.ok(&["explain", &code.to_lowercase()], "");
        for part in [
            code,
            "command line",
            &who,
            "It worked.",
            "What to do: Nothing.",
        ] {
            assert!(text.contains(part), "lacks {part:?}: {text}");
        }
        let json = place.json(&["explain", code], "");
        assert_eq!(json["next_step"], "Nothing.");
        assert_eq!(json["result"], "Success");
        assert_eq!(json["actor"]["name"], who.as_str());
    }
    place.refused(&["explain", "AAAA-AAAA"], "", 6, &["AAAA-AAAA"]);
}

/// Proves IIP-MD03, SDP-MD02, SDP-MD03 for the command line: what is read is what the key given has
/// signed, and for no longer than a source may say.
#[test]
fn iip_md03_a_metadata_file_is_verified_with_the_certificate_given() {
    let place = Place::new();
    let certificate = |name: &str| {
        let path = place.write(name, &dev_pem(&format!("{name}.cert.pem")));
        path.display().to_string()
    };
    let (trusted, other) = (certificate("idp-rsa3072"), certificate("idp-rsa2048"));
    let signed = |name: &str, days: i64, keys: &str| {
        let until = SystemClock.now().plus_seconds(days * 86_400);
        let sp = Sp {
            root_attributes: format!("validUntil=\"{until}\""),
            keys: Sp::new("wiki").keys + keys,
            ..Sp::new("wiki")
        };
        let file = place.write(name, &sign_metadata(&sp.metadata(), "idp-rsa3072"));
        file.display().to_string()
    };
    let good = signed("good.xml", 20, "");
    let long = signed("long.xml", 40, "");
    let unsigned = place.write("unsigned.xml", &Sp::new("wiki").metadata());
    let unsigned = unsigned.display().to_string();
    for (file, by, sign) in [
        (&good, &other, "not signed by the key"),
        (&unsigned, &trusted, "not signed by the key"),
        (&long, &trusted, "line 1"),
    ] {
        place.refused(&["app", "add", file, "--signed-by", by], "", 7, &[sign]);
    }
    let preview = place.ok(&["app", "add", &good, "--preview"], "");
    assert!(preview.contains("not verified: no trust key"), "{preview}");
    let added = place.json(&["app", "add", &good, "--signed-by", &trusted], "");
    let name = added["api_name"].as_str().expect("a name");
    let fingerprint = dev_certificate("idp-rsa3072").fingerprint();
    let signature = added["preview"]["signature"].as_str().expect("said");
    assert!(signature.contains(&fingerprint), "{signature}");

    let renewed = signed("renewed.xml", 20, &key("signing", "sp-signing-p256"));
    let edit = |by| {
        [
            "app",
            "edit",
            name,
            "--metadata",
            &renewed,
            "--signed-by",
            by,
        ]
    };
    place.refused(&edit(&other), "", 7, &["not signed by the key"]);
    let said = place.ok(&edit(&trusted), "");
    let fingerprint = dev_certificate("sp-signing-p256").fingerprint();
    assert!(said.contains(&fingerprint), "what changed is said: {said}");
}

#[test]
fn a_shared_mail_address_is_told_and_a_verified_one_is_one_user_s() {
    let place = Place::new();
    let add = |name: &str, mail: &str| {
        place.run(&["user", "add", name, "--email", mail, "--no-password"])
    };
    assert_eq!(add("one", "sample@example.org").err, "");
    let second = add("two", "Sample@example.org");
    assert_eq!(second.code, 0, "{second:?}");
    assert!(
        second.err.contains("is the address of one too"),
        "{second:?}"
    );
    let verify = |name| ["user", "edit", name, "--email-verified", "true"];
    place.ok(&verify("one"), "");
    place.refused(&verify("two"), "", 7, &["the address of one"]);
    place.ok(&["user", "edit", "two", "--email", "other@example.org"], "");
    place.ok(&verify("two"), "");
}
