//! Finding a sign-on in progress for the browser that goes on with it.

use super::restart;
use crate::context::Context;
use crate::flow::outcome::{Restart, Stop};
use crate::sessions::{Pending, PendingId, PendingStatus};
use crate::store;

/// A sign-on as this browser finds it.
pub enum Waiting {
    /// It waits for this browser.
    Here(Box<Pending>),
    /// It is answered, too old, unknown, or another browser's.
    Gone(Box<Restart>),
}

/// How long a sign-on that came by POST may wait for the first page of ours, in seconds. The
/// browser comes at once.
const UNBOUND_SECONDS: i64 = 120;

/// Finds a sign-on for this browser, and binds it when no browser has it yet.
///
/// # Errors
/// The database.
pub fn find(cx: &Context, id: &PendingId) -> Result<Waiting, Stop> {
    let db = &cx.services.db;
    let Some(pending) = db.read_one(|c| store::pending::by_id(c, id))? else {
        return Ok(Waiting::Gone(Box::default()));
    };
    let hash = cx.browser.hash();
    let bound = match &pending.browser_hash {
        Some(holder) => cx.browser.known && *holder == hash,
        None => {
            cx.now < pending.created_at.plus_seconds(UNBOUND_SECONDS)
                && db.write(|c| store::pending::bind(c, id, &hash))?
        }
    };
    if bound && pending.status == PendingStatus::Open && cx.now < pending.expires_at {
        return Ok(Waiting::Here(Box::new(pending)));
    }
    if !bound {
        tracing::warn!(
            request.id = cx.request_id,
            pending.id = %id,
            client = %cx.client,
            "a sign-on was opened in a browser that it is not bound to"
        );
    }
    let app = db.read(|c| store::apps::by_id(c, &pending.app))?;
    let restart = app.map_or_else(Restart::default, |stored| Restart {
        url: restart::url(
            &stored.app,
            pending.asking.request.relay_state().filter(|_| bound),
        ),
        app: Some(restart::label(&stored.app)),
    });
    Ok(Waiting::Gone(Box::new(restart)))
}
