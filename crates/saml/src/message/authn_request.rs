//! AuthnRequest: an SP asks that a user be signed in (saml-core §3.4.1).

use super::content::{
    self, Children, Fault, boolean, empty, instant, only_attributes, present, required, saml,
    samlp, typed, unsigned_short, uris,
};
use super::error::MessageError;
use super::head::{MessageHead, check_version};
use super::identifier::SubjectIdentifier;
use super::kind::sealed::Sealed;
use super::kind::{ByRedirect, Head, Incoming, Message, Role};
use super::oddity::{self, Oddity};
use crate::ids::{EntityId, MessageId};
use crate::metadata::endpoint::AcsSelector;
use crate::name_id::NameIdFormat;
use crate::security::sign::Unsigned;
use crate::time::{Timestamp, Window};
use crate::xml::names::{DS, SAML, SAMLP, collapse};
use crate::xml::reader::Element;
use crate::xml::writer::{WriteError, Writer};

/// What can be told of a request even when the rest of it breaks the rules: enough to find its SP
/// and to answer it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// `ID`; `None` when it is missing or no `xs:ID`, and then an answer has no InResponseTo.
    pub id: Option<MessageId>,
    /// The text of `Issuer`. Which SP this is, is settled by the signature or by policy.
    pub issuer: EntityId,
    /// `Destination`, as it stands.
    pub destination: Option<String>,
    /// Where the answer is wanted. When the request contradicts itself or cannot be read, the URL
    /// it names stays, so that an answer never goes elsewhere than to a registered one of that
    /// name; without one this is [`RequestedAcs::Default`].
    pub acs: RequestedAcs,
}

/// An AuthnRequest, every field of it. Nothing in it is trusted before it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthnRequest {
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
    /// `Subject`: the sign-on must be of this user.
    pub subject: Option<RequestedSubject>,
    /// `NameIDPolicy`.
    pub name_id_policy: Option<NameIdPolicy>,
    /// `Conditions` the SP would like to see; they may narrow the assertion's, never widen them.
    pub conditions: Option<RequestedConditions>,
    /// `RequestedAuthnContext`.
    pub requested_authn_context: Option<RequestedAuthnContext>,
    /// `Scoping`.
    pub scoping: Option<Scoping>,
    /// `ForceAuthn`: a fresh login is wanted.
    pub force_authn: bool,
    /// `IsPassive`: nothing may be shown to the user.
    pub is_passive: bool,
    /// Where the answer is wanted, from three attributes of which only some go together.
    pub acs: RequestedAcs,
    /// `AttributeConsumingServiceIndex`.
    pub attribute_consuming_service_index: Option<u16>,
    /// `ProviderName`: a hint from the sender, never shown as a verified name.
    pub provider_name: Option<String>,
    /// What is odd about it, and was read all the same.
    pub oddities: Vec<Oddity>,
}

/// Where a request wants its answer. It only selects among the endpoints of registered metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RequestedAcs {
    /// The request does not say: the SP's default.
    #[default]
    Default,
    /// Only `ProtocolBinding`.
    Binding(String),
    /// `AssertionConsumerServiceURL`, perhaps with `ProtocolBinding`.
    Url {
        /// The URL, as it stands.
        url: String,
        /// The binding's URI, as it stands.
        binding: Option<String>,
    },
    /// `AssertionConsumerServiceIndex`.
    Index(u16),
}

impl RequestedAcs {
    /// All that counts of selectors that do not go together.
    fn of_url(root: &Element) -> Self {
        present(root, "AssertionConsumerServiceURL").map_or(Self::Default, |url| Self::Url {
            url: url.to_owned(),
            binding: None,
        })
    }

    /// `AssertionConsumerServiceURL`.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Url { url, .. } => Some(url),
            _ => None,
        }
    }

    /// `AssertionConsumerServiceIndex`.
    pub fn index(&self) -> Option<u16> {
        match self {
            Self::Index(index) => Some(*index),
            _ => None,
        }
    }

    /// `ProtocolBinding`.
    pub fn protocol_binding(&self) -> Option<&str> {
        match self {
            Self::Binding(binding) => Some(binding),
            Self::Url { binding, .. } => binding.as_deref(),
            Self::Default | Self::Index(_) => None,
        }
    }
}

impl<'r> From<&'r RequestedAcs> for AcsSelector<'r> {
    fn from(requested: &'r RequestedAcs) -> Self {
        Self {
            url: requested.url(),
            index: requested.index(),
            protocol_binding: requested.protocol_binding(),
        }
    }
}

