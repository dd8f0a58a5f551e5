//! Which settings hold for an app, and where each comes from: its own, its metadata's or the
//! organisation's. Sign-ons, pages and commands ask here and nowhere else.

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::algorithms::{EncryptionChoice, NoEncryption};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyFamily, SignatureAlgorithm,
};
use avouch_saml::security::certificate::KeyKind;

use super::Definition;
use super::link::is_held_logo;
use super::saml::{
    Cipher, EncryptionPolicy, RequestSignatures, SamlSettings, SignWhat, SubjectType,
};

/// A value in force, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value in force comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The app's settings.
    App,
    /// The metadata of its SP.
    Metadata,
    /// The organisation's settings.
    Organisation,
    /// Avouch's default.
    Default,
}

impl Origin {
    /// Its word, for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Metadata => "metadata",
            Self::Organisation => "organisation",
            Self::Default => "default",
        }
    }
}

const fn effective<T>(value: T, origin: Origin) -> Effective<T> {
    Effective { value, origin }
}

/// What the organisation says for every app that does not say otherwise.
#[derive(Debug, Clone)]
pub struct SamlDefaults {
    /// Tolerance for other clocks, in seconds.
    pub clock_skew_seconds: i64,
    /// Take signed requests only, from every app.
    pub want_authn_requests_signed: bool,
    /// What may be used. Blocked algorithms are gone from it.
    pub algorithms: AlgorithmPolicy,
    /// How responses are signed with an RSA key.
    pub rsa_signature: SignatureAlgorithm,
    /// How responses are signed with an EC key; `None`: what fits the curve.
    pub ec_signature: Option<SignatureAlgorithm>,
    /// How assertions are encrypted when the SP has no wish.
    pub data_encryption: DataEncryption,
}

impl SamlDefaults {
    /// How responses are signed with a key of this family, unless the app says otherwise; `None`:
    /// what fits the key.
    pub fn signature_for(&self, family: KeyFamily) -> Option<SignatureAlgorithm> {
        match family {
            KeyFamily::Rsa => Some(self.rsa_signature),
            KeyFamily::Ec => self.ec_signature,
        }
    }
}

/// What the organisation gives an app, apart from the app.
#[derive(Debug, Clone)]
pub struct Organisation<'a> {
    /// What holds unless the app says otherwise.
    pub saml: &'a SamlDefaults,
    /// Its entity ID.
    pub entity_id: &'a EntityId,
    /// Its page, which an attribute can carry.
    pub url: Option<&'a str>,
    /// What its users' subject identifiers end in.
    pub scope: Option<&'a str>,
    /// The keys it signs with.
    pub keys: Vec<OwnKey>,
}

/// A key of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// Its row.
    pub id: String,
    /// What it is.
    pub kind: KeyKind,
    /// It signs for every app without a key of its own.
    pub active: bool,
}

/// What says whether an app's requests must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureRule {
    /// The app's settings: they must.
    App,
    /// AuthnRequestsSigned in its metadata: they must.
    Metadata,
    /// The organisation's settings: they must.
    Organisation,
    /// The app's settings: signatures are not looked at.
    Ignored,
    /// None of these: they may.
    NoneAsks,
}

impl SignatureRule {
    /// The rule for an app: that signatures are ignored, which takes somebody who says so, or the first
    /// that asks for them.
    pub fn of(saml: &SamlSettings, sp: &SpMetadata, organisation: &SamlDefaults) -> Self {
        if saml.request_signatures == RequestSignatures::Ignore {
            Self::Ignored
        } else if saml.request_signatures == RequestSignatures::Required {
            Self::App
        } else if sp.authn_requests_signed {
            Self::Metadata
        } else if organisation.want_authn_requests_signed {
            Self::Organisation
        } else {
            Self::NoneAsks
        }
    }

    /// Whether an unsigned request is refused.
    pub fn requires(self) -> bool {
        !matches!(self, Self::NoneAsks | Self::Ignored)
    }

