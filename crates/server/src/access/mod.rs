//! May this user enter this app now? Facts in, a decision out.

pub mod authn_context;

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

/// Decides whether `user` may enter `app` at `now`, and appends each rule looked at to `checks`.
/// The rules are conjunctive: one more rule can only take access away.
pub fn decide(user: &User, app: &App, now: Timestamp, checks: &mut Vec<Check>) -> Decision {
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
        name: "user is active".to_owned(),
        passed: user.active,
        expected: "active".to_owned(),
        received: if user.active { "active" } else { "deactivated" }.to_owned(),
        source: "the user".to_owned(),
    }
}

fn app_is_not_blocked(app: &App) -> Check {
    Check {
        name: "app is not blocked".to_owned(),
        passed: app.state != AppState::Blocked,
        expected: "not blocked".to_owned(),
        received: app.state.as_str().to_owned(),
        source: "the app's local policy".to_owned(),
    }
}

fn app_is_installed(app: &App) -> Check {
    Check {
        name: "app is installed".to_owned(),
        passed: app.state != AppState::Uninstalled,
        expected: "installed".to_owned(),
        received: app.state.as_str().to_owned(),
        source: "the app's local policy".to_owned(),
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
        PermittedUsers::SelfAuthorize => (true, "any active user".to_owned()),
        PermittedUsers::AdminApproved => (
            app.policy.profiles.contains(&user.profile)
                || user
                    .permission_sets
                    .iter()
                    .any(|(id, _)| app.policy.permission_sets.contains(id)),
            "a profile or permission set that lists the app".to_owned(),
        ),
    };
    Check {
        name: "user is permitted".to_owned(),
        passed,
        expected,
        received: names(),
        source: "permitted users of the app's local policy".to_owned(),
    }
}
