//! The apps a user may enter now.

use std::sync::Arc;

use crate::access::{self, Decision, Facts};
use crate::apps::App;
use crate::context::Context;
use crate::flow::outcome::Stop;
use crate::flow::sign_on::current_user::CurrentUser;
use crate::users::User;

/// A user and the apps to show them.
pub struct Apps {
    /// The user.
    pub user: Arc<User>,
    /// The apps, in the order shown.
    pub apps: Vec<Arc<App>>,
}

/// The apps of whoever is at the browser: those the user may enter that have a way to start and
/// are marked visible. `None` without a session.
///
/// # Errors
/// The database.
pub fn list(cx: &Context) -> Result<Option<Apps>, Stop> {
    let current = CurrentUser::read(cx)?;
    let Some(found) = current.session else {
        return Ok(None);
    };
    let services = &cx.services;
    let listed = services.launcher.listed(&services.db, current.versions)?;
    // Listing is no sign-on: its checks are nobody's trail.
    let mut checks = Vec::new();
    let apps = listed
        .iter()
        .filter(|app| {
            checks.clear();
            let facts = Facts {
                user: &found.user,
                app,
                now: cx.now,
            };
            matches!(access::decide(&facts, &mut checks), Decision::Allow(_))
        })
        .cloned()
        .collect();
    Ok(Some(Apps {
        user: found.user,
        apps,
    }))
}
