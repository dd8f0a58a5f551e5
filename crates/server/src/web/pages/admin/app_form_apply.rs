//! Between the settings form and an app. What a value may be is said by the one table of settings
//! ([`crate::apps::onboard::settings`]); here its fields are only put into the table's words.

use crate::apps::App;
use crate::apps::onboard::Draft;
use crate::apps::onboard::row::{escape, missing_word};
use crate::apps::onboard::settings::{SettingError, apply_setting, setting, subject_word};
use crate::apps::saml::{AttributeRow, Condition, Source, UserField};
use crate::users::{PermissionSetId, ProfileId};

use super::super::fields::Problem;
use super::app_form::{AppForm, AttributeForm};

impl AppForm {
    /// The form of a stored app.
    pub fn from_app(app: &App) -> Self {
        let draft = Draft::of(app);
        let read = |key: &str| (setting(key).expect("a setting of the table").read)(&draft);
        let (policy, saml) = (&app.policy, &app.definition.saml);
        let subject = subject_word(&saml.subject_type);
        let (subject_type, subject_attribute) = match subject.strip_prefix("custom.") {
            Some(name) => ("custom", name),
            None => (subject.as_str(), ""),
        };
        Self {
            name: read("name"),
            api_name: read("api_name"),
            description: read("description"),
            contact: read("contact"),
            logo_url: read("logo_url"),
            info_url: read("info_url"),
            permitted_users: read("permitted_users"),
            profiles: policy.profiles.iter().map(ToString::to_string).collect(),
            permission_sets: policy
                .permission_sets
                .iter()
                .map(ToString::to_string)
                .collect(),
            ask_consent: policy.ask_consent,
            visible: policy.visible,
            order: read("order"),
            start_url: read("start_url"),
            allow_unsolicited: saml.allow_unsolicited,
            default_relay_state: read("default_relay_state"),
            allow_relay_state_override: saml.allow_relay_state_override,
            subject_type: subject_type.into(),
            subject_attribute: subject_attribute.into(),
            name_id_format: saml.name_id_format.clone(),
            allowed_name_id_formats: saml.allowed_name_id_formats.clone(),
            always_this_format: saml.always_this_format,
            fail_unmet_subject_id: saml.fail_unmet_subject_id,
            attributes: saml
                .attributes
                .iter()
                .map(AttributeForm::from_row)
                .collect(),
            sign: read("sign"),
            signature_algorithm: saml.signature_algorithm.clone().unwrap_or_default(),
            signing_key: read("signing_key"),
            issuer: read("issuer"),
            danger_allow_sha1: saml.danger_allow_sha1,
            request_signatures: read("request_signatures"),
            permitted_contexts: read("permitted_contexts"),
            encryption: read("encryption"),
            danger_allow_cbc: saml.danger_allow_cbc,
            assertion_lifetime_seconds: read("assertion_lifetime_seconds"),
            clock_skew_seconds: read("clock_skew_seconds"),
            session_not_on_or_after: saml.session_not_on_or_after,
            preset: String::new(),
            action: super::FormAction::Save,
        }
    }

