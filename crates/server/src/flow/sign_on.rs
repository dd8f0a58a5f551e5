//! What stands next between a user and an app. Knows no protocol: SAML calls it today, OpenID
//! Connect will call the same function.

use std::borrow::Cow;

use avouch_saml::time::Timestamp;

use crate::access::authn_context::{self, StrengthOrder};
use crate::access::{self, Consent, Decision, Grant};
use crate::apps::App;
use crate::audit::ResultCode;
use crate::audit::trail::Trail;
use crate::sessions::{RequestedContexts, Session, SsoRequest};
use crate::store::{self, Connection, StoreError};
use crate::users::User;

/// What an app asks of the login.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// A login after the request is wanted.
    pub force_authn: bool,
    /// Nothing may be shown to the user.
    pub is_passive: bool,
    /// When the request was accepted.
    pub accepted_at: Timestamp,
    /// The authentication contexts wanted.
    pub contexts: Option<&'a RequestedContexts>,
    /// The contexts the app's settings permit; empty permits all.
    pub permitted_contexts: &'a [String],
}

impl<'a> Asked<'a> {
    /// What a request asks, together with what the app permits.
    pub fn of(request: &'a SsoRequest, app: &'a App) -> Self {
        Self {
            force_authn: request.force_authn,
            is_passive: request.is_passive,
            accepted_at: request.accepted_at,
            contexts: request.contexts.as_ref(),
            permitted_contexts: &app.definition.saml.permitted_contexts,
        }
    }

    /// The context to state for a login that achieved `achieved`, when that is one that is asked
    /// for and permitted.
    fn statement(&self, achieved: &str, order: &StrengthOrder) -> Option<String> {
        authn_context::statement(self.contexts, achieved, order).filter(|_| {
            self.permitted_contexts.is_empty()
                || self.permitted_contexts.iter().any(|p| p == achieved)
        })
    }

    /// The context to state for a session that will do, or why it will not.
    ///
    /// # Errors
    /// The reason, for the event: a login is needed.
    pub fn met_by(
        &self,
        session: &Session,
        order: &StrengthOrder,
        now: Timestamp,
    ) -> Result<String, &'static str> {
        if !session.is_live(now) {
            return Err("no session");
        }
        if self.force_authn && session.authn_instant <= self.accepted_at {
            return Err("a session from before the request");
        }
        self.statement(&session.authn_context, order)
            .ok_or("a session of another context")
    }
}

/// What can be achieved by logging in here and now.
#[derive(Debug, Clone, Copy)]
pub struct Methods<'a> {
    /// The context a login with a password achieves.
    pub password: &'static str,
    /// The organisation's order of strength.
    pub order: &'a StrengthOrder,
}

/// What stands next.
#[derive(Debug)]
pub enum Next {
    /// The user logs in, for the first time or again.
    LogIn,
    /// It ends here, by this rule.
    Deny(ResultCode),
    /// The user may enter; the consent page may still stand before.
    Proceed {
        /// Proof of the decision.
        grant: Grant,
        /// The context to state, which is what happened.
        context: String,
    },
}

/// Decides what stands next for whoever holds `session`, and records each rule in `trail`.
pub fn next(
    asked: &Asked<'_>,
    session: Option<(&Session, &User)>,
    app: &App,
    methods: &Methods<'_>,
    now: Timestamp,
    trail: &mut Trail,
) -> Next {
    // A context nobody can reach is told at once: logging in first would not help.
    let reachable = asked.statement(methods.password, methods.order).is_some();
    let live = session.filter(|(session, _)| session.is_live(now));
    let has_context = live.is_some_and(|(session, _)| {
        asked
            .statement(&session.authn_context, methods.order)
            .is_some()
    });
    if !reachable && !has_context {
        trail.fail(
            "authentication context",
            wanted(asked),
            methods.password,
            "RequestedAuthnContext and the contexts the app permits",
        );
        return Next::Deny(ResultCode::NoAuthnContext);
    }
    let met = match session {
        Some((session, user)) => asked
            .met_by(session, methods.order, now)
            .map(|context| (session, user, context)),
        None => Err("no session"),
    };
    let (session, user, context) = match met {
        Ok(met) => met,
        Err(why) => return login_or_no_passive(asked, why, trail),
    };
    trail.user(user);
    trail.pass(
        "session",
        "a session that will do",
        format!("logged in at {}", session.authn_instant),
        "the session",
    );
    trail.pass(
        "authentication context",
        wanted(asked),
        session.authn_context.clone(),
        "RequestedAuthnContext and the contexts the app permits",
    );
    match access::decide(user, app, now, &mut trail.checks) {
        Decision::Deny(code) => Next::Deny(code),
        Decision::Allow(grant) => Next::Proceed { grant, context },
    }
}

fn login_or_no_passive(asked: &Asked<'_>, why: &'static str, trail: &mut Trail) -> Next {
    if asked.is_passive {
        trail.fail(
            "session",
            "a session that will do without interaction",
            why,
            "IsPassive",
        );
        return Next::Deny(ResultCode::NoPassive);
    }
    trail.pass(
        "session",
        "a session that will do, or a login",
        why,
        "the session",
    );
    Next::LogIn
}

/// Names the profiles and permission sets that list the app, for the check that refused a user for
/// having none of them: the rule itself knows rows only.
///
/// # Errors
/// The database.
pub fn who_may(c: &mut Connection, app: &App) -> Result<String, StoreError> {
    let profiles = store::profiles::all(c)?
        .into_iter()
        .filter(|(id, _)| app.policy.profiles.contains(id))
        .map(|(_, name)| format!("profile {name}"));
    let sets = store::permission_sets::all(c)?
        .into_iter()
        .filter(|(id, _)| app.policy.permission_sets.contains(id))
        .map(|(_, name)| format!("permission set {name}"));
    let names: Vec<String> = profiles.chain(sets).collect();
    Ok(if names.is_empty() {
        "none does yet".to_owned()
    } else {
        names.join(", ")
    })
}

/// Whether the user is still to be asked before anything is released.
pub fn must_ask(grant: &Grant, given: bool) -> bool {
    grant.consent() == Consent::Ask && !given
}

fn wanted(asked: &Asked<'_>) -> Cow<'static, str> {
    match asked.contexts {
        None => "any".into(),
        Some(contexts) => format!(
            "{} {}",
            contexts.comparison,
            contexts
                .classes
                .iter()
                .chain(&contexts.declarations)
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        )
        .into(),
    }
}
