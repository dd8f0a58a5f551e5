//! Between the settings form and an app: every value checked, every problem named.

use avouch_saml::ids::{EntityId, IdError, is_absolute_uri};
use avouch_saml::security::algorithm::SignatureAlgorithm;

use crate::apps::onboard::row::check_names;
use crate::apps::saml::{
    AttributeRow, Condition, EncryptionPolicy, RequestSignatures, SignWhat, Source, SubjectType,
    UserField, WhenMissing,
};
use crate::apps::{App, PermissionSetId, PermittedUsers, ProfileId};
use crate::text::Forms;

use super::super::fields::Problem;
use super::super::frame::web_link;
use super::app_form::{AppForm, AttributeForm};

const NAME_LENGTH: usize = 200;
const TEXT_LENGTH: usize = 2000;
/// A RelayState has at most 80 bytes (saml-bindings §3.4.3, §3.5.3).
const RELAY_STATE_BYTES: usize = 80;

impl AppForm {
    /// The form of a stored app.
    pub fn from_app(app: &App) -> Self {
        let (definition, policy, saml) = (&app.definition, &app.policy, &app.definition.saml);
        let (subject_type, subject_attribute) = subject_words(&saml.subject_type);
        Self {
            name: app.name.clone(),
            description: definition.description.clone(),
            contact: definition.contact.clone(),
            logo_url: text(&definition.logo_url),
            info_url: text(&definition.info_url),
            permitted_users: match policy.permitted_users {
                PermittedUsers::AdminApproved => "admin_approved",
                PermittedUsers::SelfAuthorize => "self_authorize",
            }
            .into(),
            profiles: policy.profiles.iter().map(ToString::to_string).collect(),
            permission_sets: policy
                .permission_sets
                .iter()
                .map(ToString::to_string)
                .collect(),
            ask_consent: policy.ask_consent,
            visible: policy.visible,
            order: policy.order.to_string(),
            start_url: text(&definition.start_url),
            allow_unsolicited: saml.allow_unsolicited,
            default_relay_state: text(&saml.default_relay_state),
            allow_relay_state_override: saml.allow_relay_state_override,
            subject_type: subject_type.into(),
            subject_attribute,
            name_id_format: saml.name_id_format.clone(),
            allowed_name_id_formats: saml.allowed_name_id_formats.clone(),
            always_this_format: saml.always_this_format,
            fail_unmet_subject_id: saml.fail_unmet_subject_id,
            attributes: saml
                .attributes
                .iter()
                .map(AttributeForm::from_row)
                .collect(),
            sign: word(SIGN, saml.sign),
            signature_algorithm: text(&saml.signature_algorithm),
            signing_key: text(&saml.signing_key),
            issuer: text(&saml.issuer),
            danger_allow_sha1: saml.danger_allow_sha1,
            request_signatures: word(REQUEST_SIGNATURES, saml.request_signatures),
            permitted_contexts: saml.permitted_contexts.join("\n"),
            encryption: word(ENCRYPTION, saml.encryption),
            danger_allow_cbc: saml.danger_allow_cbc,
            assertion_lifetime_seconds: saml.assertion_lifetime_seconds.to_string(),
            clock_skew_seconds: saml
                .clock_skew_seconds
                .map_or(String::new(), |seconds| seconds.to_string()),
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
    pub fn apply(&self, app: &mut App, t: &Forms) -> Result<(), Vec<Problem>> {
        let mut check = Check {
            t,
            problems: Vec::new(),
        };
        let mut new = app.clone();

        new.name = check.required("name", &self.name, NAME_LENGTH);
        let definition = &mut new.definition;
        definition.description = check.short("description", &self.description, TEXT_LENGTH);
        definition.contact = check.short("contact", &self.contact, NAME_LENGTH);
        definition.logo_url = check.logo("logo_url", &self.logo_url);
        definition.info_url = check.web("info_url", &self.info_url);

        let policy = &mut new.policy;
        policy.permitted_users = match self.permitted_users.as_str() {
            "self_authorize" => PermittedUsers::SelfAuthorize,
            "admin_approved" => PermittedUsers::AdminApproved,
            _ => check.not_a_choice("permitted_users", PermittedUsers::AdminApproved),
        };
        policy.profiles = self.profiles.iter().map(ProfileId::new).collect();
        policy.permission_sets = self
            .permission_sets
            .iter()
            .map(PermissionSetId::new)
            .collect();
        policy.ask_consent = self.ask_consent;
        policy.visible = self.visible;
        policy.order = check.number(
            "order",
            &self.order,
            i64::from(i32::MIN),
            i64::from(i32::MAX),
        );
        definition.start_url = check.web("start_url", &self.start_url);

        let saml = &mut definition.saml;
        saml.allow_unsolicited = self.allow_unsolicited;
        if self.default_relay_state.len() > RELAY_STATE_BYTES {
            check.add("default_relay_state", t.relay_state_too_long.to_string());
        }
        saml.default_relay_state = filled(&self.default_relay_state);
        saml.allow_relay_state_override = self.allow_relay_state_override;
        saml.subject_type = check.subject(self);
        saml.name_id_format = check.uri("name_id_format", &self.name_id_format);
        saml.allowed_name_id_formats = self
            .allowed_name_id_formats
            .iter()
            .map(|format| check.uri("allowed_name_id_formats", format))
            .collect();
        saml.always_this_format = self.always_this_format;
        saml.fail_unmet_subject_id = self.fail_unmet_subject_id;
        saml.attributes = self
            .attributes
            .iter()
            .enumerate()
            .map(|(index, row)| check.attribute(index + 1, row))
            .collect();
        saml.sign = check.word("sign", SIGN, &self.sign);
        saml.signature_algorithm = filled(&self.signature_algorithm);
        if let Some(uri) = &saml.signature_algorithm
            && SignatureAlgorithm::from_uri(uri).is_none()
        {
            check.add("signature_algorithm", t.not_a_choice.to_string());
        }
        saml.signing_key = filled(&self.signing_key);
        saml.issuer = filled(&self.issuer).inspect(|issuer| check.own_entity_id("issuer", issuer));
        saml.danger_allow_sha1 = self.danger_allow_sha1;
        saml.request_signatures = check.word(
            "request_signatures",
            REQUEST_SIGNATURES,
            &self.request_signatures,
        );
        saml.permitted_contexts = self
            .permitted_contexts
            .split_whitespace()
            .map(|context| check.uri("permitted_contexts", context))
            .collect();
        saml.encryption = check.word("encryption", ENCRYPTION, &self.encryption);
        saml.danger_allow_cbc = self.danger_allow_cbc;
        saml.assertion_lifetime_seconds = check.number(
            "assertion_lifetime_seconds",
            &self.assertion_lifetime_seconds,
            60,
            3600,
        );
        saml.clock_skew_seconds = filled(&self.clock_skew_seconds)
            .map(|seconds| check.number("clock_skew_seconds", &seconds, 0, 600));
        saml.session_not_on_or_after = self.session_not_on_or_after;

        if check.problems.is_empty() {
            *app = new;
            Ok(())
        } else {
            Err(check.problems)
        }
    }
}

const SIGN: &[(SignWhat, &str)] = &[
    (SignWhat::Default, "default"),
    (SignWhat::Response, "response"),
    (SignWhat::Assertion, "assertion"),
    (SignWhat::Both, "both"),
];
const REQUEST_SIGNATURES: &[(RequestSignatures, &str)] = &[
    (RequestSignatures::WhenPresent, "when_present"),
    (RequestSignatures::Required, "required"),
];
const ENCRYPTION: &[(EncryptionPolicy, &str)] = &[
    (EncryptionPolicy::WhenKeyPublished, "when_key_published"),
    (EncryptionPolicy::Off, "off"),
    (EncryptionPolicy::Required, "required"),
];
const SUBJECTS: &[(SubjectType, &str)] = &[
    (SubjectType::Persistent, "persistent"),
    (SubjectType::Transient, "transient"),
    (SubjectType::Username, "username"),
    (SubjectType::Email, "email"),
    (SubjectType::FederationId, "federation_id"),
    (SubjectType::UserId, "user_id"),
    (SubjectType::None, "none"),
];
const CONDITIONS: &[(Condition, &str)] = &[
    (Condition::Always, "always"),
    (Condition::Requested, "requested"),
    (Condition::Required, "required"),
];
const MISSING: &[(WhenMissing, &str)] = &[
    (WhenMissing::Omit, "omit"),
    (WhenMissing::Empty, "empty"),
    (WhenMissing::Refuse, "refuse"),
];

/// The word of `value`; every value is in its table.
fn word<T: Copy + PartialEq>(table: &[(T, &str)], value: T) -> String {
    table
        .iter()
        .find(|(known, _)| *known == value)
        .map_or_else(String::new, |(_, word)| (*word).to_owned())
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

fn filled(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn lines(value: &str) -> Vec<String> {
    value
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn subject_words(subject: &SubjectType) -> (&'static str, String) {
    if let SubjectType::Custom(name) = subject {
        return ("custom", name.clone());
    }
    let word = SUBJECTS
        .iter()
        .find(|(known, _)| known == subject)
        .map_or("", |(_, word)| *word);
    (word, String::new())
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
            friendly: text(&row.friendly_name),
            format: row.name_format.clone(),
            source,
            value,
            missing: word(MISSING, row.when_missing),
            when: word(CONDITIONS, row.condition),
            only_for: text(&row.only_for_entity_attribute),
            allowed_values: row.allowed_values.join("\n"),
            allowed_prefixes: row.allowed_prefixes.join("\n"),
        }
    }
}

/// Collects problems while values are read.
struct Check<'a> {
    t: &'a Forms,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn add(&mut self, field: &str, message: String) {
        self.problems.push(Problem::new(field, message));
    }

    fn not_a_choice<T>(&mut self, field: &str, instead: T) -> T {
        self.add(field, self.t.not_a_choice.to_string());
        instead
    }

    fn short(&mut self, field: &str, value: &str, limit: usize) -> String {
        let value = value.trim();
        if value.chars().count() > limit {
            self.add(field, self.t.too_long.with(limit));
        }
        value.to_owned()
    }

    fn required(&mut self, field: &str, value: &str, limit: usize) -> String {
        let value = self.short(field, value, limit);
        if value.is_empty() {
            self.add(field, self.t.required.to_string());
        }
        value
    }

    fn web(&mut self, field: &str, value: &str) -> Option<String> {
        let value = filled(&self.short(field, value, TEXT_LENGTH))?;
        let host_follows = web_link(&value).is_some_and(|url| {
            url.split_once("://").is_some_and(|(_, rest)| {
                rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')
            })
        });
        if !host_follows || value.contains(char::is_whitespace) {
            self.add(field, self.t.not_a_web_url.to_string());
        }
        Some(value)
    }

    /// Metadata can hold a small logo itself, as a data URI.
    fn logo(&mut self, field: &str, value: &str) -> Option<String> {
        let value = value.trim();
        if value.starts_with("data:image/") {
            return Some(value.to_owned());
        }
        let value = self.web(field, value)?;
        if value
            .get(..7)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
        {
            self.add(field, self.t.not_https.to_string());
        }
        Some(value)
    }

    fn uri(&mut self, field: &str, value: &str) -> String {
        let value = value.trim();
        if !is_absolute_uri(value) {
            self.add(field, self.t.not_a_uri.with(value));
        }
        value.to_owned()
    }

    fn own_entity_id(&mut self, field: &str, value: &str) {
        match EntityId::parse_own(value) {
            Ok(_) => {}
            Err(IdError::TooLong { limit, .. }) => self.add(field, self.t.too_long.with(limit)),
            Err(_) => self.add(field, self.t.not_a_uri.with(value)),
        }
    }

    fn number(&mut self, field: &str, value: &str, least: i64, most: i64) -> i64 {
        match value.trim().parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => number,
            Ok(_) => {
                self.add(field, self.t.not_between.with(format!("{least}–{most}")));
                least
            }
            Err(_) => {
                self.add(field, self.t.not_a_number.to_string());
                least
            }
        }
    }