/// The user a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedSubject {
    /// Who it is; `None` when only SubjectConfirmation stands inside.
    pub identifier: Option<SubjectIdentifier>,
    /// Whether SubjectConfirmation is inside, which browser single sign-on has no use for and
    /// refuses (saml-profiles §4.1.4.1).
    pub has_confirmation: bool,
}

/// `NameIDPolicy` (saml-core §3.4.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameIdPolicy {
    /// `Format`; absent and unspecified both leave the choice to the identity provider.
    pub format: Option<NameIdFormat>,
    /// `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
    /// `AllowCreate`, false when absent.
    pub allow_create: bool,
}

/// `Conditions` of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedConditions {
    /// `NotBefore` and `NotOnOrAfter`.
    pub window: Window,
    /// The audiences of each `AudienceRestriction`.
    pub audiences: Vec<Vec<String>>,
    /// `OneTimeUse`.
    pub one_time_use: bool,
    /// `ProxyRestriction`.
    pub proxy_restriction: bool,
}

/// How the references of a RequestedAuthnContext are compared (saml-core §3.3.2.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// One of those listed.
    #[default]
    Exact,
    /// At least as strong as one of those listed.
    Minimum,
    /// As strong as possible, not stronger than the strongest listed.
    Maximum,
    /// Stronger than each of those listed.
    Better,
}

impl Comparison {
    /// The attribute's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Better => "better",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Exact, Self::Minimum, Self::Maximum, Self::Better]
            .into_iter()
            .find(|c| c.as_str() == text)
    }
}

/// `RequestedAuthnContext`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedAuthnContext {
    /// How to compare.
    pub comparison: Comparison,
    /// What is asked for.
    pub refs: ContextRefs,
}

/// The references of a RequestedAuthnContext: never empty, and of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextRefs {
    /// `AuthnContextClassRef`, most wanted first.
    Classes(Vec<String>),
    /// `AuthnContextDeclRef`, most wanted first.
    Declarations(Vec<String>),
}

/// `Scoping` (saml-core §3.4.1.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scoping {
    /// `ProxyCount`: how many identity providers may still stand between; 0 forbids proxying.
    pub proxy_count: Option<u64>,
    /// The `ProviderID` of each `IDPEntry`. `None` without an IDPList.
    pub idp_list: Option<Vec<String>>,
    /// `GetComplete`: where the whole list lies. Never fetched.
    pub get_complete: Option<String>,
    /// `RequesterID`: who asked the sender to ask.
    pub requester_ids: Vec<String>,
}

impl RequestHead {
    /// Reads what is needed to find and answer the sender, from any message that is an
    /// AuthnRequest by name.
    ///
    /// # Errors
    /// [`MessageError::OtherMessage`] and [`MessageError::NoIssuer`]: show a page.
    pub fn read(root: &Element) -> Result<Self, MessageError> {
        let MessageHead {
            id,
            issuer,
            destination,
        } = MessageHead::read::<AuthnRequest>(root)?;
        Ok(Self {
            id,
            issuer,
            destination,
            acs: requested_acs(root).unwrap_or_else(|_| RequestedAcs::of_url(root)),
        })
    }
}

impl Head for RequestHead {
    fn issuer(&self) -> &EntityId {
        &self.issuer
    }

    fn destination(&self) -> Option<&str> {
        self.destination.as_deref()
    }
}

impl Sealed for AuthnRequest {}

impl Message for AuthnRequest {
    const ELEMENT: &'static str = "AuthnRequest";
    const ROLE: Role = Role::Request;
    // An SP says in its metadata whether it signs its requests.
    const ALWAYS_SIGNED: bool = false;
}

impl ByRedirect for AuthnRequest {}

impl Incoming for AuthnRequest {
    type Head = RequestHead;

    fn read_head(root: &Element) -> Result<RequestHead, MessageError> {
        RequestHead::read(root)
    }

    fn read(root: &Element) -> Result<Self, MessageError> {
        Self::parse(root)
    }

    fn issue_instant(&self) -> Timestamp {
        self.issue_instant
    }
}

