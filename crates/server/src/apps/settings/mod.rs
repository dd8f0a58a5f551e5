//! Every setting of an app: its name, what it takes, where it lives, who may change it. Commands,
//! forms, `app show` and the manual all walk this one table.

mod kind;
mod setting;
mod stored;
mod table;
mod vocabulary;

use super::draft::Draft;
use super::nearest::nearest;
pub use kind::{Kind, Value, check_mapped, split_mapped};
pub use setting::{Section, Setting, SettingError};
pub use table::SETTINGS;
pub use vocabulary::{algorithm_word, format_word};

/// The settings of a part of the page, in order.
pub fn settings_of(section: Section) -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(move |setting| setting.section == section)
}

/// Every setting, in the order of the page.
pub fn in_page_order() -> impl Iterator<Item = &'static Setting> {
    Section::ALL.iter().copied().flat_map(settings_of)
}

/// Finds a setting; hyphens may stand for underscores.
///
/// # Errors
/// [`SettingError::Unknown`] with the nearest name.
pub fn setting(key: &str) -> Result<&'static Setting, SettingError> {
    let wanted = key.trim().replace('-', "_");
    SETTINGS
        .iter()
        .find(|setting| setting.key == wanted)
        .ok_or_else(|| SettingError::Unknown {
            key: key.to_owned(),
            nearest: nearest(&wanted, SETTINGS.iter().map(|setting| setting.key)),
        })
}

/// Sets one setting of `draft`. An empty value clears an optional one.
///
/// # Errors
/// [`SettingError`]: nothing was changed; say so.
pub fn apply_setting(draft: &mut Draft, key: &str, value: &str) -> Result<(), SettingError> {
    setting(key)?.set_text(draft, value)
}

