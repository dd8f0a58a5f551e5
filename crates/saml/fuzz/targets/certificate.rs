//! Certificates, as DER and as base64.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::certificate(data));
