//! What another version of Avouch wrote into a row and this one does not know: it is read past, and
//! stands there still when the row has been written anew. `migrations/README.md` says what a version
//! may rely on.
//!
//! A row's JSON is never written from what was read of it alone. What is new is laid over what is
//! stored, and only where it differs from what this version makes of the stored text.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a stored object says, as far as this version knows.
pub(super) struct Known<T> {
    /// What it says; each field that says something unknown has its default.
    pub(super) value: T,
    /// The fields that are there and unknown, in the order of their names.
    pub(super) fields: Vec<String>,
    /// The fields that are known and have a value that is not.
    pub(super) values: Vec<String>,
}

/// Reads a stored object of which each field has a default.
///
/// # Errors
/// It is no JSON object: nobody wrote that.
pub(super) fn read<T: Serialize + DeserializeOwned>(
    stored: &str,
) -> Result<Known<T>, serde_json::Error> {
    let object: Map<String, Value> = serde_json::from_str(stored)?;
    let mut values = Vec::new();
    let value = match serde_json::from_str::<T>(stored) {
        Ok(value) => value,
        Err(_) => {
            // Rare, so that it may cost: each field by itself tells whether it is understood.
            let mut understood = Map::new();
            for (name, value) in object.clone() {
                let alone = Map::from_iter([(name.clone(), value.clone())]);
                if serde_json::from_value::<T>(Value::Object(alone)).is_ok() {
                    understood.insert(name, value);
                } else {
                    values.push(name);
                }
            }
            serde_json::from_value(Value::Object(understood))?
        }
    };
    let known = serde_json::to_value(&value)?;
    let fields = object.into_iter().map(|(name, _)| name);
    Ok(Known {
        fields: fields.filter(|name| known.get(name).is_none()).collect(),
        value,
        values,
    })
}

/// The text of `value` over what is stored: what this version does not know stays as it was, and so
/// does every value that is not another one now.
pub(super) fn rewrite<T: Serialize + DeserializeOwned>(stored: &str, value: &T) -> String {
    let new = json(value);
    let before = serde_json::from_str(stored)
        .ok()
        .zip(read::<T>(stored).ok());
    match before {
        Some((stored, known)) => laid_over(stored, &json(&known.value), new).to_string(),
        // Nothing there can be kept.
        None => new.to_string(),
    }
}

fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("settings are JSON: their keys are text")
}

/// `new` in place of `stored`, of which this version knows `known`.
fn laid_over(stored: Value, known: &Value, new: Value) -> Value {
    if *known == new {
        return stored;
    }
    match (stored, known, new) {
        (Value::Object(mut stored), Value::Object(known), Value::Object(new)) => {
            let mut all = Map::new();
            for (name, new) in new {
                let value = match (stored.remove(&name), known.get(&name)) {
                    (Some(stored), Some(known)) => laid_over(stored, known, new),
                    _ => new,
                };
                all.insert(name, value);
            }
            let unknown = stored
                .into_iter()
                .filter(|(name, _)| !known.contains_key(name));
            all.extend(unknown);
            Value::Object(all)
        }
        (Value::Array(stored), Value::Array(known), Value::Array(new))
            if stored.len() == known.len() =>
        {
            entries_over(stored, known, new)
        }
        (_, _, new) => new,
    }
}

