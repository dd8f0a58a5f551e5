//! The form of an app's settings: the names of its fields, and its rows of attributes.

use std::collections::BTreeMap;

use crate::apps::row::FORMAT_URI;
use crate::apps::settings::setting;

/// What the settings form holds, as text. [`AppForm::from_pairs`] reads a submission,
/// [`AppForm::from_app`](Self::from_app) a stored app, and [`AppForm::apply`](Self::apply) checks
/// the values and puts them into one.
///
/// Each setting is a field of its name, and a subject type of `custom` has `subject_attribute`
/// beside it. Attribute rows repeat `attr_name`, `attr_friendly`, `attr_format`, `attr_source`,
/// `attr_value`, `attr_missing`, `attr_when`, `attr_only_for`, `attr_allowed_values` and
/// `attr_allowed_prefixes`, each once a row. A tick box sends `yes` or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppForm {
    /// The values sent for each setting but the attributes, by its name.
    pub(super) values: BTreeMap<&'static str, Vec<String>>,
    /// Name of the custom attribute, for the subject type of that kind.
    pub subject_attribute: String,
    /// Profiles that are let in.
    pub profiles: Vec<String>,
    /// Permission sets that are let in.
    pub permission_sets: Vec<String>,
    /// What is released.
    pub attributes: Vec<AttributeForm>,
    /// It is to be saved although it cannot work.
    pub although: bool,
    /// The kind of row that the button "Add" adds: a name of [`PRESETS`], or empty.
    pub preset: String,
    /// Which button was pressed.
    pub action: FormAction,
}

/// One row of the attributes editor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeForm {
    /// SAML name.
    pub name: String,
    /// Friendly name; may be empty.
    pub friendly: String,
    /// Name format URI.
    pub format: String,
    /// A word of [`SOURCES`].
    pub source: String,
    /// Name of the custom attribute, constant values a line each, or the text with fields.
    pub value: String,
    /// `omit`, `empty` or `refuse`.
    pub missing: String,
    /// `always`, `requested` or `required`.
    pub when: String,
    /// `name=value` of an entity attribute; may be empty.
    pub only_for: String,
    /// The values that may be released, a line each; may be empty.
    pub allowed_values: String,
    /// What released values may begin with, a line each; may be empty.
    pub allowed_prefixes: String,
}

/// The button that submitted the form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FormAction {
    /// Check the values and save them.
    #[default]
    Save,
    /// Only show the form again with one more row: call [`AppForm::edit`].
    AddAttribute,
    /// Only show the form again without this row, counted from 0: call [`AppForm::edit`].
    RemoveAttribute(usize),
}

/// Words for where an attribute's values come from.
pub const SOURCES: [&str; 18] = [
    "user:display_name",
    "user:given_name",
    "user:family_name",
    "user:email",
    "user:username",
    "user:federation_id",
    "user:id",
    "user:locale",
    "user:time_zone",
    "custom",
    "profile",
    "permission_sets",
    "organisation_name",
    "organisation_url",
    "constant",
    "template",
    "subject_id",
    "pairwise_id",
];

/// Well-known attributes: friendly name, SAML name, source, value.
pub const PRESETS: [(&str, &str, &str, &str); 9] = [
    (
        "displayName",
        "urn:oid:2.16.840.1.113730.3.1.241",
        "user:display_name",
        "",
    ),
    ("givenName", "urn:oid:2.5.4.42", "user:given_name", ""),
    ("sn", "urn:oid:2.5.4.4", "user:family_name", ""),
    (
        "mail",
        "urn:oid:0.9.2342.19200300.100.1.3",
        "user:email",
        "",
    ),
    (
        "uid",
        "urn:oid:0.9.2342.19200300.100.1.1",
        "user:username",
        "",
    ),
    (
        "preferredLanguage",
        "urn:oid:2.16.840.1.113730.3.1.39",
        "user:locale",
        "",
    ),
    (
        "eduPersonEntitlement",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
        "custom",
        "eduPersonEntitlement",
    ),
    (
        "subject-id",
        "urn:oasis:names:tc:SAML:attribute:subject-id",
        "subject_id",
        "",
    ),
    (
        "pairwise-id",
        "urn:oasis:names:tc:SAML:attribute:pairwise-id",
        "pairwise_id",
        "",
    ),
];

impl AttributeForm {
    /// An empty row, or one filled from the preset of this name.
    fn preset(preset: &str) -> Self {
        let empty = Self {
            format: FORMAT_URI.into(),
            source: SOURCES[0].into(),
            missing: "omit".into(),
            when: "always".into(),
            ..Self::default()
        };
        match PRESETS.iter().find(|(friendly, ..)| *friendly == preset) {
            None => empty,
            Some((friendly, name, source, value)) => Self {
                name: (*name).into(),
                friendly: (*friendly).into(),
                source: (*source).into(),
                value: (*value).into(),
                ..empty
            },
        }
    }
}

