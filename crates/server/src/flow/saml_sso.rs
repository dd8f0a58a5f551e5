//! SAML sign-on: a request comes in ([`begin`]), waits for its user ([`resume`]), and is answered.

use avouch_saml::binding::post::PostForm;
use avouch_saml::binding::{BindingError, ReceivedRequest, Transport};
use avouch_saml::ids::RelayState;
use avouch_saml::metadata::Binding;

use crate::audit::ResultCode;
use crate::context::Context;
use crate::flow::attempt::{Attempt, Origin};
use crate::flow::dev::exchanges::Message;
use crate::flow::proceed::proceed;
use crate::flow::registry::By;
use crate::flow::reply::ReplyTo;
use crate::flow::restart;
use crate::flow::saml_request::{bound_relay_state, choose_acs, is_usable, understand, verify};
use crate::flow::visitor::Visitor;
use crate::refusal::{AppName, Refusal, Stop};
use crate::sessions::{Pending, PendingId, PendingStatus};
use crate::store;

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
        exchanges.request(trail.begun_by(cx), Message::received(&received, cx));
    }

    let visitor = Visitor::read(cx)?;
    let app =
        cx.services
            .apps
            .find(&cx.services, visitor.version, By::EntityId(&issuer), cx.now)?;
    let Some(app) = app else {
        // Whoever sends many such requests is not searched for.
        let near = if cx.services.strangers.has_room(cx.client, cx.now) {
            almost(cx, &issuer)?
        } else {
            None
        };
        let expected = match near {
            Some(near) => format!("a connected app, such as {near}"),
            None => "a connected app".to_owned(),
        };
        trail.fail(
            "service provider",
            expected,
            issuer.clone(),
            "connected apps",
        );
        return Err(Refusal::Page(ResultCode::UnknownServiceProvider));
    };
    attempt.about(&app, relay_state.as_ref());
    is_usable(cx, attempt, &app)?;
    bound_relay_state(cx, attempt, relay_state.as_ref())?;

    let request = verify(cx, attempt, &app, received, relay_state.as_ref())?;
    attempt.origin = Origin::Request(store::replay::Message {
        issued_at: request.issue_instant,
        issuer: app.entity_id.as_str().to_owned(),
        id: request.id.as_str().to_owned(),
    });
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

/// The entity ID that `issuer` would be but for its scheme, letter case or final slash: the usual
/// slips, which a reader of two lines overlooks. Looked for among apps of the same host only.
fn almost(cx: &Context, issuer: &str) -> Result<Option<String>, store::StoreError> {
    const LOOKED_AT: i64 = 50;
    let bare = |id: &str| {
        let id = id.trim().to_lowercase();
        let id = id.split_once("://").map_or(id.as_str(), |(_, rest)| rest);
        id.trim_end_matches('/').to_owned()
    };
    let wanted = bare(issuer);
    let host = wanted.split(['/', '?', '#']).next().unwrap_or(&wanted);
    if host.is_empty() {
        return Ok(None);
    }
    let lines = cx
        .services
        .db
        .read(|c| store::apps::list(c, host, None, LOOKED_AT))?;
    Ok(lines
        .into_iter()
        .map(|line| line.entity_id)
        .find(|id| bare(id) == wanted))
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
    is_usable(cx, attempt, &app)?;
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
                pending.request.acs.clone(),
                "metadata of the app",
            );
            Refusal::Page(ResultCode::InvalidAcs)
        })?;
    Ok(ReplyTo::resumed(&app, acs, &pending.request))
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
    if !bound {
        tracing::warn!(
            request.id = cx.request_id,
            pending.id = %id,
            client = %cx.client,
            "a sign-on was opened in a browser that it is not bound to"
        );
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
