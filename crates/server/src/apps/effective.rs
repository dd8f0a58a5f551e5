//! Which settings hold for an app, and where each comes from: its own, its metadata's or the
//! organisation's.

use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::algorithms::EncryptionChoice;
use avouch_saml::security::algorithm::{
    AlgorithmPolicy, DataEncryption, KeyFamily, SignatureAlgorithm,
};
use avouch_saml::security::certificate::KeyKind;

use super::saml::{RequestSignatures, SamlSettings};

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

/// What says whether an app's requests must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureRule {
    /// The app's settings: they must.
    App,
    /// AuthnRequestsSigned in its metadata: they must.
    Metadata,
    /// The organisation's settings: they must.
    Organisation,
    /// None of these: they may.
    NoneAsks,
}

impl SignatureRule {
    /// The rule for an app: the first that asks for signatures. Each can only ask for more.
    pub fn of(saml: &SamlSettings, sp: &SpMetadata, organisation: &SamlDefaults) -> Self {
        if saml.request_signatures == RequestSignatures::Required {
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
        self != Self::NoneAsks
    }

    /// Its name in an event.
    pub const fn source(self) -> &'static str {
        match self {
            Self::App => "request signatures of the app",
            Self::Metadata => "AuthnRequestsSigned in the app's metadata",
            Self::Organisation => "saml.want_authn_requests_signed",
            Self::NoneAsks => {
                "no rule: not the app's settings, its metadata or saml.want_authn_requests_signed"
            }
        }
    }
}

/// The tolerance for an app's clock, in seconds, and the setting it comes from.
pub fn clock_skew(saml: &SamlSettings, organisation: &SamlDefaults) -> (i64, &'static str) {
    match saml.clock_skew_seconds {
        Some(own) => (own, "clock_skew_seconds of the app"),
        None => (organisation.clock_skew_seconds, "saml.clock_skew_seconds"),
    }
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

/// The cipher of what is encrypted to an app: the one it wishes, or else the organisation's.
pub fn cipher_in_force(chosen: &EncryptionChoice<'_>, preferred: DataEncryption) -> DataEncryption {
    let mut methods = chosen.key.encryption_methods.iter();
    if methods.any(|method| DataEncryption::from_uri(&method.algorithm).is_some()) {
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
