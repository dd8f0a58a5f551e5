//! ArtifactResolve: whoever was handed an artifact asks for the message it stands for (saml-core
//! §3.5.1). It travels by SOAP, from server to server, never through a browser.

use super::content::{self, Children, Fault, instant, only_attributes, required, saml, samlp};
use super::error::MessageError;
use super::head::{MessageHead, check_version};
use super::kind::sealed::Sealed;
use super::kind::{Incoming, Message, Role};
use crate::ids::{AcsUrl, EntityId, MessageId};
use crate::security::sign::Unsigned;
use crate::time::Timestamp;
use crate::xml::names::{DS, SAML, SAMLP};
use crate::xml::reader::Element;
use crate::xml::writer::{WriteError, Writer};

/// An ArtifactResolve to be sent.
#[derive(Debug, Clone)]
pub struct ArtifactResolve {
    /// `ID`.
    pub id: MessageId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Destination`: the artifact resolution service it is sent to.
    pub destination: AcsUrl,
    /// `Issuer`: who asks.
    pub issuer: EntityId,
    /// `Artifact`, as it was handed over: base64 (saml-bindings §3.6.4).
    pub artifact: String,
}

impl ArtifactResolve {
    /// Writes the request.
    ///
    /// # Errors
    /// [`WriteError`] when the artifact holds what XML cannot carry.
    ///
    /// Spec: saml-core-2.0 §3.2.1, §3.5.1.
    pub fn write(&self) -> Result<Unsigned<Self>, WriteError> {
        let mut w = Writer::with_capacity(1024);
        w.start(samlp(Self::ELEMENT))
            .attr("Destination", self.destination.as_str())
            .attr("ID", self.id.as_str())
            .attr_instant("IssueInstant", self.issue_instant)
            .attr("Version", "2.0")
            .leaf(saml("Issuer"), self.issuer.as_str());
        let insert_at = w.position();
        w.leaf(samlp("Artifact"), &self.artifact);
        w.end();
        Ok(Unsigned::new(w.finish()?, insert_at, self.id.clone()))
    }
}

impl Sealed for ArtifactResolve {}

impl Message for ArtifactResolve {
    const ELEMENT: &'static str = "ArtifactResolve";
    const ROLE: Role = Role::Request;
    // saml-profiles §5.5: the requester is authenticated, by a signature or by the connection.
    const ALWAYS_SIGNED: bool = false;
}

/// An ArtifactResolve as it was received. Nothing in it is trusted before it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedArtifactResolve {
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
    /// `Artifact`, as it stands: it may be no artifact at all.
    pub artifact: String,
}

impl ReceivedArtifactResolve {
    /// Reads a request by its schema.
    ///
    /// # Errors
    /// [`MessageError`]; its [`status`](MessageError::status) says what to answer.
    ///
    /// Spec: saml-core-2.0 §3.2.1, §3.5.1; the protocol schema.
    pub fn parse(root: &Element) -> Result<Self, MessageError> {
        let head = MessageHead::read::<Self>(root)?;
        check_version(root)?;
        only_attributes(
            root,
            &["ID", "Version", "IssueInstant", "Destination", "Consent"],
        )?;
        let mut children = Children::of(root)?;
        content::issuer(children.required(SAML, "Issuer")?)?;
        // The signature is checked before this, over the octets; here only its place counts.
        children.optional(DS, "Signature");
        let extensions = children.optional(SAMLP, "Extensions");
        let artifact = children.required(SAMLP, "Artifact")?;
        children.finish()?;
        Ok(Self {
            id: content::message_id(root, "ID")?,
            issue_instant: required(root, "IssueInstant", instant(root, "IssueInstant")?)?,
            destination: head.destination,
            consent: content::present(root, "Consent").map(str::to_owned),
            issuer: head.issuer,
            extensions: extensions.map(content::element_names).unwrap_or_default(),
            artifact: artifact.text().map_err(Fault::from)?.to_owned(),
        })
    }
}

impl Sealed for ReceivedArtifactResolve {}

impl Message for ReceivedArtifactResolve {
    const ELEMENT: &'static str = ArtifactResolve::ELEMENT;
    const ROLE: Role = ArtifactResolve::ROLE;
    const ALWAYS_SIGNED: bool = ArtifactResolve::ALWAYS_SIGNED;
}

impl Incoming for ReceivedArtifactResolve {
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
