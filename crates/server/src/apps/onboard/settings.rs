//! Every setting of an app: its name, what it takes, who may change it, how it is read and
//! written. Commands, forms and `app show` all walk this one table.

use avouch_saml::ids::{EntityId, is_web_url};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::SignatureAlgorithm;

use super::row::{parse_row, row_text};
use super::{API_NAME_LIMIT, Draft, is_api_name, nearest};
use crate::apps::PermittedUsers;
use crate::apps::saml::{EncryptionPolicy, RequestSignatures, SignWhat, SubjectType};
use crate::users::AdminRight;

/// One thing that can be set on an app.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub key: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// What a value looks like.
    pub expected: &'static str,
    /// Who may change it.
    pub right: AdminRight,
    /// The value now, in the form `write` takes. Lists have one item a line.
    pub read: fn(&Draft) -> String,
    write: fn(&mut Draft, &str) -> Result<(), Hint>,
}

impl Setting {
    /// The value now, for programs: a truth value, a number, a list or a text, whichever it is.
    pub fn value(&self, draft: &Draft) -> serde_json::Value {
        let text = (self.read)(draft);
        if self.expected == YES_NO {
            return (text == "true").into();
        }
        if LISTS.contains(&self.key) {
            return text.lines().collect();
        }
        if self.expected.starts_with(WHOLE_NUMBER) {
            return text.parse::<i64>().ok().into();
        }
        text.into()
    }
}

/// What to do about a value that was not taken; may be empty.
type Hint = String;

/// Why a setting was not changed. The draft is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No setting has this name.
    #[error("there is no setting {key:?}{}", meant(.nearest))]
    Unknown {
        /// What was typed.
        key: String,
        /// The nearest name, when one is near.
        nearest: Option<&'static str>,
    },
    /// The value is not one the setting takes.
    #[error("{key}: expected {expected}, received {received:?}{}", advice(.hint))]
    Value {
        /// The setting.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What came.
        received: String,
        /// What to do about it; may be empty.
        hint: String,
    },
}

impl SettingError {
    /// The sentence to put beside the field of a form, which names the setting already.
    pub fn beside_its_field(&self) -> String {
        match self {
            Self::Unknown { .. } => self.to_string(),
            Self::Value {
                expected,
                received,
                hint,
                ..
            } => format!(
                "Expected {expected}, received {received:?}{}.",
                advice(hint)
            ),
        }
    }
}

fn meant(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(
        || "; `avouch app show` lists them all".to_owned(),
        |name| format!("; did you mean {name}?"),
    )
}

fn advice(hint: &str) -> String {
    if hint.is_empty() {
        String::new()
    } else {
        format!("; {hint}")
    }
}

/// Finds a setting; hyphens may stand for underscores.
///
/// # Errors
/// [`SettingError::Unknown`] with the nearest name.
pub fn setting(key: &str) -> Result<&'static Setting, SettingError> {
    let wanted = key.trim().replace('-', "_");
    SETTINGS
        .iter()
        .find(|setting| setting.key == wanted)
        .ok_or_else(|| SettingError::Unknown {
            key: key.to_owned(),
            nearest: nearest(&wanted, SETTINGS.iter().map(|setting| setting.key)),
        })
}

/// Sets one setting of `draft`. An empty value clears an optional one.
///
/// # Errors
/// [`SettingError`]: nothing was changed; say so.
pub fn apply_setting(draft: &mut Draft, key: &str, value: &str) -> Result<(), SettingError> {
    let setting = setting(key)?;
    let value = value.trim();
    let mut changed = draft.clone();
    (setting.write)(&mut changed, value).map_err(|hint| SettingError::Value {
        key: setting.key,
        expected: setting.expected,
        received: value.chars().take(200).collect(),
        hint,
    })?;
    *draft = changed;
    Ok(())
}

