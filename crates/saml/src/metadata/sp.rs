//! A service provider as its metadata describes it.

use super::algorithms::{
    AlgorithmSupport, EncryptionChoice, NoCommonSignature, NoEncryption, choose_encryption,
    choose_signature,
};
use super::attributes::{
    AttributeConsumingService, EntityAttribute, Registration, SubjectIdRequirement,
    UnknownAttributeIndex, choose_attribute_service, read_entity_attributes, read_published,
    read_registration, read_requirement, read_services,
};
use super::endpoint::{
    AcsEndpoint, AcsError, AcsSelector, Binding, Endpoint, RESPONSE_BINDINGS, choose_acs, read_acs,
    read_endpoints,
};
use super::entity::{
    Fault, MetadataError, MetadataWarning, Notes, Reading, Untidy, Validity, shorten, trim,
};
use super::key_descriptor::{SpKey, read_keys};
use super::ui::{
    Contact, Organization, UiInfo, choose_text, is_web_address, read_contact, read_organization,
    read_ui,
};
use crate::ids::EntityId;
use crate::name_id::NameIdFormat;
use crate::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use crate::security::certificate::{KeyKind, PublicKey};
use crate::time::{Timestamp, Window};
use crate::xml::names::{ALG, DS, MD, MDATTR, MDRPI, MDUI, SAMLP};
use crate::xml::reader::Element;

/// What a service provider's metadata says: all of it that has an effect, what is untidy, and the
/// names of what has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpMetadata {
    /// Its name.
    pub entity_id: EntityId,
    /// The descriptor's `ID`.
    pub id: Option<String>,
    /// Not to be used from then on: the earliest of the document's, the groups', the entity's and
    /// the role's.
    pub valid_until: Option<Timestamp>,
    /// Seconds it may be kept before it is fetched again: the shortest on the way.
    pub cache_seconds: Option<i64>,
    /// Where it takes answers, by any binding, in order. Never empty when read from a document.
    pub acs: Vec<AcsEndpoint>,
    /// Where it takes logout messages.
    pub slo: Vec<Endpoint>,
    /// Its keys, in order.
    pub keys: Vec<SpKey>,
    /// It publishes a key to encrypt to that is too weak, unreadable or of an unknown use, and so
    /// not among `keys`. Such an SP expects ciphertext. Not written.
    pub unusable_encryption_key: bool,
    /// The identifier formats it takes, in order.
    pub name_id_formats: Vec<NameIdFormat>,
    /// It signs its requests: an unsigned one is not from it.
    pub authn_requests_signed: bool,
    /// It wants assertions signed themselves.
    pub want_assertions_signed: bool,
    /// The sets of attributes it asks for.
    pub attribute_consuming_services: Vec<AttributeConsumingService>,
    /// What people see of it.
    pub ui: UiInfo,
    /// Who runs it.
    pub organization: Option<Organization>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
    /// Where it explains errors.
    pub error_url: Option<String>,
    /// What is said about it: categories and the like. Only as true as the metadata's origin.
    pub entity_attributes: Vec<EntityAttribute>,
    /// Which subject identifier it needs.
    pub subject_id_requirement: Option<SubjectIdRequirement>,
    /// The signatures it can check.
    pub algorithms: AlgorithmSupport,
    /// Who registered it.
    pub registration: Option<Registration>,
    /// When this copy was published (`mdrpi:PublicationInfo`), to tell an old copy from a new one.
    pub published: Option<Timestamp>,
    /// What is untidy.
    pub warnings: Vec<MetadataWarning>,
    /// Elements that have no effect here, as `{namespace}name`.
    pub ignored: Vec<String>,
}

impl SpMetadata {
    /// A service provider from typed fields; everything not given is absent.
    pub fn typed(entity_id: EntityId, acs: Vec<AcsEndpoint>) -> Self {
        Self {
            entity_id,
            id: None,
            valid_until: None,
            cache_seconds: None,
            acs,
            slo: Vec::new(),
            keys: Vec::new(),
            unusable_encryption_key: false,
            name_id_formats: Vec::new(),
            authn_requests_signed: false,
            want_assertions_signed: false,
            attribute_consuming_services: Vec::new(),
            ui: UiInfo::default(),
            organization: None,
            contacts: Vec::new(),
            error_url: None,
            entity_attributes: Vec::new(),
            subject_id_requirement: None,
            algorithms: AlgorithmSupport::default(),
            registration: None,
            published: None,
            warnings: Vec::new(),
            ignored: Vec::new(),
        }
    }

