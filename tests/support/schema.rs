//! Validates documents against the schemas of the standards, offline, with `xmllint`.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Panics with the validator's words unless `xml` is valid against the OASIS and W3C schemas.
#[track_caller]
pub(crate) fn assert_schema_valid(xml: &[u8]) {
    if let Err(report) = schema_check(xml) {
        panic!("{report}\n{}", String::from_utf8_lossy(xml));
    }
}

/// What the validator has against `xml`.
pub(crate) fn schema_check(xml: &[u8]) -> Result<(), String> {
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/schemas");
    let mut tool = Command::new("xmllint")
        .env("XML_CATALOG_FILES", format!("{schemas}/catalog.xml"))
        .args(["--nonet", "--noout", "--huge", "--schema"])
        .arg(format!("{schemas}/all.xsd"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is installed");
    let mut input = tool.stdin.take().expect("piped");
    // A document refused early closes the pipe; the exit status tells.
    drop(input.write_all(xml));
    drop(input);
    let output = tool.wait_with_output().expect("xmllint ends");
    if output.status.success() {
        return Ok(());
    }
    let report = String::from_utf8_lossy(&output.stderr);
    let own: Vec<&str> = report
        .lines()
        .filter(|l| !l.contains("Skipping import"))
        .collect();
    Err(own.join("\n"))
}

/// Panics unless every document is valid; one run of the validator for all.
#[allow(dead_code, reason = "each test binary uses its part of the support")]
#[track_caller]
pub(crate) fn assert_all_schema_valid(documents: &[String]) {
    let folder = std::env::temp_dir().join(format!(
        "avouch-schema-{}-{:p}",
        std::process::id(),
        documents
    ));
    std::fs::create_dir_all(&folder).expect("a folder");
    let files: Vec<_> = (0..documents.len())
        .map(|n| folder.join(format!("{n}.xml")))
        .collect();
    for (file, document) in files.iter().zip(documents) {
        std::fs::write(file, document).expect("written");
    }
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/schemas");
    let output = Command::new("xmllint")
        .env("XML_CATALOG_FILES", format!("{schemas}/catalog.xml"))
        .args(["--nonet", "--noout", "--huge", "--schema"])
        .arg(format!("{schemas}/all.xsd"))
        .args(&files)
        .output()
        .expect("xmllint is installed");
    drop(std::fs::remove_dir_all(&folder));
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        documents.join("\n")
    );
}