/// The settings that differ: name, value before, value after.
pub fn changes(before: &Draft, after: &Draft) -> Vec<(&'static Setting, String, String)> {
    SETTINGS
        .iter()
        .map(|setting| (setting, setting.text(before), setting.text(after)))
        .filter(|(_, was, is)| was != is)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            api_name: "sample".into(),
            name: "Sample".into(),
            ..Draft::default()
        }
    }

    /// A value other than the default for each setting; a setting added without one fails here.
    const OTHER: &[(&str, &str)] = &[
        ("name", "Ünï <b>"),
        ("api_name", "other"),
        ("description", "Pages."),
        ("contact", "help@example.org"),
        ("logo_url", "https://sp.example.org/logo.png"),
        ("info_url", "https://sp.example.org/#about"),
        ("start_url", "https://sp.example.org/start"),
        ("subject_type", "custom.staffNumber"),
        ("name_id_format", "emailAddress"),
        ("allowed_name_id_formats", "persistent\nurn:x:other"),
        ("always_this_format", "true"),
        (
            "attributes",
            "mail=email\nurn:x:a=template:${given_name}\\, x,missing=empty",
        ),
        ("fail_unmet_subject_id", "true"),
        ("sign", "assertion"),
        ("signature_algorithm", "ecdsa-sha384"),
        ("signing_key", "some-key"),
        ("issuer", "https://idp.example.org/other"),
        ("request_signatures", "required"),
        ("requested_context", "map"),
        (
            "context_map",
            "https://refeds.org/profile/mfa=urn:x:a|urn:x:b\nurn:x:c=urn:x:d",
        ),
        ("encryption_cipher", "aes256_cbc"),
        ("extra_audiences", "urn:x:one\nurn:x:two"),
        ("issuer_format", "true"),
        (
            "launch_origins",
            "https://portal.example.org\nhttp://localhost:3000",
        ),
        ("encryption", "off"),
        ("danger_allow_cbc", "true"),
        ("danger_allow_sha1", "true"),
        ("assertion_lifetime_seconds", "3600"),
        ("clock_skew_seconds", "0"),
        ("session_not_on_or_after", "false"),
        (
            "permitted_contexts",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        ),
        ("allow_unsolicited", "false"),
        ("default_relay_state", "/start?a=1&b=2"),
        ("allow_relay_state_override", "false"),
        ("permitted_users", "self_authorize"),
        ("ask_consent", "false"),
        ("visible", "false"),
        ("order", "-3"),
    ];

    #[test]
    fn every_setting_is_written_and_reads_back() {
        for setting in SETTINGS {
            let (_, value) = OTHER
                .iter()
                .find(|(key, _)| *key == setting.key)
                .unwrap_or_else(|| panic!("no sample for {}", setting.key));
            let before = draft();
            let mut after = before.clone();
            apply_setting(&mut after, setting.key, value).expect(setting.key);
            assert_eq!(setting.text(&after), *value, "{}", setting.key);
            let changed = changes(&before, &after);
            assert_eq!(changed.len(), 1, "{}", setting.key);
            assert_eq!(changed[0].0.key, setting.key);
        }
    }

    #[test]
    fn programs_get_values_of_their_own_kind() {
        for setting in SETTINGS {
            let value = setting.json(&draft());
            let good = match setting.kind {
                Kind::Flag => value.is_boolean(),
                // Nothing stands for the organisation's.
                Kind::Number { .. } if setting.optional => value.is_null(),
                Kind::Number { .. } => value.is_number(),
                kind if kind.is_list() => value.is_array(),
                _ => value.is_string(),
            };
            assert!(good, "{}: {value}", setting.key);
        }
    }

    /// A value goes into the domain type and comes back, whatever door it came by.
    #[test]
    fn values_and_texts_are_two_forms_of_one() {
        for setting in SETTINGS {
            let (_, text) = OTHER
                .iter()
                .find(|(key, _)| *key == setting.key)
                .expect("a sample");
            let (mut by_text, mut by_value) = (draft(), draft());
            setting.set_text(&mut by_text, text).expect(setting.key);
            let value = setting.value(&by_text);
            setting.set(&mut by_value, value).expect(setting.key);
            assert_eq!(setting.text(&by_value), *text, "{}", setting.key);
        }
    }

    #[test]
    fn what_is_advised_is_taken() {
        for setting in SETTINGS {
            for word in setting.kind.words() {
                apply_setting(&mut draft(), setting.key, word)
                    .unwrap_or_else(|error| panic!("{error}"));
                assert!(setting.expected().contains(word), "{}: {word}", setting.key);
            }
        }
    }

    /// A value of another type is refused, not lost in silence.
    #[test]
    fn a_value_of_another_type_is_refused() {
        for setting in SETTINGS {
            let other = match setting.kind {
                Kind::Flag => Value::Number(1),
                _ => Value::Flag(true),
            };
            let mut after = draft();
            assert!(setting.set(&mut after, other).is_err(), "{}", setting.key);
            assert!(changes(&draft(), &after).is_empty());
        }
    }

    /// Every field of the stored JSON can be changed by some setting.
    #[test]
    fn no_stored_field_is_out_of_reach() {
        let mut after = draft();
        for (key, value) in OTHER {
            apply_setting(&mut after, key, value).expect(key);
        }
        let fields = |d: &Draft| {
            let all = serde_json::to_value(&d.definition).expect("plain data");
            let saml = serde_json::to_value(&d.definition.saml).expect("plain data");
            let policy = serde_json::to_value(&d.policy).expect("plain data");
            [all, saml, policy]
        };
        for (was, is) in fields(&draft()).iter().zip(&fields(&after)) {
            for (field, value) in was.as_object().expect("an object") {
                assert_ne!(value, &is[field], "{field}");
            }
        }
    }

    #[test]
    fn a_wrong_value_changes_nothing_and_says_what_to_do() {
        for (key, value, wants) in [
            ("clock_skew_second", "1", "did you mean clock_skew_seconds?"),
            (
                "clock-skew-seconds",
                "601",
                "from 0 to 600, or nothing, received \"601\"",
            ),
            ("assertion_lifetime_seconds", "59", "from 60 to 3600"),
            ("encryption", "requird", "did you mean required?"),
            ("name_id_format", "persistant", "did you mean persistent?"),
            (
                "name_id_format",
                "urn:oasis:names:tc:SAML:2.0:nameid-format:entity",
                "not people",
            ),
            (
                "signature_algorithm",
                "rsa-sha255",
                "did you mean rsa-sha256?",
            ),
            ("start_url", "javascript:alert(1)", "an http or https URL"),
            (
                "logo_url",
                "data:text/html,x",
                "a data: image, an https URL",
            ),
            ("api_name", "My App", "\"my-app\" would do"),
            ("name", "", "1 to 200 characters"),
            ("name", "", "cannot be empty"),
            ("attributes", "mail=emial", "did you mean email?"),
            ("visible", "maybe", "true or false"),
            ("issuer", "a b", "is not an absolute URI"),
            ("issuer", "tenant", "an absolute URI of at most 256"),
        ] {
            let mut after = draft();
            let error = apply_setting(&mut after, key, value)
                .expect_err(key)
                .to_string();
            assert!(error.contains(wants), "{key}: {error}");
            assert!(changes(&draft(), &after).is_empty());
        }
    }
}
