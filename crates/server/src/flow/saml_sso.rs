//! SAML sign-on: a request comes in ([`begin`]), waits for its user ([`resume`]), and is answered.

use std::sync::Arc;

use avouch_saml::binding::post::PostForm;
use avouch_saml::binding::{BindingError, ReceivedRequest, Reception, Refused, Transport};
use avouch_saml::ids::{MessageId, RelayState};
use avouch_saml::message::authn_request::{
    AuthnRequest, ContextRefs, RequestError, RequestedAcs, SubjectIdentifier,
};
use avouch_saml::metadata::{AcsEndpoint, AcsError, AcsSelector, Binding};
use avouch_saml::security::verify::{Authenticity, Verified, VerifyError};
use avouch_saml::time::Timestamp;

use crate::attributes::name_id::{self, NameIdFacts};
use crate::audit::ResultCode;
use crate::config::saml::LongRelayState;
use crate::context::Context;
use crate::flow::attempt::{Attempt, Origin};
use crate::flow::dev::exchanges::Message;
use crate::flow::proceed::proceed;
use crate::flow::registry::{By, ReadyApp};
use crate::flow::reply::ReplyTo;
use crate::flow::restart;
use crate::flow::subject;
use crate::refusal::{AppName, Refusal, Stop};
use crate::sessions::{Pending, PendingId, PendingStatus, RequestedContexts, SsoRequest};
use crate::store::sessions::Resolved;
use crate::store::{self, StoreError};

/// What the browser is to do next.
#[derive(Debug)]
pub enum Answer {
    /// Post this form to the SP.
    Post(Box<Posted>),
    /// Go to this page of ours.
    See(String),
    /// Go to this page of an app, where it wants sign-ons to begin.
    Leave(String),
    /// Offer to start again.
    StartAgain(Box<Restart>),
}

/// A form for an SP, with what the page around it says.
pub struct Posted {
    /// The form.
    pub form: PostForm,
    /// The app.
    pub app: AppName,
    /// Why it is a refusal, if it is one, and the event's reference code.
    pub refused: Option<(ResultCode, String)>,
    /// The request forbids pages, so the form has to go on by itself.
    pub is_passive: bool,
}

impl std::fmt::Debug for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Posted({}, {:?})", self.form.action(), self.refused)
    }
}

/// A sign-on that cannot go on, and how to start another.
#[derive(Debug, Clone, Default)]
pub struct Restart {
    /// The app it was for, when that is still known.
    pub app: Option<AppName>,
    /// One click to start again.
    pub url: Option<String>,
}

/// Who is at the browser, and the version of what may be cached.
pub struct Visitor {
    /// The state's version.
    pub version: i64,
    /// The session, when the cookie names one that is live.
    pub session: Option<Resolved>,
}

impl Visitor {
    /// Reads the session the request's cookie names.
    ///
    /// # Errors
    /// The database.
    pub fn read(cx: &Context) -> Result<Self, StoreError> {
        let db = &cx.services.db;
        if let Some(hash) = &cx.session_hash
            && let Some(found) = db.read_one(|c| store::sessions::resolve(c, hash))?
        {
            return Ok(Self {
                version: found.version,
                session: Some(found).filter(|found| found.session.is_live(cx.now)),
            });
        }
        Ok(Self {
            version: db.read_one(store::state::version)?,
            session: None,
        })
    }
}

/// Takes an AuthnRequest as it arrived at `/saml/sso`.
///
/// # Errors
/// [`Stop::Page`] when the sender is not trusted; a refusal that the SP may hear of is an answer.
///
/// Spec: saml-profiles-2.0 §4.1.4.
pub fn begin(
    cx: &Context,
    transport: Transport,
    received: Result<ReceivedRequest, BindingError>,
) -> Result<Answer, Stop> {
    let word = match transport {
        Transport::Redirect => "redirect",
        Transport::Post => "post",
    };
    let mut attempt = Attempt::new(cx, "sp", word);
    let outcome = accept(cx, &mut attempt, received);
    attempt.conclude(outcome)
}

