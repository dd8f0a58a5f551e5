//! Between the settings form and an app. What a value may be is said by the one table of settings
//! ([`crate::apps::settings`]) and by [`crate::apps::row`]; here the fields of the form become
//! values, each of its own type.

use crate::apps::App;
use crate::apps::draft::Draft;
use crate::apps::row::{
    RowError, RowPart, check_friendly, check_name, check_only_for, check_prefixes, check_source,
    check_values, missing_word, parse_format, parse_missing, parse_when, source_of_word,
    source_text, when_word,
};
use crate::apps::saml::{AttributeRow, Condition, Source, SubjectType, WhenMissing};
use crate::apps::settings::{Kind, Setting, SettingError, Value, in_page_order};
use crate::users::{PermissionSetId, ProfileId};

use super::super::fields::Problem;
use super::app_form::{AppForm, AttributeForm};

/// What a tick box sends.
const TICKED: &str = "yes";
/// The subject type with a field of its own beside it.
const CUSTOM: &str = "custom";

impl AppForm {
    /// The form of a stored app.
    pub fn from_app(app: &App) -> Self {
        let draft = Draft::of(app);
        let mut form = Self {
            profiles: app
                .policy
                .profiles
                .iter()
                .map(ToString::to_string)
                .collect(),
            permission_sets: app
                .policy
                .permission_sets
                .iter()
                .map(ToString::to_string)
                .collect(),
            ..Self::default()
        };
        for setting in in_page_order() {
            let text = || setting.text(&draft);
            match (setting.kind, setting.value(&draft)) {
                (_, Value::Rows(rows)) => {
                    form.attributes = rows.iter().map(AttributeForm::from_row).collect();
                }
                (_, Value::Flag(on)) => {
                    form.fill(
                        setting.key,
                        on.then(|| TICKED.to_owned()).into_iter().collect(),
                    );
                }
                (Kind::NameIdFormats, _) => form.fill(setting.key, setting.items(&draft)),
                (Kind::SubjectType, _) => {
                    let word = text();
                    let (word, attribute) = match word.strip_prefix(SubjectType::CUSTOM) {
                        Some(name) => (CUSTOM, name),
                        None => (word.as_str(), ""),
                    };
                    form.subject_attribute = attribute.to_owned();
                    form.fill(setting.key, vec![word.to_owned()]);
                }
                _ => form.fill(setting.key, vec![text()]),
            }
        }
        form
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
        for setting in in_page_order() {
            if let Kind::Rows { .. } = setting.kind {
                self.apply_rows(setting, &mut draft, &mut problems);
            } else if let Err((field, error)) = self.apply_setting(setting, &mut draft) {
                problems.push(Problem::new(field, error.beside_its_field()));
            }
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

    fn apply_setting(
        &self,
        setting: &Setting,
        draft: &mut Draft,
    ) -> Result<(), (&'static str, SettingError)> {
        let typed = self.value(setting.key);
        let mut field = setting.key;
        match setting.kind {
            Kind::Flag => setting.set(draft, Value::Flag(typed == TICKED)),
            Kind::NameIdFormats => {
                setting.set(draft, Value::List(self.values(setting.key).to_vec()))
            }
            Kind::SubjectType if typed == CUSTOM => {
                field = "subject_attribute";
                let name = self.subject_attribute.trim();
                let word = format!("{}{name}", SubjectType::CUSTOM);
                setting.set(draft, Value::Text(word))
            }
            _ => setting.set_text(draft, typed),
        }
        .map_err(|error| (field, error))
    }

    fn apply_rows(&self, setting: &Setting, draft: &mut Draft, problems: &mut Vec<Problem>) {
        let mut rows = Vec::new();
        let before = problems.len();
        for (index, form) in self.attributes.iter().enumerate() {
            match form.row() {
                Ok(row) => rows.push(row),
                Err(wrong) => problems.extend(wrong.into_iter().map(|error| {
                    let field = format!("{}-{}", field_of(error.part), index + 1);
                    Problem::new(field, format!("{}.", error.beside_its_field()))
                })),
            }
        }
        if problems.len() == before
            && let Err(error) = setting.set(draft, Value::Rows(rows))
        {
            problems.push(Problem::new("attr_name-1", error.beside_its_field()));
        }
    }
}

/// The field of the form that holds a part of a row.
const fn field_of(part: RowPart) -> &'static str {
    match part {
        RowPart::Name => "attr_name",
        RowPart::Format => "attr_format",
        RowPart::Friendly => "attr_friendly",
        RowPart::Source => "attr_source",
        RowPart::Value => "attr_value",
        RowPart::Missing => "attr_missing",
        RowPart::When => "attr_when",
        RowPart::OnlyFor => "attr_only_for",
        RowPart::AllowedValues => "attr_allowed_values",
        RowPart::AllowedPrefixes => "attr_allowed_prefixes",
    }
}

/// What stands before the word of a user's field in the choice of sources.
const USER: &str = "user:";

impl AttributeForm {
    fn from_row(row: &AttributeRow) -> Self {
        let (source, value) = match &row.source {
            user @ Source::User(_) => (format!("{USER}{}", source_text(user)), String::new()),
            Source::Custom(name) => ("custom".into(), name.clone()),
            Source::Constant(values) => {
                let mut value = values.join("\n");
                // A line break at the end is passed over when it is read.
                if values.last().is_some_and(String::is_empty) {
                    value.push('\n');
                }
                ("constant".into(), value)
            }
            Source::Template(template) => ("template".into(), template.clone()),
            other => (source_text(other), String::new()),
        };
        Self {
            name: row.name.clone(),
            friendly: row.friendly_name.clone().unwrap_or_default(),
            format: row.name_format.clone(),
            source,
            value,
            missing: missing_word(row.when_missing).into(),
            when: when_word(row.condition).into(),
            only_for: row.only_for_entity_attribute.clone().unwrap_or_default(),
            allowed_values: row.allowed_values.join("\n"),
            allowed_prefixes: row.allowed_prefixes.join("\n"),
        }
    }

