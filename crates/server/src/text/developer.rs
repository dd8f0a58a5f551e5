//! Texts of the page of `avouch dev`.

use super::texts;

texts! {
    /// The developer page.
    Developer {
        title = "Developer";
        intro = "A SAML identity provider on your own machine. Nothing here is secret, and \
            nothing is kept unless you named a data folder.";
        configure = "What to configure in your service provider";
        sps = "Service providers";
        sps_none = "None yet. Start with avouch dev --sp FILE_OR_URL, or add one under Connected \
            apps.";
        sps_add = "Add a service provider";
        sp_start = "Open its start page";
        sp_launch = "Start from Avouch";
        sp_settings = "Settings";
        samples = "Sample users";
        samples_hint = "One click signs you in as this user in this browser.";
        sign_in_as = "Sign in as {}";
        exchanges = "Last exchanges";
        exchanges_hint = "New ones appear by themselves.";
        exchanges_none = "Nothing yet. Start a sign-on from your service provider.";
        refresh = "Refresh";
        request = "Request";
        response = "Response";
        assertion = "Decrypted assertion";
        unreadable_request = "What came could not be read as a request. As it stood on the wire:";
        hint = "Probably:";
        raw = "What came";
        waiting = "not connected yet";
        no_request = "No request: the sign-on was started by Avouch.";
        no_response = "No response was sent.";
        binding = "Binding";
        relay_state = "RelayState";
        sent_to = "Sent to";
        signature = "Signature";
        checks = "Checks";
        signature_unneeded = "not signed, and need not be";
        signature_verified = "verified: {}";
        signature_refused = "refused: {}";
        signature_on = "on {}";
        why = "Why it failed";
        next_step = "What to do";
        xml = "Decoded XML";
        event = "Event";
    }
}
