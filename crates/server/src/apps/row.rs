//! Attribute rows: what makes one good, and its one spelling as a text, the form used on the
//! command line and in exports:
//! `name=source[,format=…][,friendly=…][,missing=…][,only-for=…][,values=…|…][,starting=…|…]`
//! `[,if-requested|if-required]`.
//!
//! A backslash takes the next character as it is, so any Name, NameFormat and value can be
//! written: `urn:x:a\=b=constant:one\,two|three`. Each row stands on a line; white space that ends
//! it counts only with a backslash before it.

use avouch_saml::ids::is_absolute_uri;
use avouch_saml::xml::names::{is_name, is_xml_text};

use super::nearest::did_you_mean;
use crate::apps::saml::{AttributeRow, Condition, Source, UserField, WhenMissing};
use crate::apps::saml::{PAIRWISE_ID, SUBJECT_ID};

/// `NameFormat` of a name that is a URI.
pub const FORMAT_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// `NameFormat` of a short name.
pub const FORMAT_BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
/// `NameFormat` that says nothing.
pub const FORMAT_UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";

const FORMATS: &[(&str, &str)] = &[
    ("uri", FORMAT_URI),
    ("basic", FORMAT_BASIC),
    ("unspecified", FORMAT_UNSPECIFIED),
];
const MISSING: &[(&str, WhenMissing)] = &[
    ("omit", WhenMissing::Omit),
    ("empty", WhenMissing::Empty),
    ("refuse", WhenMissing::Refuse),
];
const SOURCES: &[&str] = &[
    "custom.NAME",
    "profile",
    "permission_sets",
    "organisation_name",
    "organisation_url",
    "constant:VALUE|VALUE",
    "template:TEXT",
    "subject_id",
    "pairwise_id",
];
const CONDITIONS: &[(&str, Condition)] = &[
    ("always", Condition::Always),
    ("requested", Condition::Requested),
    ("required", Condition::Required),
];
/// What stands before a condition that is not the default.
const IF: &str = "if-";
const OPTIONS: &[&str] = &[
    "format",
    "friendly",
    "missing",
    "only-for",
    "values",
    "starting",
    "if-requested",
    "if-required",
];

/// A part of a row, to say which of them is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowPart {
    /// `Name`, or the row as a whole.
    Name,
    /// `NameFormat`.
    Format,
    /// `FriendlyName`.
    Friendly,
    /// Which source.
    Source,
    /// What the source says: a name, constants, a template.
    Value,
    /// What happens without a value.
    Missing,
    /// Whether the SP's metadata has to ask.
    When,
    /// The entity attribute it depends on.
    OnlyFor,
    /// Values that may be released.
    AllowedValues,
    /// Beginnings of values that may be released.
    AllowedPrefixes,
}

/// What is wrong with a row, with what was expected, what came and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("attribute row: {}", self.beside_its_field())]
pub struct RowError {
    /// Which part of it.
    pub part: RowPart,
    /// What should stand there.
    pub expected: String,
    /// What does.
    pub received: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

impl RowError {
    fn new(
        part: RowPart,
        expected: impl Into<String>,
        received: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            part,
            expected: expected.into(),
            received: received.into(),
            hint: hint.into(),
        }
    }

    /// What is wrong, where the row and its part are named already.
    pub fn beside_its_field(&self) -> String {
        let Self {
            expected,
            received,
            hint,
            ..
        } = self;
        let advice = if hint.is_empty() { "" } else { "; " };
        format!("expected {expected}, received {received:?}{advice}{hint}")
    }
}

/// Reads rows, one a line. Blank lines are passed over.
///
/// # Errors
/// As [`parse_row`], for the first that is wrong.
pub fn parse_rows(text: &str) -> Result<Vec<AttributeRow>, RowError> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(parse_row)
        .collect()
}

/// Reads a row.
///
/// # Errors
/// [`RowError`]: show it.
pub fn parse_row(text: &str) -> Result<AttributeRow, RowError> {
    let text = trimmed(text);
    let parts = split(text, ',');
    let (first, options) = parts.split_first().map_or(("", &[][..]), |(f, o)| (*f, o));
    let (name, source) = split_once(first, '=').ok_or_else(|| {
        let hint = "for instance mail=email";
        RowError::new(RowPart::Name, "name=source", text, hint)
    })?;
    let name = slack(name);
    let format = default_format(&name);
    let mut row = AttributeRow::new(name, format, parse_source(source)?);
    for option in options {
        let (key, value) = match split_once(option, '=') {
            Some((key, value)) => (key.trim(), Some(value)),
            None => (option.trim(), None),
        };
        apply_option(&mut row, key, value)?;
    }
    check_row(&row)?;
    Ok(row)
}

