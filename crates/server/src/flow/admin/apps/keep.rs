//! Taking the values of an app's metadata over as typed here: the way out for metadata that names its
//! end and is not published anew.

use avouch_saml::metadata::SpMetadata;

use super::super::{AdminContext, AdminError, view};
use super::edit::{AppEdit, Edited, edit};
use super::{compare, find, metadata_of};
use crate::flow::admin::Wrong;
use crate::users::AdminRight;

/// From now on what an app's metadata says is as if an administrator had typed it: it has no end, since
/// whoever takes it over vouches for it. Undone by the next metadata that takes its place.
///
/// # Errors
/// [`AdminError`]: nothing was changed. [`AdminError::Refused`] when its metadata has no end.
pub fn keep_values(cx: &AdminContext<'_>, id: &str) -> Result<Edited, AdminError> {
    let stored = view(cx, &[AdminRight::EditApps], |c, _| find(c, id))?;
    let sp = metadata_of(&stored, cx.now)?;
    if sp.valid_until.is_none() {
        let wrong = "expected metadata that says until when it is good; this app's has no end, so that \
                     there is nothing to take over";
        return Err(Wrong::new("metadata", wrong).into());
    }
    let endless = SpMetadata {
        valid_until: None,
        cache_seconds: None,
        ..sp
    };
    let document = endless
        .to_xml()
        .map_err(|error| Wrong::new("metadata", error.to_string()))?;
    let kept = AppEdit {
        metadata: Some(compare(cx, &stored, &document, &[])?),
        keeps_values: true,
        // It works no less than before.
        accept_broken: true,
        ..AppEdit::default()
    };
    edit(cx, stored.app.id.as_str(), &kept)
}
