//! What every metadata element shares: how it is read, why it is refused, what is only untidy.

use super::mistaken::Mistaken;
use crate::ids::{EntityId, IdError};
use crate::time::{Timestamp, Zone, parse_duration_seconds};
use crate::xml::limits::Limits;
use crate::xml::names::{MD, parse_boolean};
use crate::xml::reader::{Element, Node, XmlError, XmlErrorKind};

/// How a metadata document is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The present.
    pub now: Timestamp,
    /// Tolerance for skewed clocks when an expiry is judged.
    pub skew_seconds: i64,
    /// Bounds on the document.
    pub limits: Limits,
    /// The root must say until when it is good, and for no longer than so many seconds from now.
    /// For sources that are read again and again: without an end, an attacker could play an old
    /// copy with a revoked key for ever.
    pub horizon_seconds: Option<i64>,
}

impl Reading {
    /// Reads as of `now`, with three minutes of tolerance and the bounds for metadata.
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now,
            skew_seconds: 180,
            limits: Limits::METADATA,
            horizon_seconds: None,
        }
    }

    /// Reads what a source publishes again and again: as [`Reading::at`], and the root must be
    /// good for thirty days at most.
    pub const fn of_source(now: Timestamp) -> Self {
        Self {
            horizon_seconds: Some(30 * 86_400),
            ..Self::at(now)
        }
    }

    /// Reads what was accepted before, however old: expiry is judged where it is used.
    pub const fn of_any_age(now: Timestamp) -> Self {
        Self {
            skew_seconds: i64::MAX / 4000,
            ..Self::at(now)
        }
    }

    /// Checks the end of validity of a document's root.
    pub(super) fn check_horizon(
        &self,
        root: &Element,
        until: Option<Timestamp>,
    ) -> Result<(), MetadataError> {
        let Some(horizon) = self.horizon_seconds else {
            return Ok(());
        };
        match until {
            None => Err(MetadataError::new(root, Fault::NoEnd)),
            Some(until) if until > self.now.plus_seconds(horizon) => {
                Err(MetadataError::new(root, Fault::BeyondHorizon { until }))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Why a document or an entity in it was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct MetadataError {
    /// The line of the document, from 1.
    pub line: u32,
    /// The entity it concerns, where one could be named.
    pub entity_id: Option<EntityId>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with refused metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The document is not acceptable XML.
    #[error("{0}")]
    Xml(XmlErrorKind),
    /// The root is something else.
    #[error(
        "this is not SAML metadata: expected an EntityDescriptor or EntitiesDescriptor, received {found}"
    )]
    NotMetadata {
        /// The root's name.
        found: String,
    },
    /// The root has the right name in another namespace, or in none.
    #[error(
        "{found} stands in {}, expected {MD}: declare it with xmlns, spelt like this", in_namespace(.namespace)
    )]
    Namespace {
        /// The root's name.
        found: String,
        /// Its namespace; empty for none.
        namespace: String,
    },
    /// It is no XML, but something that people take for metadata.
    #[error("expected SAML metadata, received {0}")]
    Mistaken(Mistaken),
    /// The metadata of an identity provider.
    #[error(
        "expected the metadata of a service provider, received that of the identity provider {0}: give the file that the app's own settings offer"
    )]
    IdentityProvider(EntityId),
    /// The entity has no usable name.
    #[error("the entityID cannot be used: {0}")]
    EntityId(IdError),
    /// No entity is a service provider.
    #[error("there is no service provider in it: no SPSSODescriptor for SAML 2.0")]
    NoSpRole,
    /// One service provider was wanted.
    #[error(
        "it holds more than one service provider (the second is {second}); give the file of one, or import it as a federation"
    )]
    SeveralServiceProviders {
        /// The second one.
        second: String,
    },
    /// An entityID that an earlier entity of the document has.
    #[error("the entityID stands on an earlier entity too; the first one counts")]
    DuplicateEntity,
    /// Out of date.
    #[error("it expired: validUntil of the {element} was {until}")]
    Expired {
        /// The element whose validUntil has passed.
        element: &'static str,
        /// That instant.
        until: Timestamp,
    },
    /// A source that never ends.
    #[error("the root has no validUntil, which this source must have")]
    NoEnd,
    /// A source that ends too late.
    #[error("the root is good until {until}, which is later than this source may say")]
    BeyondHorizon {
        /// That instant.
        until: Timestamp,
    },
    /// An instant that cannot be read, so that nobody knows how long it is good.
    #[error("{attribute} {found:?} is not an instant such as 2030-01-31T12:00:00Z")]
    Instant {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        found: String,
    },
    /// A location that could run code here, or rewrite an answer.
    #[error("{element} has the location {location:?}: {reason}")]
    UnsafeLocation {
        /// The element.
        element: String,
        /// The location, shortened.
        location: String,
        /// Why it is unsafe.
        reason: &'static str,
    },
    /// Nowhere to answer.
    #[error("there is no usable AssertionConsumerService{}", listed(.dropped))]
    NoAcs {
        /// Those that cannot be used.
        dropped: Vec<MetadataWarning>,
    },
    /// A key stated twice, differently.
    #[error("one KeyInfo holds a KeyValue and a certificate with different keys")]
    KeyMismatch,
}

