//! What holds for every page, checked on all samples.

use std::collections::BTreeSet;

use super::{assets, render_samples, write_samples};

/// The values of every `attribute="…"` in `html`.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn every_sample_renders_under_its_own_name() {
    let pages = render_samples();
    let names: BTreeSet<_> = pages.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), pages.len(), "two samples share a name");
    for (name, html) in &pages {
        assert!(html.starts_with("<!doctype html>"), "{name}");
        assert!(html.trim_end().ends_with("</html>"), "{name}");
        assert!(!html.contains("{}"), "{name} shows an unfilled gap");
    }
}

/// The policy allows nothing inline and nothing foreign, so a page that relied on it would break.
#[test]
fn no_page_has_inline_script_or_style() {
    for (name, html) in render_samples() {
        assert!(!html.contains("<style"), "{name} has a style element");
        assert!(
            values(&html, "style").is_empty(),
            "{name} has a style attribute"
        );
        for attribute in ["href", "src", "action", "formaction"] {
            for url in values(&html, attribute) {
                assert!(
                    !url.trim_start().starts_with("javascript:"),
                    "{name}: {url}"
                );
            }
        }
        for script in html.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=\"/assets/"),
                "{name} has an inline script"
            );
        }
        for tag in html.split('<') {
            let tag = tag.split('>').next().unwrap_or_default();
            assert!(
                !tag.contains(" on"),
                "{name} has an event handler in <{tag}>"
            );
        }
    }
}

#[test]
fn every_asset_a_page_asks_for_is_embedded() {
    for (name, html) in render_samples() {
        for url in values(&html, "src")
            .into_iter()
            .chain(values(&html, "href"))
        {
            if let Some(path) = url.strip_prefix("/assets/") {
                let file = path.split('?').next().unwrap_or_default();
                assert!(assets::find(file).is_some(), "{name} asks for {file}");
            }
        }
    }
}

/// Headings, labels and landmarks that a screen reader steers by.
#[test]
fn every_page_can_be_steered_without_seeing_it() {
    for (name, html) in render_samples() {
        assert_eq!(
            html.matches("<h1").count(),
            1,
            "{name} needs one main heading"
        );
        assert_eq!(
            html.matches("<main id=\"content\"").count(),
            1,
            "{name} needs one main part"
        );
        assert!(
            html.contains("class=\"skip\" href=\"#content\""),
            "{name} needs a skip link"
        );
        assert!(
            html.contains("<html lang=\"en\">"),
            "{name} needs its language"
        );

        let ids = values(&html, "id");
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name} has an ID twice");
        let named = values(&html, "for").into_iter();
        let described = values(&html, "aria-describedby")
            .into_iter()
            .flat_map(str::split_whitespace);
        for target in named.chain(described) {
            assert!(
                unique.contains(&target),
                "{name} points at #{target}, which is not there"
            );
        }
        let labels: BTreeSet<_> = values(&html, "for").into_iter().collect();
        for kind in ["input", "select", "textarea"] {
            for tag in html.split(&format!("<{kind} ")).skip(1) {
                let tag = format!(" {}", tag.split('>').next().unwrap_or_default());
                if tag.contains("type=\"hidden\"") {
                    continue;
                }
                let labelled = values(&tag, "id").iter().any(|id| labels.contains(id))
                    || tag.contains("aria-label");
                assert!(
                    labelled,
                    "{name} has a field without a label: <{kind}{tag}>"
                );
            }
        }
    }
}

/// A form that changes something here carries the token; one that leaves for an SP must not.
#[test]
fn forms_carry_the_csrf_token_to_this_server_only() {
    for (name, html) in render_samples() {
        for form in html.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            if !form.starts_with("method=\"post\"") {
                continue;
            }
            let leaves = form.starts_with("method=\"post\" action=\"https://");
            assert_eq!(
                !leaves,
                form.contains("name=\"csrf\""),
                "{name}: <form {form}"
            );
        }
    }
}

/// The folder is what `avouch render-pages` writes, ready to be opened in a browser.
#[test]
fn samples_are_written_with_the_assets_they_use() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pages");
    write_samples(&folder).expect("target can be written");
    for (name, _) in render_samples() {
        let html = std::fs::read_to_string(folder.join(format!("{name}.html"))).expect(name);
        assert!(
            html.contains("href=\"assets/avouch.css"),
            "{name} would find no stylesheet"
        );
    }
    let css = std::fs::read_to_string(folder.join("assets/avouch.css")).expect("stylesheet");
    assert_eq!(css, assets::find("avouch.css").expect("embedded").body);
}

/// Every sentence is in the catalogue: templates hold markup, expressions and no words.
#[test]
fn templates_hold_no_words_of_their_own() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let mut folders = vec![folder];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("templates can be listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let template = std::fs::read_to_string(&path).expect("a template is text");
            let text = without(
                &without(&without(&template, "{%", "%}"), "{{", "}}"),
                "<",
                ">",
            );
            let text = NOT_SENTENCES
                .iter()
                .fold(text, |text, known| text.replace(known, ""));
            let words: Vec<_> = text
                .split_whitespace()
                .filter(|word| word.contains(char::is_alphabetic) && !word.contains("=\""))
                .collect();
            assert!(words.is_empty(), "{} says {words:?} itself", path.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "the templates were not found");
}

/// A command, the name of a file format, and classes that blocks hold.
const NOT_SENTENCES: [&str; 4] = ["avouch explain", "PEM", "card-page", "wide-page"];

/// `text` without its parts from `open` to `close`.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut parts = text.split(open);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push(' ');
        out.push_str(part.split_once(close).map_or("", |(_, rest)| rest));
    }
    out
}
