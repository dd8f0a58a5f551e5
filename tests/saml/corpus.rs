//! Every input that fuzzing ever found worth keeping, and every seed, replayed on each run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use avouch_saml::fuzzing;

use crate::security::support::{dev_key, keys};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn names(folder: &str, suffix: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(suffix).map(str::to_owned)
    };
    entries.filter_map(name).collect()
}

#[test]
fn every_target_has_a_corpus_and_survives_it() {
    let signed = std::fs::read(root().join("tests/golden/authn_request_signed_content.xml"));
    let signed = signed.unwrap();
    let (sp_keys, decryption_keys) = (keys(&["sp-signing"]), [dev_key("sp-encryption")]);
    let targets = names("crates/saml/fuzz/targets", ".rs");
    assert_eq!(targets, names("tests/vectors/fuzz", ""));
    for target in targets {
        let mut replayed = 0;
        for entry in std::fs::read_dir(root().join("tests/vectors/fuzz").join(&target)).unwrap() {
            let data = std::fs::read(entry.unwrap().path()).unwrap();
            match target.as_str() {
                "xml_reader" => fuzzing::xml_reader(&data),
                "authn_request" => fuzzing::authn_request(&data),
                "response" => fuzzing::response(&data),
                "logout" => fuzzing::logout(&data),
                "redirect_query" => fuzzing::redirect_query(&data),
                "redirect_stream" => fuzzing::redirect_stream(&data),
                "post_form" => fuzzing::post_form(&data),
                "sp_metadata" => fuzzing::sp_metadata(&data),
                "federation" => fuzzing::federation(&data),
                "certificate" => fuzzing::certificate(&data),
                "texts" => fuzzing::texts(&data),
                "signature" => fuzzing::signature(&data, &sp_keys, &[&signed]),
                "encrypted" => fuzzing::encrypted(&data, &decryption_keys),
                other => panic!("{other} is not replayed here"),
            }
            replayed += 1;
        }
        assert!(replayed > 0, "{target} has no corpus");
    }
}