/// The settings that differ: name, value before, value after.
pub fn changes(before: &Draft, after: &Draft) -> Vec<(&'static Setting, String, String)> {
    SETTINGS
        .iter()
        .map(|setting| (setting, (setting.read)(before), (setting.read)(after)))
        .filter(|(_, was, is)| was != is)
        .collect()
}

const YES_NO: &str = "true or false";
const WHOLE_NUMBER: &str = "a whole number";
/// The settings that have one item a line.
const LISTS: &[&str] = &[
    "allowed_name_id_formats",
    "attributes",
    "permitted_contexts",
];
const OPTIONAL_URL: &str = "an http or https URL, or nothing";
const FORMATS_EXPECTED: &str =
    "unspecified, emailAddress, persistent, transient or a format URI, separated by spaces";

/// Every setting, in the order of the app's page.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "name",
        about: "Name shown to people.",
        expected: "1 to 200 characters",
        right: AdminRight::EditApps,
        read: |d| d.name.clone(),
        write: |d, v| {
            bounded(v, 200)?;
            if v.is_empty() {
                return Err("an app needs a name".into());
            }
            d.name = v.into();
            Ok(())
        },
    },
    Setting {
        key: "api_name",
        about: "Short name in launch URLs and commands.",
        expected: "lower-case letters, digits and hyphens, at most 40, not \"new\" or \"import\"",
        right: AdminRight::EditApps,
        read: |d| d.api_name.clone(),
        write: |d, v| {
            if !is_api_name(v) {
                let made = super::api_name_from(v);
                return Err(
                    if v.is_empty() || v.len() > API_NAME_LIMIT || !is_api_name(&made) {
                        String::new()
                    } else {
                        format!("{made:?} would do")
                    },
                );
            }
            d.api_name = v.into();
            Ok(())
        },
    },
    Setting {
        key: "description",
        about: "A sentence for users and admins.",
        expected: "at most 1000 characters",
        right: AdminRight::EditApps,
        read: |d| d.definition.description.clone(),
        write: |d, v| {
            bounded(v, 1000)?;
            d.definition.description = v.into();
            Ok(())
        },
    },
    Setting {
        key: "contact",
        about: "Who to ask about the app, usually a mail address.",
        expected: "at most 200 characters",
        right: AdminRight::EditApps,
        read: |d| d.definition.contact.clone(),
        write: |d, v| {
            bounded(v, 200)?;
            d.definition.contact = v.into();
            Ok(())
        },
    },
    Setting {
        key: "logo_url",
        about: "Logo shown on tiles and on the login page.",
        expected: "a data: image, an https URL (kept but not shown) or nothing",
        right: AdminRight::EditApps,
        read: |d| d.definition.logo_url.clone().unwrap_or_default(),
        write: |d, v| {
            d.definition.logo_url = match v {
                "" => None,
                v if is_logo(v) => Some(v.into()),
                _ => return Err(String::new()),
            };
            Ok(())
        },
    },
    Setting {
        key: "info_url",
        about: "Page about the app.",
        expected: OPTIONAL_URL,
        right: AdminRight::EditApps,
        read: |d| d.definition.info_url.clone().unwrap_or_default(),
        write: |d, v| {
            d.definition.info_url = optional_url(v)?;
            Ok(())
        },
    },
    Setting {
        key: "start_url",
        about: "Where a launch sends the user first; without it the launch sends a response at once.",
        expected: OPTIONAL_URL,
        right: AdminRight::EditApps,
        read: |d| d.definition.start_url.clone().unwrap_or_default(),
        write: |d, v| {
            d.definition.start_url = optional_url(v)?;
            Ok(())
        },
    },
    Setting {
        key: "subject_type",
        about: "Which of the user's names the NameID carries.",
        expected: "username, federation_id, user_id, email, custom.NAME, persistent, transient or none",
        right: AdminRight::ManageRelease,
        read: |d| subject_word(&d.definition.saml.subject_type),
        write: |d, v| {
            d.definition.saml.subject_type = subject_type(v)?;
            Ok(())
        },
    },
    Setting {
        key: "name_id_format",
        about: "NameID format issued when a request names none.",
        expected: "unspecified, emailAddress, persistent, transient or a format URI",
        right: AdminRight::ManageRelease,
        read: |d| format_word(&d.definition.saml.name_id_format),
        write: |d, v| {
            d.definition.saml.name_id_format = format_uri(v)?;
            Ok(())
        },
    },
    Setting {
        key: "allowed_name_id_formats",
        about: "Further NameID formats a request may choose.",
        expected: FORMATS_EXPECTED,
        right: AdminRight::ManageRelease,
        read: |d| {
            lines(
                d.definition
                    .saml
                    .allowed_name_id_formats
                    .iter()
                    .map(|f| format_word(f)),
            )
        },
        write: |d, v| {
            d.definition.saml.allowed_name_id_formats =
                items(v).map(format_uri).collect::<Result<_, _>>()?;
            Ok(())
        },
    },
    Setting {
        key: "always_this_format",
        about: "Issue this NameID format only; a request for another is refused.",
        expected: YES_NO,
        right: AdminRight::ManageRelease,
        read: |d| d.definition.saml.always_this_format.to_string(),
        write: |d, v| flag(v, &mut d.definition.saml.always_this_format),
    },
    Setting {
        key: "attributes",
        about: "What the app is told, one row a line; nothing else is released.",
        expected: "rows of name=source[,format=…][,friendly=…][,missing=omit|empty|refuse][,only-for=NAME=VALUE][,values=A|B][,starting=A|B][,if-requested|if-required]",
        right: AdminRight::ManageRelease,
        read: |d| lines(d.definition.saml.attributes.iter().map(row_text)),
        write: |d, v| {
            let mut rows = Vec::new();
            for line in v.lines().filter(|line| !line.trim().is_empty()) {
                let row = parse_row(line).map_err(|e| e.to_string())?;
                rows.push(row);
            }
            if rows.len() > 200 {
                return Err("at most 200 rows are kept".into());
            }
            d.definition.saml.attributes = rows;
            Ok(())
        },
    },
    Setting {
        key: "fail_unmet_subject_id",
        about: "Refuse a sign-on when the subject identifier the SP requires cannot be given.",
        expected: YES_NO,
        right: AdminRight::ManageRelease,
        read: |d| d.definition.saml.fail_unmet_subject_id.to_string(),
        write: |d, v| flag(v, &mut d.definition.saml.fail_unmet_subject_id),
    },
    Setting {
        key: "sign",
        about: "What is signed.",
        expected: "default (both), response, assertion or both",
        right: AdminRight::EditApps,
        read: |d| word(SIGN, d.definition.saml.sign),
        write: |d, v| choose(SIGN, v, &mut d.definition.saml.sign),
    },
    Setting {
        key: "signature_algorithm",
        about: "Signature algorithm; without one, what the key and the SP's metadata suggest.",
        expected: "rsa-sha256, rsa-sha384, rsa-sha512, ecdsa-sha256, ecdsa-sha384, ecdsa-sha512, or nothing",
        right: AdminRight::EditApps,
        read: |d| {
            let uri = d
                .definition
                .saml
                .signature_algorithm
                .as_deref()
                .unwrap_or("");
            ALGORITHMS
                .iter()
                .find(|(_, a)| a.uri() == uri)
                .map_or(uri, |(word, _)| *word)
                .to_owned()
        },
        write: |d, v| {
            d.definition.saml.signature_algorithm = match v {
                "" => None,
                v => Some(signature_algorithm(v)?),
            };
            Ok(())
        },
    },
    Setting {
        key: "signing_key",
        about: "A signing key chosen for this app; else the organisation's active key.",
        expected: "the id of a key that `avouch key list` shows, or nothing",
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.signing_key.clone().unwrap_or_default(),
        write: |d, v| {
            bounded(v, 200)?;
            d.definition.saml.signing_key = optional(v);
            Ok(())
        },
    },
    Setting {
        key: "issuer",
        about: "Issuer in place of the organisation's entity ID.",
        expected: "an absolute URI of at most 256 characters, or nothing",
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.issuer.clone().unwrap_or_default(),
        write: |d, v| {
            if !v.is_empty() {
                EntityId::parse_own(v).map_err(|e| e.to_string())?;
            }
            d.definition.saml.issuer = optional(v);
            Ok(())
        },
    },
    Setting {
        key: "request_signatures",
        about: "Whether requests must be signed. A signature that is there is always checked, and one is required in any case when the SP's metadata or the organisation says so.",
        expected: "when_present or required",
        right: AdminRight::EditApps,
        read: |d| word(REQUEST_SIGNATURES, d.definition.saml.request_signatures),
        write: |d, v| {
            choose(
                REQUEST_SIGNATURES,
                v,
                &mut d.definition.saml.request_signatures,
            )
        },
    },
    Setting {
        key: "encryption",
        about: "Whether assertions are encrypted.",
        expected: "off, when_key_published or required",
        right: AdminRight::EditApps,
        read: |d| word(ENCRYPTION, d.definition.saml.encryption),
        write: |d, v| choose(ENCRYPTION, v, &mut d.definition.saml.encryption),
    },
    Setting {
        key: "danger_allow_cbc",
        about: "Danger: encrypt with AES-CBC when the SP knows nothing better.",
        expected: YES_NO,
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.danger_allow_cbc.to_string(),
        write: |d, v| flag(v, &mut d.definition.saml.danger_allow_cbc),
    },
    Setting {
        key: "danger_allow_sha1",
        about: "Danger: sign with and accept RSA-SHA1.",
        expected: YES_NO,
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.danger_allow_sha1.to_string(),
        write: |d, v| flag(v, &mut d.definition.saml.danger_allow_sha1),
    },
    Setting {
        key: "assertion_lifetime_seconds",
        about: "How long an assertion may be used.",
        expected: "a whole number of seconds from 60 to 3600",
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.assertion_lifetime_seconds.to_string(),
        write: |d, v| {
            number(
                v,
                60,
                3600,
                &mut d.definition.saml.assertion_lifetime_seconds,
            )
        },
    },
    Setting {
        key: "clock_skew_seconds",
        about: "Tolerance for the SP's clock in place of the organisation's.",
        expected: "a whole number of seconds from 0 to 600, or nothing",
        right: AdminRight::EditApps,
        read: |d| {
            let own = d.definition.saml.clock_skew_seconds;
            own.map_or(String::new(), |seconds| seconds.to_string())
        },
        write: |d, v| {
            let mut seconds = 0;
            if !v.is_empty() {
                number(v, 0, 600, &mut seconds)?;
            }
            d.definition.saml.clock_skew_seconds = (!v.is_empty()).then_some(seconds);
            Ok(())
        },
    },
    Setting {
        key: "session_not_on_or_after",
        about: "State the session's end in the assertion.",
        expected: YES_NO,
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.session_not_on_or_after.to_string(),
        write: |d, v| flag(v, &mut d.definition.saml.session_not_on_or_after),
    },
    Setting {
        key: "permitted_contexts",
        about: "Authentication context class URIs the app accepts; none listed accepts all.",
        expected: "URIs separated by spaces, or nothing",
        right: AdminRight::EditApps,
        read: |d| lines(d.definition.saml.permitted_contexts.iter().cloned()),
        write: |d, v| {
            let classes: Vec<String> = items(v).map(str::to_owned).collect();
            if let Some(bad) = classes.iter().find(|class| !class.contains(':')) {
                return Err(format!("{bad:?} is not a URI"));
            }
            d.definition.saml.permitted_contexts = classes;
            Ok(())
        },
    },
    Setting {
        key: "allow_unsolicited",
        about: "A launch may send a response nobody asked for.",
        expected: YES_NO,
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.allow_unsolicited.to_string(),
        write: |d, v| flag(v, &mut d.definition.saml.allow_unsolicited),
    },
    Setting {
        key: "default_relay_state",
        about: "RelayState of a launch.",
        expected: "at most 80 bytes (saml-bindings §3.4.3), or nothing",
        right: AdminRight::EditApps,
        read: |d| {
            d.definition
                .saml
                .default_relay_state
                .clone()
                .unwrap_or_default()
        },
        write: |d, v| {
            if v.len() > 80 || v.chars().any(char::is_control) {
                return Err(String::new());
            }
            d.definition.saml.default_relay_state = optional(v);
            Ok(())
        },
    },
    Setting {
        key: "allow_relay_state_override",
        about: "A RelayState in the launch URL overrides the default.",
        expected: YES_NO,
        right: AdminRight::EditApps,
        read: |d| d.definition.saml.allow_relay_state_override.to_string(),
        write: |d, v| flag(v, &mut d.definition.saml.allow_relay_state_override),
    },
    Setting {
        key: "permitted_users",
        about: "Who may use the app.",
        expected: "admin_approved (profiles and permission sets that list it) or self_authorize (every active user)",
        right: AdminRight::ManageRelease,
        read: |d| word(PERMITTED, d.policy.permitted_users),
        write: |d, v| choose(PERMITTED, v, &mut d.policy.permitted_users),
    },
    Setting {
        key: "ask_consent",
        about: "Self-authorizing users see once what will be released.",
        expected: YES_NO,
        right: AdminRight::ManageRelease,
        read: |d| d.policy.ask_consent.to_string(),
        write: |d, v| flag(v, &mut d.policy.ask_consent),
    },
    Setting {
        key: "visible",
        about: "The launcher shows a tile.",
        expected: YES_NO,
        right: AdminRight::EditApps,
        read: |d| d.policy.visible.to_string(),
        write: |d, v| flag(v, &mut d.policy.visible),
    },
    Setting {
        key: "order",
        about: "Place in the launcher, lowest first.",
        expected: "a whole number from -10000 to 10000",
        right: AdminRight::EditApps,
        read: |d| d.policy.order.to_string(),
        write: |d, v| number(v, -10_000, 10_000, &mut d.policy.order),
    },
];

