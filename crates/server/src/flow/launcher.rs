//! The apps a user may enter now.

use std::sync::Arc;

use crate::access::{self, Decision, Facts};
use crate::apps::App;
use crate::context::Context;
use crate::flow::outcome::Stop;
use crate::flow::sign_on::current_user::CurrentUser;
use crate::store;
use crate::users::User;

/// A user and the apps to show them.
pub struct Apps {
    /// The user.
    pub user: Arc<User>,
    /// The apps, in the order shown.
    pub apps: Vec<App>,
}

/// The apps of whoever is at the browser: those the user may enter that have a way to start and
/// are marked visible. `None` without a session.
///
/// # Errors
/// The database.
pub fn list(cx: &Context) -> Result<Option<Apps>, Stop> {
    let Some(found) = CurrentUser::read(cx)?.session else {
        return Ok(None);
    };
    let all = cx.services.db.read(store::apps::all)?;
    let mut apps: Vec<App> = all
        .into_iter()
        .map(|(app, _)| app)
        .filter(|app| {
            let startable =
                app.definition.start_url.is_some() || app.definition.saml.allow_unsolicited;
            // Listing is no sign-on: its checks are nobody's trail.
            startable
                && app.policy.visible
                && matches!(
                    access::decide(
                        &Facts {
                            user: &found.user,
                            app,
                            now: cx.now
                        },
                        &mut Vec::new(),
                    ),
                    Decision::Allow(_)
                )
        })
        .collect();
    apps.sort_by(|a, b| (a.policy.order, &a.name).cmp(&(b.policy.order, &b.name)));
    Ok(Some(Apps {
        user: found.user,
        apps,
    }))
}
