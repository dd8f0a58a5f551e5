//! The service providers whose metadata `avouch dev` asks for until they answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The URLs still asked, each with what came of the last try.
#[derive(Debug, Default)]
pub struct Waiting {
    urls: Mutex<Vec<(String, String)>>,
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why `url` is not connected yet.
    pub fn note(&self, url: &str, reason: &str) {
        let mut urls = self.lock();
        match urls.iter_mut().find(|(known, _)| known == url) {
            Some((_, last)) => reason.clone_into(last),
            None => urls.push((url.to_owned(), reason.to_owned())),
        }
    }

    /// `url` is connected.
    pub fn done(&self, url: &str) {
        self.lock().retain(|(known, _)| known != url);
    }

    /// URL and reason of each, in the order of the command line.
    pub fn all(&self) -> Vec<(String, String)> {
        self.lock().clone()
    }
}
