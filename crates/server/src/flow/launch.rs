//! Identity-provider-initiated sign-on: a user opens an app from here, without a request.

use avouch_saml::ids::RelayState;
use avouch_saml::metadata::AcsSelector;

use crate::access::{self, Decision};
use crate::audit::ResultCode;
use crate::context::Context;
use crate::flow::attempt::Attempt;
use crate::flow::proceed::proceed;
use crate::flow::registry::{By, ReadyApp};
use crate::flow::reply::ReplyTo;
use crate::flow::restart;
use crate::flow::saml_request::{bound_relay_state, is_usable};
use crate::flow::saml_sso::Answer;
use crate::flow::visitor::{SignedIn, Visitor};
use crate::refusal::{AppName, Refusal, Stop};
use crate::sessions::SsoRequest;

/// Opens the app named `api_name` for whoever is at the browser. An app with a start page of its
/// own begins there; any other gets an unsolicited response.
///
/// The caller has made sure that the user meant it: another site must not be able to sign a user
/// on by a link or an image.
///
/// # Errors
/// [`Stop::Page`] for an unknown app, and for one that takes no unsolicited responses.
pub fn start(cx: &Context, api_name: &str, relay_state: Option<&str>) -> Result<Answer, Stop> {
    let mut attempt = Attempt::new(cx, "idp", "launch");
    let outcome = open(cx, &mut attempt, api_name, relay_state);
    attempt.conclude(outcome)
}

fn open(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    api_name: &str,
    relay_state: Option<&str>,
) -> Result<Answer, Refusal> {
    let visitor = Visitor::read(cx)?;
    let app = cx
        .services
        .apps
        .find(&cx.services, visitor.version, By::ApiName(api_name), cx.now)?
        .ok_or_else(|| {
            attempt.trail.fail(
                "app",
                "a connected app",
                api_name.to_owned(),
                "connected apps",
            );
            Refusal::Page(ResultCode::UnknownServiceProvider)
        })?;
    let saml = &app.app.definition.saml;
    let asked = relay_state.map(|value| RelayState::new(value.to_owned()));
    attempt.about(&app, asked.as_ref());
    is_usable(cx, attempt, &app)?;
    bound_relay_state(cx, attempt, asked.as_ref())?;
    if let Some(start_url) = &app.app.definition.start_url {
        may_leave(cx, attempt, &app, visitor.session.as_ref()).map_err(Refusal::Page)?;
        if asked.is_some() {
            tracing::info!(
                request.id = cx.request_id,
                app.id = %app.app.id,
                "the RelayState of a launch stays behind: the app has a start URL of its own"
            );
        }
        return Ok(Answer::Leave(start_url.clone()));
    }
    if !saml.allow_unsolicited {
        attempt.trail.fail(
            "way to start",
            "a start URL, or unsolicited responses allowed",
            "neither",
            "the app's settings",
        );
        return Err(Refusal::Page(ResultCode::InvalidSettings));
    }
    if asked.is_some() && !saml.allow_relay_state_override {
        attempt.trail.pass(
            "RelayState",
            "the app's default",
            "another one, ignored",
            "the app's settings",
        );
    }
    let relay_state = asked
        .filter(|_| saml.allow_relay_state_override)
        .or_else(|| saml.default_relay_state.clone().map(RelayState::new));
    let acs = app
        .sp
        .choose_acs(&AcsSelector::default())
        .map_err(|error| {
            attempt.trail.fail(
                "assertion consumer service",
                "one for HTTP-POST",
                error.to_string(),
                "metadata of the app",
            );
            Refusal::Page(ResultCode::InvalidAcs)
        })?;
    let reply = ReplyTo::unsolicited(&app, acs, relay_state);
    let sso = SsoRequest {
        request_id: None,
        arrived_by: "launch".to_owned(),
        acs: acs.location().as_str().to_owned(),
        relay_state: reply.relay_state.as_ref().map(|r| r.as_str().to_owned()),
        force_authn: false,
        is_passive: false,
        accepted_at: cx.now.millis(),
        name_id_format: None,
        sp_name_qualifier: None,
        contexts: None,
        subject: None,
        attribute_service: None,
        not_on_or_after: None,
        signed: false,
        consented: false,
        begun_by: cx.request_id.clone(),
        checks: Vec::new(),
    };
    proceed(cx, attempt, &reply, sso, visitor.session.as_ref())
}

/// Whether a launch may lead to the app's own page: refused here as the request that comes of it
/// would be, and with an event. Who is not signed in will be once that request is here.
fn may_leave(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    app: &ReadyApp,
    visitor: Option<&SignedIn>,
) -> Result<(), ResultCode> {
    let Some(found) = visitor else {
        return access::app_is_open(&app.app, &mut attempt.trail.checks);
    };
    attempt.trail.user(&found.user);
    match access::decide(&found.user, &app.app, cx.now, &mut attempt.trail.checks) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(code) => Err(code),
    }
}

/// The app that a launch URL names, for the question before it is opened; `None` when there is
/// none.
///
/// # Errors
/// The database.
pub fn named(cx: &Context, api_name: &str) -> Result<Option<AppName>, Stop> {
    let stored = cx
        .services
        .db
        .read(|c| crate::store::apps::by_api_name(c, api_name))?;
    Ok(stored.map(|stored| restart::label(&stored.app)))
}
