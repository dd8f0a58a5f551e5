//! Encrypted elements.
#![no_main]

use std::sync::LazyLock;

use avouch_saml::security::certificate::PrivateKey;

static KEYS: LazyLock<Vec<PrivateKey>> = LazyLock::new(|| {
    let pem = include_bytes!("../../../../certs/dev/sp-encryption.key.pem");
    vec![PrivateKey::from_pem(pem).expect("the development key is read")]
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::encrypted(data, &KEYS));
