//! Files of many entities.

use std::path::Path;

use avouch_saml::metadata::{SpMetadata, for_each_sp};

use super::reading;

/// The aggregate of a real federation, beside the repository. In CI it must be there.
fn federation() -> Option<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/metadata/switch-aaitest-2019.xml"
    );
    let candidates = [
        std::env::var("AVOUCH_SHARED").map_or_else(
            |_| path.to_owned(),
            |shared| format!("{shared}/data/metadata/switch-aaitest-2019.xml"),
        ),
        path.to_owned(),
    ];
    let found = candidates.iter().find(|path| Path::new(path).exists());
    match found {
        Some(path) => Some(std::fs::read(path).expect("readable")),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!(
                "shared/data is not beside the repository, so that the federation cannot be read"
            )
        }
        None => None,
    }
}

/// Proves IIP-MD05 on real life: each of the 262 service providers of a federation is usable.
#[test]
fn iip_md05_every_sp_of_a_federation_is_usable() {
    let Some(document) = federation() else {
        return;
    };
    let mut sps: Vec<SpMetadata> = Vec::new();
    let walked = for_each_sp(&document, &reading(), |sp| {
        sps.push(sp.unwrap_or_else(|error| panic!("{:?}: {error}", error.entity_id)));
    })
    .expect("a federation's file");
    assert_eq!(walked.entities, 296);
    assert_eq!(sps.len(), 262);
    for sp in &sps {
        assert!(sp.can_be_answered(), "{}", sp.entity_id);
    }
}