    /// Reads an EntityDescriptor.
    ///
    /// # Errors
    /// As [`SpMetadata::parse`].
    pub fn from_element(element: &Element, reading: &Reading) -> Result<Self, MetadataError> {
        read_entity(element, Validity::default(), reading)
    }

    /// Whether it may still be used: it is good until [`SpMetadata::valid_until`], give or take
    /// the skew.
    pub fn is_current(&self, now: Timestamp, skew_seconds: i64) -> bool {
        let window = Window {
            not_before: None,
            not_on_or_after: self.valid_until,
        };
        window.contains(now, skew_seconds)
    }

    /// The keys that may have made its signatures.
    pub fn signing_keys(&self) -> impl Iterator<Item = &PublicKey> {
        let signing = self.keys.iter().filter(|key| key.usage.signs());
        signing.map(|key| &key.public_key)
    }

    /// Picks where a response goes; see [`choose_acs`].
    ///
    /// # Errors
    /// [`AcsError`].
    pub fn choose_acs(&self, selector: &AcsSelector<'_>) -> Result<&AcsEndpoint, AcsError<'_>> {
        choose_acs(&self.acs, selector, RESPONSE_BINDINGS)
    }

    /// Whether any ACS takes a response by a binding served here.
    pub fn can_be_answered(&self) -> bool {
        self.acs
            .iter()
            .any(|acs| RESPONSE_BINDINGS.contains(acs.binding()))
    }

    /// The logout endpoint for a binding.
    pub fn slo_endpoint(&self, binding: &Binding) -> Option<&Endpoint> {
        self.slo.iter().find(|slo| slo.binding() == binding)
    }

    /// Picks how to encrypt to it; see [`choose_encryption`].
    ///
    /// # Errors
    /// [`NoEncryption`].
    pub fn choose_encryption(
        &self,
        policy: &AlgorithmPolicy,
    ) -> Result<EncryptionChoice<'_>, NoEncryption> {
        choose_encryption(&self.keys, policy).map_err(|why| match why {
            NoEncryption::NoKey if self.unusable_encryption_key => NoEncryption::UnusableKey,
            why => why,
        })
    }

    /// Picks how to sign for it with our key `own`; see [`choose_signature`].
    ///
    /// # Errors
    /// [`NoCommonSignature`].
    pub fn choose_signature(
        &self,
        own: KeyKind,
        preferred: SignatureAlgorithm,
        policy: &AlgorithmPolicy,
    ) -> Result<SignatureAlgorithm, NoCommonSignature> {
        choose_signature(&self.algorithms, own, preferred, policy)
    }

    /// Picks the attributes it asks for; see [`choose_attribute_service`].
    ///
    /// # Errors
    /// [`UnknownAttributeIndex`].
    pub fn choose_attribute_service(
        &self,
        index: Option<u16>,
    ) -> Result<Option<&AttributeConsumingService>, UnknownAttributeIndex> {
        choose_attribute_service(&self.attribute_consuming_services, index)
    }

    /// A name for people: UI name, else service name, else the entity ID's host. Foreign text:
    /// escape it.
    pub fn display_name(&self, languages: &[&str]) -> &str {
        let service = || {
            let service = self.choose_attribute_service(None).ok().flatten()?;
            choose_text(&service.service_names, languages)
        };
        choose_text(&self.ui.display_names, languages)
            .or_else(service)
            .unwrap_or_else(|| host_of(self.entity_id.as_str()))
    }

    /// Whether it says of itself what could widen what it is given; see
    /// [`SpMetadata::strip_claims`].
    pub fn has_claims(&self) -> bool {
        !self.entity_attributes.is_empty() || self.registration.is_some()
    }

