//! What hostile input costs in memory. A program of its own with one test, so that nothing else
//! allocates while it measures.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::io::Write as _;
use std::path::PathBuf;

use avouch_saml::binding::{BindingError, redirect};
use avouch_saml::fuzzing;
use avouch_saml::message::authn_request::AuthnRequest;
use avouch_saml::security::certificate::{Certificate, PrivateKey};
use avouch_saml::xml::limits::Limits;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A figure of `/proc/self/status`, in KiB.
fn kib(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A deflate stream that inflates to this many MiB of spaces, as a query.
fn bomb(mebibytes: usize) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    for _ in 0..mebibytes {
        encoder.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let deflated = encoder.finish().unwrap();
    format!(
        "SAMLRequest={}",
        STANDARD.encode(deflated).replace('+', "%2B")
    )
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/vectors/fuzz").join(target);
    let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read(entry.unwrap().path());
    let mut files: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| read(e).unwrap())
        .collect();
    files.sort();
    files
}

/// Each file of the corpus, broken in `times` ways that are the same in every run.
fn broken(target: &str, times: usize, mut each: impl FnMut(&[u8])) {
    let mut state: u64 = 1;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for file in corpus(target) {
        for _ in 0..times {
            let mut mutated = file.clone();
            for _ in 0..=next(3) {
                let at = next(mutated.len());
                match next(3) {
                    0 => mutated[at] ^= 1 << next(8),
                    1 => mutated.truncate(at.max(1)),
                    _ => mutated.insert(at, b"<>&\"'= /#a"[next(10)]),
                }
            }
            each(&mutated);
        }
    }
}

fn round(times: usize) {
    let pem = |name: &str| std::fs::read(root().join("certs/dev").join(name)).unwrap();
    let certificate = Certificate::from_pem(&pem("sp-signing.cert.pem")).unwrap();
    let keys = [certificate.public_key().unwrap()];
    let private = [PrivateKey::from_pem(&pem("sp-encryption.key.pem")).unwrap()];
    let signed =
        std::fs::read(root().join("tests/golden/authn_request_signed_content.xml")).unwrap();
    broken("signature", times, |data| {
        fuzzing::signature(data, &keys, &[&signed])
    });
    broken("encrypted", times, |data| {
        fuzzing::encrypted(data, &private)
    });
    broken("xml_reader", times, fuzzing::xml_reader);
    broken("authn_request", times, fuzzing::authn_request);
    broken("response", times, fuzzing::response);
    broken("logout", times, fuzzing::logout);
    broken("redirect_query", times, fuzzing::redirect_query);
    broken("redirect_stream", times, fuzzing::redirect_stream);
    broken("post_form", times, fuzzing::post_form);
    broken("sp_metadata", times, fuzzing::sp_metadata);
    broken("federation", times, fuzzing::federation);
    broken("certificate", times, fuzzing::certificate);
}

/// Proves AV-BND-07, AV-SEC-41, AV-SEC-45: bombs stay under 64 MiB, and thousands of broken inputs
/// to each parser leave nothing behind.
#[test]
fn av_bnd_07_av_sec_45_hostile_input_costs_little_memory() {
    // What a gigabyte deflates to is over the bound by itself; what 200 MiB deflate to is not.
    let (gigabyte, part) = (bomb(1024), bomb(200));
    let before = kib("VmRSS:");
    let limit = Limits::MESSAGE.bytes;
    for query in [&gigabyte, &part] {
        let refused = redirect::receive::<AuthnRequest>(query).err();
        assert!(matches!(refused, Some(BindingError::TooLarge { .. })));
    }
    assert!(
        part.len() / 4 * 3 < limit,
        "small enough to be inflated at all"
    );
    assert!(kib("VmHWM:") - before < 64 * 1024);

    round(100);
    let warm = kib("VmRSS:");
    for _ in 0..4 {
        round(100);
    }
    let grown = kib("VmRSS:").saturating_sub(warm);
    assert!(grown < 4 * 1024, "{grown} KiB stayed behind");
}
