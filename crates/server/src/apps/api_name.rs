//! An app's short name, which stands in URLs and commands.

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
}
