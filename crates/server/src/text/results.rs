//! What each result code means and what an administrator can do about it.

use crate::audit::{ResultCode, Word};

use super::{Text, texts};

texts! {
    /// One sentence of meaning and one of advice for each result code.
    Results {
        unknown = "A later version of Avouch wrote this result.";
        unknown_action = "Look at it with that version.";
        success = "It worked.";
        success_action = "Nothing.";
        app_access_denied = "The user's profile and permission sets do not list the app.";
        app_access_denied_action = "Assign the app to the user's profile or to one of their permission sets, or open it to all users.";
        app_blocked = "The app is blocked.";
        app_blocked_action = "Unblock it on its page when it may be used again.";
        app_not_installed = "The app is not installed in this organisation.";
        app_not_installed_action = "Install it if people here should use it.";
        user_inactive = "The user is deactivated.";
        user_inactive_action = "Activate the user if this is a mistake.";
        outside_ip_range = "The request came from outside the permitted networks.";
        outside_ip_range_action = "Check the address above against the ranges of the app and of the user's profile.";
        session_level_too_low = "The way of signing in was too weak for the app.";
        session_level_too_low_action = "The user has to sign in with a stronger method.";
        consent_declined = "The user chose not to share their data with the app.";
        consent_declined_action = "Nothing. The user is asked again at the next sign-on.";
        invalid_idp_endpoint = "The message came to the wrong address or in the wrong binding.";
        invalid_idp_endpoint_action = "Compare the sign-on URL and binding in the app's settings with the SAML login information.";
        invalid_authn_request = "The request breaks a rule of SAML.";
        invalid_authn_request_action = "See the failed check. Usually the app's SAML software has to be corrected or updated.";
        invalid_issuer = "The request does not say properly which app it comes from.";
        invalid_issuer_action = "The app's entity ID has to be the Issuer of its requests.";
        unknown_service_provider = "No connected app has this entity ID.";
        unknown_service_provider_action = "Add the app, or correct the entity ID on one of the two sides. Every character counts.";
        metadata_expired = "The app's metadata said until when it is good, and that has passed.";
        metadata_expired_action = "Replace the metadata by what the app publishes now. If it publishes none anew, take its values over as typed here, on the app's page or with `avouch app edit NAME --keep-metadata`.";
        invalid_destination = "The request was meant for another address.";
        invalid_destination_action = "Correct the sign-on URL in the app's settings; compare it with the SAML login information.";
        invalid_acs = "The app wants the answer at an address that its metadata does not list.";
        invalid_acs_action = "Replace the app's metadata if the address is new and really the app's.";
        invalid_signature = "The request's signature does not fit the app's keys.";
        invalid_signature_action = "If the app changed its key, replace its metadata. Otherwise somebody changed the request on its way.";
        signature_missing = "The request is not signed, but has to be.";
        signature_missing_action = "Switch on signing in the app, or let its requests pass unsigned here (request_signatures=ignore).";
        replayed_request = "The same request was used before.";
        replayed_request_action = "Usually the back button or a reloaded page: start again from the app.";
        expired_request = "The request is too old, or from the future.";
        expired_request_action = "Check the clocks of both servers.";
        unsupported_name_id_format = "The app asks for a NameID format that it may not have or this user lacks.";
        unsupported_name_id_format_action = "Allow the format in the app's settings, or change what the app asks for.";
        no_federation_id = "The user has no federation ID, which is what the app knows users by.";
        no_federation_id_action = "Give the user a federation ID, or choose another subject type for the app.";
        no_custom_attribute_value = "The user has no value for an attribute that the app cannot do without.";
        no_custom_attribute_value_action = "Give the user a value, or change the app's settings.";
        no_authn_context = "The app asks for a way of signing in that Avouch does not offer.";
        no_authn_context_action = "Change what the app asks for (RequestedAuthnContext).";
        no_passive = "The app asked for a sign-on without any page, but a page was needed.";
        no_passive_action = "Usually nothing: the app only wanted to know whether the user was signed in already.";
        no_encryption_key = "Assertions have to be encrypted, but the app publishes no usable key.";
        no_encryption_key_action = "Replace the app's metadata with one that has an encryption key, or do not require encryption.";
        invalid_settings = "The app's settings here do not fit together.";
        invalid_settings_action = "Correct the setting that the failed check names.";
        unknown_principal = "The app asked for another user than the one at the browser.";
        unknown_principal_action = "The user has to sign in with the account that the app names.";
        wrong_credentials = "Username or password was wrong.";
        wrong_credentials_action = "Nothing, unless it happens often: then somebody may be guessing.";
        throttled = "There were too many failed attempts, so the next one has to wait.";
        throttled_action = "Nothing: waiting is enough. Many of these from one address can mean an attack.";
        cancelled = "The user cancelled.";
        cancelled_action = "Nothing.";
        version_mismatch = "The request is of another version of SAML than 2.0.";
        version_mismatch_action = "Set the app to SAML 2.0.";
        unsupported_binding = "The app wants the answer in a binding that Avouch does not serve.";
        unsupported_binding_action = "Set the app to receive answers by HTTP-POST.";
        no_supported_idp = "The request names the identity providers it takes, and this one is none of them.";
        no_supported_idp_action = "Add this identity provider's entity ID to the app's list, or take the list away.";
        admin_right_missing = "The user lacks the right to administer this.";
        admin_right_missing_action = "Give the user the right, if it is theirs to have: `avouch user` on the command line.";
        internal_error = "Something failed in Avouch itself.";
        internal_error_action = "Look for the request ID in the server's log.";
    }
}