    /// Takes off what it says about itself that could widen what it is given: entity attributes,
    /// and who registered it. For metadata whose origin vouches for neither.
    pub fn strip_claims(&mut self) {
        self.entity_attributes.clear();
        self.subject_id_requirement = None;
        self.registration = None;
        self.published = None;
    }
}

fn host_of(entity_id: &str) -> &str {
    let host = entity_id
        .split_once("://")
        .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""))
        .map(|authority| authority.rsplit('@').next().unwrap_or(""))
        .map(|host| host.split(':').next().unwrap_or(""));
    host.filter(|host| !host.is_empty()).unwrap_or(entity_id)
}

/// Whether a role is for SAML 2.0.
fn speaks_saml2(role: &Element) -> bool {
    role.attr("protocolSupportEnumeration")
        .is_some_and(|protocols| protocols.split_ascii_whitespace().any(|p| p == SAMLP))
}

/// Whether an EntityDescriptor has an SP role of any protocol.
pub(super) fn has_sp_role(element: &Element) -> bool {
    element.first(MD, "SPSSODescriptor").is_some()
}

pub(super) fn read_entity_id(element: &Element) -> Result<EntityId, MetadataError> {
    EntityId::read(element.attr("entityID").unwrap_or(""))
        .map_err(|error| MetadataError::new(element, Fault::EntityId(error)))
}

pub(super) fn read_entity(
    element: &Element,
    inherited: Validity,
    reading: &Reading,
) -> Result<SpMetadata, MetadataError> {
    if !element.is(MD, "EntityDescriptor") {
        return Err(MetadataError::new(
            element,
            Fault::NotMetadata {
                found: shorten(&element.local),
            },
        ));
    }
    let entity_id = read_entity_id(element)?;
    read_named(element, &entity_id, inherited, reading).map_err(|error| error.about(&entity_id))
}

fn read_named(
    entity: &Element,
    entity_id: &EntityId,
    inherited: Validity,
    reading: &Reading,
) -> Result<SpMetadata, MetadataError> {
    let mut notes = Notes::default();
    if entity_id.as_str().contains(' ') {
        notes.warn(entity, Untidy::SpaceInEntityId(shorten(entity_id.as_str())));
    }
    let validity = inherited.narrow(entity, "EntityDescriptor", reading, &mut notes)?;
    let mut roles = entity
        .all(MD, "SPSSODescriptor")
        .filter(|r| speaks_saml2(r));
    let role = roles
        .next()
        .ok_or_else(|| MetadataError::new(entity, Fault::NoSpRole))?;
    if let Some(second) = roles.next() {
        notes.warn(second, Untidy::SecondRole);
    }
    let validity = validity.narrow(role, "SPSSODescriptor", reading, &mut notes)?;

    let extensions = entity.only(MD, "Extensions")?;
    let role_extensions = role.only(MD, "Extensions")?;
    note_unread(entity, role, extensions, role_extensions, &mut notes);
    note_order(role, &mut notes);

    let acs = read_acs(role.all(MD, "AssertionConsumerService"), &mut notes)?;
    if acs.is_empty() {
        let dropped = notes.dropped("AssertionConsumerService");
        return Err(MetadataError::new(role, Fault::NoAcs { dropped }));
    }
    let keys = read_keys(role.all(MD, "KeyDescriptor"), &mut notes)?;
    let authn_requests_signed = notes
        .boolean(role, "AuthnRequestsSigned", true)
        .unwrap_or(false);
    if authn_requests_signed && !keys.usable.iter().any(|key| key.usage.signs()) {
        notes.warn(role, Untidy::SignsWithoutKey);
    }
    let mut name_id_formats = Vec::new();
    for element in role.all(MD, "NameIDFormat") {
        let uri = trim(element.text()?);
        if uri.is_empty() {
            notes.warn(element, Untidy::Incomplete("NameIDFormat".to_owned()));
        } else {
            name_id_formats.push(NameIdFormat::from_uri(uri));
        }
    }
    let entity_attributes = read_entity_attributes(extensions, &mut notes);
    let organization = entity.first(MD, "Organization");
    let organization = organization.or_else(|| role.first(MD, "Organization"));
    let mut contacts = Vec::new();
    for element in [entity, role]
        .into_iter()
        .flat_map(|e| e.all(MD, "ContactPerson"))
    {
        contacts.push(read_contact(element, &mut notes));
    }
    let of_entity = AlgorithmSupport::read(extensions, &mut notes);
    let of_role = AlgorithmSupport::read(role_extensions, &mut notes);

    Ok(SpMetadata {
        entity_id: entity_id.clone(),
        id: entity.attr("ID").map(str::to_owned),
        valid_until: validity.until,
        cache_seconds: validity.cache_seconds,
        acs,
        slo: read_endpoints(role.all(MD, "SingleLogoutService"), &mut notes)?,
        keys: keys.usable,
        unusable_encryption_key: keys.unusable_encryption,
        name_id_formats,
        authn_requests_signed,
        want_assertions_signed: notes
            .boolean(role, "WantAssertionsSigned", true)
            .unwrap_or(false),
        attribute_consuming_services: read_services(
            role.all(MD, "AttributeConsumingService"),
            &mut notes,
        )?,
        ui: read_ui(role_extensions, &mut notes),
        organization: organization.map(|o| read_organization(o, &mut notes)),
        contacts,
        error_url: read_error_url(role, &mut notes),
        subject_id_requirement: read_requirement(&entity_attributes, entity, &mut notes),
        entity_attributes,
        algorithms: of_role.over(of_entity),
        registration: read_registration(extensions, &mut notes),
        published: read_published(extensions),
        warnings: notes.warnings,
        ignored: notes.ignored,
    })
}

