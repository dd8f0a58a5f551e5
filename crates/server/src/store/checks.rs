//! Checks as the event log stores them. A sign-on's event is most of what it writes, and most of
//! that is these.
//!
//! Shape: a line for each check, of cells between tabs; neither can stand in a [`Foreign`] text. The
//! cells are rule, expected, received, origin, and what a later version adds. A rule that failed has
//! `!` before its id. A value is one cell, which its first character tells:
//!
//! | cell | value |
//! | --- | --- |
//! | empty | nothing |
//! | `id`, `id/2` | a phrase, and how many values go into it, each of which follows in turn |
//! | `/2` | a list of so many |
//! | `17`, `-17` | a number |
//! | `@17` | an instant, in milliseconds since 1970 |
//! | `:id` | a URI of the specifications |
//! | `=text` | text; in the place of a rule or an origin, the key of a setting |
//! | `^` | in the place of what came: what was expected |
//!
//! A cell that begins otherwise, and an id nobody knows, is a later version's: it is kept and written
//! again as it is. A later version may add ids and cells, and no other shape of a value that takes
//! several cells.

use std::fmt::Write as _;
use std::str::Split;

use avouch_saml::time::Timestamp;

use crate::audit::check::{Check, Foreign, Origin, Phrase, Rule, Uri, Value};

/// The most that phrases stand in each other.
const DEEPEST: usize = 8;

/// Why stored checks cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// A line ends before its check does.
    #[error("a check ends early: {0:?}")]
    EndsEarly(String),
    /// Phrases stand in each other without end.
    #[error("a value is too deep: {0:?}")]
    TooDeep(String),
}

/// The stored form of `checks`.
pub(super) fn write(checks: &[Check]) -> String {
    let mut out = String::with_capacity(checks.len() * 48);
    for (at, check) in checks.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if !check.passed {
            out.push('!');
        }
        match &check.rule {
            Rule::Setting(key) => text('=', key.as_str(), &mut out),
            rule => out.push_str(rule.id()),
        }
        value(&check.expected, &mut out);
        if check.received == check.expected && check.expected != Value::Nothing {
            out.push_str("\t^");
        } else {
            value(&check.received, &mut out);
        }
        out.push('\t');
        match &check.origin {
            Origin::Setting(key) => text('=', key.as_str(), &mut out),
            origin => out.push_str(origin.id()),
        }
        for more in &check.more {
            value(more, &mut out);
        }
    }
    out
}

/// The stored form of one value; empty of [`Value::Nothing`].
pub(super) fn write_value(written: &Value) -> String {
    if *written == Value::Nothing {
        return String::new();
    }
    let mut out = String::new();
    value(written, &mut out);
    out.split_off(1)
}

/// Reads the stored form of one value.
///
/// # Errors
/// [`Unreadable`].
pub(super) fn read_value(stored: &str) -> Result<Value, Unreadable> {
    let mut cells = Cells {
        line: stored,
        left: stored.split('\t'),
    };
    cells.value(0)
}

fn text(mark: char, text: &str, out: &mut String) {
    out.push(mark);
    out.push_str(text);
}

/// Writes a value with the tab before it.
fn value(written: &Value, out: &mut String) {
    out.push('\t');
    let several = |id: &str, values: &[Value], out: &mut String| {
        out.push_str(id);
        if !values.is_empty() || id.is_empty() {
            number('/', i64::try_from(values.len()).unwrap_or(0), out);
        }
        for within in values {
            value(within, out);
        }
    };
    match written {
        Value::Nothing => {}
        Value::Phrase(phrase, values) => several(phrase.id(), values, out),
        Value::Unknown(id, values) => several(id.as_str(), values, out),
        Value::List(values) => several("", values, out),
        Value::Number(n) => write!(out, "{n}").expect("text takes text"),
        Value::Instant(instant) => number('@', instant.millis(), out),
        Value::Uri(uri) => text(':', uri.id(), out),
        Value::Text(foreign) => text('=', foreign.as_str(), out),
        Value::Raw(cell) => out.push_str(cell.as_str()),
    }
}

fn number(mark: char, number: i64, out: &mut String) {
    write!(out, "{mark}{number}").expect("text takes text");
}

/// Reads the stored form.
///
/// # Errors
/// [`Unreadable`].
pub(super) fn read(stored: &str) -> Result<Vec<Check>, Unreadable> {
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    stored
        .split('\n')
        .map(|line| {
            let ends_early = || Unreadable::EndsEarly(line.to_owned());
            let mut cells = Cells {
                line,
                left: line.split('\t'),
            };
            let rule = cells.next()?;
            let (passed, rule) = match rule.strip_prefix('!') {
                Some(rule) => (false, rule),
                None => (true, rule),
            };
            if rule.is_empty() {
                return Err(ends_early());
            }
            let expected = cells.value(0)?;
            let received = match cells.left.clone().next() {
                Some("^") => {
                    cells.next()?;
                    expected.clone()
                }
                _ => cells.value(0)?,
            };
            let origin = cells.next()?;
            let mut more = Vec::new();
            while cells.left.clone().next().is_some() {
                more.push(cells.value(0)?);
            }
            Ok(Check {
                rule: match rule.strip_prefix('=') {
                    Some(key) => Rule::Setting(foreign(key)),
                    None => Rule::of_id(rule),
                },
                passed,
                expected,
                received,
                origin: match origin.strip_prefix('=') {
                    Some(key) => Origin::Setting(foreign(key)),
                    None => Origin::of_id(origin),
                },
                more,
            })
        })
        .collect()
}

/// The cells of a line that are not read yet.
struct Cells<'a> {
    line: &'a str,
    left: Split<'a, char>,
}

