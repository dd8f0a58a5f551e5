//! What commands print: text for people or JSON for machines, never both.

use std::io::Write;

use serde_json::Value;

/// Where and how a command prints.
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one result: `value` for machines, what `text` writes for people.
    pub(super) fn result(&self, value: &Value, text: impl FnOnce() -> String) {
        let said = if self.json {
            format!("{value:#}")
        } else {
            harmless(&text())
        };
        self.write(&said);
    }

    /// Prints one of many results that come one after another: for machines each is a line of its own.
    pub(super) fn line(&self, value: &Value, text: impl FnOnce() -> String) {
        if self.json {
            self.write(&value.to_string());
        } else {
            self.write(&harmless(&text()));
        }
    }

    /// Prints a document octet for octet, since a signature covers it; `value` for machines.
    pub(super) fn document(&self, value: &Value, text: &str) {
        if self.json {
            self.write(&format!("{value:#}"));
        } else {
            let mut to = std::io::stdout().lock();
            // Whoever reads may have seen enough.
            let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        }
    }

    /// Prints what went wrong to standard error.
    pub(super) fn error(&self, text: &str, exit_code: u8) {
        let kind = super::kind_of(exit_code);
        let value = serde_json::json!({ "error": text, "kind": kind, "exit_code": exit_code });
        self.aside(&value, text);
    }

    /// Prints to standard error what should be looked at, although the work was done.
    pub(super) fn warning(&self, text: &str) {
        let value = serde_json::json!({ "warning": text });
        self.aside(&value, &format!("warning: {text}"));
    }

    fn aside(&self, value: &Value, text: &str) {
        let said = if self.json {
            format!("{value:#}")
        } else {
            format!("avouch: {}", harmless(text))
        };
        // A closed terminal is no reason to fail once more.
        let _ = writeln!(std::io::stderr().lock(), "{said}");
    }

    fn write(&self, text: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
    }
}

/// Foreign text without what would drive a terminal, or show its letters in another order than they
/// have: such characters are named in their place.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let drives = c.is_control() && !matches!(c, '\n' | '\t');
        let turns = matches!(
            c,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        );
        if drives || turns {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Lines up columns by their widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .chain([head[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let head: Vec<String> = head.iter().map(|name| name.to_uppercase()).collect();
    let mut out = line(&head);
    for row in rows {
        out.push_str(&line(row));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_a_terminal_or_turns_its_letters() {
        let plain = "Ünï 中 \"x\"\n  two\tthree";
        assert_eq!(harmless(plain), plain);
        assert_eq!(
            harmless("a\u{1b}[31mb\r\u{202E}c\u{2066}\u{9b}"),
            "a\\u{1b}[31mb\\u{d}\\u{202e}c\\u{2066}\\u{9b}"
        );
    }
}
