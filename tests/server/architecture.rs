//! The one-way rule, read from the paths that the code really names: `use` lines with all their
//! branches, and paths written out where they are used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rooms of the server from the ground up. A file names its own room and those below it, nothing
/// else. A room that is not listed has no place in the house yet.
const ROOMS: &[&str] = &[
    // Words and sources that stand on nothing.
    "clock",
    "random",
    "text_id",
    "rounds",
    // Types and pure rules.
    "users",
    "apps",
    "audit",
    "attributes",
    "sessions",
    "access",
    // What a person reads.
    "text",
    // Rows, users, the configuration, keys.
    "store",
    "directory",
    "config",
    "logging",
    "keys",
    // What a process keeps, and what one request has at hand.
    "fault",
    "cache",
    "dev",
    "services",
    "housekeeping",
    "context",
    // Use cases, and the two ways in.
    "flow",
    "web",
    "cli",
];

/// A crate's source files: the module path of each, and its code without tests and comments.
struct House {
    files: BTreeMap<String, String>,
}

impl House {
    fn of(krate: &str) -> Self {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .join(krate)
            .join("src");
        let mut paths = Vec::new();
        sources(&root, &mut paths);
        assert!(paths.len() > 10, "the sources are there");
        let files = paths
            .into_iter()
            .filter_map(|path| {
                let name = path.strip_prefix(&root).expect("below").with_extension("");
                let name = name.display().to_string().replace('/', "::");
                let module = name.strip_suffix("::mod").unwrap_or(&name).to_owned();
                let tests = module.ends_with("::tests") || module.ends_with("::hostile");
                (!tests).then(|| {
                    let text = std::fs::read_to_string(path).expect("text");
                    (module, code(&text))
                })
            })
            .collect();
        Self { files }
    }

    /// The file that defines what `path` names: the deepest module on it, and where that only hands
    /// a name on, the module it hands on.
    fn defining(&self, path: &str) -> Option<String> {
        let mut module = path;
        while !self.files.contains_key(module) {
            module = module.rsplit_once("::")?.0;
        }
        let name = path.strip_prefix(module)?.trim_start_matches("::");
        let name = name.split("::").next().unwrap_or_default();
        if name.is_empty() {
            return Some(module.to_owned());
        }
        let handed_on = named(module, &self.files[module], true)
            .into_iter()
            .find(|path| path.rsplit("::").next() == Some(name));
        match handed_on {
            Some(path) if path != format!("{module}::{name}") => self.defining(&path),
            _ => Some(module.to_owned()),
        }
    }

    /// What each file names of other files.
    fn arrows(&self) -> BTreeMap<&str, BTreeSet<String>> {
        self.files
            .iter()
            .map(|(module, text)| {
                let found = named(module, text, false)
                    .iter()
                    .filter_map(|path| self.defining(path))
                    .filter(|other| other != module)
                    .collect();
                (module.as_str(), found)
            })
            .collect()
    }
}

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

/// The code without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The paths below the crate that `text`, the code of `module`, names: in `use` lines and elsewhere.
/// `handed_on`: only what it makes public under its own name.
fn named(module: &str, text: &str, handed_on: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let before = rest[..at].trim_end_matches(' ');
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        let is_public = line.starts_with("pub");
        let begins = line.is_empty() || (is_public && !line.contains(' '));
        rest = &rest[at + 4..];
        if begins && (is_public || !handed_on) {
            let tree = rest.split(';').next().unwrap_or_default();
            let tree: String = tree.split_whitespace().collect::<Vec<_>>().join(" ");
            branches("", &tree, &mut found);
        }
    }
    if !handed_on {
        for start in ["crate::", "super::"] {
            for (at, _) in text.match_indices(start) {
                let whole =
                    text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
                let end = text[at..]
                    .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                    .map_or(text.len(), |end| at + end);
                let path = text[at..end].trim_end_matches(':');
                // A macro stands at the root of the crate, whichever module defines it.
                if !whole && !text[end..].starts_with('!') {
                    found.push(path.to_owned());
                }
            }
        }
    }
    found
        .iter()
        .filter_map(|path| absolute(module, path))
        .filter(|path| !path.is_empty())
        .collect()
}

