//! Identity-provider-initiated sign-on: a user opens an app from here, without a request.

use avouch_saml::ids::RelayState;
use avouch_saml::metadata::AcsSelector;

use crate::access::{self, Decision, Facts};
use crate::audit::ResultCode;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::cache::apps::{By, ReadyApp};
use crate::context::Context;
use crate::flow::outcome::Answer;
use crate::flow::outcome::{AppName, Stop};
use crate::flow::saml::attempt::Attempt;
use crate::flow::saml::enter::proceed;
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::reply::ReplyTo;
use crate::flow::saml::request::{bound_relay_state, is_usable};
use crate::flow::sign_on::current_user::{CurrentUser, SignedIn};
use crate::flow::sign_on::restart;
use crate::sessions::{Asked, Asking, Launch, Request};

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
    let current = CurrentUser::read(cx)?;
    let app = cx
        .services
        .app(current.versions, By::ApiName(api_name), cx.now)?
        .ok_or_else(|| {
            attempt.trail.fail(
                Rule::App,
                Phrase::ConnectedApp,
                Value::text(api_name.to_owned()),
                Origin::ConnectedApps,
            );
            Refusal::Page(ResultCode::UnknownServiceProvider)
        })?;
    let saml = &app.app.definition.saml;
    let asked = relay_state.map(|value| RelayState::new(value.to_owned()));
    attempt.about(&app, asked.as_ref());
    is_usable(cx, attempt, &app)?;
    bound_relay_state(cx, attempt, asked.as_ref()).map_err(Refusal::Page)?;
    if let Some(start_url) = &app.app.definition.start_url {
        may_leave(cx, attempt, &app, current.session.as_ref()).map_err(Refusal::Page)?;
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
            Rule::WayToStart,
            Phrase::StartUrlOrUnsolicited,
            Phrase::Neither,
            Origin::AppSettings,
        );
        return Err(Refusal::Page(ResultCode::InvalidSettings));
    }
    if asked.is_some() && !saml.allow_relay_state_override {
        attempt.trail.pass(
            Rule::RelayState,
            Phrase::TheAppsDefault,
            Phrase::AnotherIgnored,
            Origin::AppSettings,
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
                Rule::AcsChoice,
                Phrase::OneForPost,
                Value::text(error.to_string()),
                Origin::AppMetadata,
            );
            Refusal::Page(ResultCode::InvalidAcs)
        })?;
    let reply = ReplyTo::unsolicited(&app, acs, relay_state);
    let asking = Asking {
        request: Request::Launch(Launch {
            acs: acs.location().clone(),
            relay_state: reply.relay_state.clone(),
        }),
        asked: Asked::nothing(cx.now),
    };
    proceed(cx, attempt, &reply, asking, current.session.as_ref())
}

/// Whether a launch may lead to the app's own page: refused here as the request that comes of it
/// would be, and with an event. Who is not signed in will be once that request is here.
fn may_leave(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    app: &ReadyApp,
    current: Option<&SignedIn>,
) -> Result<(), ResultCode> {
    let Some(found) = current else {
        return access::app_is_open(&app.app, &mut attempt.trail.checks);
    };
    attempt.trail.user(&found.user);
    let facts = Facts {
        user: &found.user,
        app: &app.app,
        now: cx.now,
    };
    match access::decide(&facts, &mut attempt.trail.checks) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(code) => Err(code),
    }
}

/// The app that a launch URL names, for the question before it is opened, and whether a link on the site
/// `origin` opens it without; `None` when there is none.
///
/// # Errors
/// The database.
pub fn named(
    cx: &Context,
    api_name: &str,
    origin: Option<&str>,
) -> Result<Option<(AppName, bool)>, Stop> {
    let stored = cx
        .services
        .db
        .read(|c| crate::store::apps::by_api_name(c, api_name))?;
    Ok(stored.map(|stored| {
        let trusted = &stored.app.definition.saml.launch_origins;
        let is_trusted = origin.is_some_and(|origin| trusted.iter().any(|t| t == origin));
        (restart::label(&stored.app), is_trusted)
    }))
}
