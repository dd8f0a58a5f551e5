//! What stands next between a user and an app. Knows no protocol: SAML calls it today, OpenID
//! Connect will call the same function.

use avouch_saml::time::Timestamp;

use crate::access::authn_context::{self, ContextMap, StrengthOrder};
use crate::access::{self, Consent, Decision, Facts, Grant};
use crate::apps::App;
use crate::apps::saml::RequestedContext;
use crate::apps::settings::split_mapped;
use crate::audit::ResultCode;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::trail::Trail;
use crate::sessions::{Asked, Lacking, Requirement, Session};
use crate::store::{self, Connection, StoreError};
use crate::users::User;

/// What an app asks of the login, together with what its settings permit.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What the request asks.
    pub asked: &'a Asked,
    /// The contexts the app's settings permit; empty permits all.
    pub permitted_contexts: &'a [String],
    /// What becomes of the contexts asked for.
    pub requested_context: RequestedContext,
    /// What satisfies them, of the app's own.
    pub context_map: &'a [String],
}

impl<'a> Wanted<'a> {
    /// What `asked` wants for `app`.
    pub fn of(asked: &'a Asked, app: &'a App) -> Self {
        Self {
            asked,
            permitted_contexts: &app.definition.saml.permitted_contexts,
            requested_context: app.definition.saml.requested_context,
            context_map: &app.definition.saml.context_map,
        }
    }

    /// The context to state for a login that achieved `achieved`, when that is one that is asked
    /// for and permitted.
    fn statement(&self, achieved: &str, order: &StrengthOrder) -> Option<String> {
        let contexts = self
            .asked
            .contexts
            .as_ref()
            .filter(|_| self.requested_context != RequestedContext::Ignore);
        let stated = authn_context::statement(contexts, achieved, order);
        let mapped = || {
            let asked = contexts.filter(|_| self.requested_context == RequestedContext::Map)?;
            let lines = self.context_map.iter().map(|line| split_mapped(line));
            let own = ContextMap::new(lines).satisfied(asked, achieved);
            own.or_else(|| order.map.satisfied(asked, achieved))
        };
        stated.or_else(mapped).filter(|_| {
            self.permitted_contexts.is_empty()
                || self.permitted_contexts.iter().any(|p| p == achieved)
        })
    }

    /// The context to state for a session that will do.
    ///
    /// # Errors
    /// What the user has to show first.
    pub fn met_by(
        &self,
        session: Option<&Session>,
        order: &StrengthOrder,
        now: Timestamp,
    ) -> Result<String, Requirement> {
        let lacks = |lacking| Requirement {
            lacking,
            anew: self.asked.force_authn,
        };
        let session = session
            .filter(|session| session.is_live(now))
            .ok_or(lacks(Lacking::Session))?;
        if self.asked.force_authn && session.authn_instant <= self.asked.accepted_at {
            return Err(lacks(Lacking::Freshness));
        }
        self.statement(&session.authn_context, order)
            .ok_or(lacks(Lacking::Context))
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
    /// The user has something to show first.
    Prove(Requirement),
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
    wanted: &Wanted<'_>,
    session: Option<(&Session, &User)>,
    app: &App,
    methods: &Methods<'_>,
    now: Timestamp,
    trail: &mut Trail,
) -> Next {
    // A context nobody can reach is told at once: logging in first would not help.
    let reachable = wanted.statement(methods.password, methods.order).is_some();
    let live = session.filter(|(session, _)| session.is_live(now));
    let has_context = live.is_some_and(|(session, _)| {
        wanted
            .statement(&session.authn_context, methods.order)
            .is_some()
    });
    if !reachable && !has_context {
        trail.fail(
            Rule::AuthnContext,
            named(wanted),
            Value::uri(methods.password),
            Origin::RequestedAndPermittedContexts,
        );
        return Next::Deny(ResultCode::NoAuthnContext);
    }
    let met = wanted.met_by(session.map(|(session, _)| session), methods.order, now);
    let (session, user, context) = match (met, session) {
        (Ok(context), Some((session, user))) => (session, user, context),
        (Err(requirement), _) => return prove_or_no_passive(wanted, requirement, trail),
        // Nobody meets anything without a session.
        (Ok(_), None) => unreachable!("what no session meets was answered above"),
    };
    trail.user(user);
    trail.pass(
        Rule::Session,
        Phrase::SessionThatWillDo,
        Phrase::LoggedInAt.with([session.authn_instant.into()]),
        Origin::Session,
    );
    trail.pass(
        Rule::AuthnContext,
        named(wanted),
        Value::uri(&session.authn_context),
        Origin::RequestedAndPermittedContexts,
    );
    let facts = Facts { user, app, now };
    match access::decide(&facts, &mut trail.checks) {
        Decision::Deny(code) => Next::Deny(code),
        Decision::Allow(grant) => Next::Proceed { grant, context },
    }
}

fn prove_or_no_passive(wanted: &Wanted<'_>, requirement: Requirement, trail: &mut Trail) -> Next {
    let why = requirement.lacking.found();
    if wanted.asked.is_passive {
        trail.fail(
            Rule::Session,
            Phrase::SessionWithoutInteraction,
            why,
            Origin::IsPassive,
        );
        return Next::Deny(ResultCode::NoPassive);
    }
    trail.pass(Rule::Session, Phrase::SessionOrLogin, why, Origin::Session);
    Next::Prove(requirement)
}

/// Names the profiles and permission sets that list the app, for the check that refused a user for
/// having none of them: the rule itself knows rows only.
///
/// # Errors
/// The database.
pub fn who_may(c: &mut Connection, app: &App) -> Result<Value, StoreError> {
    let profiles = store::profiles::all(c)?
        .into_iter()
        .filter(|(id, _)| app.policy.profiles.contains(id))
        .map(|(_, name)| Phrase::Profile.with([Value::text(name)]));
    let sets = store::permission_sets::all(c)?
        .into_iter()
        .filter(|(id, _)| app.policy.permission_sets.contains(id))
        .map(|(_, name)| Phrase::PermissionSet.with([Value::text(name)]));
    Ok(match Value::list(profiles.chain(sets)) {
        Value::Nothing => Phrase::NoneDoesYet.into(),
        named => named,
    })
}

/// Whether the user is still to be asked before anything is released.
pub fn must_ask(grant: &Grant, given: bool) -> bool {
    grant.consent() == Consent::Ask && !given
}

fn named(wanted: &Wanted<'_>) -> Value {
    match &wanted.asked.contexts {
        None => Phrase::Any.into(),
        Some(contexts) => Value::text(format!(
            "{} {}",
            contexts.comparison,
            contexts
                .classes
                .iter()
                .chain(&contexts.declarations)
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        )),
    }
}