impl AuthnRequest {
    /// A request of its mandatory parts, everything else left to the identity provider.
    pub fn new(id: MessageId, issue_instant: Timestamp, issuer: EntityId) -> Self {
        Self {
            id,
            issue_instant,
            destination: None,
            consent: None,
            issuer,
            extensions: Vec::new(),
            subject: None,
            name_id_policy: None,
            conditions: None,
            requested_authn_context: None,
            scoping: None,
            force_authn: false,
            is_passive: false,
            acs: RequestedAcs::Default,
            attribute_consuming_service_index: None,
            provider_name: None,
            oddities: Vec::new(),
        }
    }

    /// Reads a request by its schema: each element and attribute in its place, at most as often as
    /// allowed, with a value of its type. Strings are kept byte for byte, URIs without the white space that
    /// XML Schema takes off them; an optional attribute that is empty is none.
    ///
    /// # Errors
    /// [`MessageError`]; its [`status`](MessageError::status) says what to answer.
    ///
    /// Spec: saml-core-2.0 §3.2.1, §3.4.1; the protocol schema.
    pub fn parse(root: &Element) -> Result<Self, MessageError> {
        let head = RequestHead::read(root)?;
        check_version(root)?;
        only_attributes(
            root,
            &[
                "ID",
                "Version",
                "IssueInstant",
                "Destination",
                "Consent",
                "ForceAuthn",
                "IsPassive",
                "ProtocolBinding",
                "AssertionConsumerServiceIndex",
                "AssertionConsumerServiceURL",
                "AttributeConsumingServiceIndex",
                "ProviderName",
            ],
        )?;
        let id = head
            .id
            .ok_or_else(|| Fault::at(root, "ID is missing or not an XML name"))?;
        let issue_instant = required(root, "IssueInstant", instant(root, "IssueInstant")?)?;

        let mut children = Children::of(root)?;
        content::issuer(children.required(SAML, "Issuer")?)?;
        // The signature is checked before this, over the octets; here only its place counts.
        children.optional(DS, "Signature");
        let extensions = children.optional(SAMLP, "Extensions");
        let subject = children.optional(SAML, "Subject");
        let name_id_policy = children.optional(SAMLP, "NameIDPolicy");
        let conditions = children.optional(SAML, "Conditions");
        let context = children.optional(SAMLP, "RequestedAuthnContext");
        let scoping = children.optional(SAMLP, "Scoping");
        children.finish()?;

        Ok(Self {
            id,
            issue_instant,
            destination: head.destination,
            consent: present(root, "Consent").map(str::to_owned),
            issuer: head.issuer,
            extensions: extensions.map(content::element_names).unwrap_or_default(),
            subject: subject.map(requested_subject).transpose()?,
            name_id_policy: name_id_policy.map(policy).transpose()?,
            conditions: conditions.map(requested_conditions).transpose()?,
            requested_authn_context: context.map(authn_context).transpose()?,
            scoping: scoping.map(read_scoping).transpose()?,
            force_authn: boolean(root, "ForceAuthn")?.unwrap_or(false),
            is_passive: boolean(root, "IsPassive")?.unwrap_or(false),
            acs: requested_acs(root)?,
            attribute_consuming_service_index: index(root, "AttributeConsumingServiceIndex")?,
            provider_name: root.attr("ProviderName").map(str::to_owned),
            oddities: oddity::of_request(
                root,
                name_id_policy
                    .into_iter()
                    .chain(subject.and_then(|subject| subject.first(SAML, "NameID"))),
            ),
        })
    }

