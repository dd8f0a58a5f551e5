//! `[idp]`: who Avouch is for service providers, and what its metadata tells about it.

use std::collections::BTreeMap;

use avouch_saml::ids::{EntityId, is_web_url};

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
        let language = s.text("language", "en");
        let name = s.text("organisation_name", "Avouch");
        let display = s.optional_text("organisation_display_name");
        let web_url = |text: &str| {
            is_web_url(text)
                .then(|| text.to_owned())
                .ok_or_else(|| "an absolute http or https URL".to_owned())
        };
        let organisation_url = s.optional_parsed("organisation_url", web_url);
        let mut display_names = s.map("display_names");
        if display_names.is_empty() {
            display_names.insert(
                language.clone(),
                display.clone().unwrap_or_else(|| name.clone()),
            );
        }
        let descriptions = s.map("descriptions");
        let keywords = s.map("keywords");
        let information_urls = url_map(s, "information_urls");
        let privacy_urls = url_map(s, "privacy_urls");
        let logos = logos(s);
        let error_url = s.parsed("error_url", &base_url.join("/error-help"), web_url);
        let contacts = contacts(s);
        let host = if base_url.host().parse::<std::net::IpAddr>().is_ok() {
            "localhost"
        } else {
            base_url.host()
        };
        let scopes = s.list("scopes", &[host], parse_scope);
        let entity_attributes = s.map("entity_attributes");
        let registration_authority = s.optional_text("registration_authority");
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

fn url_map(s: &mut Section<'_, '_>, key: &'static str) -> BTreeMap<String, String> {
    let origin = s.origin(key);
    let map = s.map(key);
    for (language, url) in &map {
        if !is_web_url(url) {
            let message =
                format!("expected an absolute http or https URL for `{language}`; got {url:?}");
            s.problem(key, origin.clone(), message);
        }
    }
    map
}

fn logos(s: &mut Section<'_, '_>) -> Vec<Logo> {
    let mut logos = Vec::new();
    for table in s.tables("logos", &["url", "width", "height", "language"]) {
        let size = |key| table.number(key).and_then(|n| u32::try_from(n).ok());
        match (table.text("url"), size("width"), size("height")) {
            (Some(url), Some(width), Some(height))
                if url.starts_with("https://") || url.starts_with("data:image/") =>
            {
                logos.push(Logo {
                    url,
                    width,
                    height,
                    language: table.text("language"),
                });
            }
            _ => s.problem(
                "logos",
                table.origin.clone(),
                "expected an https or data URL, a width and a height".to_owned(),
            ),
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
