//! What a setting takes: its type and bounds, how a text is read into it, and how it is told.

use avouch_saml::ids::EntityId;

use super::vocabulary::{
    Hint, algorithm_uri, algorithm_word, algorithm_words, format_uri, format_word, format_words,
};
use crate::apps::api_name::{API_NAME_LIMIT, api_name_from, is_api_name};
use crate::apps::link::{is_link, is_logo};
use crate::apps::nearest::did_you_mean;
use crate::apps::row::{check_row, parse_rows, row_text};
use crate::apps::saml::{AttributeRow, SubjectType};

/// The value of a setting, as it is stored: a format or algorithm is its URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// None of its own: another source gives it.
    Nothing,
    /// A truth value.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text, a word or a URI.
    Text(String),
    /// Several of these.
    List(Vec<String>),
    /// Attribute rows.
    Rows(Vec<AttributeRow>),
}

/// What a setting takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// True or false.
    Flag,
    /// A whole number.
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// It counts seconds.
        seconds: bool,
    },
    /// One of these words.
    Words {
        /// The words, in the order in which they are told.
        words: &'static [&'static str],
        /// What a word means that does not say it itself, by word.
        notes: &'static [(&'static str, &'static str)],
    },
    /// Text for people.
    Text {
        /// The fewest characters.
        min: usize,
        /// The most characters.
        max: usize,
        /// It may be longer than a line.
        long: bool,
    },
    /// Text for another program, which counts its octets.
    Octets {
        /// The most octets.
        max: usize,
        /// The specification that says so.
        by: &'static str,
    },
    /// A short name for URLs and commands.
    ApiName,
    /// An address that a page may link to.
    Url,
    /// An image.
    Logo,
    /// An entity ID of our own.
    Issuer,
    /// One of the organisation's signing keys, by row.
    SigningKey,
    /// A signature algorithm.
    SignatureAlgorithm,
    /// A NameID format.
    NameIdFormat,
    /// Several NameID formats.
    NameIdFormats,
    /// Which of the user's names is sent.
    SubjectType,
    /// Several authentication context classes.
    ContextClasses,
    /// What satisfies each authentication context: `ASKED=CLASS|CLASS`.
    ContextMap,
    /// Several URIs.
    Uris,
    /// Several sites: scheme, host and port.
    Origins,
    /// Attribute rows.
    Rows {
        /// The most rows.
        max: usize,
    },
}

impl Kind {
    /// What a value looks like, for people.
    pub(super) fn expected(&self, optional: bool) -> String {
        let nothing = optional.then(|| "nothing".to_owned());
        let told = match self {
            Self::Flag => "true or false".to_owned(),
            Self::Number { min, max, seconds } => {
                let unit = if *seconds { " of seconds" } else { "" };
                format!("a whole number{unit} from {min} to {max}")
            }
            Self::Words { words, notes } => {
                one_of(words.iter().map(|word| {
                    match notes.iter().find(|(noted, _)| noted == word) {
                        Some((_, note)) => format!("{word} ({note})"),
                        None => (*word).to_owned(),
                    }
                }))
            }
            Self::Text { min: 0, max, .. } => format!("at most {max} characters"),
            Self::Text { min, max, .. } => format!("{min} to {max} characters"),
            Self::Octets { max, by } => format!("at most {max} bytes ({by})"),
            Self::ApiName => format!(
                "lower-case letters, digits and hyphens, at most {API_NAME_LIMIT}, not \"new\" or \"import\""
            ),
            Self::Url => "an http or https URL".to_owned(),
            Self::Logo => "a data: image, an https URL (kept but not shown)".to_owned(),
            Self::Issuer => "an absolute URI of at most 256 characters".to_owned(),
            Self::SigningKey => "the id of a key that `avouch key list` shows".to_owned(),
            Self::SignatureAlgorithm => {
                return one_of(algorithm_words().map(str::to_owned).chain(nothing));
            }
            Self::NameIdFormat => one_of(
                format_words()
                    .map(str::to_owned)
                    .chain(["a format URI".to_owned()]),
            ),
            Self::NameIdFormats => {
                format!("{}, separated by spaces", Self::NameIdFormat.expected(false))
            }
            Self::SubjectType => one_of(
                SubjectType::words()
                    .map(str::to_owned)
                    .chain([format!("{}NAME", SubjectType::CUSTOM)]),
            ),
            Self::ContextClasses | Self::Uris => "URIs separated by spaces, or nothing".to_owned(),
            Self::ContextMap => {
                "ASKED=CLASS|CLASS, each URIs, one asked class a line, or nothing".to_owned()
            }
            Self::Origins => "sites such as https://portal.example.org, separated by spaces, or nothing".to_owned(),
            Self::Rows { .. } => "rows of name=source[,format=…][,friendly=…][,missing=omit|empty|refuse][,only-for=NAME=VALUE][,values=A|B][,starting=A|B][,if-requested|if-required]".to_owned(),
        };
        match nothing {
            Some(nothing) => format!("{told}, or {nothing}"),
            None => told,
        }
    }

