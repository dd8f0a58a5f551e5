//! LogoutResponse: whether a session ended, as a LogoutRequest asked (saml-core §3.7.2).

use super::content::{self, Children, instant, only_attributes, required, saml, samlp};
use super::error::MessageError;
use super::head::{MessageHead, check_version};
use super::kind::sealed::Sealed;
use super::kind::{ByRedirect, Incoming, Message, Role};
use super::response::{ReceivedStatus, read_status, write_status};
use crate::ids::{AcsUrl, EntityId, MessageId};
use crate::security::sign::Unsigned;
use crate::status::{SecondStatus, Status, TopStatus};
use crate::time::Timestamp;
use crate::xml::names::{DS, SAML, SAMLP};
use crate::xml::reader::Element;
use crate::xml::writer::{WriteError, Writer};

/// A LogoutResponse to be sent.
#[derive(Debug, Clone)]
pub struct LogoutResponse {
    /// `ID`.
    pub id: MessageId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Destination`: the address for responses of the single logout service it is sent to.
    pub destination: AcsUrl,
    /// `Issuer`: who was asked.
    pub issuer: EntityId,
    /// `InResponseTo`: the request's ID; none when that was unreadable.
    pub in_response_to: Option<MessageId>,
    /// What became of the session.
    pub outcome: LogoutOutcome,
}

/// What became of the session that was to end. The top-level status speaks of the sender's own
/// session alone (saml-core §3.7.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// It ended, and so did every session that hung on it.
    Success,
    /// It ended; not every SP it reached has confirmed that theirs did.
    Partial,
    /// It did not end.
    Failure(Status),
}

impl LogoutResponse {
    /// Writes the response.
    ///
    /// # Errors
    /// [`WriteError`] when a string holds what XML cannot carry; the identifiers here cannot.
    ///
    /// Spec: saml-core-2.0 §3.2.2, §3.7.2.
    pub fn write(&self) -> Result<Unsigned<Self>, WriteError> {
        let mut w = Writer::with_capacity(1024);
        w.start(samlp(Self::ELEMENT))
            .attr("Destination", self.destination.as_str())
            .attr("ID", self.id.as_str())
            .attr_opt(
                "InResponseTo",
                self.in_response_to.as_ref().map(MessageId::as_str),
            )
            .attr_instant("IssueInstant", self.issue_instant)
            .attr("Version", "2.0")
            .leaf(saml("Issuer"), self.issuer.as_str());
        let insert_at = w.position();
        let (top, second, message) = match &self.outcome {
            LogoutOutcome::Success => (TopStatus::Success, None, None),
            LogoutOutcome::Partial => (TopStatus::Success, Some(SecondStatus::PartialLogout), None),
            LogoutOutcome::Failure(status) => {
                (status.top, status.second, status.message.as_deref())
            }
        };
        write_status(&mut w, top, second, message);
        w.end();
        Ok(Unsigned::new(w.finish()?, insert_at, self.id.clone()))
    }
}

impl Sealed for LogoutResponse {}

impl Message for LogoutResponse {
    const ELEMENT: &'static str = "LogoutResponse";
    const ROLE: Role = Role::Response;
    // saml-profiles §4.4.3.4: signed by HTTP-Redirect and HTTP-POST.
    const ALWAYS_SIGNED: bool = true;
}

impl ByRedirect for LogoutResponse {}

/// A LogoutResponse as it was received. Nothing in it is trusted before it was verified, and it
/// confirms nothing unless its `in_response_to` is a request that was sent to its issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLogoutResponse {
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
    /// `InResponseTo`, when given.
    pub in_response_to: Option<MessageId>,
    /// What it says.
    pub status: ReceivedStatus,
}

impl ReceivedLogoutResponse {
    /// Reads a response by its schema.
    ///
    /// # Errors
    /// [`MessageError`]: it confirms nothing.
    ///
    /// Spec: saml-core-2.0 §3.2.2, §3.7.2; the protocol schema.
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
                "InResponseTo",
            ],
        )?;
        let mut children = Children::of(root)?;
        content::issuer(children.required(SAML, "Issuer")?)?;
        // The signature is checked before this, over the octets; here only its place counts.
        children.optional(DS, "Signature");
        let extensions = children.optional(SAMLP, "Extensions");
        let status = read_status(children.required(SAMLP, "Status")?)?;
        children.finish()?;
        Ok(Self {
            id: content::message_id(root, "ID")?,
            issue_instant: required(root, "IssueInstant", instant(root, "IssueInstant")?)?,
            destination: head.destination,
            consent: content::present(root, "Consent").map(str::to_owned),
            issuer: head.issuer,
            extensions: extensions.map(content::element_names).unwrap_or_default(),
            in_response_to: content::optional_message_id(root, "InResponseTo")?,
            status,
        })
    }
}

impl Sealed for ReceivedLogoutResponse {}

impl Message for ReceivedLogoutResponse {
    const ELEMENT: &'static str = LogoutResponse::ELEMENT;
    const ROLE: Role = LogoutResponse::ROLE;
    const ALWAYS_SIGNED: bool = LogoutResponse::ALWAYS_SIGNED;
}

impl ByRedirect for ReceivedLogoutResponse {}

impl Incoming for ReceivedLogoutResponse {
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
}
