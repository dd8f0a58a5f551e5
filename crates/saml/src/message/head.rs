//! What every message begins with: element, Version, ID, Destination, Issuer.

use super::content::{Fault, present, required};
use super::error::MessageError;
use super::kind::{Head, Message};
use crate::ids::{EntityId, MessageId};
use crate::xml::names::{SAML, SAMLP};
use crate::xml::reader::Element;

/// What every message has: enough to know its sender and, of a request, to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHead {
    /// `ID`; `None` when it is missing or no `xs:ID`, and then an answer has no InResponseTo.
    pub id: Option<MessageId>,
    /// The text of `Issuer`. Who this is, is settled by the signature or by policy.
    pub issuer: EntityId,
    /// `Destination`, as it stands.
    pub destination: Option<String>,
}

impl MessageHead {
    /// Reads the head of what is an `M` by name.
    ///
    /// # Errors
    /// [`MessageError::OtherMessage`] and [`MessageError::NoIssuer`]: there is nobody to answer.
    pub fn read<M: Message>(root: &Element) -> Result<Self, MessageError> {
        expect::<M>(root)?;
        let issuer = match root.only(SAML, "Issuer") {
            Ok(Some(issuer)) => issuer_text(issuer).map_err(MessageError::NoIssuer)?,
            Ok(None) => return Err(MessageError::NoIssuer(Fault::at(root, "there is none"))),
            Err(error) => return Err(MessageError::NoIssuer(error.into())),
        };
        Ok(Self {
            id: present(root, "ID").and_then(|id| MessageId::parse(id).ok()),
            issuer,
            destination: present(root, "Destination").map(str::to_owned),
        })
    }
}

impl Head for MessageHead {
    fn issuer(&self) -> &EntityId {
        &self.issuer
    }

    fn destination(&self) -> Option<&str> {
        self.destination.as_deref()
    }
}

/// Checks that the root is the element of an `M`.
pub(super) fn expect<M: Message>(root: &Element) -> Result<(), MessageError> {
    if root.is(SAMLP, M::ELEMENT) {
        Ok(())
    } else {
        Err(MessageError::OtherMessage {
            expected: M::ELEMENT,
            found: root.local.to_string(),
            namespace: root.ns.to_string(),
        })
    }
}

/// Checks `Version`. It comes before anything else: another version may have another syntax.
///
/// A higher minor version says nothing that a 2.0 reader may not read; what it adds beyond the
/// schema is refused as syntax (saml-core §4.1).
pub(super) fn check_version(root: &Element) -> Result<(), MessageError> {
    let found = required(root, "Version", root.attr("Version"))?;
    let number = |part: &str| {
        let plain = !part.is_empty()
            && part.len() <= 9
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'));
        plain.then(|| part.parse::<u32>().ok()).flatten()
    };
    let parsed = found
        .split_once('.')
        .and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    match parsed {
        Some((2, _)) => Ok(()),
        Some((major, _)) => Err(MessageError::Version {
            too_high: major > 2,
            found: found.to_owned(),
        }),
        None => Err(Fault::at(root, "Version is not a version number").into()),
    }
}

fn issuer_text(issuer: &Element) -> Result<EntityId, Fault> {
    EntityId::read(issuer.text()?).map_err(|e| Fault::at(issuer, e.to_string()))
}