const SIGN: &[(&str, SignWhat)] = &[
    ("default", SignWhat::Default),
    ("response", SignWhat::Response),
    ("assertion", SignWhat::Assertion),
    ("both", SignWhat::Both),
];
const REQUEST_SIGNATURES: &[(&str, RequestSignatures)] = &[
    ("when_present", RequestSignatures::WhenPresent),
    ("required", RequestSignatures::Required),
];
const ENCRYPTION: &[(&str, EncryptionPolicy)] = &[
    ("off", EncryptionPolicy::Off),
    ("when_key_published", EncryptionPolicy::WhenKeyPublished),
    ("required", EncryptionPolicy::Required),
];
const PERMITTED: &[(&str, PermittedUsers)] = &[
    ("admin_approved", PermittedUsers::AdminApproved),
    ("self_authorize", PermittedUsers::SelfAuthorize),
];
const ALGORITHMS: &[(&str, SignatureAlgorithm)] = &[
    ("rsa-sha256", SignatureAlgorithm::RsaSha256),
    ("rsa-sha384", SignatureAlgorithm::RsaSha384),
    ("rsa-sha512", SignatureAlgorithm::RsaSha512),
    ("ecdsa-sha256", SignatureAlgorithm::EcdsaSha256),
    ("ecdsa-sha384", SignatureAlgorithm::EcdsaSha384),
    ("ecdsa-sha512", SignatureAlgorithm::EcdsaSha512),
];
const NAME_ID_FORMATS: &[(&str, NameIdFormat)] = &[
    ("unspecified", NameIdFormat::Unspecified),
    ("emailAddress", NameIdFormat::EmailAddress),
    ("persistent", NameIdFormat::Persistent),
    ("transient", NameIdFormat::Transient),
];

