//! Writes the answer to an SP: a Response with an assertion, or one with a status.

use avouch_saml::binding::Sendable;
use avouch_saml::binding::post::{self, PostForm};
use avouch_saml::ids::{EntityId, MessageId, SessionIndex};
use avouch_saml::message::assertion::{
    Assertion, Attribute, AttributeValue, AuthnStatement, Conditions, Confirmation, Subject,
};
use avouch_saml::message::response::{IssuedAssertion, Outcome, Response};
use avouch_saml::metadata::algorithms::NoEncryption;
use avouch_saml::name_id::NameId;
use avouch_saml::security::certificate::PublicKey;
use avouch_saml::security::encrypt::{Encryption, encrypt_element};
use avouch_saml::security::sign::{Signer, Unsigned, sign_enveloped};
use avouch_saml::status::Status;
use avouch_saml::time::{Random, Timestamp};

use crate::access::Grant;
use crate::apps::effective::{EncryptionInForce, Signed, assertion_lifetime, encryption, signed};
use crate::apps::saml::EncryptionPolicy;
use crate::attributes::release::ReleasedAttribute;
use crate::audit::ResultCode;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::trail::Trail;
use crate::cache::apps::ReadyApp;
use crate::context::Context;
use crate::fault::OperatorError;
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::reply::ReplyTo;
use crate::sessions::Session;

/// How far before its issue an assertion is good already, in seconds: SPs whose clock is slow
/// and who allow for no skew are common.
const NOT_BEFORE_SECONDS: i64 = 60;

/// What a success says.
pub struct Success<'a> {
    /// Proof that the user may enter.
    pub grant: &'a Grant,
    /// The session it comes of.
    pub session: &'a Session,
    /// The context to state.
    pub context: String,
    /// The user's name at the SP.
    pub name_id: Option<NameId>,
    /// What the SP is told.
    pub attributes: Vec<ReleasedAttribute>,
    /// The SP's own bound on the assertion's life.
    pub requested_end: Option<Timestamp>,
}

/// A success ready to be sent.
pub struct Written {
    /// The form for the browser.
    pub form: PostForm,
    /// SessionIndex given to the SP.
    pub session_index: SessionIndex,
    /// When the assertion ends.
    pub not_on_or_after: Timestamp,
}

/// The assertion that a success carries, before it is signed. The administrator's dry run shows it
/// and goes no further: signed, it would open the app to whoever reads it.
pub fn assemble(
    reply: &ReplyTo,
    success: Success<'_>,
    now: Timestamp,
    random: &mut dyn Random,
) -> Assertion {
    let app = &reply.app;
    let saml = &app.app.definition.saml;
    let end = now.plus_seconds(assertion_lifetime(saml).value);
    // The SP may narrow, never widen; an end that is past already is no wish to be met.
    let end = success
        .requested_end
        .filter(|wished| *wished > now)
        .map_or(end, |wished| wished.min(end));
    debug_assert!(
        success.grant.user() == &success.session.user,
        "a grant is for one user"
    );
    Assertion {
        id: MessageId::random(random),
        issue_instant: now,
        issuer: app.issuer.clone(),
        subject: success.name_id.map_or(Subject::Unnamed, Subject::NameId),
        confirmation: Confirmation {
            recipient: reply.acs.location().clone(),
            in_response_to: reply.in_response_to.clone(),
            not_on_or_after: end,
        },
        conditions: Conditions {
            not_before: now.plus_seconds(-NOT_BEFORE_SECONDS),
            not_on_or_after: end,
            audiences: audiences(app),
            one_time_use: false,
        },
        authn: AuthnStatement {
            instant: success.session.authn_instant,
            session_index: Some(SessionIndex::random(random)),
            session_not_on_or_after: saml
                .session_not_on_or_after
                .then_some(success.session.absolute_expires),
            context_class: success.context,
            authenticating_authorities: Vec::new(),
        },
        attributes: success.attributes.into_iter().map(attribute).collect(),
        issuer_format: saml.issuer_format,
    }
}

/// The SP, and whoever else its settings name. What is no name of anybody was refused when it was set.
fn audiences(app: &ReadyApp) -> Vec<EntityId> {
    let further = &app.app.definition.saml.extra_audiences;
    let further = further.iter().filter_map(|uri| EntityId::parse(uri).ok());
    std::iter::once(app.entity_id.clone())
        .chain(further)
        .collect()
}