/// Each leaf of a `use` tree as a path.
fn branches(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        let path = format!("{prefix}{path}");
        found.push(path.trim_end_matches("::self").to_owned());
        return;
    };
    let prefix = format!("{prefix}{}", &tree[..open]);
    let inside = &tree[open + 1..tree.rfind('}').expect("a closed tree")];
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches(&prefix, &inside[start..at], found);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inside[start..].trim().is_empty() {
        branches(&prefix, &inside[start..], found);
    }
}

/// A path as it stands in `module`, from the root of the crate; `None` for another crate's.
fn absolute(module: &str, path: &str) -> Option<String> {
    let mut steps: Vec<&str> = path.split("::").collect();
    let mut base: Vec<&str> = match steps[0] {
        "crate" => Vec::new(),
        "self" | "super" => module.split("::").collect(),
        _ => return None,
    };
    if steps[0] != "super" {
        steps.remove(0);
    }
    while steps.first() == Some(&"super") {
        base.pop();
        steps.remove(0);
    }
    base.extend(steps.iter().filter(|step| **step != "*"));
    Some(base.join("::"))
}

fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

#[test]
fn each_room_names_only_those_below() {
    let house = House::of("server");
    let floor = |module: &str| ROOMS.iter().position(|known| *known == room(module));
    let mut above = Vec::new();
    for (module, others) in house.arrows() {
        // The crate's two roots hold the list of rooms and the call of the command line.
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let own = floor(module);
        assert!(
            own.is_some(),
            "which rooms may `{module}` name? Say so here"
        );
        for other in others {
            if floor(&other) > own {
                above.push(format!("{module} names {other}"));
            }
        }
    }
    assert!(above.is_empty(), "{}", above.join("\n"));
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    for krate in ["saml", "server"] {
        let house = House::of(krate);
        let arrows = house.arrows();
        // Takes away, again and again, each file that names nothing that is left.
        let mut left: BTreeSet<&str> = arrows.keys().copied().collect();
        loop {
            let ground: Vec<&str> = left
                .iter()
                .copied()
                .filter(|module| {
                    let mut others = arrows[module].iter();
                    !others.any(|other| left.contains(other.as_str()))
                })
                .collect();
            if ground.is_empty() {
                break;
            }
            left.retain(|module| !ground.contains(module));
        }
        // And each that nothing left names: what stays is in a circle, or between two.
        loop {
            let roof: Vec<&str> = left
                .iter()
                .copied()
                .filter(|module| !left.iter().any(|other| arrows[other].contains(*module)))
                .collect();
            if roof.is_empty() {
                break;
            }
            left.retain(|module| !roof.contains(module));
        }
        let circle: Vec<String> = left
            .iter()
            .map(|module| {
                let others = arrows[module].iter().filter(|o| left.contains(o.as_str()));
                let others: Vec<&str> = others.map(String::as_str).collect();
                format!("{module} -> {}", others.join(", "))
            })
            .collect();
        assert!(circle.is_empty(), "{krate}:\n{}", circle.join("\n"));
    }
}

/// The most files of the server that a reader of a warm sign-on goes through.
const WALK: usize = 14;

#[test]
fn a_warm_sign_on_is_read_downward_through_few_files() {
    let page = include_str!("../../docs/architecture.md");
    let list = page
        .split("## A warm sign-on, file by file")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("the list");
    let walk: Vec<String> = list
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|line| line.split('`').nth(1))
        .map(|file| {
            let module = file.trim_end_matches(".rs").replace('/', "::");
            module.trim_end_matches("::mod").to_owned()
        })
        .collect();
    assert!((10..=WALK).contains(&walk.len()), "{walk:?}");
    let house = House::of("server");
    let arrows = house.arrows();
    for (at, file) in walk.iter().enumerate() {
        let names = arrows.get(file.as_str()).expect("a file of the server");
        let above = &walk[..at];
        assert!(
            at == 0
                || above
                    .iter()
                    .any(|upper| arrows[upper.as_str()].contains(file)),
            "nothing above {file} names it"
        );
        let climbs: Vec<&String> = above
            .iter()
            .filter(|upper| names.contains(*upper))
            .collect();
        assert!(climbs.is_empty(), "{file} names {climbs:?}");
    }
}

