//! `[idp]`: who Avouch is for service providers, and what its metadata tells about it.

use std::collections::BTreeMap;

use avouch_saml::ids::{EntityId, is_web_url};
use avouch_saml::metadata::ui::{is_inline_image, is_web_address};
use avouch_saml::xml::names::is_xml_text;

use super::base_url::BaseUrl;
use super::reader::Section;

/// `[idp]`.
#[derive(Debug, Clone)]
pub struct Idp {
    /// Its entity ID.
    pub entity_id: EntityId,
    /// Language of the texts below that are not given by language.
    pub language: String,
    /// The organisation's legal name.
    pub organisation_name: String,
    /// The organisation's name for people.
    pub organisation_display_name: String,
    /// The organisation's page.
    pub organisation_url: Option<String>,
    /// Name by language, shown where users choose an identity provider and on our own pages.
    pub display_names: BTreeMap<String, String>,
    /// A sentence by language.
    pub descriptions: BTreeMap<String, String>,
    /// Search words by language.
    pub keywords: BTreeMap<String, String>,
    /// A page about it, by language.
    pub information_urls: BTreeMap<String, String>,
    /// The privacy statement, by language.
    pub privacy_urls: BTreeMap<String, String>,
    /// Logos.
    pub logos: Vec<Logo>,
    /// A page that explains errors to users who come from an SP.
    pub error_url: String,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
    /// Domain names that scoped values may have; the first is used to make them.
    pub scopes: Vec<String>,
    /// Values of entity attributes, by name.
    pub entity_attributes: BTreeMap<String, String>,
    /// Who registered it in a federation: a URI.
    pub registration_authority: Option<String>,
    /// For how long published metadata is valid.
    pub metadata_valid_hours: i64,
    /// After how long readers should look again.
    pub metadata_cache_minutes: i64,
}

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// https or data URL.
    pub url: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Language, when it carries text.
    pub language: Option<String>,
}

/// Somebody to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// `technical`, `support`, `administrative`, `billing`, `security` or `other`.
    pub kind: String,
    /// Mail address, without `mailto:`.
    pub email: String,
    /// Given name.
    pub given_name: Option<String>,
    /// Surname.
    pub surname: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Telephone number.
    pub telephone: Option<String>,
}

const CONTACT_KINDS: [&str; 6] = [
    "technical",
    "support",
    "administrative",
    "billing",
    "security",
    "other",
];

impl Idp {
    pub(super) fn read(s: &mut Section<'_, '_>, base_url: &BaseUrl) -> Option<Self> {
        let entity_id = s.parsed("entity_id", &base_url.join("/saml/metadata"), |text| {
            EntityId::parse_own(text).map_err(|_| EntityId::OWN.to_owned())
        });
        let language = s
            .parsed("language", "en", parse_language)
            .unwrap_or_else(|| "en".to_owned());
        let name = s
            .parsed("organisation_name", "Avouch", parse_text)
            .unwrap_or_default();
        let display = s.optional_parsed("organisation_display_name", parse_text);
        let web_url = |text: &str| {
            is_web_url(text)
                .then(|| text.to_owned())
                .ok_or_else(|| "an absolute http or https URL".to_owned())
        };
        let organisation_url = s.optional_parsed("organisation_url", web_url);
        // A lab without TLS has no https to show.
        let lab = !base_url.is_https();
        let address = |text: &str| {
            if is_web_address(text) && (lab || text.starts_with("https:")) {
                Ok(text.to_owned())
            } else if lab {
                Err("an absolute http or https URL".to_owned())
            } else {
                Err("an absolute https URL".to_owned())
            }
        };
        let mut display_names = by_language(s, "display_names", parse_text);
        if display_names.is_empty() {
            display_names.insert(
                language.clone(),
                display.clone().unwrap_or_else(|| name.clone()),
            );
        }
        let descriptions = by_language(s, "descriptions", parse_text);
        let keywords = by_language(s, "keywords", parse_text);
        let information_urls = by_language(s, "information_urls", address);
        let privacy_urls = by_language(s, "privacy_urls", address);
        let logos = logos(s);
        let error_url = s.parsed("error_url", &base_url.join("/error-help"), address);
        let contacts = contacts(s);
        let host = if base_url.host().parse::<std::net::IpAddr>().is_ok() {
            "localhost"
        } else {
            base_url.host()
        };
        let scopes = s.list("scopes", &[host], parse_scope);
        let entity_attributes = entity_attributes(s);
        let registration_authority = s.optional_parsed("registration_authority", parse_text);
        let metadata_valid_hours = s.number("metadata_valid_hours", 240, 1..=8760);
        let metadata_cache_minutes = s.number("metadata_cache_minutes", 360, 1..=43_200);
        Some(Self {
            entity_id: entity_id?,
            language,
            organisation_display_name: display.unwrap_or_else(|| name.clone()),
            organisation_name: name,
            organisation_url,
            display_names,
            descriptions,
            keywords,
            information_urls,
            privacy_urls,
            logos,
            error_url: error_url?,
            contacts,
            scopes,
            entity_attributes,
            registration_authority,
            metadata_valid_hours,
            metadata_cache_minutes,
        })
    }
}