fn signature_algorithm(value: &str) -> Result<String, Hint> {
    if let Some((_, algorithm)) = ALGORITHMS
        .iter()
        .find(|(word, algorithm)| *word == value.to_lowercase() || algorithm.uri() == value)
    {
        return Ok(algorithm.uri().to_owned());
    }
    let uri = SignatureAlgorithm::DangerRsaSha1.uri();
    if value == uri || value.eq_ignore_ascii_case("rsa-sha1") {
        return Ok(uri.to_owned());
    }
    Err(did_you_mean(
        value,
        ALGORITHMS.iter().map(|(word, _)| *word),
    ))
}

/// The URI of a NameID format given as a word or as itself.
fn format_uri(value: &str) -> Result<String, Hint> {
    if let Some((_, format)) = NAME_ID_FORMATS.iter().find(|(word, _)| *word == value) {
        return Ok(format.uri().to_owned());
    }
    let words = || NAME_ID_FORMATS.iter().map(|(word, _)| *word);
    if !value.contains(':') {
        return Err(did_you_mean(value, words()));
    }
    match NameIdFormat::from_uri(value) {
        NameIdFormat::Encrypted => Err("encryption has a setting of its own".into()),
        NameIdFormat::Entity => Err("that format names servers, not people".into()),
        format => Ok(format.uri().to_owned()),
    }
}