    /// Puts the form's values into `app`. What the form does not hold (state, metadata, times)
    /// stays. Whether a signing key, profile or permission set of that ID exists is the
    /// database's to say.
    ///
    /// # Errors
    /// Every problem found, in the order of the page; `app` is then unchanged.
    pub fn apply(&self, app: &mut App) -> Result<(), Vec<Problem>> {
        let mut draft = Draft::of(app);
        let mut problems = Vec::new();
        let flag = |on: bool| on.to_string();
        let (subject_field, subject) = match self.subject_type.as_str() {
            "custom" => (
                "subject_attribute",
                format!("custom.{}", self.subject_attribute.trim()),
            ),
            word => ("subject_type", word.to_owned()),
        };
        let formats = self.allowed_name_id_formats.join("\n");
        for (field, key, value) in [
            ("permitted_users", "permitted_users", &self.permitted_users),
            ("ask_consent", "ask_consent", &flag(self.ask_consent)),
            ("name", "name", &self.name),
            ("api_name", "api_name", &self.api_name),
            ("description", "description", &self.description),
            ("contact", "contact", &self.contact),
            ("logo_url", "logo_url", &self.logo_url),
            ("info_url", "info_url", &self.info_url),
            ("visible", "visible", &flag(self.visible)),
            ("order", "order", &self.order),
            ("start_url", "start_url", &self.start_url),
            (
                "allow_unsolicited",
                "allow_unsolicited",
                &flag(self.allow_unsolicited),
            ),
            (
                "default_relay_state",
                "default_relay_state",
                &self.default_relay_state,
            ),
            (
                "allow_relay_state_override",
                "allow_relay_state_override",
                &flag(self.allow_relay_state_override),
            ),
            (subject_field, "subject_type", &subject),
            ("name_id_format", "name_id_format", &self.name_id_format),
            (
                "allowed_name_id_formats",
                "allowed_name_id_formats",
                &formats,
            ),
            (
                "always_this_format",
                "always_this_format",
                &flag(self.always_this_format),
            ),
            (
                "fail_unmet_subject_id",
                "fail_unmet_subject_id",
                &flag(self.fail_unmet_subject_id),
            ),
        ] {
            set(&mut draft, &mut problems, field, key, value);
        }
        self.apply_attributes(&mut draft, &mut problems);
        for (key, value) in [
            ("sign", &self.sign),
            ("signature_algorithm", &self.signature_algorithm),
            ("signing_key", &self.signing_key),
            ("issuer", &self.issuer),
            ("danger_allow_sha1", &flag(self.danger_allow_sha1)),
            ("request_signatures", &self.request_signatures),
            ("permitted_contexts", &self.permitted_contexts),
            ("encryption", &self.encryption),
            ("danger_allow_cbc", &flag(self.danger_allow_cbc)),
            (
                "assertion_lifetime_seconds",
                &self.assertion_lifetime_seconds,
            ),
            ("clock_skew_seconds", &self.clock_skew_seconds),
            (
                "session_not_on_or_after",
                &flag(self.session_not_on_or_after),
            ),
        ] {
            set(&mut draft, &mut problems, key, key, value);
        }
        draft.policy.profiles = self.profiles.iter().map(ProfileId::new).collect();
        draft.policy.permission_sets = self
            .permission_sets
            .iter()
            .map(PermissionSetId::new)
            .collect();
        if problems.is_empty() {
            draft.write_into(app);
            Ok(())
        } else {
            Err(problems)
        }
    }

    fn apply_attributes(&self, draft: &mut Draft, problems: &mut Vec<Problem>) {
        let before = problems.len();
        for (index, row) in self.attributes.iter().enumerate() {
            for (field, message) in row.problems(draft) {
                problems.push(Problem::new(format!("{field}-{}", index + 1), message));
            }
        }
        if problems.len() > before {
            return;
        }
        let rows: Vec<String> = self.attributes.iter().map(AttributeForm::text).collect();
        if let Err(error) = apply_setting(draft, "attributes", &rows.join("\n")) {
            problems.push(Problem::new("attr_name-1", row_message(&error)));
        }
    }
}

fn set(draft: &mut Draft, problems: &mut Vec<Problem>, field: &str, key: &str, value: &str) {
    if let Err(error) = apply_setting(draft, key, value) {
        problems.push(Problem::new(field, error.beside_its_field()));
    }
}

/// What the table says of a row: the hint has what is wrong with it, the rest describes lines.
fn row_message(error: &SettingError) -> String {
    match error {
        SettingError::Value { hint, .. } if !hint.is_empty() => {
            format!("{}.", hint.strip_prefix("attribute row: ").unwrap_or(hint))
        }
        other => other.beside_its_field(),
    }
}

impl AttributeForm {
    fn from_row(row: &AttributeRow) -> Self {
        let (source, value) = match &row.source {
            Source::User(field) => {
                let word = UserField::ALL
                    .iter()
                    .find(|(known, _)| known == field)
                    .map_or("", |(_, word)| *word);
                (format!("user:{word}"), String::new())
            }
            Source::Custom(name) => ("custom".into(), name.clone()),
            Source::Profile => ("profile".into(), String::new()),
            Source::PermissionSets => ("permission_sets".into(), String::new()),
            Source::OrganisationName => ("organisation_name".into(), String::new()),
            Source::OrganisationUrl => ("organisation_url".into(), String::new()),
            Source::Constant(values) => ("constant".into(), values.join("\n")),
            Source::Template(template) => ("template".into(), template.clone()),
            Source::SubjectId => ("subject_id".into(), String::new()),
            Source::PairwiseId => ("pairwise_id".into(), String::new()),
        };
        Self {
            name: row.name.clone(),
            friendly: row.friendly_name.clone().unwrap_or_default(),
            format: row.name_format.clone(),
            source,
            value,
            missing: missing_word(row.when_missing).into(),
            when: match row.condition {
                Condition::Always => "always",
                Condition::Requested => "requested",
                Condition::Required => "required",
            }
            .into(),
            only_for: row.only_for_entity_attribute.clone().unwrap_or_default(),
            allowed_values: row.allowed_values.join("\n"),
            allowed_prefixes: row.allowed_prefixes.join("\n"),
        }
    }

