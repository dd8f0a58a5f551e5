//! The connected app: what its developer defined and what this organisation's admin decided.

pub mod api_name;
pub mod draft;
pub mod effective;
pub mod link;
pub mod nearest;
pub mod onboard;
pub mod readiness;
pub mod row;
pub mod saml;
pub mod settings;
pub mod snapshot;

use avouch_saml::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text_id;
use crate::users::{PermissionSetId, ProfileId};
use saml::SamlSettings;

text_id!(
    /// The row of a connected app.
    AppId
);

/// A connected app as the organisation uses it.
#[derive(Debug, Clone)]
pub struct App {
    /// Its row.
    pub id: AppId,
    /// Short name for URLs and commands: lower-case letters, digits and hyphens; unique.
    pub api_name: String,
    /// Name shown to people.
    pub name: String,
    /// Installed, blocked or uninstalled.
    pub state: AppState,
    /// The developer's part.
    pub definition: Definition,
    /// The admin's part.
    pub policy: LocalPolicy,
    /// When it was added.
    pub created_at: Timestamp,
    /// When definition or policy last changed.
    pub updated_at: Timestamp,
    /// Settings that a later version of Avouch made and this one does not understand, by name: any of
    /// the policy, since each of those can only keep somebody out, and elsewhere those whose value is
    /// unknown. With any of them nobody is let in here. They are kept as they are.
    pub not_understood: Vec<String>,
}

impl App {
    /// Whether a launcher lists it, for users who may enter: it is marked visible, and there is a way
    /// to start it from here.
    pub fn is_listed(&self) -> bool {
        let startable =
            self.definition.start_url.is_some() || self.definition.saml.allow_unsolicited;
        self.policy.visible && startable
    }

    /// Blocks, unblocks, uninstalls or installs. With an uninstalled app the organisation's policy
    /// goes: installed again it begins closed.
    ///
    /// # Errors
    /// What has to be done first, in a sentence: only a block is undone by unblocking, and an app
    /// that is not installed is not blocked.
    pub fn change_state(&mut self, change: StateChange) -> Result<(), String> {
        use AppState as S;
        use StateChange as C;
        self.state = match (change, self.state) {
            (C::Block, S::Installed | S::Blocked) => S::Blocked,
            (C::Unblock, S::Installed | S::Blocked)
            | (C::Install, S::Installed | S::Uninstalled) => S::Installed,
            (C::Uninstall, _) => {
                self.policy = LocalPolicy::default();
                S::Uninstalled
            }
            (C::Block | C::Unblock, S::Uninstalled) => {
                return Err(format!("{} is not installed: install it first", self.name));
            }
            (C::Install, S::Blocked) => {
                return Err(format!("{} is blocked: unblock it", self.name));
            }
        };
        Ok(())
    }
}

/// What an administrator does about an app's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    /// Refuse everybody until unblocked.
    Block,
    /// Undo a block.
    Unblock,
    /// Drop the organisation's policy and refuse everybody.
    Uninstall,
    /// Take it into use again, closed.
    Install,
}

/// Whether this organisation lets the app be used at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppState {
    /// In use.
    Installed,
    /// Refused until unblocked; policy and assignments stay.
    Blocked,
    /// The organisation's policy is gone; users are refused.
    Uninstalled,
}

impl AppState {
    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Blocked => "blocked",
            Self::Uninstalled => "uninstalled",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Installed, Self::Blocked, Self::Uninstalled]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// The developer's part of a connected app.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Definition {
    /// A sentence for users and admins.
    #[serde(default)]
    pub description: String,
    /// Who to ask, usually a mail address.
    #[serde(default)]
    pub contact: String,
    /// Logo: a data URI, or an https URL, which no page shows.
    #[serde(default)]
    pub logo_url: Option<String>,
    /// Page about the app.
    #[serde(default)]
    pub info_url: Option<String>,
    /// Where a launch sends the user when the SP wants its own page first; else unsolicited SSO.
    #[serde(default)]
    pub start_url: Option<String>,
    /// SAML settings, which are stored beside.
    #[serde(skip)]
    pub saml: SamlSettings,
}

/// The admin's part of a connected app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LocalPolicy {
    /// Who may use it.
    #[serde(default)]
    pub permitted_users: PermittedUsers,
    /// Whether a user sees, once, what will be released. Only asked of self-authorizing users.
    #[serde(default = "yes")]
    pub ask_consent: bool,
    /// Whether the launcher shows a tile.
    #[serde(default = "yes")]
    pub visible: bool,
    /// Place in the launcher, lowest first.
    #[serde(default)]
    pub order: i64,
    /// Profiles whose users are pre-authorized. Stored as rows, not in the policy's JSON.
    #[serde(skip)]
    pub profiles: Vec<ProfileId>,
    /// Permission sets whose users are pre-authorized. Stored as rows, not in the policy's JSON.
    #[serde(skip)]
    pub permission_sets: Vec<PermissionSetId>,
}

impl Default for LocalPolicy {
    fn default() -> Self {
        Self {
            permitted_users: PermittedUsers::default(),
            ask_consent: true,
            visible: true,
            order: 0,
            profiles: Vec::new(),
            permission_sets: Vec::new(),
        }
    }
}

/// Who may use an app (`isAdminApproved`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermittedUsers {
    /// Only users whose profile or any permission set lists the app.
    #[default]
    AdminApproved,
    /// Every active user of the organisation.
    SelfAuthorize,
}

saml::words!(PermittedUsers {
    AdminApproved = "admin_approved",
    SelfAuthorize = "self_authorize",
});

pub(crate) const fn yes() -> bool {
    true
}
