//! Reading an element by its content model: children in their order, attributes by their types.

use crate::ids::{EntityId, MessageId};
use crate::name_id::{NameIdFormat, ReceivedNameId};
use crate::time::{Timestamp, Zone};
use crate::xml::names::{self, SAML};
use crate::xml::reader::{Element, Node, XmlError};

/// Something in a message that breaks its schema, and on which line.
///
/// The text may hold what the peer wrote: show it to people escaped, never put it into a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// The line of the document, from 1.
    pub line: u32,
    /// What is wrong there.
    pub what: String,
    /// The element, when it is one that requests have.
    element: Option<&'static str>,
}

/// The elements of requests, by which a fault may be told to whoever sent one.
const ELEMENTS: &[&str] = &[
    "AuthnRequest",
    "Issuer",
    "Signature",
    "Extensions",
    "Subject",
    "BaseID",
    "NameID",
    "EncryptedID",
    "SubjectConfirmation",
    "NameIDPolicy",
    "Conditions",
    "AudienceRestriction",
    "Audience",
    "OneTimeUse",
    "ProxyRestriction",
    "RequestedAuthnContext",
    "AuthnContextClassRef",
    "AuthnContextDeclRef",
    "Scoping",
    "IDPList",
    "IDPEntry",
    "GetComplete",
    "RequesterID",
];

impl Fault {
    /// Where it is, in words that hold nothing of what the peer wrote.
    pub fn place(&self) -> String {
        match self.element {
            Some(element) => format!("{element}, line {}", self.line),
            None => format!("line {}", self.line),
        }
    }

    pub(super) fn at(element: &Element, what: impl Into<String>) -> Self {
        Self {
            line: element.line,
            what: what.into(),
            element: ELEMENTS
                .iter()
                .copied()
                .find(|known| **known == *element.local),
        }
    }
}

impl From<XmlError> for Fault {
    fn from(error: XmlError) -> Self {
        Self {
            line: error.line,
            what: error.kind.to_string(),
            element: None,
        }
    }
}

/// Takes an element's children in the order its content model has them. What is swapped, repeated
/// or unknown is left over when [`Children::finish`] looks.
pub(super) struct Children<'e> {
    parent: &'e Element,
    rest: std::iter::Peekable<std::vec::IntoIter<&'e Element>>,
}

impl<'e> Children<'e> {
    /// Starts on `parent`, which may hold elements, white space and comments.
    pub(super) fn of(parent: &'e Element) -> Result<Self, Fault> {
        let stray = parent.children.iter().any(|node| match node {
            Node::Text(text) => !text.bytes().all(|b| b.is_ascii_whitespace()),
            Node::Element(_) | Node::Other => false,
        });
        if stray {
            return Err(Fault::at(
                parent,
                format!("{} holds text beside its elements", parent.local),
            ));
        }
        let rest: Vec<&Element> = parent.elements().collect();
        Ok(Self {
            parent,
            rest: rest.into_iter().peekable(),
        })
    }

    /// The next child, if it is `local`.
    pub(super) fn optional(&mut self, ns: &str, local: &str) -> Option<&'e Element> {
        self.rest.next_if(|e| e.is(ns, local))
    }

    /// The next child, which must be `local`.
    pub(super) fn required(&mut self, ns: &str, local: &str) -> Result<&'e Element, Fault> {
        match self.optional(ns, local) {
            Some(element) => Ok(element),
            None => Err(Fault::at(
                self.parent,
                format!("{} lacks {local}, or it is out of order", self.parent.local),
            )),
        }
    }

    /// The next children, as long as they are `local`.
    pub(super) fn many(&mut self, ns: &str, local: &str) -> Vec<&'e Element> {
        std::iter::from_fn(|| self.optional(ns, local)).collect()
    }

    /// The next child, whatever it is.
    pub(super) fn next(&mut self) -> Option<&'e Element> {
        self.rest.next()
    }

    /// Checks that nothing is left.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        match self.rest.next() {
            None => Ok(()),
            Some(left) => Err(Fault::at(
                left,
                format!(
                    "{} stands in {} where the schema has no place for it",
                    left.local, self.parent.local
                ),
            )),
        }
    }
}

/// Checks that an element has no attributes but `allowed` ones and those of XML Schema instances.
pub(super) fn only_attributes(element: &Element, allowed: &[&str]) -> Result<(), Fault> {
    for attr in &element.attrs {
        let known = match &*attr.ns {
            "" => allowed.contains(&&*attr.local),
            ns => ns == names::XSI,
        };
        if !known {
            return Err(Fault::at(
                element,
                format!(
                    "{} has the attribute {}, which the schema does not know",
                    element.local, attr.local
                ),
            ));
        }
    }
    Ok(())
}

/// Checks that an element is empty but for white space and comments.
pub(super) fn empty(element: &Element) -> Result<(), Fault> {
    Children::of(element)?.finish()
}

/// An attribute of a type whose white space collapses, when there is one. Of an empty one nothing can be
/// meant but that there is none: toolkits write an option that is not set like this.
pub(super) fn present<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    let value = names::collapse(element.attr(name)?);
    (!value.is_empty()).then_some(value)
}

/// Reads an `xs:boolean` attribute.
pub(super) fn boolean(element: &Element, name: &str) -> Result<Option<bool>, Fault> {
    typed(element, name, "a boolean", names::parse_boolean)
}

