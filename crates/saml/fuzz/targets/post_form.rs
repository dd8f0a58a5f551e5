//! Forms of HTTP-POST, the request's query on their first line.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::post_form(data));