fn in_namespace(name: &str) -> String {
    match name {
        "" => "no namespace".to_owned(),
        name => format!("the namespace {name:?}"),
    }
}

fn listed(dropped: &[MetadataWarning]) -> String {
    let each = dropped.iter().map(|warning| format!("; {warning}"));
    each.collect()
}

impl MetadataError {
    pub(super) fn new(at: &Element, fault: Fault) -> Self {
        Self {
            line: at.line,
            entity_id: None,
            fault,
        }
    }

    pub(super) fn about(mut self, entity_id: &EntityId) -> Self {
        self.entity_id = Some(entity_id.clone());
        self
    }
}

impl From<XmlError> for MetadataError {
    fn from(error: XmlError) -> Self {
        Self {
            line: error.line,
            entity_id: None,
            fault: Fault::Xml(error.kind),
        }
    }
}

/// Something untidy that was read anyway, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct MetadataWarning {
    /// The line of the document, from 1.
    pub line: u32,
    /// What is untidy and what was made of it.
    pub what: Untidy,
}

impl MetadataWarning {
    /// That an entity of a document is left out, beside another that is used.
    pub fn left_out(error: MetadataError) -> Self {
        let who = match error.entity_id {
            Some(id) => format!("the entity {id}"),
            None => "an entity".to_owned(),
        };
        Self {
            line: error.line,
            what: Untidy::EntityDropped {
                who,
                reason: error.fault.to_string(),
            },
        }
    }
}

/// What is untidy about metadata that is used all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untidy {
    /// Another entity of the same document that cannot be used.
    #[error("{who} of this file is left out: {reason}")]
    EntityDropped {
        /// Which.
        who: String,
        /// Why.
        reason: String,
    },
    /// An endpoint that cannot be used.
    #[error("{element} {location:?} is left out: {reason}")]
    EndpointDropped {
        /// The element.
        element: String,
        /// Its location, shortened.
        location: String,
        /// Why.
        reason: String,
    },
    /// An ACS for answers by a binding that is not served, where no other can be answered.
    #[error(
        "AssertionConsumerService {location:?} cannot be answered: its binding is {binding}, answers go by HTTP-POST"
    )]
    BindingNotServed {
        /// Its location, shortened.
        location: String,
        /// Its binding.
        binding: String,
    },
    /// An endpoint without TLS.
    #[error("{element} {location:?} is not https: what is sent there can be read on the way")]
    PlainHttp {
        /// The element.
        element: String,
        /// Its location.
        location: String,
    },
    /// White space around a value that has none.
    #[error("white space around {0} is dropped")]
    Space(&'static str),
    /// An indexed endpoint or service whose index cannot be chosen.
    #[error("{element} has {problem}; it cannot be chosen by index")]
    Index {
        /// The element.
        element: String,
        /// What is wrong with its index.
        problem: String,
    },
    /// A boolean that is none.
    #[error("{attribute} is {found:?}, not true or false; read as {taken}")]
    Boolean {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        found: String,
        /// What it is taken for.
        taken: bool,
    },
    /// Comments where only a value belongs.
    #[error("comments around {0} are passed over")]
    Around(&'static str),
    /// A key that is not used.
    #[error("a key is left out: {0}")]
    KeyDropped(String),
    /// More certificates than keys.
    #[error("an X509Data holds several certificates; only the first names a key")]
    CertificateChain,
    /// Several keys where one should be.
    #[error("a KeyDescriptor holds {0} different keys; each is used")]
    SeveralKeys(usize),
    /// A URL that no page may link to.
    #[error("{element} {url:?} is left out: not an http or https address")]
    UrlDropped {
        /// The element.
        element: String,
        /// Its URL, shortened.
        url: String,
    },
    /// An element without content, or without what it needs.
    #[error("{0} is empty or incomplete and is left out")]
    Incomplete(String),
    /// Content that cannot be read as text.
    #[error("{0} holds comments or elements where text was expected and is left out")]
    NotText(String),
    /// Elements in an order the schema does not have.
    #[error("{0} stands later than the schema allows")]
    Order(String),
    /// A second SAML 2.0 SP role.
    #[error("a second SPSSODescriptor for SAML 2.0 is ignored")]
    SecondRole,
    /// An instant with an offset.
    #[error("{attribute} {found:?} is not in UTC form; read by its offset")]
    Offset {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        found: String,
    },
    /// An instant that says of no zone.
    #[error("{attribute} {found:?} says of no zone; read as UTC")]
    NoZone {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        found: String,
    },
    /// An optional attribute without a value.
    #[error("{0} is empty and counts as absent")]
    Empty(&'static str),
    /// A name that holds white space, which no URI does.
    #[error("the entityID {0:?} holds a space, which no URI has; it is taken as it stands")]
    SpaceInEntityId(String),
    /// A duration that is none.
    #[error("cacheDuration {0:?} is not a duration and is ignored")]
    Duration(String),
    /// A requirement nobody can tell.
    #[error("the subject identifier requirement {0:?} is unknown and is ignored")]
    SubjectIdRequirement(String),
    /// Entity attributes inside an assertion.
    #[error("entity attributes inside an Assertion are ignored: nobody trusted signed them")]
    AssertedAttributes,
    /// A promise without the means.
    #[error(
        "AuthnRequestsSigned is true but there is no usable signing key: every request will be refused"
    )]
    SignsWithoutKey,
}

