//! Metadata in and out.

mod acs;
mod aggregate;
mod algorithms;
mod diff;
mod hostile;
mod idp;
mod keys;
mod mistaken;
mod reading;
mod round_trip;
mod trust;
mod validity;

use avouch_saml::metadata::{MetadataError, Reading, SpMetadata};
use avouch_saml::time::Timestamp;

/// The instant every test of this module takes for the present.
const NOW: &str = "2026-06-01T12:00:00Z";

fn now() -> Timestamp {
    Timestamp::parse(NOW).expect("an instant")
}

fn reading() -> Reading {
    Reading::at(now())
}

fn parse(document: &str) -> Result<SpMetadata, MetadataError> {
    SpMetadata::parse(document.as_bytes(), &reading())
}

/// The namespaces of the samples.
const NAMESPACES: &str = "xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata' \
     xmlns:ds='http://www.w3.org/2000/09/xmldsig#' \
     xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' \
     xmlns:mdui='urn:oasis:names:tc:SAML:metadata:ui' \
     xmlns:mdattr='urn:oasis:names:tc:SAML:metadata:attribute' \
     xmlns:mdrpi='urn:oasis:names:tc:SAML:metadata:rpi' \
     xmlns:alg='urn:oasis:names:tc:SAML:metadata:algsupport'";

const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const PAOS: &str = "urn:oasis:names:tc:SAML:2.0:bindings:PAOS";

/// An SP's metadata put together from parts, one default ACS unless another is given.
struct Sample {
    entity: String,
    entity_extensions: String,
    role: String,
    role_extensions: String,
    keys: String,
    before_acs: String,
    acs: String,
    after_acs: String,
    after_role: String,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            entity: "entityID='https://sp.example.org/saml'".to_owned(),
            entity_extensions: String::new(),
            role: String::new(),
            role_extensions: String::new(),
            keys: String::new(),
            before_acs: String::new(),
            acs: acs(POST, "https://sp.example.org/acs", "index='0'"),
            after_acs: String::new(),
            after_role: String::new(),
        }
    }
}

impl Sample {
    fn xml(&self) -> String {
        let Self {
            entity,
            entity_extensions,
            role,
            role_extensions,
            keys,
            before_acs,
            acs,
            after_acs,
            after_role,
        } = self;
        let extensions = |content: &str| match content {
            "" => String::new(),
            some => format!("<md:Extensions>{some}</md:Extensions>"),
        };
        format!(
            "<md:EntityDescriptor {NAMESPACES} {entity}>{}\
             <md:SPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol' {role}>\
             {}{keys}{before_acs}{acs}{after_acs}</md:SPSSODescriptor>{after_role}</md:EntityDescriptor>",
            extensions(entity_extensions),
            extensions(role_extensions)
        )
    }

    fn read(&self) -> Result<SpMetadata, MetadataError> {
        parse(&self.xml())
    }

    fn good(&self) -> SpMetadata {
        self.read().expect("a usable service provider")
    }
}

fn acs(binding: &str, location: &str, rest: &str) -> String {
    format!("<md:AssertionConsumerService Binding='{binding}' Location='{location}' {rest}/>")
}

/// A file beside the repository's root.
fn file(path: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let path = format!("{root}{path}");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A certificate around an RSA key of 1024 bits, which is too weak for anything.
fn weak_certificate() -> avouch_saml::security::certificate::Certificate {
    let pem = file("tests/vectors/metadata/rsa1024.cert.pem");
    avouch_saml::security::certificate::Certificate::from_pem(&pem).expect("a certificate")
}