/// Whether a row can be stored and says what it can keep.
///
/// # Errors
/// [`RowError`] for the first part that is wrong: show it.
pub fn check_row(row: &AttributeRow) -> Result<(), RowError> {
    check_source(&row.source)?;
    check_only_for(row.only_for_entity_attribute.as_deref())?;
    check_prefixes(&row.allowed_prefixes)?;
    check_values(&row.allowed_values)?;
    if parse_format(&row.name_format)? != row.name_format {
        let hint = "give the format's URI";
        return Err(RowError::new(
            RowPart::Format,
            "a URI",
            row.name_format.as_str(),
            hint,
        ));
    }
    check_names(row)
}

/// Names and the like are told apart by what one can see of them.
fn tight(part: RowPart, text: &str) -> Result<(), RowError> {
    if text != text.trim() {
        let expected = "no white space at the beginning or end";
        return Err(RowError::new(part, expected, text, ""));
    }
    one_line(part, text)
}

/// A row is a line, and so is each value in a form.
fn one_line(part: RowPart, text: &str) -> Result<(), RowError> {
    if text.contains(['\n', '\r']) {
        return Err(RowError::new(part, "one line", text, ""));
    }
    Ok(())
}

/// Whether a source names what it takes its values from.
///
/// # Errors
/// [`RowError`]: show it.
pub fn check_source(source: &Source) -> Result<(), RowError> {
    let missing =
        |what: &str, received: &str| Err(RowError::new(RowPart::Value, what, received, ""));
    match source {
        Source::Custom(name) if name.is_empty() => {
            missing("a custom attribute's name after custom.", "custom.")
        }
        Source::Constant(values) if values.iter().all(String::is_empty) => {
            missing("at least one value after constant:", "constant:")
        }
        Source::Template(template) => {
            one_line(RowPart::Value, template)?;
            check_template(template)
        }
        Source::Custom(name) => tight(RowPart::Value, name),
        Source::Constant(values) => values
            .iter()
            .try_for_each(|value| one_line(RowPart::Value, value)),
        _ => Ok(()),
    }
}

/// Whether an entity attribute is named with its value.
///
/// # Errors
/// [`RowError`]: show it.
pub fn check_only_for(entity_attribute: Option<&str>) -> Result<(), RowError> {
    match entity_attribute {
        Some(stated) if !stated.contains('=') => Err(RowError::new(
            RowPart::OnlyFor,
            "only-for=NAME=VALUE of an entity attribute",
            stated,
            "for instance only-for=http://macedir.org/entity-category=http://refeds.org/category/research-and-scholarship",
        )),
        Some(stated) => tight(RowPart::OnlyFor, stated),
        None => Ok(()),
    }
}

/// Whether values that may be released are said at all, where they are listed: without a list
/// every value is released.
///
/// # Errors
/// [`RowError`]: show it.
pub fn check_values(values: &[String]) -> Result<(), RowError> {
    if !values.is_empty() && values.iter().all(|value| value.trim().is_empty()) {
        return Err(RowError::new(
            RowPart::AllowedValues,
            "values=TEXT|TEXT, at least one with a character",
            escaped_list(values),
            "without values= every value is released",
        ));
    }
    values
        .iter()
        .try_for_each(|value| one_line(RowPart::AllowedValues, value))
}

/// Whether each beginning begins something.
///
/// # Errors
/// [`RowError`]: show it.
pub fn check_prefixes(prefixes: &[String]) -> Result<(), RowError> {
    if prefixes.iter().any(|prefix| prefix.trim().is_empty()) {
        return Err(RowError::new(
            RowPart::AllowedPrefixes,
            "starting=TEXT|TEXT, each with at least one character",
            escaped_list(prefixes),
            "without starting= every value is released",
        ));
    }
    prefixes
        .iter()
        .try_for_each(|prefix| one_line(RowPart::AllowedPrefixes, prefix))
}