    /// The bounds alone, for a sentence that says the rest; empty for a kind without.
    pub fn bounds(&self) -> String {
        match self {
            Self::Number { min, max, .. } => format!("{min} to {max}"),
            Self::Text { max, .. } | Self::Octets { max, .. } => max.to_string(),
            _ => String::new(),
        }
    }

    /// The words a value may be, where there are so few; for choosing, and for a shell to complete.
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            Self::Flag => vec!["true", "false"],
            Self::Words { words, .. } => words.to_vec(),
            Self::SignatureAlgorithm => algorithm_words().collect(),
            Self::NameIdFormat | Self::NameIdFormats => format_words().collect(),
            Self::SubjectType => SubjectType::words().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a value has several items.
    pub const fn is_list(&self) -> bool {
        matches!(
            self,
            Self::NameIdFormats
                | Self::ContextClasses
                | Self::ContextMap
                | Self::Uris
                | Self::Origins
                | Self::Rows { .. }
        )
    }

    /// Reads a text. What it says still has to be [checked](Self::check).
    pub(super) fn read(&self, text: &str) -> Result<Value, Hint> {
        let trimmed = text.trim();
        Ok(match self {
            Self::Flag => Value::Flag(match trimmed.to_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => true,
                "false" | "no" | "off" | "0" => false,
                _ => return Err(Hint::new()),
            }),
            Self::Number { .. } => Value::Number(trimmed.parse().map_err(|_| Hint::new())?),
            Self::NameIdFormats
            | Self::ContextClasses
            | Self::ContextMap
            | Self::Uris
            | Self::Origins => Value::List(items(trimmed)),
            // White space at the end of a row may be a value's.
            Self::Rows { .. } => Value::Rows(parse_rows(text).map_err(|e| e.to_string())?),
            _ => Value::Text(trimmed.to_owned()),
        })
    }

    /// The value as it is stored, if it is one the setting takes.
    pub(super) fn check(&self, value: Value) -> Result<Value, Hint> {
        Ok(match (self, value) {
            (Self::Flag, Value::Flag(on)) => Value::Flag(on),
            (Self::Number { min, max, .. }, Value::Number(n)) if (*min..=*max).contains(&n) => {
                Value::Number(n)
            }
            (Self::NameIdFormats, Value::List(formats)) => {
                let uris = formats.iter().map(|format| format_uri(format));
                Value::List(uris.collect::<Result<_, _>>()?)
            }
            (Self::ContextClasses | Self::Uris, Value::List(uris)) => {
                match uris.iter().find(|uri| !uri.contains(':')) {
                    Some(bad) => return Err(format!("{bad:?} is not a URI")),
                    None => Value::List(uris),
                }
            }
            (Self::ContextMap, Value::List(lines)) => {
                for line in &lines {
                    check_mapped(line)?;
                }
                Value::List(lines)
            }
            (Self::Origins, Value::List(origins)) => {
                let read = origins.iter().map(|origin| origin_of(origin));
                Value::List(read.collect::<Result<_, _>>()?)
            }
            (Self::Rows { max }, Value::Rows(rows)) => {
                if rows.len() > *max {
                    return Err(format!("at most {max} rows are kept"));
                }
                for row in &rows {
                    check_row(row).map_err(|e| e.to_string())?;
                }
                Value::Rows(rows)
            }
            (_, Value::Text(text)) => Value::Text(self.check_text(text)?),
            _ => return Err(Hint::new()),
        })
    }

    fn check_text(&self, text: String) -> Result<String, Hint> {
        let good = match self {
            Self::Words { words, .. } => {
                let word = text.replace('-', "_");
                if !words.contains(&word.as_str()) {
                    return Err(did_you_mean(&word, words.iter().copied()));
                }
                return Ok(word);
            }
            Self::Text { min, max, .. } => {
                bounded(&text, *max)?;
                if text.chars().count() < *min {
                    return Err("it cannot be empty".into());
                }
                true
            }
            Self::Octets { max, .. } => text.len() <= *max && !text.chars().any(char::is_control),
            Self::ApiName => {
                let made = api_name_from(&text);
                if !is_api_name(&text)
                    && !text.is_empty()
                    && text.len() <= API_NAME_LIMIT
                    && is_api_name(&made)
                {
                    return Err(format!("{made:?} would do"));
                }
                is_api_name(&text)
            }
            Self::Url => text.len() <= 2000 && is_link(&text),
            Self::Logo => is_logo(&text),
            Self::Issuer => {
                EntityId::parse_own(&text).map_err(|error| error.to_string())?;
                true
            }
            Self::SigningKey => {
                bounded(&text, 200)?;
                true
            }
            Self::SignatureAlgorithm => return algorithm_uri(&text),
            Self::NameIdFormat => return format_uri(&text),
            Self::SubjectType => {
                if text == SubjectType::CUSTOM {
                    return Err("a custom attribute's name stands after custom.".into());
                }
                if SubjectType::of_word(&text).is_none() {
                    return Err(did_you_mean(&text, SubjectType::words()));
                }
                true
            }
            _ => false,
        };
        if good { Ok(text) } else { Err(Hint::new()) }
    }

    /// A value as it is typed: the one spelling of it. Lists have one item a line.
    pub(super) fn text(&self, value: &Value) -> String {
        match value {
            Value::Nothing => String::new(),
            Value::Flag(on) => on.to_string(),
            Value::Number(n) => n.to_string(),
            Value::Text(text) => self.word(text),
            Value::List(_) | Value::Rows(_) => self.items(value).join("\n"),
        }
    }

    /// The items of a list as they are typed; a single value is one item.
    pub(super) fn items(&self, value: &Value) -> Vec<String> {
        match value {
            Value::Nothing => Vec::new(),
            Value::List(items) => items.iter().map(|item| self.word(item)).collect(),
            Value::Rows(rows) => rows.iter().map(row_text).collect(),
            single => vec![self.text(single)],
        }
    }

    /// The word for a URI that has one.
    fn word(&self, text: &str) -> String {
        match self {
            Self::SignatureAlgorithm => algorithm_word(text),
            Self::NameIdFormat | Self::NameIdFormats => format_word(text),
            _ => text.to_owned(),
        }
    }
}

