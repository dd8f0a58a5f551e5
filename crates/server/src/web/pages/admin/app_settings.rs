//! An app's settings: every one explained, with the value in force.

use askama::Template;
use avouch_saml::security::algorithm::SignatureAlgorithm;

use crate::apps::AppState;
use crate::apps::effective::Origin;
use crate::apps::row::{FORMAT_BASIC, FORMAT_UNSPECIFIED, FORMAT_URI};
use crate::apps::settings::{Kind, Section, Setting, algorithm_word, setting, settings_of};
use crate::text::{AppSettings, SettingText, Text};

use super::super::fields::{Choice, Control, Field, Problem, choose, choose_all};
use super::super::idp_info::sample_fingerprint;
use super::super::{AppLabel, Frame, IdpInfo, Moment, Page, Tone};
use super::app_form::{AppForm, AttributeForm, PRESETS, SOURCES};
use super::app_new::problem_of;
use super::app_preview::{CertificateLine, EndpointLine, Use};
use super::findings::{FindingLine, Severe};

/// `GET /admin/apps/{id}`, and the answer to a `POST` there that saved nothing: a problem, or a
/// row added to or removed from the attributes.
///
/// The form posts [`AppForm`] to `/admin/apps/{id}` with the pressed button in `do`. Blocking
/// posts `csrf` to `/admin/apps/{id}/block` or `/unblock`; removing leads to `/remove`.
#[derive(Debug, Template)]
#[template(path = "admin/app_settings.html")]
pub struct AppSettingsPage {
    /// Surroundings.
    pub frame: Frame,
    /// This page: `/admin/apps/{id}`.
    pub url: String,
    /// Name and logo as stored.
    pub app: AppLabel,
    /// Short name.
    pub api_name: String,
    /// Whether it is in use, blocked or not installed.
    pub state: AppState,
    /// What the service provider needs to know.
    pub info: IdpInfo,
    /// Entity ID of the service provider.
    pub entity_id: String,
    /// When its metadata ends, and whether that is soon or over.
    pub valid_until: Option<(Moment, Tone)>,
    /// Its Assertion Consumer Services.
    pub endpoints: Vec<EndpointLine>,
    /// Its certificates.
    pub certificates: Vec<CertificateLine>,
    /// The version of the app that the form was read from.
    pub version: i64,
    /// What the app had in that version; see [`crate::apps::snapshot::Snapshot`].
    pub read: String,
    /// The values of the form.
    pub form: AppForm,
    /// What was wrong with them.
    pub problems: Vec<Problem>,
    /// What keeps users from signing on to it as it is stored.
    pub findings: Vec<FindingLine>,
    /// The form is shown since it cannot work with these values: is that meant?
    pub asks: bool,
    /// What is in force where the form alone does not tell.
    pub in_force: Vec<InForce>,
    /// The organisation's profiles; which are ticked is in the form.
    pub profiles: Vec<Choice>,
    /// The organisation's permission sets; which are ticked is in the form.
    pub permission_sets: Vec<Choice>,
    /// The organisation's signing keys, by row.
    pub signing_keys: Vec<Choice>,
}

