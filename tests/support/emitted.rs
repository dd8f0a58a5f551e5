//! Everything a server told its SPs in a test, checked by others: the schemas, and xmlsec1.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use avouch_saml::security::certificate::Certificate;

/// Documents gathered in one test.
#[derive(Default)]
pub(crate) struct Emitted {
    documents: Mutex<Vec<(String, Certificate)>>,
}

impl Emitted {
    /// Keeps a document, with the certificate of the key that signed at the time. One that was
    /// kept before is the same answer read once more.
    pub(crate) fn add(&self, xml: &str, certificate: Certificate) {
        let mut documents = self.documents.lock().expect("no panic inside");
        if !documents.iter().any(|(known, _)| known == xml) {
            documents.push((xml.to_owned(), certificate));
        }
    }

    /// Validates all against the schemas, scans them for what no message may hold, looks at every
    /// ID and instant, and verifies every signature by xmlsec1.
    pub(crate) fn check(&self) {
        let documents = std::mem::take(&mut *self.documents.lock().expect("no panic inside"));
        if documents.is_empty() {
            return;
        }
        let mut ids = HashSet::new();
        for (xml, certificate) in &documents {
            assert_plain(xml);
            check_ids(xml, &mut ids);
            check_instants(xml);
            verify(xml, certificate);
        }
        let documents: Vec<String> = documents.into_iter().map(|(xml, _)| xml).collect();
        super::schema::assert_all_schema_valid(&documents);
    }
}

/// The values of an attribute wherever it stands in a start tag.
fn attributes<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    let mark = format!(" {name}=\"");
    xml.split('<')
        .filter_map(|piece| piece.split('>').next())
        .filter_map(|tag| tag.split_once(&mark))
        .filter_map(|(_, rest)| rest.split('"').next())
        .collect()
}

/// AV-RSP-01: every ID is a name of 160 bits and is declared once, in this message and in all.
fn check_ids(xml: &str, seen: &mut HashSet<String>) {
    for name in ["ID", "SessionIndex"] {
        for id in attributes(xml, name) {
            let hex = id.strip_prefix('_').unwrap_or_default();
            assert!(
                hex.len() == 40
                    && hex
                        .bytes()
                        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
                "{name} {id:?} in {xml}"
            );
            assert!(
                seen.insert(id.to_owned()),
                "{name} {id} stands twice: {xml}"
            );
        }
    }
}

/// AV-RSP-02: every instant is UTC with Z, at most milliseconds, never second 60.
fn check_instants(xml: &str) {
    let mut found = 0;
    for name in [
        "IssueInstant",
        "NotBefore",
        "NotOnOrAfter",
        "AuthnInstant",
        "SessionNotOnOrAfter",
    ] {
        for instant in attributes(xml, name) {
            found += 1;
            assert!(is_instant(instant), "{name} {instant:?} in {xml}");
        }
    }
    assert!(found > 0, "a message has an IssueInstant: {xml}");
}

fn is_instant(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let shapes = ["", ".0", ".00", ".000"];
    shapes
        .iter()
        .any(|fraction| shape == format!("0000-00-00T00:00:00{fraction}Z"))
        && text.get(17..19).is_some_and(|second| second < "60")
}

#[test]
fn the_checks_of_messages_see_what_is_wrong() {
    for (instant, good) in [
        ("2026-03-01T12:00:00Z", true),
        ("2026-03-01T12:00:00.123Z", true),
        ("2026-03-01T12:00:60Z", false),
        ("2026-03-01T12:00:00.1234Z", false),
        ("2026-03-01T12:00:00+00:00", false),
        ("2026-03-01T12:00:00", false),
    ] {
        assert_eq!(is_instant(instant), good, "{instant}");
    }
    let id = format!("_{}", "0a".repeat(20));
    let message = format!("<a ID=\"{id}\"> ID=\"text\"</a>");
    let mut seen = HashSet::new();
    check_ids(&message, &mut seen);
    let again = std::panic::catch_unwind(move || check_ids(&message, &mut seen));
    assert!(again.is_err(), "a repeated ID");
    let short = std::panic::catch_unwind(|| check_ids("<a ID=\"_1\">", &mut HashSet::new()));
    assert!(short.is_err(), "an ID that can be guessed");
}

/// As [`judge_by`], with a certificate in a file.
pub(crate) fn judge(xml: &str, pem: &Path) {
    let pem = std::fs::read(pem).expect("a certificate");
    judge_by(xml, &Certificate::from_pem(&pem).expect("a certificate"));
}

/// As [`Emitted::check`], for one signed document and a key of its own: what another process sent,
/// or metadata.
pub(crate) fn judge_by(xml: &str, certificate: &Certificate) {
    assert_plain(xml);
    assert!(verify(xml, certificate) > 0, "nothing is signed in {xml}");
    super::schema::assert_schema_valid(xml.as_bytes());
}

fn assert_plain(xml: &str) {
    for forbidden in ["<!DOCTYPE", "<!--", "<![CDATA[", "<?", "ds:Object"] {
        assert!(!xml.contains(forbidden), "{forbidden} in {xml}");
    }
}

/// Verifies the signature of the root, if it has one, and that of a plain assertion; answers how
/// many there were.
pub(crate) fn verify(xml: &str, certificate: &Certificate) -> usize {
    let mut verified = 0;
    // Each element with what stands before its signature.
    for (namespace, parent, before) in [
        (
            "urn:oasis:names:tc:SAML:2.0:protocol",
            "samlp:Response",
            "</saml:Issuer>",
        ),
        (
            "urn:oasis:names:tc:SAML:2.0:assertion",
            "saml:Assertion",
            "</saml:Issuer>",
        ),
        (
            "urn:oasis:names:tc:SAML:2.0:metadata",
            "md:EntityDescriptor",
            ">",
        ),
    ] {
        let (start, end) = (format!("<{parent} "), format!("</{parent}>"));
        let Some(from) = xml.find(&start) else {
            continue;
        };
        let to = xml.find(&end).expect("it ends") + end.len();
        let signed = xml[from..to]
            .split_once(before)
            .is_some_and(|(_, rest)| rest.starts_with("<ds:Signature"));
        if signed {
            let (_, local) = parent.split_once(':').expect("a prefix");
            // Alone, as an SP that decrypted it would have it.
            assert!(
                xmlsec1(&xml[from..to], certificate, &format!("{namespace}:{local}")),
                "{parent} does not verify: {xml}"
            );
            verified += 1;
        }
    }
    verified
}

fn xmlsec1(xml: &str, certificate: &Certificate, node: &str) -> bool {
    use std::io::Write as _;
    let name = certificate.fingerprint().replace(':', "");
    let file = std::env::temp_dir().join(format!("avouch-test-{name}-{}.pem", std::process::id()));
    if !file.exists() {
        // Renamed into place, so that another test reads all of it or nothing.
        let partial = file.with_extension(format!("{:?}", std::thread::current().id()));
        std::fs::write(&partial, certificate.pem()).expect("written");
        std::fs::rename(&partial, &file).expect("renamed");
    }
    let mut tool = Command::new("xmlsec1")
        .args(["--verify", "--pubkey-cert-pem"])
        .arg(&file)
        .args(["--id-attr:ID", node, "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("xmlsec1 is installed");
    tool.stdin
        .take()
        .expect("piped")
        .write_all(xml.as_bytes())
        .expect("written");
    tool.wait().expect("it ends").success()
}