    fn word<T: Copy>(&mut self, field: &str, table: &[(T, &str)], word: &str) -> T {
        match table.iter().find(|(_, known)| *known == word) {
            Some((value, _)) => *value,
            None => self.not_a_choice(field, table[0].0),
        }
    }

    fn subject(&mut self, form: &AppForm) -> SubjectType {
        if form.subject_type == "custom" {
            let name = form.subject_attribute.trim();
            if name.is_empty() {
                self.add("subject_attribute", self.t.custom_needs_name.to_string());
            }
            return SubjectType::Custom(name.to_owned());
        }
        match SUBJECTS.iter().find(|(_, word)| *word == form.subject_type) {
            Some((subject, _)) => subject.clone(),
            None => self.not_a_choice("subject_type", SubjectType::None),
        }
    }

    fn attribute(&mut self, number: usize, row: &AttributeForm) -> AttributeRow {
        let id = |field: &str| format!("{field}-{number}");
        let only_for = filled(&row.only_for);
        if let Some(condition) = &only_for
            && !condition
                .split_once('=')
                .is_some_and(|(n, v)| !n.is_empty() && !v.is_empty())
        {
            self.add(
                &id("attr_only_for"),
                self.t.entity_attribute_form.to_string(),
            );
        }
        let before = self.problems.len();
        let new = AttributeRow {
            name: self.required(&id("attr_name"), &row.name, TEXT_LENGTH),
            name_format: self.uri(&id("attr_format"), &row.format),
            friendly_name: filled(&row.friendly),
            source: self.source(number, row),
            when_missing: self.word(&id("attr_missing"), MISSING, &row.missing),
            only_for_entity_attribute: only_for,
            condition: self.word(&id("attr_when"), CONDITIONS, &row.when),
            allowed_values: lines(&row.allowed_values),
            allowed_prefixes: lines(&row.allowed_prefixes),
        };
        if self.problems.len() == before
            && let Err(error) = check_names(&new)
        {
            self.add(&id("attr_name"), error.to_string());
        }
        new
    }