fn one_of(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}

/// Checks `ASKED=CLASS|CLASS`.
pub fn check_mapped(line: &str) -> Result<(), Hint> {
    let (asked, classes) = split_mapped(line);
    if !asked.contains(':') || classes.is_empty() {
        return Err(format!("{line:?} is not ASKED=CLASS"));
    }
    match classes.iter().find(|class| !class.contains(':')) {
        Some(bad) => Err(format!("{bad:?} is not a URI")),
        None => Ok(()),
    }
}

/// The class asked for, and those that satisfy it. A URI may hold `=`: the first that stands before
/// another URI counts.
pub fn split_mapped(line: &str) -> (&str, Vec<&str>) {
    let places = line.match_indices('=');
    let place = places
        .map(|(at, _)| at)
        .find(|at| line[at + 1..].starts_with("urn:") || line[at + 1..].starts_with("http"));
    match place.or_else(|| line.find('=')) {
        None => (line, Vec::new()),
        Some(at) => {
            let classes = line[at + 1..].split('|').filter(|class| !class.is_empty());
            (&line[..at], classes.collect())
        }
    }
}

/// The origin of a site as browsers send it: in lower case, without the scheme's own port.
fn origin_of(text: &str) -> Result<String, Hint> {
    let wrong = || format!("{text:?} is not a site such as https://portal.example.org");
    let lower = text.to_ascii_lowercase();
    let site = lower.trim_end_matches('/');
    let (scheme, port) = match site.split_once("://") {
        Some(("https", _)) => ("https://", ":443"),
        Some(("http", _)) => ("http://", ":80"),
        _ => return Err(wrong()),
    };
    let host = &site[scheme.len()..];
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if host.is_empty() || !host.chars().all(is_host) {
        return Err(wrong());
    }
    Ok(format!(
        "{scheme}{}",
        host.strip_suffix(port).unwrap_or(host)
    ))
}

fn items(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn bounded(text: &str, characters: usize) -> Result<(), Hint> {
    let length = text.chars().count();
    if length > characters {
        return Err(format!("it has {length}"));
    }
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t')
    {
        return Err("it holds control characters".into());
    }
    Ok(())
}
