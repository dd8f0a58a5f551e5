//! May this user enter this app now? Facts in, a decision out.

pub mod authn_context;

use avouch_saml::time::Timestamp;

use crate::apps::{App, AppId, AppState, PermittedUsers};
use crate::audit::check::{Origin, Phrase, Rule, Value};
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
    if !app.not_understood.is_empty() {
        hold(ResultCode::InvalidSettings, app_is_understood(app), checks)?;
    }
    hold(ResultCode::AppBlocked, app_is_not_blocked(app), checks)?;
    hold(ResultCode::AppNotInstalled, app_is_installed(app), checks)
}

fn hold(code: ResultCode, check: Check, checks: &mut Vec<Check>) -> Result<(), ResultCode> {
    let passed = check.passed;
    checks.push(check);
    if passed { Ok(()) } else { Err(code) }
}

fn user_is_active(user: &User) -> Check {
    let received = if user.active {
        Phrase::Active
    } else {
        Phrase::Deactivated
    };
    Check::new(
        Rule::UserIsActive,
        user.active,
        Phrase::Active,
        received,
        Origin::User,
    )
}

fn app_is_not_blocked(app: &App) -> Check {
    Check::new(
        Rule::AppIsNotBlocked,
        app.state != AppState::Blocked,
        Phrase::NotBlocked,
        state_phrase(app.state),
        Origin::AppLocalPolicy,
    )
}

fn app_is_installed(app: &App) -> Check {
    Check::new(
        Rule::AppIsInstalled,
        app.state != AppState::Uninstalled,
        Phrase::StateInstalled,
        state_phrase(app.state),
        Origin::AppLocalPolicy,
    )
}

/// What a later version keeps people out by keeps them out here, although nobody can say whom.
fn app_is_understood(app: &App) -> Check {
    let names = app.not_understood.iter();
    Check::new(
        Rule::AppIsUnderstood,
        app.not_understood.is_empty(),
        Phrase::KnownSettings,
        Value::list(names.map(|name| Value::text(name.clone()))),
        Origin::AppLocalPolicy,
    )
}

/// The words for an app's state.
pub fn state_phrase(state: AppState) -> Phrase {
    match state {
        AppState::Installed => Phrase::StateInstalled,
        AppState::Blocked => Phrase::StateBlocked,
        AppState::Uninstalled => Phrase::StateUninstalled,
    }
}

fn user_is_permitted(user: &User, app: &App) -> Check {
    let (passed, expected) = match app.policy.permitted_users {
        PermittedUsers::SelfAuthorize => (true, Phrase::AnyActiveUser),
        PermittedUsers::AdminApproved => (
            app.policy.profiles.contains(&user.profile)
                || user
                    .permission_sets
                    .iter()
                    .any(|(id, _)| app.policy.permission_sets.contains(id)),
            Phrase::ListedByOne,
        ),
    };
    let profile = Phrase::Profile.with([Value::text(user.profile_name.clone())]);
    let sets = user
        .permission_sets
        .iter()
        .map(|(_, name)| Phrase::PermissionSet.with([Value::text(name.clone())]));
    Check::new(
        Rule::UserIsPermitted,
        passed,
        expected,
        Value::list(std::iter::once(profile).chain(sets)),
        Origin::AppPermittedUsers,
    )
}
