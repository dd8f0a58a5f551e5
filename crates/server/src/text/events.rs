//! Texts of the events pages.

use super::texts;
use crate::audit::{PartyKind, Word};

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
        nearest = "Connected apps with a similar entity ID";
        unknown_user = "nobody";
        who = "Who acted";
        about = "On whom or what";
        party_user = "user";
        party_operator = "operator";
        party_system = "by itself";
        party_key = "key";
        party_profile = "profile";
        party_permission_set = "permission set";
    }
}

impl Events {
    /// What somebody or something is that an event names.
    pub fn party(&self, kind: &Word<PartyKind>) -> String {
        match kind {
            Word::Known(PartyKind::User) => self.party_user.to_string(),
            Word::Known(PartyKind::Operator) => self.party_operator.to_string(),
            Word::Known(PartyKind::System) => self.party_system.to_string(),
            Word::Known(PartyKind::Key) => self.party_key.to_string(),
            Word::Known(PartyKind::Profile) => self.party_profile.to_string(),
            Word::Known(PartyKind::PermissionSet) => self.party_permission_set.to_string(),
            Word::Other(word) => word.to_string(),
        }
    }
}
