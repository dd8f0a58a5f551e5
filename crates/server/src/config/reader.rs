//! Reading sections: each value from the environment, else the file, else its default; every
//! problem noted, with where the value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use super::environment::Environment;
use super::secret::Secret;
use super::value::{self, Placed, Value};
use crate::apps::nearest::nearest;

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, as `section.key`.
    pub setting: String,
    /// Where its value came from.
    pub origin: String,
    /// What was expected and what came.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin.is_empty() {
            write!(f, "{}: {}", self.setting, self.message)
        } else {
            write!(f, "{} ({}): {}", self.setting, self.origin, self.message)
        }
    }
}

/// Reads one configuration.
pub(super) struct Reader<'a> {
    sections: BTreeMap<String, Placed>,
    file: &'a str,
    environment: &'a Environment,
    problems: Vec<Problem>,
    keys: Vec<(&'static str, &'static str)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        sections: BTreeMap<String, Placed>,
        file: &'a str,
        environment: &'a Environment,
    ) -> Self {
        Self {
            sections,
            file,
            environment,
            problems: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Opens a section, which need not be there.
    pub(super) fn section(&mut self, name: &'static str) -> Section<'_, 'a> {
        let values = match self.sections.remove(name) {
            None => BTreeMap::new(),
            Some(Placed {
                value: Value::Table(values),
                ..
            }) => values,
            Some(Placed { line, value }) => {
                let origin = self.at(line);
                self.problem(
                    name,
                    origin,
                    format!("expected a section `[{name}]`; got {}", value.kind()),
                );
                BTreeMap::new()
            }
        };
        Section {
            reader: self,
            name,
            values,
        }
    }

    /// Notes a problem with a setting that was read.
    pub(super) fn problem(&mut self, setting: &str, origin: String, message: String) {
        self.problems.push(Problem {
            setting: setting.to_owned(),
            origin,
            message,
        });
    }

    /// Every `section.key` that was asked for.
    pub(super) fn keys(&self) -> &[(&'static str, &'static str)] {
        &self.keys
    }

    /// Refuses what nobody asked for, and answers every problem.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        let names = self.section_names();
        for (name, placed) in std::mem::take(&mut self.sections) {
            let near = nearest(&name, names.iter().copied());
            let message = unknown("section", near);
            let origin = self.at(placed.line);
            self.problem(&name, origin, message);
        }
        let environment = self.environment;
        for variable in environment.names() {
            if let Some(message) = self.judge_variable(variable) {
                self.problem(variable, "environment".to_owned(), message);
            }
        }
        self.problems
    }

    /// A variable is refused when it is meant for a section: its second word is one, or nearly.
    /// Others that begin with AVOUCH_ belong to whoever runs Avouch; Kubernetes sets
    /// AVOUCH_SERVICE_HOST and AVOUCH_PORT for a service of that name.
    fn judge_variable(&self, variable: &str) -> Option<String> {
        let rest = variable.strip_prefix("AVOUCH_")?;
        let known = |(section, key): &(&str, &str)| variable_name(section, key);
        let taken = variable == "AVOUCH_CONFIG" || self.keys.iter().any(|k| known(k) == variable);
        let foreign = rest.starts_with("SERVICE_") || rest.starts_with("PORT");
        if taken || foreign {
            return None;
        }
        let (word, _) = rest.split_once('_')?;
        nearest(word, self.section_names())?;
        let all: Vec<String> = self.keys.iter().map(known).collect();
        Some(unknown(
            "setting",
            nearest(variable, all.iter().map(String::as_str)),
        ))
    }

    fn section_names(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = self.keys.iter().map(|(section, _)| *section).collect();
        names.dedup();
        names
    }

    fn at(&self, line: usize) -> String {
        format!("{} line {line}", self.file)
    }
}

fn variable_name(section: &str, key: &str) -> String {
    format!("AVOUCH_{}_{}", section.to_uppercase(), key.to_uppercase())
}

fn unknown(what: &str, near: Option<&str>) -> String {
    match near {
        Some(near) => format!("no such {what}; did you mean `{near}`?"),
        None => format!("no such {what}"),
    }
}

/// A value as found, before it is known to be of the right kind.
struct Found {
    value: Value,
    origin: String,
    /// Text of a variable, which may have to become another kind.
    from_environment: bool,
}