/// Whether a text can be a `FriendlyName`.
///
/// # Errors
/// [`RowError`]: show it.
pub fn check_friendly(name: &str) -> Result<(), RowError> {
    carried_by_xml(RowPart::Friendly, name)?;
    tight(RowPart::Friendly, name)
}

fn carried_by_xml(part: RowPart, text: &str) -> Result<(), RowError> {
    if is_xml_text(text) {
        return one_line(part, text);
    }
    Err(RowError::new(
        part,
        "names of characters that XML can carry",
        text,
        "remove the control characters",
    ))
}

/// Whether SAML can carry the row's names: XML text, and of the form that the format promises.
/// Other formats say nothing about the name.
///
/// # Errors
/// [`RowError`]: show it.
///
/// Spec: saml-core-2.0 §8.2, SAML V2.0 Subject Identifier Attributes Profile 1.0 §3.
pub fn check_names(row: &AttributeRow) -> Result<(), RowError> {
    check_name(&row.name, Some(&row.name_format))?;
    carried_by_xml(RowPart::Format, &row.name_format)?;
    match row.friendly_name.as_deref() {
        Some("") => Err(RowError::new(
            RowPart::Friendly,
            "a friendly name or none",
            "",
            "",
        )),
        Some(name) => check_friendly(name),
        None => Ok(()),
    }
}

/// Whether SAML can carry a name; in a format that is known, whether it is one of that format.
///
/// # Errors
/// [`RowError`]: show it.
pub fn check_name(name: &str, format: Option<&str>) -> Result<(), RowError> {
    let wrong = |expected: &str, received: &str, hint: &str| {
        Err(RowError::new(RowPart::Name, expected, received, hint))
    };
    if name.is_empty() {
        let hint = "for instance mail=email";
        return wrong("an attribute name before =", name, hint);
    }
    carried_by_xml(RowPart::Name, name)?;
    tight(RowPart::Name, name)?;
    let Some(format) = format else {
        return Ok(());
    };
    if format == FORMAT_URI && !is_absolute_uri(name) {
        return wrong(
            "a URI as the name, since the format is uri",
            name,
            "give the attribute's URI, such as urn:oid:0.9.2342.19200300.100.1.3, or format=basic for a short name",
        );
    }
    if format == FORMAT_BASIC && !is_name(name) {
        return wrong(
            "letters, digits, hyphens, points and underscores as the name, beginning with a letter, since the format is basic",
            name,
            "format=unspecified takes any name",
        );
    }
    if (name == SUBJECT_ID || name == PAIRWISE_ID) && format != FORMAT_URI {
        return wrong("format=uri for a subject identifier", format, "");
    }
    Ok(())
}

/// What to tell who names an attribute by a short name; `None` for a URI.
pub fn advice_on_name(row: &AttributeRow) -> Option<String> {
    (row.name_format == FORMAT_BASIC).then(|| {
        format!(
            "{} is a short name; federations, and apps that follow saml2int, expect URI names such as urn:oid:0.9.2342.19200300.100.1.3",
            row.name
        )
    })
}

fn apply_option(row: &mut AttributeRow, key: &str, value: Option<&str>) -> Result<(), RowError> {
    let list =
        |value: &str| -> Vec<String> { split(value, '|').into_iter().map(unescape).collect() };
    let condition = key.strip_prefix(IF).and_then(|word| parse_when(word).ok());
    match (key, value) {
        (_, None) if condition.is_some() => row.condition = condition.unwrap_or_default(),
        ("format", Some(value)) => row.name_format = parse_format(&unescape(value))?,
        ("friendly", Some(value)) => {
            row.friendly_name = Some(slack(value)).filter(|v| !v.is_empty());
        }
        ("missing", Some(value)) => row.when_missing = parse_missing(&unescape(value))?,
        ("values", Some(value)) => row.allowed_values = list(value),
        ("starting", Some(value)) => row.allowed_prefixes = list(value),
        ("only-for", Some(value)) => row.only_for_entity_attribute = Some(slack(value)),
        (key, _) => {
            return Err(RowError::new(
                RowPart::Name,
                "format=…, friendly=…, missing=…, only-for=NAME=VALUE, values=…|…, starting=…|…, if-requested or if-required",
                key,
                did_you_mean(key, OPTIONS.iter().copied()),
            ));
        }
    }
    Ok(())
}

