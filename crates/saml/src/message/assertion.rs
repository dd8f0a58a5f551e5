//! Assertion: what the identity provider says of one user to one SP (saml-core §2.3).

use super::content::{self, Children, Fault, instant, only_attributes, required, saml, texts};
use crate::ids::{AcsUrl, EntityId, MessageId, SessionIndex};
use crate::name_id::{NameId, NameIdFormat};
use crate::security::sign::Unsigned;
use crate::time::Timestamp;
use crate::xml::names::{DS, SAML, XSI};
use crate::xml::reader::Element;
use crate::xml::writer::{QName, WriteError, Writer};

/// The confirmation method of browser single sign-on: whoever brings the assertion.
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// An assertion of the Web Browser SSO profile: one bearer confirmation, one AuthnStatement, at
/// most one AttributeStatement (saml-profiles §4.1.4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// `ID`.
    pub id: MessageId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Issuer`: the identity provider.
    pub issuer: EntityId,
    /// Whom it is about.
    pub subject: Subject,
    /// Where, when and for which request it may be brought.
    pub confirmation: Confirmation,
    /// When and by whom it may be believed.
    pub conditions: Conditions,
    /// How and when the user logged in.
    pub authn: AuthnStatement,
    /// What else is told of the user. Empty: no AttributeStatement.
    pub attributes: Vec<Attribute>,
    /// Whether the Issuer states its format, which is what it means without one (saml-core §2.2.5). Some
    /// national profiles demand it.
    pub issuer_format: bool,
}

/// The identifier inside `Subject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// None: the user is known by the attributes alone.
    Unnamed,
    /// `NameID`.
    NameId(NameId),
    /// `EncryptedID`: the octets of its `xenc:EncryptedData` in exclusive canonical form, as
    /// [`crate::security`] makes them, perhaps followed by `xenc:EncryptedKey`.
    EncryptedId(Vec<u8>),
}

/// The bearer confirmation's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// `Recipient`: the ACS the assertion is brought to.
    pub recipient: AcsUrl,
    /// `InResponseTo`: the request's ID; none when unsolicited.
    pub in_response_to: Option<MessageId>,
    /// `NotOnOrAfter`.
    pub not_on_or_after: Timestamp,
}

/// `Conditions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// `NotBefore`.
    pub not_before: Timestamp,
    /// `NotOnOrAfter`.
    pub not_on_or_after: Timestamp,
    /// The audiences of the one `AudienceRestriction`: the SP, and others only by policy.
    pub audiences: Vec<EntityId>,
    /// `OneTimeUse`.
    pub one_time_use: bool,
}

/// `AuthnStatement`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthnStatement {
    /// `AuthnInstant`: when the user really logged in.
    pub instant: Timestamp,
    /// `SessionIndex`: our name for the session at this SP.
    pub session_index: Option<SessionIndex>,
    /// `SessionNotOnOrAfter`: the SP's session may not outlive this.
    pub session_not_on_or_after: Option<Timestamp>,
    /// `AuthnContextClassRef`: the class really achieved.
    pub context_class: String,
    /// `AuthenticatingAuthority`: identity providers behind us, when we are a proxy.
    pub authenticating_authorities: Vec<EntityId>,
}

/// `Attribute`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`.
    pub name: String,
    /// `NameFormat`.
    pub name_format: Option<String>,
    /// `FriendlyName`: for people, never to identify.
    pub friendly_name: Option<String>,
    /// One `AttributeValue` each; none is allowed.
    pub values: Vec<AttributeValue>,
}

/// `AttributeValue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text node; an empty text gives an empty element.
    Text(String),
    /// An empty element with `xsi:nil`.
    Nil,
    /// A `NameID` element, as eduPersonTargetedID has it.
    NameId(NameId),
}

/// Why an assertion that was read is not one of the Web Browser SSO profile as this crate knows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It breaks the schema or the profile.
    #[error(transparent)]
    Syntax(#[from] Fault),
    /// The Subject is encrypted: decrypt it first.
    #[error("the Subject holds an EncryptedID")]
    EncryptedSubject,
}

