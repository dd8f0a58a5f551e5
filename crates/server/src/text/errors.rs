//! Texts of refusals: what happened, in plain words, and what the reader can do.

use super::{Text, texts};

/// One kind of error, explained to the person who sees it.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// The heading.
    pub title: Text,
    /// What happened. May take the app's name, or "the app" when it is not known.
    pub what: Text,
    /// What the reader can do about it.
    pub action: Text,
}

macro_rules! explanations {
    ($($field:ident { $title:literal $what:literal $action:literal })+) => {
        /// One explanation for each kind of error.
        #[derive(Debug, Clone, Copy)]
        pub struct Errors { $(#[doc = $title] pub $field: Explanation,)+ }

        impl Errors {
            /// The explanations in English.
            pub const ENGLISH: Self = Self {
                $($field: Explanation {
                    title: Text($title), what: Text($what), action: Text($action),
                },)+
            };
        }
    };
}

explanations! {
    unknown_service_provider {
        "This app is not known here"
        "An app sent you here to sign in, but it is not connected to this server."
        "Check that you started from the right address. If you did, ask the app's owner to have \
         it connected, and give them the reference code."
    }
    metadata_expired {
        "{} has to be connected anew"
        "What this server knows of {} was good until a certain day, and that day has passed."
        "Nothing is wrong with your account. Give your administrator the reference code. If you \
         look after the app: publish metadata with a later validUntil, or with none, and have it \
         read again here."
    }
    no_single_logout {
        "Single logout is not offered yet"
        "An app asked this server to sign you out everywhere. It takes no part in that yet, as its \
         metadata says, and nobody was signed out."
        "Sign out in each app you used, and here with the menu of My apps. If you look after the \
         app: leave its single logout URL empty, or let it sign people out of itself alone."
    }
    app_access_denied {
        "You do not have access to {}"
        "You are signed in, but your account is not among those that may use {}."
        "If you need the app for your work, ask your administrator for access and give them the \
         reference code. You can also sign out and use another account."
    }
    app_blocked {
        "{} is blocked at the moment"
        "An administrator has blocked {} for everybody."
        "Nothing is wrong with your account. Try again later, or ask your administrator when it \
         will be back."
    }
    app_not_installed {
        "{} is not available here"
        "Your organisation does not use {}."
        "If you need it, ask your administrator and give them the reference code."
    }
    user_inactive {
        "Your account is not active"
        "Your account was switched off, so it cannot be used to sign in."
        "If you think that this is a mistake, ask your administrator and give them the reference \
         code."
    }
    outside_ip_range {
        "Not from this network"
        "{} may not be opened from the network you are on."
        "Connect to your organisation's network or VPN and try again."
    }
    session_level_too_low {
        "A stronger sign-in is needed"
        "{} asks for a stronger way of signing in than the one you used."
        "Sign in with a second factor, if you have one, and try again."
    }
    consent_declined {
        "Nothing was shared"
        "You chose not to share your data with {}, so you were not signed in there."
        "If you change your mind, open the app again."
    }
    invalid_request {
        "This sign-in request cannot be used"
        "What {} sent here to sign you in is damaged or not understood."
        "Go back and try once more. If it happens again, tell the app's owner and give them the \
         reference code."
    }
    invalid_acs {
        "The way back is not known"
        "{} asked for your sign-in to be sent to an address that is not registered for it. To \
         protect you, nothing was sent."
        "Tell the app's owner and give them the reference code."
    }
    invalid_signature {
        "This sign-in request cannot be trusted"
        "The request in the name of {} does not carry the signature it should. It may have been \
         changed on its way, or the app's keys are not up to date here."
        "Start again from the app. If it happens again, tell the app's owner and give them the \
         reference code."
    }
    replayed_request {
        "This sign-in was already used"
        "Each request to sign in works once, and this one was used before. The back button or a \
         reloaded page can cause it."
        "Start again from the app."
    }
    expired_request {
        "The time of this sign-in request is not right"
        "The request to sign you in to {} was made too long ago, or the clock of \
         one of the two servers is wrong."
        "Start again from the app. If it happens again, tell the app's owner and give them the \
         reference code."
    }
    not_answerable {
        "{} cannot be given what it asks for"
        "{} asks for a kind of identifier or sign-in that your account or this server does not \
         have."
        "Ask your administrator, and give them the reference code."
    }
    settings {
        "{} is not set up correctly"
        "The settings of {} on this server do not fit together, so you could not be signed in."
        "Tell your administrator and give them the reference code."
    }
    internal {
        "Something went wrong here"
        "This is our fault, not yours. It has been written down with the reference code."
        "Try again in a minute. If it happens again, tell your administrator the reference code."
    }
    not_found {
        "There is nothing at this address"
        "The page may have moved, or the address was not typed in full."
        "Check the address, or go to your apps."
    }
    forbidden {
        "You may not do this"
        "Your account does not have the right that this page needs."
        "If you need it, ask an administrator to grant it to you."
    }
    stale_form {
        "Nothing was changed"
        "The form you sent was too old or came from another site, so it was not accepted."
        "Go back, reload the page, and send it again."
    }
    too_many_requests {
        "Too many requests"
        "More came from your address in a short time than this server takes."
        "Wait a minute and try again."
    }
    too_large {
        "That is too large"
        "What was sent here is larger than this server accepts."
        "Send a smaller file, or ask your administrator to raise the limit."
    }
    method {
        "This address works another way"
        "The page was opened in a way that it does not support, for instance by reloading it."
        "Go back to where you came from and start again."
    }
}

texts! {
    /// What surrounds an error's explanation.
    ErrorPageTexts {
        the_app = "the app";
        what_to_do = "What you can do";
        reference = "Reference code";
        reference_hint = "It lets your administrator see exactly what happened. It holds nothing \
            about you.";
        time = "Time";
        contact = "Ask for help";
        start_again = "Start again";
        my_apps = "My apps";
        other_account = "Use another account";
        admin_details = "See every check";
        admin_hint = "You are an administrator:";
    }
}

texts! {
    /// The page that Avouch's metadata names as its errorURL, where apps send people they could
    /// not sign in.
    ErrorHelp {
        title = "Help with signing in";
        intro = "An app sent you here because it could not sign you in with your account.";
        identification_title = "The app needs to know more about you";
        identification_text = "The app did not receive an attribute that it needs, such as your \
            name, your e-mail address or an identifier that stays the same.";
        identification_action = "Ask your administrator to release it to this app. Tell them \
            the name of the app and what is listed below.";
        authentication_title = "The app needs a stronger sign-in";
        authentication_text = "The app asks for a way of signing in that was not used, for \
            example with a second factor, or more recently.";
        authentication_action = "Sign out, open the app again, and use the stronger way if you \
            have one.";
        authorization_title = "Your account may not use the app";
        authorization_text = "You are signed in correctly, but the app does not let this account \
            in, for example because a licence, a group or a role is missing.";
        authorization_action = "Ask the app's owner or your administrator for access.";
        other_title = "The app reported a problem";
        other_text = "The app could not use your sign-in and did not say more.";
        other_action = "Open the app again. If it happens again, tell your administrator the \
            name of the app and the time.";
        details = "What the app told us";
        app = "App";
        transaction = "The app's reference";
        context = "Details";
        time = "Time";
        contact = "Ask for help";
        my_apps = "My apps";
    }
}
