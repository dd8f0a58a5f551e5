//! What the binary of the test of two versions writes more than this version: a field in the rows of
//! apps, a result and a kind of event. It stands in for a version to come; no release has it.

use serde_json::{Value, json};

use crate::audit::{Event, EventKind, ResultCode};
use crate::random::{SystemRandom, new_id};

/// The field that it adds to the JSON of a new row, with a value that is another in each.
const FIELD: &str = "of_tomorrow";

/// A new row's text with the field. Only new rows get one, so that one that is there later was kept.
pub(super) fn with_field(text: &str) -> String {
    let mut value: Value = serde_json::from_str(text).expect("our own JSON");
    value[FIELD] = json!({ "since": new_id(&mut SystemRandom) });
    if let Some(Value::Object(row)) = value["attributes"].get_mut(0) {
        row.insert(FIELD.to_owned(), json!(new_id(&mut SystemRandom)));
    }
    value.to_string()
}

/// The kind of an event.
pub(super) fn kind(event: &Event) -> &str {
    if event.kind == EventKind::Logout {
        "farewell_of_tomorrow"
    } else {
        event.kind.as_str()
    }
}

/// The result of an event.
pub(super) fn result(event: &Event) -> &str {
    if event.kind == EventKind::Admin && event.result == ResultCode::Success {
        "DoneOfTomorrow"
    } else {
        event.result.as_str()
    }
}