/// The NameFormat a name has when none is given: the one that promises the most about it.
pub fn default_format(name: &str) -> &'static str {
    if is_absolute_uri(name) {
        FORMAT_URI
    } else if is_name(name) {
        FORMAT_BASIC
    } else {
        FORMAT_UNSPECIFIED
    }
}

/// Reads a NameFormat: a word for the common ones, else a URI.
///
/// # Errors
/// [`RowError`]: neither.
pub fn parse_format(text: &str) -> Result<String, RowError> {
    let text = text.trim();
    if let Some((_, uri)) = FORMATS.iter().find(|(word, _)| *word == text) {
        return Ok((*uri).to_owned());
    }
    if text.contains(':') && !text.contains(char::is_whitespace) {
        return Ok(text.to_owned());
    }
    Err(RowError::new(
        RowPart::Format,
        "a name format: uri, basic, unspecified or a URI",
        text,
        did_you_mean(text, FORMATS.iter().map(|(word, _)| *word)),
    ))
}

/// The word for a NameFormat, or its URI.
pub fn format_word(uri: &str) -> &str {
    FORMATS
        .iter()
        .find(|(_, known)| *known == uri)
        .map_or(uri, |(word, _)| word)
}

/// Reads what happens without a value.
///
/// # Errors
/// [`RowError`]: another word.
pub fn parse_missing(text: &str) -> Result<WhenMissing, RowError> {
    MISSING
        .iter()
        .find(|(word, _)| *word == text.trim())
        .map(|(_, missing)| *missing)
        .ok_or_else(|| {
            RowError::new(
                RowPart::Missing,
                "missing=omit, empty or refuse",
                text,
                did_you_mean(text, MISSING.iter().map(|(word, _)| *word)),
            )
        })
}

/// The word for what happens without a value.
pub fn missing_word(missing: WhenMissing) -> &'static str {
    MISSING
        .iter()
        .find(|(_, known)| *known == missing)
        .map_or("omit", |(word, _)| word)
}

/// Reads when a row counts.
///
/// # Errors
/// [`RowError`]: another word.
pub fn parse_when(text: &str) -> Result<Condition, RowError> {
    CONDITIONS
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, condition)| *condition)
        .ok_or_else(|| {
            RowError::new(
                RowPart::When,
                "always, requested or required",
                text,
                did_you_mean(text, CONDITIONS.iter().map(|(word, _)| *word)),
            )
        })
}

/// The word for when a row counts.
pub fn when_word(condition: Condition) -> &'static str {
    CONDITIONS
        .iter()
        .find(|(_, known)| *known == condition)
        .map_or("always", |(word, _)| word)
}

/// Reads a source in its escaped form. What it says has to be [checked](check_source).
///
/// # Errors
/// [`RowError`]: no such source.
pub fn parse_source(text: &str) -> Result<Source, RowError> {
    // Space before a source is slack; space inside or after a value belongs to it.
    let text = text.trim_start();
    if let Some(values) = text.strip_prefix("constant:") {
        let values = split(values, '|').into_iter().map(unescape).collect();
        return Ok(Source::Constant(values));
    }
    if let Some(template) = text.strip_prefix("template:") {
        return Ok(Source::Template(unescape(template)));
    }
    if let Some(name) = text.strip_prefix("custom.") {
        return Ok(Source::Custom(slack(name)));
    }
    source_of_word(text.trim_end())
}

/// The source that a word names, for those that say no more than their word.
///
/// # Errors
/// [`RowError`]: no such source.
pub fn source_of_word(word: &str) -> Result<Source, RowError> {
    let known = match word {
        "profile" => Some(Source::Profile),
        "permission_sets" => Some(Source::PermissionSets),
        "organisation_name" => Some(Source::OrganisationName),
        "organisation_url" => Some(Source::OrganisationUrl),
        "subject_id" => Some(Source::SubjectId),
        "pairwise_id" => Some(Source::PairwiseId),
        word => UserField::ALL
            .iter()
            .find(|(_, known)| *known == word.strip_prefix("user.").unwrap_or(word))
            .map(|(field, _)| Source::User(*field)),
    };
    let words = || {
        UserField::ALL
            .iter()
            .map(|(_, word)| *word)
            .chain(SOURCES.iter().copied())
    };
    known.ok_or_else(|| {
        RowError::new(
            RowPart::Source,
            format!("a source: {}", words().collect::<Vec<_>>().join(", ")),
            word,
            did_you_mean(word, words()),
        )
    })
}

