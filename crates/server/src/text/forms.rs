//! What a form's check found wrong.

use super::texts;

texts! {
    /// Sentences beside a field that has to be changed. What is wrong with a setting of an app is
    /// said by the table of settings.
    Forms {
        metadata_missing = "Paste the metadata first.";
        file_missing = "Choose a file first.";
    }
}
