//! Texts a user meets on the way to an app.

use super::{Text, texts};

texts! {
    /// The login page.
    Login {
        title = "Sign in";
        continue_to = "to continue to {}";
        continue_plain = "to open your apps";
        continue_admin = "to administer Avouch";
        forced = "{} asks you to sign in again, even if you already did.";
        username = "Username";
        password = "Password";
        submit = "Sign in";
        start_again = "Start again";
        start_again_hint = "Not what you wanted, or stuck?";
        cancel = "Cancel";
        cancel_hint = "Tells {} that you did not sign in.";
        samples = "Sample users";
        samples_hint = "This is a development server. One click signs you in.";
        sign_in_as = "Sign in as {}";
        problem_summary = "You are not signed in yet";
        problem_credentials = "That username and password do not go together. Check both and \
            try again; capital letters count in the password.";
        problem_empty = "Enter your username and your password.";
        problem_throttled = "There were too many attempts. Wait {} and try again. Your account \
            is not locked.";
        problem_busy = "Too many people are signing in at this moment. Try again in a few \
            seconds.";
        problem_form = "This page had been open for a long time, so nothing was sent. Enter \
            your password once more.";
        one_second = "1 second";
        seconds = "{} seconds";
        one_minute = "1 minute";
        minutes = "{} minutes";
    }
}

texts! {
    /// The page that carries a Response to the service provider.
    Post {
        title = "Taking you to {}";
        title_error = "Returning to {}";
        explanation = "You are signed in. If the next page does not open by itself, use the \
            button.";
        explanation_error = "If the next page does not open by itself, use the button.";
        submit = "Continue to {}";
        submit_refused = "Return to {}";
    }
}

texts! {
    /// The consent page.
    Consent {
        title = "Share this with {}?";
        intro = "{} will receive the following about you each time you sign in there.";
        nothing = "{} will learn that you signed in, and nothing else about you.";
        your_id = "How it recognises you";
        id_persistent = "A random ID made for this app only";
        id_transient = "A random ID, new at each sign-in";
        id_other = "A name that your organisation chose for this app";
        signed_in_as = "You are signed in as {}.";
        privacy = "What {} does with it";
        about = "About {}";
        accept = "Share and continue";
        decline = "Do not share";
        remembered = "Your answer is remembered. You are asked again when more is to be shared.";
        empty_value = "empty";
    }
}

texts! {
    /// What well-known attributes are, to the person they are about.
    AttributeNames {
        display_name = "Name";
        given_name = "Given name";
        family_name = "Family name";
        mail = "E-mail address";
        username = "Username";
        language = "Preferred language";
        principal_name = "Username with organisation";
        affiliation = "Role in your organisation";
        entitlement = "Rights";
        organisation = "Organisation";
        telephone = "Telephone number";
        subject_id = "An ID that other apps know too";
        pairwise_id = "An ID for this app only";
    }
}

impl AttributeNames {
    /// The words for an attribute's friendly name, or for the last part of its SAML name.
    pub fn of(&self, name: &str) -> Option<Text> {
        Some(match name.rsplit([':', '/']).next().unwrap_or(name) {
            "displayName" | "cn" => self.display_name,
            "givenName" | "firstName" => self.given_name,
            "sn" | "surname" | "lastName" => self.family_name,
            "mail" | "email" | "emailAddress" => self.mail,
            "uid" | "username" => self.username,
            "preferredLanguage" => self.language,
            "eduPersonPrincipalName" => self.principal_name,
            "eduPersonAffiliation" | "eduPersonScopedAffiliation" => self.affiliation,
            "eduPersonEntitlement" => self.entitlement,
            "o" | "schacHomeOrganization" => self.organisation,
            "telephoneNumber" => self.telephone,
            "subject-id" => self.subject_id,
            "pairwise-id" => self.pairwise_id,
            _ => return None,
        })
    }
}

texts! {
    /// The list of the user's apps.
    Launcher {
        title = "My apps";
        search = "Search apps";
        no_apps = "There are no apps for you yet.";
        no_apps_hint = "When an administrator gives you access to an app, it appears here.";
        no_match = "No app matches that search.";
        total = "{} apps";
        ended = "Not available: it has to be connected anew";
        ends = "Its metadata ends on {}";
        confirm_title = "Open {}?";
        confirm_text = "You followed a link from another site. Continue only if you meant to \
            sign in to {}.";
        confirm_submit = "Open {}";
        confirm_cancel = "Go to my apps";
    }
}

texts! {
    /// Plain pages at the edges of a session.
    Plain {
        signed_out_title = "You are signed out";
        signed_out_text = "Apps you opened may still have sessions of their own. On a shared \
            computer, sign out of them too and close the browser.";
        sign_in_again = "Sign in again";
        sign_out_title = "Sign out?";
        sign_out_text = "This ends your session here as {}.";
        sign_out_submit = "Sign out";
        sign_out_cancel = "Stay signed in";
        expired_title = "Let us start again";
        expired_text = "This sign-on waited too long, or it was already finished in another \
            tab. Nothing is lost: one click starts it again.";
        expired_text_app = "Your sign-on to {} waited too long, or it was already finished in \
            another tab. Nothing is lost: one click starts it again.";
        expired_submit = "Start again";
        expired_submit_app = "Continue to {}";
        expired_no_start = "This sign-on waited too long, or it was already finished in another \
            tab. Go back to the site you came from and choose to sign in there.";
        my_apps = "My apps";
        unavailable_title = "Signing in is not possible now";
        unavailable_text = "A part of this server cannot be reached. It is our fault, not yours. \
            Wait a minute, then try again.";
        unavailable_reference = "Reference code in the server's log";
        unavailable_retry = "Try again";
    }
}
