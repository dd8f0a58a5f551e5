//! The steps from an AuthnRequest as it arrived to what the flow needs of it, each with its check
//! on the trail and its refusal.

use std::sync::Arc;

use avouch_saml::binding::{ReceivedRequest, Reception, Refused, Transport};
use avouch_saml::ids::{MessageId, RelayState};
use avouch_saml::message::authn_request::{AuthnRequest, ContextRefs, RequestedAcs};
use avouch_saml::message::{MessageError, Oddity};
use avouch_saml::metadata::{AcsEndpoint, AcsError, AcsSelector};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::verify::{Authenticity, Verified, VerifyError};
use avouch_saml::time::Timestamp;

use crate::apps::effective::SignatureRule;
use crate::attributes::name_id::{self, NameIdFacts};
use crate::audit::ResultCode;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::trail::Trail;
use crate::cache::apps::{ReadyApp, Unusable};
use crate::config::saml::LongRelayState;
use crate::context::Context;
use crate::flow::saml::attempt::Attempt;
use crate::flow::saml::enter::or_any;
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::reply::ReplyTo;
use crate::flow::saml::subject;
use crate::sessions::{
    Asked, Asking, Request, RequestedContexts, RequestedName, SamlRequest, SamlTransport,
    SamlWishes,
};

/// Whether the app may be answered at all; what decides is on the trail.
pub(in crate::flow) fn is_usable(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    app: &ReadyApp,
) -> Result<(), Refusal> {
    usable(app, cx.now, &mut attempt.trail).map_err(Refusal::Page)
}

