//! What the server's tests share: a started server, a browser, a service provider.

// Not every test uses every part.
#![allow(dead_code, reason = "each test uses its part of the support")]

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod emitted;
pub(crate) mod log;
pub(crate) mod schema;
pub(crate) mod sp;

use std::path::{Path, PathBuf};

use avouch_saml::security::certificate::{Certificate, PrivateKey};

/// The PostgreSQL database for the test whose files are in `folder`, when AVOUCH_TEST_DATABASE says
/// that tests are to run on `postgres`. Its address is kept in the folder, for who comes after.
#[allow(
    clippy::disallowed_methods,
    reason = "which database to test on is no configuration of the server"
)]
pub(crate) fn database_of(folder: &Path) -> Option<String> {
    match std::env::var("AVOUCH_TEST_DATABASE").as_deref() {
        Err(_) | Ok("sqlite") => None,
        Ok("postgres") => {
            let kept = folder.join("postgres-url");
            Some(std::fs::read_to_string(&kept).unwrap_or_else(|_| {
                let address = crate::postgres::Cluster::shared().schema();
                std::fs::write(&kept, &address).expect("written");
                address
            }))
        }
        Ok(other) => panic!("AVOUCH_TEST_DATABASE is {other:?}; expected sqlite or postgres"),
    }
}

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
