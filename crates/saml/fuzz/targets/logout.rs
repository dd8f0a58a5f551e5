//! LogoutRequests and LogoutResponses: what is read and written is read back the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::logout(data));
