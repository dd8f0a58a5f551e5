//! Everything a server told its SPs in a test, checked by others: the schemas, and xmlsec1.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use avouch_saml::security::certificate::KeyKind;

use super::dev_path;

/// Documents gathered in one test.
pub(crate) struct Emitted {
    documents: Mutex<Vec<String>>,
    certificate: &'static str,
}

impl Emitted {
    pub(crate) fn new(kind: KeyKind) -> Self {
        let certificate = match kind {
            KeyKind::Rsa { bits: 2048 } => "idp-rsa2048",
            KeyKind::Rsa { .. } => "idp-rsa3072",
            KeyKind::P256 => "idp-p256",
            _ => "idp-p384",
        };
        Self {
            documents: Mutex::default(),
            certificate,
        }
    }

    pub(crate) fn add(&self, xml: String) {
        self.documents.lock().expect("no panic inside").push(xml);
    }

    /// The certificate that signed, for checks of one document.
    pub(crate) fn certificate(&self) -> &'static str {
        self.certificate
    }

    /// Validates all against the schemas, scans them for what no message may hold, and verifies
    /// every signature by xmlsec1.
    pub(crate) fn check(&self) {
        let documents = std::mem::take(&mut *self.documents.lock().expect("no panic inside"));
        if documents.is_empty() {
            return;
        }
        for xml in &documents {
            assert_plain(xml);
            verify(xml, self.certificate);
        }
        super::schema::assert_all_schema_valid(&documents);
    }
}

/// As [`Emitted::check`], for one signed document and a key of its own, whose certificate is the
/// file `pem`: what another process sent, or metadata.
pub(crate) fn judge(xml: &str, pem: &Path) {
    assert_plain(xml);
    assert!(verify_by(xml, pem) > 0, "nothing is signed in {xml}");
    super::schema::assert_schema_valid(xml.as_bytes());
}

fn assert_plain(xml: &str) {
    for forbidden in ["<!DOCTYPE", "<!--", "<![CDATA[", "<?", "ds:Object"] {
        assert!(!xml.contains(forbidden), "{forbidden} in {xml}");
    }
}

/// Verifies the signature of the root, if it has one, and that of a plain assertion.
pub(crate) fn verify(xml: &str, certificate: &str) {
    verify_by(xml, &dev_path(&format!("{certificate}.cert.pem")));
}

/// How many signatures there were to verify.
fn verify_by(xml: &str, pem: &Path) -> usize {
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
                xmlsec1(&xml[from..to], pem, &format!("{namespace}:{local}")),
                "{parent} does not verify: {xml}"
            );
            verified += 1;
        }
    }
    verified
}

fn xmlsec1(xml: &str, pem: &Path, node: &str) -> bool {
    use std::io::Write as _;
    let mut tool = Command::new("xmlsec1")
        .args(["--verify", "--pubkey-cert-pem"])
        .arg(pem)
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
