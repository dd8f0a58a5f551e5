//! Who is at the browser.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::context::Context;
use crate::sessions::Session;
use crate::store::{self, StoreError};
use crate::users::{User, UserId};

/// Who is at the browser, and the version of what may be cached.
pub struct Visitor {
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

impl Visitor {
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
            cx.services.users.find(cx, version, &session.user)?
        } else {
            None
        };
        Ok(Self {
            version,
            session: user.map(|user| SignedIn { session, user }),
        })
    }
}

/// Users as they were last read, kept as long as the database's version of them is unchanged: every
/// change of a user raises it.
#[derive(Default)]
pub struct KnownUsers {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    version: i64,
    users: HashMap<UserId, Arc<User>>,
}

/// A user takes about a kilobyte.
const MOST_KEPT: usize = 16_384;

impl KnownUsers {
    fn find(
        &self,
        cx: &Context,
        version: i64,
        id: &UserId,
    ) -> Result<Option<Arc<User>>, StoreError> {
        {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if kept.version == version
                && let Some(user) = kept.users.get(id)
            {
                return Ok(Some(Arc::clone(user)));
            }
        }
        // Read after the version, so what is kept is never older than the version says.
        let Some(user) = cx.services.db.read_one(|c| store::users::by_id(c, id))? else {
            return Ok(None);
        };
        let user = Arc::new(user);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.users.len() >= MOST_KEPT {
            *kept = Kept {
                version,
                ..Kept::default()
            };
        }
        kept.users.insert(id.clone(), Arc::clone(&user));
        Ok(Some(user))
    }
}
