//! Ending a session here. Service providers are not told yet.

use crate::audit::check::Phrase;
use crate::audit::trail::Trail;
use crate::audit::{EventKind, ResultCode};
use crate::context::Context;
use crate::flow::outcome::Stop;
use crate::flow::sign_on::current_user::CurrentUser;
use crate::store::{self, Connection, StoreError};

/// Ends the session of whoever is at the browser, if there is one.
///
/// # Errors
/// The database.
pub fn end(cx: &Context) -> Result<(), Stop> {
    let Some(found) = CurrentUser::read(cx)?.session else {
        return Ok(());
    };
    let mut trail = Trail::of(EventKind::Logout);
    trail.user(&found.user);
    let event = trail.event(&cx.occasion(), ResultCode::Success, Phrase::SignedOut);
    cx.services.db.write(|c: &mut Connection| {
        if store::sessions::end(c, &found.session.id)? {
            store::events::insert(c, &event)?;
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}