/// Reads an `xs:dateTime` attribute. saml-core §1.3.3 has it in UTC; one with an offset says when it
/// was all the same, and one without a zone is taken for what it has to be.
pub(super) fn instant(element: &Element, name: &str) -> Result<Option<Timestamp>, Fault> {
    let read = |text: &str| Timestamp::read(text).map(|(at, _)| at);
    typed(element, name, "an instant", read)
}

/// Whether an attribute is an instant that says of no zone.
pub(super) fn is_zoneless(element: &Element, name: &str) -> bool {
    let read = present(element, name).and_then(Timestamp::read);
    read.is_some_and(|(_, zone)| zone == Zone::Missing)
}

/// Reads an attribute of a simple type.
pub(super) fn typed<T>(
    element: &Element,
    name: &str,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let Some(text) = present(element, name) else {
        return Ok(None);
    };
    match parse(text) {
        Some(value) => Ok(Some(value)),
        None => Err(Fault::at(
            element,
            format!("{name} is {:?}, which is not {expected}", shortened(text)),
        )),
    }
}

/// An attribute that must be there.
pub(super) fn required<T>(element: &Element, name: &str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| {
        Fault::at(
            element,
            format!("{} lacks the attribute {name}", element.local),
        )
    })
}

/// Reads `xs:unsignedShort`, which has no sign.
pub(super) fn unsigned_short(text: &str) -> Option<u16> {
    let digits = text.trim_matches([' ', '\t', '\n', '\r']);
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Reads an element of NameIDType, its text whole and untrimmed.
pub(super) fn name_id(element: &Element) -> Result<ReceivedNameId, Fault> {
    only_attributes(
        element,
        &["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"],
    )?;
    let owned = |name| element.attr(name).map(str::to_owned);
    Ok(ReceivedNameId {
        value: element.text()?.to_owned(),
        format: present(element, "Format").map(str::to_owned),
        name_qualifier: owned("NameQualifier"),
        sp_name_qualifier: owned("SPNameQualifier"),
        sp_provided_id: owned("SPProvidedID"),
    })
}

/// Reads an Issuer: an entity ID, Format absent or entity, no qualifiers (saml-core §2.2.5). Some
/// national profiles have its NameQualifier be the issuer itself, which says nothing more and passes.
pub(super) fn issuer(element: &Element) -> Result<EntityId, Fault> {
    let name = name_id(element)?;
    if name.format.is_some_and(|f| f != NameIdFormat::Entity.uri()) {
        return Err(Fault::at(
            element,
            "the Format of Issuer is not that of an entity",
        ));
    }
    let issuer = EntityId::read(&name.value).map_err(|e| Fault::at(element, e.to_string()))?;
    let is_another = |qualifier: &String| names::collapse(qualifier) != issuer.as_str();
    if name.name_qualifier.as_ref().is_some_and(is_another) {
        return Err(Fault::at(
            element,
            "Issuer has a NameQualifier that is not itself",
        ));
    }
    if name.sp_name_qualifier.is_some() || name.sp_provided_id.is_some() {
        return Err(Fault::at(element, "Issuer has qualifiers"));
    }
    Ok(issuer)
}

/// Reads an attribute that is the ID of a message.
pub(super) fn message_id(element: &Element, name: &str) -> Result<MessageId, Fault> {
    let id = optional_message_id(element, name)?;
    required(element, name, id)
}

/// Reads an attribute that is the ID of a message, when there is one.
pub(super) fn optional_message_id(
    element: &Element,
    name: &str,
) -> Result<Option<MessageId>, Fault> {
    present(element, name)
        .map(MessageId::parse)
        .transpose()
        .map_err(|e| Fault::at(element, e.to_string()))
}

/// Whether an element is nil, which has to be empty then.
pub(super) fn nil(element: &Element) -> Result<bool, Fault> {
    let nil = element
        .attr_ns(names::XSI, "nil")
        .is_some_and(|v| names::parse_boolean(v) == Some(true));
    if nil && !element.children.is_empty() {
        return Err(Fault::at(
            element,
            format!("{} is nil and not empty", element.local),
        ));
    }
    Ok(nil)
}

/// The texts of a list of elements.
pub(super) fn texts(elements: &[&Element]) -> Result<Vec<String>, Fault> {
    elements
        .iter()
        .map(|e| {
            only_attributes(e, &[])?;
            Ok(e.text()?.to_owned())
        })
        .collect()
}

/// The texts of a list of elements of `xs:anyURI`.
pub(super) fn uris(elements: &[&Element]) -> Result<Vec<String>, Fault> {
    let mut texts = texts(elements)?;
    for text in &mut texts {
        let whole = names::collapse(text);
        if whole.len() != text.len() {
            *text = whole.to_owned();
        }
    }
    Ok(texts)
}

/// The names of an element's children, as (namespace, local part): all that is read of Extensions.
pub(super) fn element_names(parent: &Element) -> Vec<(String, String)> {
    parent
        .elements()
        .map(|e| (e.ns.to_string(), e.local.to_string()))
        .collect()
}

/// A QName of the assertion namespace.
pub(super) const fn saml(local: &'static str) -> crate::xml::writer::QName {
    crate::xml::writer::QName::new("saml", SAML, local)
}

/// A QName of the protocol namespace.
pub(super) const fn samlp(local: &'static str) -> crate::xml::writer::QName {
    crate::xml::writer::QName::new("samlp", names::SAMLP, local)
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
