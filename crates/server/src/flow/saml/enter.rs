//! From an accepted request and whoever is at the browser to what stands next: login, consent,
//! or the answer.

use avouch_saml::name_id::{NameId, NameIdFormat};
use avouch_saml::time::Random;

use crate::access::Grant;
use crate::attributes::name_id::{self, NameIdFacts};
use crate::attributes::release::{Release, ReleaseFacts, release};
use crate::audit::ResultCode;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::trail::Trail;
use crate::cache::apps::ReadyApp;
use crate::context::Context;
use crate::fault::OperatorError;
use crate::flow::outcome::{Answer, Errand, Posted, Step};
use crate::flow::saml::answer::{self, Success};
use crate::flow::saml::attempt::{Attempt, NotRecorded};
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::reply::ReplyTo;
use crate::flow::saml::subject;
use crate::flow::sign_on::current_user::SignedIn;
use crate::flow::sign_on::next::{self, Methods, Next, Wanted};
use crate::flow::sign_on::restart;
use crate::random::new_id_at;
use crate::sessions::{Asking, GivenName, Lacking, Participant, Requirement, SamlWishes, Stage};
use crate::store;
use crate::users::User;

/// Goes one step on with what is asked.
///
/// # Errors
/// [`Refusal`], mostly for the SP.
pub fn proceed(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    asking: Asking,
    session: Option<&SignedIn>,
) -> Result<Answer, Refusal> {
    let app = &reply.app;
    let wanted = Wanted::of(&asking.asked, &app.app);
    let methods = Methods {
        password: cx.services.password_context(),
        order: &cx.services.context_strength,
    };
    attempt.trail.accepted();
    let next = next::next(
        &wanted,
        session.map(|found| (&found.session, &*found.user)),
        &app.app,
        &methods,
        cx.now,
        &mut attempt.trail,
    );
    match (next, session) {
        (Next::Deny(result), _) => {
            if result == ResultCode::AppAccessDenied {
                let may = cx.services.db.read(|c| next::who_may(c, &app.app))?;
                let expected = Phrase::ListedByOneOf.with([may]);
                let trail = &mut attempt.trail;
                trail.expected_of_last(&Rule::UserIsPermitted, expected);
            }
            Err(reply.refuse(result))
        }
        (Next::Proceed { grant, context }, Some(found)) => {
            enter(cx, attempt, reply, asking, found, &grant, context)
        }
        (Next::Prove(requirement), _) => prove(cx, attempt, reply, asking, requirement),
        (Next::Proceed { .. }, None) => unreachable!("nobody proceeds without a session"),
    }
}

/// Keeps the sign-on until its user has shown what is lacking.
fn prove(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    asking: Asking,
    requirement: Requirement,
) -> Result<Answer, Refusal> {
    let stage = Stage::Proving(requirement);
    let id = attempt.keep(&reply.app, asking, stage, cx.binding())?;
    Ok(Answer::Step(Step::Prove(Errand::SignOn(id))))
}

fn enter(
    cx: &Context,
    attempt: &mut Attempt<'_>,
    reply: &ReplyTo,
    asking: Asking,
    found: &SignedIn,
    grant: &Grant,
    context: String,
) -> Result<Answer, Refusal> {
    let app = &reply.app;
    let user = &*found.user;
    let wishes = asking.request.wishes();
    let facts = NameIdFacts::of(app, cx.services.salt()?);
    // Judged when the request came; the app may have been changed since.
    let format =
        name_id::choose_format(&facts, wishes.name_id_format.as_deref()).map_err(|result| {
            attempt.trail.fail(
                Rule::NameIdPolicy,
                Value::uri(&app.app.definition.saml.name_id_format),
                or_any(wishes.name_id_format.as_deref()),
                Origin::AppNameIdFormats,
            );
            reply.refuse(result)
        })?;
    if let Some(named) = &wishes.subject {
        let same = subject::is(named, user, format.as_ref(), &facts, cx);
        attempt.trail.check(
            Rule::Subject,
            same,
            Phrase::NameOfUser.with([Value::uri(subject::format_of(named).uri())]),
            if same {
                Phrase::UserAtBrowser
            } else {
                Phrase::AnotherUser
            },
            Origin::RequestSubject,
        );
        if !same {
            return Err(reply.refuse(ResultCode::UnknownPrincipal));
        }
    }
    let released = what_is_released(cx, app, user, wishes, &mut attempt.trail)
        .map_err(|result| reply.refuse(result))?;
    let hash = consent_hash(app, format.as_ref(), &released);
    let given = grant.consent() == crate::access::Consent::NotNeeded
        || cx
            .services
            .db
            .read_one(|c| store::consents::given(c, &user.id, &app.app.id, &hash))?;
    if next::must_ask(grant, given) {
        if asking.asked.is_passive {
            attempt.trail.fail(
                Rule::Consent,
                Phrase::GivenBefore,
                Phrase::ToBeAsked,
                Origin::IsPassive,
            );
            return Err(reply.refuse(ResultCode::NoPassive));
        }
        let id = attempt.keep(app, asking, Stage::Consenting, cx.binding())?;
        return Ok(Answer::Step(Step::Consent(id)));
    }

    let random = &mut *cx.random();
    let name_id = what_name(&facts, user, wishes, random, &mut attempt.trail)
        .map_err(|result| reply.refuse(result))?;
    let stored_name = name_id.as_ref().map(GivenName::from);
    let written = answer::success(
        cx,
        reply,
        Success {
            grant,
            session: &found.session,
            context,
            name_id,
            attributes: released.attributes,
            requested_end: wishes.not_on_or_after,
        },
        random,
        &mut attempt.trail,
    )?;
    let participant = Participant {
        id: new_id_at(cx.now, random),
        session: found.session.id.clone(),
        app: app.app.id.clone(),
        session_index: written.session_index.as_str().to_owned(),
        name_id: stored_name,
        created_at: cx.now,
        not_on_or_after: written.not_on_or_after,
    };
    let idle_expires = cx
        .now
        .plus_seconds(cx.services.settings.login.session_idle_seconds);
    let touched = (cx.now >= found.session.last_seen.plus_seconds(60))
        .then(|| (found.session.clone(), idle_expires));
    match attempt.succeed(participant, touched)? {
        Ok(_) => {
            attempt.answered(&written.form);
            Ok(Answer::Post(Box::new(Posted {
                form: written.form,
                app: restart::label(&app.app),
                refused: None,
                is_passive: asking.asked.is_passive,
            })))
        }
        // A logout came between: the answer just made is not sent.
        Err(NotRecorded::SessionEnded) if asking.asked.is_passive => {
            Err(reply.refuse(ResultCode::NoPassive))
        }
        Err(NotRecorded::SessionEnded) => {
            let requirement = Requirement {
                lacking: Lacking::Session,
                anew: asking.asked.force_authn,
            };
            prove(cx, attempt, reply, asking, requirement)
        }
        Err(why) => attempt.late(why),
    }
}

