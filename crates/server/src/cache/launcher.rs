//! The apps that a launcher may show.

use std::sync::{Arc, PoisonError, RwLock};

use crate::apps::App;
use crate::store::state::Versions;
use crate::store::{self, Db, StoreError};

/// The apps that are listed at all, in the order shown; which of them a user sees is asked of the
/// access rules each time.
#[derive(Default)]
pub struct LauncherCache {
    kept: RwLock<Option<Kept>>,
}

struct Kept {
    version: i64,
    listed: Arc<[Arc<App>]>,
}

impl LauncherCache {
    /// The apps that are listed, from memory while no app has changed since they were read;
    /// `versions` are those that this request read.
    ///
    /// # Errors
    /// The database.
    pub fn listed(&self, db: &Db, versions: Versions) -> Result<Arc<[Arc<App>]>, StoreError> {
        {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = kept.as_ref().filter(|kept| kept.version == versions.apps) {
                return Ok(Arc::clone(&kept.listed));
            }
        }
        let (versions, all) =
            db.read(|c| Ok::<_, StoreError>((store::state::versions(c)?, store::apps::all(c)?)))?;
        let mut listed: Vec<Arc<App>> = all
            .into_iter()
            .map(|(app, _)| app)
            .filter(App::is_listed)
            .map(Arc::new)
            .collect();
        listed.sort_by(|a, b| (a.policy.order, &a.name).cmp(&(b.policy.order, &b.name)));
        let listed: Arc<[Arc<App>]> = listed.into();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Kept {
            version: versions.apps,
            listed: Arc::clone(&listed),
        });
        Ok(listed)
    }
}
