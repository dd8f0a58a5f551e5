//! This identity provider's own metadata: written in exclusive canonical form, so that it is
//! signed as written, and stable, so that it changes only when what it says does.
//!
//! It says what is on and nothing else: a list that is empty here leaves no element behind.
//!
//! Spec: saml-metadata-2.0 §2.3, §2.4.3, saml2int v2 (SDP-MD, SDP-IDP33).

use super::algorithms::{AlgorithmSupport, SigningMethod};
use super::attributes::{EntityAttribute, Registration, read_entity_attributes, read_registration};
use super::endpoint::{Binding, Endpoint, read_endpoints};
use super::entity::{Fault, MetadataError, Notes, Reading, Validity, shorten, trim};
use super::key_descriptor::{EncryptionMethod, KeyUse, read_keys};
use super::sp::read_entity_id;
use super::ui::{
    Contact, ContactKind, Localized, Organization, UiInfo, is_inline_image, is_web_address,
    read_contact, read_organization, read_ui,
};
use super::writing::{
    algorithms, bool_text, certificate, contact, duration, entity_attributes, key_descriptor, md,
    organization, registration, ui_info, ui_is_empty,
};
use crate::ids::{EntityId, MessageId};
use crate::name_id::NameIdFormat;
use crate::security::algorithm::{
    AlgorithmPolicy, DataEncryption, DigestAlgorithm, KeyTransport, SignatureAlgorithm,
};
use crate::security::certificate::{Certificate, KeyError};
use crate::security::sign::Unsigned;
use crate::time::Timestamp;
use crate::xml::names::{MD, SAMLP, SHIBMD};
use crate::xml::reader::{Element, parse};
use crate::xml::writer::{QName, WriteError, Writer};

/// What this identity provider says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdpMetadata {
    /// Its name.
    pub entity_id: EntityId,
    /// Good until then. Round it, so that the document stays the same for a while.
    pub valid_until: Option<Timestamp>,
    /// Seconds after which readers should look again.
    pub cache_seconds: Option<i64>,
    /// Keys, one KeyDescriptor each: the active signing key first, then the next ones and those
    /// not yet forgotten by everybody.
    pub keys: Vec<IdpKey>,
    /// SingleSignOnService endpoints.
    pub sso: Vec<Endpoint>,
    /// SingleLogoutService endpoints; empty while logout is off.
    pub slo: Vec<Endpoint>,
    /// Identifier formats it issues.
    pub name_id_formats: Vec<NameIdFormat>,
    /// It takes signed requests only.
    pub want_authn_requests_signed: bool,
    /// A page that explains errors.
    pub error_url: Option<String>,
    /// Scopes its values may have: plain domain names.
    pub scopes: Vec<String>,
    /// What people see of it.
    pub ui: UiInfo,
    /// Who runs it.
    pub organization: Option<Organization>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
    /// What is said about it.
    pub entity_attributes: Vec<EntityAttribute>,
    /// Who registered it.
    pub registration: Option<Registration>,
    /// The signatures it takes; see [`accepted_algorithms`].
    pub algorithms: AlgorithmSupport,
}

/// A key in this identity provider's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdpKey {
    /// What it is for.
    pub usage: KeyUse,
    /// The certificate that carries it.
    pub certificate: Certificate,
    /// How to encrypt to it; see [`accepted_encryption`]. Empty for a signing key.
    pub encryption_methods: Vec<EncryptionMethod>,
}

impl IdpKey {
    /// A signing key.
    pub fn signing(certificate: Certificate) -> Self {
        Self {
            usage: KeyUse::Signing,
            certificate,
            encryption_methods: Vec::new(),
        }
    }
}