    /// Where the rule comes from.
    pub const fn origin(self) -> Origin {
        match self {
            Self::App | Self::Ignored => Origin::App,
            Self::Metadata => Origin::Metadata,
            Self::Organisation => Origin::Organisation,
            Self::NoneAsks => Origin::Default,
        }
    }

    /// Its name in an event.
    pub const fn source(self) -> &'static str {
        match self {
            Self::App | Self::Ignored => "request signatures of the app",
            Self::Metadata => "AuthnRequestsSigned in the app's metadata",
            Self::Organisation => "saml.want_authn_requests_signed",
            Self::NoneAsks => {
                "no rule: not the app's settings, its metadata or saml.want_authn_requests_signed"
            }
        }
    }
}

/// The tolerance for an app's clock, in seconds.
pub fn clock_skew(saml: &SamlSettings, organisation: &SamlDefaults) -> Effective<i64> {
    match saml.clock_skew_seconds {
        Some(own) => effective(own, Origin::App),
        None => effective(organisation.clock_skew_seconds, Origin::Organisation),
    }
}

/// The name of a clock tolerance's origin in an event.
pub const fn clock_skew_source(origin: Origin) -> &'static str {
    match origin {
        Origin::App => "clock_skew_seconds of the app",
        _ => "saml.clock_skew_seconds",
    }
}

/// How long an assertion may be used, in seconds.
pub fn assertion_lifetime(saml: &SamlSettings) -> Effective<i64> {
    let seconds = saml.assertion_lifetime_seconds;
    if seconds == SamlSettings::ASSERTION_LIFETIME_SECONDS {
        effective(seconds, Origin::Default)
    } else {
        effective(seconds, Origin::App)
    }
}

/// The issuer of what an app is sent, which the organisation's entity ID is unless it has one of
/// its own.
pub fn issuer<'a>(saml: &'a SamlSettings, organisation: &'a EntityId) -> Effective<&'a str> {
    match &saml.issuer {
        Some(own) => effective(own, Origin::App),
        None => effective(organisation.as_str(), Origin::Organisation),
    }
}

/// What of an answer is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// The assertion.
    pub assertion: bool,
    /// The response. One whose assertion is encrypted without integrity is signed in any case.
    pub response: bool,
}

/// What of a success is signed.
pub fn signed(saml: &SamlSettings, sp: &SpMetadata) -> Effective<Signed> {
    let (assertion, response, origin) = match saml.sign {
        SignWhat::Default => (true, true, Origin::Default),
        SignWhat::Both => (true, true, Origin::App),
        SignWhat::Response if sp.want_assertions_signed => (true, true, Origin::Metadata),
        SignWhat::Response => (false, true, Origin::App),
        SignWhat::Assertion => (true, false, Origin::App),
    };
    effective(
        Signed {
            assertion,
            response,
        },
        origin,
    )
}

/// The NameID format, a URI, for a request that names none: the app's own, unless the SP's metadata
/// lists formats and it is none of them. Then the first of those that the app allows.
pub fn name_id_format<'a>(
    saml: &'a SamlSettings,
    listed: &'a [NameIdFormat],
) -> Effective<&'a str> {
    let own = saml.name_id_format.as_str();
    let allowed = |uri: &str| saml.name_id_formats().any(|known| known == uri);
    if listed.iter().any(|format| format.uri() == own) {
        return effective(own, Origin::App);
    }
    let other = listed
        .iter()
        .map(NameIdFormat::uri)
        .find(|uri| *uri != NameIdFormat::Unspecified.uri() && allowed(uri));
    match other {
        Some(uri) => effective(uri, Origin::Metadata),
        None => effective(own, Origin::App),
    }
}

/// The key that signs for an app; `None` when the one it chose is not there, or no key is active.
pub fn signing_key<'a>(saml: &SamlSettings, keys: &'a [OwnKey]) -> Effective<Option<&'a OwnKey>> {
    match &saml.signing_key {
        Some(own) => effective(keys.iter().find(|key| key.id == *own), Origin::App),
        None => effective(keys.iter().find(|key| key.active), Origin::Organisation),
    }
}