/// The escaped form of a source.
pub fn source_text(source: &Source) -> String {
    match source {
        Source::User(field) => UserField::ALL
            .iter()
            .find(|(known, _)| known == field)
            .map_or_else(String::new, |(_, word)| (*word).to_owned()),
        Source::Custom(name) => format!("custom.{}", escape(name)),
        Source::Profile => "profile".into(),
        Source::PermissionSets => "permission_sets".into(),
        Source::OrganisationName => "organisation_name".into(),
        Source::OrganisationUrl => "organisation_url".into(),
        Source::Constant(values) => format!("constant:{}", escaped_list(values)),
        Source::Template(text) => format!("template:{}", escape(text)),
        Source::SubjectId => "subject_id".into(),
        Source::PairwiseId => "pairwise_id".into(),
    }
}

/// Writes a row so that [`parse_row`] reads the same row.
pub fn row_text(row: &AttributeRow) -> String {
    let mut out = format!("{}={}", escape(&row.name), source_text(&row.source));
    if row.name_format != default_format(&row.name) {
        out.push_str(",format=");
        out.push_str(&escape(format_word(&row.name_format)));
    }
    if let Some(friendly) = &row.friendly_name {
        out.push_str(",friendly=");
        out.push_str(&escape(friendly));
    }
    if row.when_missing != WhenMissing::Omit {
        out.push_str(",missing=");
        out.push_str(missing_word(row.when_missing));
    }
    if let Some(wanted) = &row.only_for_entity_attribute {
        out.push_str(",only-for=");
        out.push_str(&escape(wanted));
    }
    for (option, list) in [
        (",values=", &row.allowed_values),
        (",starting=", &row.allowed_prefixes),
    ] {
        if !list.is_empty() {
            out.push_str(option);
            out.push_str(&escaped_list(list));
        }
    }
    if row.condition != Condition::Always {
        out.push(',');
        out.push_str(IF);
        out.push_str(when_word(row.condition));
    }
    out
}

/// Every `${` is closed and names something.
fn check_template(template: &str) -> Result<(), RowError> {
    let wrong = |hint: &str| {
        let expected = "text with ${field} in it, such as ${given_name} ${family_name}";
        RowError::new(RowPart::Value, expected, template, hint)
    };
    let mut rest = template;
    let mut fields = 0;
    while let Some((_, after)) = rest.split_once("${") {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| wrong("a ${ is not closed by }"))?;
        if name.trim().is_empty() {
            return Err(wrong("a ${} names no field"));
        }
        fields += 1;
        rest = after;
    }
    if fields == 0 {
        return Err(wrong("without a field, constant: is the right source"));
    }
    Ok(())
}

fn escaped_list(values: &[String]) -> String {
    let escaped: Vec<String> = values.iter().map(|value| escape(value)).collect();
    escaped.join("|")
}