fn accept(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    received: Result<ReceivedRequest, BindingError>,
) -> Result<Answer, Refusal> {
    let trail = &mut attempt.trail;
    let received = received.map_err(|error| {
        trail.fail(
            "message",
            "an AuthnRequest",
            error.to_string(),
            "the binding",
        );
        Refusal::Page(ResultCode::InvalidAuthnRequest)
    })?;
    let issuer = received.claimed_issuer().as_str().to_owned();
    trail.entity_id = Some(issuer.clone());
    let relay_state = received.relay_state().cloned();
    let transport = received.transport();
    if let Some(exchanges) = &cx.services.exchanges {
        exchanges.request(&trail.code, Message::received(&received, cx));
    }

    let visitor = Visitor::read(cx)?;
    let app = cx
        .services
        .apps
        .find(&cx.services, visitor.version, By::EntityId(&issuer), cx.now)?
        .ok_or_else(|| {
            trail.fail(
                "service provider",
                "a connected app",
                issuer.as_str(),
                "connected apps",
            );
            Refusal::Page(ResultCode::UnknownServiceProvider)
        })?;
    attempt.about(&app, relay_state.as_ref());
    is_current(cx, attempt, &app)?;
    bound_relay_state(cx, attempt, relay_state.as_ref())?;

    let request = verify(cx, attempt, &app, received, relay_state.as_ref())?;
    attempt.origin = Origin::Request {
        issuer: app.entity_id.as_str().to_owned(),
        id: request.id.as_str().to_owned(),
    };
    let acs = choose_acs(attempt, &app, &request, relay_state.as_ref())?;
    // From here on, the SP can be answered.
    let reply = ReplyTo::request(&app, &acs, &request, relay_state.as_ref());
    let sso = understand(cx, attempt, &reply, &request, transport)?;

    // A POST from another site comes without the session's cookie: look for it on a page of ours.
    if transport == Transport::Post && cx.session_hash.is_none() {
        let id = attempt.keep(&app, sso, None)?;
        return Ok(Answer::See(format!("/saml/sso/continue?p={id}")));
    }
    proceed(cx, attempt, &reply, sso, visitor.session.as_ref())
}

/// Goes on with a sign-on that waited: after login, after consent, or because a page of ours was
/// reached.
///
/// # Errors
/// As [`begin`].
pub fn resume(cx: &Context, id: &PendingId) -> Result<Answer, Stop> {
    let pending = match find(cx, id)? {
        Waiting::Here(pending) => pending,
        Waiting::Gone(restart) => return Ok(Answer::StartAgain(restart)),
    };
    let initiated_by = if pending.request.arrived_by == "launch" {
        "idp"
    } else {
        "sp"
    };
    let mut attempt = Attempt::resumed(cx, initiated_by, &pending);
    let outcome = go_on(cx, &mut attempt, *pending);
    attempt.conclude(outcome)
}

fn go_on(cx: &Context, attempt: &mut Attempt<'_>, pending: Pending) -> Result<Answer, Refusal> {
    let visitor = Visitor::read(cx)?;
    let reply = reply_of(cx, attempt, &visitor, &pending)?;
    proceed(
        cx,
        attempt,
        &reply,
        pending.request,
        visitor.session.as_ref(),
    )
}

/// Where a sign-on that waited is answered: its app and ACS as they are registered now.
pub(crate) fn reply_of(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    visitor: &Visitor,
    pending: &Pending,
) -> Result<ReplyTo, Refusal> {
    let relay_state = pending.request.relay_state.clone().map(RelayState::new);
    let app = cx
        .services
        .apps
        .find(&cx.services, visitor.version, By::Id(&pending.app), cx.now)?
        .ok_or_else(|| {
            attempt.trail.fail(
                "service provider",
                "a connected app",
                "removed",
                "connected apps",
            );
            Refusal::Page(ResultCode::UnknownServiceProvider)
        })?;
    attempt.about(&app, relay_state.as_ref());
    is_current(cx, attempt, &app)?;
    let acs = app
        .sp
        .acs
        .iter()
        .find(|acs| {
            *acs.binding() == Binding::HttpPost && acs.location().as_str() == pending.request.acs
        })
        .ok_or_else(|| {
            attempt.trail.fail(
                "assertion consumer service",
                "one of the app's",
                pending.request.acs.as_str(),
                "metadata of the app",
            );
            Refusal::Page(ResultCode::InvalidAcs)
        })?;
    let mut reply = ReplyTo::unsolicited(&app, acs, relay_state);
    reply.in_response_to = pending
        .request
        .request_id
        .as_deref()
        .and_then(|id| MessageId::parse(id).ok());
    Ok(reply)
}