/// Entries of a list: one that is as it was, or has the name that one had, is that one.
fn entries_over(stored: Vec<Value>, known: &[Value], new: Vec<Value>) -> Value {
    let mut stored: Vec<Option<Value>> = stored.into_iter().map(Some).collect();
    let mut take = |is_it: &dyn Fn(&Value) -> bool| {
        let at = (0..known.len()).find(|at| stored[*at].is_some() && is_it(&known[*at]))?;
        Some((stored[at].take()?, &known[at]))
    };
    // Those that are as they were first, so that none of them is taken for its namesake.
    let same: Vec<Option<Value>> = new
        .iter()
        .map(|new| take(&|known| known == new).map(|(stored, _)| stored))
        .collect();
    let all = same.into_iter().zip(new).map(|(same, new)| match same {
        Some(stored) => stored,
        None => {
            let name = new.get("name").cloned();
            match take(&|known| name.is_some() && known.get("name") == name.as_ref()) {
                Some((stored, known)) => laid_over(stored, known, new),
                None => new,
            }
        }
    });
    Value::Array(all.collect())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Sample {
        name: String,
        choice: Choice,
        rows: Vec<Row>,
        inner: Inner,
    }

    impl Default for Sample {
        fn default() -> Self {
            Self {
                name: String::new(),
                choice: Choice::One,
                rows: Vec::new(),
                inner: Inner::default(),
            }
        }
    }

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        One,
        Two,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Row {
        name: String,
        value: i64,
    }

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Inner {
        a: i64,
    }

    fn stored() -> Value {
        json!({
            "name": "n", "choice": "one", "inner": { "a": 1, "later": [1, 2] }, "later": { "x": 1 },
            "rows": [
                { "name": "p", "value": 1, "later": "of p" },
                { "name": "q", "value": 2, "later": "of q" },
                { "name": "q", "value": 3 },
            ],
        })
    }

    fn rewritten(stored: &Value, change: impl Fn(&mut Sample)) -> Value {
        let text = stored.to_string();
        let mut sample = read::<Sample>(&text).expect("reads").value;
        change(&mut sample);
        serde_json::from_str(&rewrite(&text, &sample)).expect("JSON")
    }

    #[test]
    fn unknown_fields_are_named_and_stay() {
        let known = read::<Sample>(&stored().to_string()).expect("reads");
        assert_eq!(known.fields, ["later"]);
        assert!(known.values.is_empty());
        assert_eq!(known.value.inner.a, 1);
        assert_eq!(rewritten(&stored(), |_| ()), stored());
        let changed = rewritten(&stored(), |s| {
            s.name = "m".to_owned();
            s.inner.a = 2;
        });
        let mut expected = stored();
        expected["name"] = json!("m");
        expected["inner"]["a"] = json!(2);
        assert_eq!(changed, expected);
    }

    #[test]
    fn unknown_values_are_named_and_stay_until_another_is_chosen() {
        let mut later = stored();
        later["choice"] = json!({ "three": 3 });
        let known = read::<Sample>(&later.to_string()).expect("reads");
        assert_eq!(known.values, ["choice"]);
        assert_eq!(known.value.choice, Choice::One);
        assert_eq!(known.value.name, "n");
        assert_eq!(rewritten(&later, |s| s.name = "n".to_owned()), later);
        let chosen = rewritten(&later, |s| s.choice = Choice::Two);
        assert_eq!(chosen["choice"], json!("two"));
        assert_eq!(chosen["later"], json!({ "x": 1 }));
    }

    #[test]
    fn entries_of_a_list_keep_what_is_theirs() {
        let changed = rewritten(&stored(), |s| {
            s.rows.reverse();
            s.rows[2].value = 7;
            s.rows.push(Row {
                name: "r".to_owned(),
                value: 4,
            });
        });
        assert_eq!(
            changed["rows"],
            json!([
                { "name": "q", "value": 3 },
                { "name": "q", "value": 2, "later": "of q" },
                { "name": "p", "value": 7, "later": "of p" },
                { "name": "r", "value": 4 },
            ])
        );
        let removed = rewritten(&stored(), |s| s.rows.retain(|row| row.name == "q"));
        assert_eq!(removed["rows"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn what_is_no_object_is_damaged_and_not_kept() {
        assert!(read::<Sample>("[]").is_err());
        assert!(read::<Sample>("{").is_err());
        assert!(read::<Sample>("{}").is_ok());
        let sample = Sample::default();
        assert_eq!(rewrite("{", &sample), json(&sample).to_string());
    }
}
