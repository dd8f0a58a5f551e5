//! Could anybody be signed on to this app once? Each setting is judged alone when it is typed; here
//! they are judged together, with what the metadata says and the organisation allows, before
//! anything of it is found out by a user.

use avouch_saml::metadata::algorithms::NoEncryption;
use avouch_saml::metadata::attributes::SubjectIdRequirement;
use avouch_saml::metadata::endpoint::RESPONSE_BINDINGS;
use avouch_saml::metadata::entity::Untidy;
use avouch_saml::metadata::{AcsSelector, SpMetadata};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::{DataEncryption, KeyTransport};
use avouch_saml::time::Timestamp;

use super::effective::{
    EncryptionInForce, Organisation, Origin, SignatureRule, algorithms_for, clock_skew, encryption,
    name_id_format, signature_algorithm, signing_key,
};
use super::row::source_text;
use super::saml::{PAIRWISE_ID, SUBJECT_ID};
use super::saml::{SamlSettings, Source, SubjectType, UserField, WhenMissing};
use super::settings::format_word;
use super::{App, AppState, Definition, LocalPolicy, PermittedUsers};

/// Something that keeps sign-ons from happening as they were meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub id: FindingId,
    /// How bad it is.
    pub severity: Severity,
    /// The setting it concerns, or [`METADATA`] or [`ASSIGNMENTS`].
    pub field: &'static str,
    /// A value that would do: a word, a URI, a setting; may be empty.
    pub expected: String,
    /// The value that is there; may be empty.
    pub received: String,
    /// Where that value comes from.
    pub origin: Origin,
    /// Each part of the metadata that plays a role, with its line and the reason.
    pub details: Vec<String>,
}

/// The field of a finding that only other metadata mends.
pub const METADATA: &str = "metadata";
/// The field of a finding about who is let in.
pub const ASSIGNMENTS: &str = "profiles";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No sign-on succeeds, or none sends what was chosen.
    CannotWork,
    /// Some sign-ons may not succeed, or not for long.
    MayNotWork,
}

impl Severity {
    /// Its word, for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CannotWork => "cannot_work",
            Self::MayNotWork => "may_not_work",
        }
    }
}

macro_rules! findings {
    ($($(#[doc = $about:literal])+ $id:ident = $word:literal,)+) => {
        /// What can be found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FindingId { $($(#[doc = $about])+ $id,)+ }

        impl FindingId {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$id,)+];

            /// Its word, for programs.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$id => $word,)+ }
            }
        }
    };
}

findings! {
    /// No ACS can be answered.
    NoUsableAcs = "no_usable_acs",
    /// An ACS has a wildcard in it, which no browser can be sent to.
    WildcardAcs = "wildcard_acs",
    /// The metadata has ended.
    MetadataEnded = "metadata_ended",
    /// The metadata ends within [`ENDS_SOON_DAYS`].
    MetadataEnds = "metadata_ends",
    /// Nothing can sign for the app.
    NoSignature = "no_signature",
    /// Encryption is required, and no key is published.
    NoEncryptionKey = "no_encryption_key",
    /// The key that is published cannot be used.
    UnusableEncryptionKey = "unusable_encryption_key",
    /// None of the ciphers that are declared can be used.
    NoCipher = "no_cipher",
    /// Requests have to be signed, and there is no key to verify them with.
    UnverifiableRequests = "unverifiable_requests",
    /// The NameID format cannot carry the name that was chosen.
    SubjectNotInFormat = "subject_not_in_format",
    /// A text with fields takes one value of an attribute that can have several.
    TemplateOfSeveral = "template_of_several",
    /// A row's source has no value for anybody.
    RowWithoutValue = "row_without_value",
    /// The subject identifier that the SP requires cannot be made.
    SubjectIdUnmet = "subject_id_unmet",
    /// It has settings that a later version made.
    NotUnderstood = "not_understood",
    /// Nobody is let in.
    NobodyMayEnter = "nobody_may_enter",
}

/// From how many days before its end on the end of metadata is a finding.
pub const ENDS_SOON_DAYS: i64 = 30;