fn parse_scope(text: &str) -> Result<String, String> {
    let plain = !text.is_empty()
        && text.len() <= 126
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    plain
        .then(|| text.to_ascii_lowercase())
        .ok_or_else(|| "a plain domain name, such as example.org".to_owned())
}

fn parse_text(text: &str) -> Result<String, String> {
    if !text.trim().is_empty() && is_xml_text(text) {
        Ok(text.to_owned())
    } else {
        Err("text of characters that XML can carry".to_owned())
    }
}

/// An `xs:language`, which is what `xml:lang` takes.
fn parse_language(text: &str) -> Result<String, String> {
    let mut parts = text.split('-');
    let part = |part: &str, letters_only: bool| {
        (1..=8).contains(&part.len())
            && part
                .chars()
                .all(|c| c.is_ascii_alphabetic() || !letters_only && c.is_ascii_digit())
    };
    if parts.next().is_some_and(|first| part(first, true)) && parts.all(|rest| part(rest, false)) {
        Ok(text.to_owned())
    } else {
        Err("a language, such as en or de-CH".to_owned())
    }
}

/// Texts by language, each language once, whatever its letters' case.
fn by_language(
    s: &mut Section<'_, '_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<String, String>,
) -> BTreeMap<String, String> {
    let origin = s.origin(key);
    let map = s.map(key);
    for (at, (language, text)) in map.iter().enumerate() {
        if let Err(expected) = parse_language(language) {
            let message = format!("expected {expected}; got {language:?}");
            s.problem(key, origin.clone(), message);
        }
        if let Err(expected) = parse(text) {
            let message = format!("expected {expected} for `{language}`; got {text:?}");
            s.problem(key, origin.clone(), message);
        }
        let mut earlier = map.keys().take(at);
        if let Some(other) = earlier.find(|other| other.eq_ignore_ascii_case(language)) {
            let message = format!("expected each language once; got `{language}` beside `{other}`");
            s.problem(key, origin.clone(), message);
        }
    }
    map
}

fn entity_attributes(s: &mut Section<'_, '_>) -> BTreeMap<String, String> {
    const KEY: &str = "entity_attributes";
    let origin = s.origin(KEY);
    let map = s.map(KEY);
    for text in map.iter().flat_map(|(name, value)| [name, value]) {
        if let Err(expected) = parse_text(text) {
            let message = format!("expected {expected}; got {text:?}");
            s.problem(KEY, origin.clone(), message);
        }
    }
    map
}

fn logos(s: &mut Section<'_, '_>) -> Vec<Logo> {
    let mut logos = Vec::new();
    for table in s.tables("logos", &["url", "width", "height", "language"]) {
        let url = table.text("url").unwrap_or_default();
        let size = |key| table.number(key).and_then(|n| u32::try_from(n).ok());
        let language = table.text("language");
        let (width, height) = (size("width"), size("height"));
        let mut expected = Vec::new();
        if !(url.starts_with("https://") && is_web_address(&url) || is_inline_image(&url)) {
            let shown: String = url.chars().take(200).collect();
            expected.push(format!(
                "an https URL or data:image/…;base64,… of a raster image as `url`; got {shown:?}"
            ));
        }
        for (key, size) in [("width", width), ("height", height)] {
            if size.is_none_or(|size| size == 0) {
                expected.push(match table.number(key) {
                    Some(number) => format!("a `{key}` of at least 1 pixel; got {number}"),
                    None => format!("a `{key}` in pixels; got none"),
                });
            }
        }
        if let Some(language) = &language
            && let Err(wanted) = parse_language(language)
        {
            expected.push(format!("{wanted} as `language`; got {language:?}"));
        }
        for message in &expected {
            let message = format!("expected {message}");
            s.problem("logos", table.origin.clone(), message);
        }
        if let (true, Some(width), Some(height)) = (expected.is_empty(), width, height) {
            logos.push(Logo {
                url,
                width,
                height,
                language,
            });
        }
    }
    logos
}

fn contacts(s: &mut Section<'_, '_>) -> Vec<Contact> {
    const KEYS: [&str; 6] = [
        "kind",
        "email",
        "given_name",
        "surname",
        "company",
        "telephone",
    ];
    let mut contacts = Vec::new();
    for table in s.tables("contacts", &KEYS) {
        let kind = table
            .text("kind")
            .filter(|k| CONTACT_KINDS.contains(&k.as_str()));
        let email = table.text("email").filter(|email| email.contains('@'));
        for key in KEYS {
            if let Some(text) = table.text(key)
                && let Err(expected) = parse_text(&text)
            {
                let message = format!("expected {expected} as `{key}`; got {text:?}");
                s.problem("contacts", table.origin.clone(), message);
            }
        }
        match (kind, email) {
            (Some(kind), Some(email)) => contacts.push(Contact {
                kind,
                email: email.strip_prefix("mailto:").unwrap_or(&email).to_owned(),
                given_name: table.text("given_name"),
                surname: table.text("surname"),
                company: table.text("company"),
                telephone: table.text("telephone"),
            }),
            _ => s.problem(
                "contacts",
                table.origin.clone(),
                format!(
                    "expected a `kind` of {} and an `email`",
                    CONTACT_KINDS.join(", ")
                ),
            ),
        }
    }
    contacts
}
