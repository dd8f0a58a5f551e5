//! A TOML document with the line of every value, since an error that names the line is mended
//! sooner.

use std::collections::BTreeMap;

use toml::de::{DeInteger, DeTable, DeValue};

/// A value and the line it stands on, counted from 1.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What TOML can hold, as far as any setting is concerned.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(Vec<Placed>),
    Table(BTreeMap<String, Placed>),
    /// A float or a date: no setting takes one.
    Other,
}

impl Value {
    /// The kind, in an error's words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other => "a float or a date",
        }
    }
}

/// Reads a document.
///
/// # Errors
/// The parser's words, with the line.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Placed>, String> {
    let lines = Lines(text);
    let table = DeTable::parse(text).map_err(|error| match error.span() {
        Some(span) => format!("line {}: {}", lines.of(span.start), error.message()),
        None => error.message().to_owned(),
    })?;
    Ok(convert_table(table.get_ref(), &lines))
}

struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn of(&self, offset: usize) -> usize {
        let before = self.0.as_bytes().get(..offset).unwrap_or_default();
        before.iter().filter(|b| **b == b'\n').count() + 1
    }
}

fn convert_table(table: &DeTable<'_>, lines: &Lines<'_>) -> BTreeMap<String, Placed> {
    table
        .iter()
        .map(|(key, value)| {
            let placed = Placed {
                line: lines.of(key.span().start),
                value: convert(value.get_ref(), lines),
            };
            (key.get_ref().to_string(), placed)
        })
        .collect()
}

fn convert(value: &DeValue<'_>, lines: &Lines<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => integer(number).map_or(Value::Other, Value::Integer),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Placed {
                    line: lines.of(item.span().start),
                    value: convert(item.get_ref(), lines),
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, lines)),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
    }
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
