//! The steps from an AuthnRequest as it arrived to what the flow needs of it, each with its check
//! on the trail and its refusal.

use std::sync::Arc;

use avouch_saml::binding::{ReceivedRequest, Reception, Refused, Transport};
use avouch_saml::ids::RelayState;
use avouch_saml::message::authn_request::{
    AuthnRequest, ContextRefs, RequestError, RequestedAcs, SubjectIdentifier,
};
use avouch_saml::metadata::{AcsEndpoint, AcsError, AcsSelector};
use avouch_saml::security::verify::{Authenticity, Verified, VerifyError};
use avouch_saml::time::Timestamp;

use crate::attributes::name_id::{self, NameIdFacts};
use crate::audit::ResultCode;
use crate::config::saml::LongRelayState;
use crate::context::Context;
use crate::flow::attempt::Attempt;
use crate::flow::registry::ReadyApp;
use crate::flow::reply::ReplyTo;
use crate::flow::subject;
use crate::flow::trail::Trail;
use crate::refusal::Refusal;
use crate::sessions::{RequestedContexts, SsoRequest};

/// Whether the app's metadata may still be used.
pub(super) fn is_current(cx: &Context, trail: &mut Trail, app: &ReadyApp) -> Result<(), Refusal> {
    let skew = app.app.definition.saml.clock_skew_seconds;
    if app.sp.is_current(cx.now, skew) {
        return Ok(());
    }
    trail.fail(
        "validity of metadata",
        "not expired",
        app.sp
            .valid_until
            .map_or(String::new(), |until| until.to_string()),
        "metadata of the app",
    );
    Err(Refusal::Page(ResultCode::UnknownServiceProvider))
}

/// Refuses an overlong RelayState where the settings say so.
pub(super) fn bound_relay_state(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    relay_state: Option<&RelayState>,
) -> Result<(), Refusal> {
    let length = relay_state.map_or(0, |relay_state| relay_state.as_str().len());
    if length <= 80 || cx.services.settings.saml.long_relay_state == LongRelayState::Echo {
        return Ok(());
    }
    attempt.trail.fail(
        "RelayState",
        "at most 80 bytes",
        format!("{length} bytes"),
        "saml.relay_state_over_80_bytes",
    );
    Err(Refusal::Page(ResultCode::InvalidAuthnRequest))
}

/// Verifies that the request is its issuer's, meant for here, and recent.
pub(super) fn verify(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    app: &Arc<ReadyApp>,
    received: ReceivedRequest,
    relay_state: Option<&RelayState>,
) -> Result<Verified<AuthnRequest>, Refusal> {
    let settings = &cx.services.settings;
    let endpoint = settings.server.base_url.join("/saml/sso");
    let reception = Reception {
        endpoint: &endpoint,
        now: cx.now,
        skew_seconds: app.app.definition.saml.clock_skew_seconds,
        lifetime_seconds: settings.saml.request_lifetime_seconds,
        signed_needs_destination: true,
    };
    let signature_wanted = if app.trust.require_signature {
        "signed by the SP"
    } else {
        "signed by the SP, or not at all"
    };
    let presence = if received.has_signature() {
        "signed"
    } else {
        "not signed"
    };
    let trail = &mut attempt.trail;
    match received.verify(&app.trust, &reception) {
        Ok(request) => {
            let how = match request.authenticity() {
                Authenticity::Signed(by) => by.algorithm.uri(),
                Authenticity::Unsigned => "not signed",
            };
            trail.pass("signature", signature_wanted, how, app.signature_rule);
            trail.pass(
                "Destination",
                endpoint.as_str(),
                request.destination.as_deref().unwrap_or("none"),
                "the public URL",
            );
            trail.pass(
                "IssueInstant",
                format!("within {} seconds", reception.lifetime_seconds),
                request.issue_instant.to_string(),
                "saml.request_lifetime_seconds",
            );
            Ok(request)
        }
        Err(Refused::NotAuthentic(VerifyError::NotSigned)) => {
            trail.fail("signature", signature_wanted, presence, app.signature_rule);
            Err(Refusal::Page(ResultCode::SignatureMissing))
        }
        Err(Refused::NotAuthentic(VerifyError::Xml(error))) => {
            trail.fail(
                "message",
                "an AuthnRequest",
                error.to_string(),
                "SAML's schema",
            );
            Err(Refusal::Page(ResultCode::InvalidAuthnRequest))
        }
        Err(Refused::NotAuthentic(error)) => {
            trail.fail(
                "signature",
                signature_wanted,
                error.to_string(),
                app.signature_rule,
            );
            Err(Refusal::Page(ResultCode::InvalidSignature))
        }
        Err(Refused::Misdirected { expected, found }) => {
            trail.pass("signature", signature_wanted, presence, app.signature_rule);
            trail.fail(
                "Destination",
                expected,
                found.unwrap_or_else(|| "none".to_owned()),
                "the public URL",
            );
            Err(Refusal::Page(ResultCode::InvalidDestination))
        }
        Err(Refused::OutsideWindow { issued, .. }) => {
            trail.pass("signature", signature_wanted, presence, app.signature_rule);
            trail.fail(
                "IssueInstant",
                format!(
                    "within {} seconds, give or take {}",
                    reception.lifetime_seconds, reception.skew_seconds
                ),
                issued.to_string(),
                "saml.request_lifetime_seconds",
            );
            Err(Refusal::Page(ResultCode::ExpiredRequest))
        }
        Err(Refused::Invalid { head, error }) => {
            trail.pass("signature", signature_wanted, presence, app.signature_rule);
            trail.fail(
                "message",
                "a valid AuthnRequest",
                error.to_string(),
                "SAML's schema",
            );
            let result = match &error {
                RequestError::Version { .. } => ResultCode::VersionMismatch,
                RequestError::NoIssuer(_) => ResultCode::InvalidIssuer,
                _ => ResultCode::InvalidAuthnRequest,
            };
            let acs = app.sp.choose_acs(&selector(&head.acs));
            let acs = match &acs {
                Ok(acs) => Some(*acs),
                Err(error) => error.answer_at(),
            };
            match (error.status(), acs) {
                (Some(_), Some(acs)) => {
                    Err(ReplyTo::head(app, acs, &head, relay_state).refuse(result))
                }
                _ => Err(Refusal::Page(result)),
            }
        }
    }
}

