//! Texts of the pages about users and keys.

use super::texts;

texts! {
    /// The list of users and one user.
    Users {
        title = "Users";
        add = "Add a user";
        search = "Search by name, username or e-mail address";
        username = "Username";
        name = "Name";
        email = "E-mail address";
        email_unverified = "not verified";
        email_shared = "{} has it too: an app told the address cannot tell them apart";
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
        has_more_rights = "{} may administer more than you do, so you cannot change them.";
        rights_needed = "It would take these rights as well: {}.";
    }
}

texts! {
    /// The list of Avouch's keys.
    Keys {
        title = "Keys";
        intro = "Avouch signs with these keys. Service providers trust the certificates, which \
            are in the metadata. Private keys are stored encrypted and never shown.";
        active = "Signs now";
        next = "Published, not used yet";
        previous = "Published still, signs no more";
        retired = "No longer used";
        certificate = "Certificate";
        subject = "Subject";
        fingerprint = "SHA-256 fingerprint";
        sha1 = "SHA-1 fingerprint (just to compare)";
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

texts! {
    /// Adding a user.
    UserNew {
        title = "Add a user";
        username = "Username";
        username_hint = "What is typed when signing in. Letter case does not count.";
        display_name = "Name";
        display_name_hint = "Shown to people. Left empty, it is made of given and family name.";
        given_name = "Given name";
        family_name = "Family name";
        email = "E-mail address";
        federation_id = "Federation ID";
        federation_id_hint = "The name apps know the user by, where an app is set to that. Unique.";
        locale = "Locale";
        locale_hint = "A language tag such as en or de-CH.";
        profile = "Profile";
        profile_hint = "Decides, with the permission sets, which apps the user may enter.";
        permission_sets = "Permission sets";
        permission_sets_none = "There is none yet.";
        password = "Password";
        password_hint = "To begin with; at least {} characters. Tell it to the user safely.";
        submit = "Add this user";
        cancel = "Cancel";
        username_taken = "This username is taken.";
        username_wrong = "Enter 1 to 200 characters, without control characters.";
        email_wrong = "Enter an address such as name@example.org.";
        password_short = "Enter at least {} characters: login.password_min_characters asks for them.";
        profile_wrong = "Choose a profile.";
    }
}
