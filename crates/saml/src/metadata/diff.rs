//! What importing an SP's metadata again would change: risky changes apart from safe ones, so that
//! an administrator sees the host that assertions would newly go to before they do.

use std::fmt;

use super::endpoint::{AcsEndpoint, AcsSelector};
use super::key_descriptor::{KeyUse, SpKey};
use super::sp::SpMetadata;
use crate::security::algorithm::AlgorithmPolicy;
use crate::security::certificate::PublicKey;
use crate::time::Timestamp;

/// A difference between the registered metadata and the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The new one is about another entity.
    EntityId {
        /// The new name.
        new: String,
    },
    /// An endpoint on a host that no endpoint was on before, or without TLS where there was some.
    AcsHost(String),
    /// An endpoint on a host known before.
    AcsAdded(String),
    /// An endpoint that is no more.
    AcsRemoved(String),
    /// Requests that name no endpoint are answered elsewhere.
    DefaultAcs(String),
    /// A logout endpoint that is new.
    SloAdded(String),
    /// A logout endpoint that is no more.
    SloRemoved(String),
    /// A further key to verify signatures with.
    SigningKeyAdded(String),
    /// A key that no longer verifies signatures, while another known one does.
    SigningKeyRemoved(String),
    /// No known key is left: whoever made this metadata need not be who made the last.
    SigningKeysReplaced,
    /// A further key to encrypt to.
    EncryptionKeyAdded(String),
    /// What is encrypted will be encrypted to this key from now on.
    EncryptionKeyChosen(String),
    /// No known key to encrypt to is left, and another is there.
    EncryptionKeysReplaced,
    /// A key that is no longer encrypted to, while another known one is.
    EncryptionKeyRemoved(String),
    /// Assertions could no longer be encrypted.
    EncryptionDropped,
    /// Other encryption methods are declared for a key that stays.
    EncryptionMethods,
    /// Other signature algorithms are declared.
    Algorithms,
    /// It signs its requests, or no longer does.
    AuthnRequestsSigned(bool),
    /// It wants assertions signed, or no longer does.
    WantAssertionsSigned(bool),
    /// Other identifier formats, or another order.
    NameIdFormats,
    /// An attribute it did not ask for before.
    AttributeRequested(String),
    /// An attribute it asks for no more.
    AttributeDropped(String),
    /// It says of itself what it did not before.
    EntityAttributeAdded(String),
    /// It says of itself no more what it did.
    EntityAttributeRemoved(String),
    /// Another subject identifier is needed.
    SubjectIdRequirement,
    /// Registered by another authority.
    RegistrationAuthority,
    /// Names, descriptions, logos or links.
    Ui,
    /// The organisation.
    Organization,
    /// Contacts.
    Contacts,
    /// How long it is good.
    Validity,
    /// It was published, or is good until, before the one that is registered: a copy kept from
    /// earlier, perhaps to bring back a key that was withdrawn.
    Older(String),
}

impl Change {
    /// Whether an administrator should look before accepting: it moves where assertions go, who
    /// can speak for the SP, who can read, or what may be released.
    pub const fn is_risky(&self) -> bool {
        match self {
            Self::EntityId { .. }
            | Self::AcsHost(_)
            | Self::SigningKeysReplaced
            | Self::EncryptionKeysReplaced
            | Self::EncryptionKeyChosen(_)
            | Self::EncryptionDropped
            | Self::EncryptionMethods
            | Self::Algorithms
            | Self::NameIdFormats
            | Self::AttributeRequested(_)
            | Self::EntityAttributeAdded(_)
            | Self::SubjectIdRequirement
            | Self::RegistrationAuthority
            | Self::Older(_) => true,
            // Less checking than before; more of it is safe.
            Self::AuthnRequestsSigned(now) | Self::WantAssertionsSigned(now) => !*now,
            Self::AcsAdded(_)
            | Self::AcsRemoved(_)
            | Self::DefaultAcs(_)
            | Self::SloAdded(_)
            | Self::SloRemoved(_)
            | Self::SigningKeyAdded(_)
            | Self::SigningKeyRemoved(_)
            | Self::EncryptionKeyAdded(_)
            | Self::EncryptionKeyRemoved(_)
            | Self::AttributeDropped(_)
            | Self::EntityAttributeRemoved(_)
            | Self::Ui
            | Self::Organization
            | Self::Contacts
            | Self::Validity => false,
        }
    }