/// As [`is_usable`], for whoever has a trail only. The admin's dry run asks the same.
///
/// # Errors
/// The result to refuse with, on a page.
pub(in crate::flow) fn usable(
    app: &ReadyApp,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<(), ResultCode> {
    match app.usable(now) {
        // Once, however often a sign-on is taken up again.
        Ok(signer) if signer.algorithm().is_danger() && !trail.has(&Rule::AnswerSignature) => {
            trail.pass(
                Rule::AnswerSignature,
                Phrase::Sha1AsSwitched,
                Value::uri(signer.algorithm().uri()),
                Origin::AppDangerSha1,
            );
        }
        Ok(_) => {}
        Err(Unusable::MetadataEnded(until)) => {
            trail.fail(
                Rule::MetadataValidity,
                Phrase::NotExpired.with([app.skew.value.into(), skew_setting(app)]),
                until.map_or(Value::Nothing, Value::Instant),
                Origin::AppMetadata,
            );
            return Err(ResultCode::MetadataExpired);
        }
        Err(Unusable::NoSigner(why)) => {
            trail.fail(
                Rule::AnswerSignature,
                Phrase::AlgorithmAllowed,
                Value::text(why.to_owned()),
                Origin::AppSettingsAndMetadata,
            );
            return Err(ResultCode::InvalidSettings);
        }
    }
    Ok(())
}

/// What a standard has, and what was made of what came instead.
fn odd(oddity: &Oddity) -> (Phrase, Value) {
    let text = |text: &str| [Value::text(text.to_owned())];
    match oddity {
        Oddity::NoZone(found) => (
            Phrase::InstantWithZone,
            Phrase::TakenForUtc.with(text(found)),
        ),
        Oddity::NoSuchFormat(found) => (
            Phrase::FormatThatExists,
            Phrase::TakenForItsTwin.with(text(found)),
        ),
        Oddity::QualifiedIssuer => (
            Phrase::IssuerWithoutQualifier,
            Phrase::QualifiedByItself.into(),
        ),
    }
}

/// The setting that says how far the app's clock may be off.
fn skew_setting(app: &ReadyApp) -> Value {
    match app.app.definition.saml.clock_skew_seconds {
        Some(_) => Phrase::OfTheApp.with([Value::text("clock_skew_seconds")]),
        None => Value::text("saml.clock_skew_seconds"),
    }
}

/// The most octets of RelayState that are kept and given back under any setting.
const RELAY_STATE_BYTES: usize = 4096;
/// The most octets kept of everything that a request says.
const KEPT_BYTES: usize = 8192;
/// The most authentication contexts a request may list.
const CONTEXTS: usize = 64;

/// Refuses a RelayState over the limit, and one that is longer than the binding allows where the
/// settings say so.
pub(in crate::flow) fn bound_relay_state(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    relay_state: Option<&RelayState>,
) -> Result<(), ResultCode> {
    let length = relay_state.map_or(0, |relay_state| relay_state.as_str().len());
    if length > RELAY_STATE_BYTES {
        attempt.trail.fail(
            Rule::RelayState,
            Phrase::AtMostBytes.with([RELAY_STATE_BYTES.into()]),
            Phrase::Bytes.with([length.into()]),
            Origin::Program,
        );
        return Err(ResultCode::InvalidAuthnRequest);
    }
    if length <= 80 || cx.services.settings.saml.long_relay_state == LongRelayState::Echo {
        return Ok(());
    }
    attempt.trail.fail(
        Rule::RelayState,
        Phrase::AtMostBytes.with([80_i64.into()]),
        Phrase::Bytes.with([length.into()]),
        Origin::setting("saml.relay_state_over_80_bytes"),
    );
    Err(ResultCode::InvalidAuthnRequest)
}

/// Verifies that the request is its issuer's, meant for here, and recent.
pub(in crate::flow) fn verify(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    app: &Arc<ReadyApp>,
    received: ReceivedRequest,
    relay_state: Option<&RelayState>,
) -> Result<Verified<AuthnRequest>, Refusal> {
    let settings = &cx.services.settings;
    let endpoint = settings.server.base_url.join("/saml/sso");
    let skew_seconds = app.skew.value;
    let reception = Reception {
        endpoint: &endpoint,
        now: cx.now,
        skew_seconds,
        lifetime_seconds: settings.saml.request_lifetime_seconds,
        signed_needs_destination: true,
    };
    let is_ignored = app.signature_rule == SignatureRule::Ignored;
    let signature_wanted = if is_ignored {
        Phrase::SignaturesNotLookedAt
    } else if app.trust.require_signature {
        Phrase::SignedBySp
    } else {
        Phrase::SignedBySpOrNot
    };
    let presence = if received.has_signature() {
        Phrase::Signed
    } else if received.has_misplaced_signature() {
        Phrase::SignedInsideRedirect
    } else {
        Phrase::NotSigned
    };
    let claimed = received.claimed_algorithm().map(str::to_owned);
    let trail = &mut attempt.trail;
    let rule = || match app.signature_rule {
        SignatureRule::App | SignatureRule::Ignored => Origin::AppRequestSignatures,
        SignatureRule::Metadata => Origin::MetadataRequestsSigned,
        SignatureRule::Organisation => Origin::setting("saml.want_authn_requests_signed"),
        SignatureRule::NoneAsks => Origin::NoSignatureRule,
    };
    let window = || {
        Phrase::Within.with([
            reception.lifetime_seconds.into(),
            skew_seconds.into(),
            skew_setting(app),
        ])
    };
    let received = if is_ignored {
        received.without_signature()
    } else {
        received
    };
    const LIFETIME: Origin = Origin::setting("saml.request_lifetime_seconds");
    match received.verify(&app.trust, &reception) {
        Ok(request) => {
            let how = if is_ignored {
                presence.into()
            } else {
                accepted(cx, app, request.authenticity())
            };
            trail.pass(Rule::Signature, signature_wanted, how, rule());
            trail.pass(
                Rule::Destination,
                Value::text(endpoint.clone()),
                or_none(request.destination.clone()),
                Origin::PublicUrl,
            );
            trail.pass(
                Rule::IssueInstant,
                window(),
                request.issue_instant,
                LIFETIME,
            );
            for oddity in &request.oddities {
                let (expected, received) = odd(oddity);
                trail.pass(Rule::Message, expected, received, Origin::Schema);
            }
            Ok(request)
        }
        Err(Refused::NotAuthentic(VerifyError::NotSigned)) => {
            trail.fail(Rule::Signature, signature_wanted, presence, rule());
            Err(Refusal::Page(ResultCode::SignatureMissing))
        }
        Err(Refused::NotAuthentic(VerifyError::Xml(error))) => {
            trail.fail(
                Rule::Message,
                Phrase::AuthnRequest,
                Value::text(error.to_string()),
                Origin::Schema,
            );
            Err(Refusal::Page(ResultCode::InvalidAuthnRequest))
        }
        Err(Refused::NotAuthentic(error)) => {
            trail.fail(
                Rule::Signature,
                match app.signing_certificates() {
                    none if none.is_empty() => Phrase::NoKeyRegistered
                        .with([signature_wanted.into(), app.app.updated_at.into()]),
                    known => Phrase::WithKeyOf.with([signature_wanted.into(), Value::text(known)]),
                },
                Phrase::SaysMadeWith.with([Value::text(error.to_string()), or_none(claimed)]),
                rule(),
            );
            Err(Refusal::Page(ResultCode::InvalidSignature))
        }
        Err(Refused::Misdirected { expected, found }) => {
            trail.pass(Rule::Signature, signature_wanted, presence, rule());
            trail.fail(
                Rule::Destination,
                Value::text(expected),
                or_none(found),
                Origin::PublicUrl,
            );
            Err(Refusal::Page(ResultCode::InvalidDestination))
        }
        Err(Refused::OutsideWindow { head, issued, .. }) => {
            let how = accepted(cx, app, head.authenticity());
            trail.pass(Rule::Signature, signature_wanted, how, rule());
            trail.fail(Rule::IssueInstant, window(), issued, LIFETIME);
            Err(Refusal::Page(ResultCode::ExpiredRequest))
        }
        Err(Refused::Invalid { head, error }) => {
            let how = accepted(cx, app, head.authenticity());
            trail.pass(Rule::Signature, signature_wanted, how, rule());
            trail.fail(
                Rule::Message,
                Phrase::ValidAuthnRequest,
                Value::text(error.to_string()),
                Origin::Schema,
            );
            attempt.place = error.place();
            let result = match &error {
                MessageError::Version { .. } => ResultCode::VersionMismatch,
                MessageError::NoIssuer(_) => ResultCode::InvalidIssuer,
                _ => ResultCode::InvalidAuthnRequest,
            };
            let acs = app
                .sp
                .choose_acs(&selector(&head.acs))
                .or_else(|error| error.answer_at().ok_or(error));
            match (error.status(), acs) {
                (Some(_), Ok(acs)) => {
                    Err(ReplyTo::head(app, acs, &head, relay_state).refuse(result))
                }
                (Some(_), Err(error)) => {
                    trail.fail(
                        Rule::AcsChoice,
                        Phrase::OneOfTheApps,
                        Phrase::Because.with([
                            head.acs.url().map_or(Phrase::TheDefault.into(), |url| {
                                Value::text(url.to_owned())
                            }),
                            Value::text(error.to_string()),
                        ]),
                        Origin::AppMetadata,
                    );
                    Err(Refusal::Page(ResultCode::InvalidAcs))
                }
                (None, _) => Err(Refusal::Page(result)),
            }
        }
    }
}

/// How a request was signed that is taken for its issuer's. SHA-1 is logged at each use.
fn accepted(cx: &Context, app: &ReadyApp, authenticity: Authenticity) -> Value {
    let Authenticity::Signed(by) = authenticity else {
        return Phrase::NotSigned.into();
    };
    if by.is_danger() {
        tracing::warn!(
            request.id = cx.request_id,
            app.id = %app.app.id,
            algorithm = %by,
            "accepting a SHA-1 signature, as the app's danger switch says"
        );
    }
    let algorithm = Value::uri(by.algorithm.uri());
    if by.digest == by.algorithm.digest() {
        return algorithm;
    }
    Phrase::OverDigestBy.with([algorithm, Value::uri(by.digest.uri())])
}

/// What came, if anything.
fn or_none(found: Option<String>) -> Value {
    found.map_or(Phrase::None.into(), Value::text)
}

fn selector(acs: &RequestedAcs) -> AcsSelector<'_> {
    AcsSelector {
        url: acs.url(),
        index: acs.index(),
        protocol_binding: acs.protocol_binding(),
    }
}