impl AuthnStatement {
    /// A login at `instant` that achieved `context_class`; nothing said of sessions.
    pub fn new(instant: Timestamp, context_class: &str) -> Self {
        Self {
            instant,
            session_index: None,
            session_not_on_or_after: None,
            context_class: context_class.to_owned(),
            authenticating_authorities: Vec::new(),
        }
    }
}

impl Assertion {
    /// An assertion by `issuer` for `sp`, brought to its `acs` within `lifetime_seconds` of `now`.
    /// It names nobody, answers no request and has no attributes: set those fields next.
    pub fn bearer(
        id: MessageId,
        issuer: EntityId,
        sp: EntityId,
        acs: AcsUrl,
        now: Timestamp,
        lifetime_seconds: i64,
        authn: AuthnStatement,
    ) -> Self {
        let not_on_or_after = now.plus_seconds(lifetime_seconds);
        Self {
            id,
            issue_instant: now,
            issuer,
            subject: Subject::Unnamed,
            confirmation: Confirmation {
                recipient: acs,
                in_response_to: None,
                not_on_or_after,
            },
            conditions: Conditions {
                not_before: now,
                not_on_or_after,
                audiences: vec![sp],
                one_time_use: false,
            },
            authn,
            attributes: Vec::new(),
            issuer_format: false,
        }
    }

    /// Writes the assertion as a document that stands alone: it declares every namespace it uses,
    /// so that it can be encrypted, or carried in any Response.
    ///
    /// # Errors
    /// [`WriteError`] when a string holds what XML cannot carry. Withhold that value, or fail the
    /// sign-on.
    pub fn write(&self) -> Result<Unsigned<Self>, WriteError> {
        let mut w = Writer::with_capacity(2048 + 256 * self.attributes.len());
        w.start(saml("Assertion"))
            .attr("ID", self.id.as_str())
            .attr("Version", "2.0")
            .attr_instant("IssueInstant", self.issue_instant)
            .start(saml("Issuer"))
            .attr_opt(
                "Format",
                self.issuer_format.then_some(NameIdFormat::Entity.uri()),
            )
            .text(self.issuer.as_str())
            .end();
        let insert_at = w.position();
        self.write_subject(&mut w);
        self.write_conditions(&mut w);
        self.write_authn(&mut w);
        if !self.attributes.is_empty() {
            w.start(saml("AttributeStatement"));
            for attribute in &self.attributes {
                attribute.write(&mut w);
            }
            w.end();
        }
        w.end();
        Ok(Unsigned::new(w.finish()?, insert_at, self.id.clone()))
    }

    fn write_subject(&self, w: &mut Writer) {
        w.start(saml("Subject"));
        match &self.subject {
            Subject::Unnamed => {}
            Subject::NameId(name_id) => write_name_id(w, name_id),
            Subject::EncryptedId(encrypted) => {
                w.start(saml("EncryptedID")).raw(encrypted).end();
            }
        }
        let confirmation = &self.confirmation;
        w.start(saml("SubjectConfirmation"))
            .attr("Method", BEARER)
            .start(saml("SubjectConfirmationData"))
            .attr_opt(
                "InResponseTo",
                confirmation.in_response_to.as_ref().map(MessageId::as_str),
            )
            .attr_instant("NotOnOrAfter", confirmation.not_on_or_after)
            .attr("Recipient", confirmation.recipient.as_str())
            .end()
            .end()
            .end();
    }

    fn write_conditions(&self, w: &mut Writer) {
        let conditions = &self.conditions;
        w.start(saml("Conditions"))
            .attr_instant("NotBefore", conditions.not_before)
            .attr_instant("NotOnOrAfter", conditions.not_on_or_after)
            .start(saml("AudienceRestriction"));
        for audience in &conditions.audiences {
            w.leaf(saml("Audience"), audience.as_str());
        }
        w.end();
        if conditions.one_time_use {
            w.start(saml("OneTimeUse")).end();
        }
        w.end();
    }

