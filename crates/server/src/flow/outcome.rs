//! What a flow ends in: an answer for the browser, or what is left for a page to say.

use avouch_saml::binding::post::PostForm;

use crate::audit::ResultCode;
use crate::fault::OperatorError;
use crate::sessions::PendingId;
use crate::store::StoreError;

/// What the browser is to do next.
#[derive(Debug)]
pub enum Answer {
    /// Post this form to the SP.
    Post(Box<Posted>),
    /// Go on with this step.
    Step(Step),
    /// Go to this page of an app, where it wants sign-ons to begin.
    Leave(String),
    /// Offer to start again.
    StartAgain(Box<Restart>),
}

/// A step of a sign-on that a page of ours, or its end, is for. Which address it has is known to
/// [`dispatch`](crate::flow::sign_on::dispatch) alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The user proves who they are.
    Prove(Errand),
    /// The user is asked whether an app may be told what it asks for.
    Consent(PendingId),
    /// It is decided anew what comes next.
    GoOn(Errand),
}

/// What a user is on the way to while pages of ours stand between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// A sign-on in progress.
    SignOn(PendingId),
    /// This page of the administration, by its path.
    Admin(String),
    /// The list of their apps.
    Launcher,
}

/// A form for an SP, with what the page around it says.
pub struct Posted {
    /// The form.
    pub form: PostForm,
    /// The app.
    pub app: AppName,
    /// Why it is a refusal, if it is one, and the event's reference code.
    pub refused: Option<(ResultCode, String)>,
    /// The request forbids pages, so the form has to go on by itself.
    pub is_passive: bool,
}

impl std::fmt::Debug for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Posted({}, {:?})", self.form.action(), self.refused)
    }
}

/// A sign-on that cannot go on, and how to start another.
#[derive(Debug, Clone, Default)]
pub struct Restart {
    /// The app it was for, when that is still known.
    pub app: Option<AppName>,
    /// One click to start again.
    pub url: Option<String>,
}

/// A refusal that ends on a page, as its reader sees it.
#[derive(Debug, Clone)]
pub struct PageError {
    /// What happened.
    pub result: ResultCode,
    /// The event's reference code.
    pub code: String,
    /// The app, when it is known and trusted to be that app.
    pub app: Option<AppName>,
    /// One click to start again.
    pub restart_url: Option<String>,
}

/// An app as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppName {
    /// Its name.
    pub name: String,
    /// Its logo.
    pub logo: Option<String>,
}

/// What is left for the web to show when a flow did not end in an answer.
#[derive(Debug)]
pub enum Stop {
    /// A page with the reference code.
    Page(Box<PageError>),
    /// A page without detail; the cause goes to the log.
    Ours(OperatorError),
}

impl From<OperatorError> for Stop {
    fn from(error: OperatorError) -> Self {
        Self::Ours(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}
