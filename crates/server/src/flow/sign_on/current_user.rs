//! Who is at the browser.

use std::sync::Arc;

use crate::context::Context;
use crate::sessions::Session;
use crate::store::state::Versions;
use crate::store::{self, StoreError};
use crate::users::User;

/// Who is at the browser, and the versions of what may be cached.
pub struct CurrentUser {
    /// The versions of what is cached by kind.
    pub versions: Versions,
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
        let Some(read) = found else {
            return Ok(Self {
                versions: db.read_one(store::state::versions)?,
                session: None,
            });
        };
        let user = if read.session.is_live(cx.now) {
            cx.services.users.of(db, &read)?
        } else {
            None
        };
        let session = read.session;
        Ok(Self {
            versions: read.versions,
            session: user.map(|user| SignedIn { session, user }),
        })
    }
}
