//! Which attributes an SP gets, with which values, and why.

use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::attributes::{
    RequestedAttribute, SubjectIdRequirement, UNSPECIFIED_NAME_FORMAT, URI_NAME_FORMAT,
};
use avouch_saml::xml::names::is_xml_text;

use super::pairwise::PairwiseSalt;
use super::subject_id::{self, PAIRWISE_ID, SUBJECT_ID};
use crate::apps::saml::{AttributeRow, SamlSettings, Source, UserField, WhenMissing};
use crate::audit::ResultCode;
use crate::users::User;

/// What the release depends on beside the user.
pub struct ReleaseFacts<'a> {
    /// The app's settings.
    pub settings: &'a SamlSettings,
    /// The SP's metadata.
    pub sp: &'a SpMetadata,
    /// AttributeConsumingServiceIndex of the request. An unknown one selects the default set.
    pub attribute_service: Option<u16>,
    /// The organisation's scope for subject identifiers.
    pub scope: Option<&'a str>,
    /// The organisation's name.
    pub organisation_name: &'a str,
    /// The organisation's URL.
    pub organisation_url: &'a str,
    /// The deployment's secret.
    pub salt: &'a PairwiseSalt,
}

/// One attribute to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedAttribute {
    /// `Name`.
    pub name: String,
    /// `NameFormat`.
    pub name_format: String,
    /// `FriendlyName`, which identifies nothing.
    pub friendly_name: Option<String>,
    /// The values; none for an attribute that is sent without.
    pub values: Vec<String>,
}

/// What is sent, and what was held back with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// The attributes, each name and format once.
    pub attributes: Vec<ReleasedAttribute>,
    /// Sentences about what was held back, for the log and for the preview. They name attributes,
    /// never values.
    pub notes: Vec<String>,
}

/// Decides what `user`'s attributes are for this SP. Only rows are released, and the subject
/// identifier that the SP's metadata asks for.
///
/// # Errors
/// [`ResultCode::NoCustomAttributeValue`] when a row that must have a value has none,
/// [`ResultCode::InvalidSettings`] when the SP's requirement for a subject identifier cannot be
/// met and the app's settings say that this fails the sign-on.
pub fn release(facts: &ReleaseFacts<'_>, user: &User) -> Result<Release, ResultCode> {
    let requested = requested(facts);
    let mut out = Release::default();
    for row in &facts.settings.attributes {
        if let Some(reason) = held_back(facts, requested, row) {
            out.notes.push(format!("{}: {reason}", row.name));
            continue;
        }
        let values = values(facts, user, &row.source);
        let values = legal(&row.name, values, &mut out.notes);
        if values.is_empty() {
            match row.when_missing {
                WhenMissing::Omit => {
                    out.notes.push(format!("{}: no value", row.name));
                    continue;
                }
                WhenMissing::Empty => {}
                WhenMissing::Refuse => return Err(ResultCode::NoCustomAttributeValue),
            }
        }
        merge(&mut out.attributes, row, values);
    }
    add_required_identifier(facts, user, &mut out)?;
    for attribute in &mut out.attributes {
        limit_to_requested(requested, attribute, &mut out.notes);
    }
    // An attribute left without any of its values says nothing and would look like "empty".
    out.attributes
        .retain(|a| !a.values.is_empty() || sent_empty(facts.settings, a));
    Ok(out)
}

fn requested<'a>(facts: &ReleaseFacts<'a>) -> &'a [RequestedAttribute] {
    facts
        .sp
        .choose_attribute_service(facts.attribute_service)
        .or_else(|_unknown| facts.sp.choose_attribute_service(None))
        .ok()
        .flatten()
        .map_or(&[], |service| &service.requested)
}

fn same_attribute(asked: &RequestedAttribute, name: &str, name_format: &str) -> bool {
    asked.name == name
        && (asked.name_format == name_format || asked.name_format == UNSPECIFIED_NAME_FORMAT)
}

/// Why a row is not for this SP, if it is not.
fn held_back(
    facts: &ReleaseFacts<'_>,
    requested: &[RequestedAttribute],
    row: &AttributeRow,
) -> Option<&'static str> {
    if let Some(condition) = &row.only_for_entity_attribute {
        let met = condition.split_once('=').is_some_and(|(name, value)| {
            facts
                .sp
                .entity_attributes
                .iter()
                .any(|a| a.name == name && a.values.iter().any(|v| v == value))
        });
        if !met {
            return Some("the SP's metadata lacks the entity attribute that the row asks for");
        }
    }
    if row.only_if_requested
        && !requested
            .iter()
            .any(|asked| same_attribute(asked, &row.name, &row.name_format))
    {
        return Some("the SP's metadata does not request it");
    }
    let signal = facts.sp.subject_id_requirement;
    let identifier = matches!(row.source, Source::SubjectId | Source::PairwiseId);
    if identifier && signal == Some(SubjectIdRequirement::None) {
        return Some("the SP's metadata asks for no subject identifier");
    }
    if row.source == Source::SubjectId && signal == Some(SubjectIdRequirement::Any) {
        return Some("the SP's metadata takes either identifier, and gets pairwise-id");
    }
    None
}