    /// The row in the words of the table. `missing` stands last, so that no space at the end of a
    /// value is the end of the line.
    fn text(&self) -> String {
        let mut text = format!("{}={}", part(self.name.trim()), self.source_text());
        // Nothing in a field that may be empty is no option.
        for (key, value) in [
            ("friendly", part(self.friendly.trim())),
            ("only-for", part(self.only_for.trim())),
            ("values", parts(self.allowed_values.split('\n'))),
            (
                "starting",
                parts(
                    self.allowed_prefixes
                        .split('\n')
                        .filter(|line| !line.trim().is_empty()),
                ),
            ),
        ] {
            if !value.trim().is_empty() {
                text.push_str(&format!(",{key}={value}"));
            }
        }
        match self.when.as_str() {
            "always" => {}
            word => text.push_str(&format!(",if-{}", part(word))),
        }
        let (format, missing) = (part(self.format.trim()), part(self.missing.trim()));
        text.push_str(&format!(",format={format},missing={missing}"));
        text
    }

    fn source_text(&self) -> String {
        match self.source.as_str() {
            "custom" => format!("custom.{}", part(self.value.trim())),
            "constant" => {
                let value = self.value.strip_suffix('\n').unwrap_or(&self.value);
                format!("constant:{}", parts(value.split('\n')))
            }
            "template" => format!("template:{}", part(&self.value)),
            word => part(word.strip_prefix("user:").unwrap_or(word)),
        }
    }

    /// Each field that is wrong, with what is wrong with it: a field is tried in a row that is
    /// otherwise good.
    fn problems(&self, draft: &Draft) -> Vec<(&'static str, String)> {
        let wrong = |row: &Self| {
            let error = apply_setting(&mut draft.clone(), "attributes", &row.text()).err()?;
            Some(row_message(&error))
        };
        let good = |name: &str, format: &str| Self {
            name: name.into(),
            format: format.into(),
            source: "email".into(),
            missing: "omit".into(),
            when: "always".into(),
            ..Self::default()
        };
        // Some formats promise a URI as the name, some a word.
        let format = wrong(&good("a", &self.format)).and(wrong(&good("urn:x:a", &self.format)));
        let name_format = match format {
            None => self.format.as_str(),
            Some(_) => "unspecified",
        };
        let value_field = match self.source.as_str() {
            "custom" | "constant" | "template" => "attr_value",
            _ => "attr_source",
        };
        let mut rows: Vec<(&'static str, Self)> =
            ["attr_friendly", value_field, "attr_missing", "attr_when"]
                .into_iter()
                .chain([
                    "attr_only_for",
                    "attr_allowed_values",
                    "attr_allowed_prefixes",
                ])
                .map(|field| (field, good("a", "basic")))
                .collect();
        for (field, row) in &mut rows {
            match *field {
                "attr_friendly" => row.friendly.clone_from(&self.friendly),
                "attr_missing" => row.missing.clone_from(&self.missing),
                "attr_when" => row.when.clone_from(&self.when),
                "attr_only_for" => row.only_for.clone_from(&self.only_for),
                "attr_allowed_values" => row.allowed_values.clone_from(&self.allowed_values),
                "attr_allowed_prefixes" => row.allowed_prefixes.clone_from(&self.allowed_prefixes),
                _ => {
                    row.source.clone_from(&self.source);
                    row.value.clone_from(&self.value);
                }
            }
        }
        let name = wrong(&good(&self.name, name_format));
        let mut found: Vec<_> = name
            .map(|message| ("attr_name", message))
            .into_iter()
            .collect();
        found.extend(format.map(|message| ("attr_format", message)));
        found.extend(
            rows.iter()
                .filter_map(|(field, row)| Some((*field, wrong(row)?))),
        );
        found
    }
}

/// A part of a row: nothing in it divides the row or ends its line.
fn part(text: &str) -> String {
    escape(&text.replace(['\r', '\n'], " "))
}

/// Several parts, one of each line.
fn parts<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    let lines: Vec<String> = lines
        .map(|line| part(line.strip_suffix('\r').unwrap_or(line)))
        .collect();
    lines.join("|")
}

