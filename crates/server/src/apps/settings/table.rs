//! The table.

use super::kind::Kind;
use super::setting::{Section, Setting};
use super::stored::at;
use crate::apps::PermittedUsers;
use crate::apps::saml::{Cipher, EncryptionPolicy, RequestSignatures, RequestedContext, SignWhat};

const fn text(max: usize) -> Kind {
    Kind::Text {
        min: 0,
        max,
        long: false,
    }
}

const fn number(min: i64, max: i64) -> Kind {
    Kind::Number {
        min,
        max,
        seconds: false,
    }
}

const fn seconds(min: i64, max: i64) -> Kind {
    Kind::Number {
        min,
        max,
        seconds: true,
    }
}

const fn words(words: &'static [&'static str]) -> Kind {
    Kind::Words { words, notes: &[] }
}

const NAME: Kind = Kind::Text {
    min: 1,
    max: 200,
    long: false,
};
const DESCRIPTION: Kind = Kind::Text {
    min: 0,
    max: 1000,
    long: true,
};
const RELAY_STATE: Kind = Kind::Octets {
    max: 80,
    by: "saml-bindings §3.4.3",
};
const SIGN: Kind = Kind::Words {
    words: SignWhat::WORDS,
    notes: &[("default", "both")],
};
const PERMITTED_USERS: Kind = Kind::Words {
    words: PermittedUsers::WORDS,
    notes: &[
        (
            "admin_approved",
            "profiles and permission sets that list it",
        ),
        ("self_authorize", "every active user"),
    ],
};

/// Every setting. Those of a section stand in the order of the app's page. Labels, hints and
/// choices are in [`crate::text`] under the same names; a test finds the one that was forgotten.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = {
    use Kind::*;
    use Section::*;
    &[
        Setting::new("name", Basics, NAME, at!(name)),
        Setting::new("api_name", Basics, ApiName, at!(api_name)),
        Setting::new("description", Basics, DESCRIPTION, at!(definition.description)),
        Setting::new("contact", Basics, text(200), at!(definition.contact)),
        Setting::new("logo_url", Basics, Logo, at!(definition.logo_url)).optional(),
        Setting::new("info_url", Basics, Url, at!(definition.info_url)).optional(),

        Setting::new("visible", Start, Flag, at!(policy.visible)),
        Setting::new("order", Start, number(-10_000, 10_000), at!(policy.order)),
        Setting::new("start_url", Start, Url, at!(definition.start_url)).optional(),
        Setting::new("allow_unsolicited", Start, Flag, at!(definition.saml.allow_unsolicited)),
        Setting::new("default_relay_state", Start, RELAY_STATE, at!(definition.saml.default_relay_state)).optional(),
        Setting::new("allow_relay_state_override", Start, Flag, at!(definition.saml.allow_relay_state_override)),
        Setting::new("launch_origins", Start, Origins, at!(definition.saml.launch_origins)),

        Setting::new("subject_type", Subject, SubjectType, at!(definition.saml.subject_type)).release(),
        Setting::new("name_id_format", Subject, NameIdFormat, at!(definition.saml.name_id_format)).release(),
        Setting::new("allowed_name_id_formats", Subject, NameIdFormats, at!(definition.saml.allowed_name_id_formats)).release(),
        Setting::new("always_this_format", Subject, Flag, at!(definition.saml.always_this_format)).release(),
        Setting::new("fail_unmet_subject_id", Subject, Flag, at!(definition.saml.fail_unmet_subject_id)).release(),

        Setting::new("attributes", Attributes, Rows { max: 200 }, at!(definition.saml.attributes)).release(),

        Setting::new("sign", Signing, SIGN, at!(definition.saml.sign)),
        Setting::new("signature_algorithm", Signing, SignatureAlgorithm, at!(definition.saml.signature_algorithm)).optional(),
        Setting::new("extra_audiences", Signing, Uris, at!(definition.saml.extra_audiences)).release(),
        Setting::new("issuer_format", Signing, Flag, at!(definition.saml.issuer_format)),
        Setting::new("signing_key", Signing, SigningKey, at!(definition.saml.signing_key)).optional(),
        Setting::new("issuer", Signing, Issuer, at!(definition.saml.issuer)).optional(),
        Setting::new("danger_allow_sha1", Signing, Flag, at!(definition.saml.danger_allow_sha1)).danger(),

        Setting::new("request_signatures", Requests, words(RequestSignatures::WORDS), at!(definition.saml.request_signatures)),
        Setting::new("requested_context", Requests, words(RequestedContext::WORDS), at!(definition.saml.requested_context)),
        Setting::new("context_map", Requests, ContextMap, at!(definition.saml.context_map)),
        Setting::new("permitted_contexts", Requests, ContextClasses, at!(definition.saml.permitted_contexts)),

        Setting::new("encryption", Encryption, words(EncryptionPolicy::WORDS), at!(definition.saml.encryption)),
        Setting::new("encryption_cipher", Encryption, words(Cipher::WORDS), at!(definition.saml.encryption_cipher)).optional(),
        Setting::new("danger_allow_cbc", Encryption, Flag, at!(definition.saml.danger_allow_cbc)).danger(),

        Setting::new("assertion_lifetime_seconds", Time, seconds(60, 3600), at!(definition.saml.assertion_lifetime_seconds)),
        Setting::new("clock_skew_seconds", Time, seconds(0, 600), at!(definition.saml.clock_skew_seconds)).optional(),
        Setting::new("session_not_on_or_after", Time, Flag, at!(definition.saml.session_not_on_or_after)),

        Setting::new("permitted_users", Access, PERMITTED_USERS, at!(policy.permitted_users)).release(),
        Setting::new("ask_consent", Access, Flag, at!(policy.ask_consent)).release(),
    ]
};