    /// Whether it is about a key: safe as such changes can be, they are to be seen.
    pub const fn is_of_keys(&self) -> bool {
        matches!(
            self,
            Self::SigningKeyAdded(_)
                | Self::SigningKeyRemoved(_)
                | Self::EncryptionKeyAdded(_)
                | Self::EncryptionKeyRemoved(_)
        )
    }

    /// Whether it could change what the SP is told of users: what is released may depend on what
    /// an SP says of itself and on what it asks for.
    pub const fn concerns_release(&self) -> bool {
        matches!(
            self,
            Self::NameIdFormats
                | Self::AttributeRequested(_)
                | Self::EntityAttributeAdded(_)
                | Self::EntityAttributeRemoved(_)
                | Self::SubjectIdRequirement
                | Self::RegistrationAuthority
        )
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntityId { new } => write!(f, "it is about another entity: {new}"),
            Self::AcsHost(url) => write!(f, "assertions could go to a new host: {url}"),
            Self::AcsAdded(url) => write!(f, "another ACS endpoint: {url}"),
            Self::AcsRemoved(url) => write!(f, "an ACS endpoint is gone: {url}"),
            Self::DefaultAcs(url) => write!(f, "the default ACS endpoint is now {url}"),
            Self::SloAdded(url) => write!(f, "another logout endpoint: {url}"),
            Self::SloRemoved(url) => write!(f, "a logout endpoint is gone: {url}"),
            Self::SigningKeyAdded(key) => write!(f, "another signing key: {key}"),
            Self::SigningKeyRemoved(key) => write!(f, "a signing key is gone: {key}"),
            Self::SigningKeysReplaced => f.write_str("every signing key is another one"),
            Self::EncryptionKeyAdded(key) => write!(f, "another encryption key: {key}"),
            Self::EncryptionKeyChosen(key) => {
                write!(f, "assertions will be encrypted to another key: {key}")
            }
            Self::EncryptionKeysReplaced => f.write_str("every encryption key is another one"),
            Self::EncryptionKeyRemoved(key) => write!(f, "an encryption key is gone: {key}"),
            Self::EncryptionDropped => f.write_str("assertions could no longer be encrypted"),
            Self::EncryptionMethods => f.write_str("other encryption methods are declared"),
            Self::Algorithms => f.write_str("other signature algorithms are declared"),
            Self::AuthnRequestsSigned(true) => f.write_str("requests are signed from now on"),
            Self::AuthnRequestsSigned(false) => f.write_str("requests need no signature any more"),
            Self::WantAssertionsSigned(true) => f.write_str("assertions are to be signed"),
            Self::WantAssertionsSigned(false) => {
                f.write_str("assertions need not be signed any more")
            }
            Self::NameIdFormats => f.write_str("other identifier formats"),
            Self::AttributeRequested(name) => write!(f, "it also asks for the attribute {name}"),
            Self::AttributeDropped(name) => {
                write!(f, "it no longer asks for the attribute {name}")
            }
            Self::EntityAttributeAdded(name) => write!(f, "it now says of itself: {name}"),
            Self::EntityAttributeRemoved(name) => write!(f, "it no longer says: {name}"),
            Self::SubjectIdRequirement => f.write_str("it needs another subject identifier"),
            Self::RegistrationAuthority => f.write_str("another authority registered it"),
            Self::Ui => f.write_str("names, descriptions, logos or links"),
            Self::Organization => f.write_str("the organisation"),
            Self::Contacts => f.write_str("contacts"),
            Self::Validity => f.write_str("how long it is good"),
            Self::Older(how) => write!(f, "it is older than the metadata registered here: {how}"),
        }
    }
}

