//! Enveloped signatures: nothing verifies but what the key signed.
#![no_main]

use std::sync::LazyLock;

use avouch_saml::security::certificate::{Certificate, PublicKey};

// The only document in the corpus that this key signed.
static SIGNED: &[u8] = include_bytes!("../../../../tests/golden/authn_request_signed_content.xml");
static KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
    let pem = include_bytes!("../../../../certs/dev/sp-signing.cert.pem");
    let certificate = Certificate::from_pem(pem).expect("the development certificate is read");
    vec![certificate.public_key().expect("its key is sound")]
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::signature(data, &KEYS, &[SIGNED]));