    /// The row that the fields say, or everything that is wrong with them.
    fn row(&self) -> Result<AttributeRow, Vec<RowError>> {
        let format = parse_format(&self.format);
        let name = check_name(self.name.trim(), format.as_deref().ok());
        let friendly = check_friendly(self.friendly.trim());
        let source = self.source();
        let missing = parse_missing(&self.missing);
        let when = parse_when(&self.when);
        let only_for = said(&self.only_for);
        let only_for_is_good = check_only_for(only_for.as_deref());
        let allowed_values: Vec<String> = if self.allowed_values.trim().is_empty() {
            Vec::new()
        } else {
            lines(&self.allowed_values).collect()
        };
        let values_are_good = check_values(&allowed_values);
        let allowed_prefixes: Vec<String> = lines(&self.allowed_prefixes)
            .filter(|line| !line.trim().is_empty())
            .collect();
        let prefixes_are_good = check_prefixes(&allowed_prefixes);
        let mut wrong = Vec::new();
        note(&mut wrong, name);
        let name_format = note(&mut wrong, format).unwrap_or_default();
        note(&mut wrong, friendly);
        let source = note(&mut wrong, source);
        let when_missing = note(&mut wrong, missing).unwrap_or(WhenMissing::Omit);
        let condition = note(&mut wrong, when).unwrap_or(Condition::Always);
        note(&mut wrong, only_for_is_good);
        note(&mut wrong, values_are_good);
        note(&mut wrong, prefixes_are_good);
        match source {
            Some(source) if wrong.is_empty() => Ok(AttributeRow {
                friendly_name: said(&self.friendly),
                when_missing,
                only_for_entity_attribute: only_for,
                condition,
                allowed_values,
                allowed_prefixes,
                ..AttributeRow::new(self.name.trim(), name_format, source)
            }),
            _ => Err(wrong),
        }
    }

    fn source(&self) -> Result<Source, RowError> {
        let source = match self.source.as_str() {
            "custom" => Source::Custom(one_line(self.value.trim())),
            "constant" => {
                let value = self.value.strip_suffix('\n').unwrap_or(&self.value);
                Source::Constant(lines(value).collect())
            }
            "template" => Source::Template(one_line(&self.value)),
            word => source_of_word(word.strip_prefix(USER).unwrap_or(word))?,
        };
        check_source(&source)?;
        Ok(source)
    }
}

/// Keeps what is wrong, gives what is not.
fn note<T>(wrong: &mut Vec<RowError>, part: Result<T, RowError>) -> Option<T> {
    part.map_err(|error| wrong.push(error)).ok()
}

/// The text of a field that may be empty.
fn said(text: &str) -> Option<String> {
    let text = one_line(text.trim());
    (!text.is_empty()).then_some(text)
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// The lines of a field with one value in each, as a browser ends them.
fn lines(text: &str) -> impl Iterator<Item = String> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line).replace('\r', " "))
}

#[cfg(test)]
mod tests {
    use avouch_saml::security::algorithm::SignatureAlgorithm;
    use avouch_saml::time::Timestamp;
    use proptest::prelude::*;