/// Writes, signs and encrypts a success. Takes the grant, so that no assertion leaves without a
/// decision.
///
/// # Errors
/// [`Refusal::Reply`] when encryption is required and impossible; [`Refusal::Ours`] when signing
/// or writing fails.
pub fn success(
    cx: &Context,
    reply: &ReplyTo,
    success: Success<'_>,
    random: &mut dyn Random,
    trail: &mut Trail,
) -> Result<Written, Refusal> {
    let assertion = assemble(reply, success, cx.now, random);
    let end = assertion.conditions.not_on_or_after;
    let session_index = assertion
        .authn
        .session_index
        .clone()
        .expect("assemble gives every statement an index");
    let unsigned = assertion.write().map_err(ours)?;
    let Protection {
        signer,
        encryption,
        sign_assertion,
        sign_response,
    } = protect(reply, trail)?;
    if encryption.is_some() {
        let xml = || String::from_utf8_lossy(unsigned.as_bytes()).into_owned();
        let attempt = trail.begun_by(&cx.request_id);
        cx.services.observer.assertion(attempt, xml);
    }
    warn_of_sha1(cx, reply, signer);
    if let Some((_, how)) = &encryption
        && how.data().is_danger()
    {
        tracing::warn!(
            request.id = cx.request_id,
            app.id = %reply.app.app.id,
            algorithm = how.data().uri(),
            "encrypting with AES-CBC, as the app's danger switch says"
        );
    }
    let issued = issue(reply, unsigned, sign_assertion, encryption, signer)?;
    let form = send(
        reply,
        Outcome::Success(issued),
        sign_response.then_some(signer),
        cx.now,
        random,
    )?;
    Ok(Written {
        form,
        session_index,
        not_on_or_after: end,
    })
}

/// How a success is signed and encrypted.
pub struct Protection<'a> {
    signer: &'a dyn Signer,
    encryption: Option<(PublicKey, Encryption)>,
    sign_assertion: bool,
    sign_response: bool,
}

/// Chooses how a success is signed and encrypted. The administrator's dry run asks the same.
///
/// # Errors
/// [`Refusal::Reply`] when encryption is required and impossible; [`Refusal::Ours`] when there is
/// nothing to sign with.
pub fn protect<'a>(reply: &'a ReplyTo, trail: &mut Trail) -> Result<Protection<'a>, Refusal> {
    let signer = signer(reply).inspect_err(|error| {
        trail.fail(
            Rule::AnswerSignature,
            Phrase::KeyAndAlgorithm,
            Value::text(error.for_the_log()),
            Origin::AppSettingsAndMetadata,
        );
    })?;
    let encryption = choose_encryption(reply, trail)?;
    let (sign_assertion, sign_response) = what_to_sign(reply, encryption.as_ref());
    trail.pass(
        Rule::AnswerSignature,
        Value::uri(signer.algorithm().uri()),
        match (sign_assertion, sign_response) {
            (true, true) => Phrase::AssertionAndResponse,
            (true, false) => Phrase::Assertion,
            _ => Phrase::Response,
        },
        Origin::AppSettingsAndMetadata,
    );
    Ok(Protection {
        signer,
        encryption,
        sign_assertion,
        sign_response,
    })
}

/// Writes and signs a failure.
///
/// # Errors
/// [`OperatorError`] when signing fails.
pub fn failure(cx: &Context, reply: &ReplyTo, status: Status) -> Result<PostForm, OperatorError> {
    let signer = signer(reply)?;
    warn_of_sha1(cx, reply, signer);
    let outcome = Outcome::Failure(status);
    send(reply, outcome, Some(signer), cx.now, &mut *cx.random())
}

