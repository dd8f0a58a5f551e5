//! A copy of the database, made and put back by whoever runs Avouch.

use std::path::{Path, PathBuf};

use avouch_saml::time::Timestamp;

use super::{About, AdminContext, AdminError, Change, view};
use crate::audit::check::Phrase;
use crate::config::Settings;
use crate::store::StoreError;
use crate::store::backup as copies;
use crate::users::AdminRight;

pub use crate::store::backup::Checked;

/// Writes a copy of the database to `file`, while others use it, and records that one was made: it
/// holds everybody's password hashes.
///
/// # Errors
/// [`AdminError`]; what was begun of the file is removed.
pub fn write(cx: &AdminContext<'_>, file: &Path) -> Result<Checked, AdminError> {
    let rights = &[AdminRight::ManageOrganisation];
    view(cx, rights, |_, _| Ok(()))?;
    let made = copies::backup(cx.db, file)?;
    let change = || Change {
        reason: Phrase::BackupMade.of(&file.display().to_string()),
        about: About::default(),
        ..Change::default()
    };
    super::change(cx, rights, |_, _| Ok(((), change()))).inspect_err(|_| {
        // A copy that nobody knows of is none; why it was not written down is what is told.
        let _ = std::fs::remove_file(file);
    })?;
    Ok(made)
}

/// Puts the copy `file` in the place of the database that the settings name, and answers what was found
/// of it and where the database is that was there before.
///
/// # Errors
/// [`StoreError`]; nothing was changed.
pub fn put_back(
    settings: &Settings,
    file: &Path,
    now: Timestamp,
) -> Result<(Checked, Option<PathBuf>), StoreError> {
    let aside = format!("before-{}", now.to_string().replace([':', '.'], ""));
    copies::restore(&settings.database.address, file, &aside)
}
