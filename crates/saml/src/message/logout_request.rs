//! LogoutRequest: a session of a user is to end (saml-core §3.7.1).

use super::assertion::write_name_id;
use super::content::{
    self, Children, Fault, instant, only_attributes, required, saml, samlp, texts,
};
use super::error::MessageError;
use super::head::{MessageHead, check_version};
use super::identifier::SubjectIdentifier;
use super::kind::sealed::Sealed;
use super::kind::{ByRedirect, Incoming, Message, Role};
use crate::ids::{AcsUrl, EntityId, MessageId, SessionIndex};
use crate::name_id::NameId;
use crate::security::sign::Unsigned;
use crate::time::Timestamp;
use crate::xml::names::{DS, SAML, SAMLP};
use crate::xml::reader::Element;
use crate::xml::writer::{WriteError, Writer};

/// A LogoutRequest to be sent.
#[derive(Debug, Clone)]
pub struct LogoutRequest {
    /// `ID`.
    pub id: MessageId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Destination`: the single logout service it is sent to.
    pub destination: AcsUrl,
    /// `Issuer`: who ends the session.
    pub issuer: EntityId,
    /// `NotOnOrAfter`, which an identity provider has to state: not before the newest assertion of
    /// the session expires, so that an assertion still on its way is caught (saml-core §3.7.3.2).
    pub not_on_or_after: Timestamp,
    /// `Reason`.
    pub reason: Option<LogoutReason>,
    /// Whose session.
    pub principal: Principal,
    /// `SessionIndex`: which sessions. Empty: every one of that user with the receiver.
    pub session_indexes: Vec<SessionIndex>,
}

/// Whose session is to end, by the name that the receiver knows the user by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// `NameID`, written as the assertion had it.
    NameId(NameId),
    /// `EncryptedID`: the octets of its `xenc:EncryptedData` in exclusive canonical form, as
    /// [`crate::security`] makes them, perhaps followed by `xenc:EncryptedKey`.
    EncryptedId(Vec<u8>),
}

/// Why a session ends (saml-core §3.7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogoutReason {
    /// The user wants it.
    User,
    /// An administrator wants it.
    Admin,
    /// The session lasted as long as sessions may. Only an identity provider says so.
    GlobalTimeout,
    /// A time agreed with one SP is over. Only an identity provider says so.
    SpTimeout,
}

impl LogoutReason {
    /// Every reason that the standard names.
    pub const ALL: [Self; 4] = [
        Self::User,
        Self::Admin,
        Self::GlobalTimeout,
        Self::SpTimeout,
    ];

    /// The reason's URI.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::User => "urn:oasis:names:tc:SAML:2.0:logout:user",
            Self::Admin => "urn:oasis:names:tc:SAML:2.0:logout:admin",
            Self::GlobalTimeout => "urn:oasis:names:tc:SAML:2.0:logout:global-timeout",
            Self::SpTimeout => "urn:oasis:names:tc:SAML:2.0:logout:sp-timeout",
        }
    }

    /// Reads a reason; one that others agreed on among themselves is `None`.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.uri() == uri)
    }
}

impl LogoutRequest {
    /// Writes the request.
    ///
    /// # Errors
    /// [`WriteError`] when a string holds what XML cannot carry.
    ///
    /// Spec: saml-core-2.0 §3.2.1, §3.7.1.
    pub fn write(&self) -> Result<Unsigned<Self>, WriteError> {
        let mut w = Writer::with_capacity(1024);
        w.start(samlp(Self::ELEMENT))
            .attr("Destination", self.destination.as_str())
            .attr("ID", self.id.as_str())
            .attr_instant("IssueInstant", self.issue_instant)
            .attr_instant("NotOnOrAfter", self.not_on_or_after)
            .attr_opt("Reason", self.reason.map(LogoutReason::uri))
            .attr("Version", "2.0")
            .leaf(saml("Issuer"), self.issuer.as_str());
        let insert_at = w.position();
        match &self.principal {
            Principal::NameId(name_id) => write_name_id(&mut w, name_id),
            Principal::EncryptedId(encrypted) => {
                w.start(saml("EncryptedID")).raw(encrypted).end();
            }
        }
        for index in &self.session_indexes {
            w.leaf(samlp("SessionIndex"), index.as_str());
        }
        w.end();
        Ok(Unsigned::new(w.finish()?, insert_at, self.id.clone()))
    }
}

impl Sealed for LogoutRequest {}

impl Message for LogoutRequest {
    const ELEMENT: &'static str = "LogoutRequest";
    const ROLE: Role = Role::Request;
    // saml-profiles §4.4.3.1: signed by HTTP-Redirect and HTTP-POST.
    const ALWAYS_SIGNED: bool = true;
}

impl ByRedirect for LogoutRequest {}

/// A LogoutRequest as it was received. Nothing in it is trusted before it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLogoutRequest {
    /// `ID`.
    pub id: MessageId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Destination`: where the sender thinks this goes.
    pub destination: Option<String>,
    /// `Consent`: recorded, never acted upon.
    pub consent: Option<String>,
    /// `Issuer`: Format absent or entity, and no qualifiers.
    pub issuer: EntityId,
    /// Names of the elements in `Extensions`, as (namespace, local part). Their content is ignored.
    pub extensions: Vec<(String, String)>,
    /// `NotOnOrAfter`: it is good until then.
    pub not_on_or_after: Option<Timestamp>,
    /// `Reason`, as it stands: recorded, never acted upon.
    pub reason: Option<String>,
    /// Whose session is to end.
    pub principal: SubjectIdentifier,
    /// `SessionIndex`: which sessions, as they stand. Empty: every one of that user with the sender.
    pub session_indexes: Vec<String>,
}