impl<'a> Cells<'a> {
    fn next(&mut self) -> Result<&'a str, Unreadable> {
        let next = self.left.next();
        next.ok_or_else(|| Unreadable::EndsEarly(self.line.to_owned()))
    }

    fn value(&mut self, depth: usize) -> Result<Value, Unreadable> {
        if depth > DEEPEST {
            return Err(Unreadable::TooDeep(self.line.to_owned()));
        }
        let cell = self.next()?;
        let raw = || Value::Raw(foreign(cell));
        let Some(first) = cell.chars().next() else {
            return Ok(Value::Nothing);
        };
        let rest = &cell[first.len_utf8()..];
        Ok(match first {
            '=' => Value::Text(foreign(rest)),
            '@' => match rest.parse() {
                Ok(millis) => Value::Instant(Timestamp::from_millis(millis)),
                Err(_) => raw(),
            },
            ':' => Uri::of_id(rest).map_or_else(raw, Value::Uri),
            '-' | '0'..='9' => cell.parse().map_or_else(|_| raw(), Value::Number),
            '/' | 'a'..='z' => {
                let (id, count) = match cell.split_once('/') {
                    None => (cell, 0),
                    Some((id, count)) => match count.parse::<usize>() {
                        Ok(count) => (id, count),
                        Err(_) => return Ok(raw()),
                    },
                };
                let mut values = Vec::new();
                for _ in 0..count {
                    values.push(self.value(depth + 1)?);
                }
                let values = values.into_boxed_slice();
                match Phrase::of_id(id) {
                    _ if id.is_empty() => Value::List(values),
                    Some(phrase) => Value::Phrase(phrase, values),
                    None => Value::Unknown(foreign(id), values),
                }
            }
            _ => raw(),
        })
    }
}

fn foreign(text: &str) -> Foreign {
    Foreign::new(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Value {
        Value::text(text)
    }

    fn check(expected: impl Into<Value>, received: impl Into<Value>) -> Check {
        let origin = Origin::setting("saml.any_setting");
        Check::new(Rule::Destination, true, expected, received, origin)
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut later = check(Value::Nothing, Phrase::Any);
        later.more = vec![text("beside"), Value::Number(7)];
        let all = [
            check(Value::Nothing, Value::Nothing),
            check(Phrase::Any, Value::Nothing),
            check(Value::Nothing, Phrase::Any),
            check(text("Ünï <&> \"q\" 漢字"), text("\u{2028}\\ 17")),
            check(text("17"), 17_i64),
            check(text("^"), text("^")),
            check(text("="), text("/2")),
            check(-17_i64, Timestamp::from_millis(-1)),
            check(Uri::RsaSha256, Uri::RsaSha256),
            check(
                Phrase::Because
                    .with([Phrase::For.with([text("a"), Phrase::Any.into()]), text("b")]),
                Value::list([text("a"), Value::list([text("b"), text("c")])]),
            ),
            Check::changed("description", "", "new"),
            Check::new(
                Rule::Password,
                false,
                Phrase::Right,
                Value::Nothing,
                Origin::User,
            ),
            later,
        ];
        assert_eq!(read(&write(&all)).expect("reads"), all);
        assert_eq!(read(&write(&[])).expect("reads"), []);
    }

    #[test]
    fn the_stored_form_is_what_it_was() {
        let lines = [
            check(Phrase::Any, Phrase::Any),
            check(
                text("there"),
                Phrase::LoggedInAt.with([Timestamp::from_millis(5).into()]),
            ),
            Check::new(
                Rule::AuthnContext,
                false,
                Uri::Password,
                Value::list([text("a"), Value::Number(2)]),
                Origin::IsPassive,
            ),
        ];
        assert_eq!(
            write(&lines),
            "dest\tany\t^\t=saml.any_setting\n\
             dest\t=there\tat/1\t@5\t=saml.any_setting\n\
             !authn\t:pw\t/2\t=a\t2\tpassive"
        );
    }

    #[test]
    fn what_a_later_version_wrote_is_read_and_kept() {
        let stored = "!of.tomorrow\tphrase.of.tomorrow/2\t=a\t~shape\t:uri.of.tomorrow\torigin.of.tomorrow\tmore/1\t5\n\
                      dest\tany\t@soon\turl";
        let checks = read(stored).expect("reads");
        assert_eq!(checks[0].rule, Rule::Other(foreign("of.tomorrow")));
        assert!(!checks[0].passed);
        assert_eq!(
            checks[0].expected,
            Value::Unknown(
                foreign("phrase.of.tomorrow"),
                [text("a"), Value::Raw(foreign("~shape"))].into()
            )
        );
        assert_eq!(checks[0].received, Value::Raw(foreign(":uri.of.tomorrow")));
        assert_eq!(
            checks[0].origin,
            Origin::Other(foreign("origin.of.tomorrow"))
        );
        assert_eq!(checks[1].rule, Rule::Destination);
        assert_eq!(write(&checks), stored);
    }

    #[test]
    fn what_nobody_wrote_is_told() {
        for bad in [
            "dest",
            "dest\tany",
            "dest\tany\tany",
            "dest\tfor/2\t=a\t=b",
            "\t\t\t",
            "!\t\t\t",
        ] {
            assert!(
                matches!(read(bad), Err(Unreadable::EndsEarly(_))),
                "{bad:?}"
            );
        }
        let deep = format!("dest{}\t\turl", "\tor/1".repeat(100_000));
        assert!(matches!(read(&deep), Err(Unreadable::TooDeep(_))));
        assert!(read("dest\tfor/2\t=a\t=b\t\turl").is_ok());
    }
}
