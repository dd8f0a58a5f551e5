//! Which attributes an SP gets, with which values, and why.

use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::attributes::{
    RequestedAttribute, SubjectIdRequirement, UNSPECIFIED_NAME_FORMAT, URI_NAME_FORMAT,
};
use avouch_saml::xml::names::is_xml_text;

use super::pairwise::PairwiseSalt;
use super::subject_id::{self, is_subject_identifier};
use crate::apps::row::source_text;
use crate::apps::saml::{AttributeRow, Condition, SamlSettings, Source, UserField, WhenMissing};
use crate::apps::saml::{PAIRWISE_ID, SUBJECT_ID};
use crate::audit::ResultCode;
use crate::audit::check::{Phrase, Value};
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Release {
    /// The attributes, each name and format once.
    pub attributes: Vec<ReleasedAttribute>,
    /// What was held back and why, for the event and for the preview. Attributes are named, never
    /// their values.
    pub notes: Vec<Value>,
}

/// Something that must be sent and cannot be.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// How the sign-on ends.
    pub result: ResultCode,
    /// The attribute and where its value should come from.
    pub expected: Value,
    /// What is there instead. It names the user, never a value.
    pub received: Value,
}

/// Decides what `user`'s attributes are for this SP. Only rows are released, and the subject
/// identifier that the SP's metadata asks for.
///
/// # Errors
/// [`Unmet`] with [`ResultCode::NoCustomAttributeValue`] when a row that must have a value has none
/// that may be sent, with [`ResultCode::InvalidSettings`] when the SP's requirement for a subject
/// identifier cannot be met and the app's settings say that this fails the sign-on.
pub fn release(facts: &ReleaseFacts<'_>, user: &User) -> Result<Release, Unmet> {
    let requested = requested(facts);
    let mut out = Release::default();
    for row in &facts.settings.attributes {
        if let Some(reason) = held_back(facts, requested, row) {
            out.notes.push(reason.with([name_of(row)]));
            continue;
        }
        let found = values(facts, user, &row.source);
        let had_any = !found.is_empty();
        let values = sendable(requested, row, found, &mut out.notes);
        if values.is_empty() {
            match row.when_missing {
                WhenMissing::Omit => {
                    if !had_any {
                        out.notes.push(Phrase::HeldNoValue.with([name_of(row)]));
                    }
                    continue;
                }
                WhenMissing::Empty => {}
                WhenMissing::Refuse => {
                    return Err(Unmet {
                        result: ResultCode::NoCustomAttributeValue,
                        expected: Phrase::ValueOfFor
                            .with([Value::text(source_text(&row.source)), name_of(row)]),
                        received: if had_any {
                            Phrase::HasNoneToSend
                        } else {
                            Phrase::HasNone
                        }
                        .with([Value::text(user.username.clone())]),
                    });
                }
            }
        }
        merge(&mut out.attributes, row, values);
    }
    hold_back_ambiguous_identifiers(&mut out);
    add_required_identifier(facts, user, requested, &mut out)?;
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

/// What the SP's metadata asks for under this name and format. It may leave the format open; two
/// formats with one name are two attributes.
fn asked<'r>(
    requested: &'r [RequestedAttribute],
    name: &'r str,
    name_format: &'r str,
) -> impl Iterator<Item = &'r RequestedAttribute> + Clone {
    requested.iter().filter(move |asked| {
        asked.name == name
            && (asked.name_format == name_format || asked.name_format == UNSPECIFIED_NAME_FORMAT)
    })
}

/// Why a row is not for this SP, if it is not.
fn held_back(
    facts: &ReleaseFacts<'_>,
    requested: &[RequestedAttribute],
    row: &AttributeRow,
) -> Option<Phrase> {
    if let Some(condition) = &row.only_for_entity_attribute {
        let met = condition.split_once('=').is_some_and(|(name, value)| {
            facts
                .sp
                .entity_attributes
                .iter()
                .any(|a| a.name == name && a.values.iter().any(|v| v == value))
        });
        if !met {
            return Some(Phrase::HeldEntityAttribute);
        }
    }
    let signal = facts.sp.subject_id_requirement;
    let name = row.name.as_str();
    // The signal for a subject identifier asks for it as much as a RequestedAttribute does.
    let required = required_identifier(signal) == Some(name);
    let mut wishes = asked(requested, name, &row.name_format).peekable();
    match row.condition {
        Condition::Requested if !required && wishes.peek().is_none() => {
            return Some(Phrase::HeldNotRequested);
        }
        Condition::Required if !required && !wishes.any(|asked| asked.is_required) => {
            return Some(Phrase::HeldNotRequired);
        }
        _ => {}
    }
    if !is_identifier(name) {
        return None;
    }
    if signal == Some(SubjectIdRequirement::None) {
        return Some(Phrase::HeldNoIdentifierAsked);
    }
    if name == SUBJECT_ID && signal == Some(SubjectIdRequirement::Any) {
        return Some(Phrase::HeldForPairwise);
    }
    if row.name_format != URI_NAME_FORMAT {
        return Some(Phrase::HeldNotUriFormat);
    }
    None
}