/// A sign-on as this browser finds it.
pub(crate) enum Waiting {
    /// It waits for this browser.
    Here(Box<Pending>),
    /// It is answered, too old, unknown, or another browser's.
    Gone(Box<Restart>),
}

/// How long a sign-on that came by POST may wait for the first page of ours, in seconds. The
/// browser comes at once.
const UNBOUND_SECONDS: i64 = 120;

/// Finds a sign-on for this browser, and binds it when no browser has it yet.
///
/// # Errors
/// The database.
pub(crate) fn find(cx: &Context, id: &PendingId) -> Result<Waiting, Stop> {
    let db = &cx.services.db;
    let Some(pending) = db.read_one(|c| store::pending::by_id(c, id))? else {
        return Ok(Waiting::Gone(Box::default()));
    };
    let hash = cx.browser.hash();
    let bound = match &pending.browser_hash {
        Some(holder) => cx.browser.known && *holder == hash,
        None => {
            cx.now < pending.created_at.plus_seconds(UNBOUND_SECONDS)
                && db.write(|c| store::pending::bind(c, id, &hash))?
        }
    };
    if bound && pending.status == PendingStatus::Open && cx.now < pending.expires_at {
        return Ok(Waiting::Here(Box::new(pending)));
    }
    let app = db.read(|c| store::apps::by_id(c, &pending.app))?;
    let restart = app.map_or_else(Restart::default, |stored| Restart {
        url: restart::url(
            &stored.app,
            pending.request.relay_state.as_deref().filter(|_| bound),
        ),
        app: Some(restart::label(&stored.app)),
    });
    Ok(Waiting::Gone(Box::new(restart)))
}

fn is_current(cx: &Context, attempt: &mut Attempt<'_>, app: &ReadyApp) -> Result<(), Refusal> {
    let skew = app.app.definition.saml.clock_skew_seconds;
    if app.sp.is_current(cx.now, skew) {
        return Ok(());
    }
    attempt.trail.fail(
        "validity of metadata",
        "not expired",
        app.sp
            .valid_until
            .map_or(String::new(), |until| until.to_string()),
        "metadata of the app",
    );
    Err(Refusal::Page(ResultCode::UnknownServiceProvider))
}

fn bound_relay_state(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    relay_state: Option<&RelayState>,
) -> Result<(), Refusal> {
    let length = relay_state.map_or(0, |relay_state| relay_state.as_str().len());
    if length <= 80 || cx.services.settings.saml.long_relay_state == LongRelayState::Echo {
        return Ok(());
    }
    attempt.trail.fail(
        "RelayState",
        "at most 80 bytes",
        format!("{length} bytes"),
        "saml.relay_state_over_80_bytes",
    );
    Err(Refusal::Page(ResultCode::InvalidAuthnRequest))
}

