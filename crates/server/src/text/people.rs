//! Texts of the pages about users and keys.

use super::texts;

texts! {
    /// The list of users and one user.
    Users {
        title = "Users";
        search = "Search by name, username or e-mail address";
        username = "Username";
        name = "Name";
        email = "E-mail address";
        email_unverified = "not verified";
        state = "State";
        active = "Active";
        inactive = "Deactivated";
        admin = "Administrator";
        last_login = "Last login";
        never = "never";
        total = "{} users";
        one = "1 user";
        empty = "There are no users yet.";
        empty_hint = "Add the first one on the command line: avouch user add";
        no_match = "No user matches “{}”.";
        all_users = "All users";
        account = "Account";
        given_name = "Given name";
        family_name = "Family name";
        federation_id = "Federation ID";
        user_id = "User ID";
        locale = "Locale";
        time_zone = "Time zone";
        profile = "Profile";
        permission_sets = "Permission sets";
        rights = "Administrative rights";
        attributes = "Custom attributes";
        events = "Events of this user";
        sign_in_title = "Signing in";
        deactivate_text = "Ends every session of this user at once and lets them sign in no more. \
            Nothing else of them changes.";
        deactivate = "Deactivate";
        activate_text = "This user cannot sign in.";
        activate = "Activate";
        change_hint = "Users are changed on the command line: avouch user --help";
    }
}

texts! {
    /// The list of Avouch's keys.
    Keys {
        title = "Keys";
        intro = "Avouch signs with these keys. Service providers trust the certificates, which \
            are in the metadata. Private keys are stored encrypted and never shown.";
        algorithm = "Algorithm";
        state = "State";
        active = "Signs now";
        next = "Published, not used yet";
        retired = "No longer used";
        certificate = "Certificate";
        subject = "Subject";
        fingerprint = "SHA-256 fingerprint";
        valid_from = "Valid from";
        expires = "Expires";
        used_by = "Chosen by";
        change_hint = "Keys are added on the command line: avouch key add. Publish a new key and \
            give service providers time to read the metadata before it signs.";
        development = "This is a development key, known to everybody. It is refused for any base \
            URL that is not loopback.";
        days_left = "{} days left";
        one_day_left = "1 day left";
    }
}