/// The algorithm that a key of this kind signs with for an app, and who said so.
///
/// # Errors
/// As [`signature_in_force`].
pub fn signature_algorithm(
    saml: &SamlSettings,
    sp: &SpMetadata,
    organisation: &SamlDefaults,
    kind: KeyKind,
) -> Effective<Result<SignatureAlgorithm, String>> {
    let algorithms = algorithms_for(organisation, saml);
    let chosen = signature_in_force(organisation, saml, sp, kind, &algorithms);
    let own = saml.signature_algorithm.as_deref();
    let origin = match (&chosen, own, organisation.signature_for(kind.family())) {
        (Ok(chosen), Some(own), _) if own == chosen.uri() => Origin::App,
        (Err(_), Some(_), _) => Origin::App,
        (Ok(chosen), None, _) if *chosen == kind.default_algorithm() => Origin::Default,
        (Ok(chosen), None, Some(wanted)) if *chosen == wanted => Origin::Organisation,
        _ => Origin::Metadata,
    };
    effective(chosen, origin)
}

/// Whether and how assertions are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionInForce<'k> {
    /// The app is not to have them encrypted.
    Off,
    /// The SP publishes no key, and need not.
    NoKey,
    /// They are.
    On {
        /// To which key, and how the content key travels.
        choice: EncryptionChoice<'k>,
        /// The content cipher.
        cipher: DataEncryption,
    },
    /// They have to be and cannot: no sign-on succeeds. A key that cannot be used is no leave to
    /// send plaintext, only no key at all is.
    Impossible(NoEncryption),
}

/// Whether and how assertions are encrypted to an app with these `algorithms`, and with the cipher
/// `preferred` when it has no wish.
pub fn encryption<'k>(
    saml: &SamlSettings,
    sp: &'k SpMetadata,
    algorithms: &AlgorithmPolicy,
    preferred: DataEncryption,
) -> Effective<EncryptionInForce<'k>> {
    let origin = match saml.encryption {
        EncryptionPolicy::WhenKeyPublished => Origin::Metadata,
        EncryptionPolicy::Off | EncryptionPolicy::Required => Origin::App,
    };
    let value = match (saml.encryption, sp.choose_encryption(algorithms)) {
        (EncryptionPolicy::Off, _) => EncryptionInForce::Off,
        (EncryptionPolicy::WhenKeyPublished, Err(NoEncryption::NoKey)) => EncryptionInForce::NoKey,
        (_, Err(why)) => EncryptionInForce::Impossible(why),
        // The organisation may have blocked it since it was chosen.
        _ if saml
            .encryption_cipher
            .is_some_and(|own| !algorithms.permits_data(own.data())) =>
        {
            EncryptionInForce::Impossible(NoEncryption::NoMethod)
        }
        (_, Ok(choice)) => EncryptionInForce::On {
            cipher: cipher_in_force(saml.encryption_cipher, &choice, preferred),
            choice,
        },
    };
    effective(value, origin)
}

/// A value in force of a setting that does not tell it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Only the first letter of the name stands for a logo that is on another server.
    LogoElsewhere,
    /// Whether requests must be signed, and by which rule.
    RequestSignatures(SignatureRule),
    /// Encryption: the cipher, `None` when it is off.
    Encryption(Result<Option<DataEncryption>, NoEncryption>),
    /// No key is published, so nothing is encrypted.
    NoEncryptionKey,
    /// What is signed.
    Signed(Signed),
    /// Seconds.
    Seconds(i64),
    /// A text: an issuer, a format's URI.
    Text(String),
    /// No NameID is sent.
    NoNameId,
    /// A signing key, by row.
    Key(String),
    /// A signature algorithm, or why there is none.
    Algorithm(Result<SignatureAlgorithm, String>),
}