impl Results {
    /// What the code means.
    pub fn meaning(&self, code: ResultCode) -> Text {
        self.of(code).0
    }

    /// What an administrator can do.
    pub fn action(&self, code: ResultCode) -> Text {
        self.of(code).1
    }

    /// What a stored result means; of one that this version does not know, that it does not.
    pub fn meaning_of(&self, result: &Word<ResultCode>) -> Text {
        result
            .known()
            .map_or(self.unknown, |code| self.meaning(code))
    }

    /// What an administrator can do about a stored result.
    pub fn action_of(&self, result: &Word<ResultCode>) -> Text {
        result
            .known()
            .map_or(self.unknown_action, |code| self.action(code))
    }

    /// A new result code does not compile until it has its two sentences here.
    fn of(&self, code: ResultCode) -> (Text, Text) {
        match code {
            ResultCode::Success => (self.success, self.success_action),
            ResultCode::AppAccessDenied => (self.app_access_denied, self.app_access_denied_action),
            ResultCode::AppBlocked => (self.app_blocked, self.app_blocked_action),
            ResultCode::AppNotInstalled => (self.app_not_installed, self.app_not_installed_action),
            ResultCode::UserInactive => (self.user_inactive, self.user_inactive_action),
            ResultCode::OutsideIpRange => (self.outside_ip_range, self.outside_ip_range_action),
            ResultCode::SessionLevelTooLow => (
                self.session_level_too_low,
                self.session_level_too_low_action,
            ),
            ResultCode::ConsentDeclined => (self.consent_declined, self.consent_declined_action),
            ResultCode::InvalidIdpEndpoint => {
                (self.invalid_idp_endpoint, self.invalid_idp_endpoint_action)
            }
            ResultCode::InvalidAuthnRequest => (
                self.invalid_authn_request,
                self.invalid_authn_request_action,
            ),
            ResultCode::InvalidIssuer => (self.invalid_issuer, self.invalid_issuer_action),
            ResultCode::UnknownServiceProvider => (
                self.unknown_service_provider,
                self.unknown_service_provider_action,
            ),
            ResultCode::MetadataExpired => (self.metadata_expired, self.metadata_expired_action),
            ResultCode::InvalidDestination => {
                (self.invalid_destination, self.invalid_destination_action)
            }
            ResultCode::InvalidAcs => (self.invalid_acs, self.invalid_acs_action),
            ResultCode::InvalidSignature => (self.invalid_signature, self.invalid_signature_action),
            ResultCode::SignatureMissing => (self.signature_missing, self.signature_missing_action),
            ResultCode::ReplayedRequest => (self.replayed_request, self.replayed_request_action),
            ResultCode::ExpiredRequest => (self.expired_request, self.expired_request_action),
            ResultCode::UnsupportedNameIdFormat => (
                self.unsupported_name_id_format,
                self.unsupported_name_id_format_action,
            ),
            ResultCode::NoFederationId => (self.no_federation_id, self.no_federation_id_action),
            ResultCode::NoCustomAttributeValue => (
                self.no_custom_attribute_value,
                self.no_custom_attribute_value_action,
            ),
            ResultCode::NoAuthnContext => (self.no_authn_context, self.no_authn_context_action),
            ResultCode::NoPassive => (self.no_passive, self.no_passive_action),
            ResultCode::NoEncryptionKey => (self.no_encryption_key, self.no_encryption_key_action),
            ResultCode::InvalidSettings => (self.invalid_settings, self.invalid_settings_action),
            ResultCode::UnknownPrincipal => (self.unknown_principal, self.unknown_principal_action),
            ResultCode::WrongCredentials => (self.wrong_credentials, self.wrong_credentials_action),
            ResultCode::Throttled => (self.throttled, self.throttled_action),
            ResultCode::Cancelled => (self.cancelled, self.cancelled_action),
            ResultCode::VersionMismatch => (self.version_mismatch, self.version_mismatch_action),
            ResultCode::UnsupportedBinding => {
                (self.unsupported_binding, self.unsupported_binding_action)
            }
            ResultCode::NoSupportedIdp => (self.no_supported_idp, self.no_supported_idp_action),
            ResultCode::AdminRightMissing => {
                (self.admin_right_missing, self.admin_right_missing_action)
            }
            ResultCode::InternalError => (self.internal_error, self.internal_error_action),
        }
    }
}
