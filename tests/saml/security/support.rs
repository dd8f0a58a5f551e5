//! Keys, documents and the second implementation that checks ours.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use avouch_saml::ids::MessageId;
use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::certificate::{Certificate, PrivateKey, PublicKey};
use avouch_saml::security::sign::{KeySigner, SignedXml, Signer, Unsigned, sign_enveloped};
use avouch_saml::security::verify::{VerifiedXml, VerifyError, verify_enveloped};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names;
use avouch_saml::xml::writer::{QName, Writer};

pub(crate) const REQUEST_ID: &str = "_5f3a9c0d1e2b4a6f8c7d9e0b1a2c3d4e5f607182";

const SAMLP: fn(&'static str) -> QName = |local| QName::new("samlp", names::SAMLP, local);
const SAML: fn(&'static str) -> QName = |local| QName::new("saml", names::SAML, local);
const MD: fn(&'static str) -> QName = |local| QName::new("md", names::MD, local);

pub(crate) fn dev_path(file: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../certs/dev");
    root.join(file)
}

pub(crate) fn dev_key(name: &str) -> PrivateKey {
    let pem = std::fs::read(dev_path(&format!("{name}.key.pem"))).unwrap();
    PrivateKey::from_pem(&pem).unwrap()
}

pub(crate) fn dev_certificate(name: &str) -> Certificate {
    let pem = std::fs::read(dev_path(&format!("{name}.cert.pem"))).unwrap();
    Certificate::from_pem(&pem).unwrap()
}

/// A signer with the default algorithm of the key's kind.
pub(crate) fn dev_signer(name: &str) -> KeySigner {
    let algorithm = dev_key(name).kind().default_algorithm();
    dev_signer_with(name, algorithm)
}

pub(crate) fn dev_signer_with(name: &str, algorithm: SignatureAlgorithm) -> KeySigner {
    let policy = AlgorithmPolicy::default();
    KeySigner::new(dev_key(name), dev_certificate(name), algorithm, &policy).unwrap()
}

/// What a test document stands for.
pub(crate) struct Document;

/// An AuthnRequest from `issuer`, with an extension and text that needs escaping.
pub(crate) fn authn_request(issuer: &str, text: &str) -> Unsigned<Document> {
    let mut w = Writer::with_capacity(1024);
    w.start(SAMLP("AuthnRequest"))
        .attr("ID", REQUEST_ID)
        .attr("Version", "2.0")
        .attr("IssueInstant", "2026-01-01T00:00:00Z")
        .attr("Destination", "https://idp.example.org/saml/sso?a=1&b=2")
        .leaf(SAML("Issuer"), issuer);
    let insert_at = w.position();
    w.start(SAMLP("Extensions"))
        .leaf(QName::new("x", "urn:example:extension", "Note"), text)
        .end();
    w.start(SAMLP("NameIDPolicy"))
        .attr("AllowCreate", "true")
        .end();
    w.end();
    let id = MessageId::parse(REQUEST_ID).unwrap();
    Unsigned::new(w.finish().unwrap(), insert_at, id)
}

/// An EntityDescriptor, whose signature comes first in the root.
pub(crate) fn entity_descriptor() -> Unsigned<Document> {
    let mut w = Writer::with_capacity(1024);
    w.start(MD("EntityDescriptor"))
        .attr("ID", REQUEST_ID)
        .attr("entityID", "https://sp.example.org/saml");
    let insert_at = w.position();
    w.start(MD("SPSSODescriptor"))
        .attr("protocolSupportEnumeration", names::SAMLP);
    w.start(MD("AssertionConsumerService"))
        .attr("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
        .attr("Location", "https://sp.example.org/saml/acs")
        .attr("index", "0")
        .end();
    w.end().end();
    let id = MessageId::parse(REQUEST_ID).unwrap();
    Unsigned::new(w.finish().unwrap(), insert_at, id)
}

pub(crate) fn signed(unsigned: Unsigned<Document>, signer: &dyn Signer) -> String {
    let signed: SignedXml<Document> = sign_enveloped(unsigned, signer).unwrap();
    String::from_utf8(signed.into_bytes()).unwrap()
}

/// Whether the `xmlsec1` command line tool verifies the document with this certificate.
pub(crate) fn xmlsec1_verifies(xml: &str, certificate: &str, root: &str) -> bool {
    let mut tool = Command::new("xmlsec1")
        .arg("--verify")
        .arg("--pubkey-cert-pem")
        .arg(dev_path(&format!("{certificate}.cert.pem")))
        .args(["--id-attr:ID", root])
        .arg("/dev/stdin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("xmlsec1 is installed");
    let mut input = tool.stdin.take().unwrap();
    input.write_all(xml.as_bytes()).unwrap();
    drop(input);
    tool.wait().unwrap().success()
}

/// The public keys of certificates in `certs/dev`.
pub(crate) fn keys(names: &[&str]) -> Vec<PublicKey> {
    let key = |name: &&str| dev_certificate(name).public_key().unwrap();
    names.iter().map(key).collect()
}

/// Verifies with the default policy and the limits of messages.
pub(crate) fn verify(xml: &str, key: &str) -> Result<VerifiedXml, VerifyError> {
    let policy = AlgorithmPolicy::default();
    verify_enveloped(xml.as_bytes(), &keys(&[key]), &policy, &Limits::MESSAGE)
}

/// A message of another ID around a signed one, whose canonical form must hold it unchanged.
pub(crate) fn wrapped(inner: &str) -> Unsigned<Document> {
    let mut w = Writer::with_capacity(inner.len() + 512);
    let response = QName::new("outer", names::SAMLP, "Response");
    w.start(response)
        .attr("ID", "_outer")
        .leaf(SAML("Issuer"), "https://idp.example.org");
    let insert_at = w.position();
    w.raw(inner.as_bytes());
    w.end();
    let id = MessageId::parse("_outer").unwrap();
    Unsigned::new(w.finish().unwrap(), insert_at, id)
}

/// What the `xmlsec1` command line tool decrypts with this key, if it does.
pub(crate) fn xmlsec1_decrypts(xml: &str, key: &str) -> Option<String> {
    let mut tool = Command::new("xmlsec1")
        .arg("--decrypt")
        .arg("--privkey-pem")
        .arg(dev_path(&format!("{key}.key.pem")))
        .arg("/dev/stdin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("xmlsec1 is installed");
    let mut input = tool.stdin.take().unwrap();
    // Without a declaration the tool would answer in ASCII and character references.
    write!(input, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>{xml}").unwrap();
    drop(input);
    let output = tool.wait_with_output().unwrap();
    let success = output.status.success();
    success.then(|| String::from_utf8(output.stdout).unwrap())
}

/// `template` (an EncryptedData without values) filled by the `xmlsec1` command line tool.
pub(crate) fn xmlsec1_encrypts(
    template: &str,
    plaintext: &str,
    session_key: &str,
    certificate: &str,
) -> String {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{session_key}.xml"));
    std::fs::write(&file, plaintext).unwrap();
    let mut tool = Command::new("xmlsec1")
        .args(["--encrypt", "--session-key", session_key])
        .arg("--pubkey-cert-pem")
        .arg(dev_path(&format!("{certificate}.cert.pem")))
        .arg("--xml-data")
        .arg(&file)
        .arg("/dev/stdin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("xmlsec1 is installed");
    let mut input = tool.stdin.take().unwrap();
    input.write_all(template.as_bytes()).unwrap();
    drop(input);
    let output = tool.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A template with an empty Signature, signed by the `xmlsec1` command line tool.
pub(crate) fn xmlsec1_signs(template: &str, key: &str, root: &str) -> String {
    let mut tool = Command::new("xmlsec1")
        .arg("--sign")
        .arg("--privkey-pem")
        .arg(dev_path(&format!("{key}.key.pem")))
        .args(["--id-attr:ID", root])
        .arg("/dev/stdin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("xmlsec1 is installed");
    let mut input = tool.stdin.take().unwrap();
    input.write_all(template.as_bytes()).unwrap();
    drop(input);
    let output = tool.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