    use super::super::app_form::SOURCES;
    use super::*;
    use crate::apps::row::FORMAT_URI;
    use crate::apps::row::{parse_rows, row_text};
    use crate::apps::saml::UserField;
    use crate::apps::saml::{EncryptionPolicy, RequestSignatures, SamlSettings, SignWhat};
    use crate::apps::settings::{SETTINGS, apply_setting};
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
            not_understood: Vec::new(),
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
        form.fill("clock_skew_seconds", vec!["600".into()]);
        form.fill("subject_type", vec!["email".into()]);
        form.attributes[0].value = "ignored for a user field".into();
        form.apply(&mut app).expect("good values");
        assert_eq!(app.definition.saml.clock_skew_seconds, Some(600));
        assert_eq!(app.definition.saml.subject_type, SubjectType::Email);
        form.fill("clock_skew_seconds", vec![" ".into()]);
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
            form.fill("issuer", vec![issuer.clone()]);
            assert_eq!(form.apply(&mut app).is_ok(), good, "{issuer}");
        }
    }

    #[test]
    fn every_bad_value_is_named_and_nothing_is_changed() {
        let mut app = app();
        let before = format!("{app:?}");
        let mut form = AppForm::from_app(&app);
        form.fill("name", vec![" ".into()]);
        form.fill("logo_url", vec!["http://wiki.example.org/logo.png".into()]);
        form.fill("info_url", vec!["javascript:alert(1)".into()]);
        form.fill("start_url", vec!["https://".into()]);
        form.fill("order", vec!["first".into()]);
        form.fill("default_relay_state", vec!["x".repeat(81)]);
        form.subject_attribute = String::new();
        form.fill("api_name", vec!["Not A Name".into()]);
        form.fill("issuer", vec!["not a uri".into()]);
        form.fill("permitted_users", vec!["everybody".into()]);
        form.fill("signature_algorithm", vec!["rsa".into()]);
        form.fill("assertion_lifetime_seconds", vec!["59".into()]);
        form.fill("clock_skew_seconds", vec!["601".into()]);
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
    fn typed(form: &mut AppForm, setting: &Setting, value: &str) {
        let values = match setting.kind {
            Kind::Flag => (value == "true")
                .then(|| TICKED.to_owned())
                .into_iter()
                .collect(),
            Kind::NameIdFormats => value.split_whitespace().map(str::to_owned).collect(),
            Kind::SubjectType => match value.strip_prefix(SubjectType::CUSTOM) {
                Some(name) => {
                    form.subject_attribute = name.into();
                    vec![CUSTOM.to_owned()]
                }
                None => vec![value.to_owned()],
            },
            _ => vec![value.to_owned()],
        };
        form.fill(setting.key, values);
    }

    /// The app after `value` came through each door, or nothing where it was refused.
    fn through_both_doors(setting: &Setting, value: &str) -> [Option<String>; 2] {
        let before = app();
        let mut draft = Draft::of(&before);
        let mut by_table = before.clone();
        let table = setting.set_text(&mut draft, value).ok().map(|()| {
            draft.write_into(&mut by_table);
            format!("{by_table:?}")
        });
        let mut form = AppForm::from_app(&before);
        typed(&mut form, setting, value);
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
            let setting = &SETTINGS[at];
            let (flag, rows) = match setting.kind {
                Kind::Flag => (true, false),
                Kind::Rows { .. } => (false, true),
                _ => (false, false),
            };
            // A tick box has two states and a list of rows has many fields.
            prop_assume!(!rows && (!flag || value == "true" || value == "false"));
            // Boxes are ticked one by one, where a command divides a list at commas too.
            prop_assume!(!setting.kind.is_list() || !value.contains(','));
            let [table, form] = through_both_doors(setting, &value);
            prop_assert_eq!(table, form, "{} = {:?}", setting.key, value);
        }

        /// Any row that the page can send is refused, or is one that the command line can write,
        /// and comes back to the page as it was.
        #[test]
        fn rows_are_those_of_the_command_line(
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
            let form = AppForm { attributes: vec![row], ..AppForm::from_app(&by_form) };
            if form.apply(&mut by_form).is_ok() {
                let stored = &by_form.definition.saml.attributes;
                prop_assert_eq!(stored.len(), 1);
                prop_assert_eq!(stored[0].condition, Condition::Requested);
                prop_assert_eq!(&parse_rows(&row_text(&stored[0])).expect("a row"), stored);
                let again = AppForm::from_app(&by_form);
                let mut after = by_form.clone();
                prop_assert!(again.apply(&mut after).is_ok());
                prop_assert_eq!(&after.definition.saml.attributes, stored);
            }
        }

        /// Any row that the command line can write is one that the page can send.
        #[test]
        fn rows_of_the_command_line_are_those_of_the_page(
            pieces in proptest::collection::vec(
                proptest::sample::select(&[
                    "=", ",", "\\", "|", " ", "a", "urn:x:a", "email", "custom.", "constant:",
                    "template:", "${a}", "format=basic", "friendly=", "missing=refuse",
                    "only-for=a\\=b", "if-requested", "values=", "starting=",
                ][..]),
                0..8,
            ),
            prefix in proptest::sample::select(&["", "a=", "mail=email,", "a=constant:x", "a=template:${x}"][..]),
        ) {
            let mut by_table = Draft::of(&app());
            let text = format!("{prefix}{}", pieces.concat());
            if apply_setting(&mut by_table, "attributes", &text).is_ok() {
                let mut before = app();
                by_table.write_into(&mut before);
                let mut after = before.clone();
                prop_assert!(AppForm::from_app(&before).apply(&mut after).is_ok());
                prop_assert_eq!(
                    after.definition.saml.attributes,
                    before.definition.saml.attributes
                );
            }
        }
    }
}