/// The word for a NameID format, or its URI.
pub fn format_word(uri: &str) -> String {
    NAME_ID_FORMATS
        .iter()
        .find(|(_, format)| format.uri() == uri)
        .map_or_else(|| uri.to_owned(), |(word, _)| (*word).to_owned())
}

const SUBJECTS: &[(&str, SubjectType)] = &[
    ("username", SubjectType::Username),
    ("federation_id", SubjectType::FederationId),
    ("user_id", SubjectType::UserId),
    ("email", SubjectType::Email),
    ("persistent", SubjectType::Persistent),
    ("transient", SubjectType::Transient),
    ("none", SubjectType::None),
];

fn subject_type(value: &str) -> Result<SubjectType, Hint> {
    if let Some(name) = value.strip_prefix("custom.") {
        if name.is_empty() {
            return Err("a custom attribute's name stands after custom.".into());
        }
        return Ok(SubjectType::Custom(name.to_owned()));
    }
    SUBJECTS
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, subject)| subject.clone())
        .ok_or_else(|| did_you_mean(value, SUBJECTS.iter().map(|(word, _)| *word)))
}

/// The word for a subject type.
pub fn subject_word(subject: &SubjectType) -> String {
    match subject {
        SubjectType::Custom(name) => format!("custom.{name}"),
        known => SUBJECTS
            .iter()
            .find(|(_, s)| s == known)
            .map_or_else(String::new, |(word, _)| (*word).to_owned()),
    }
}

