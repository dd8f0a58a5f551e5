//! May this user enter this app now? Facts in, a decision out.

pub mod authn_context;

use std::borrow::Cow;

use avouch_saml::time::Timestamp;

use crate::apps::{App, AppId, AppState, PermittedUsers};
use crate::audit::{Check, ResultCode};
use crate::users::{User, UserId};

/// Proof that [`decide`] let this user into this app. Built nowhere else: search for `Grant {`
/// to see every way in.
#[derive(Debug, Clone)]
pub struct Grant {
    app: AppId,
    user: UserId,
    at: Timestamp,
    consent: Consent,
}

impl Grant {
    /// The app.
    pub fn app(&self) -> &AppId {
        &self.app
    }

    /// The user.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// When it was decided.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the user must be asked before anything is released.
    pub fn consent(&self) -> Consent {
        self.consent
    }
}

/// Whether a consent page stands before the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Go on.
    NotNeeded,
    /// Ask, unless the user agreed to the same release before.
    Ask,
}

/// What [`decide`] found.
#[derive(Debug, Clone)]
pub enum Decision {
    /// The user may enter.
    Allow(Grant),
    /// The user may not, and this is the rule that refused.
    Deny(ResultCode),
}

/// What is known when a decision is made. Whatever a rule may ask stands here.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Who wants to enter.
    pub user: &'a User,
    /// Where.
    pub app: &'a App,
    /// When.
    pub now: Timestamp,
}

/// Decides whether the user may enter the app now, and appends each rule looked at to `checks`.
/// The rules are conjunctive: one more rule can only take access away.
pub fn decide(facts: &Facts<'_>, checks: &mut Vec<Check>) -> Decision {
    let Facts { user, app, now } = *facts;
    let refused = hold(ResultCode::UserInactive, user_is_active(user), checks)
        .and_then(|()| app_is_open(app, checks))
        .and_then(|()| {
            hold(
                ResultCode::AppAccessDenied,
                user_is_permitted(user, app),
                checks,
            )
        });
    if let Err(code) = refused {
        return Decision::Deny(code);
    }
    let consent = match app.policy.permitted_users {
        PermittedUsers::SelfAuthorize if app.policy.ask_consent => Consent::Ask,
        PermittedUsers::SelfAuthorize | PermittedUsers::AdminApproved => Consent::NotNeeded,
    };
    Decision::Allow(Grant {
        app: app.id.clone(),
        user: user.id.clone(),
        at: now,
        consent,
    })
}

/// The rules about `app` alone, for when nobody is known yet.
///
/// # Errors
/// The rule that refused.
pub fn app_is_open(app: &App, checks: &mut Vec<Check>) -> Result<(), ResultCode> {
    hold(ResultCode::AppBlocked, app_is_not_blocked(app), checks)?;
    hold(ResultCode::AppNotInstalled, app_is_installed(app), checks)
}

fn hold(code: ResultCode, check: Check, checks: &mut Vec<Check>) -> Result<(), ResultCode> {
    let passed = check.passed;
    checks.push(check);
    if passed { Ok(()) } else { Err(code) }
}

fn user_is_active(user: &User) -> Check {
    Check {
        name: "user is active".into(),
        passed: user.active,
        expected: "active".into(),
        received: if user.active { "active" } else { "deactivated" }.into(),
        source: "the user".into(),
    }
}

fn app_is_not_blocked(app: &App) -> Check {
    Check {
        name: "app is not blocked".into(),
        passed: app.state != AppState::Blocked,
        expected: "not blocked".into(),
        received: app.state.as_str().into(),
        source: "the app's local policy".into(),
    }
}

fn app_is_installed(app: &App) -> Check {
    Check {
        name: "app is installed".into(),
        passed: app.state != AppState::Uninstalled,
        expected: "installed".into(),
        received: app.state.as_str().into(),
        source: "the app's local policy".into(),
    }
}

fn user_is_permitted(user: &User, app: &App) -> Check {
    let names = || {
        std::iter::once(format!("profile {}", user.profile_name))
            .chain(
                user.permission_sets
                    .iter()
                    .map(|(_, name)| format!("permission set {name}")),
            )
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (passed, expected) = match app.policy.permitted_users {
        PermittedUsers::SelfAuthorize => (true, Cow::Borrowed("any active user")),
        PermittedUsers::AdminApproved => (
            app.policy.profiles.contains(&user.profile)
                || user
                    .permission_sets
                    .iter()
                    .any(|(id, _)| app.policy.permission_sets.contains(id)),
            "a profile or permission set that lists the app".into(),
        ),
    };
    Check {
        name: "user is permitted".into(),
        passed,
        expected,
        received: names().into(),
        source: "permitted users of the app's local policy".into(),
    }
}
