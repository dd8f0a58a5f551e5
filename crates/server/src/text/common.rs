//! Texts of every page.

use super::texts;

texts! {
    /// Navigation, buttons and banners.
    Common {
        skip = "Skip to content";
        product = "Avouch";
        nav = "Main";
        nav_launcher = "My apps";
        nav_apps = "Connected apps";
        nav_events = "Events";
        nav_users = "Users";
        nav_keys = "Keys";
        nav_developer = "Developer";
        signed_in_as = "Signed in as {}";
        sign_in = "Sign in";
        sign_out = "Sign out";
        insecure_http = "This server speaks plain HTTP. Anyone on the network can read \
            passwords and take over sessions. Use it for tests only, and set an https base URL \
            before real people sign in.";
        insecure_http_label = "Not secure";
        problem_title = "Error: {}";
        problem_summary = "Something needs your attention";
        copy = "Copy";
        copied = "Copied";
        save = "Save changes";
        cancel = "Cancel";
        back = "Back";
        search = "Search";
        filter = "Filter";
        clear_filter = "Clear";
        next_page = "Older";
        first_page = "Newest";
        paging = "Pages";
        next_names = "Next";
        first_names = "Start";
        yes = "Yes";
        no = "No";
        expired = "expired";
        optional = "optional";
        required = "required";
        show_more = "Details";
        all = "All";
        see_keys = "the page of keys lists them";
        footer = "Single sign-on by Avouch";
    }
}
