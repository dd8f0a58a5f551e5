//! `avouch backup` and `avouch restore`.

use std::path::Path;

use serde_json::json;

use super::CommandError;
use super::open::{Place, now};
use super::output::Output;
use crate::flow::admin::backup::{self, Checked};

/// Writes a copy of the database to `file`.
pub(super) fn backup(file: &Path, place: &Place<'_>, output: &Output) -> Result<(), CommandError> {
    let desk = place.desk()?;
    let made = backup::write(&desk.admin(), file)?;
    let value = json!({ "file": file, "octets": made.octets });
    output.result(&value, || {
        format!(
            "{} holds the database as it is now, {} bytes, checked, readable by you alone. The master \
             key is not in it: keep a copy of it apart",
            file.display(),
            made.octets
        )
    });
    Ok(())
}

/// Puts a copy in the database's place.
pub(super) fn restore(file: &Path, place: &Place<'_>, output: &Output) -> Result<(), CommandError> {
    let settings = place.settings()?;
    let (Checked { octets, missing }, kept) = backup::put_back(&settings, file, now())?;
    let shown = settings.database.address.shown();
    let value = json!({ "database": shown, "octets": octets, "missing": missing, "before": kept });
    output.result(&value, || {
        let mut text = format!("{shown} is the copy of {}, {octets} bytes, checked", file.display());
        if let Some(kept) = &kept {
            text.push_str(&format!("\nwhat was there before is {}", kept.display()));
        }
        if !missing.is_empty() {
            let missing = missing.join(", ");
            text.push_str(&format!(
                "\nit is of an earlier version and lacks {missing}: `avouch migrate` brings it up to date"
            ));
        }
        text
    });
    Ok(())
}