/// Picks where the answer goes.
pub(in crate::flow) fn choose_acs(
    attempt: &mut Attempt<'_>,
    app: &Arc<ReadyApp>,
    request: &Verified<AuthnRequest>,
    relay_state: Option<&RelayState>,
) -> Result<AcsEndpoint, Refusal> {
    let asked = || match &request.acs {
        RequestedAcs::Default => Phrase::TheDefault.into(),
        RequestedAcs::Binding(binding) => {
            Phrase::TheDefaultFor.with([Value::text(binding.to_string())])
        }
        RequestedAcs::Url { url, .. } => Value::text(url.clone()),
        RequestedAcs::Index(index) => Phrase::Index.with([i64::from(*index).into()]),
    };
    match app.sp.choose_acs(&selector(&request.acs)) {
        Ok(acs) => {
            attempt.trail.pass(
                Rule::AcsChoice,
                Value::text(acs.location().as_str().to_owned()),
                asked(),
                Origin::AppMetadata,
            );
            Ok(acs.clone())
        }
        Err(error) => {
            let registered: Vec<&str> = app
                .sp
                .acs
                .iter()
                .map(|acs| acs.location().as_str())
                .collect();
            attempt.trail.fail(
                Rule::AcsChoice,
                Value::text(registered.join(" ")),
                Phrase::Because.with([asked(), Value::text(error.to_string())]),
                Origin::AppMetadata,
            );
            let result = match &error {
                AcsError::UnsupportedBinding { .. } => ResultCode::UnsupportedBinding,
                AcsError::Conflicting { .. } => ResultCode::InvalidAuthnRequest,
                _ => ResultCode::InvalidAcs,
            };
            Err(match error.answer_at() {
                Some(acs) => ReplyTo::request(app, acs, request, relay_state).refuse(result),
                None => Refusal::Page(result),
            })
        }
    }
}