/// The value of a setting that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The field's name.
    pub field: &'static str,
    /// The value in words.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl AppSettingsPage {
    fn t(&self) -> &AppSettings {
        &self.frame.t.app_settings
    }

    fn blocked(&self) -> bool {
        self.state == AppState::Blocked
    }

    fn uninstalled(&self) -> bool {
        self.state == AppState::Uninstalled
    }

    /// The fields of a part of the page, in order.
    fn part(&self, section: Section) -> Vec<Field> {
        let mut fields = Vec::new();
        for setting in settings_of(section) {
            if let Kind::Rows { .. } = setting.kind {
                continue;
            }
            fields.push(self.field(setting));
            match setting.kind {
                Kind::SubjectType => fields.push(self.subject_attribute()),
                _ if setting.key == "permitted_users" => {
                    fields.push(self.assigned("profiles"));
                    fields.push(self.assigned("permission_sets"));
                }
                _ => {}
            }
        }
        fields
    }

    /// The box to tick where something cannot work and is meant.
    fn although(&self) -> Field {
        let texts = &self.frame.t.findings;
        let ticked = if self.form.although { "yes" } else { "" };
        Field {
            hint: Some(texts.accept_hint.into()),
            control: Control::Tick { danger: true },
            ..self.plain("although", texts.accept, ticked)
        }
    }

    fn texts(&self, setting: &Setting) -> &'static SettingText {
        let texts = self.frame.t.settings.of(setting.key);
        texts.expect("every setting has texts, a test says so")
    }

    /// The field of a setting: its control is that of the setting's kind.
    fn field(&self, setting: &Setting) -> Field {
        let texts = self.texts(setting);
        let values = self.form.values(setting.key);
        let value = self.form.value(setting.key);
        let mut choices: Vec<Choice> = texts
            .choices
            .iter()
            .map(|choice| Choice {
                note: choice.note.map(|note| note.to_string()).unwrap_or_default(),
                ..Choice::new(choice.word, choice.label.to_string())
            })
            .collect();
        let control = match setting.kind {
            Kind::Flag => Control::Tick {
                danger: setting.danger,
            },
            Kind::Text { long: true, .. } => Control::Area { rows: 2 },
            Kind::ContextClasses | Kind::ContextMap | Kind::Uris | Kind::Origins => {
                Control::Area { rows: 3 }
            }
            Kind::NameIdFormats => Control::Boxes,
            Kind::Words { .. } if choices.iter().any(|choice| !choice.note.is_empty()) => {
                Control::Radios
            }
            Kind::Words { .. }
            | Kind::NameIdFormat
            | Kind::SubjectType
            | Kind::SignatureAlgorithm
            | Kind::SigningKey => Control::Select,
            _ => Control::Line,
        };
        match setting.kind {
            Kind::SigningKey => choices.extend(self.signing_keys.iter().cloned()),
            Kind::SignatureAlgorithm => {
                choices.extend(SignatureAlgorithm::ALL.into_iter().map(|algorithm| {
                    Choice::new(algorithm_word(algorithm.uri()), algorithm_name(algorithm))
                }))
            }
            _ => {}
        }
        let choices = match control {
            Control::Boxes => choose_all(choices, values),
            Control::Select | Control::Radios => choose(choices, value),
            _ => Vec::new(),
        };
        Field {
            control,
            choices,
            hint: Some(texts.hint.with(setting.kind.bounds()).into()),
            ..self.plain(setting.key, texts.label, value)
        }
    }

    fn plain(&self, name: &'static str, label: Text, value: &str) -> Field {
        Field {
            id: name.into(),
            name,
            label,
            hint: None,
            value: value.into(),
            control: Control::Line,
            choices: Vec::new(),
            problem: problem_of(&self.problems, name),
            in_force: self.in_force_of(name),
        }
    }

    /// The field beside the subject type that names an attribute.
    fn subject_attribute(&self) -> Field {
        let t = self.t();
        let value = &self.form.subject_attribute;
        Field {
            hint: Some(t.subject_attribute_hint.into()),
            ..self.plain("subject_attribute", t.subject_attribute, value)
        }
    }

    fn in_force_of(&self, field: &str) -> Option<String> {
        let t = self.t();
        let known = self.in_force.iter().find(|known| known.field == field)?;
        let origin = match known.origin {
            Origin::App => t.from_here,
            Origin::Metadata => t.from_metadata,
            Origin::Organisation => t.from_organisation,
            Origin::Default => t.from_default,
        };
        Some(t.in_force.with(format!("{} ({origin})", known.value)))
    }

    fn use_text(&self, line: &CertificateLine) -> String {
        let t = &self.frame.t.app_preview;
        match line.used_for {
            Use::Signing => t.key_signing,
            Use::Encryption => t.key_encryption,
            Use::Both => t.key_both,
        }
        .to_string()
    }

    fn assigned(&self, name: &'static str) -> Field {
        let t = self.t();
        let (label, choices) = if name == "profiles" {
            (
                t.profiles,
                choose_all(self.profiles.clone(), &self.form.profiles),
            )
        } else {
            (
                t.permission_sets,
                choose_all(self.permission_sets.clone(), &self.form.permission_sets),
            )
        };
        Field {
            hint: (name == "profiles").then(|| t.assigned_hint.into()),
            control: Control::Boxes,
            choices,
            ..self.plain(name, label, "")
        }
    }

    fn rows(&self) -> Vec<AttributeFields> {
        self.form
            .attributes
            .iter()
            .enumerate()
            .map(|(index, row)| self.row(index, row))
            .collect()
    }

    fn row(&self, index: usize, row: &AttributeForm) -> AttributeFields {
        let t = self.t();
        let field = |name: &'static str, label, hint: Option<Text>, value: &str, choices| {
            let id = format!("{name}-{}", index + 1);
            Field {
                problem: problem_of(&self.problems, &id),
                id,
                name,
                label,
                hint: hint.map(Into::into),
                value: value.into(),
                // The template says how each part of a row is drawn.
                control: Control::Line,
                choices,
                in_force: None,
            }
        };
        let formats = labelled(&[
            (FORMAT_URI, t.attribute_format_uri),
            (FORMAT_BASIC, t.attribute_format_basic),
            (FORMAT_UNSPECIFIED, t.attribute_format_unspecified),
        ]);
        let missing = labelled(&[
            ("omit", t.attribute_missing_omit),
            ("empty", t.attribute_missing_empty),
            ("refuse", t.attribute_missing_refuse),
        ]);
        let when = labelled(&[
            ("always", t.attribute_when_always),
            ("requested", t.attribute_when_requested),
            ("required", t.attribute_when_required),
        ]);
        let select = |name, label, choices, current: &str| {
            field(name, label, None, "", choose(choices, current))
        };
        let title = [&row.friendly, &row.name]
            .into_iter()
            .find(|name| !name.is_empty())
            .cloned()
            .unwrap_or_else(|| t.attribute_row.with(index + 1));
        AttributeFields {
            index,
            title,
            name: field(
                "attr_name",
                t.attribute_name,
                (row.format == FORMAT_BASIC).then_some(t.attribute_name_short_hint),
                &row.name,
                Vec::new(),
            ),
            friendly: field(
                "attr_friendly",
                t.attribute_friendly,
                None,
                &row.friendly,
                Vec::new(),
            ),
            format: select("attr_format", t.attribute_format, formats, &row.format),
            source: select(
                "attr_source",
                t.attribute_source,
                self.sources(),
                &row.source,
            ),
            value: field(
                "attr_value",
                t.attribute_value,
                None,
                &row.value,
                Vec::new(),
            ),
            missing: select("attr_missing", t.attribute_missing, missing, &row.missing),
            when: select("attr_when", t.attribute_when, when, &row.when),
            only_for: field(
                "attr_only_for",
                t.attribute_only_for,
                Some(t.attribute_only_for_hint),
                &row.only_for,
                Vec::new(),
            ),
            allowed_values: field(
                "attr_allowed_values",
                t.attribute_allowed_values,
                Some(t.attribute_allowed_values_hint),
                &row.allowed_values,
                Vec::new(),
            ),
            allowed_prefixes: field(
                "attr_allowed_prefixes",
                t.attribute_allowed_prefixes,
                Some(t.attribute_allowed_prefixes_hint),
                &row.allowed_prefixes,
                Vec::new(),
            ),
        }
    }

    fn sources(&self) -> Vec<Choice> {
        let t = self.t();
        let label = |source: &str| match source {
            "user:display_name" => t.source_field_display_name,
            "user:given_name" => t.source_field_given_name,
            "user:family_name" => t.source_field_family_name,
            "user:email" => t.source_field_email,
            "user:username" => t.source_field_username,
            "user:federation_id" => t.source_field_federation_id,
            "user:id" => t.source_field_id,
            "user:locale" => t.source_field_locale,
            "user:time_zone" => t.source_field_time_zone,
            "custom" => t.source_custom,
            "profile" => t.source_profile,
            "permission_sets" => t.source_permission_sets,
            "organisation_name" => t.source_organisation_name,
            "organisation_url" => t.source_organisation_url,
            "constant" => t.source_constant,
            "template" => t.source_template,
            "subject_id" => t.source_subject_id,
            _ => t.source_pairwise_id,
        };
        SOURCES
            .iter()
            .map(|source| Choice::new(*source, label(source).to_string()))
            .collect()
    }

    fn preset(&self) -> Field {
        let t = self.t();
        let mut choices = labelled(&[("", t.attribute_preset_empty)]);
        choices.extend(PRESETS.iter().map(|(name, ..)| Choice::new(*name, *name)));
        Field {
            control: Control::Select,
            choices: choose(choices, ""),
            ..self.plain("preset", t.attribute_preset, "")
        }
    }

    /// What the page calls a setting.
    pub(crate) fn label_of_setting(&self, key: &str) -> String {
        let t = self.t();
        match key {
            "attributes" => t.attributes_title.to_string(),
            _ => self.label_of(key).unwrap_or_else(|| key.to_owned()),
        }
    }

    /// A value of a setting, as the table of settings writes it, in the words of the page.
    pub(crate) fn words_of_setting(&self, key: &str, value: &str) -> String {
        let common = &self.frame.t.common;
        let choices = match key {
            "profiles" => self.profiles.clone(),
            "permission_sets" => self.permission_sets.clone(),
            key => match setting(key) {
                Ok(setting) if !matches!(setting.kind, Kind::Rows { .. }) => {
                    self.field(setting).choices
                }
                _ => Vec::new(),
            },
        };
        if choices.is_empty() {
            return match value {
                "true" => common.yes.to_string(),
                "false" => common.no.to_string(),
                // A logo, for one, is no text that anybody reads.
                _ => shortened(value),
            };
        }
        let words = |value: &str| {
            choices
                .iter()
                .find(|choice| choice.value == value)
                .map_or_else(|| value.to_owned(), |choice| choice.label.clone())
        };
        if value.is_empty() {
            return words(value);
        }
        value.lines().map(words).collect::<Vec<_>>().join("\n")
    }

    /// The problems for the summary above the page, each with the name of its field.
    fn summary(&self) -> Vec<Problem> {
        self.problems
            .iter()
            .map(|problem| match self.label_of(&problem.field) {
                Some(label) => {
                    Problem::new(&problem.field, format!("{label}: {}", problem.message))
                }
                None => problem.clone(),
            })
            .collect()
    }

    /// What a field is called on the page; for a field of an attribute row, with the row.
    fn label_of(&self, field: &str) -> Option<String> {
        let t = self.t();
        let (name, row) = match field.rsplit_once('-') {
            Some((name, number)) => (name, number.parse::<usize>().ok()),
            None => (field, None),
        };
        let label = match name {
            "profiles" => t.profiles,
            "permission_sets" => t.permission_sets,
            "subject_attribute" => t.subject_attribute,
            "although" => self.frame.t.findings.accept,
            "sp" => t.sp_title,
            "attr_name" => t.attribute_name,
            "attr_friendly" => t.attribute_friendly,
            "attr_format" => t.attribute_format,
            "attr_source" => t.attribute_source,
            "attr_value" => t.attribute_value,
            "attr_missing" => t.attribute_missing,
            "attr_when" => t.attribute_when,
            "attr_only_for" => t.attribute_only_for,
            "attr_allowed_values" => t.attribute_allowed_values,
            "attr_allowed_prefixes" => t.attribute_allowed_prefixes,
            key => self.frame.t.settings.of(key)?.label,
        };
        Some(match row {
            Some(number) => format!("{}, {label}", t.attribute_row.with(number)),
            None => label.to_string(),
        })
    }

    /// Sample data.
    pub fn sample() -> Self {
        let mut form = AppForm::from_pairs([
            ("name", "Sample Wiki"),
            ("api_name", "wiki"),
            ("description", "Pages that everybody may write."),
            ("contact", "helpdesk@example.org"),
            ("logo_url", ""),
            ("info_url", ""),
            ("permitted_users", "admin_approved"),
            ("profiles", "staff"),
            ("ask_consent", "yes"),
            ("visible", "yes"),
            ("order", "0"),
            ("start_url", ""),
            ("allow_unsolicited", "yes"),
            ("default_relay_state", ""),
            ("allow_relay_state_override", "yes"),
            ("subject_type", "persistent"),
            ("name_id_format", "persistent"),
            ("allowed_name_id_formats", "transient"),
            ("sign", "default"),
            ("signature_algorithm", ""),
            ("signing_key", ""),
            ("issuer", ""),
            ("launch_origins", ""),
            ("extra_audiences", ""),
            ("requested_context", "honour"),
            ("context_map", ""),
            ("encryption_cipher", ""),
            ("request_signatures", "when_present"),
            ("permitted_contexts", ""),
            ("encryption", "when_key_published"),
            ("assertion_lifetime_seconds", "300"),
            ("clock_skew_seconds", ""),
            ("session_not_on_or_after", "yes"),
        ]);
        for preset in ["displayName", "mail"] {
            form.action = super::FormAction::AddAttribute;
            form.preset = preset.into();
            form.edit();
        }
        let in_force = |field, value: &str, origin| InForce {
            field,
            value: value.into(),
            origin,
        };
        Self {
            frame: Frame::sample_admin(),
            url: "/admin/apps/wiki".into(),
            app: AppLabel::named("Sample Wiki"),
            api_name: "wiki".into(),
            state: AppState::Installed,
            info: IdpInfo::sample(),
            entity_id: "https://wiki.example.org/shibboleth".into(),
            valid_until: Some((Moment::sample(), Tone::Warning)),
            endpoints: vec![EndpointLine {
                url: "https://wiki.example.org/Shibboleth.sso/SAML2/POST".into(),
                binding: "HTTP-POST".into(),
                index: Some(1),
                default: true,
                usable: true,
            }],
            certificates: vec![CertificateLine {
                used_for: Use::Both,
                subject: "CN=wiki.example.org".into(),
                kind: "RSA 3072".into(),
                fingerprint: sample_fingerprint(),
                expires: Moment::sample(),
                expired: false,
                ignored_because: None,
            }],
            version: 7,
            read: r#"{"order":"0"}"#.into(),
            form,
            problems: Vec::new(),
            findings: Vec::new(),
            asks: false,
            in_force: vec![
                in_force("request_signatures", "Required", Origin::Metadata),
                in_force("signature_algorithm", "RSA-SHA256", Origin::Default),
                in_force(
                    "issuer",
                    "https://login.example.org/saml/metadata",
                    Origin::Organisation,
                ),
                in_force("encryption", "On", Origin::Metadata),
                in_force("sign", "Response and assertion", Origin::Default),
                in_force("clock_skew_seconds", "180", Origin::Organisation),
            ],
            profiles: vec![
                Choice::new("staff", "Staff"),
                Choice::new("students", "Students"),
            ],
            permission_sets: Vec::new(),
            signing_keys: vec![Choice::new("key-1", "RSA 3072, expires 2036-02-29")],
        }
    }
}