    fn write_authn(&self, w: &mut Writer) {
        let authn = &self.authn;
        w.start(saml("AuthnStatement"))
            .attr_instant("AuthnInstant", authn.instant)
            .attr_opt(
                "SessionIndex",
                authn.session_index.as_ref().map(SessionIndex::as_str),
            );
        if let Some(end) = authn.session_not_on_or_after {
            w.attr_instant("SessionNotOnOrAfter", end);
        }
        w.start(saml("AuthnContext"))
            .leaf(saml("AuthnContextClassRef"), &authn.context_class);
        for authority in &authn.authenticating_authorities {
            w.leaf(saml("AuthenticatingAuthority"), authority.as_str());
        }
        w.end().end();
    }

    /// Reads an assertion whose octets were verified.
    ///
    /// # Errors
    /// [`AssertionError`]: the assertion is not used.
    pub fn parse(root: &Element) -> Result<Self, AssertionError> {
        if !root.is(SAML, "Assertion") {
            return Err(Fault::at(root, "this is not an Assertion").into());
        }
        only_attributes(root, &["ID", "Version", "IssueInstant"])?;
        if root.attr("Version") != Some("2.0") {
            return Err(Fault::at(root, "the assertion's Version is not 2.0").into());
        }
        let mut children = Children::of(root)?;
        let issuer = children.required(SAML, "Issuer")?;
        children.optional(DS, "Signature");
        let subject = children.required(SAML, "Subject")?;
        let conditions = children.required(SAML, "Conditions")?;
        children.optional(SAML, "Advice");
        let authn = children.required(SAML, "AuthnStatement")?;
        let attributes = children.optional(SAML, "AttributeStatement");
        children.finish()?;
        let (subject, confirmation) = read_subject(subject)?;
        Ok(Self {
            id: content::message_id(root, "ID")?,
            issue_instant: required(root, "IssueInstant", instant(root, "IssueInstant")?)?,
            issuer_format: issuer.attr("Format").is_some(),
            issuer: content::issuer(issuer)?,
            subject,
            confirmation,
            conditions: read_conditions(conditions)?,
            authn: read_authn(authn)?,
            attributes: attributes
                .map(read_attributes)
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

impl Attribute {
    fn write(&self, w: &mut Writer) {
        w.start(saml("Attribute"))
            .attr_opt("FriendlyName", self.friendly_name.as_deref())
            .attr("Name", &self.name)
            .attr_opt("NameFormat", self.name_format.as_deref());
        for value in &self.values {
            w.start(saml("AttributeValue"));
            match value {
                AttributeValue::Text(text) => {
                    w.text(text);
                }
                AttributeValue::Nil => {
                    w.attr_ns(QName::new("xsi", XSI, "nil"), "true");
                }
                AttributeValue::NameId(name_id) => write_name_id(w, name_id),
            }
            w.end();
        }
        w.end();
    }
}

/// Writes a NameID element, for a Subject, an attribute value or a message about a session.
pub fn write_name_id(w: &mut Writer, name_id: &NameId) {
    let format = name_id.format();
    w.start(saml("NameID"))
        .attr("Format", format.uri())
        .attr_opt("NameQualifier", name_id.name_qualifier())
        .attr_opt("SPNameQualifier", name_id.sp_name_qualifier())
        .text(name_id.value())
        .end();
}

fn read_name_id(element: &Element) -> Result<NameId, Fault> {
    NameId::try_from(content::name_id(element)?).map_err(|what| Fault::at(element, what))
}

fn read_subject(subject: &Element) -> Result<(Subject, Confirmation), AssertionError> {
    only_attributes(subject, &[])?;
    let mut children = Children::of(subject)?;
    if children.optional(SAML, "EncryptedID").is_some() {
        return Err(AssertionError::EncryptedSubject);
    }
    let name_id = children.optional(SAML, "NameID");
    let confirmation = children.required(SAML, "SubjectConfirmation")?;
    children.finish()?;
    if confirmation.attr("Method") != Some(BEARER) {
        return Err(Fault::at(confirmation, "the confirmation method is not bearer").into());
    }
    let mut children = Children::of(confirmation)?;
    let data = children.required(SAML, "SubjectConfirmationData")?;
    children.finish()?;
    only_attributes(data, &["InResponseTo", "NotOnOrAfter", "Recipient"])?;
    let recipient = required(data, "Recipient", data.attr("Recipient"))?;
    let confirmation = Confirmation {
        recipient: AcsUrl::parse(recipient).map_err(|e| Fault::at(data, e.to_string()))?,
        in_response_to: content::optional_message_id(data, "InResponseTo")?,
        not_on_or_after: required(data, "NotOnOrAfter", instant(data, "NotOnOrAfter")?)?,
    };
    let subject = match name_id {
        Some(name_id) => Subject::NameId(read_name_id(name_id)?),
        None => Subject::Unnamed,
    };
    Ok((subject, confirmation))
}

fn read_conditions(conditions: &Element) -> Result<Conditions, Fault> {
    only_attributes(conditions, &["NotBefore", "NotOnOrAfter"])?;
    let mut children = Children::of(conditions)?;
    let restriction = children.required(SAML, "AudienceRestriction")?;
    let one_time_use = children.optional(SAML, "OneTimeUse").is_some();
    children.finish()?;
    let mut inner = Children::of(restriction)?;
    let audiences = texts(&inner.many(SAML, "Audience"))?;
    inner.finish()?;
    let audiences = audiences
        .iter()
        .map(|a| EntityId::parse(a).map_err(|e| Fault::at(restriction, e.to_string())))
        .collect::<Result<_, _>>()?;
    Ok(Conditions {
        not_before: required(conditions, "NotBefore", instant(conditions, "NotBefore")?)?,
        not_on_or_after: required(
            conditions,
            "NotOnOrAfter",
            instant(conditions, "NotOnOrAfter")?,
        )?,
        audiences,
        one_time_use,
    })
}

fn read_authn(authn: &Element) -> Result<AuthnStatement, Fault> {
    only_attributes(
        authn,
        &["AuthnInstant", "SessionIndex", "SessionNotOnOrAfter"],
    )?;
    let mut children = Children::of(authn)?;
    let context = children.required(SAML, "AuthnContext")?;
    children.finish()?;
    let mut children = Children::of(context)?;
    let class = children.required(SAML, "AuthnContextClassRef")?;
    let authorities = texts(&children.many(SAML, "AuthenticatingAuthority"))?;
    children.finish()?;
    let session_index = authn
        .attr("SessionIndex")
        .map(SessionIndex::parse)
        .transpose()
        .map_err(|e| Fault::at(authn, e.to_string()))?;
    Ok(AuthnStatement {
        instant: required(authn, "AuthnInstant", instant(authn, "AuthnInstant")?)?,
        session_index,
        session_not_on_or_after: instant(authn, "SessionNotOnOrAfter")?,
        context_class: class.text()?.to_owned(),
        authenticating_authorities: authorities
            .iter()
            .map(|a| EntityId::parse(a).map_err(|e| Fault::at(context, e.to_string())))
            .collect::<Result<_, _>>()?,
    })
}

fn read_attributes(statement: &Element) -> Result<Vec<Attribute>, Fault> {
    let mut children = Children::of(statement)?;
    let attributes = children.many(SAML, "Attribute");
    children.finish()?;
    attributes.into_iter().map(read_attribute).collect()
}

fn read_attribute(attribute: &Element) -> Result<Attribute, Fault> {
    let mut children = Children::of(attribute)?;
    let values = children.many(SAML, "AttributeValue");
    children.finish()?;
    let owned = |name| attribute.attr(name).map(str::to_owned);
    Ok(Attribute {
        name: required(attribute, "Name", owned("Name"))?,
        name_format: owned("NameFormat"),
        friendly_name: owned("FriendlyName"),
        values: values
            .into_iter()
            .map(read_value)
            .collect::<Result<_, _>>()?,
    })
}

fn read_value(value: &Element) -> Result<AttributeValue, Fault> {
    if content::nil(value)? {
        return Ok(AttributeValue::Nil);
    }
    match value.elements().next() {
        None => Ok(AttributeValue::Text(value.text()?.to_owned())),
        Some(_) => {
            let mut children = Children::of(value)?;
            let name_id = children.required(SAML, "NameID")?;
            children.finish()?;
            Ok(AttributeValue::NameId(read_name_id(name_id)?))
        }
    }
}
