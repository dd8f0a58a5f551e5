//! Who is at the browser.

use std::sync::Arc;

use crate::context::Context;
use crate::sessions::Session;
use crate::store::{self, StoreError};
use crate::users::User;

/// Who is at the browser, and the version of what may be cached.
pub struct CurrentUser {
    /// The state's version.
    pub version: i64,
    /// The session and its user, when the cookie names a session that is live.
    pub session: Option<SignedIn>,
}

/// A live session with its user.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Whose it is. May be deactivated.
    pub user: Arc<User>,
}

impl CurrentUser {
    /// Reads the session the request's cookie names.
    ///
    /// # Errors
    /// The database.
    pub fn read(cx: &Context) -> Result<Self, StoreError> {
        let db = &cx.services.db;
        let found = match &cx.session_hash {
            Some(hash) => db.read_one(|c| store::sessions::by_secret(c, hash))?,
            None => None,
        };
        let Some((version, session)) = found else {
            return Ok(Self {
                version: db.read_one(store::state::version)?,
                session: None,
            });
        };
        let user = if session.is_live(cx.now) {
            cx.services.users.find(db, version, &session.user)?
        } else {
            None
        };
        Ok(Self {
            version,
            session: user.map(|user| SignedIn { session, user }),
        })
    }
}