#[cfg(test)]
mod tests {
    use avouch_saml::security::algorithm::SignatureAlgorithm;
    use avouch_saml::time::Timestamp;
    use proptest::prelude::*;

    use super::super::app_form::SOURCES;
    use super::*;
    use crate::apps::onboard::row::FORMAT_URI;
    use crate::apps::onboard::settings::SETTINGS;
    use crate::apps::saml::{
        EncryptionPolicy, RequestSignatures, SamlSettings, SignWhat, SubjectType, WhenMissing,
    };
    use crate::apps::{AppId, AppState, Definition, LocalPolicy, PermittedUsers};

    fn app() -> App {
        let row = |source, when_missing| AttributeRow {
            friendly_name: Some("one".into()),
            when_missing,
            only_for_entity_attribute: Some("http://macedir.org/entity-category=x".into()),
            condition: Condition::Required,
            allowed_values: vec!["a".into(), "CORP\\staff".into()],
            allowed_prefixes: vec!["urn:x:".into()],
            ..AttributeRow::new("urn:oid:1", FORMAT_URI, source)
        };
        let mut sources: Vec<_> = UserField::ALL
            .iter()
            .map(|(f, _)| Source::User(*f))
            .collect();
        sources.extend([
            Source::Custom("badge".into()),
            Source::Profile,
            Source::PermissionSets,
            Source::OrganisationName,
            Source::OrganisationUrl,
            Source::Constant(vec!["a, b=c|d\\".into(), String::new(), " b ".into()]),
            Source::Template(" ${given_name}, ${family_name} ".into()),
            Source::SubjectId,
            Source::PairwiseId,
        ]);
        assert_eq!(sources.len(), SOURCES.len(), "every source is in this test");
        App {
            id: AppId::new("app"),
            api_name: "wiki".into(),
            name: "Sample Wiki".into(),
            state: AppState::Blocked,
            definition: Definition {
                description: "Pages".into(),
                contact: "helpdesk@example.org".into(),
                logo_url: Some("https://wiki.example.org/logo.png".into()),
                info_url: Some("https://wiki.example.org/".into()),
                start_url: Some("https://wiki.example.org/login?a=1".into()),
                saml: SamlSettings {
                    subject_type: SubjectType::Custom("badge".into()),
                    attributes: sources
                        .into_iter()
                        .map(|s| row(s, WhenMissing::Refuse))
                        .collect(),
                    issuer: Some("https://idp.example.org/other".into()),
                    signature_algorithm: Some(SignatureAlgorithm::EcdsaSha384.uri().into()),
                    signing_key: Some("key".into()),
                    sign: SignWhat::Assertion,
                    request_signatures: RequestSignatures::Required,
                    encryption: EncryptionPolicy::Off,
                    permitted_contexts: vec!["urn:a".into(), "urn:b".into()],
                    default_relay_state: Some("/start".into()),
                    ..SamlSettings::default()
                },
            },
            policy: LocalPolicy {
                permitted_users: PermittedUsers::SelfAuthorize,
                profiles: vec![ProfileId::new("p")],
                order: -3,
                ..LocalPolicy::default()
            },
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn saving_an_unchanged_form_changes_nothing() {
        let before = app();
        let mut after = before.clone();
        AppForm::from_app(&before)
            .apply(&mut after)
            .expect("a stored app has no problems");
        assert_eq!(format!("{after:?}"), format!("{before:?}"));
    }

    #[test]
    fn a_changed_form_changes_the_app() {
        let mut app = app();
        let mut form = AppForm::from_app(&app);
        form.clock_skew_seconds = "600".into();
        form.subject_type = "email".into();
        form.attributes[0].value = "ignored for a user field".into();
        form.apply(&mut app).expect("good values");
        assert_eq!(app.definition.saml.clock_skew_seconds, Some(600));
        assert_eq!(app.definition.saml.subject_type, SubjectType::Email);
        form.clock_skew_seconds = " ".into();
        form.apply(&mut app).expect("good values");
        assert_eq!(app.definition.saml.clock_skew_seconds, None);
    }

    /// Proves SDP-G04, AV-RSP-04 for the page: an issuer of an app's own is as good as the
    /// organisation's.
    #[test]
    fn sdp_g04_an_issuer_is_a_short_absolute_uri() {
        for (issuer, good) in [
            ("https://idp.example.org/other".to_owned(), true),
            (format!("urn:{}", "x".repeat(252)), true),
            (format!("urn:{}", "x".repeat(253)), false),
            ("tenant".to_owned(), false),
        ] {
            let mut app = app();
            let mut form = AppForm::from_app(&app);
            form.issuer.clone_from(&issuer);
            assert_eq!(form.apply(&mut app).is_ok(), good, "{issuer}");
        }
    }

    #[test]
    fn every_bad_value_is_named_and_nothing_is_changed() {
        let mut app = app();
        let before = format!("{app:?}");
        let mut form = AppForm::from_app(&app);
        form.name = " ".into();
        form.logo_url = "http://wiki.example.org/logo.png".into();
        form.info_url = "javascript:alert(1)".into();
        form.start_url = "https://".into();
        form.order = "first".into();
        form.default_relay_state = "x".repeat(81);
        form.subject_attribute = String::new();
        form.api_name = "Not A Name".into();
        form.issuer = "not a uri".into();
        form.permitted_users = "everybody".into();
        form.signature_algorithm = "rsa".into();
        form.assertion_lifetime_seconds = "59".into();
        form.clock_skew_seconds = "601".into();
        form.attributes[0].name = String::new();
        form.attributes[1].source = "nowhere".into();
        form.attributes[9].value = String::new();
        form.attributes[2].only_for = "no value".into();
        form.attributes[3].name = "mail".into();
        form.attributes[4].when = "sometimes".into();
        let problems = form.apply(&mut app).expect_err("bad values");
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "permitted_users",
                "name",
                "api_name",
                "logo_url",
                "info_url",
                "order",
                "start_url",
                "default_relay_state",
                "subject_attribute",
                "attr_name-1",
                "attr_source-2",
                "attr_only_for-3",
                "attr_name-4",
                "attr_when-5",
                "attr_value-10",
                "signature_algorithm",
                "issuer",
                "assertion_lifetime_seconds",
                "clock_skew_seconds",
            ]
        );
        assert_eq!(format!("{app:?}"), before);
    }

