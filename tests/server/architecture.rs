//! The one-way rule, read from the `use` lines.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Each source file of a crate with its path below `src`.
fn read(krate: &str) -> Vec<(String, String)> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .join(krate)
        .join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 10, "the sources are there");
    files
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .expect("below")
                .display()
                .to_string();
            (name, std::fs::read_to_string(path).expect("text"))
        })
        .collect()
}

fn top(name: &str) -> &str {
    name.split('/')
        .next()
        .unwrap_or(name)
        .trim_end_matches(".rs")
}

/// The code without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or(text);
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn each_layer_names_only_those_below() {
    // Who may name what: the layers of the house, each with those it stands on.
    let below = |layer: &str| -> Option<&'static [&'static str]> {
        Some(match layer {
            "apps" | "users" | "sessions" | "audit" | "access" | "attributes" => &[
                "apps",
                "users",
                "sessions",
                "audit",
                "access",
                "attributes",
                "text_id",
            ],
            "store" => &["apps", "users", "sessions", "audit", "store", "text_id"],
            "directory" => &["apps", "users", "store", "directory"],
            "text" => &["text", "audit"],
            _ => return None,
        })
    };
    for (name, text) in read("server") {
        let Some(allowed) = below(top(&name)) else {
            continue;
        };
        let text = code(&text);
        for found in text.split("crate::").skip(1) {
            let named: String = found
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            // Macros and their helpers are no module.
            if ["on_each", "text", "text_id", "Text"].contains(&named.as_str()) {
                continue;
            }
            assert!(
                allowed.contains(&named.as_str()),
                "{name} names crate::{named}"
            );
        }
    }
    for (name, text) in read("server") {
        let layer = top(&name);
        let text = code(&text);
        if layer == "flow" {
            assert!(
                !text.contains("crate::web") && !text.contains("crate::routes"),
                "{name} names the web"
            );
        }
        if !["web", "routes", "app"].contains(&layer) {
            assert!(!text.contains("actix"), "{name} names actix");
        }
        if layer != "store" && name != "store.rs" {
            assert!(
                !text.contains("diesel::") && !text.contains("use diesel"),
                "{name} names diesel"
            );
        }
    }
}

#[test]
fn only_one_file_is_unsafe_or_names_xmlsec() {
    for krate in ["saml", "server"] {
        for (name, text) in read(krate) {
            if krate == "saml" && name == "security/xmlsec.rs" {
                continue;
            }
            let text = code(&text);
            assert!(
                !text.contains("unsafe {") && !text.contains("unsafe fn"),
                "{krate}/{name}"
            );
            assert!(
                !text.contains("use xmlsec::") && !text.contains("libxml::"),
                "{krate}/{name}"
            );
        }
    }
}

#[test]
fn a_grant_is_made_in_one_place() {
    let makers: Vec<String> = read("server")
        .into_iter()
        .filter(|(_, text)| {
            let text = code(text);
            text.contains("Grant {\n") && !text.contains("impl Grant")
                || text.contains("Allow(Grant {")
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(makers, ["access/mod.rs"]);
}
