//! The apps a user may enter now.

use std::sync::Arc;

use avouch_saml::time::Timestamp;

use crate::access::{self, Decision, Facts};
use crate::apps::App;
use crate::apps::readiness::ENDS_SOON_DAYS;
use crate::cache::apps::By;
use crate::context::Context;
use crate::flow::outcome::Stop;
use crate::flow::sign_on::current_user::CurrentUser;
use crate::store::state::Versions;
use crate::users::User;

/// A user and the apps to show them.
pub struct Apps {
    /// The user.
    pub user: Arc<User>,
    /// A page of the apps, in the order shown, each with the end of its metadata where that is over or
    /// near.
    pub apps: Vec<(Arc<App>, Option<Timestamp>)>,
    /// How many match in all.
    pub total: usize,
}

/// Most apps on a page.
pub const PAGE: usize = 60;

/// The apps of whoever is at the browser: those the user may enter that have a way to start and
/// are marked visible, whose name or description contains `search`, from the `from`th on. `None` without
/// a session.
///
/// # Errors
/// The database.
pub fn list(cx: &Context, search: &str, from: usize) -> Result<Option<Apps>, Stop> {
    let current = CurrentUser::read(cx)?;
    let Some(found) = current.session else {
        return Ok(None);
    };
    let services = &cx.services;
    let listed = services.launcher.listed(&services.db, current.versions)?;
    // Listing is no sign-on: its checks are nobody's trail.
    let mut checks = Vec::new();
    let wanted = search.trim().to_lowercase();
    let mut apps = listed
        .iter()
        .filter(|app| {
            if !wanted.is_empty() && !mentions(app, &wanted) {
                return false;
            }
            checks.clear();
            let facts = Facts {
                user: &found.user,
                app,
                now: cx.now,
            };
            matches!(access::decide(&facts, &mut checks), Decision::Allow(_))
        })
        .collect::<Vec<_>>();
    let total = apps.len();
    apps.drain(..from.min(total));
    apps.truncate(PAGE);
    let apps = apps
        .into_iter()
        .map(|app| (Arc::clone(app), ends(cx, current.versions, app)))
        .collect();
    Ok(Some(Apps {
        user: found.user,
        apps,
        total,
    }))
}

fn mentions(app: &App, wanted: &str) -> bool {
    [&app.name, &app.definition.description]
        .iter()
        .any(|text| text.to_lowercase().contains(wanted))
}

/// When the metadata of an app ends, if that is over or near. An app that cannot be looked at breaks no
/// list; its sign-on says what is wrong.
fn ends(cx: &Context, versions: Versions, app: &App) -> Option<Timestamp> {
    let ready = cx.services.app(versions, By::Id(&app.id), cx.now).ok()??;
    let soon = cx.now.plus_seconds(ENDS_SOON_DAYS * 86_400);
    ready.sp.valid_until.filter(|until| *until < soon)
}
