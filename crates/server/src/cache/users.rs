//! Users ready for use.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::store::{self, Db, StoreError};
use crate::users::{User, UserId};

/// Users as they were last read, kept as long as the database's version of them is unchanged: every
/// change of a user raises it.
#[derive(Default)]
pub struct UserCache {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    version: i64,
    users: HashMap<UserId, Arc<User>>,
}

/// A user takes about a kilobyte.
const MOST_KEPT: usize = 16_384;

impl UserCache {
    /// The user, from memory when it was read at `version`, the version this request read.
    ///
    /// # Errors
    /// The database.
    pub fn find(
        &self,
        db: &Db,
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
        let Some(user) = db.read_one(|c| store::users::by_id(c, id))? else {
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
