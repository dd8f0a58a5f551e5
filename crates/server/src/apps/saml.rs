//! SAML settings of a connected app's definition (connected-apps model, section 3).

use avouch_saml::security::algorithm::DataEncryption;
use serde::{Deserialize, Serialize};

use super::yes;

/// Name of the general subject identifier attribute.
pub const SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
/// Name of the pairwise subject identifier attribute.
pub const PAIRWISE_ID: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";

/// How Avouch speaks SAML with one SP. What the SP says of itself (entity ID, endpoints, keys)
/// is its metadata, kept beside this as the document that was uploaded or made from typed fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct SamlSettings {
    /// Which of the user's names the NameID carries (`samlSubjectType`).
    pub subject_type: SubjectType,
    /// NameID format issued when the request names none (`samlNameIdFormat`): a format URI.
    pub name_id_format: String,
    /// Further format URIs a request's NameIDPolicy may choose.
    pub allowed_name_id_formats: Vec<String>,
    /// Issue `name_id_format` whatever the request asks; a request for another is refused.
    pub always_this_format: bool,
    /// Issuer in place of the organisation's entity ID (`issuer`).
    pub issuer: Option<String>,
    /// A signing key chosen for this app: its row; else the organisation's active key.
    pub signing_key: Option<String>,
    /// What is signed.
    pub sign: SignWhat,
    /// Signature algorithm URI; else what the key and the SP's metadata suggest.
    pub signature_algorithm: Option<String>,
    /// Whether requests must be signed.
    pub request_signatures: RequestSignatures,
    /// What becomes of the authentication contexts that a request asks for.
    pub requested_context: RequestedContext,
    /// What satisfies a context asked for, beside the organisation's: `ASKED=CLASS|CLASS`.
    pub context_map: Vec<String>,
    /// Whether assertions are encrypted.
    pub encryption: EncryptionPolicy,
    /// Content cipher for this app, in place of what its metadata or the organisation prefers.
    pub encryption_cipher: Option<Cipher>,
    /// Further audiences of assertions: who else may take them for meant for it.
    pub extra_audiences: Vec<String>,
    /// State the format of the assertion's Issuer.
    pub issuer_format: bool,
    /// Sites whose links start the app without a question.
    pub launch_origins: Vec<String>,
    /// Danger: encrypt with AES-CBC when the SP knows nothing better. Logged at each use.
    pub danger_allow_cbc: bool,
    /// Danger: sign with and accept RSA-SHA1. Logged at each use.
    pub danger_allow_sha1: bool,
    /// How long an assertion may be used, in seconds (60 to 3600).
    pub assertion_lifetime_seconds: i64,
    /// Tolerance for the SP's clock, in seconds (0 to 600); else the organisation's.
    pub clock_skew_seconds: Option<i64>,
    /// Whether SessionNotOnOrAfter states the session's end.
    pub session_not_on_or_after: bool,
    /// Whether a launch may send an unsolicited response.
    pub allow_unsolicited: bool,
    /// RelayState of an unsolicited response.
    pub default_relay_state: Option<String>,
    /// Whether a RelayState in the launch URL overrides the default.
    pub allow_relay_state_override: bool,
    /// What is released; nothing that is not a row.
    pub attributes: Vec<AttributeRow>,
    /// Authentication context class URIs the app accepts; empty accepts all.
    pub permitted_contexts: Vec<String>,
    /// Whether a subject-id or pairwise-id requirement that cannot be met fails the sign-on.
    pub fail_unmet_subject_id: bool,
}

impl SamlSettings {
    /// How long an assertion may be used unless the app says otherwise.
    pub const ASSERTION_LIFETIME_SECONDS: i64 = 300;

    /// The URIs of the NameID formats the app may be given, its own first.
    pub fn name_id_formats(&self) -> impl Iterator<Item = &str> {
        let others = self
            .allowed_name_id_formats
            .iter()
            .filter(|_| !self.always_this_format);
        std::iter::once(&self.name_id_format)
            .chain(others)
            .map(String::as_str)
    }
}

impl Default for SamlSettings {
    fn default() -> Self {
        Self {
            subject_type: SubjectType::Persistent,
            name_id_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned(),
            allowed_name_id_formats: vec![
                // None that says who the user is: that is for an admin to allow.
                "urn:oasis:names:tc:SAML:2.0:nameid-format:transient".to_owned(),
            ],
            always_this_format: false,
            issuer: None,
            signing_key: None,
            sign: SignWhat::Default,
            signature_algorithm: None,
            request_signatures: RequestSignatures::WhenPresent,
            requested_context: RequestedContext::Honour,
            context_map: Vec::new(),
            encryption: EncryptionPolicy::WhenKeyPublished,
            encryption_cipher: None,
            extra_audiences: Vec::new(),
            issuer_format: false,
            launch_origins: Vec::new(),
            danger_allow_cbc: false,
            danger_allow_sha1: false,
            assertion_lifetime_seconds: Self::ASSERTION_LIFETIME_SECONDS,
            clock_skew_seconds: None,
            session_not_on_or_after: yes(),
            allow_unsolicited: yes(),
            default_relay_state: None,
            allow_relay_state_override: yes(),
            attributes: Vec::new(),
            permitted_contexts: Vec::new(),
            fail_unmet_subject_id: false,
        }
    }
}