    /// Writes the request. Extensions and an encrypted or base identifier are not written: a
    /// sender of those has its own element to insert.
    ///
    /// # Errors
    /// [`WriteError`] when a string holds what XML cannot carry.
    pub fn write(&self) -> Result<Unsigned<Self>, WriteError> {
        let mut w = Writer::with_capacity(1024);
        w.start(samlp("AuthnRequest"))
            .attr("ID", self.id.as_str())
            .attr("Version", "2.0")
            .attr_instant("IssueInstant", self.issue_instant)
            .attr_opt("Destination", self.destination.as_deref())
            .attr_opt("Consent", self.consent.as_deref())
            .attr_opt("ForceAuthn", self.force_authn.then_some("true"))
            .attr_opt("IsPassive", self.is_passive.then_some("true"))
            .attr_opt("ProtocolBinding", self.acs.protocol_binding())
            .attr_opt("AssertionConsumerServiceURL", self.acs.url())
            .attr_opt("ProviderName", self.provider_name.as_deref());
        if let Some(index) = self.acs.index() {
            w.attr("AssertionConsumerServiceIndex", &index.to_string());
        }
        if let Some(index) = self.attribute_consuming_service_index {
            w.attr("AttributeConsumingServiceIndex", &index.to_string());
        }
        w.leaf(saml("Issuer"), self.issuer.as_str());
        let insert_at = w.position();
        if let Some(RequestedSubject {
            identifier: Some(SubjectIdentifier::NameId(name)),
            ..
        }) = &self.subject
        {
            w.start(saml("Subject"))
                .start(saml("NameID"))
                .attr_opt("Format", name.format.as_deref())
                .attr_opt("NameQualifier", name.name_qualifier.as_deref())
                .attr_opt("SPNameQualifier", name.sp_name_qualifier.as_deref())
                .attr_opt("SPProvidedID", name.sp_provided_id.as_deref())
                .text(&name.value)
                .end()
                .end();
        }
        if let Some(policy) = &self.name_id_policy {
            w.start(samlp("NameIDPolicy"))
                .attr_opt("Format", policy.format.as_ref().map(NameIdFormat::uri))
                .attr_opt("SPNameQualifier", policy.sp_name_qualifier.as_deref())
                .attr_opt("AllowCreate", policy.allow_create.then_some("true"))
                .end();
        }
        if let Some(conditions) = &self.conditions {
            write_conditions(&mut w, conditions);
        }
        if let Some(context) = &self.requested_authn_context {
            let (local, refs) = match &context.refs {
                ContextRefs::Classes(refs) => ("AuthnContextClassRef", refs),
                ContextRefs::Declarations(refs) => ("AuthnContextDeclRef", refs),
            };
            w.start(samlp("RequestedAuthnContext"))
                .attr("Comparison", context.comparison.as_str());
            for reference in refs {
                w.leaf(saml(local), reference);
            }
            w.end();
        }
        if let Some(scoping) = &self.scoping {
            write_scoping(&mut w, scoping);
        }
        w.end();
        Ok(Unsigned::new(w.finish()?, insert_at, self.id.clone()))
    }
}

fn index(root: &Element, name: &str) -> Result<Option<u16>, Fault> {
    typed(root, name, "a number from 0 to 65535", unsigned_short)
}

fn requested_acs(root: &Element) -> Result<RequestedAcs, MessageError> {
    let url = present(root, "AssertionConsumerServiceURL").map(str::to_owned);
    let binding = present(root, "ProtocolBinding").map(str::to_owned);
    match index(root, "AssertionConsumerServiceIndex")? {
        Some(_) if url.is_some() || binding.is_some() => Err(MessageError::ConflictingAcs),
        Some(index) => Ok(RequestedAcs::Index(index)),
        None => Ok(match (url, binding) {
            (Some(url), binding) => RequestedAcs::Url { url, binding },
            (None, Some(binding)) => RequestedAcs::Binding(binding),
            (None, None) => RequestedAcs::Default,
        }),
    }
}

fn requested_subject(subject: &Element) -> Result<RequestedSubject, Fault> {
    only_attributes(subject, &[])?;
    let mut children = Children::of(subject)?;
    let identifier = SubjectIdentifier::take(&mut children)?;
    let confirmations = children.many(SAML, "SubjectConfirmation");
    children.finish()?;
    if identifier.is_none() && confirmations.is_empty() {
        return Err(Fault::at(subject, "Subject is empty"));
    }
    Ok(RequestedSubject {
        identifier,
        has_confirmation: !confirmations.is_empty(),
    })
}

fn policy(policy: &Element) -> Result<NameIdPolicy, Fault> {
    only_attributes(policy, &["Format", "SPNameQualifier", "AllowCreate"])?;
    empty(policy)?;
    Ok(NameIdPolicy {
        format: present(policy, "Format").map(NameIdFormat::from_uri),
        sp_name_qualifier: policy
            .attr("SPNameQualifier")
            .filter(|qualifier| !qualifier.is_empty())
            .map(str::to_owned),
        allow_create: boolean(policy, "AllowCreate")?.unwrap_or(false),
    })
}

