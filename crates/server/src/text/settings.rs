//! Texts of an app's settings, each under the name that the setting has in the table
//! (`apps::settings`).

use super::Text;

/// The texts of one setting.
#[derive(Debug, Clone, Copy)]
pub struct SettingText {
    /// What its field is called.
    pub label: Text,
    /// What it does, in one sentence: for lists, commands and the manual.
    pub about: Text,
    /// What to know when it is changed. `{}` stands for the bounds of the value.
    pub hint: Text,
    /// What its choices are called, in the order in which they are offered.
    pub choices: &'static [ChoiceText],
}

/// The texts of one choice.
#[derive(Debug, Clone, Copy)]
pub struct ChoiceText {
    /// The word the setting takes; empty for no value of its own.
    pub word: &'static str,
    /// What the choice is called.
    pub label: Text,
    /// What it means, where that needs a sentence.
    pub note: Option<Text>,
}

macro_rules! setting_texts {
    ($($key:ident {
        label = $label:literal;
        about = $about:literal;
        hint = $hint:literal;
        $(choice $word:literal = $choice:literal $(, $note:literal)?;)*
    })+) => {
        /// The texts of every setting of an app.
        #[derive(Debug, Clone, Copy)]
        pub struct SettingTexts { $(#[doc = $about] pub $key: SettingText,)+ }

        impl SettingTexts {
            /// In English.
            pub const ENGLISH: Self = Self { $($key: SettingText {
                label: Text($label),
                about: Text($about),
                hint: Text($hint),
                choices: &[$(ChoiceText {
                    word: $word,
                    label: Text($choice),
                    note: setting_texts!(@note $($note)?),
                },)*],
            },)+ };

            /// The texts of the setting of this name.
            pub fn of(&self, key: &str) -> Option<&SettingText> {
                match key { $(stringify!($key) => Some(&self.$key),)+ _ => None }
            }

            /// The texts of every setting, by name.
            pub fn all(&self) -> Vec<(&'static str, SettingText)> {
                vec![$((stringify!($key), self.$key),)+]
            }
        }
    };
    (@note $note:literal) => { Some(Text($note)) };
    (@note) => { None };
}

setting_texts! {
    name {
        label = "Name";
        about = "Name shown to people.";
        hint = "Shown to users when they sign in and in their list of apps.";
    }
    api_name {
        label = "Short name";
        about = "Short name in launch URLs and commands.";
        hint = "Stands in the launch URL, in the metadata URL for this app and in commands. Change it \
            only if nobody has a bookmark yet.";
    }
    description {
        label = "Description";
        about = "A sentence for users and admins.";
        hint = "One sentence, shown in the list of apps.";
    }
    contact {
        label = "Contact";
        about = "Who to ask about the app, usually a mail address.";
        hint = "Who to ask about the app: a mail address or a URL. Shown on error pages.";
    }
    logo_url {
        label = "Logo";
        about = "Logo shown on tiles and on the login page.";
        hint = "A small image as data:image/png;base64,… (png, jpeg, gif, webp or svg+xml). An https \
            URL is kept but not shown: no browser is sent to another site.";
    }
    info_url {
        label = "Information URL";
        about = "Page about the app.";
        hint = "A page about the app, linked from the consent page.";
    }
    visible {
        label = "Show in the list of apps";
        about = "The launcher shows a tile.";
        hint = "Users who may use the app see a tile for it.";
    }
    order {
        label = "Place in the list";
        about = "Place in the launcher, lowest first.";
        hint = "A whole number. Lower comes first; equal numbers are sorted by name.";
    }
    start_url {
        label = "Start URL";
        about = "Where a launch sends the user first; without it the launch sends a response at once.";
        hint = "Where a tile leads when the app wants to begin the sign-on itself. Left empty, Avouch \
            signs the user in directly.";
    }
    allow_unsolicited {
        label = "Avouch may start the sign-on";
        about = "A launch may send a response nobody asked for.";
        hint = "Sends a sign-in the app did not ask for (IdP-initiated). Some apps refuse those. Off, \
            only the app itself can start.";
    }
    default_relay_state {
        label = "Default RelayState";
        about = "RelayState of a launch.";
        hint = "Sent along when Avouch starts the sign-on; many apps read a target page from it. At \
            most {} bytes.";
    }
    allow_relay_state_override {
        label = "A launch URL may carry its own RelayState";
        about = "A RelayState in the launch URL overrides the default.";
        hint = "Replaces the default, for links to a certain page of the app.";
    }
    subject_type {
        label = "Subject type";
        about = "Which of the user's names the NameID carries.";
        hint = "Which of the user's names the NameID carries.";
        choice "persistent" = "Persistent ID: random, only for this app";
        choice "transient" = "Transient ID: new at each sign-on";
        choice "username" = "Username";
        choice "email" = "E-mail address";
        choice "federation_id" = "Federation ID";
        choice "user_id" = "User ID in Avouch";
        choice "custom" = "Custom attribute";
        choice "none" = "None: no NameID is sent";
    }
    name_id_format {
        label = "NameID format";
        about = "NameID format issued when a request names none.";
        hint = "Used when a request does not ask for one.";
        choice "persistent" = "persistent";
        choice "transient" = "transient";
        choice "emailAddress" = "emailAddress";
        choice "unspecified" = "unspecified";
    }
    allowed_name_id_formats {
        label = "Also allowed";
        about = "Further NameID formats a request may choose.";
        hint = "A request may choose one of these instead.";
        choice "persistent" = "persistent";
        choice "transient" = "transient";
        choice "emailAddress" = "emailAddress";
        choice "unspecified" = "unspecified";
    }
    always_this_format {
        label = "Always use the format above";
        about = "Issue this NameID format only; a request for another is refused.";
        hint = "A request for another format is refused.";
    }
    fail_unmet_subject_id {
        label = "Refuse when a required subject identifier is missing";
        about = "Refuse a sign-on when the subject identifier the SP requires cannot be given.";
        hint = "The app's metadata can require subject-id or pairwise-id. Off, the user is signed in \
            without it.";
    }
    attributes {
        label = "What the app is told";
        about = "What the app is told, one row a line; nothing else is released.";
        hint = "One row for each attribute. Nothing is released that is not a row.";
    }
    sign {
        label = "What is signed";
        about = "What is signed.";
        hint = "Signing both is understood by nearly every app.";
        choice "default" = "Default: response and assertion";
        choice "both" = "Response and assertion";
        choice "response" = "Response (and the assertion if the metadata asks for it)";
        choice "assertion" = "Assertion only";
    }
    signature_algorithm {
        label = "Signature algorithm";
        about = "Signature algorithm; without one, what the key and the SP's metadata suggest.";
        hint = "It has to fit the key: RSA or ECDSA.";
        choice "" = "Default: what key and metadata suggest";
    }
    signing_key {
        label = "Signing key";
        about = "A signing key chosen for this app; else the organisation's active key.";
        hint = "A key of its own lets you change this app's key apart from the others.";
        choice "" = "Default: the organisation's active key";
    }
    issuer {
        label = "Issuer";
        about = "Issuer in place of the organisation's entity ID.";
        hint = "Entity ID that Avouch uses towards this app. Empty: the organisation's.";
    }
    danger_allow_sha1 {
        label = "Allow SHA-1 signatures";
        about = "Danger: sign with and accept RSA-SHA1.";
        hint = "Dangerous: SHA-1 can be forged. Only for an app that knows nothing better; each use is \
            logged.";
    }
    request_signatures {
        label = "Request signatures";
        about = "Whether requests must be signed. Unless ignored, a signature that is there is checked, \
            and one is required in any case when the SP's metadata or the organisation says so.";
        hint = "Ignore is for an app that signs in a way nobody can verify, or says that it signs and does \
            not: then anybody can start a sign-in in its name. The answer still goes to the app's \
            registered address alone.";
        choice "when_present" = "Default: checked when present; required if the metadata or the organisation says so";
        choice "required" = "Required";
        choice "ignore" = "Danger: neither required nor checked";
    }
    requested_context {
        label = "Requested authentication context";
        about = "What becomes of the way of signing in that a request asks for.";
        hint = "Ignore lets an app in that asks for what you do not have, and it is told what really \
            happened. Map adds what the rows below say.";
        choice "honour" = "Default: met, or refused";
        choice "ignore" = "Ignored: what happened is stated";
        choice "map" = "Met also by what the map says";
    }
    context_map {
        label = "What satisfies a context";
        about = "For requested_context=map: which of our ways of signing in satisfies a class asked for, \
            which is stated then.";
        hint = "One line for each class that the app asks for: ASKED=CLASS|CLASS, such as \
            https://refeds.org/profile/sfa=urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport. \
            You vouch that it is so: the app is told that what it asked for happened.";
    }
    permitted_contexts {
        label = "Permitted authentication contexts";
        about = "Authentication context class URIs the app accepts; none listed accepts all.";
        hint = "One class URI in each line. A sign-in that used another way is refused. Empty: every \
            way of signing in is accepted.";
    }
    encryption {
        label = "Encrypt assertions";
        about = "Whether assertions are encrypted.";
        hint = "Hides the user's data from everything between browser and app.";
        choice "when_key_published" = "Default: when the app publishes a key";
        choice "required" = "Always; without a usable key the sign-on fails";
        choice "off" = "Never";
    }
    encryption_cipher {
        label = "Cipher";
        about = "Content cipher for this app, in place of what its metadata or the organisation prefers.";
        hint = "For an app whose metadata names no cipher, or one it cannot read. Those with CBC take the \
            switch below too.";
        choice "" = "Default: what its metadata names, or the organisation's";
        choice "aes128_gcm" = "AES-128-GCM";
        choice "aes256_gcm" = "AES-256-GCM";
        choice "aes128_cbc" = "AES-128-CBC";
        choice "aes256_cbc" = "AES-256-CBC";
    }
    extra_audiences {
        label = "Further audiences";
        about = "Audiences of its assertions beside its entity ID.";
        hint = "One URI in each line, for an app that expects another name of itself in the assertion. \
            Each is somebody who may take the assertion for meant for it.";
    }
    issuer_format {
        label = "State the format of the Issuer";
        about = "The assertion's Issuer says that it is an entity ID (Format).";
        hint = "Some national profiles demand it; no other app needs it.";
    }
    launch_origins {
        label = "Sites that may open it";
        about = "Sites whose links open the app without a question; our own never asks.";
        hint = "One site in each line, such as https://portal.example.org. Whoever can change pages there can \
            have your users signed in to this app by a link.";
    }
    danger_allow_cbc {
        label = "Allow AES-CBC";
        about = "Danger: encrypt with AES-CBC when the SP knows nothing better.";
        hint = "Dangerous: CBC can be attacked. Used only if the app knows no GCM; each use is logged.";
    }
    assertion_lifetime_seconds {
        label = "Assertion lifetime in seconds";
        about = "How long an assertion may be used.";
        hint = "How long the app may take to accept a sign-in: {}. Default 300.";
    }
    clock_skew_seconds {
        label = "Clock tolerance in seconds";
        about = "Tolerance for the SP's clock in place of the organisation's.";
        hint = "How far the app's clock may be off: {}. Empty: the organisation's.";
    }
    session_not_on_or_after {
        label = "Tell the app when the session ends";
        about = "State the session's end in the assertion.";
        hint = "Sends SessionNotOnOrAfter, so that the app can end its own session with Avouch's.";
    }
    permitted_users {
        label = "Permitted users";
        about = "Who may use the app.";
        hint = "Takes effect at once, also for people who are signed in.";
        choice "admin_approved" = "Users approved by an administrator",
            "Only users whose profile or permission set is ticked below. They are not asked for \
                consent.";
        choice "self_authorize" = "All active users",
            "Everybody in the organisation. Each is asked once for consent, unless you switch \
                that off.";
    }
    ask_consent {
        label = "Ask for consent";
        about = "Self-authorizing users see once what will be released.";
        hint = "Before the first sign-on users see what is released. Approved users are never asked.";
    }
}
