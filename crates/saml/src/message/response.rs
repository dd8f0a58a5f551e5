//! Response: the answer to an AuthnRequest, or to none (saml-core §3.3.3).

use super::assertion::Assertion;
use super::content::{self, Children, Fault, instant, only_attributes, required, saml, samlp};
use super::error::MessageError;
use super::head::{MessageHead, check_version, expect};
use super::kind::sealed::Sealed;
use super::kind::{Incoming, Message, Role};
use crate::ids::{AcsUrl, EntityId, MessageId};
use crate::security::sign::{SignedXml, Unsigned};
use crate::status::{SecondStatus, Status, TopStatus};
use crate::time::Timestamp;
use crate::xml::names::{DS, SAML, SAMLP};
use crate::xml::reader::Element;
use crate::xml::writer::{WriteError, Writer};

/// A Response to be sent.
#[derive(Debug, Clone)]
pub struct Response {
    /// `ID`.
    pub id: MessageId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Destination`: the ACS it is sent to.
    pub destination: AcsUrl,
    /// `Issuer`: the identity provider.
    pub issuer: EntityId,
    /// `InResponseTo`: the request's ID; none when unsolicited, or when that ID was unreadable.
    pub in_response_to: Option<MessageId>,
    /// What it says. No success without an assertion, no failure with one.
    pub outcome: Outcome,
}

/// What a Response says.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The user is signed in.
    Success(IssuedAssertion),
    /// The user is not.
    Failure(Status),
}

/// An assertion ready to be carried: finished octets that nothing rewrites.
#[derive(Debug, Clone)]
pub struct IssuedAssertion {
    octets: Vec<u8>,
    encrypted: bool,
    signed: bool,
}

impl IssuedAssertion {
    /// An assertion with a signature of its own.
    pub fn signed(assertion: SignedXml<Assertion>) -> Self {
        Self {
            octets: assertion.into_bytes(),
            encrypted: false,
            signed: true,
        }
    }

    /// An assertion without a signature: the Response has to be signed.
    pub fn unsigned(assertion: &Unsigned<Assertion>) -> Self {
        Self {
            octets: assertion.as_bytes().to_vec(),
            encrypted: false,
            signed: false,
        }
    }

    /// An encrypted assertion: `encrypted` holds the octets of its `xenc:EncryptedData` in
    /// exclusive canonical form, perhaps followed by `xenc:EncryptedKey`. `signed` tells whether
    /// the assertion inside has a signature of its own.
    pub fn encrypted(encrypted: Vec<u8>, signed: bool) -> Self {
        Self {
            octets: encrypted,
            encrypted: true,
            signed,
        }
    }

    /// Whether the assertion has a signature of its own, so that the Response may go without.
    pub fn is_signed(&self) -> bool {
        self.signed
    }

    /// Whether the assertion is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }
}

impl Response {
    /// A Response that answers no request; set `in_response_to` to the ID of the one it answers.
    pub fn new(
        id: MessageId,
        issue_instant: Timestamp,
        issuer: EntityId,
        destination: AcsUrl,
        outcome: Outcome,
    ) -> Self {
        Self {
            id,
            issue_instant,
            destination,
            issuer,
            in_response_to: None,
            outcome,
        }
    }

    /// Writes the Response.
    ///
    /// # Errors
    /// [`WriteError`] when a string holds what XML cannot carry; the identifiers here cannot.
    ///
    /// Spec: saml-core-2.0 §3.2.2, §3.3.3.
    pub fn write(&self) -> Result<Unsigned<Self>, WriteError> {
        let carried = match &self.outcome {
            Outcome::Success(assertion) => assertion.octets.len(),
            Outcome::Failure(_) => 0,
        };
        let mut w = Writer::with_capacity(1024 + carried);
        w.start(samlp("Response"))
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
        match &self.outcome {
            Outcome::Success(assertion) => {
                write_status(&mut w, TopStatus::Success, None, None);
                if assertion.encrypted {
                    w.start(saml("EncryptedAssertion"))
                        .raw(&assertion.octets)
                        .end();
                } else {
                    w.raw(&assertion.octets);
                }
            }
            Outcome::Failure(status) => {
                write_status(&mut w, status.top, status.second, status.message.as_deref());
            }
        }
        w.end();
        Ok(Unsigned::new(w.finish()?, insert_at, self.id.clone()))
    }
}

/// Writes `Status` (saml-core §3.2.2.1).
pub(super) fn write_status(
    w: &mut Writer,
    top: TopStatus,
    second: Option<SecondStatus>,
    message: Option<&str>,
) {
    w.start(samlp("Status"))
        .start(samlp("StatusCode"))
        .attr("Value", top.uri());
    if let Some(second) = second {
        w.start(samlp("StatusCode"))
            .attr("Value", second.uri())
            .end();
    }
    w.end();
    if let Some(message) = message {
        w.leaf(samlp("StatusMessage"), message);
    }
    w.end();
}

/// A Response as an SP reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedResponse {
    /// `ID`.
    pub id: MessageId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Destination`, when given.
    pub destination: Option<String>,
    /// `Issuer`, when given.
    pub issuer: Option<EntityId>,
    /// `InResponseTo`, when given.
    pub in_response_to: Option<MessageId>,
    /// What it says.
    pub outcome: ReceivedOutcome,
}

