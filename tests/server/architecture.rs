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

/// What each module may name besides itself. A module that is not listed has no place in the house
/// yet, and fails the test.
fn below(module: &str) -> &'static [&'static str] {
    match module {
        // Words and sources that stand on nothing.
        "clock" | "random" | "text_id" => &[],
        // Types and pure rules.
        "apps" | "users" | "sessions" | "audit" | "access" | "attributes" => &[
            "apps",
            "users",
            "sessions",
            "audit",
            "access",
            "attributes",
            "text_id",
        ],
        "text" => &["audit"],
        // Rows, users, keys.
        "store" => &["apps", "users", "sessions", "audit", "text_id"],
        "directory" => &["apps", "users", "store"],
        "keys" => &["config", "random", "store", "text_id"],
        // Each setting is read into the type of the module that obeys it.
        "config" => &["access", "apps", "directory", "store"],
        "logging" => &["config"],
        "housekeeping" => &["app", "clock", "store"],
        // What one request has at hand, and the three roads an error takes: both go through every
        // flow, so they name what flows work with.
        "context" => &["app"],
        "refusal" => &["audit", "flow", "keys", "store"],
        "flow" => &[
            "access",
            "app",
            "apps",
            "attributes",
            "audit",
            "config",
            "context",
            "directory",
            "keys",
            "random",
            "refusal",
            "sessions",
            "store",
            "text",
            "users",
        ],
        "web" => &[
            "app",
            "apps",
            "audit",
            "config",
            "context",
            "directory",
            "flow",
            "keys",
            "refusal",
            "sessions",
            "store",
            "text",
            "users",
        ],
        "routes" => &["web"],
        // The wiring, and the other way in: whatever there is, but neither names the other's.
        "app" => &[
            "access",
            "attributes",
            "clock",
            "config",
            "directory",
            "flow",
            "housekeeping",
            "keys",
            "random",
            "refusal",
            "routes",
            "store",
            "web",
        ],
        "cli" => &[
            "app",
            "apps",
            "attributes",
            "audit",
            "clock",
            "config",
            "context",
            "directory",
            "flow",
            "keys",
            "logging",
            "random",
            "store",
            "text",
            "users",
            "web",
        ],
        "lib" | "main" => &[],
        other => panic!("which modules may `{other}` name? Say so here"),
    }
}

#[test]
fn each_layer_names_only_those_below() {
    for (name, text) in read("server") {
        let text = code(&text);
        let allowed = below(top(&name));
        for found in text.split("crate::").skip(1) {
            let end = found.find(|c: char| !c.is_alphanumeric() && c != '_');
            let (named, after) = found.split_at(end.unwrap_or(found.len()));
            // A macro stands at the root of the crate, whichever module defines it.
            if named != top(&name) && !after.starts_with('!') {
                assert!(allowed.contains(&named), "{name} names crate::{named}");
            }
        }
    }
    for (name, text) in read("server") {
        let layer = top(&name);
        let text = code(&text);
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