    /// Sets one field of the form as a browser would.
    fn typed(form: &mut AppForm, key: &str, value: &str) {
        let on = |value: &str| value == "true";
        match key {
            "subject_type" => match value.strip_prefix("custom.") {
                Some(name) => {
                    form.subject_type = "custom".into();
                    form.subject_attribute = name.into();
                }
                None => form.subject_type = value.into(),
            },
            "allowed_name_id_formats" => {
                form.allowed_name_id_formats =
                    value.split_whitespace().map(str::to_owned).collect();
            }
            "ask_consent" => form.ask_consent = on(value),
            "visible" => form.visible = on(value),
            "allow_unsolicited" => form.allow_unsolicited = on(value),
            "allow_relay_state_override" => form.allow_relay_state_override = on(value),
            "always_this_format" => form.always_this_format = on(value),
            "fail_unmet_subject_id" => form.fail_unmet_subject_id = on(value),
            "danger_allow_sha1" => form.danger_allow_sha1 = on(value),
            "danger_allow_cbc" => form.danger_allow_cbc = on(value),
            "session_not_on_or_after" => form.session_not_on_or_after = on(value),
            _ => {
                let fields = AppForm::from_pairs([(key, value)]);
                let into = field_of(form, key);
                into.clone_from(field_of(&mut fields.clone(), key));
            }
        }
    }