impl ReceivedLogoutRequest {
    /// Reads a request by its schema: each element and attribute in its place, at most as often as
    /// allowed, with a value of its type. Strings are kept byte for byte.
    ///
    /// # Errors
    /// [`MessageError`]; its [`status`](MessageError::status) says what to answer.
    ///
    /// Spec: saml-core-2.0 §3.2.1, §3.7.1; the protocol schema.
    pub fn parse(root: &Element) -> Result<Self, MessageError> {
        let head = MessageHead::read::<Self>(root)?;
        check_version(root)?;
        only_attributes(
            root,
            &[
                "ID",
                "Version",
                "IssueInstant",
                "Destination",
                "Consent",
                "NotOnOrAfter",
                "Reason",
            ],
        )?;
        let mut children = Children::of(root)?;
        content::issuer(children.required(SAML, "Issuer")?)?;
        // The signature is checked before this, over the octets; here only its place counts.
        children.optional(DS, "Signature");
        let extensions = children.optional(SAMLP, "Extensions");
        let principal = SubjectIdentifier::take(&mut children)?;
        let session_indexes = children.many(SAMLP, "SessionIndex");
        children.finish()?;
        Ok(Self {
            id: content::message_id(root, "ID")?,
            issue_instant: required(root, "IssueInstant", instant(root, "IssueInstant")?)?,
            destination: head.destination,
            consent: content::present(root, "Consent").map(str::to_owned),
            issuer: head.issuer,
            extensions: extensions.map(content::element_names).unwrap_or_default(),
            not_on_or_after: instant(root, "NotOnOrAfter")?,
            reason: content::present(root, "Reason").map(str::to_owned),
            principal: principal.ok_or_else(|| Fault::at(root, "LogoutRequest names no user"))?,
            session_indexes: texts(&session_indexes)?,
        })
    }
}

impl Sealed for ReceivedLogoutRequest {}

impl Message for ReceivedLogoutRequest {
    const ELEMENT: &'static str = LogoutRequest::ELEMENT;
    const ROLE: Role = LogoutRequest::ROLE;
    const ALWAYS_SIGNED: bool = LogoutRequest::ALWAYS_SIGNED;
}

impl ByRedirect for ReceivedLogoutRequest {}

impl Incoming for ReceivedLogoutRequest {
    type Head = MessageHead;

    fn read_head(root: &Element) -> Result<MessageHead, MessageError> {
        MessageHead::read::<Self>(root)
    }

    fn read(root: &Element) -> Result<Self, MessageError> {
        Self::parse(root)
    }

    fn issue_instant(&self) -> Timestamp {
        self.issue_instant
    }

    fn not_on_or_after(&self) -> Option<Timestamp> {
        self.not_on_or_after
    }
}