/// What reading leaves behind beside the result.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) warnings: Vec<MetadataWarning>,
    pub(super) ignored: Vec<String>,
}

impl Notes {
    /// The endpoints of this name that were left out.
    pub(super) fn dropped(&self, name: &str) -> Vec<MetadataWarning> {
        let of_name = |warning: &&MetadataWarning| matches!(&warning.what, Untidy::EndpointDropped { element, .. } if element == name);
        self.warnings.iter().filter(of_name).cloned().collect()
    }

    pub(super) fn warn(&mut self, at: &Element, what: Untidy) {
        self.warnings.push(MetadataWarning {
            line: at.line,
            what,
        });
    }

    /// Notes an element that has no effect, once a name.
    pub(super) fn ignore(&mut self, element: &Element) {
        let known = self.ignored.iter().any(|seen| {
            seen.strip_prefix('{')
                .and_then(|rest| rest.split_once('}'))
                .is_some_and(|(ns, local)| element.is(ns, local))
        });
        if !known {
            self.ignored
                .push(format!("{{{}}}{}", element.ns, element.local));
        }
    }

    /// The text of an element that a person reads, without the space around it.
    pub(super) fn text<'e>(&mut self, element: &'e Element) -> Option<&'e str> {
        match element.text() {
            Ok(text) => {
                let text = trim(text);
                if text.is_empty() {
                    self.warn(element, Untidy::Incomplete(element.local.to_string()));
                    return None;
                }
                Some(text)
            }
            Err(_) => {
                self.warn(element, Untidy::NotText(element.local.to_string()));
                None
            }
        }
    }

    /// A boolean attribute. What cannot be read counts as `unreadable`, the cautious reading.
    pub(super) fn boolean(
        &mut self,
        element: &Element,
        attribute: &'static str,
        unreadable: bool,
    ) -> Option<bool> {
        let found = element.attr(attribute)?;
        if trim(found).is_empty() {
            self.warn(element, Untidy::Empty(attribute));
            return None;
        }
        if let Some(value) = parse_boolean(found) {
            return Some(value);
        }
        let taken = parse_boolean(&found.to_ascii_lowercase()).unwrap_or(unreadable);
        self.warn(
            element,
            Untidy::Boolean {
                attribute,
                found: shorten(found),
                taken,
            },
        );
        Some(taken)
    }

    /// `validUntil`: an instant that cannot be read is an error, since the entity could be used
    /// for ever otherwise.
    pub(super) fn instant(
        &mut self,
        element: &Element,
        attribute: &'static str,
    ) -> Result<Option<Timestamp>, MetadataError> {
        let Some(found) = element.attr(attribute) else {
            return Ok(None);
        };
        let Some((at, zone)) = Timestamp::read(found) else {
            return Err(MetadataError::new(
                element,
                Fault::Instant {
                    attribute,
                    found: shorten(found),
                },
            ));
        };
        let found = shorten(found);
        match zone {
            Zone::Utc => {}
            Zone::Offset => self.warn(element, Untidy::Offset { attribute, found }),
            Zone::Missing => self.warn(element, Untidy::NoZone { attribute, found }),
        }
        Ok(Some(at))
    }
}

/// What an entity inherits from the groups around it; each level can only shorten it
/// (SAML errata E76).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Validity {
    pub(super) until: Option<Timestamp>,
    pub(super) cache_seconds: Option<i64>,
}

impl Validity {
    /// Narrows by the attributes of `element`, which is refused when it has expired.
    pub(super) fn narrow(
        self,
        element: &Element,
        name: &'static str,
        reading: &Reading,
        notes: &mut Notes,
    ) -> Result<Self, MetadataError> {
        let until = notes.instant(element, "validUntil")?;
        if let Some(until) = until
            && reading.now.plus_seconds(-reading.skew_seconds) >= until
        {
            return Err(MetadataError::new(
                element,
                Fault::Expired {
                    element: name,
                    until,
                },
            ));
        }
        let mut cache = None;
        if let Some(text) = element.attr("cacheDuration") {
            cache = parse_duration_seconds(text).filter(|seconds| *seconds >= 0);
            if cache.is_none() {
                notes.warn(element, Untidy::Duration(shorten(text)));
            }
        }
        Ok(Self {
            until: shortest(self.until, until),
            cache_seconds: shortest(self.cache_seconds, cache),
        })
    }
}

fn shortest<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Without the white space XML Schema collapses.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// Foreign text as it may stand in a message: bounded.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(200) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// Whether an element holds anything but white space and comments.
pub(super) fn has_content(element: &Element) -> bool {
    element.children.iter().any(|node| match node {
        Node::Element(_) => true,
        Node::Text(text) => !trim(text).is_empty(),
        Node::Other => false,
    })
}