/// What a Response that was read says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceivedOutcome {
    /// Success, with the one assertion.
    Success(ReceivedAssertion),
    /// Anything else.
    Failure(ReceivedStatus),
}

/// The assertion of a Response that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceivedAssertion {
    /// `Assertion`, for [`Assertion::parse`].
    Plain(Element),
    /// `EncryptedAssertion`, to be decrypted first.
    Encrypted(Element),
}

/// A status as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedStatus {
    /// The top-level code.
    pub top: TopStatus,
    /// The second-level code's URI.
    pub second: Option<String>,
    /// The sentence for people.
    pub message: Option<String>,
}

impl ReceivedResponse {
    /// Reads a Response, whose octets were verified unless its assertion is verified alone.
    ///
    /// # Errors
    /// [`MessageError`]: it breaks the schema or says success without exactly one assertion.
    pub fn parse(root: &Element) -> Result<Self, MessageError> {
        expect::<Self>(root)?;
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
        let issuer = children.optional(SAML, "Issuer");
        children.optional(DS, "Signature");
        children.optional(SAMLP, "Extensions");
        let status = read_status(children.required(SAMLP, "Status")?)?;
        let plain = children.optional(SAML, "Assertion");
        let encrypted = children.optional(SAML, "EncryptedAssertion");
        children.finish()?;
        let outcome = match (status.top, plain, encrypted) {
            (TopStatus::Success, Some(plain), None) => {
                ReceivedOutcome::Success(ReceivedAssertion::Plain(plain.clone()))
            }
            (TopStatus::Success, None, Some(encrypted)) => {
                ReceivedOutcome::Success(ReceivedAssertion::Encrypted(encrypted.clone()))
            }
            (TopStatus::Success, _, _) => {
                return Err(Fault::at(root, "a success needs exactly one assertion").into());
            }
            (_, None, None) => ReceivedOutcome::Failure(status),
            _ => return Err(Fault::at(root, "a failure carries an assertion").into()),
        };
        Ok(Self {
            id: content::message_id(root, "ID")?,
            issue_instant: required(root, "IssueInstant", instant(root, "IssueInstant")?)?,
            destination: root.attr("Destination").map(str::to_owned),
            issuer: issuer.map(content::issuer).transpose()?,
            in_response_to: content::optional_message_id(root, "InResponseTo")?,
            outcome,
        })
    }
}

impl Sealed for Response {}

impl Message for Response {
    const ELEMENT: &'static str = "Response";
    const ROLE: Role = Role::Response;
    // The assertion inside may be what is signed (saml-profiles §4.1.3.5).
    const ALWAYS_SIGNED: bool = false;
}

impl Sealed for ReceivedResponse {}

impl Message for ReceivedResponse {
    const ELEMENT: &'static str = Response::ELEMENT;
    const ROLE: Role = Response::ROLE;
    const ALWAYS_SIGNED: bool = Response::ALWAYS_SIGNED;
}

impl Incoming for ReceivedResponse {
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

/// Reads `Status`.
pub(super) fn read_status(status: &Element) -> Result<ReceivedStatus, Fault> {
    let mut children = Children::of(status)?;
    let code = children.required(SAMLP, "StatusCode")?;
    let message = children.optional(SAMLP, "StatusMessage");
    children.optional(SAMLP, "StatusDetail");
    children.finish()?;
    let value = required(code, "Value", code.attr("Value"))?;
    let mut inner = Children::of(code)?;
    let second = inner.optional(SAMLP, "StatusCode");
    inner.finish()?;
    Ok(ReceivedStatus {
        top: TopStatus::from_uri(value)
            .ok_or_else(|| Fault::at(code, "the top-level status is unknown"))?,
        second: second
            .map(|c| required(c, "Value", c.attr("Value").map(str::to_owned)))
            .transpose()?,
        message: message.map(|m| m.text().map(str::to_owned)).transpose()?,
    })
}