/// What a request asks for, if anything.
pub(super) fn or_any(asked: Option<&str>) -> Value {
    asked.map_or(Phrase::Any.into(), Value::uri)
}

/// The name of `user` that the SP gets, if it gets any. The admin's dry run asks the same.
///
/// # Errors
/// As [`name_id::choose_format`] and [`name_id::issue`]; the failed check is on the trail.
pub fn what_name(
    facts: &NameIdFacts<'_>,
    user: &User,
    wishes: &SamlWishes,
    random: &mut dyn Random,
    trail: &mut Trail,
) -> Result<Option<NameId>, ResultCode> {
    let Some(format) = name_id::choose_format(facts, wishes.name_id_format.as_deref())? else {
        return Ok(None);
    };
    let qualified = wishes.sp_name_qualifier.is_some();
    name_id::issue(facts, &format, qualified, user, random)
        .map(Some)
        .inspect_err(|_| {
            trail.fail(
                Rule::NameId,
                Value::uri(format.uri()),
                Phrase::SubjectMissing.with([
                    Value::text(facts.settings.subject_type.word()),
                    Value::text(user.username.clone()),
                ]),
                Origin::AppSubjectType,
            );
        })
}

/// What an SP would be told of a user, with the decision on the trail. The admin's dry run and the
/// consent page ask the same.
///
/// # Errors
/// As [`release`].
pub fn what_is_released(
    cx: &Context,
    app: &ReadyApp,
    user: &User,
    wishes: &SamlWishes,
    trail: &mut Trail,
) -> Result<Release, ResultCode> {
    let settings = &cx.services.settings;
    let salt = cx
        .services
        .salt()
        .map_err(|_: OperatorError| ResultCode::InternalError)?;
    let facts = ReleaseFacts {
        settings: &app.app.definition.saml,
        sp: &app.sp,
        attribute_service: wishes.attribute_service,
        scope: settings.idp.scopes.first().map(String::as_str),
        organisation_name: &settings.idp.organisation_name,
        organisation_url: settings.idp.organisation_url.as_deref().unwrap_or(""),
        salt,
    };
    let released = release(&facts, user).map_err(|unmet| {
        trail.fail(
            Rule::Attributes,
            unmet.expected,
            unmet.received,
            Origin::AppAttributeRows,
        );
        unmet.result
    })?;
    for note in &released.notes {
        trail.pass(
            Rule::AttributeHeldBack,
            Phrase::RowsThatMayBeSent,
            note.clone(),
            Origin::AppAttributeRows,
        );
    }
    let names: Vec<&str> = released
        .attributes
        .iter()
        .map(|a| a.friendly_name.as_deref().unwrap_or(&a.name))
        .collect();
    trail.pass(
        Rule::Attributes,
        Phrase::RowsAndRequested,
        Value::text(names.join(", ")),
        Origin::AppAttributeRows,
    );
    Ok(released)
}

/// What a consent is given to: the names of what is released and the kind of NameID, in the format
/// chosen for this sign-on. Values may change without asking again; a new name may not be added
/// without.
pub fn consent_hash(app: &ReadyApp, format: Option<&NameIdFormat>, released: &Release) -> String {
    let mut names: Vec<&str> = released
        .attributes
        .iter()
        .map(|a| a.name.as_str())
        .collect();
    names.sort_unstable();
    let saml = &app.app.definition.saml;
    let format = format.map_or("none", NameIdFormat::uri);
    crate::context::hash_token(&format!(
        "{format}\n{:?}\n{}",
        saml.subject_type,
        names.join("\n")
    ))
}

impl<'a> NameIdFacts<'a> {
    /// The facts of an app.
    pub fn of(app: &'a ReadyApp, salt: &'a crate::attributes::pairwise::PairwiseSalt) -> Self {
        Self {
            settings: &app.app.definition.saml,
            idp: &app.issuer,
            sp: &app.entity_id,
            sp_formats: &app.sp.name_id_formats,
            salt,
        }
    }
}