    fn source(&mut self, number: usize, row: &AttributeForm) -> Source {
        let field = format!("attr_value-{number}");
        let value = row.value.trim().to_owned();
        if let Some(word) = row.source.strip_prefix("user:")
            && let Some((known, _)) = UserField::ALL.iter().find(|(_, w)| *w == word)
        {
            return Source::User(*known);
        }
        match row.source.as_str() {
            "custom" => {
                if value.is_empty() {
                    self.add(&field, self.t.custom_needs_name.to_string());
                }
                Source::Custom(value)
            }
            "profile" => Source::Profile,
            "permission_sets" => Source::PermissionSets,
            "organisation_name" => Source::OrganisationName,
            "organisation_url" => Source::OrganisationUrl,
            "constant" => {
                if value.is_empty() {
                    self.add(&field, self.t.constant_needs_value.to_string());
                }
                Source::Constant(lines(&value))
            }
            "template" => {
                if value.is_empty() {
                    self.add(&field, self.t.template_needs_text.to_string());
                }
                Source::Template(value)
            }
            "subject_id" => Source::SubjectId,
            "pairwise_id" => Source::PairwiseId,
            _ => self.not_a_choice(&format!("attr_source-{number}"), Source::Profile),
        }
    }
}

#[cfg(test)]
mod tests {
    use avouch_saml::time::Timestamp;

    use super::super::app_form::SOURCES;
    use super::*;
    use crate::apps::onboard::row::FORMAT_URI;
    use crate::apps::saml::SamlSettings;
    use crate::apps::{AppId, AppState, Definition, LocalPolicy};
    use crate::text::Locale;

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
            Source::Constant(vec!["a".into(), "b".into()]),
            Source::Template("${given_name} ${family_name}".into()),
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

    fn forms() -> &'static Forms {
        &Locale::English.catalogue().forms
    }

    #[test]
    fn saving_an_unchanged_form_changes_nothing() {
        let before = app();
        let mut after = before.clone();
        AppForm::from_app(&before)
            .apply(&mut after, forms())
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
        form.apply(&mut app, forms()).expect("good values");
        assert_eq!(app.definition.saml.clock_skew_seconds, Some(600));
        assert_eq!(app.definition.saml.subject_type, SubjectType::Email);
        form.clock_skew_seconds = " ".into();
        form.apply(&mut app, forms()).expect("good values");
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
            assert_eq!(form.apply(&mut app, forms()).is_ok(), good, "{issuer}");
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
        let problems = form.apply(&mut app, forms()).expect_err("bad values");
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "name",
                "logo_url",
                "info_url",
                "permitted_users",
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
}