fn verify(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    app: &Arc<ReadyApp>,
    received: ReceivedRequest,
    relay_state: Option<&RelayState>,
) -> Result<Verified<AuthnRequest>, Refusal> {
    let settings = &cx.services.settings;
    let endpoint = settings.server.base_url.join("/saml/sso");
    let reception = Reception {
        endpoint: &endpoint,
        now: cx.now,
        skew_seconds: app.app.definition.saml.clock_skew_seconds,
        lifetime_seconds: settings.saml.request_lifetime_seconds,
        signed_needs_destination: true,
    };
    let signature_wanted = if app.trust.require_signature {
        "signed by the SP"
    } else {
        "signed by the SP, or not at all"
    };
    let presence = if received.has_signature() {
        "signed"
    } else {
        "not signed"
    };
    let trail = &mut attempt.trail;
    match received.verify(&app.trust, &reception) {
        Ok(request) => {
            let how = match request.authenticity() {
                Authenticity::Signed(by) => by.algorithm.uri(),
                Authenticity::Unsigned => "not signed",
            };
            trail.pass("signature", signature_wanted, how, app.signature_rule);
            trail.pass(
                "Destination",
                endpoint.as_str(),
                request.destination.as_deref().unwrap_or("none"),
                "the public URL",
            );
            trail.pass(
                "IssueInstant",
                format!("within {} seconds", reception.lifetime_seconds),
                request.issue_instant.to_string(),
                "saml.request_lifetime_seconds",
            );
            Ok(request)
        }
        Err(Refused::NotAuthentic(VerifyError::NotSigned)) => {
            trail.fail("signature", signature_wanted, presence, app.signature_rule);
            Err(Refusal::Page(ResultCode::SignatureMissing))
        }
        Err(Refused::NotAuthentic(VerifyError::Xml(error))) => {
            trail.fail(
                "message",
                "an AuthnRequest",
                error.to_string(),
                "SAML's schema",
            );
            Err(Refusal::Page(ResultCode::InvalidAuthnRequest))
        }
        Err(Refused::NotAuthentic(error)) => {
            trail.fail(
                "signature",
                signature_wanted,
                error.to_string(),
                app.signature_rule,
            );
            Err(Refusal::Page(ResultCode::InvalidSignature))
        }
        Err(Refused::Misdirected { expected, found }) => {
            trail.pass("signature", signature_wanted, presence, app.signature_rule);
            trail.fail(
                "Destination",
                expected,
                found.unwrap_or_else(|| "none".to_owned()),
                "the public URL",
            );
            Err(Refusal::Page(ResultCode::InvalidDestination))
        }
        Err(Refused::OutsideWindow { issued, .. }) => {
            trail.pass("signature", signature_wanted, presence, app.signature_rule);
            trail.fail(
                "IssueInstant",
                format!(
                    "within {} seconds, give or take {}",
                    reception.lifetime_seconds, reception.skew_seconds
                ),
                issued.to_string(),
                "saml.request_lifetime_seconds",
            );
            Err(Refusal::Page(ResultCode::ExpiredRequest))
        }
        Err(Refused::Invalid { head, error }) => {
            trail.pass("signature", signature_wanted, presence, app.signature_rule);
            trail.fail(
                "message",
                "a valid AuthnRequest",
                error.to_string(),
                "SAML's schema",
            );
            let result = match &error {
                RequestError::Version { .. } => ResultCode::VersionMismatch,
                RequestError::NoIssuer(_) => ResultCode::InvalidIssuer,
                _ => ResultCode::InvalidAuthnRequest,
            };
            let acs = app.sp.choose_acs(&selector(&head.acs));
            let acs = match &acs {
                Ok(acs) => Some(*acs),
                Err(error) => error.answer_at(),
            };
            match (error.status(), acs) {
                (Some(_), Some(acs)) => {
                    Err(ReplyTo::head(app, acs, &head, relay_state).refuse(result))
                }
                _ => Err(Refusal::Page(result)),
            }
        }
    }
}

fn selector(acs: &RequestedAcs) -> AcsSelector<'_> {
    AcsSelector {
        url: acs.url(),
        index: acs.index(),
        protocol_binding: acs.protocol_binding(),
    }
}

fn choose_acs(
    attempt: &mut Attempt<'_>,
    app: &Arc<ReadyApp>,
    request: &Verified<AuthnRequest>,
    relay_state: Option<&RelayState>,
) -> Result<AcsEndpoint, Refusal> {
    let asked = || match &request.acs {
        RequestedAcs::Default => "the default".to_owned(),
        RequestedAcs::Binding(binding) => format!("the default for {binding}"),
        RequestedAcs::Url { url, .. } => url.clone(),
        RequestedAcs::Index(index) => format!("index {index}"),
    };
    match app.sp.choose_acs(&selector(&request.acs)) {
        Ok(acs) => {
            attempt.trail.pass(
                "assertion consumer service",
                acs.location().as_str(),
                asked(),
                "metadata of the app",
            );
            Ok(acs.clone())
        }
        Err(error) => {
            let registered: Vec<&str> = app
                .sp
                .acs
                .iter()
                .map(|acs| acs.location().as_str())
                .collect();
            attempt.trail.fail(
                "assertion consumer service",
                registered.join(" "),
                format!("{}: {error}", asked()),
                "metadata of the app",
            );
            let result = match &error {
                AcsError::UnsupportedBinding { .. } => ResultCode::UnsupportedBinding,
                AcsError::Conflicting { .. } => ResultCode::InvalidAuthnRequest,
                _ => ResultCode::InvalidAcs,
            };
            Err(match error.answer_at() {
                Some(acs) => ReplyTo::request(app, acs, request, relay_state).refuse(result),
                None => Refusal::Page(result),
            })
        }
    }
}