/// What keeps users from signing on to `app`, whose SP says `sp`, at `now`: what cannot work before
/// what may not. An app that is blocked or not installed lets nobody in by decision, which is no
/// finding.
pub fn readiness(
    app: &App,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if !app.not_understood.is_empty() {
        found.push(Finding {
            received: app.not_understood.join(", "),
            origin: Origin::App,
            ..finding(FindingId::NotUnderstood, Severity::CannotWork, ASSIGNMENTS)
        });
    }
    found.extend(of_settings(&app.definition, sp, organisation, now));
    if app.state == AppState::Installed && nobody_may_enter(&app.policy) {
        found.push(Finding {
            expected: PermittedUsers::SelfAuthorize.word().to_owned(),
            received: app.policy.permitted_users.word().to_owned(),
            origin: Origin::App,
            ..finding(FindingId::NobodyMayEnter, Severity::MayNotWork, ASSIGNMENTS)
        });
    }
    found
}

/// The same of an app that is not there yet, but for who may enter.
pub fn of_settings(
    definition: &Definition,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
    now: Timestamp,
) -> Vec<Finding> {
    let saml = &definition.saml;
    let mut found = Vec::new();
    can_be_answered(sp, &mut found);
    is_current(saml, sp, organisation, now, &mut found);
    can_be_signed_for(saml, sp, organisation, &mut found);
    can_be_encrypted_to(saml, sp, organisation, &mut found);
    can_be_verified(saml, sp, organisation, &mut found);
    name_is_sent_as_chosen(saml, sp, &mut found);
    rows_give_values(saml, sp, organisation, &mut found);
    found.sort_by_key(|finding| finding.severity);
    found
}

/// What `after` holds that `before` did not: what a change brought about.
pub fn brought_about(before: &[Finding], after: &[Finding]) -> Vec<Finding> {
    after
        .iter()
        .filter(|finding| !before.contains(finding))
        .cloned()
        .collect()
}

fn finding(id: FindingId, severity: Severity, field: &'static str) -> Finding {
    Finding {
        id,
        severity,
        field,
        expected: String::new(),
        received: String::new(),
        origin: Origin::Metadata,
        details: Vec::new(),
    }
}

/// Answers go by HTTP-POST to a registered ACS.
fn can_be_answered(sp: &SpMetadata, found: &mut Vec<Finding>) {
    let binding = |uri: &str| uri.rsplit(':').next().unwrap_or(uri).to_owned();
    let expected: Vec<String> = RESPONSE_BINDINGS.iter().map(|b| binding(b.uri())).collect();
    if !sp.can_be_answered() {
        let bindings: Vec<String> = sp
            .acs
            .iter()
            .map(|acs| binding(acs.binding().uri()))
            .collect();
        let mut left_out: Vec<_> = sp
            .warnings
            .iter()
            .filter(|warning| match &warning.what {
                Untidy::EndpointDropped { element, .. } => element == "AssertionConsumerService",
                Untidy::BindingNotServed { .. } => true,
                _ => false,
            })
            .collect();
        left_out.sort_by_key(|warning| warning.line);
        found.push(Finding {
            expected: expected.join(", "),
            received: bindings.join(", "),
            details: left_out.iter().map(ToString::to_string).collect(),
            ..finding(FindingId::NoUsableAcs, Severity::CannotWork, METADATA)
        });
    }
    let default = sp.choose_acs(&AcsSelector::default()).ok();
    for acs in &sp.acs {
        let location = acs.location().as_str();
        if !location.contains('*') {
            continue;
        }
        // A launch, and a request that names no ACS, is answered at the default.
        let severity = match default {
            Some(default) if default.location() == acs.location() => Severity::CannotWork,
            _ => Severity::MayNotWork,
        };
        found.push(Finding {
            received: location.to_owned(),
            ..finding(FindingId::WildcardAcs, severity, METADATA)
        });
    }
}