/// Writes a text so that none of its characters divides a row, and no white space at its ends is
/// lost.
fn escape(text: &str) -> String {
    let inner = text.trim();
    let start = text.len() - text.trim_start().len();
    let end = start + inner.len();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if matches!(c, '\\' | ',' | '=' | '|') || at < start || at >= end {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A text without the white space around it; what a backslash stands before is no such.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start();
    let short = text.trim_end();
    let backslashes = short.len() - short.trim_end_matches('\\').len();
    match text[short.len()..].chars().next() {
        Some(taken) if backslashes % 2 == 1 => &text[..short.len() + taken.len_utf8()],
        _ => short,
    }
}

/// A name: white space around it is slack, also escaped.
fn slack(text: &str) -> String {
    unescape(text.trim()).trim().to_owned()
}

fn unescape(text: impl AsRef<str>) -> String {
    let mut out = String::new();
    let mut chars = text.as_ref().chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// Splits at every `at` that no backslash stands before.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut escaped = false;
    for (position, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == at {
            parts.push(&text[from..position]);
            from = position + c.len_utf8();
        }
    }
    parts.push(&text[from..]);
    parts
}

fn split_once(text: &str, at: char) -> Option<(&str, &str)> {
    let first = *split(text, at).first()?;
    text.get(first.len() + at.len_utf8()..)
        .map(|rest| (first, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_says_what_it_says() {
        let row = parse_row("urn:oid:0.9.2342.19200300.100.1.3=email,friendly=mail,missing=refuse")
            .expect("good");
        assert_eq!(row.name_format, FORMAT_URI);
        assert_eq!(row.source, Source::User(UserField::Email));
        assert_eq!(row.friendly_name.as_deref(), Some("mail"));
        assert_eq!(row.when_missing, WhenMissing::Refuse);
        let row =
            parse_row("groups=constant:a\\,b|c,format=unspecified,if-requested").expect("good");
        assert_eq!(row.source, Source::Constant(vec!["a,b".into(), "c".into()]));
        assert_eq!(row.name_format, FORMAT_UNSPECIFIED);
        assert_eq!(row.condition, Condition::Requested);
        let row =
            parse_row("urn:x:e=custom.e,values=a\\|b|c,starting=urn:x:,if-required").expect("good");
        assert_eq!(row.allowed_values, ["a|b", "c"]);
        assert_eq!(row.allowed_prefixes, ["urn:x:"]);
        assert_eq!(row.condition, Condition::Required);
        let row = parse_row("\\ a\\ =email,format=unspecified").expect("good");
        assert_eq!(row.name, "a");
    }

    #[test]
    fn a_wrong_row_says_what_to_do() {
        for (text, wants) in [
            ("mail", "for instance mail=email"),
            ("mail=emial", "did you mean email?"),
            ("mail=email,freindly=x", "did you mean friendly?"),
            ("mail=email,missing=drop", "omit, empty or refuse"),
            ("cn=template:${given_name", "not closed"),
            ("cn=template:none", "constant:"),
            ("=email", "an attribute name"),
            ("a=constant:", "at least one value"),
            ("a=email,starting=", "at least one character"),
            ("a=email,values=", "at least one with a character"),
            ("a=email,if-required=yes", "if-required"),
        ] {
            let error = parse_row(text).expect_err(text).to_string();
            assert!(error.contains(wants), "{text}: {error}");
            assert!(error.contains("received"), "{error}");
        }
    }

    /// Proves AV-ATT-02 and AV-RSP-20 for names: uri and basic keep what they promise, other
    /// formats promise nothing.
    #[test]
    fn av_att_02_a_name_has_the_form_its_format_promises() {
        for (text, wants) in [
            ("mail=email,format=uri", "format=basic for a short name"),
            ("urn:a b=email,format=uri", "a URI as the name"),
            ("my mail=email,format=basic", "format=unspecified"),
            ("1mail=email,format=basic", "beginning with a letter"),
            ("urn:x:a\u{1}b=email", "XML can carry"),
            ("mail=email,friendly=a\u{FFFE}b", "XML can carry"),
            (
                "urn:oasis:names:tc:SAML:attribute:subject-id=subject_id,format=basic",
                "format=uri for a subject identifier",
            ),
        ] {
            let error = parse_row(text).expect_err(text).to_string();
            assert!(error.contains(wants), "{text}: {error}");
        }
        for (text, format) in [
            ("mail=email", FORMAT_BASIC),
            ("urn:mace:dir:attribute-def:mail=email", FORMAT_URI),
            (
                "urn:mace:dir:attribute-def:mail=email,format=basic",
                FORMAT_BASIC,
            ),
            ("my mail=email", FORMAT_UNSPECIFIED),
            ("my mail=email,format=urn:x:own", "urn:x:own"),
        ] {
            let row = parse_row(text).expect(text);
            assert_eq!(row.name_format, format, "{text}");
            assert_eq!(advice_on_name(&row).is_some(), format == FORMAT_BASIC);
        }
    }

    fn any_source() -> impl Strategy<Value = Source> {
        prop_oneof![
            (0..UserField::ALL.len()).prop_map(|at| Source::User(UserField::ALL[at].0)),
            "[^\\s\\p{C}][^\\r\\n]{0,10}[^\\s\\p{C}]".prop_map(Source::Custom),
            Just(Source::Profile),
            Just(Source::PermissionSets),
            Just(Source::OrganisationName),
            Just(Source::OrganisationUrl),
            Just(Source::SubjectId),
            Just(Source::PairwiseId),
            (
                "[^\r\n]{1,8}",
                proptest::collection::vec("[^\r\n]{0,8}", 0..3)
            )
                .prop_map(|(first, mut rest)| {
                    rest.insert(0, first);
                    Source::Constant(rest)
                }),
            "[^$}\r\n]{0,8}".prop_map(|text| Source::Template(format!("{text}${{given_name}}"))),
        ]
    }

    proptest! {
        /// Proves IIP-IDP01 for the text form: any Name and any NameFormat come back unchanged.
        #[test]
        fn iip_idp01_parse_of_text_is_identity(
            name in "[^\\s\\p{C}][^\\p{C}]{0,14}[^\\s\\p{C}]",
            name_format in "urn:[!-~]{1,20}",
            default in any::<bool>(),
            friendly_name in proptest::option::of("[!-~é]{1,4}( [!-\u{D7FF}&&[^\\s\\p{C}]]{1,4})?"),
            source in any_source(),
            missing in 0..3_usize,
            only_for in proptest::option::of("[a-z]{1,5}=([^\r\n]{0,5}[^\\s])?"),
            condition in 0..3_usize,
            allowed_values in proptest::collection::vec("[^\r\n]{0,8}[^\\s]", 0..3),
            allowed_prefixes in proptest::collection::vec("[^\r\n]{0,8}[^\\s]", 0..3),
        ) {
            prop_assume!(is_xml_text(&name));
            let name_format = if default {
                default_format(&name).to_owned()
            } else {
                name_format
            };
            let row = AttributeRow {
                name, name_format, friendly_name, source,
                when_missing: MISSING[missing].1,
                only_for_entity_attribute: only_for,
                condition: [Condition::Always, Condition::Requested, Condition::Required][condition],
                allowed_values,
                allowed_prefixes,
            };
            // With and without what a shell or a file puts around it.
            let text = row_text(&row);
            prop_assert_eq!(parse_rows(&format!("\n {text} \r\n")), Ok(vec![row.clone()]));
            // What is read is written as it came: a row has one spelling.
            prop_assert_eq!(check_row(&row), Ok(()));
            prop_assert_eq!(row_text(&parse_row(&text).expect("read before")), text);
        }

        /// The same for rows that come from a form or a program: any that may be stored.
        #[test]
        fn any_row_that_may_be_stored_has_one_spelling(
            name in "\\PC{0,6}|[a-z :\t\n]{0,6}",
            name_format in prop_oneof![Just(FORMAT_URI.to_owned()), Just(FORMAT_BASIC.to_owned()), Just("uri".to_owned()), "[a-z :\n]{0,6}"],
            friendly_name in proptest::option::of("[a \\\\,=|\n]{0,4}"),
            source in prop_oneof![
                "[a \\\\,=|\t\n]{0,4}".prop_map(Source::Custom),
                proptest::collection::vec("[a \\\\,=|\t\n]{0,4}", 0..3).prop_map(Source::Constant),
                "[a \\\\,=|${}\n]{0,8}".prop_map(Source::Template),
            ],
            only_for in proptest::option::of("[a= \n]{0,4}"),
            allowed_values in proptest::collection::vec("[a |\n]{0,3}", 0..3),
            allowed_prefixes in proptest::collection::vec("[a |\n]{0,3}", 0..3),
        ) {
            let row = AttributeRow {
                friendly_name,
                only_for_entity_attribute: only_for,
                allowed_values,
                allowed_prefixes,
                ..AttributeRow::new(name, name_format, source)
            };
            if check_row(&row).is_ok() {
                prop_assert_eq!(parse_rows(&row_text(&row)), Ok(vec![row]));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// Whatever an administrator typed or imported: a row that is read is written and read again.
        #[test]
        fn any_text_is_a_row_or_an_error(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("="), Just(","), Just("\\"), Just("|"), Just(" "), Just("\t"), Just(":"), Just("é"),
                    Just("a"), Just("email"), Just("user."), Just("custom."), Just("constant:"),
                    Just("template:"), Just("${"), Just("}"), Just("format="), Just("friendly="),
                    Just("missing=refuse"), Just("only-for=a\\=b"), Just("if-requested"), Just("if-required"),
                    Just("values="), Just("starting="), Just("uri"),
                ],
                0..14,
            ),
            prefix in prop_oneof![Just(""), Just("a="), Just("mail=email,"), Just("n=template:")],
        ) {
            let text = format!("{prefix}{}", pieces.concat());
            if let Ok(row) = parse_row(&text) {
                prop_assert_eq!(parse_row(&row_text(&row)), Ok(row));
            }
        }
    }
}