/// The fields of one attribute row.
struct AttributeFields {
    index: usize,
    title: String,
    name: Field,
    friendly: Field,
    format: Field,
    source: Field,
    value: Field,
    missing: Field,
    when: Field,
    only_for: Field,
    allowed_values: Field,
    allowed_prefixes: Field,
}

impl AttributeFields {
    /// Whether something is wrong with a field that is folded away.
    fn has_hidden_problem(&self) -> bool {
        [
            &self.format,
            &self.missing,
            &self.when,
            &self.only_for,
            &self.allowed_values,
            &self.allowed_prefixes,
        ]
        .iter()
        .any(|field| field.problem.is_some())
    }
}

/// The beginning of a value that is too long for a page.
fn shortened(value: &str) -> String {
    const LONGEST: usize = 2_000;
    match value.char_indices().nth(LONGEST) {
        None => value.to_owned(),
        Some((at, _)) => format!("{}…", &value[..at]),
    }
}

fn labelled(choices: &[(&str, Text)]) -> Vec<Choice> {
    choices
        .iter()
        .map(|(value, label)| Choice::new(*value, label.to_string()))
        .collect()
}

/// The algorithm's name; names are the same in every language.
fn algorithm_name(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RsaSha256 => "RSA-SHA256",
        SignatureAlgorithm::RsaSha384 => "RSA-SHA384",
        SignatureAlgorithm::RsaSha512 => "RSA-SHA512",
        SignatureAlgorithm::EcdsaSha256 => "ECDSA-SHA256",
        SignatureAlgorithm::EcdsaSha384 => "ECDSA-SHA384",
        SignatureAlgorithm::EcdsaSha512 => "ECDSA-SHA512",
        SignatureAlgorithm::DangerRsaSha1 => "RSA-SHA1 (dangerous)",
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let mut wrong = AppSettingsPage {
        state: AppState::Blocked,
        problems: vec![
            Problem::new("clock_skew_seconds", "Enter a number in the range 0–600."),
            Problem::new("attr_name-2", "Enter a value."),
        ],
        ..AppSettingsPage::sample()
    };
    wrong.form.fill("clock_skew_seconds", vec!["900".into()]);
    wrong.form.attributes[1].name.clear();
    let uninstalled = AppSettingsPage {
        state: AppState::Uninstalled,
        ..AppSettingsPage::sample()
    };
    let line = |tone, text: &str, url: &str| FindingLine {
        tone,
        text: text.into(),
        url: url.into(),
    };
    let findings = AppSettingsPage {
        findings: vec![
            line(
                Tone::Problem,
                "Its metadata was good until 2026-02-28T12:00:00Z. Every sign-on is refused. \
                 Replace it with newer metadata.",
                "#sp",
            ),
            line(
                Tone::Warning,
                "Nobody may enter: no profile and no permission set lists it.",
                "#profiles",
            ),
        ],
        ..AppSettingsPage::sample()
    };
    let asks = AppSettingsPage {
        asks: true,
        problems: vec![
            Problem::new(
                "subject_type",
                "The NameID format persistent cannot carry the subject type that was chosen.",
            ),
            Problem::new("although", "Nothing is saved yet."),
        ],
        ..AppSettingsPage::sample()
    };
    vec![
        ("admin-app", AppSettingsPage::sample().html()),
        ("admin-app-findings", findings.html()),
        ("admin-app-asks", asks.html()),
        ("admin-app-problems", wrong.html()),
        ("admin-app-uninstalled", uninstalled.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::settings::SETTINGS;

    fn sample(name: &str) -> String {
        let found = samples().into_iter().find(|(known, _)| *known == name);
        found.expect("a sample of this name").1
    }

    /// What a browser would send for the page, in its order, with the main button pressed.
    fn submitted(html: &str) -> Vec<(String, String)> {
        let form = html.split("id=\"settings\"").nth(1).expect("the form");
        let form = form.split("</form>").next().expect("its end");
        let attribute = |tag: &str, name: &str| {
            let start = format!(" {name}=\"");
            tag.split(start.as_str())
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .map(ToOwned::to_owned)
        };
        let mut pairs = Vec::new();
        let mut select = None;
        for part in form.split('<').skip(1) {
            let (tag, body) = part.split_once('>').expect("a whole tag");
            let name = attribute(tag, "name");
            let value = attribute(tag, "value").unwrap_or_default();
            if tag.starts_with("select") {
                select = name;
            } else if tag.starts_with("option") && tag.contains(" selected") {
                pairs.push((select.clone().expect("inside a select"), value));
            } else if tag.starts_with("textarea") {
                pairs.push((
                    name.expect("a name"),
                    body.trim_start_matches('\n').to_owned(),
                ));
            } else if tag.starts_with("input") {
                let tickable = tag.contains("\"checkbox\"") || tag.contains("\"radio\"");
                if !tickable || tag.contains(" checked") {
                    pairs.push((name.expect("a name"), value));
                }
            }
        }
        pairs
    }

    #[test]
    fn an_unchanged_page_sends_what_it_was_made_of() {
        let mut page = AppSettingsPage::sample();
        page.form
            .fill("permitted_contexts", vec!["urn:a\nurn:b".into()]);
        page.form.attributes[0].value = "kept".into();
        page.form.attributes[0].format = "urn:an:unknown:format".into();
        page.form.profiles.push("gone-from-the-list".into());
        page.form.action = super::super::FormAction::Save;
        page.form.preset = String::new();
        let read = AppForm::from_pairs(submitted(&page.html()));
        assert_eq!(read, page.form);
    }

    /// Nothing of the table is left without words, and no words are left of what is gone.
    #[test]
    fn every_setting_has_texts_and_a_field() {
        let page = AppSettingsPage::sample();
        let texts = page.frame.t.settings;
        let html = page.html();
        for setting in SETTINGS {
            let texts = texts.of(setting.key).expect(setting.key);
            let bounds = setting.kind.bounds();
            if matches!(setting.kind, Kind::Number { seconds: true, .. }) {
                assert!(texts.hint.0.contains("{}"), "{}", setting.key);
                assert!(html.contains(&bounds), "{}: {bounds}", setting.key);
            }
            if let Some((_, default)) = texts.hint.0.split_once("Default ") {
                assert_eq!(default.trim_end_matches('.'), setting.default_text());
            }
            // Each word can be chosen, and nothing else is offered.
            let offered: Vec<&str> = texts.choices.iter().map(|choice| choice.word).collect();
            if let Kind::Words { words, .. } = setting.kind {
                for word in words {
                    assert!(offered.contains(word), "{}: {word}", setting.key);
                }
                let nothing = usize::from(setting.optional);
                assert_eq!(offered.len(), words.len() + nothing, "{}", setting.key);
            }
            let named = match setting.kind {
                Kind::Rows { .. } => html.contains("name=\"attr_name\""),
                _ => html.contains(&format!("name=\"{}\"", setting.key)),
            };
            assert!(named, "{} has no field", setting.key);
        }
        for (key, _) in texts.all() {
            assert!(SETTINGS.iter().any(|setting| setting.key == key), "{key}");
        }
    }

    #[test]
    fn the_summary_names_each_field() {
        let html = sample("admin-app-problems");
        assert!(html.contains("Clock tolerance in seconds: Enter a number in the range"));
        assert!(html.contains("Attribute 2, SAML name: Enter a value."));
    }

    #[test]
    fn every_field_of_the_form_has_a_name_in_the_summary() {
        let page = AppSettingsPage::sample();
        for (field, _) in submitted(&page.html()) {
            let unnamed = ["csrf", "version", "read", "preset", "do"].contains(&field.as_str());
            assert_eq!(page.label_of(&field).is_none(), unnamed, "{field}");
        }
    }

    #[test]
    fn the_value_in_force_and_its_origin_are_shown() {
        let html = AppSettingsPage::sample().html();
        assert!(html.contains("In force: Required (from the app&#39;s metadata)"));
    }

    #[test]
    fn enter_in_a_field_saves_and_removes_nothing() {
        let html = AppSettingsPage::sample().html();
        let form = html.split("id=\"settings\"").nth(1).expect("the form");
        let first = form.split("<button").nth(1).expect("a button");
        assert!(
            first
                .split('>')
                .next()
                .expect("tag")
                .contains("value=\"save\"")
        );
    }

    #[test]
    fn a_blocked_app_can_be_unblocked_and_only_that() {
        let blocked = sample("admin-app-problems");
        assert!(blocked.contains("action=\"/admin/apps/wiki/unblock\""));
        assert!(!blocked.contains("action=\"/admin/apps/wiki/block\""));
        let html = AppSettingsPage::sample().html();
        assert!(html.contains("action=\"/admin/apps/wiki/block\""));
    }

    #[test]
    fn an_uninstalled_app_can_be_installed_and_neither_blocked_nor_unblocked() {
        let html = sample("admin-app-uninstalled");
        assert!(html.contains("This app is not installed"));
        assert!(html.contains("action=\"/admin/apps/wiki/install\""));
        assert!(!html.contains("block\"") && !html.contains("/uninstall\""));
        let html = AppSettingsPage::sample().html();
        assert!(html.contains("href=\"/admin/apps/wiki/uninstall\""));
        assert!(!html.contains("/install\""));
    }
}
