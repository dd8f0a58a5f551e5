//! Users ready for use.

use std::sync::Arc;

use super::bounded::Bounded;
use crate::store::sessions::Versioned;
use crate::store::{self, Db, StoreError};
use crate::users::{User, UserId};

/// Users as they were last read, kept as long as their own row is of the same version, and while
/// profiles and permission sets, whose names a user holds, are.
pub struct UserCache {
    kept: Bounded<UserId, Kept>,
}

#[derive(Clone)]
struct Kept {
    /// The version of profiles that was known before the user was read.
    profiles: i64,
    user: Arc<User>,
}

/// Some tens of thousands of users.
const MOST_OCTETS: usize = 32 << 20;

impl Default for UserCache {
    fn default() -> Self {
        Self {
            kept: Bounded::new(MOST_OCTETS, 1000),
        }
    }
}

impl UserCache {
    /// The user of a session that this request has read, from memory when nothing has changed since
    /// they were kept. `None`: the user is gone.
    ///
    /// # Errors
    /// The database.
    pub fn of(&self, db: &Db, read: &Versioned) -> Result<Option<Arc<User>>, StoreError> {
        let id = &read.session.user;
        let profiles = read.versions.profiles;
        if let Some(kept) = self.kept.find(id)
            && kept.user.version == read.user_version
            && kept.profiles == profiles
        {
            return Ok(Some(kept.user));
        }
        // Read after the versions, so what is kept is never older than they say.
        let Some(user) = db.read_one(|c| store::users::by_id(c, id))? else {
            return Ok(None);
        };
        let octets = octets(&user);
        let user = Arc::new(user);
        let kept = Kept {
            profiles,
            user: Arc::clone(&user),
        };
        self.kept.keep(id.clone(), kept, octets);
        Ok(Some(user))
    }
}

/// About what a user takes in memory: three quarters of a kilobyte, and what has no usual length.
fn octets(user: &User) -> usize {
    let custom: usize = user
        .custom
        .iter()
        .flat_map(|(name, values)| std::iter::once(name).chain(values))
        .map(|text| text.len() + size_of::<String>())
        .sum();
    size_of::<User>() + 500 + custom + user.permission_sets.len() * 120
}
