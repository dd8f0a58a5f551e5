//! Avouch's own keys: what there is, and which apps chose one.

use super::{AdminError, view};
use crate::context::Context;
use crate::store;
use crate::users::{AdminRight, User};

/// The keys and who uses them.
#[derive(Debug)]
pub struct KeysView {
    /// Every key, oldest first.
    pub keys: Vec<store::keys::KeyRow>,
    /// Apps that chose a key: row of the key and name of the app.
    pub chosen: Vec<(String, String)>,
    /// Who looks.
    pub viewer: User,
}

/// Lists the keys.
///
/// # Errors
/// [`AdminError`].
pub fn list(cx: &Context) -> Result<KeysView, AdminError> {
    view(cx, &[AdminRight::ManageKeys], |c, viewer| {
        let chosen = store::apps::all(c)?
            .into_iter()
            .filter_map(|(app, _)| Some((app.definition.saml.signing_key?, app.name)))
            .collect();
        Ok(KeysView {
            keys: store::keys::all(c)?,
            chosen,
            viewer: viewer.clone(),
        })
    })
}