/// Gives each choice of a type the word by which it is stored, typed and shown.
macro_rules! words {
    ($choice:ident { $($variant:ident = $word:literal,)+ }) => {
        impl $choice {
            /// Every word, in order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// Its word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The choice that a word names.
            pub fn of_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(super) use words;

words!(SignWhat {
    Default = "default",
    Response = "response",
    Assertion = "assertion",
    Both = "both",
});
words!(RequestSignatures {
    WhenPresent = "when_present",
    Required = "required",
    Ignore = "ignore",
});
words!(RequestedContext {
    Honour = "honour",
    Ignore = "ignore",
    Map = "map",
});
words!(Cipher {
    Aes128Gcm = "aes128_gcm",
    Aes256Gcm = "aes256_gcm",
    Aes128Cbc = "aes128_cbc",
    Aes256Cbc = "aes256_cbc",
});
words!(EncryptionPolicy {
    Off = "off",
    WhenKeyPublished = "when_key_published",
    Required = "required",
});

/// Which of the user's names an SP learns (`samlSubjectType`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// The username.
    Username,
    /// The federation ID; a user without one is refused (NoFederationId).
    FederationId,
    /// The user's row.
    UserId,
    /// The mail address.
    Email,
    /// A custom attribute's value; a user without one is refused (NoCustomAttributeValue).
    Custom(String),
    /// Opaque and different for every SP.
    Persistent,
    /// New at each sign-on.
    Transient,
    /// A Subject without a NameID.
    None,
}

impl SubjectType {
    /// What stands before the name of a custom attribute.
    pub const CUSTOM: &'static str = "custom.";

    const WORDS: &'static [(&'static str, Self)] = &[
        ("username", Self::Username),
        ("federation_id", Self::FederationId),
        ("user_id", Self::UserId),
        ("email", Self::Email),
        ("persistent", Self::Persistent),
        ("transient", Self::Transient),
        ("none", Self::None),
    ];

    /// Every word but those of custom attributes.
    pub fn words() -> impl Iterator<Item = &'static str> {
        Self::WORDS.iter().map(|(word, _)| *word)
    }

    /// Its word; `custom.NAME` for a custom attribute.
    pub fn word(&self) -> String {
        match self {
            Self::Custom(name) => format!("{}{name}", Self::CUSTOM),
            known => Self::WORDS
                .iter()
                .find(|(_, subject)| subject == known)
                .map_or_else(String::new, |(word, _)| (*word).to_owned()),
        }
    }

    /// The type that a word names.
    pub fn of_word(word: &str) -> Option<Self> {
        match word.strip_prefix(Self::CUSTOM) {
            Some("") => None,
            Some(name) => Some(Self::Custom(name.to_owned())),
            None => Self::WORDS
                .iter()
                .find(|(known, _)| *known == word)
                .map(|(_, subject)| subject.clone()),
        }
    }
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignWhat {
    /// Both, which every SP accepts.
    Default,
    /// The response only, or both when the SP's metadata has WantAssertionsSigned.
    Response,
    /// The assertion only.
    Assertion,
    /// Both.
    Both,
}

/// Whether an AuthnRequest must be signed. A signature that is present is checked, unless told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestSignatures {
    /// Required when the SP's metadata has AuthnRequestsSigned or the organisation wants requests
    /// signed; else checked when present.
    #[serde(alias = "follow_metadata")]
    WhenPresent,
    /// Required.
    Required,
    /// Neither required nor looked at, whatever metadata or organisation say: for a peer that signs in
    /// a way nobody can verify, or says that it signs and does not.
    Ignore,
}

/// What becomes of the authentication contexts that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedContext {
    /// They are met, or the request is refused.
    Honour,
    /// They are not looked at; what happened is stated.
    Ignore,
    /// As honoured; and one that the map says is satisfied by what happened is met, and stated.
    Map,
}

/// A content cipher chosen for an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cipher {
    /// AES-128-GCM.
    #[serde(rename = "aes128_gcm")]
    Aes128Gcm,
    /// AES-256-GCM.
    #[serde(rename = "aes256_gcm")]
    Aes256Gcm,
    /// AES-128-CBC, which takes `danger_allow_cbc` too.
    #[serde(rename = "aes128_cbc")]
    Aes128Cbc,
    /// AES-256-CBC, which takes `danger_allow_cbc` too.
    #[serde(rename = "aes256_cbc")]
    Aes256Cbc,
}

