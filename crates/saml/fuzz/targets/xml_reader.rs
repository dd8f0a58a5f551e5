//! The XML reader: whatever comes in, no panic and no document over its bounds.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| avouch_saml::fuzzing::xml_reader(data));