/// Whether the request's list of identity providers, when it has a whole one, names us. Users are
/// logged in here, so the others on it are of no use, and ProxyCount never matters.
///
/// Spec: saml-core-2.0 §3.4.1.2.
fn serves_one_of(
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    request: &Verified<AuthnRequest>,
) -> Result<(), Refusal> {
    let Some(scoping) = &request.scoping else {
        return Ok(());
    };
    let listed = scoping.idp_list.as_deref().unwrap_or_default();
    let us = reply.app.issuer.as_str();
    // The rest of a list that is only begun here is nobody's to fetch.
    if listed.is_empty() || scoping.get_complete.is_some() || listed.iter().any(|idp| idp == us) {
        return Ok(());
    }
    attempt.trail.fail(
        Rule::IdpList,
        Value::text(us.to_owned()),
        Value::text(listed.join(" ")),
        Origin::OurEntityId,
    );
    Err(reply.refuse(ResultCode::NoSupportedIdp))
}

/// The user that the request's Subject names, if it has one.
fn named_user(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    request: &Verified<AuthnRequest>,
) -> Result<Option<RequestedName>, Refusal> {
    let Some(subject) = &request.subject else {
        return Ok(None);
    };
    if subject.has_confirmation {
        attempt.trail.fail(
            Rule::Subject,
            Phrase::NoSubjectConfirmation,
            Phrase::SubjectConfirmation,
            Origin::SpecSubjectConfirmation,
        );
        return Err(reply.refuse(ResultCode::InvalidAuthnRequest));
    }
    subject::requested(cx, subject.identifier.as_ref())?
        .map(Some)
        .map_err(|found| {
            attempt.trail.fail(
                Rule::Subject,
                Phrase::PlainOrEncryptedNameId,
                found,
                Origin::SpecSubject,
            );
            reply.refuse(ResultCode::UnknownPrincipal)
        })
}

