//! How an app comes in and how its settings change: pure rules shared by the command line, the
//! admin pages and `avouch dev`.
//!
//! An app comes as SP metadata, or as typed fields that [`typed`] turns into metadata, so that
//! there is one reader and one set of checks. [`Draft`] is what would be stored, [`settings`] the
//! one table of everything that can be set on it, [`row`] an attribute row as one line of text.

pub mod federation;
pub mod preview;
pub mod row;
pub mod selection;
pub mod settings;
pub mod signed;
pub mod typed;

use strsim::damerau_levenshtein;

use super::{App, Definition, LocalPolicy};

/// What will be stored of an app, before it is stored.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Short name for URLs and commands.
    pub api_name: String,
    /// Name shown to people.
    pub name: String,
    /// The developer's part.
    pub definition: Definition,
    /// The admin's part.
    pub policy: LocalPolicy,
}

impl Draft {
    /// The draft that would change nothing of `app`.
    pub fn of(app: &App) -> Self {
        Self {
            api_name: app.api_name.clone(),
            name: app.name.clone(),
            definition: app.definition.clone(),
            policy: app.policy.clone(),
        }
    }

    /// Writes the draft into `app`; its row, state and instants stay.
    pub fn write_into(self, app: &mut App) {
        app.api_name = self.api_name;
        app.name = self.name;
        app.definition = self.definition;
        app.policy = self.policy;
    }
}

/// The candidate nearest to what was typed, when one is near enough to be what was meant.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let allowed = (typed.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|word| (damerau_levenshtein(&typed, &word.to_lowercase()), word))
        .filter(|(distance, word)| {
            *distance <= allowed || (typed.len() >= 4 && word.ends_with(typed.as_str()))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// A short name made from any text: lower-case letters, digits and single hyphens.
pub fn api_name_from(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= API_NAME_LIMIT {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() {
        "app".to_owned()
    } else {
        out.to_owned()
    }
}

/// `base`, or `base` with the first number that no app has, counting from 2.
pub fn free_api_name(base: &str, mut taken: impl FnMut(&str) -> bool) -> String {
    let mut name = base.to_owned();
    let mut number = 1_u32;
    while taken(&name) {
        number += 1;
        name = format!("{base}-{number}");
    }
    name
}

/// Longest short name that is made; longer ones are refused when typed.
pub const API_NAME_LIMIT: usize = 40;

/// Words that stand at the place of a short name in our own URLs.
const RESERVED_API_NAMES: &[&str] = &["new", "import"];

/// Whether `text` can be an app's short name.
pub fn is_api_name(text: &str) -> bool {
    (1..=API_NAME_LIMIT).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !RESERVED_API_NAMES.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_made_from_anything() {
        for (text, want) in [
            ("Sample Wiki", "sample-wiki"),
            ("  --Ünï & <sons>--", "n-sons"),
            ("漢字", "app"),
            ("A", "a"),
        ] {
            let name = api_name_from(text);
            assert_eq!(name, want);
            assert!(is_api_name(&name));
        }
        assert!(is_api_name(&api_name_from(&"long name ".repeat(20))));
        assert!(!is_api_name("new") && !is_api_name("-a") && !is_api_name("A"));
    }

    #[test]
    fn a_taken_short_name_gets_a_number() {
        let taken = ["wiki", "wiki-2"];
        assert_eq!(free_api_name("wiki", |n| taken.contains(&n)), "wiki-3");
        assert_eq!(free_api_name("library", |n| taken.contains(&n)), "library");
    }

    #[test]
    fn the_nearest_word_is_named_only_when_near() {
        let words = ["clock_skew_seconds", "encryption", "sign"];
        assert_eq!(
            nearest("clock_skew_second", words),
            Some("clock_skew_seconds")
        );
        assert_eq!(nearest("Encrypton", words), Some("encryption"));
        assert_eq!(nearest("colour", words), None);
    }
}