fn values(facts: &ReleaseFacts<'_>, user: &User, source: &Source) -> Vec<String> {
    let one = |text: &str| {
        if text.is_empty() {
            Vec::new()
        } else {
            vec![text.to_owned()]
        }
    };
    match source {
        Source::User(field) => one(user_field(user, *field)),
        Source::Custom(name) => user.custom.get(name).cloned().unwrap_or_default(),
        Source::Profile => one(&user.profile_name),
        Source::PermissionSets => user
            .permission_sets
            .iter()
            .map(|(_, name)| name.clone())
            .collect(),
        Source::OrganisationName => one(facts.organisation_name),
        Source::OrganisationUrl => one(facts.organisation_url),
        Source::Constant(values) => values.clone(),
        Source::Template(template) => expand(template, user).into_iter().collect(),
        Source::SubjectId => subject_id::subject_id(&user.id, facts.scope)
            .into_iter()
            .collect(),
        Source::PairwiseId => subject_id::pairwise_id(
            facts.salt,
            facts.sp.entity_id.as_str(),
            &user.id,
            facts.scope,
        )
        .into_iter()
        .collect(),
    }
}

fn user_field(user: &User, field: UserField) -> &str {
    match field {
        UserField::Id => user.id.as_str(),
        UserField::Username => &user.username,
        UserField::DisplayName => &user.display_name,
        UserField::GivenName => &user.given_name,
        UserField::FamilyName => &user.family_name,
        UserField::Email => &user.email,
        UserField::FederationId => user.federation_id.as_deref().unwrap_or(""),
        UserField::Locale => &user.locale,
        UserField::TimeZone => &user.time_zone,
    }
}

/// Text with each `${name}` replaced by a user field or the first value of a custom attribute;
/// `None` when one is missing or the template is broken.
fn expand(template: &str, user: &User) -> Option<String> {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let (name, after) = rest[at + 2..].split_once('}')?;
        let field = UserField::ALL.iter().find(|(_, word)| *word == name);
        let value = match field {
            Some((field, _)) => user_field(user, *field),
            None => user.custom.get(name)?.first()?,
        };
        if value.is_empty() {
            return None;
        }
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Drops values that XML 1.0 cannot carry, even escaped.
fn legal(name: &str, values: Vec<String>, notes: &mut Vec<String>) -> Vec<String> {
    let before = values.len();
    let values: Vec<String> = values.into_iter().filter(|v| is_xml_text(v)).collect();
    if values.len() < before {
        notes.push(format!(
            "{name}: {} value(s) with characters that XML cannot carry",
            before - values.len()
        ));
    }
    values
}

fn merge(attributes: &mut Vec<ReleasedAttribute>, row: &AttributeRow, values: Vec<String>) {
    let known = attributes
        .iter_mut()
        .find(|a| a.name == row.name && a.name_format == row.name_format);
    match known {
        Some(attribute) => {
            for value in values {
                if !attribute.values.contains(&value) {
                    attribute.values.push(value);
                }
            }
        }
        None => attributes.push(ReleasedAttribute {
            name: row.name.clone(),
            name_format: row.name_format.clone(),
            friendly_name: row.friendly_name.clone(),
            values,
        }),
    }
}

/// The subject identifier that the SP's metadata asks for, whether a row names it or not: it
/// names the user, as a NameID does.
fn add_required_identifier(
    facts: &ReleaseFacts<'_>,
    user: &User,
    out: &mut Release,
) -> Result<(), ResultCode> {
    let (name, friendly, source) = match facts.sp.subject_id_requirement {
        Some(SubjectIdRequirement::SubjectId) => (SUBJECT_ID, "subject-id", Source::SubjectId),
        Some(SubjectIdRequirement::PairwiseId | SubjectIdRequirement::Any) => {
            (PAIRWISE_ID, "pairwise-id", Source::PairwiseId)
        }
        Some(SubjectIdRequirement::None) | None => return Ok(()),
    };
    if out.attributes.iter().any(|a| a.name == name) {
        return Ok(());
    }
    let values = values(facts, user, &source);
    if values.is_empty() {
        if facts.settings.fail_unmet_subject_id {
            return Err(ResultCode::InvalidSettings);
        }
        out.notes.push(format!(
            "{name}: asked for by the SP, but there is no valid scope"
        ));
        return Ok(());
    }
    out.attributes.push(ReleasedAttribute {
        name: name.to_owned(),
        name_format: URI_NAME_FORMAT.to_owned(),
        friendly_name: Some(friendly.to_owned()),
        values,
    });
    Ok(())
}

/// Keeps of an attribute only the values that the SP's metadata lists, when it lists any.
fn limit_to_requested(
    requested: &[RequestedAttribute],
    attribute: &mut ReleasedAttribute,
    notes: &mut Vec<String>,
) {
    let mut listed = requested
        .iter()
        .filter(|asked| same_attribute(asked, &attribute.name, &attribute.name_format))
        .peekable();
    if listed.peek().is_none() || listed.clone().any(|asked| asked.values.is_empty()) {
        return;
    }
    let wanted: Vec<&String> = listed.flat_map(|asked| &asked.values).collect();
    let before = attribute.values.len();
    attribute.values.retain(|value| wanted.contains(&value));
    if attribute.values.len() < before {
        notes.push(format!(
            "{}: {} value(s) that the SP's metadata does not list",
            attribute.name,
            before - attribute.values.len()
        ));
    }
}

fn sent_empty(settings: &SamlSettings, attribute: &ReleasedAttribute) -> bool {
    settings.attributes.iter().any(|row| {
        row.name == attribute.name
            && row.name_format == attribute.name_format
            && row.when_missing == WhenMissing::Empty
    })
}