fn read_error_url(role: &Element, notes: &mut Notes) -> Option<String> {
    let url = trim(role.attr("errorURL")?);
    if is_web_address(url) {
        return Some(url.to_owned());
    }
    notes.warn(
        role,
        Untidy::UrlDropped {
            element: "errorURL".to_owned(),
            url: shorten(url),
        },
    );
    None
}

/// Names what stands there and has no effect, so that a preview can show it.
fn note_unread(
    entity: &Element,
    role: &Element,
    extensions: Option<&Element>,
    role_extensions: Option<&Element>,
    notes: &mut Notes,
) {
    for child in entity.elements() {
        let read = match &*child.ns {
            MD => matches!(
                &*child.local,
                "SPSSODescriptor" | "Extensions" | "Organization" | "ContactPerson"
            ),
            DS => &*child.local == "Signature",
            _ => false,
        };
        if !read {
            notes.ignore(child);
        }
    }
    for child in role.elements() {
        let read = match &*child.ns {
            MD => matches!(
                &*child.local,
                "Extensions"
                    | "KeyDescriptor"
                    | "Organization"
                    | "ContactPerson"
                    | "SingleLogoutService"
                    | "NameIDFormat"
                    | "AssertionConsumerService"
                    | "AttributeConsumingService"
            ),
            DS => &*child.local == "Signature",
            _ => false,
        };
        if !read {
            notes.ignore(child);
        }
    }
    for child in extensions.into_iter().flat_map(Element::elements) {
        let read = child.is(MDATTR, "EntityAttributes")
            || child.is(MDRPI, "RegistrationInfo")
            || child.is(MDRPI, "PublicationInfo")
            || &*child.ns == ALG;
        if !read {
            notes.ignore(child);
        }
    }
    for child in role_extensions.into_iter().flat_map(Element::elements) {
        if !(child.is(MDUI, "UIInfo") || &*child.ns == ALG) {
            notes.ignore(child);
        }
    }
}

/// Warns once when the role's children are not in the schema's order.
fn note_order(role: &Element, notes: &mut Notes) {
    const ORDER: [&str; 10] = [
        "Extensions",
        "KeyDescriptor",
        "Organization",
        "ContactPerson",
        "ArtifactResolutionService",
        "SingleLogoutService",
        "ManageNameIDService",
        "NameIDFormat",
        "AssertionConsumerService",
        "AttributeConsumingService",
    ];
    let mut reached = 0;
    for child in role.elements().filter(|e| &*e.ns == MD) {
        let Some(place) = ORDER.iter().position(|name| *name == &*child.local) else {
            continue;
        };
        if place < reached {
            notes.warn(child, Untidy::Order(child.local.to_string()));
            return;
        }
        reached = place;
    }
}