fn send(
    reply: &ReplyTo,
    outcome: Outcome,
    signer: Option<&dyn Signer>,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<PostForm, OperatorError> {
    let response = Response {
        id: MessageId::random(random),
        issue_instant: now,
        destination: reply.acs.location().clone(),
        issuer: reply.app.issuer.clone(),
        in_response_to: reply.in_response_to.clone(),
        outcome,
    };
    let sendable = match signer {
        Some(signer) => {
            let unsigned = response.write().map_err(ours)?;
            Sendable::from(sign_enveloped(unsigned, signer).map_err(ours)?)
        }
        None => Sendable::with_signed_assertion(&response).map_err(ours)?,
    };
    Ok(post::send(
        reply.acs.location(),
        &sendable,
        reply.relay_state.as_ref(),
    ))
}

/// Order: sign the assertion, encrypt it, sign the response around it.
fn issue(
    reply: &ReplyTo,
    unsigned: Unsigned<Assertion>,
    sign: bool,
    encryption: Option<(PublicKey, Encryption)>,
    signer: &dyn Signer,
) -> Result<IssuedAssertion, OperatorError> {
    let hint = reply.app.entity_id.as_str();
    let encrypt = |octets: &[u8]| match &encryption {
        None => Ok(None),
        Some((key, how)) => encrypt_element(octets, key, Some(hint), *how).map(Some),
    };
    if sign {
        let signed = sign_enveloped(unsigned, signer).map_err(ours)?;
        Ok(match encrypt(signed.as_bytes()).map_err(ours)? {
            Some(encrypted) => IssuedAssertion::encrypted(encrypted, true),
            None => IssuedAssertion::signed(signed),
        })
    } else {
        Ok(match encrypt(unsigned.as_bytes()).map_err(ours)? {
            Some(encrypted) => IssuedAssertion::encrypted(encrypted, false),
            None => IssuedAssertion::unsigned(&unsigned),
        })
    }
}

/// Whether the assertion and the response are signed. A ciphertext without integrity of its own
/// forces the response's signature (errata E93).
fn what_to_sign(reply: &ReplyTo, encryption: Option<&(PublicKey, Encryption)>) -> (bool, bool) {
    let cbc = encryption.is_some_and(|(_, how)| how.data().is_danger());
    let Signed {
        assertion,
        response,
    } = signed(&reply.app.app.definition.saml, &reply.app.sp).value;
    (assertion, response || cbc)
}

fn choose_encryption(
    reply: &ReplyTo,
    trail: &mut Trail,
) -> Result<Option<(PublicKey, Encryption)>, Refusal> {
    let app = &reply.app;
    let saml = &app.app.definition.saml;
    let in_force = encryption(saml, &app.sp, &app.algorithms, app.data_encryption);
    let failed = |trail: &mut Trail, why: NoEncryption, passed| {
        trail.check(
            Rule::Encryption,
            passed,
            match saml.encryption {
                EncryptionPolicy::Required => Phrase::UsableKey,
                _ => Phrase::UsableKeyOrNone,
            },
            match why {
                NoEncryption::NoKey => Phrase::NoKeyPublished,
                NoEncryption::UnusableKey => Phrase::UnusableKeyPublished,
                NoEncryption::NoMethod => Phrase::NoMethodUsable,
            },
            Origin::AppSettingsAndMetadata,
        );
    };
    let (choice, data) = match in_force.value {
        EncryptionInForce::Off => return Ok(None),
        EncryptionInForce::On { choice, cipher } => (choice, cipher),
        EncryptionInForce::NoKey => {
            failed(trail, NoEncryption::NoKey, true);
            return Ok(None);
        }
        EncryptionInForce::Impossible(why) => {
            failed(trail, why, false);
            return Err(reply.refuse(ResultCode::NoEncryptionKey));
        }
    };
    let encryption = Encryption::new(data, choice.transport, &app.algorithms).map_err(ours)?;
    trail.pass(
        Rule::Encryption,
        Phrase::UsableKey,
        Value::uri(data.uri()),
        Origin::AppSettingsAndMetadata,
    );
    Ok(Some((choice.key.public_key.clone(), encryption)))
}

/// What signs for the app. That there is something was checked before the app could be answered.
fn signer(reply: &ReplyTo) -> Result<&dyn Signer, OperatorError> {
    reply
        .app
        .signer
        .as_deref()
        .map_err(|why| OperatorError::new(why.clone()))
}

fn warn_of_sha1(cx: &Context, reply: &ReplyTo, signer: &dyn Signer) {
    if signer.algorithm().is_danger() {
        tracing::warn!(
            request.id = cx.request_id,
            app.id = %reply.app.app.id,
            algorithm = signer.algorithm().uri(),
            "signing with SHA-1, as the app's danger switch says"
        );
    }
}

fn attribute(released: ReleasedAttribute) -> Attribute {
    Attribute {
        name: released.name,
        name_format: Some(released.name_format),
        friendly_name: released.friendly_name,
        values: released
            .values
            .into_iter()
            .map(AttributeValue::Text)
            .collect(),
    }
}

fn ours(error: impl std::error::Error + Send + Sync + 'static) -> OperatorError {
    OperatorError::new(error)
}
