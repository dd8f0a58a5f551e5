//! `avouch render-pages`: every page from its sample, as files.

use std::path::Path;

use serde_json::json;

use super::CommandError;
use super::output::Output;
use crate::web::pages;

pub(super) fn run(folder: &Path, output: &Output) -> Result<(), CommandError> {
    let names = pages::write_samples(folder)?;
    output.result(&json!({ "folder": folder, "pages": names }), || {
        format!("wrote {} pages to {}", names.len(), folder.display())
    });
    Ok(())
}