fn selector(acs: &RequestedAcs) -> AcsSelector<'_> {
    AcsSelector {
        url: acs.url(),
        index: acs.index(),
        protocol_binding: acs.protocol_binding(),
    }
}

/// Picks where the answer goes.
pub(super) fn choose_acs(
    attempt: &mut Attempt<'_>,
    app: &Arc<ReadyApp>,
    request: &Verified<AuthnRequest>,
    relay_state: Option<&RelayState>,
) -> Result<AcsEndpoint, Refusal> {
    let asked = || match &request.acs {
        RequestedAcs::Default => "the default".to_owned(),
        RequestedAcs::Binding(binding) => format!("the default for {binding}"),
        RequestedAcs::Url { url, .. } => url.clone(),
        RequestedAcs::Index(index) => format!("index {index}"),
    };
    match app.sp.choose_acs(&selector(&request.acs)) {
        Ok(acs) => {
            attempt.trail.pass(
                "assertion consumer service",
                acs.location().as_str(),
                asked(),
                "metadata of the app",
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
                "assertion consumer service",
                registered.join(" "),
                format!("{}: {error}", asked()),
                "metadata of the app",
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
    attempt
        .trail
        .fail("IDPList", us, listed.join(" "), "our entity ID");
    Err(reply.refuse(ResultCode::NoSupportedIdp))
}

/// Makes of a request what the flow needs of it, and refuses what can be refused before anybody
/// logs in.
pub(super) fn understand(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    request: &Verified<AuthnRequest>,
    transport: Transport,
) -> Result<SsoRequest, Refusal> {
    let app = &reply.app;
    let policy = request.name_id_policy.as_ref();
    let format = policy
        .and_then(|p| p.format.as_ref())
        .map(|f| f.uri().to_owned());
    let sp_name_qualifier = policy.and_then(|p| p.sp_name_qualifier.clone());
    let facts = NameIdFacts::of(app, cx.services.salt()?);
    let chosen = name_id::choose_format(&facts, format.as_deref());
    let qualified_well = name_id::is_own_qualifier(&app.entity_id, sp_name_qualifier.as_deref());
    attempt.trail.check(
        "NameIDPolicy",
        chosen.is_ok() && qualified_well,
        format!(
            "{} for {}",
            app.app.definition.saml.name_id_format, app.entity_id
        ),
        format!(
            "{} for {}",
            format.as_deref().unwrap_or("any"),
            sp_name_qualifier.as_deref().unwrap_or("any")
        ),
        "NameID formats of the app",
    );
    if chosen.is_err() || !qualified_well {
        return Err(reply.refuse(ResultCode::UnsupportedNameIdFormat));
    }

    serves_one_of(attempt, reply, request)?;
    let subject = match &request.subject {
        None => None,
        Some(named) if named.has_confirmation => {
            attempt.trail.fail(
                "Subject",
                "no SubjectConfirmation",
                "SubjectConfirmation",
                "saml-profiles 4.1.4.1",
            );
            return Err(reply.refuse(ResultCode::InvalidAuthnRequest));
        }
        Some(named) => match subject::requested(cx, &named.identifier)? {
            Some(name) => Some(name),
            None => {
                attempt.trail.fail(
                    "Subject",
                    "a NameID, plain or encrypted to us",
                    match named.identifier {
                        SubjectIdentifier::BaseId => "BaseID",
                        SubjectIdentifier::EncryptedId(_) => "an EncryptedID nobody here can read",
                        _ => "nothing",
                    },
                    "saml-core 3.4.1",
                );
                return Err(reply.refuse(ResultCode::UnknownPrincipal));
            }
        },
    };
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
    Ok(SsoRequest {
        request_id: Some(request.id.as_str().to_owned()),
        arrived_by: match transport {
            Transport::Redirect => "redirect",
            Transport::Post => "post",
        }
        .to_owned(),
        acs: reply.acs.location().as_str().to_owned(),
        relay_state: reply.relay_state.as_ref().map(|r| r.as_str().to_owned()),
        force_authn: request.force_authn,
        is_passive: request.is_passive,
        accepted_at: cx.now.millis(),
        name_id_format: format,
        sp_name_qualifier,
        contexts,
        subject,
        attribute_service: request.attribute_consuming_service_index,
        not_on_or_after: request
            .conditions
            .as_ref()
            .and_then(|c| c.window.not_on_or_after)
            .map(Timestamp::millis),
        signed: matches!(request.authenticity(), Authenticity::Signed(_)),
        consented: false,
        code: attempt.trail.code.clone(),
        checks: Vec::new(),
    })
}