/// Makes of a request what the flow needs of it, and refuses what can be refused before anybody
/// logs in.
pub(in crate::flow) fn understand(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    request: &Verified<AuthnRequest>,
    transport: Transport,
) -> Result<Asking, Refusal> {
    let app = &reply.app;
    let subject = named_user(cx, attempt, reply, request)?;
    let policy = request.name_id_policy.as_ref();
    let sp_name_qualifier = policy.and_then(|p| p.sp_name_qualifier.clone());
    // Unspecified leaves the choice to us, as saying nothing does. Then a name in the Subject is
    // the name to issue, and in its format.
    let asked = policy
        .and_then(|p| p.format.clone())
        .filter(|format| *format != NameIdFormat::Unspecified);
    let format = asked.clone().or(subject.as_ref().map(subject::format_of));
    let format = format.map(|format| format.uri().to_owned());
    let facts = NameIdFacts::of(app, cx.services.salt()?);
    let chosen = name_id::choose_format(&facts, format.as_deref());
    let can_qualify = |chosen: &Option<NameIdFormat>| {
        name_id::can_qualify(
            chosen.as_ref(),
            &app.entity_id,
            sp_name_qualifier.as_deref(),
        )
    };
    let served = chosen.as_ref().is_ok_and(can_qualify);
    attempt.trail.check(
        if asked.is_none() && subject.is_some() {
            Rule::NameIdPolicyAndSubject
        } else {
            Rule::NameIdPolicy
        },
        served,
        Phrase::For.with([
            Value::uri(&app.app.definition.saml.name_id_format),
            Value::text(app.entity_id.as_str().to_owned()),
        ]),
        Phrase::For.with([
            or_any(format.as_deref()),
            or_any(sp_name_qualifier.as_deref()),
        ]),
        Origin::AppNameIdFormats,
    );
    if !served {
        return Err(reply.refuse(match (&asked, &subject, &chosen) {
            // Nobody goes by a name of a format that this SP never gets.
            (None, Some(_), Err(_)) => ResultCode::UnknownPrincipal,
            _ => ResultCode::UnsupportedNameIdFormat,
        }));
    }

    serves_one_of(attempt, reply, request)?;
    let contexts = request.requested_authn_context.as_ref().map(|asked| {
        let (classes, declarations) = match &asked.refs {
            ContextRefs::Classes(classes) => (classes.clone(), Vec::new()),
            ContextRefs::Declarations(declarations) => (Vec::new(), declarations.clone()),
        };
        RequestedContexts {
            comparison: asked.comparison.as_str().to_owned(),
            classes,
            declarations,
        }
    });
    let asking = Asking {
        request: Request::Saml(SamlRequest {
            id: request.id.clone(),
            transport: match transport {
                Transport::Redirect => SamlTransport::Redirect,
                Transport::Post => SamlTransport::Post,
            },
            acs: reply.acs.location().clone(),
            relay_state: reply.relay_state.clone(),
            signed: matches!(request.authenticity(), Authenticity::Signed(_)),
            wishes: SamlWishes {
                name_id_format: format,
                sp_name_qualifier,
                subject,
                attribute_service: request.attribute_consuming_service_index,
                not_on_or_after: request
                    .conditions
                    .as_ref()
                    .and_then(|c| c.window.not_on_or_after),
            },
        }),
        asked: Asked {
            force_authn: request.force_authn,
            is_passive: request.is_passive,
            accepted_at: cx.now,
            contexts,
        },
    };
    bound(attempt, reply, &asking)?;
    Ok(asking)
}

/// Refuses a request that is too much to keep: anybody can send any number of them, and each waits
/// for its user.
fn bound(attempt: &mut Attempt<'_>, reply: &ReplyTo, asking: &Asking) -> Result<(), Refusal> {
    let contexts = asking.asked.contexts.as_ref();
    let request = &asking.request;
    let wishes = request.wishes();
    let listed = || {
        contexts
            .into_iter()
            .flat_map(|asked| asked.classes.iter().chain(&asked.declarations))
    };
    let name = wishes.subject.as_ref();
    let name = name.into_iter().flat_map(|name| {
        let qualifiers = [&name.name_qualifier, &name.sp_name_qualifier];
        let optional = std::iter::once(&name.format).chain(qualifiers);
        std::iter::once(&name.value).chain(optional.flatten())
    });
    let optional = [
        request.request_id().map(MessageId::as_str),
        request.relay_state().map(RelayState::as_str),
        wishes.name_id_format.as_deref(),
        wishes.sp_name_qualifier.as_deref(),
    ];
    let texts = listed().chain(name).map(String::as_str);
    let texts = texts.chain(optional.into_iter().flatten());
    let (count, bytes) = (listed().count(), texts.map(str::len).sum::<usize>());
    if count <= CONTEXTS && bytes <= KEPT_BYTES {
        return Ok(());
    }
    attempt.trail.fail(
        Rule::RequestSize,
        Phrase::AtMostContextsAndBytes.with([CONTEXTS.into(), KEPT_BYTES.into()]),
        Phrase::ContextsAndBytes.with([count.into(), bytes.into()]),
        Origin::Program,
    );
    Err(reply.refuse(ResultCode::InvalidAuthnRequest))
}
