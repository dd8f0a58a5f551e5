//! The manual says what the program does.

use std::fmt::Write as _;

use avouch_server::apps::settings::{SETTINGS, in_page_order};
use avouch_server::text::Locale;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/app-settings.md");
const BEGIN: &str = "<!-- The table of settings, as the program has it. -->\n";
const END: &str = "<!-- End of the table. -->\n";

/// The settings of an app, each with its default, what it takes and what it does.
fn table() -> String {
    let texts = Locale::default().catalogue().settings;
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', "<br>");
    let code = |text: String| match text.as_str() {
        "" => String::new(),
        text => format!("`{}`", cell(text)),
    };
    let mut out = "| Setting | Default | Takes | Meaning |\n| --- | --- | --- | --- |\n".to_owned();
    // A section's settings stand together, in the order of the app's page.
    for setting in in_page_order() {
        let about = texts.of(setting.key).expect("texts").about;
        writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            setting.key,
            code(setting.default_text()),
            cell(&setting.expected()),
            cell(about.0),
        )
        .expect("a string");
    }
    out
}

#[test]
fn the_manual_lists_every_setting_as_it_is() {
    let manual = std::fs::read_to_string(FILE).expect("docs/app-settings.md");
    let (before, rest) = manual
        .split_once(BEGIN)
        .expect("the beginning of the table");
    let (written, after) = rest.split_once(END).expect("the end of the table");
    let table = table();
    #[allow(
        clippy::disallowed_methods,
        reason = "a switch for whoever runs the tests"
    )]
    let rewrite = std::env::var_os("AVOUCH_REWRITE_GOLDEN").is_some();
    if rewrite {
        std::fs::write(FILE, format!("{before}{BEGIN}{table}{END}{after}")).expect("written");
        return;
    }
    assert_eq!(written, table, "AVOUCH_REWRITE_GOLDEN=1 writes it anew");
    assert_eq!(table.lines().count(), SETTINGS.len() + 2);
}
