//! Texts of the events pages.

use super::texts;

texts! {
    /// The list of events and one event.
    Events {
        title = "Events";
        search = "Reference code, user, app, entity ID or address";
        kind = "Kind";
        kind_sign_on = "Sign-on";
        kind_login = "Login";
        kind_logout = "Logout";
        kind_admin = "Administration";
        kind_key = "Key";
        result = "Result";
        result_failures = "All failures";
        from = "From (UTC)";
        until = "Until (UTC)";
        time = "Time";
        user = "User";
        app = "App";
        address = "Address";
        code = "Reference code";
        empty = "Nothing has happened yet.";
        no_match = "No event matches this filter.";
        export = "Download all that match:";
        export_csv = "CSV";
        export_json_lines = "JSON lines";
        event = "Event {}";
        all_events = "All events";
        what = "What happened";
        entity_id = "Entity ID";
        initiated_by = "Started by";
        initiated_sp = "the app";
        initiated_idp = "Avouch";
        protocol = "Protocol";
        binding = "Binding";
        user_agent = "Browser";
        request_id = "Request ID in the logs";
        checks = "Checks, in order";
        checks_hint = "The last one decided.";
        checks_none = "Nothing was checked.";
        check_passed = "passed";
        check_failed = "failed";
        expected = "Expected";
        received = "Received";
        source = "Expected value from";
        next_step = "What to do";
        explain = "On the command line";
        unknown_user = "nobody";
        acting = "Done by";
    }
}
