//! Instants, durations, identifiers, addresses.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::texts(data));
