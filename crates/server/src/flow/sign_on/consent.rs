//! The question, asked once, whether an app may be told what it asks for.

use std::sync::Arc;

use avouch_saml::name_id::NameIdFormat;

use crate::attributes::name_id::{self, NameIdFacts};
use crate::attributes::release::ReleasedAttribute;
use crate::audit::ResultCode;
use crate::audit::check::{Origin, Phrase, Rule};
use crate::audit::trail::Trail;
use crate::context::{Context, hash_token};
use crate::flow::outcome::{Answer, Errand, Step};
use crate::flow::outcome::{AppName, Stop};
use crate::flow::saml::attempt::Attempt;
use crate::flow::saml::enter::{consent_hash, what_is_released};
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::reply::ReplyTo;
use crate::flow::saml::sso::reply_of;
use crate::flow::sign_on::current_user::CurrentUser;
use crate::flow::sign_on::restart;
use crate::flow::sign_on::waiting::{Waiting, find};
use crate::sessions::{Pending, PendingId};
use crate::store;
use crate::users::User;

/// What the user is asked.
pub struct Question {
    /// Who is asked.
    pub user: Arc<User>,
    /// Who will be told.
    pub app: AppName,
    /// The app's own pages: privacy statement and information.
    pub links: (Option<String>, Option<String>),
    /// The format of the name the app will know the user by.
    pub subject: Option<NameIdFormat>,
    /// What is told beside that.
    pub attributes: Vec<ReleasedAttribute>,
    /// Stands for who is asked and for what; the answer brings it back.
    pub shown: String,
}

/// What the consent page does.
pub enum Show {
    /// Asks.
    Ask(Box<Question>),
    /// Nothing to ask: goes elsewhere.
    Go(Answer),
}

/// What the page asks for this sign-on.
///
/// # Errors
/// [`Stop`] for what ends on a page.
pub fn show(cx: &Context, id: &PendingId) -> Result<Show, Stop> {
    let pending = match find(cx, id)? {
        Waiting::Here(pending) => pending,
        Waiting::Gone(restart) => return Ok(Show::Go(Answer::StartAgain(restart))),
    };
    let current = CurrentUser::read(cx)?;
    let Some(found) = &current.session else {
        return Ok(Show::Go(Answer::Step(Step::Prove(Errand::SignOn(
            id.clone(),
        )))));
    };
    let mut attempt = Attempt::resumed(cx, &pending);
    let question = (|| {
        let reply = reply_of(cx, &mut attempt, &current, &pending)?;
        let app = &reply.app;
        let told = what_is_told(cx, &reply, &found.user, &pending, &mut attempt.trail)?;
        let privacy = app
            .sp
            .ui
            .privacy_statement_urls
            .first()
            .map(|url| url.text.clone());
        Ok::<_, Refusal>(Question {
            user: found.user.clone(),
            app: restart::label(&app.app),
            links: (privacy, app.app.definition.info_url.clone()),
            shown: told.shown(&found.user),
            subject: told.subject,
            attributes: told.attributes,
        })
    })();
    match question {
        Ok(question) => Ok(Show::Ask(Box::new(question))),
        Err(refusal) => attempt.conclude(Err(refusal)).map(Show::Go),
    }
}

/// What this user's consent to this sign-on would release.
struct Told {
    subject: Option<NameIdFormat>,
    attributes: Vec<ReleasedAttribute>,
    hash: String,
}

impl Told {
    fn shown(&self, user: &User) -> String {
        hash_token(&format!("{}\n{}", user.id, self.hash))
    }
}

fn what_is_told(
    cx: &Context,
    reply: &ReplyTo,
    user: &User,
    pending: &Pending,
    trail: &mut Trail,
) -> Result<Told, Refusal> {
    let app = &reply.app;
    let facts = NameIdFacts::of(app, cx.services.salt()?);
    let released = what_is_released(cx, app, user, pending.asking.request.wishes(), trail)
        .map_err(|result| reply.refuse(result))?;
    let subject = name_id::choose_format(
        &facts,
        pending.asking.request.wishes().name_id_format.as_deref(),
    )
    .map_err(|result| reply.refuse(result))?;
    Ok(Told {
        hash: consent_hash(app, subject.as_ref(), &released),
        subject,
        attributes: released.attributes,
    })
}

/// What the user answered.
pub struct Decision {
    /// Yes, or no.
    pub accepted: bool,
    /// [`Question::shown`] of the page that was answered.
    pub shown: String,
}

/// Takes the user's answer and goes on: to the app, or back to it with a refusal. Where the app,
/// or whoever is signed in, has changed since the page was shown, a yes is to something else, and
/// the page is shown again.
///
/// # Errors
/// [`Stop`] for what ends on a page.
pub fn answer(cx: &Context, id: &PendingId, decision: &Decision) -> Result<Answer, Stop> {
    let pending = match find(cx, id)? {
        Waiting::Here(pending) => pending,
        Waiting::Gone(restart) => return Ok(Answer::StartAgain(restart)),
    };
    let current = CurrentUser::read(cx)?;
    let Some(found) = &current.session else {
        return Ok(Answer::Step(Step::Prove(Errand::SignOn(id.clone()))));
    };
    let mut attempt = Attempt::resumed(cx, &pending);
    let decided = (|| {
        let reply = reply_of(cx, &mut attempt, &current, &pending)?;
        attempt.trail.user(&found.user);
        if !decision.accepted {
            attempt.trail.fail(
                Rule::Consent,
                Phrase::Accepted,
                Phrase::Declined,
                Origin::User,
            );
            return Err(reply.refuse(ResultCode::ConsentDeclined));
        }
        let told = what_is_told(cx, &reply, &found.user, &pending, &mut attempt.trail)?;
        if told.shown(&found.user) != decision.shown {
            return Ok(false);
        }
        cx.services.db.write(|c| {
            store::consents::remember(c, &found.user.id, &reply.app.app.id, &told.hash, cx.now)
        })?;
        Ok(true)
    })();
    match decided {
        Ok(true) => Ok(Answer::Step(Step::GoOn(Errand::SignOn(id.clone())))),
        Ok(false) => Ok(Answer::Step(Step::Consent(id.clone()))),
        Err(refusal) => attempt.conclude(Err(refusal)),
    }
}