/// Whether a logo may be kept: https, or an image inside the URL. Metadata can hold any scheme.
pub fn is_logo(url: &str) -> bool {
    let image = ["png", "jpeg", "gif", "webp", "svg+xml"]
        .iter()
        .any(|kind| url.starts_with(&format!("data:image/{kind};base64,")));
    let plain = !url
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == '"');
    (image && plain && url.len() <= 200_000)
        || (url.starts_with("https://") && is_web_url(url) && url.len() <= 2000)
}

/// Whether a logo is here rather than on another server: an image inside the URL itself.
pub fn is_held_logo(url: &str) -> bool {
    url.starts_with("data:image/")
}

fn optional_url(value: &str) -> Result<Option<String>, Hint> {
    match value {
        "" => Ok(None),
        v if v.len() <= 2000 && is_link(v) => Ok(Some(v.to_owned())),
        _ => Err(String::new()),
    }
}

/// Whether a page may link to `url`; unlike an endpoint it may have a fragment.
pub fn is_link(url: &str) -> bool {
    is_web_url(url.split('#').next().unwrap_or(""))
        && !url.contains(['"', '<', '>', '\\'])
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn optional(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn bounded(value: &str, characters: usize) -> Result<(), Hint> {
    let length = value.chars().count();
    if length > characters {
        return Err(format!("it has {length}"));
    }
    if value
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t')
    {
        return Err("it holds control characters".into());
    }
    Ok(())
}

fn number(value: &str, least: i64, most: i64, into: &mut i64) -> Result<(), Hint> {
    match value.parse::<i64>() {
        Ok(n) if (least..=most).contains(&n) => {
            *into = n;
            Ok(())
        }
        _ => Err(String::new()),
    }
}

fn flag(value: &str, into: &mut bool) -> Result<(), Hint> {
    *into = match value.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => true,
        "false" | "no" | "off" | "0" => false,
        _ => return Err(String::new()),
    };
    Ok(())
}

fn choose<T: Copy>(words: &[(&'static str, T)], value: &str, into: &mut T) -> Result<(), Hint> {
    let wanted = value.replace('-', "_");
    match words.iter().find(|(word, _)| *word == wanted) {
        Some((_, choice)) => {
            *into = *choice;
            Ok(())
        }
        None => Err(did_you_mean(&wanted, words.iter().map(|(word, _)| *word))),
    }
}

fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> String {
    words
        .iter()
        .find(|(_, choice)| *choice == value)
        .map_or_else(String::new, |(word, _)| (*word).to_owned())
}

fn items(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|item| !item.is_empty())
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("\n")
}

fn did_you_mean<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Hint {
    nearest(typed, candidates).map_or_else(String::new, |word| format!("did you mean {word}?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::saml::SamlSettings;
    use crate::apps::{Definition, LocalPolicy};

    fn draft() -> Draft {
        Draft {
            api_name: "sample".into(),
            name: "Sample".into(),
            definition: Definition {
                description: String::new(),
                contact: String::new(),
                logo_url: None,
                info_url: None,
                start_url: None,
                saml: SamlSettings::default(),
            },
            policy: LocalPolicy::default(),
        }
    }

    /// A value other than the default for each setting; a setting added without one fails here.
    const OTHER: &[(&str, &str)] = &[
        ("name", "Ünï <b>"),
        ("api_name", "other"),
        ("description", "Pages."),
        ("contact", "help@example.org"),
        ("logo_url", "https://sp.example.org/logo.png"),
        ("info_url", "https://sp.example.org/#about"),
        ("start_url", "https://sp.example.org/start"),
        ("subject_type", "custom.staffNumber"),
        ("name_id_format", "emailAddress"),
        ("allowed_name_id_formats", "persistent\nurn:x:other"),
        ("always_this_format", "true"),
        (
            "attributes",
            "mail=email\nurn:x:a=template:${given_name}\\, x,missing=empty",
        ),
        ("fail_unmet_subject_id", "true"),
        ("sign", "assertion"),
        ("signature_algorithm", "ecdsa-sha384"),
        ("signing_key", "some-key"),
        ("issuer", "https://idp.example.org/other"),
        ("request_signatures", "required"),
        ("encryption", "off"),
        ("danger_allow_cbc", "true"),
        ("danger_allow_sha1", "true"),
        ("assertion_lifetime_seconds", "3600"),
        ("clock_skew_seconds", "0"),
        ("session_not_on_or_after", "false"),
        (
            "permitted_contexts",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        ),
        ("allow_unsolicited", "false"),
        ("default_relay_state", "/start?a=1&b=2"),
        ("allow_relay_state_override", "false"),
        ("permitted_users", "self_authorize"),
        ("ask_consent", "false"),
        ("visible", "false"),
        ("order", "-3"),
    ];

    #[test]
    fn every_setting_is_written_and_reads_back() {
        for setting in SETTINGS {
            let (_, value) = OTHER
                .iter()
                .find(|(key, _)| *key == setting.key)
                .unwrap_or_else(|| panic!("no sample for {}", setting.key));
            let before = draft();
            let mut after = before.clone();
            apply_setting(&mut after, setting.key, value).expect(setting.key);
            assert_eq!((setting.read)(&after), *value, "{}", setting.key);
            let changed = changes(&before, &after);
            assert_eq!(changed.len(), 1, "{}", setting.key);
            assert_eq!(changed[0].0.key, setting.key);
        }
    }

    #[test]
    fn programs_get_values_of_their_own_kind() {
        for setting in SETTINGS {
            let value = setting.value(&draft());
            match setting.key {
                key if LISTS.contains(&key) => assert!(value.is_array(), "{key}"),
                "assertion_lifetime_seconds" | "order" => {
                    assert!(value.is_number(), "{}", setting.key);
                }
                // Nothing stands for the organisation's.
                "clock_skew_seconds" => assert!(value.is_null()),
                key if setting.expected == YES_NO => assert!(value.is_boolean(), "{key}"),
                key => assert!(value.is_string(), "{key}"),
            }
        }
    }

    /// Every field of the stored JSON can be changed by some setting.
    #[test]
    fn no_stored_field_is_out_of_reach() {
        let mut after = draft();
        for (key, value) in OTHER {
            apply_setting(&mut after, key, value).expect(key);
        }
        let fields = |d: &Draft| {
            let mut all = serde_json::to_value(&d.definition).expect("plain data");
            let saml = all["saml"].take();
            let policy = serde_json::to_value(&d.policy).expect("plain data");
            [all, saml, policy]
        };
        for (was, is) in fields(&draft()).iter().zip(&fields(&after)) {
            for (field, value) in was.as_object().expect("an object") {
                if field != "saml" {
                    assert_ne!(value, &is[field], "{field}");
                }
            }
        }
    }

    #[test]
    fn a_wrong_value_changes_nothing_and_says_what_to_do() {
        for (key, value, wants) in [
            ("clock_skew_second", "1", "did you mean clock_skew_seconds?"),
            (
                "clock-skew-seconds",
                "601",
                "from 0 to 600, or nothing, received \"601\"",
            ),
            ("assertion_lifetime_seconds", "59", "from 60 to 3600"),
            ("encryption", "requird", "did you mean required?"),
            ("name_id_format", "persistant", "did you mean persistent?"),
            (
                "name_id_format",
                "urn:oasis:names:tc:SAML:2.0:nameid-format:entity",
                "not people",
            ),
            (
                "signature_algorithm",
                "rsa-sha255",
                "did you mean rsa-sha256?",
            ),
            ("start_url", "javascript:alert(1)", "an http or https URL"),
            (
                "logo_url",
                "data:text/html,x",
                "a data: image, an https URL",
            ),
            ("api_name", "My App", "\"my-app\" would do"),
            ("name", "", "an app needs a name"),
            ("attributes", "mail=emial", "did you mean email?"),
            ("visible", "maybe", "true or false"),
            ("issuer", "a b", "without spaces"),
            ("issuer", "tenant", "an absolute URI of at most 256"),
        ] {
            let mut after = draft();
            let error = apply_setting(&mut after, key, value)
                .expect_err(key)
                .to_string();
            assert!(error.contains(wants), "{key}: {error}");
            assert!(changes(&draft(), &after).is_empty());
        }
    }

    /// Proves AV-MDC-14 for URLs: only https, http and data images, nothing that breaks out.
    #[test]
    fn av_mdc_14_only_plain_urls_are_shown() {
        for bad in [
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html;base64,AAAA",
            "data:image/png;base64,AA\"onerror=\"x",
            "http://sp.example.org/logo.png",
            "https://sp.example.org/\"onerror=alert(1)",
            "//sp.example.org/logo.png",
        ] {
            assert!(!is_logo(bad), "{bad}");
        }
        assert!(is_logo("data:image/png;base64,AAAA"));
        assert!(is_logo("https://sp.example.org/logo.png"));
        for bad in [
            "javascript:x",
            "vbscript:x",
            "data:text/html,x",
            "https://a/#<script>",
        ] {
            assert!(!is_link(bad), "{bad}");
        }
        assert!(is_link("http://sp.example.org/about#team"));
    }
}
