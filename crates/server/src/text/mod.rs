//! Every sentence a person can read on a page, in one place.
//!
//! A [`Catalogue`] holds all texts of one language, grouped as the pages are. English is written
//! where each group is defined; a further language is one more `const` of each group and one more
//! [`Locale`], and the compiler names every text that is still missing.

mod apps;
mod checks;
mod common;
mod developer;
mod errors;
mod events;
mod findings;
mod forms;
mod in_force;
mod people;
mod results;
mod settings;
mod sign_on;

use std::fmt;

pub use apps::{AppConflict, AppList, AppNew, AppPreview, AppRemove, AppSettings, AppSimulate};
pub use checks::{CheckLine, Checks};
pub use common::Common;
pub use developer::Developer;
pub use errors::{ErrorHelp, ErrorPageTexts, Errors, Explanation};
pub use events::Events;
pub use findings::Findings;
pub use forms::Forms;
pub use in_force::InForceTexts;
pub use people::{Keys, UserNew, Users};
pub use results::Results;
pub use settings::{ChoiceText, SettingText, SettingTexts};
pub use sign_on::{AttributeNames, Consent, Launcher, Login, Plain, Post};

/// One text. Where it holds `{}`, a value from outside is put in when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text(pub &'static str);

impl Text {
    /// The text with `value` in place of the first `{}`.
    pub fn with(self, value: impl fmt::Display) -> String {
        self.0.replacen("{}", &value.to_string(), 1)
    }

    /// The part before `{}`, for a page that marks up the value in between.
    pub fn before(self) -> &'static str {
        self.0.split_once("{}").map_or(self.0, |(before, _)| before)
    }

    /// The part after `{}`.
    pub fn after(self) -> &'static str {
        self.0.split_once("{}").map_or("", |(_, after)| after)
    }
}