impl AppForm {
    /// Reads a submitted form. Unknown fields are passed over; a field that was not sent is empty
    /// or not ticked, and [`apply`](Self::apply) says so where that is not allowed.
    pub fn from_pairs<K: AsRef<str>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            form.set(name.as_ref(), value.into());
        }
        form
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "subject_attribute" => self.subject_attribute = value,
            "profiles" => self.profiles.push(value),
            "permission_sets" => self.permission_sets.push(value),
            "although" => self.although = value == "yes",
            "preset" => self.preset = value,
            "do" => self.action = FormAction::parse(&value),
            _ if name.starts_with("attr_") => self.set_attribute(name, value),
            _ => {
                if let Ok(setting) = setting(name) {
                    self.values.entry(setting.key).or_default().push(value);
                }
            }
        }
    }

    /// The values sent for a setting: several of a group of tick boxes, one of most others.
    pub fn values(&self, key: &str) -> &[String] {
        self.values.get(key).map_or(&[], Vec::as_slice)
    }

    /// The one value of a setting; empty when none was sent.
    pub fn value(&self, key: &str) -> &str {
        self.values(key).first().map_or("", String::as_str)
    }

    /// Fills in the values of a setting.
    pub fn fill(&mut self, key: &'static str, values: Vec<String>) {
        if values.is_empty() {
            self.values.remove(key);
        } else {
            self.values.insert(key, values);
        }
    }

    /// Browsers send fields in the order of the page, so a row begins with its name.
    fn set_attribute(&mut self, name: &str, value: String) {
        if name == "attr_name" {
            self.attributes.push(AttributeForm {
                name: value,
                ..AttributeForm::default()
            });
            return;
        }
        let Some(row) = self.attributes.last_mut() else {
            return;
        };
        match name {
            "attr_friendly" => row.friendly = value,
            "attr_format" => row.format = value,
            "attr_source" => row.source = value,
            "attr_value" => row.value = value,
            "attr_missing" => row.missing = value,
            "attr_when" => row.when = value,
            "attr_only_for" => row.only_for = value,
            "attr_allowed_values" => row.allowed_values = value,
            "attr_allowed_prefixes" => row.allowed_prefixes = value,
            _ => {}
        }
    }

    /// Does what a button other than "save" asks: the form is then shown again, nothing is saved.
    pub fn edit(&mut self) {
        match self.action {
            FormAction::Save => {}
            FormAction::AddAttribute => {
                self.attributes.push(AttributeForm::preset(&self.preset));
                self.preset.clear();
            }
            FormAction::RemoveAttribute(row) => {
                if row < self.attributes.len() {
                    self.attributes.remove(row);
                }
            }
        }
    }
}

impl FormAction {
    fn parse(word: &str) -> Self {
        if word == "add-attribute" {
            return Self::AddAttribute;
        }
        word.strip_prefix("remove-attribute-")
            .and_then(|row| row.parse().ok())
            .map_or(Self::Save, Self::RemoveAttribute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_rows(action: &str) -> AppForm {
        AppForm::from_pairs([
            ("name", "Sample Wiki"),
            ("visible", "yes"),
            ("profiles", "p1"),
            ("profiles", "p2"),
            ("attr_name", "urn:oid:1"),
            ("attr_source", "user:email"),
            ("attr_name", "urn:oid:2"),
            ("attr_source", "constant"),
            ("attr_value", "one\r\ntwo"),
            ("preset", "mail"),
            ("do", action),
        ])
    }

    #[test]
    fn rows_are_read_in_order() {
        let form = two_rows("save");
        assert_eq!(form.action, FormAction::Save);
        assert_eq!(form.value("visible"), "yes");
        assert_eq!(form.value("ask_consent"), "");
        assert_eq!(form.profiles, ["p1", "p2"]);
        let rows: Vec<_> = form
            .attributes
            .iter()
            .map(|row| (row.name.as_str(), row.source.as_str(), row.value.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("urn:oid:1", "user:email", ""),
                ("urn:oid:2", "constant", "one\r\ntwo")
            ]
        );
    }

    #[test]
    fn buttons_add_and_remove_rows_without_losing_the_rest() {
        let mut form = two_rows("remove-attribute-0");
        form.edit();
        assert_eq!(form.attributes.len(), 1);
        assert_eq!(form.attributes[0].name, "urn:oid:2");

        let mut form = two_rows("add-attribute");
        form.edit();
        assert_eq!(form.attributes.len(), 3);
        assert_eq!(form.attributes[2].friendly, "mail");
        assert_eq!(form.value("name"), "Sample Wiki");

        let mut form = two_rows("remove-attribute-9");
        form.edit();
        assert_eq!(
            form.attributes.len(),
            2,
            "a row that is not there is not removed"
        );
    }

    /// Proves SDP-IDP18 for what is offered: URI names in the URI format.
    #[test]
    fn sdp_idp18_presets_are_uris_of_known_sources() {
        for (friendly, name, source, _) in PRESETS {
            assert!(SOURCES.contains(&source), "{friendly}");
            assert!(avouch_saml::ids::is_absolute_uri(name), "{friendly}");
            assert_eq!(AttributeForm::preset(friendly).format, FORMAT_URI);
        }
    }
}
