//! Which NameID an SP gets.

use avouch_saml::ids::{EntityId, random_name};
use avouch_saml::name_id::{MailAddress, NameId, NameIdFormat};
use avouch_saml::time::Random;
use avouch_saml::xml::names::is_xml_text;

use super::pairwise::{self, PairwiseSalt};
use crate::apps::effective::name_id_format;
use crate::apps::saml::{SamlSettings, SubjectType};
use crate::audit::ResultCode;
use crate::users::User;

/// What the choice depends on beside the user.
pub struct NameIdFacts<'a> {
    /// The app's settings.
    pub settings: &'a SamlSettings,
    /// The issuer of the assertion.
    pub idp: &'a EntityId,
    /// The SP.
    pub sp: &'a EntityId,
    /// Formats the SP's metadata lists, in its order.
    pub sp_formats: &'a [NameIdFormat],
    /// The deployment's secret.
    pub salt: &'a PairwiseSalt,
}

/// The format to issue for a request that names `requested`; `None` for a Subject without NameID.
///
/// A named format is issued exactly or refused, `unspecified` too: that a NameIDPolicy with it
/// leaves the choice open, its reader knows. Without one the app's own is issued, unless the
/// SP's metadata lists formats and it is none of them: then the first of those that the app allows.
///
/// # Errors
/// [`ResultCode::UnsupportedNameIdFormat`]: answer InvalidNameIDPolicy.
///
/// Spec: saml-core-2.0 §3.4.1.1, errata E15.
pub fn choose_format(
    facts: &NameIdFacts<'_>,
    requested: Option<&str>,
) -> Result<Option<NameIdFormat>, ResultCode> {
    let settings = facts.settings;
    if settings.subject_type == SubjectType::None {
        return match requested {
            None => Ok(None),
            Some(_) => Err(ResultCode::UnsupportedNameIdFormat),
        };
    }
    let chosen = match requested {
        Some(uri) if settings.name_id_formats().any(|known| known == uri) => uri,
        Some(_) => return Err(ResultCode::UnsupportedNameIdFormat),
        None => name_id_format(settings, facts.sp_formats).value,
    };
    match NameIdFormat::from_uri(chosen) {
        // Neither can name a user in plain text, whatever an admin allowed.
        NameIdFormat::Encrypted | NameIdFormat::Entity => Err(ResultCode::UnsupportedNameIdFormat),
        format => Ok(Some(format)),
    }
}

/// Whether a name of `format` can carry the SPNameQualifier that a request asks for: only the SP's
/// own entity ID, since no affiliations are registered, and only where the format defines
/// qualifiers. What is asked for is echoed or refused, never left out.
pub fn can_qualify(format: Option<&NameIdFormat>, sp: &EntityId, qualifier: Option<&str>) -> bool {
    qualifier.is_none_or(|qualifier| {
        qualifier == sp.as_str()
            && matches!(
                format,
                Some(NameIdFormat::Persistent | NameIdFormat::Transient)
            )
    })
}

/// The NameID of `user` in `format`; a transient one states its qualifiers when `qualified`,
/// because the request named one.
///
/// # Errors
/// A result code when the user has no value that the format can carry.
pub fn issue(
    facts: &NameIdFacts<'_>,
    format: &NameIdFormat,
    qualified: bool,
    user: &User,
    random: &mut dyn Random,
) -> Result<NameId, ResultCode> {
    let sp = facts.sp.as_str();
    let subject = |random: &mut dyn Random| {
        subject(facts, user, random).and_then(|value| {
            // XML cannot carry every text that an admin or a directory may hold.
            if is_xml_text(&value) {
                Ok(value)
            } else {
                Err(ResultCode::UnsupportedNameIdFormat)
            }
        })
    };
    match format {
        NameIdFormat::Transient => Ok(NameId::Transient {
            value: random_name(random),
            name_qualifier: qualified.then(|| facts.idp.clone()),
            sp_name_qualifier: qualified.then(|| sp.to_owned()),
        }),
        NameIdFormat::Persistent => {
            let value = match &facts.settings.subject_type {
                // Values an admin brought along, for instance those another IdP issued before.
                SubjectType::FederationId | SubjectType::Custom(_) => subject(random)?,
                // Any other name of the user is not opaque, or the same everywhere.
                _ => pairwise::identifier(facts.salt, "persistent", sp, &user.id),
            };
            if value.chars().count() > 256 {
                return Err(ResultCode::UnsupportedNameIdFormat);
            }
            Ok(NameId::Persistent {
                value,
                name_qualifier: facts.idp.clone(),
                sp_name_qualifier: sp.to_owned(),
            })
        }
        NameIdFormat::EmailAddress => {
            let value = match &facts.settings.subject_type {
                SubjectType::FederationId | SubjectType::Custom(_) => subject(random)?,
                _ => user.email.clone(),
            };
            MailAddress::parse(&value)
                .map(NameId::EmailAddress)
                .map_err(|_| ResultCode::UnsupportedNameIdFormat)
        }
        NameIdFormat::Unspecified => subject(random).map(NameId::Unspecified),
        NameIdFormat::Other(uri) => Ok(NameId::Other {
            value: subject(random)?,
            format: uri.clone(),
        }),
        NameIdFormat::Entity | NameIdFormat::Encrypted => Err(ResultCode::UnsupportedNameIdFormat),
    }
}

/// The user's name of the type the app is set to.
fn subject(
    facts: &NameIdFacts<'_>,
    user: &User,
    random: &mut dyn Random,
) -> Result<String, ResultCode> {
    let present = |value: &str, missing: ResultCode| {
        if value.is_empty() {
            Err(missing)
        } else {
            Ok(value.to_owned())
        }
    };
    match &facts.settings.subject_type {
        SubjectType::Username => Ok(user.username.clone()),
        SubjectType::UserId => Ok(user.id.as_str().to_owned()),
        SubjectType::FederationId => present(
            user.federation_id.as_deref().unwrap_or(""),
            ResultCode::NoFederationId,
        ),
        SubjectType::Email => present(&user.email, ResultCode::UnsupportedNameIdFormat),
        SubjectType::Custom(name) => present(
            user.custom
                .get(name)
                .and_then(|values| values.first())
                .map_or("", String::as_str),
            ResultCode::NoCustomAttributeValue,
        ),
        SubjectType::Persistent => Ok(pairwise::identifier(
            facts.salt,
            "persistent",
            facts.sp.as_str(),
            &user.id,
        )),
        SubjectType::Transient | SubjectType::None => Ok(random_name(random)),
    }
}