fn name_of(row: &AttributeRow) -> Value {
    Value::text(row.name.clone())
}

fn is_identifier(name: &str) -> bool {
    name == SUBJECT_ID || name == PAIRWISE_ID
}

/// The name of the identifier that the SP's signal asks for.
fn required_identifier(signal: Option<SubjectIdRequirement>) -> Option<&'static str> {
    match signal? {
        SubjectIdRequirement::SubjectId => Some(SUBJECT_ID),
        SubjectIdRequirement::PairwiseId | SubjectIdRequirement::Any => Some(PAIRWISE_ID),
        SubjectIdRequirement::None => None,
    }
}

/// Of the values found those that may be sent: XML can carry them, a subject identifier has its
/// profile's form whatever its source, the row allows them, and the SP's metadata, when it lists
/// values, lists them.
fn sendable(
    requested: &[RequestedAttribute],
    row: &AttributeRow,
    mut values: Vec<String>,
    notes: &mut Vec<Value>,
) -> Vec<String> {
    let mut keep = |values: &mut Vec<String>, why: Phrase, good: &dyn Fn(&str) -> bool| {
        let before = values.len();
        values.retain(|value| good(value));
        if values.len() < before {
            let dropped = before - values.len();
            notes.push(why.with([name_of(row), dropped.into()]));
        }
    };
    keep(&mut values, Phrase::HeldNotXml, &is_xml_text);
    if is_identifier(&row.name) {
        keep(&mut values, Phrase::HeldNotScoped, &is_subject_identifier);
    }
    keep(&mut values, Phrase::HeldNotAllowed, &|value| {
        row.allows(value)
    });
    let listed = asked(requested, &row.name, &row.name_format);
    // One wish without values is a wish for all of them.
    if listed.clone().all(|asked| !asked.values.is_empty()) && listed.clone().next().is_some() {
        keep(&mut values, Phrase::HeldNotListed, &|value| {
            listed
                .clone()
                .any(|asked| asked.values.iter().any(|v| v == value))
        });
    }
    values
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

/// A subject identifier with two values would name two users, and one with none nobody.
fn hold_back_ambiguous_identifiers(out: &mut Release) {
    let notes = &mut out.notes;
    out.attributes.retain(|attribute| {
        let good = !is_identifier(&attribute.name) || attribute.values.len() == 1;
        if !good {
            notes.push(Phrase::HeldSeveralValues.with([
                Value::text(attribute.name.clone()),
                attribute.values.len().into(),
            ]));
        }
        good
    });
}

/// The subject identifier that the SP's metadata asks for, whether a row names it or not: it
/// names the user, as a NameID does. Where a row does name it, the value is that row's alone, since
/// the same user under two identifiers would be two.
fn add_required_identifier(
    facts: &ReleaseFacts<'_>,
    user: &User,
    requested: &[RequestedAttribute],
    out: &mut Release,
) -> Result<(), Unmet> {
    let Some(name) = required_identifier(facts.sp.subject_id_requirement) else {
        return Ok(());
    };
    if out.attributes.iter().any(|a| a.name == name) {
        return Ok(());
    }
    let (friendly, source) = if name == SUBJECT_ID {
        ("subject-id", Source::SubjectId)
    } else {
        ("pairwise-id", Source::PairwiseId)
    };
    let own_row = facts
        .settings
        .attributes
        .iter()
        .find(|row| row.name == name);
    if own_row.is_none() {
        let row = AttributeRow {
            friendly_name: Some(friendly.to_owned()),
            ..AttributeRow::new(name, URI_NAME_FORMAT, source.clone())
        };
        let values = values(facts, user, &source);
        let values = sendable(requested, &row, values, &mut out.notes);
        if !values.is_empty() {
            merge(&mut out.attributes, &row, values);
            return Ok(());
        }
    }
    let source = own_row.map_or(&source, |row| &row.source);
    let generated = matches!(source, Source::SubjectId | Source::PairwiseId);
    let received = if generated && facts.scope.is_none() {
        Phrase::NoScope.into()
    } else {
        Phrase::HasNoneToSend.with([Value::text(user.username.clone())])
    };
    if facts.settings.fail_unmet_subject_id {
        return Err(Unmet {
            result: ResultCode::InvalidSettings,
            expected: Phrase::IdentifierAskedFor
                .with([Value::text(name), Value::text(source_text(source))]),
            received,
        });
    }
    out.notes
        .push(Phrase::HeldIdentifier.with([Value::text(name), received]));
    Ok(())
}
