//! Would this user be let into this app now, and what exactly would the SP receive? Answered by the
//! functions that answer a real sign-on, short of the signature. Nothing is sent or recorded.

use avouch_saml::metadata::AcsSelector;
use avouch_saml::name_id::NameId;

use super::error::{Missing, Noun};
use super::{Acting, AdminContext, AdminError, SEES_APPS, Wrong, apps, view};
use crate::access::Consent;
use crate::apps::App;
use crate::attributes::name_id::NameIdFacts;
use crate::attributes::release::ReleasedAttribute;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::trail::Trail;
use crate::audit::{Check, EventKind, ResultCode};
use crate::cache::apps::{By, ReadyApp};
use crate::context::Context;
use crate::fault::OperatorError;
use crate::flow::saml::answer::{Success, assemble, protect};
use crate::flow::saml::enter::{what_is_released, what_name};
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::reply::ReplyTo;
use crate::flow::saml::request::usable;
use crate::flow::sign_on::next::{self, Methods, Next, Wanted};
use crate::sessions::{Asked, SamlWishes, Session, SessionId};
use crate::store;
use crate::users::{AdminRight, User};

/// What would happen.
#[derive(Debug)]
pub struct Simulated {
    /// The app.
    pub app: App,
    /// Who looks.
    pub viewer: Acting,
    /// The outcome; `None` while no user was named.
    pub outcome: Option<Outcome>,
}

/// What would happen to the user.
#[derive(Debug)]
pub struct Outcome {
    /// What refuses; `None` when the user is let in.
    pub refused: Option<ResultCode>,
    /// The consent page would ask first, unless it did before.
    pub consent: bool,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// NameID.
    pub name_id: Option<NameId>,
    /// The attributes.
    pub attributes: Vec<ReleasedAttribute>,
    /// What is held back, and why.
    pub notes: Vec<Value>,
    /// The assertion, unsigned: signed, it would open the app to whoever reads the page.
    pub assertion: Option<String>,
}

/// Tries the user `username`, or nobody when that is empty, at the app `id`.
///
/// # Errors
/// [`AdminError`]; it takes a right on apps and the right to manage users, whose data it shows.
pub fn simulate(cx: &Context, id: &str, username: &str) -> Result<Simulated, AdminError> {
    let (app, viewer, user, versions) = view(&AdminContext::of(cx), SEES_APPS, |c, viewer| {
        viewer.require(AdminRight::ManageUsers)?;
        let stored = apps::find(c, id)?;
        let user = match username {
            "" => None,
            name => Some(
                store::users::by_username(c, name)?
                    .ok_or_else(|| Wrong::new("user", format!("There is no user {name:?}.")))?,
            ),
        };
        let versions = store::state::versions(c)?;
        Ok((stored.app, viewer.clone(), user, versions))
    })?;
    let outcome = match &user {
        None => None,
        Some(user) => {
            let ready = cx
                .services
                .app(versions, By::Id(&app.id), cx.now)?
                .ok_or_else(|| Missing::among(Noun::App, id, []))?;
            Some(try_out(cx, &ready, user)?)
        }
    };
    Ok(Simulated {
        app,
        viewer,
        outcome,
    })
}

fn try_out(
    cx: &Context,
    app: &std::sync::Arc<ReadyApp>,
    user: &User,
) -> Result<Outcome, OperatorError> {
    let random = &mut *cx.random();
    let mut trail = Trail::of(EventKind::SignOn);
    let refused = |trail: Trail, result| Outcome {
        refused: Some(result),
        consent: false,
        checks: trail.checks,
        name_id: None,
        attributes: Vec::new(),
        notes: Vec::new(),
        assertion: None,
    };
    if let Err(result) = usable(app, cx.now, &mut trail) {
        return Ok(refused(trail, result));
    }
    let acs = match app.sp.choose_acs(&AcsSelector::default()) {
        Ok(acs) => acs,
        Err(error) => {
            trail.fail(
                Rule::AcsChoice,
                Phrase::OneForPost,
                Value::text(error.to_string()),
                Origin::AppMetadata,
            );
            return Ok(refused(trail, ResultCode::InvalidAcs));
        }
    };
    let reply = ReplyTo::unsolicited(app, acs, None);
    let session = just_logged_in(cx, user);
    let asked = Asked::nothing(cx.now);
    let wanted = Wanted::of(&asked, &app.app);
    let methods = Methods {
        password: cx.services.password_context(),
        order: &cx.services.context_strength,
    };
    let next = next::next(
        &wanted,
        Some((&session, user)),
        &app.app,
        &methods,
        cx.now,
        &mut trail,
    );
    let (grant, context) = match next {
        Next::Proceed { grant, context } => (grant, context),
        Next::Deny(result) => return Ok(refused(trail, result)),
        // A login just now is as much as anybody can do.
        Next::Prove(_) => return Ok(refused(trail, ResultCode::NoAuthnContext)),
    };
    const NO_WISHES: &SamlWishes = &SamlWishes::none();
    let released = match what_is_released(cx, app, user, NO_WISHES, &mut trail) {
        Ok(released) => released,
        Err(result) => return Ok(refused(trail, result)),
    };
    let facts = NameIdFacts::of(app, cx.services.salt()?);
    let name_id = match what_name(&facts, user, NO_WISHES, random, &mut trail) {
        Ok(name_id) => name_id,
        Err(result) => return Ok(refused(trail, result)),
    };
    if let Err(refusal) = protect(&reply, &mut trail) {
        return Ok(refused(trail, result_of(&refusal)));
    }
    let success = Success {
        grant: &grant,
        session: &session,
        context,
        name_id: name_id.clone(),
        attributes: released.attributes.clone(),
        requested_end: None,
    };
    let assertion = assemble(&reply, success, cx.now, random)
        .write()
        .map_err(OperatorError::new)?;
    Ok(Outcome {
        refused: None,
        consent: grant.consent() == Consent::Ask,
        checks: trail.checks,
        name_id,
        attributes: released.attributes,
        notes: released.notes,
        assertion: Some(String::from_utf8_lossy(assertion.as_bytes()).into_owned()),
    })
}

/// What a refusal would be recorded as. A fault of ours ends on a page without an event.
fn result_of(refusal: &Refusal) -> ResultCode {
    match refusal {
        Refusal::Page(result) | Refusal::Reply(_, result) => *result,
        Refusal::Ours(_) => ResultCode::InternalError,
    }
}

/// The session the user would have after logging in now. It is in no table.
fn just_logged_in(cx: &Context, user: &User) -> Session {
    let login = &cx.services.settings.login;
    Session {
        id: SessionId::new("simulated"),
        user: user.id.clone(),
        authn_instant: cx.now,
        authn_context: cx.services.password_context().to_owned(),
        created_at: cx.now,
        last_seen: cx.now,
        idle_expires: cx.now.plus_seconds(login.session_idle_seconds),
        absolute_expires: cx.now.plus_seconds(login.session_absolute_seconds),
        token_hash: String::new(),
        address: String::new(),
        user_agent: String::new(),
    }
}
