//! An SP's metadata: what is usable is usable again when written.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::sp_metadata(data));