fn is_current(
    saml: &SamlSettings,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
    now: Timestamp,
    found: &mut Vec<Finding>,
) {
    let Some(until) = sp.valid_until else {
        return;
    };
    let skew = clock_skew(saml, organisation.saml).value;
    let (id, severity) = if !sp.is_current(now, skew) {
        (FindingId::MetadataEnded, Severity::CannotWork)
    } else if until < now.plus_seconds(ENDS_SOON_DAYS * 86_400) {
        (FindingId::MetadataEnds, Severity::MayNotWork)
    } else {
        return;
    };
    found.push(Finding {
        received: until.to_string(),
        ..finding(id, severity, METADATA)
    });
}

fn can_be_signed_for(
    saml: &SamlSettings,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
    found: &mut Vec<Finding>,
) {
    let key = signing_key(saml, &organisation.keys);
    let Some(own) = key.value else {
        // An organisation without any key gets one when it first serves.
        let Some(chosen) = &saml.signing_key else {
            return;
        };
        found.push(Finding {
            received: chosen.clone(),
            origin: key.origin,
            ..finding(FindingId::NoSignature, Severity::CannotWork, "signing_key")
        });
        return;
    };
    let algorithm = signature_algorithm(saml, sp, organisation.saml, own.kind);
    if algorithm.value.is_err() {
        let declared: Vec<&str> = sp
            .algorithms
            .signing
            .iter()
            .map(|method| method.algorithm.as_str())
            .collect();
        found.push(Finding {
            expected: own.kind.to_string(),
            received: match &saml.signature_algorithm {
                Some(chosen) => chosen.clone(),
                None => declared.join(", "),
            },
            origin: algorithm.origin,
            ..finding(
                FindingId::NoSignature,
                Severity::CannotWork,
                "signature_algorithm",
            )
        });
    }
}

fn can_be_encrypted_to(
    saml: &SamlSettings,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
    found: &mut Vec<Finding>,
) {
    let algorithms = algorithms_for(organisation.saml, saml);
    let preferred = organisation.saml.data_encryption;
    let EncryptionInForce::Impossible(why) = encryption(saml, sp, &algorithms, preferred).value
    else {
        return;
    };
    let (id, origin) = match why {
        NoEncryption::NoKey => (FindingId::NoEncryptionKey, Origin::App),
        NoEncryption::UnusableKey => (FindingId::UnusableEncryptionKey, Origin::Metadata),
        NoEncryption::NoMethod => (FindingId::NoCipher, Origin::Metadata),
    };
    let declared: Vec<&str> = sp
        .keys
        .iter()
        .filter(|key| key.usage.encrypts())
        .flat_map(|key| &key.encryption_methods)
        .map(|method| method.algorithm.as_str())
        .collect();
    let kinds = sp.keys.iter().filter(|key| key.usage.encrypts());
    let kinds: Vec<String> = kinds.map(|key| key.public_key.kind().to_string()).collect();
    let usable = DataEncryption::ALL
        .into_iter()
        .filter(|cipher| algorithms.permits_data(*cipher))
        .map(|cipher| cipher.uri().to_owned());
    found.push(Finding {
        expected: usable
            .chain([
                KeyTransport::MGF1P_URI.to_owned(),
                KeyTransport::OAEP_URI.to_owned(),
            ])
            .collect::<Vec<_>>()
            .join(", "),
        received: if declared.is_empty() {
            kinds.join(", ")
        } else {
            declared.join(", ")
        },
        origin,
        ..finding(id, Severity::CannotWork, "encryption")
    });
}

fn can_be_verified(
    saml: &SamlSettings,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
    found: &mut Vec<Finding>,
) {
    let rule = SignatureRule::of(saml, sp, organisation.saml);
    if !rule.requires() || sp.signing_keys().next().is_some() {
        return;
    }
    let field = match rule {
        SignatureRule::App => "request_signatures",
        _ => METADATA,
    };
    found.push(Finding {
        received: rule.source().to_owned(),
        origin: rule.origin(),
        ..finding(FindingId::UnverifiableRequests, Severity::CannotWork, field)
    });
}

