//! The user that a request names, and whether it is the one at the browser.

use avouch_saml::message::identifier::SubjectIdentifier;
use avouch_saml::name_id::{NameIdFormat, ReceivedNameId};
use avouch_saml::security::encrypt::decrypt_element;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::SAML;

use crate::attributes::name_id::{self, NameIdFacts};
use crate::audit::check::Phrase;
use crate::context::Context;
use crate::flow::saml::reply::Refusal;
use crate::sessions::RequestedName;
use crate::users::User;

/// The NameID a request names, decrypted if need be, or what it names that nobody here goes by.
///
/// # Errors
/// The keys cannot be read.
pub fn requested(
    cx: &Context,
    identifier: Option<&SubjectIdentifier>,
) -> Result<Result<RequestedName, Phrase>, Refusal> {
    let received = match identifier {
        Some(SubjectIdentifier::NameId(name)) => name.clone(),
        Some(SubjectIdentifier::EncryptedId(container)) => {
            let keys = cx.services.decryption_keys()?;
            let policy = &cx.services.settings.saml.defaults.algorithms;
            let Ok(decrypted) = decrypt_element(container, &keys, policy, &Limits::MESSAGE) else {
                return Ok(Err(Phrase::UnreadableEncryptedId));
            };
            let root = decrypted.root();
            let (true, Ok(value)) = (root.is(SAML, "NameID"), root.text()) else {
                return Ok(Err(Phrase::UnreadableEncryptedId));
            };
            let attr = |name: &str| root.attr(name).map(str::to_owned);
            ReceivedNameId {
                value: value.to_owned(),
                format: attr("Format"),
                name_qualifier: attr("NameQualifier"),
                sp_name_qualifier: attr("SPNameQualifier"),
                sp_provided_id: attr("SPProvidedID"),
            }
        }
        Some(SubjectIdentifier::BaseId) => return Ok(Err(Phrase::BaseId)),
        None => return Ok(Err(Phrase::NothingNamed)),
    };
    // No SP can have given a user a name of its own: name management is not offered.
    if received.sp_provided_id.is_some() {
        return Ok(Err(Phrase::SpProvidedId));
    }
    Ok(Ok(RequestedName {
        value: received.value,
        format: received.format,
        sp_name_qualifier: received.sp_name_qualifier,
        name_qualifier: received.name_qualifier,
    }))
}

/// The format of a name, which is unspecified when it does not say.
pub fn format_of(named: &RequestedName) -> NameIdFormat {
    named
        .format
        .as_deref()
        .map_or(NameIdFormat::Unspecified, NameIdFormat::from_uri)
}

/// Whether `named` is `user`, of whom the SP will get a name in the format `issued`.
///
/// A name of that very format has to be the one that will be issued; qualifiers that it leaves out
/// are those of this pair of providers. Where NameIDPolicy asks for another format, it has to be
/// a name of the same user that this SP may be given: in the format named or, without a format, in
/// any. No other name is compared, so that nobody finds out by asking what they would not be told.
///
/// Spec: saml-core-2.0 §3.3.4 (strongly matches), §3.4.1.4, §8.3.7.
pub fn is(
    named: &RequestedName,
    user: &User,
    issued: Option<&NameIdFormat>,
    facts: &NameIdFacts<'_>,
    cx: &Context,
) -> bool {
    let format = format_of(named);
    let of_any = format == NameIdFormat::Unspecified && issued != Some(&format);
    let agrees = |asked: Option<&str>, have: Option<&str>| asked.is_none() || asked == have;
    facts
        .settings
        .name_id_formats()
        .filter(|uri| of_any || *uri == format.uri())
        .filter_map(|uri| name_id::choose_format(facts, Some(uri)).ok().flatten())
        // A transient name was good for the sign-on it was made for.
        .filter(|format| *format != NameIdFormat::Transient)
        .filter_map(|format| name_id::issue(facts, &format, false, user, &mut *cx.random()).ok())
        .any(|own| {
            own.value() == named.value
                && agrees(named.name_qualifier.as_deref(), own.name_qualifier())
                && agrees(named.sp_name_qualifier.as_deref(), own.sp_name_qualifier())
        })
}