    fn field_of<'f>(form: &'f mut AppForm, key: &str) -> &'f mut String {
        match key {
            "name" => &mut form.name,
            "api_name" => &mut form.api_name,
            "description" => &mut form.description,
            "contact" => &mut form.contact,
            "logo_url" => &mut form.logo_url,
            "info_url" => &mut form.info_url,
            "permitted_users" => &mut form.permitted_users,
            "order" => &mut form.order,
            "start_url" => &mut form.start_url,
            "default_relay_state" => &mut form.default_relay_state,
            "name_id_format" => &mut form.name_id_format,
            "sign" => &mut form.sign,
            "signature_algorithm" => &mut form.signature_algorithm,
            "signing_key" => &mut form.signing_key,
            "issuer" => &mut form.issuer,
            "request_signatures" => &mut form.request_signatures,
            "permitted_contexts" => &mut form.permitted_contexts,
            "encryption" => &mut form.encryption,
            "assertion_lifetime_seconds" => &mut form.assertion_lifetime_seconds,
            "clock_skew_seconds" => &mut form.clock_skew_seconds,
            other => panic!("the form has no field for the setting {other}"),
        }
    }

    /// The app after `value` came through each door, or nothing where it was refused.
    fn through_both_doors(key: &str, value: &str) -> [Option<String>; 2] {
        let before = app();
        let mut draft = Draft::of(&before);
        let mut by_table = before.clone();
        let table = apply_setting(&mut draft, key, value).ok().map(|()| {
            draft.write_into(&mut by_table);
            format!("{by_table:?}")
        });
        let mut form = AppForm::from_app(&before);
        typed(&mut form, key, value);
        let mut by_form = before;
        let form = form
            .apply(&mut by_form)
            .ok()
            .map(|()| format!("{by_form:?}"));
        [table, form]
    }

    fn any_value() -> impl Strategy<Value = String> {
        const KNOWN: &[&str] = &[
            "",
            "true",
            "false",
            "1",
            "-1",
            "59",
            "60",
            "3600",
            "3601",
            "600",
            "601",
            "10000",
            "10001",
            "both",
            "assertion",
            "off",
            "required",
            "follow_metadata",
            "follow-metadata",
            "self_authorize",
            "everybody",
            "persistent",
            "transient",
            "none",
            "custom.",
            "custom.x",
            "email",
            "urn:a b",
            "urn:x:y",
            "rsa-sha256",
            "rsa-sha1",
            "rsa",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:entity",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            "https://sp.example.org/",
            "https://sp.example.org/#about",
            "http://sp.example.org/x.png",
            "https://",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "data:image/x;base64,AAAA",
            "data:image/png,x",
            "new",
            "wiki-2",
            "Not A Name",
            "not a uri",
            "https://idp.example.org/other",
            "a\u{0}b",
        ];
        prop_oneof![
            proptest::sample::select(KNOWN).prop_map(str::to_owned),
            ".{0,20}",
            (0..2100_usize).prop_map(|length| "x".repeat(length)),
        ]
    }

    proptest! {
        /// The page takes what the command line takes, and refuses what it refuses.
        #[test]
        fn both_doors_take_the_same_values(
            at in 0..SETTINGS.len(),
            value in any_value(),
        ) {
            let key = SETTINGS[at].key;
            let flag = (SETTINGS[at].read)(&Draft::of(&app())).parse::<bool>().is_ok();
            // A tick box has two states and a list of rows has many fields.
            prop_assume!(key != "attributes" && (!flag || value == "true" || value == "false"));
            let [table, form] = through_both_doors(key, &value);
            prop_assert_eq!(table, form, "{} = {:?}", key, value);
        }

        /// Any row that the page can send is either refused or stored as the row's text would be.
        #[test]
        fn rows_are_those_of_the_table(
            name in ".{0,12}",
            friendly in ".{0,8}",
            format in prop_oneof![Just("uri".to_owned()), Just("urn:x:y".to_owned()), ".{0,6}"],
            source in proptest::sample::select(&SOURCES[..]),
            value in prop_oneof![Just("${given_name}".to_owned()), "(.{0,5}\n){0,2}.{0,8}"],
            missing in proptest::sample::select(&["omit", "empty", "refuse", "other"][..]),
            only_for in prop_oneof![Just(String::new()), ".{0,5}", "[a-z]=[a-z]"],
            allowed_values in "(.{0,5}\n){0,2}.{0,8}",
            allowed_prefixes in "(.{0,5}\n){0,2}.{0,8}",
        ) {
            let row = AttributeForm {
                name, friendly, format, source: source.into(), value,
                missing: missing.into(), when: "requested".into(), only_for, allowed_values,
                allowed_prefixes,
            };
            let mut by_form = app();
            let form = AppForm { attributes: vec![row.clone()], ..AppForm::from_app(&by_form) };
            let taken = form.apply(&mut by_form).is_ok();
            let mut draft = Draft::of(&app());
            prop_assert_eq!(taken, apply_setting(&mut draft, "attributes", &row.text()).is_ok());
            if taken {
                let stored = &by_form.definition.saml.attributes;
                prop_assert_eq!(stored.len(), 1);
                prop_assert_eq!(stored[0].condition, Condition::Requested);
                let again = AppForm::from_app(&by_form);
                let mut after = by_form.clone();
                prop_assert!(again.apply(&mut after).is_ok());
                prop_assert_eq!(&after.definition.saml.attributes, stored);
            }
        }
    }
}