/// What is in force of every setting of an app that another source can give, by the setting's name,
/// in the order of the app's page.
pub fn in_force(
    definition: &Definition,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
) -> Vec<(&'static str, Effective<Held>)> {
    let saml = &definition.saml;
    let mut lines = Vec::new();
    if let Some(logo) = &definition.logo_url
        && !is_held_logo(logo)
    {
        lines.push(("logo_url", effective(Held::LogoElsewhere, Origin::Default)));
    }
    let format = name_id_format(saml, &sp.name_id_formats);
    let format = if saml.subject_type == SubjectType::None {
        effective(Held::NoNameId, Origin::App)
    } else {
        effective(Held::Text(format.value.to_owned()), format.origin)
    };
    lines.push(("name_id_format", format));
    let what = signed(saml, sp);
    lines.push(("sign", effective(Held::Signed(what.value), what.origin)));
    let key = signing_key(saml, &organisation.keys);
    if let Some(found) = key.value {
        let algorithm = signature_algorithm(saml, sp, organisation.saml, found.kind);
        let value = Held::Algorithm(algorithm.value);
        lines.push(("signature_algorithm", effective(value, algorithm.origin)));
        let value = Held::Key(found.id.clone());
        lines.push(("signing_key", effective(value, key.origin)));
    }
    let by = issuer(saml, organisation.entity_id);
    lines.push((
        "issuer",
        effective(Held::Text(by.value.to_owned()), by.origin),
    ));
    let rule = SignatureRule::of(saml, sp, organisation.saml);
    let value = Held::RequestSignatures(rule);
    lines.push(("request_signatures", effective(value, rule.origin())));
    let algorithms = algorithms_for(organisation.saml, saml);
    let how = encryption(saml, sp, &algorithms, organisation.saml.data_encryption);
    let value = match how.value {
        EncryptionInForce::Off => Held::Encryption(Ok(None)),
        EncryptionInForce::NoKey => Held::NoEncryptionKey,
        EncryptionInForce::On { cipher, .. } => Held::Encryption(Ok(Some(cipher))),
        EncryptionInForce::Impossible(why) => Held::Encryption(Err(why)),
    };
    lines.push(("encryption", effective(value, how.origin)));
    for (key, seconds) in [
        ("assertion_lifetime_seconds", assertion_lifetime(saml)),
        ("clock_skew_seconds", clock_skew(saml, organisation.saml)),
    ] {
        lines.push((key, effective(Held::Seconds(seconds.value), seconds.origin)));
    }
    lines
}

/// The algorithm that a key of this kind signs with for an app.
///
/// # Errors
/// Why none can be used.
pub fn signature_in_force(
    organisation: &SamlDefaults,
    saml: &SamlSettings,
    sp: &SpMetadata,
    kind: KeyKind,
    algorithms: &AlgorithmPolicy,
) -> Result<SignatureAlgorithm, String> {
    let preferred = match &saml.signature_algorithm {
        Some(uri) => SignatureAlgorithm::from_uri(uri)
            .ok_or_else(|| "the app's signature algorithm is unknown".to_owned())?,
        None => organisation
            .signature_for(kind.family())
            .unwrap_or(kind.default_algorithm()),
    };
    sp.choose_signature(kind, preferred, algorithms)
        .map_err(|error| error.to_string())
}

/// The cipher of what is encrypted to an app: the one chosen for it, the one it wishes, or else the
/// organisation's.
pub fn cipher_in_force(
    own: Option<Cipher>,
    chosen: &EncryptionChoice<'_>,
    preferred: DataEncryption,
) -> DataEncryption {
    let mut methods = chosen.key.encryption_methods.iter();
    if let Some(own) = own {
        own.data()
    } else if methods.any(|method| DataEncryption::from_uri(&method.algorithm).is_some()) {
        chosen.data
    } else {
        preferred
    }
}

/// What may be used towards an app: the organisation's algorithms and those the app's settings
/// allow in addition.
pub fn algorithms_for(organisation: &SamlDefaults, saml: &SamlSettings) -> AlgorithmPolicy {
    let mut algorithms = organisation.algorithms.clone();
    if saml.danger_allow_sha1 {
        algorithms.allow_danger_sha1_signatures();
    }
    if saml.danger_allow_cbc {
        algorithms.allow_danger_cbc();
    }
    algorithms
}