/// Whether the request's list of identity providers, when it has a whole one, names us. Users are
/// logged in here, so the others on it are of no use, and ProxyCount never matters.
///
/// Spec: saml-core-2.0 §3.4.1.2.
fn serves_one_of(
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    request: &Verified<AuthnRequest>,
) -> Result<(), Refusal> {
    let Some(scoping) = &request.scoping else {
        return Ok(());
    };
    let listed = scoping.idp_list.as_deref().unwrap_or_default();
    let us = reply.app.issuer.as_str();
    // The rest of a list that is only begun here is nobody's to fetch.
    if listed.is_empty() || scoping.get_complete.is_some() || listed.iter().any(|idp| idp == us) {
        return Ok(());
    }
    attempt
        .trail
        .fail("IDPList", us, listed.join(" "), "our entity ID");
    Err(reply.refuse(ResultCode::NoSupportedIdp))
}

/// Makes of a request what the flow needs of it, and refuses what can be refused before anybody
/// logs in.
fn understand(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    request: &Verified<AuthnRequest>,
    transport: Transport,
) -> Result<SsoRequest, Refusal> {
    let app = &reply.app;
    let policy = request.name_id_policy.as_ref();
    let format = policy
        .and_then(|p| p.format.as_ref())
        .map(|f| f.uri().to_owned());
    let sp_name_qualifier = policy.and_then(|p| p.sp_name_qualifier.clone());
    let facts = NameIdFacts::of(app, cx.services.salt()?);
    let chosen = name_id::choose_format(&facts, format.as_deref());
    let qualified_well = name_id::is_own_qualifier(&app.entity_id, sp_name_qualifier.as_deref());
    attempt.trail.check(
        "NameIDPolicy",
        chosen.is_ok() && qualified_well,
        format!(
            "{} for {}",
            app.app.definition.saml.name_id_format, app.entity_id
        ),
        format!(
            "{} for {}",
            format.as_deref().unwrap_or("any"),
            sp_name_qualifier.as_deref().unwrap_or("any")
        ),
        "NameID formats of the app",
    );
    if chosen.is_err() || !qualified_well {
        return Err(reply.refuse(ResultCode::UnsupportedNameIdFormat));
    }

    serves_one_of(attempt, reply, request)?;
    let subject = match &request.subject {
        None => None,
        Some(named) if named.has_confirmation => {
            attempt.trail.fail(
                "Subject",
                "no SubjectConfirmation",
                "SubjectConfirmation",
                "saml-profiles 4.1.4.1",
            );
            return Err(reply.refuse(ResultCode::InvalidAuthnRequest));
        }
        Some(named) => match subject::requested(cx, &named.identifier)? {
            Some(name) => Some(name),
            None => {
                attempt.trail.fail(
                    "Subject",
                    "a NameID, plain or encrypted to us",
                    match named.identifier {
                        SubjectIdentifier::BaseId => "BaseID",
                        SubjectIdentifier::EncryptedId(_) => "an EncryptedID nobody here can read",
                        _ => "nothing",
                    },
                    "saml-core 3.4.1",
                );
                return Err(reply.refuse(ResultCode::UnknownPrincipal));
            }
        },
    };
    let contexts = request.requested_authn_context.as_ref().map(|asked| {
        let (classes, declarations) = match &asked.refs {
            ContextRefs::Classes(classes) => (classes.clone(), Vec::new()),
            ContextRefs::Declarations(declarations) => (Vec::new(), declarations.clone()),
        };
        RequestedContexts {
            comparison: asked.comparison.as_str().to_owned(),
            classes,
            declarations,
        }
    });
    Ok(SsoRequest {
        request_id: Some(request.id.as_str().to_owned()),
        arrived_by: match transport {
            Transport::Redirect => "redirect",
            Transport::Post => "post",
        }
        .to_owned(),
        acs: reply.acs.location().as_str().to_owned(),
        relay_state: reply.relay_state.as_ref().map(|r| r.as_str().to_owned()),
        force_authn: request.force_authn,
        is_passive: request.is_passive,
        accepted_at: cx.now.millis(),
        name_id_format: format,
        sp_name_qualifier,
        contexts,
        subject,
        attribute_service: request.attribute_consuming_service_index,
        not_on_or_after: request
            .conditions
            .as_ref()
            .and_then(|c| c.window.not_on_or_after)
            .map(Timestamp::millis),
        signed: matches!(request.authenticity(), Authenticity::Signed(_)),
        consented: false,
        code: attempt.trail.code.clone(),
        checks: Vec::new(),
    })
}