/// Why metadata was not written: the configuration behind it is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdpMetadataError {
    /// Not an absolute URI of at most 256 characters.
    #[error("the entity ID {0:?} is not an absolute URI of at most 256 characters")]
    EntityId(String),
    /// No signing key.
    #[error("there is no signing key")]
    NoSigningKey,
    /// A key nobody should trust.
    #[error("a key cannot be published: {0}")]
    Key(KeyError),
    /// No endpoint to sign in at.
    #[error("there is no SingleSignOnService")]
    NoSso,
    /// A URL of the wrong kind.
    #[error("{what} {url:?} is not {expected}")]
    Url {
        /// What it is for.
        what: &'static str,
        /// The URL, shortened.
        url: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A logo without its size.
    #[error("a logo needs its width and height in pixels")]
    LogoSize,
    /// Two texts in one language.
    #[error("{what} stands twice in the language {lang:?}")]
    RepeatedLanguage {
        /// What.
        what: &'static str,
        /// The language tag.
        lang: String,
    },
    /// A text without a language.
    #[error("{0} needs a language")]
    NoLanguage(&'static str),
    /// A scope that is no domain name.
    #[error("the scope {0:?} is not a domain name")]
    Scope(String),
    /// An incomplete organisation.
    #[error("an organisation needs a name, a name for people and an address")]
    Organization,
    /// A contact without a mail address.
    #[error("a {0:?} contact needs a mail address")]
    ContactMail(ContactKind),
    /// Text XML cannot carry.
    #[error(transparent)]
    Text(#[from] WriteError),
}

/// The signatures a policy takes, strongest first, since some SPs sign with the first algorithm
/// they know. SHA-1 is never among them, even where a setting tolerates it.
pub fn accepted_algorithms(policy: &AlgorithmPolicy) -> AlgorithmSupport {
    let digests = [
        DigestAlgorithm::Sha512,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha256,
    ];
    let signing = [
        SignatureAlgorithm::EcdsaSha512,
        SignatureAlgorithm::RsaSha512,
        SignatureAlgorithm::EcdsaSha384,
        SignatureAlgorithm::RsaSha384,
        SignatureAlgorithm::EcdsaSha256,
        SignatureAlgorithm::RsaSha256,
    ];
    AlgorithmSupport {
        digests: digests
            .into_iter()
            .filter(|digest| policy.permits_digest(*digest))
            .map(|digest| digest.uri().to_owned())
            .collect(),
        signing: signing
            .into_iter()
            .filter(|algorithm| policy.permits_signature(*algorithm))
            .map(|algorithm| SigningMethod {
                algorithm: algorithm.uri().to_owned(),
                min_key_bits: None,
                max_key_bits: None,
            })
            .collect(),
    }
}

/// How a policy lets others encrypt to us, for an encryption key's `encryption_methods`.
pub fn accepted_encryption(policy: &AlgorithmPolicy) -> Vec<EncryptionMethod> {
    let data = [DataEncryption::Aes256Gcm, DataEncryption::Aes128Gcm];
    let data = data
        .into_iter()
        .filter(|cipher| policy.permits_data(*cipher));
    let transport = [KeyTransport::MGF1P_URI, KeyTransport::OAEP_URI];
    let transport = transport.into_iter().filter(|uri| {
        KeyTransport::from_uris(uri, None, None).is_some_and(|t| policy.permits_transport(t))
    });
    data.map(DataEncryption::uri)
        .chain(transport)
        .map(EncryptionMethod::plain)
        .collect()
}

const SCOPE: QName = QName::new("shibmd", SHIBMD, "Scope");

impl IdpMetadata {
    /// Writes the document, ready for [`sign_enveloped`](crate::security::sign::sign_enveloped).
    ///
    /// Its ID is derived from its content, so that the same content is the same document.
    ///
    /// # Errors
    /// [`IdpMetadataError`]: tell the operator; publish nothing.
    pub fn to_unsigned(&self) -> Result<Unsigned<Self>, IdpMetadataError> {
        self.check()?;
        let (content, _) = self.write("_")?;
        let hash = openssl::sha::sha256(&content);
        let mut id = String::with_capacity(41);
        id.push('_');
        for byte in &hash[..20] {
            id.push_str(&format!("{byte:02x}"));
        }
        let (xml, insert_at) = self.write(&id)?;
        let id = MessageId::parse(&id).expect("an underscore and hex are an XML name");
        Ok(Unsigned::new(xml, insert_at, id))
    }

    fn write(&self, id: &str) -> Result<(Vec<u8>, usize), WriteError> {
        let mut w = Writer::with_capacity(8 * 1024);
        let until = self.valid_until.map(|at| at.to_string());
        let cache = self.cache_seconds.map(duration);
        w.start(md("EntityDescriptor"))
            .attr("entityID", self.entity_id.as_str())
            .attr("ID", id)
            .attr_opt("validUntil", until.as_deref())
            .attr_opt("cacheDuration", cache.as_deref());
        let insert_at = w.position();
        if self.registration.is_some()
            || !self.entity_attributes.is_empty()
            || !self.algorithms.is_empty()
        {
            w.start(md("Extensions"));
            if let Some(info) = &self.registration {
                registration(&mut w, info);
            }
            entity_attributes(&mut w, &self.entity_attributes);
            algorithms(&mut w, &self.algorithms);
            w.end();
        }
        self.write_role(&mut w);
        if let Some(org) = &self.organization {
            organization(&mut w, org);
        }
        for person in &self.contacts {
            contact(&mut w, person);
        }
        w.end();
        Ok((w.finish()?, insert_at))
    }

    fn write_role(&self, w: &mut Writer) {
        w.start(md("IDPSSODescriptor"))
            .attr("protocolSupportEnumeration", SAMLP)
            .attr_opt("errorURL", self.error_url.as_deref())
            .attr(
                "WantAuthnRequestsSigned",
                bool_text(self.want_authn_requests_signed),
            );
        if !self.scopes.is_empty() || !ui_is_empty(&self.ui) {
            w.start(md("Extensions"));
            for scope in &self.scopes {
                w.start(SCOPE).attr("regexp", "false").text(scope).end();
            }
            ui_info(w, &self.ui);
            w.end();
        }
        for key in &self.keys {
            key_descriptor(w, key.usage, &key.encryption_methods, |w| {
                certificate(w, &key.certificate);
            });
        }
        for slo in &self.slo {
            w.start(md("SingleLogoutService"))
                .attr("Binding", slo.binding().uri())
                .attr("Location", slo.location().as_str());
            let response = slo.stated_response_location();
            w.attr_opt("ResponseLocation", response.map(|url| url.as_str()));
            w.end();
        }
        for format in &self.name_id_formats {
            w.leaf(md("NameIDFormat"), format.uri());
        }
        for sso in &self.sso {
            // Requests only come in here, so there is no ResponseLocation.
            w.start(md("SingleSignOnService"))
                .attr("Binding", sso.binding().uri())
                .attr("Location", sso.location().as_str())
                .end();
        }
        w.end();
    }

    fn check(&self) -> Result<(), IdpMetadataError> {
        let id = self.entity_id.as_str();
        if EntityId::parse_own(id).is_err() {
            return Err(IdpMetadataError::EntityId(shorten(id)));
        }
        if !self.keys.iter().any(|key| key.usage.signs()) {
            return Err(IdpMetadataError::NoSigningKey);
        }
        for key in &self.keys {
            key.certificate
                .public_key()
                .map_err(IdpMetadataError::Key)?;
        }
        if self.sso.is_empty() {
            return Err(IdpMetadataError::NoSso);
        }
        // A lab without TLS has http endpoints, and then nothing else of it can have https.
        let plain = self
            .sso
            .iter()
            .all(|sso| sso.location().as_str().starts_with("http:"));
        let secure = |what, url: &str| {
            if is_web_address(url) && (plain || url.starts_with("https:")) {
                return Ok(());
            }
            Err(IdpMetadataError::Url {
                what,
                url: shorten(url),
                expected: "an https address",
            })
        };
        if let Some(url) = &self.error_url {
            secure("errorURL", url)?;
        }
        for scope in &self.scopes {
            if !is_domain(scope) {
                return Err(IdpMetadataError::Scope(shorten(scope)));
            }
        }
        let ui = &self.ui;
        for logo in &ui.logos {
            if !is_inline_image(&logo.url) {
                secure("Logo", &logo.url)?;
            }
            if logo.width == 0 || logo.height == 0 {
                return Err(IdpMetadataError::LogoSize);
            }
        }
        for (what, urls) in [
            ("InformationURL", &ui.information_urls),
            ("PrivacyStatementURL", &ui.privacy_statement_urls),
        ] {
            for url in urls {
                secure(what, &url.text)?;
            }
        }
        for (what, texts) in [
            ("DisplayName", &ui.display_names),
            ("Description", &ui.descriptions),
            ("Keywords", &ui.keywords),
            ("InformationURL", &ui.information_urls),
            ("PrivacyStatementURL", &ui.privacy_statement_urls),
        ] {
            one_a_language(what, texts)?;
        }
        if let Some(org) = &self.organization {
            if org.names.is_empty() || org.display_names.is_empty() || org.urls.is_empty() {
                return Err(IdpMetadataError::Organization);
            }
            one_a_language("OrganizationName", &org.names)?;
            one_a_language("OrganizationDisplayName", &org.display_names)?;
            one_a_language("OrganizationURL", &org.urls)?;
            for url in &org.urls {
                if !is_web_address(&url.text) {
                    return Err(IdpMetadataError::Url {
                        what: "OrganizationURL",
                        url: shorten(&url.text),
                        expected: "an http or https address",
                    });
                }
            }
        }
        for person in &self.contacts {
            if person.emails.is_empty() {
                return Err(IdpMetadataError::ContactMail(person.kind));
            }
        }
        Ok(())
    }

    /// Reads an identity provider's EntityDescriptor: what [`IdpMetadata::to_unsigned`] writes,
    /// or another's, to see what it says.
    ///
    /// # Errors
    /// [`MetadataError`] with the line and the reason.
    pub fn parse(document: &[u8], reading: &Reading) -> Result<Self, MetadataError> {
        let root = parse(document, &reading.limits)?;
        let not = |found: &str| {
            let found = shorten(found);
            MetadataError::new(&root, Fault::NotMetadata { found })
        };
        if !root.is(MD, "EntityDescriptor") {
            return Err(not(&root.local));
        }
        let role = root.first(MD, "IDPSSODescriptor");
        let role = role.ok_or_else(|| not("an EntityDescriptor without an IDPSSODescriptor"))?;
        let mut notes = Notes::default();
        let validity =
            Validity::default().narrow(&root, "EntityDescriptor", reading, &mut notes)?;
        let extensions = root.only(MD, "Extensions")?;
        let role_extensions = role.only(MD, "Extensions")?;
        let of_entity = AlgorithmSupport::read(extensions, &mut notes);
        let of_role = AlgorithmSupport::read(role_extensions, &mut notes);
        let keys = read_keys(role.all(MD, "KeyDescriptor"), &mut notes)?;
        let texts = |elements: Vec<&Element>| -> Result<Vec<String>, MetadataError> {
            let mut texts = Vec::new();
            for element in elements {
                texts.push(trim(element.text()?).to_owned());
            }
            Ok(texts)
        };
        let scopes = role_extensions
            .into_iter()
            .flat_map(|e| e.all(SHIBMD, "Scope"))
            // A pattern would claim more than it says.
            .filter(|scope| !matches!(scope.attr("regexp"), Some("true" | "1")));
        Ok(Self {
            entity_id: read_entity_id(&root)?,
            valid_until: validity.until,
            cache_seconds: validity.cache_seconds,
            keys: keys
                .usable
                .into_iter()
                .filter_map(|key| {
                    Some(IdpKey {
                        usage: key.usage,
                        certificate: key.certificate?,
                        encryption_methods: key.encryption_methods,
                    })
                })
                .collect(),
            sso: read_endpoints(role.all(MD, "SingleSignOnService"), &mut notes)?,
            slo: read_endpoints(role.all(MD, "SingleLogoutService"), &mut notes)?,
            name_id_formats: texts(role.all(MD, "NameIDFormat").collect())?
                .iter()
                .map(|uri| NameIdFormat::from_uri(uri))
                .collect(),
            want_authn_requests_signed: notes
                .boolean(role, "WantAuthnRequestsSigned", true)
                .unwrap_or(false),
            error_url: role.attr("errorURL").map(str::to_owned),
            scopes: texts(scopes.collect())?,
            ui: read_ui(role_extensions, &mut notes),
            organization: root
                .first(MD, "Organization")
                .map(|o| read_organization(o, &mut notes)),
            contacts: root
                .all(MD, "ContactPerson")
                .map(|c| read_contact(c, &mut notes))
                .collect(),
            entity_attributes: read_entity_attributes(extensions, &mut notes),
            registration: read_registration(extensions, &mut notes),
            algorithms: of_role.over(of_entity),
        })
    }

    /// The endpoint for a binding.
    pub fn sso_endpoint(&self, binding: &Binding) -> Option<&Endpoint> {
        self.sso.iter().find(|sso| sso.binding() == binding)
    }
}

fn one_a_language(what: &'static str, texts: &[Localized]) -> Result<(), IdpMetadataError> {
    for (at, text) in texts.iter().enumerate() {
        if text.lang.is_empty() {
            return Err(IdpMetadataError::NoLanguage(what));
        }
        if texts[..at]
            .iter()
            .any(|t| t.lang.eq_ignore_ascii_case(&text.lang))
        {
            return Err(IdpMetadataError::RepeatedLanguage {
                what,
                lang: text.lang.clone(),
            });
        }
    }
    Ok(())
}

/// The form of a scope in a scoped identifier (SAML V2.0 Subject Identifier Attributes §3.3.1).
fn is_domain(text: &str) -> bool {
    (1..=127).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}