fn requested_conditions(conditions: &Element) -> Result<RequestedConditions, Fault> {
    only_attributes(conditions, &["NotBefore", "NotOnOrAfter"])?;
    let mut read = RequestedConditions {
        window: Window {
            not_before: instant(conditions, "NotBefore")?,
            not_on_or_after: instant(conditions, "NotOnOrAfter")?,
        },
        ..RequestedConditions::default()
    };
    let mut children = Children::of(conditions)?;
    while let Some(condition) = children.next() {
        let known = |local| condition.is(SAML, local);
        if known("AudienceRestriction") {
            let mut inner = Children::of(condition)?;
            let audiences = inner.many(SAML, "Audience");
            inner.finish()?;
            if audiences.is_empty() {
                return Err(Fault::at(condition, "AudienceRestriction has no Audience"));
            }
            read.audiences.push(uris(&audiences)?);
        } else if known("OneTimeUse") && !read.one_time_use {
            read.one_time_use = true;
        } else if known("ProxyRestriction") && !read.proxy_restriction {
            read.proxy_restriction = true;
        } else if !known("Condition") {
            return Err(Fault::at(
                condition,
                format!("{} has no place in Conditions", condition.local),
            ));
        }
    }
    Ok(read)
}

fn authn_context(context: &Element) -> Result<RequestedAuthnContext, Fault> {
    only_attributes(context, &["Comparison"])?;
    let comparison = typed(context, "Comparison", "a comparison", Comparison::parse)?;
    let mut children = Children::of(context)?;
    let classes = children.many(SAML, "AuthnContextClassRef");
    let refs = if classes.is_empty() {
        let declarations = children.many(SAML, "AuthnContextDeclRef");
        if declarations.is_empty() {
            return Err(Fault::at(context, "RequestedAuthnContext asks for nothing"));
        }
        ContextRefs::Declarations(uris(&declarations)?)
    } else {
        ContextRefs::Classes(uris(&classes)?)
    };
    children.finish()?;
    Ok(RequestedAuthnContext {
        comparison: comparison.unwrap_or_default(),
        refs,
    })
}

fn read_scoping(scoping: &Element) -> Result<Scoping, Fault> {
    only_attributes(scoping, &["ProxyCount"])?;
    let mut children = Children::of(scoping)?;
    let list = children.optional(SAMLP, "IDPList");
    let requesters = children.many(SAMLP, "RequesterID");
    children.finish()?;
    let mut read = Scoping {
        proxy_count: typed(scoping, "ProxyCount", "a count", count)?,
        requester_ids: uris(&requesters)?,
        ..Scoping::default()
    };
    if let Some(list) = list {
        only_attributes(list, &[])?;
        let mut children = Children::of(list)?;
        let entries = children.many(SAMLP, "IDPEntry");
        let complete = children.optional(SAMLP, "GetComplete");
        children.finish()?;
        let ids = entries.iter().map(|entry| {
            only_attributes(entry, &["ProviderID", "Name", "Loc"])?;
            required(entry, "ProviderID", present(entry, "ProviderID")).map(str::to_owned)
        });
        read.idp_list = Some(ids.collect::<Result<_, _>>()?);
        if let Some(complete) = complete {
            read.get_complete = Some(collapse(complete.text()?).to_owned());
        }
    }
    Ok(read)
}

// xs:nonNegativeInteger has no upper bound; beyond 64 bits all counts mean the same.
fn count(text: &str) -> Option<u64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return (text == "-0").then_some(0);
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

fn write_conditions(w: &mut Writer, conditions: &RequestedConditions) {
    w.start(saml("Conditions"));
    if let Some(from) = conditions.window.not_before {
        w.attr_instant("NotBefore", from);
    }
    if let Some(until) = conditions.window.not_on_or_after {
        w.attr_instant("NotOnOrAfter", until);
    }
    for audiences in &conditions.audiences {
        w.start(saml("AudienceRestriction"));
        for audience in audiences {
            w.leaf(saml("Audience"), audience);
        }
        w.end();
    }
    if conditions.one_time_use {
        w.start(saml("OneTimeUse")).end();
    }
    if conditions.proxy_restriction {
        w.start(saml("ProxyRestriction")).end();
    }
    w.end();
}

fn write_scoping(w: &mut Writer, scoping: &Scoping) {
    w.start(samlp("Scoping"));
    if let Some(count) = scoping.proxy_count {
        w.attr("ProxyCount", &count.to_string());
    }
    if let Some(list) = &scoping.idp_list {
        w.start(samlp("IDPList"));
        for id in list {
            w.start(samlp("IDPEntry")).attr("ProviderID", id).end();
        }
        if let Some(complete) = &scoping.get_complete {
            w.leaf(samlp("GetComplete"), complete);
        }
        w.end();
    }
    for id in &scoping.requester_ids {
        w.leaf(samlp("RequesterID"), id);
    }
    w.end();
}