/// Lists what replacing `old` by `new` would change, risky changes first. Empty when nothing that
/// has an effect differs.
pub fn diff(old: &SpMetadata, new: &SpMetadata) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut when = |differs: bool, change: Change| {
        if differs {
            changes.push(change);
        }
    };
    when(
        old.entity_id != new.entity_id,
        Change::EntityId {
            new: new.entity_id.to_string(),
        },
    );
    when(
        old.authn_requests_signed != new.authn_requests_signed,
        Change::AuthnRequestsSigned(new.authn_requests_signed),
    );
    when(
        old.want_assertions_signed != new.want_assertions_signed,
        Change::WantAssertionsSigned(new.want_assertions_signed),
    );
    when(old.algorithms != new.algorithms, Change::Algorithms);
    when(
        old.name_id_formats != new.name_id_formats,
        Change::NameIdFormats,
    );
    when(
        old.subject_id_requirement != new.subject_id_requirement,
        Change::SubjectIdRequirement,
    );
    let authority = |sp: &SpMetadata| sp.registration.as_ref().map(|r| r.authority.clone());
    when(
        authority(old) != authority(new),
        Change::RegistrationAuthority,
    );
    when(old.ui != new.ui, Change::Ui);
    when(old.organization != new.organization, Change::Organization);
    when(old.contacts != new.contacts, Change::Contacts);
    let older = older(old, new);
    when(
        older.is_none()
            && (old.valid_until, old.cache_seconds) != (new.valid_until, new.cache_seconds),
        Change::Validity,
    );
    changes.extend(older);
    compare_endpoints(old, new, &mut changes);
    compare_signing(old, new, &mut changes);
    compare_encryption(old, new, &mut changes);
    added_and_removed(
        &requested(old),
        &requested(new),
        (Change::AttributeRequested, Change::AttributeDropped),
        &mut changes,
    );
    added_and_removed(
        &claims(old),
        &claims(new),
        (Change::EntityAttributeAdded, Change::EntityAttributeRemoved),
        &mut changes,
    );
    changes.sort_by_key(|change| !change.is_risky());
    changes
}

fn older(old: &SpMetadata, new: &SpMetadata) -> Option<Change> {
    let earlier = |old: Option<Timestamp>, new: Option<Timestamp>| {
        old.zip(new).filter(|(old, new)| new < old)
    };
    let how = match (
        earlier(old.published, new.published),
        earlier(old.valid_until, new.valid_until),
    ) {
        (Some((old, new)), _) => format!("published {new}, not {old}"),
        (None, Some((old, new))) => format!("good until {new}, not {old}"),
        (None, None) => return None,
    };
    Some(Change::Older(how))
}

fn compare_endpoints(old: &SpMetadata, new: &SpMetadata, changes: &mut Vec<Change>) {
    let known = |acs: &AcsEndpoint| {
        old.acs
            .iter()
            .any(|o| o.binding() == acs.binding() && o.location() == acs.location())
    };
    for acs in new.acs.iter().filter(|acs| !known(acs)) {
        let url = acs.location().as_str();
        let known_origin = old
            .acs
            .iter()
            .any(|o| origin(o.location().as_str()) == origin(url));
        changes.push(if known_origin {
            Change::AcsAdded(url.to_owned())
        } else {
            Change::AcsHost(url.to_owned())
        });
    }
    for acs in &old.acs {
        let kept = new
            .acs
            .iter()
            .any(|n| n.binding() == acs.binding() && n.location() == acs.location());
        if !kept {
            changes.push(Change::AcsRemoved(acs.location().to_string()));
        }
    }
    let default = |sp: &SpMetadata| {
        let chosen = sp.choose_acs(&AcsSelector::default()).ok();
        chosen.map(|acs| acs.location().to_string())
    };
    if let (Some(before), Some(after)) = (default(old), default(new))
        && before != after
    {
        changes.push(Change::DefaultAcs(after));
    }
    let slo = |sp: &SpMetadata| {
        let locations = sp
            .slo
            .iter()
            .flat_map(|s| [s.location(), s.response_location()]);
        locations.map(ToString::to_string).collect::<Vec<_>>()
    };
    added_and_removed(
        &slo(old),
        &slo(new),
        (Change::SloAdded, Change::SloRemoved),
        changes,
    );
}

/// Scheme and authority.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..]
        .find(['/', '?'])
        .map_or(url.len(), |at| start + at);
    &url[..end]
}