/// What would be sent in place of the name that was chosen, in the format that a request without a
/// wish gets; other formats are what requests ask for.
fn name_is_sent_as_chosen(saml: &SamlSettings, sp: &SpMetadata, found: &mut Vec<Finding>) {
    use SubjectType as S;
    let format = name_id_format(saml, &sp.name_id_formats);
    let subject = &saml.subject_type;
    let fits = match (NameIdFormat::from_uri(format.value), subject) {
        (_, S::None) => true,
        // Neither names a user in plain text.
        (NameIdFormat::Entity | NameIdFormat::Encrypted, _) => false,
        (NameIdFormat::Transient, subject) => *subject == S::Transient,
        // Values that an admin brought along are sent as they are.
        (NameIdFormat::Persistent, subject) => {
            matches!(subject, S::Persistent | S::FederationId | S::Custom(_))
        }
        (NameIdFormat::EmailAddress, subject) => {
            matches!(subject, S::Email | S::FederationId | S::Custom(_))
        }
        (NameIdFormat::Unspecified | NameIdFormat::Other(_), _) => true,
    };
    // A format that the app allows and the SP's metadata wants in place of the app's own was
    // chosen too.
    let severity = match format.origin {
        Origin::Metadata => Severity::MayNotWork,
        _ => Severity::CannotWork,
    };
    if !fits {
        found.push(Finding {
            expected: subject.word(),
            received: format_word(format.value),
            origin: format.origin,
            ..finding(FindingId::SubjectNotInFormat, severity, "subject_type")
        });
    }
}

fn rows_give_values(
    saml: &SamlSettings,
    sp: &SpMetadata,
    organisation: &Organisation<'_>,
    found: &mut Vec<Finding>,
) {
    for row in &saml.attributes {
        if let Source::Template(template) = &row.source {
            for attribute in custom_attributes(template) {
                found.push(Finding {
                    expected: row.name.clone(),
                    received: attribute.to_owned(),
                    origin: Origin::App,
                    ..finding(
                        FindingId::TemplateOfSeveral,
                        Severity::MayNotWork,
                        "attributes",
                    )
                });
            }
        }
        let needs = match row.source {
            Source::SubjectId | Source::PairwiseId if organisation.scope.is_none() => "idp.scopes",
            Source::OrganisationUrl if organisation.url.is_none() => "idp.organisation_url",
            _ => continue,
        };
        found.push(Finding {
            expected: needs.to_owned(),
            received: source_text(&row.source),
            origin: Origin::Organisation,
            details: vec![row.name.clone()],
            ..finding(
                FindingId::RowWithoutValue,
                match row.when_missing {
                    WhenMissing::Refuse => Severity::CannotWork,
                    WhenMissing::Omit | WhenMissing::Empty => Severity::MayNotWork,
                },
                "attributes",
            )
        });
    }
    let required = match sp.subject_id_requirement {
        Some(SubjectIdRequirement::SubjectId) => SUBJECT_ID,
        Some(SubjectIdRequirement::PairwiseId | SubjectIdRequirement::Any) => PAIRWISE_ID,
        Some(SubjectIdRequirement::None) | None => return,
    };
    // A row of that name gives its own value, or was found above.
    if organisation.scope.is_none() && saml.attributes.iter().all(|row| row.name != required) {
        found.push(Finding {
            expected: "idp.scopes".to_owned(),
            received: required.to_owned(),
            ..finding(
                FindingId::SubjectIdUnmet,
                if saml.fail_unmet_subject_id {
                    Severity::CannotWork
                } else {
                    Severity::MayNotWork
                },
                "fail_unmet_subject_id",
            )
        });
    }
}

/// The custom attributes that a text with fields names; each gives its first value alone.
fn custom_attributes(template: &str) -> impl Iterator<Item = &str> {
    template
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .filter(|name| UserField::ALL.iter().all(|(_, word)| word != name))
}

fn nobody_may_enter(policy: &LocalPolicy) -> bool {
    policy.permitted_users == PermittedUsers::AdminApproved
        && policy.profiles.is_empty()
        && policy.permission_sets.is_empty()
}