impl Cipher {
    /// The cipher.
    pub const fn data(self) -> DataEncryption {
        match self {
            Self::Aes128Gcm => DataEncryption::Aes128Gcm,
            Self::Aes256Gcm => DataEncryption::Aes256Gcm,
            Self::Aes128Cbc => DataEncryption::DangerAes128Cbc,
            Self::Aes256Cbc => DataEncryption::DangerAes256Cbc,
        }
    }
}

/// Whether assertions are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncryptionPolicy {
    /// Never.
    Off,
    /// When the SP publishes a key that can be used.
    WhenKeyPublished,
    /// Always; without a usable key the sign-on fails.
    Required,
}

/// One attribute the SP is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeRow {
    /// `Name`.
    pub name: String,
    /// `NameFormat`: a URI.
    #[serde(default = "uri_format")]
    pub name_format: String,
    /// `FriendlyName`.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// Where the values come from.
    pub source: Source,
    /// What happens when there is no value.
    #[serde(default)]
    pub when_missing: WhenMissing,
    /// Entity attribute `name=value` the SP's metadata must carry for this row to be released.
    #[serde(default)]
    pub only_for_entity_attribute: Option<String>,
    /// Whether the SP's metadata has to ask for the attribute.
    #[serde(default)]
    pub condition: Condition,
    /// Only these values are released. With neither these nor `allowed_prefixes` all are.
    #[serde(default)]
    pub allowed_values: Vec<String>,
    /// Values that begin with one of these are released too.
    #[serde(default)]
    pub allowed_prefixes: Vec<String>,
}

impl AttributeRow {
    /// A row of `source` without conditions.
    pub fn new(name: impl Into<String>, name_format: impl Into<String>, source: Source) -> Self {
        Self {
            name: name.into(),
            name_format: name_format.into(),
            friendly_name: None,
            source,
            when_missing: WhenMissing::Omit,
            only_for_entity_attribute: None,
            condition: Condition::Always,
            allowed_values: Vec::new(),
            allowed_prefixes: Vec::new(),
        }
    }

    /// Whether the row lets `value` out.
    pub fn allows(&self, value: &str) -> bool {
        self.allowed_values.is_empty() && self.allowed_prefixes.is_empty()
            || self.allowed_values.iter().any(|allowed| allowed == value)
            || self
                .allowed_prefixes
                .iter()
                .any(|prefix| value.starts_with(prefix.as_str()))
    }
}

/// What the SP's metadata has to say of an attribute for its row to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Nothing.
    #[default]
    Always,
    /// That it asks for it.
    Requested,
    /// That it cannot do without it (`isRequired`).
    Required,
}

fn uri_format() -> String {
    "urn:oasis:names:tc:SAML:2.0:attrname-format:uri".to_owned()
}

/// Where an attribute's values come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A field of the user.
    User(UserField),
    /// A custom attribute of the user, by name.
    Custom(String),
    /// The name of the user's profile.
    Profile,
    /// The names of the user's permission sets.
    PermissionSets,
    /// The organisation's name.
    OrganisationName,
    /// The organisation's URL.
    OrganisationUrl,
    /// The same values for everyone.
    Constant(Vec<String>),
    /// Text with `${field}` replaced by user fields or custom attributes, such as
    /// `${given_name} ${family_name}`; missing when any field is missing.
    Template(String),
    /// The general subject identifier, `user@scope`.
    SubjectId,
    /// The pairwise subject identifier, different for every SP.
    PairwiseId,
}

/// A user's field that an attribute can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserField {
    /// Row id.
    Id,
    /// Username.
    Username,
    /// Display name.
    DisplayName,
    /// Given name.
    GivenName,
    /// Family name.
    FamilyName,
    /// Mail address.
    Email,
    /// Federation ID.
    FederationId,
    /// Locale.
    Locale,
    /// Time zone.
    TimeZone,
}

impl UserField {
    /// Every field with the word used in commands, forms and templates.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Id, "id"),
        (Self::Username, "username"),
        (Self::DisplayName, "display_name"),
        (Self::GivenName, "given_name"),
        (Self::FamilyName, "family_name"),
        (Self::Email, "email"),
        (Self::FederationId, "federation_id"),
        (Self::Locale, "locale"),
        (Self::TimeZone, "time_zone"),
    ];
}

/// What happens when a row's source has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenMissing {
    /// The attribute is left out.
    #[default]
    Omit,
    /// The attribute is sent without a value.
    Empty,
    /// The sign-on is refused.
    Refuse,
}
