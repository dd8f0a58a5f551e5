//! What the server's tests share: a started server, a browser, a service provider.

// Not every test uses every part.
#![allow(dead_code, reason = "each test uses its part of the support")]

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod emitted;
pub(crate) mod log;
pub(crate) mod schema;
pub(crate) mod sp;

use std::path::PathBuf;

use avouch_saml::security::certificate::{Certificate, PrivateKey};

/// A file of `certs/dev`.
pub(crate) fn dev_path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../certs/dev")).join(name)
}

/// Its text.
pub(crate) fn dev_pem(name: &str) -> String {
    std::fs::read_to_string(dev_path(name)).expect("a file of certs/dev")
}

/// A private key of `certs/dev`.
pub(crate) fn dev_key(name: &str) -> PrivateKey {
    PrivateKey::from_pem(dev_pem(&format!("{name}.key.pem")).as_bytes()).expect("a key")
}

/// A certificate of `certs/dev`.
pub(crate) fn dev_certificate(name: &str) -> Certificate {
    Certificate::from_pem(dev_pem(&format!("{name}.cert.pem")).as_bytes()).expect("a certificate")
}
