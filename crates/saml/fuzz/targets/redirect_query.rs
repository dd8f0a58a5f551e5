//! Queries of HTTP-Redirect.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::redirect_query(data));