/// One section being read. When it is dropped, keys that nobody asked for are refused.
pub(super) struct Section<'r, 'a> {
    reader: &'r mut Reader<'a>,
    name: &'static str,
    values: BTreeMap<String, Placed>,
}

impl Section<'_, '_> {
    /// Text, or the default.
    pub(super) fn text(&mut self, key: &'static str, default: &str) -> String {
        self.optional_text(key)
            .unwrap_or_else(|| default.to_owned())
    }

    /// Text that may be missing. Empty text counts as missing.
    pub(super) fn optional_text(&mut self, key: &'static str) -> Option<String> {
        let found = self.find(key)?;
        match found.value {
            Value::Text(text) => Some(text).filter(|text| !text.is_empty()),
            other => {
                let message = format!("expected text; got {}", other.kind());
                self.problem(key, found.origin, message);
                None
            }
        }
    }

    /// A secret that may be missing. No problem with it quotes it.
    pub(super) fn secret(&mut self, key: &'static str) -> Option<Secret> {
        self.optional_text(key).map(Secret::new)
    }

    /// Text read by `parse`, whose error says what was expected.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let origin = self.origin(key);
        let text = self.text(key, default);
        parse(&text)
            .map_err(|expected| {
                let message = format!("expected {expected}; got {text:?}");
                self.problem(key, origin, message);
            })
            .ok()
    }

    /// As [`Section::parsed`], for a value without a default.
    pub(super) fn optional_parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let origin = self.origin(key);
        let text = self.optional_text(key)?;
        parse(&text)
            .map_err(|expected| {
                let message = format!("expected {expected}; got {text:?}");
                self.problem(key, origin, message);
            })
            .ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> T {
        let origin = self.origin(key);
        let first = words.first().expect("a choice has words");
        let text = self.text(key, first.0);
        if let Some((_, chosen)) = words.iter().find(|(word, _)| *word == text) {
            return *chosen;
        }
        let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let near = match nearest(&text, list.iter().copied()) {
            Some(near) => format!("; did you mean {near:?}?"),
            None => String::new(),
        };
        let message = format!("expected one of {}; got {text:?}{near}", list.join(", "));
        self.problem(key, origin, message);
        first.1
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(found) = self.find(key) else {
            return default;
        };
        match found.value {
            Value::Flag(flag) => flag,
            Value::Text(text) if found.from_environment && text == "true" => true,
            Value::Text(text) if found.from_environment && text == "false" => false,
            other => {
                let got = shown(&other);
                self.problem(
                    key,
                    found.origin,
                    format!("expected true or false; got {got}"),
                );
                default
            }
        }
    }

    /// A whole number within a range.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> i64 {
        let Some(found) = self.find(key) else {
            return default;
        };
        let number = match &found.value {
            Value::Integer(number) => Some(*number),
            Value::Text(text) if found.from_environment => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let message = format!(
                    "expected a whole number from {} to {}; got {}",
                    range.start(),
                    range.end(),
                    shown(&found.value)
                );
                self.problem(key, found.origin, message);
                default
            }
        }
    }

    /// A list of texts, each read by `parse`. In the environment: separated by commas.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        default: &[&str],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let (texts, origin) = match self.find(key) {
            None => (
                default.iter().map(|text| (*text).to_owned()).collect(),
                String::new(),
            ),
            Some(found) => (self.texts_of(key, &found), found.origin),
        };
        let mut list = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(&text) {
                Ok(value) => list.push(value),
                Err(expected) => {
                    let message = format!("expected {expected}; got {text:?}");
                    self.problem(key, origin.clone(), message);
                }
            }
        }
        list
    }

    /// Texts under names, such as languages. In the environment: an inline TOML table.
    pub(super) fn map(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let Some(found) = self.find_structured(key) else {
            return BTreeMap::new();
        };
        let mut map = BTreeMap::new();
        let Value::Table(table) = found.value else {
            let message = format!("expected a table of texts; got {}", found.value.kind());
            self.problem(key, found.origin, message);
            return map;
        };
        for (name, placed) in table {
            match placed.value {
                Value::Text(text) => {
                    map.insert(name, text);
                }
                other => {
                    let message = format!("expected text for `{name}`; got {}", other.kind());
                    self.problem(key, found.origin.clone(), message);
                }
            }
        }
        map
    }

    /// A list of tables whose keys are among `known`. In the environment: an inline TOML list.
    pub(super) fn tables(&mut self, key: &'static str, known: &[&'static str]) -> Vec<Table> {
        let Some(found) = self.find_structured(key) else {
            return Vec::new();
        };
        let Value::List(items) = found.value else {
            let message = format!("expected a list of tables; got {}", found.value.kind());
            self.problem(key, found.origin, message);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            let origin = if found.from_environment {
                found.origin.clone()
            } else {
                self.reader.at(item.line)
            };
            let Value::Table(values) = item.value else {
                let message = format!("expected a table; got {}", item.value.kind());
                self.problem(key, origin, message);
                continue;
            };
            for name in values.keys() {
                if !known.contains(&name.as_str()) {
                    let near = nearest(name, known.iter().copied());
                    let message = format!("`{name}`: {}", unknown("key", near));
                    self.problem(key, origin.clone(), message);
                }
            }
            tables.push(Table { values, origin });
        }
        tables
    }

    /// Notes a problem with one of this section's settings.
    pub(super) fn problem(&mut self, key: &str, origin: String, message: String) {
        let setting = format!("{}.{key}", self.name);
        self.reader.problem(&setting, origin, message);
    }

    /// Where a setting of this section comes from; empty for a default.
    pub(super) fn origin(&self, key: &str) -> String {
        let variable = variable_name(self.name, key);
        if self.reader.environment.get(&variable).is_some() {
            return variable;
        }
        self.values
            .get(key)
            .map(|placed| self.reader.at(placed.line))
            .unwrap_or_default()
    }

    fn find(&mut self, key: &'static str) -> Option<Found> {
        self.reader.keys.push((self.name, key));
        let origin = self.origin(key);
        let placed = self.values.remove(key);
        let variable = variable_name(self.name, key);
        if let Some(text) = self.reader.environment.get(&variable) {
            return Some(Found {
                value: Value::Text(text.to_owned()),
                origin,
                from_environment: true,
            });
        }
        placed.map(|placed| Found {
            value: placed.value,
            origin,
            from_environment: false,
        })
    }

    fn find_structured(&mut self, key: &'static str) -> Option<Found> {
        let found = self.find(key)?;
        let Value::Text(text) = &found.value else {
            return Some(found);
        };
        if !found.from_environment {
            return Some(found);
        }
        match value::parse(&format!("value = {text}")) {
            Ok(mut document) => document.remove("value").map(|placed| Found {
                value: placed.value,
                ..found
            }),
            Err(error) => {
                let message = format!("expected a TOML value; {error}");
                self.problem(key, found.origin, message);
                None
            }
        }
    }

    fn texts_of(&mut self, key: &'static str, found: &Found) -> Vec<String> {
        match &found.value {
            Value::Text(text) if found.from_environment => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            // One is a list of one.
            Value::Text(text) => vec![text.clone()],
            Value::List(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match &item.value {
                        Value::Text(text) => texts.push(text.clone()),
                        other => {
                            let origin = self.reader.at(item.line);
                            let message = format!("expected texts; got {}", other.kind());
                            self.problem(key, origin, message);
                        }
                    }
                }
                texts
            }
            other => {
                let message = format!("expected a list of texts; got {}", other.kind());
                self.problem(key, found.origin.clone(), message);
                Vec::new()
            }
        }
    }
}

impl Drop for Section<'_, '_> {
    fn drop(&mut self) {
        let mut known: Vec<&str> = Vec::new();
        for (section, key) in self.reader.keys() {
            if *section == self.name {
                known.push(key);
            }
        }
        let refused: Vec<(String, usize, String)> = self
            .values
            .iter()
            .map(|(key, placed)| {
                let near = nearest(key, known.iter().copied());
                (key.clone(), placed.line, unknown("setting", near))
            })
            .collect();
        for (key, line, message) in refused {
            let origin = self.reader.at(line);
            self.problem(&key, origin, message);
        }
    }
}

/// A table inside a list.
pub(super) struct Table {
    values: BTreeMap<String, Placed>,
    pub(super) origin: String,
}

impl Table {
    /// The text under `key`; `None` when it is missing, empty or no text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match &self.values.get(key)?.value {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// The number under `key`; `None` when it is missing or no number.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        match &self.values.get(key)?.value {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        other => other.kind().to_owned(),
    }
}
