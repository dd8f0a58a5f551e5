//! SAML sign-on: a request comes in ([`begin`]), waits for its user ([`resume`]), and is answered.

use avouch_saml::binding::{BindingError, ReceivedRequest, Transport};
use avouch_saml::metadata::Binding;

use crate::audit::ResultCode;
use crate::audit::check::{self, Phrase, Rule, Value};
use crate::audit::limiter::Source;
use crate::cache::apps::By;
use crate::context::Context;
use crate::dev::exchanges::Message;
use crate::flow::outcome::{Answer, Errand, Step, Stop};
use crate::flow::saml::attempt::{Attempt, Origin};
use crate::flow::saml::enter::proceed;
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::reply::ReplyTo;
use crate::flow::saml::request::{bound_relay_state, choose_acs, is_usable, understand, verify};
use crate::flow::sign_on::current_user::CurrentUser;
use crate::sessions::{Pending, Stage};
use crate::store;

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
            Rule::Message,
            Phrase::AuthnRequest,
            Value::text(error.to_string()),
            check::Origin::Binding,
        );
        Refusal::Page(ResultCode::InvalidAuthnRequest)
    })?;
    let issuer = received.claimed_issuer().as_str().to_owned();
    trail.entity_id = Some(issuer.clone());
    let relay_state = received.relay_state().cloned();
    let transport = received.transport();
    let begun_by = trail.begun_by(&cx.request_id);
    cx.services.observer.request(begun_by, || {
        let endpoint = cx.services.settings.server.base_url.join("/saml/sso");
        Message::received(&received, endpoint)
    });

    let current = CurrentUser::read(cx)?;
    let app = cx
        .services
        .app(current.versions, By::EntityId(&issuer), cx.now)?;
    let Some(app) = app else {
        // Whoever sends many such requests is not searched for.
        let near = if cx
            .services
            .event_limiter
            .has_room(&Source::of(cx.client), cx.now)
        {
            almost(cx, &issuer)?
        } else {
            None
        };
        let expected = match near {
            Some(near) => Phrase::ConnectedAppSuchAs.with([Value::text(near)]),
            None => Phrase::ConnectedApp.into(),
        };
        trail.fail(
            Rule::ServiceProvider,
            expected,
            Value::text(issuer.clone()),
            check::Origin::ConnectedApps,
        );
        return Err(Refusal::Page(ResultCode::UnknownServiceProvider));
    };
    attempt.about(&app, relay_state.as_ref());
    is_usable(cx, attempt, &app)?;

    let request = verify(cx, attempt, &app, received, relay_state.as_ref())?;
    attempt.origin = Origin::Request(store::replay::Message {
        issued_at: request.issue_instant,
        issuer: app.entity_id.as_str().to_owned(),
        id: request.id.as_str().to_owned(),
    });
    let acs = choose_acs(attempt, &app, &request, relay_state.as_ref())?;
    // From here on, the SP can be answered.
    let reply = ReplyTo::request(&app, &acs, &request, relay_state.as_ref());
    bound_relay_state(cx, attempt, relay_state.as_ref()).map_err(|result| reply.refuse(result))?;
    let asking = understand(cx, attempt, &reply, &request, transport)?;

    // A POST from another site comes without the session's cookie: look for it on a page of ours.
    if transport == Transport::Post && cx.session_hash.is_none() {
        let id = attempt.keep(&app, asking, Stage::Arriving, None)?;
        return Ok(Answer::Step(Step::GoOn(Errand::SignOn(id))));
    }
    proceed(cx, attempt, &reply, asking, current.session.as_ref())
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

/// Goes on with a sign-on that waited, now that what it waited for may be there.
///
/// # Errors
/// As [`begin`].
pub fn resume(cx: &Context, pending: Pending) -> Result<Answer, Stop> {
    let mut attempt = Attempt::resumed(cx, &pending);
    let outcome = go_on(cx, &mut attempt, pending);
    attempt.conclude(outcome)
}

fn go_on(cx: &Context, attempt: &mut Attempt<'_>, pending: Pending) -> Result<Answer, Refusal> {
    let current = CurrentUser::read(cx)?;
    let reply = reply_of(cx, attempt, &current, &pending)?;
    let session = current.session.as_ref();
    proceed(cx, attempt, &reply, pending.asking, session)
}

/// The user at the browser does not want to log in: the SP is told, and the sign-on ends.
///
/// # Errors
/// As [`begin`].
pub fn cancel(cx: &Context, pending: &Pending) -> Result<Answer, Stop> {
    let current = CurrentUser::read(cx)?;
    let mut attempt = Attempt::resumed(cx, pending);
    let refused = reply_of(cx, &mut attempt, &current, pending).and_then(|reply| {
        attempt.trail.fail(
            Rule::Login,
            Phrase::ALogin,
            Phrase::Cancelled,
            check::Origin::User,
        );
        Err(reply.refuse(ResultCode::Cancelled))
    });
    attempt.conclude(refused)
}

/// Where a sign-on that waited is answered: its app and ACS as they are registered now.
pub(crate) fn reply_of(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    current: &CurrentUser,
    pending: &Pending,
) -> Result<ReplyTo, Refusal> {
    let app = cx
        .services
        .app(current.versions, By::Id(&pending.app), cx.now)?
        .ok_or_else(|| {
            attempt.trail.fail(
                Rule::ServiceProvider,
                Phrase::ConnectedApp,
                Phrase::Removed,
                check::Origin::ConnectedApps,
            );
            Refusal::Page(ResultCode::UnknownServiceProvider)
        })?;
    attempt.about(&app, pending.asking.request.relay_state());
    is_usable(cx, attempt, &app)?;
    let acs = app
        .sp
        .acs
        .iter()
        .find(|acs| {
            *acs.binding() == Binding::HttpPost && acs.location() == pending.asking.request.acs()
        })
        .ok_or_else(|| {
            attempt.trail.fail(
                Rule::AcsChoice,
                Phrase::OneOfTheApps,
                Value::text(pending.asking.request.acs().to_string()),
                check::Origin::AppMetadata,
            );
            Refusal::Page(ResultCode::InvalidAcs)
        })?;
    Ok(ReplyTo::resumed(&app, acs, pending))
}