impl From<Text> for std::borrow::Cow<'static, str> {
    fn from(text: Text) -> Self {
        Self::Borrowed(text.0)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Defines a group of texts and its English at once, so that the two cannot drift apart.
macro_rules! texts {
    ($(#[$about:meta])* $group:ident { $($field:ident = $english:literal;)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy)]
        pub struct $group { $(#[doc = $english] pub $field: $crate::text::Text,)+ }

        impl $group {
            /// This group in English.
            pub const ENGLISH: Self = Self { $($field: $crate::text::Text($english),)+ };

            /// Every text of the group with its name, for the check that none is empty.
            #[cfg(test)]
            pub(crate) fn all(&self) -> Vec<(&'static str, $crate::text::Text)> {
                vec![$((stringify!($field), self.$field),)+]
            }
        }
    };
}
pub(crate) use texts;

/// A language Avouch speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// English.
    #[default]
    English,
}

impl Locale {
    /// All texts in this language.
    pub fn catalogue(self) -> &'static Catalogue {
        match self {
            Self::English => &Catalogue::ENGLISH,
        }
    }
}

/// All texts of one language.
#[derive(Debug)]
pub struct Catalogue {
    /// The language as HTML's `lang` attribute wants it.
    pub lang: &'static str,
    /// Texts of every page: navigation, buttons, banners.
    pub common: Common,
    /// The login page.
    pub login: Login,
    /// The page that carries a Response to the service provider.
    pub post: Post,
    /// The consent page.
    pub consent: Consent,
    /// What well-known attributes are, to the person they are about.
    pub attribute_names: AttributeNames,
    /// The list of the user's apps, and the question before an app is opened.
    pub launcher: Launcher,
    /// Signed out, session expired, service unavailable.
    pub plain: Plain,
    /// What surrounds an error's explanation.
    pub error_page: ErrorPageTexts,
    /// One explanation for each kind of error.
    pub errors: Errors,
    /// The page that Avouch's metadata names as its errorURL.
    pub error_help: ErrorHelp,
    /// What a form's check found wrong.
    pub forms: Forms,
    /// Admin: the list of connected apps.
    pub app_list: AppList,
    /// Admin: adding an app.
    pub app_new: AppNew,
    /// Admin: what a metadata file was understood to say.
    pub app_preview: AppPreview,
    /// Admin: an app's settings.
    pub app_settings: AppSettings,
    /// Every setting of an app.
    pub settings: SettingTexts,
    /// What keeps users from signing on to an app.
    pub findings: Findings,
    /// What is in force of an app's settings.
    pub in_force: InForceTexts,
    /// Admin: somebody else changed an app while its form was filled in.
    pub app_conflict: AppConflict,
    /// Admin: removing an app.
    pub app_remove: AppRemove,
    /// What an app would be told.
    pub app_simulate: AppSimulate,
    /// Adding a user.
    pub user_new: UserNew,
    /// The checks of an event.
    pub checks: Checks,
    /// Admin: sign-on events.
    pub events: Events,
    /// One sentence for each result code.
    pub results: Results,
    /// Admin: users.
    pub users: Users,
    /// Admin: keys.
    pub keys: Keys,
    /// The page of `avouch dev`.
    pub developer: Developer,
}

impl Catalogue {
    /// English.
    pub const ENGLISH: Self = Self {
        lang: "en",
        common: Common::ENGLISH,
        login: Login::ENGLISH,
        post: Post::ENGLISH,
        consent: Consent::ENGLISH,
        attribute_names: AttributeNames::ENGLISH,
        launcher: Launcher::ENGLISH,
        plain: Plain::ENGLISH,
        error_page: ErrorPageTexts::ENGLISH,
        errors: Errors::ENGLISH,
        error_help: ErrorHelp::ENGLISH,
        forms: Forms::ENGLISH,
        app_list: AppList::ENGLISH,
        app_new: AppNew::ENGLISH,
        app_preview: AppPreview::ENGLISH,
        app_settings: AppSettings::ENGLISH,
        settings: SettingTexts::ENGLISH,
        findings: Findings::ENGLISH,
        in_force: InForceTexts::ENGLISH,
        app_conflict: AppConflict::ENGLISH,
        app_remove: AppRemove::ENGLISH,
        app_simulate: AppSimulate::ENGLISH,
        user_new: UserNew::ENGLISH,
        checks: Checks::ENGLISH,
        events: Events::ENGLISH,
        results: Results::ENGLISH,
        users: Users::ENGLISH,
        keys: Keys::ENGLISH,
        developer: Developer::ENGLISH,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_where_the_braces_are() {
        let text = Text("to continue to {} now");
        assert_eq!(text.with("Wiki {}"), "to continue to Wiki {} now");
        assert_eq!((text.before(), text.after()), ("to continue to ", " now"));
        assert_eq!(
            (Text("plain").before(), Text("plain").after()),
            ("plain", "")
        );
    }

    #[test]
    fn no_text_is_empty_or_ragged() {
        let c = Locale::English.catalogue();
        let groups = [
            c.common.all(),
            c.login.all(),
            c.post.all(),
            c.consent.all(),
            c.attribute_names.all(),
            c.launcher.all(),
            c.plain.all(),
            c.error_page.all(),
            c.error_help.all(),
            c.forms.all(),
            c.app_list.all(),
            c.app_new.all(),
            c.app_preview.all(),
            c.app_settings.all(),
            c.findings.all(),
            c.in_force.all(),
            c.app_conflict.all(),
            c.app_remove.all(),
            c.app_simulate.all(),
            c.user_new.all(),
            c.events.all(),
            c.results.all(),
            c.users.all(),
            c.keys.all(),
            c.developer.all(),
        ];
        let settings = c.settings.all().into_iter().flat_map(|(key, texts)| {
            let choices = texts.choices.iter();
            [texts.label, texts.about, texts.hint]
                .into_iter()
                .chain(
                    choices
                        .flat_map(|choice| [Some(choice.label), choice.note].into_iter().flatten()),
                )
                .map(move |text| (key, text))
        });
        for (name, text) in groups.into_iter().flatten().chain(settings) {
            assert!(!text.0.is_empty(), "{name} is empty");
            assert_eq!(text.0.trim(), text.0, "{name} has stray space at an end");
            assert!(!text.0.contains("  "), "{name} has a double space");
            assert!(
                text.0.matches("{}").count() <= 1,
                "{name} takes more than one value"
            );
        }
    }
}