fn compare_signing(old: &SpMetadata, new: &SpMetadata, changes: &mut Vec<Change>) {
    let before = of_use(old, KeyUse::signs);
    let after = of_use(new, KeyUse::signs);
    if !before.is_empty() && !after.iter().any(|key| holds(&before, &key.public_key)) {
        changes.push(Change::SigningKeysReplaced);
    }
    for key in after.iter().filter(|key| !holds(&before, &key.public_key)) {
        changes.push(Change::SigningKeyAdded(name_of(key)));
    }
    for key in before.iter().filter(|key| !holds(&after, &key.public_key)) {
        changes.push(Change::SigningKeyRemoved(name_of(key)));
    }
}

fn compare_encryption(old: &SpMetadata, new: &SpMetadata, changes: &mut Vec<Change>) {
    let before = of_use(old, KeyUse::encrypts);
    let after = of_use(new, KeyUse::encrypts);
    if !before.is_empty() && after.is_empty() {
        changes.push(Change::EncryptionDropped);
        return;
    }
    if !before.is_empty() && !after.iter().any(|key| holds(&before, &key.public_key)) {
        changes.push(Change::EncryptionKeysReplaced);
    }
    let policy = AlgorithmPolicy::default();
    let chosen = |sp: &SpMetadata| {
        let chosen = sp.choose_encryption(&policy).ok();
        chosen.map(|choice| (choice.key.public_key.clone(), name_of(choice.key)))
    };
    if let Some((key, name)) = chosen(new)
        && chosen(old).is_none_or(|(before, _)| before != key)
    {
        changes.push(Change::EncryptionKeyChosen(name));
    }
    for key in after.iter().filter(|key| !holds(&before, &key.public_key)) {
        changes.push(Change::EncryptionKeyAdded(name_of(key)));
    }
    for key in before.iter().filter(|key| !holds(&after, &key.public_key)) {
        changes.push(Change::EncryptionKeyRemoved(name_of(key)));
    }
    let other_methods = before.iter().any(|key| {
        after.iter().any(|n| {
            n.public_key == key.public_key && n.encryption_methods != key.encryption_methods
        })
    });
    if other_methods {
        changes.push(Change::EncryptionMethods);
    }
}

fn of_use(sp: &SpMetadata, usable: impl Fn(KeyUse) -> bool) -> Vec<&SpKey> {
    sp.keys.iter().filter(|key| usable(key.usage)).collect()
}

fn holds(keys: &[&SpKey], key: &PublicKey) -> bool {
    keys.iter().any(|known| known.public_key == *key)
}

fn name_of(key: &SpKey) -> String {
    match &key.certificate {
        Some(certificate) => format!("{} {}", key.public_key.kind(), certificate.fingerprint()),
        None => {
            let digest = openssl::sha::sha256(&key.public_key.spki_der());
            let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
            format!(
                "{} without certificate, {}",
                key.public_key.kind(),
                hex.join(":")
            )
        }
    }
}

fn requested(sp: &SpMetadata) -> Vec<String> {
    let services = sp.attribute_consuming_services.iter();
    let attributes = services.flat_map(|service| &service.requested);
    attributes
        .map(|attribute| match attribute.values.as_slice() {
            [] => attribute.name.clone(),
            values => format!("{} ({})", attribute.name, values.join(", ")),
        })
        .collect()
}

fn claims(sp: &SpMetadata) -> Vec<String> {
    let attributes = sp.entity_attributes.iter();
    attributes
        .flat_map(|a| {
            a.values
                .iter()
                .map(move |value| format!("{} = {value}", a.name))
        })
        .collect()
}

/// A change that is named.
type Named = fn(String) -> Change;

fn added_and_removed(
    before: &[String],
    after: &[String],
    (added, removed): (Named, Named),
    changes: &mut Vec<Change>,
) {
    let mut push = |from: &[String], other: &[String], change: Named| {
        for (at, name) in from.iter().enumerate() {
            if !other.contains(name) && !from[..at].contains(name) {
                changes.push(change(name.clone()));
            }
        }
    };
    push(after, before, added);
    push(before, after, removed);
}
