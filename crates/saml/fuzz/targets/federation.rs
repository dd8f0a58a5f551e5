//! Aggregates, and an identity provider's metadata.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::federation(data));