/// The walk above sees what it is meant to see.
#[test]
fn paths_are_read_with_all_their_branches() {
    let text = "use crate::store::{self, Db, users::{self, by_id}};\n\
                pub use reply::Reply;\npub use self::reply::Late;\n\
                fn f() { super::web::go(); let because = crate::text::word!(); }\n\
                // use crate::comment::Ignored;\n";
    let text = code(text);
    assert_eq!(
        named("flow::login", &text, false),
        [
            "store",
            "store::Db",
            "store::users",
            "store::users::by_id",
            "flow::login::reply::Late",
            "store",
            "flow::web::go",
        ]
    );
    assert_eq!(
        named("flow::login", &text, true),
        ["flow::login::reply::Late"]
    );
}

#[test]
fn each_library_is_named_in_its_own_room() {
    let house = House::of("server");
    for (module, text) in &house.files {
        assert!(
            room(module) == "web" || !text.contains("actix"),
            "{module} names actix"
        );
        assert!(
            room(module) == "store" || !text.contains("diesel"),
            "{module} names diesel"
        );
    }
}

/// Commands open the database and bring it up to date; what is in it they see and change through
/// the same functions as pages.
#[test]
fn commands_only_parse_and_print() {
    const OPENS: &[&str] = &["Db", "StoreError", "migrations"];
    let house = House::of("server");
    let commands: Vec<_> = house
        .files
        .iter()
        .filter(|(module, _)| room(module) == "cli")
        .collect();
    assert!(commands.len() > 10, "the commands are there");
    for (module, text) in commands {
        for path in named(module, text, false) {
            let Some(rest) = path.strip_prefix("store") else {
                continue;
            };
            // The stem of a `use` with branches; a room named whole would be used as `store::`.
            if rest.is_empty() {
                let whole = |(at, _): (usize, &str)| !text[..at].ends_with(':');
                let found = text.match_indices("store::").find(|m| whole(*m));
                assert!(found.is_none(), "{module} names the whole store");
                continue;
            }
            let what = rest.trim_start_matches("::").split("::").next();
            // What is taken is told by its kind.
            let is_kind = *module == "cli::refused" && what == Some("Conflict");
            assert!(
                is_kind || what.is_some_and(|what| OPENS.contains(&what)),
                "{module} names {path}"
            );
        }
        let plain: String = text.split_whitespace().collect();
        for call in ["db.read", "db.write", "db.together"] {
            assert!(!plain.contains(call), "{module} calls {call}");
        }
    }
}

#[test]
fn only_one_file_is_unsafe_or_names_xmlsec() {
    for krate in ["saml", "server"] {
        for (module, text) in &House::of(krate).files {
            if krate == "saml" && module == "security::xmlsec" {
                continue;
            }
            assert!(
                !text.contains("unsafe {") && !text.contains("unsafe fn"),
                "{krate}: {module}"
            );
            assert!(
                !text.contains("use xmlsec::") && !text.contains("libxml::"),
                "{krate}: {module}"
            );
        }
    }
}

#[test]
fn a_grant_is_made_in_one_place() {
    let house = House::of("server");
    let makers: Vec<&String> = house
        .files
        .iter()
        .filter(|(_, text)| {
            text.contains("Grant {\n") && !text.contains("impl Grant")
                || text.contains("Allow(Grant {")
        })
        .map(|(module, _)| module)
        .collect();
    assert_eq!(makers, ["access"]);
}

/// A name that stands for four things finds none of them.
#[test]
fn no_type_name_is_used_four_times() {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, text) in House::of("server").files {
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            if !["struct", "enum", "trait", "type"].contains(&word) {
                continue;
            }
            let named = words.peek().copied().unwrap_or_default();
            let end = named.find(|c: char| !c.is_alphanumeric());
            let name = &named[..end.unwrap_or(named.len())];
            if name.starts_with(char::is_uppercase) {
                homes
                    .entry(name.to_owned())
                    .or_default()
                    .push(module.clone());
            }
        }
    }
    assert!(homes.len() > 100, "the types are found: {}", homes.len());
    for (name, homes) in homes {
        assert!(homes.len() < 4, "{name} is defined in {homes:?}");
    }
}
