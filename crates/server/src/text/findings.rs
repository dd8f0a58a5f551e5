//! Sentences for what the sign-on-once check found (`apps::readiness`).

use super::{Text, texts};
use crate::apps::readiness::{Finding, FindingId, Severity};

texts! {
    /// What keeps users from signing on to an app. Each finding has a name, a sentence that says
    /// what is so, with the value received, and one that says what to do, with the value expected.
    Findings {
        cannot_work = "Cannot work";
        may_not_work = "May not work";
        title_cannot = "Nobody can sign on to this app as it is";
        title_may = "Some sign-ons may not work";
        accept = "Save it although it cannot work";
        accept_hint = "Tick this only if you mean to mend it before anybody signs on.";
        ask = "Nothing is saved yet: mend this, or tick “Save it although it cannot work” below.";
        refused = "as it would be stored the app cannot work; nothing was stored";
        accept_flag = "If it is meant, add --accept-broken";

        no_usable_acs = "no usable ACS";
        no_usable_acs_what = "It cannot be answered: none of its Assertion Consumer Services takes \
            answers by HTTP-POST, only by {}.";
        no_usable_acs_do = "Ask the app's owner for metadata with one for {}.";
        wildcard_acs = "wildcard in an ACS";
        wildcard_acs_what = "The Assertion Consumer Service {} has a wildcard in it. It is taken \
            letter by letter, so no answer arrives there.";
        wildcard_acs_do = "Register each address by itself.";
        metadata_ended = "metadata has ended";
        metadata_ended_what = "Its metadata was good until {}. Every sign-on is refused.";
        metadata_ended_do = "Replace it with newer metadata.";
        metadata_ends = "metadata ends soon";
        metadata_ends_what = "Its metadata is good until {} only. From then on every sign-on is \
            refused.";
        metadata_ends_do = "Replace it with newer metadata before then.";
        no_signature = "nothing to sign with";
        no_signature_key_what = "The signing key {} is not there.";
        no_signature_key_do = "Choose another, or none to use the organisation's active key.";
        no_signature_what = "Its answers cannot be signed: of {} nothing is allowed here, fits the \
            key and is taken by the app.";
        no_signature_do = "Choose a signature algorithm and key that fit; the key is {}.";
        no_encryption_key = "no key to encrypt for";
        no_encryption_key_what = "Assertions have to be encrypted, and its metadata has no key for \
            that. Every sign-on is refused.";
        no_encryption_key_do = "Ask for metadata with an encryption key, or encrypt only when a \
            key is published.";
        unusable_encryption_key = "unusable encryption key";
        unusable_encryption_key_what = "The key it publishes to encrypt for is too weak, cannot be \
            read or is of an unknown use. Every sign-on is refused.";
        unusable_encryption_key_do = "Ask for metadata with an RSA key of 2048 bits or more, or \
            switch encryption off.";
        no_cipher = "no common cipher";
        no_cipher_what = "It cannot be encrypted for: of what its metadata lists ({}) nothing may \
            be used here. Every sign-on is refused.";
        no_cipher_do = "Ask for metadata that lists some of {}; allow AES-CBC if it is an old app \
            that knows nothing else; or switch encryption off.";
        unverifiable_requests = "requests cannot be verified";
        unverifiable_requests_what = "Its requests have to be signed ({}), and its metadata has no \
            certificate to verify them with. Each is refused.";
        unverifiable_requests_do = "Ask for metadata with its signing certificate.";
        subject_not_in_format = "NameID is not what was chosen";
        subject_not_in_format_what = "The NameID format {} cannot carry the subject type that was \
            chosen: something else would be sent.";
        subject_not_in_format_do = "The subject type is {}. Choose a format that carries it, such \
            as unspecified, or the subject type that belongs to the format.";
        template_of_several = "text with a field of several values";
        template_of_several_what = "A text with fields takes the first value of the custom \
            attribute {} alone; users with several are told of one.";
        template_of_several_do = "It makes the attribute {}: release the custom attribute itself \
            if all its values count.";
        row_without_value = "row without a value";
        row_without_value_what = "An attribute comes from {}, of which there is no value for \
            anybody.";
        row_without_value_do = "Set {} in the configuration, or remove the row.";
        subject_id_unmet = "subject identifier cannot be made";
        subject_id_unmet_what = "Its metadata requires {}, which cannot be made for anybody.";
        subject_id_unmet_do = "Set {} in the configuration.";
        not_understood = "settings of a later version";
        not_understood_what = "A later version of Avouch made settings that this one does not know: \
            {}. Nobody is let in here, since they may say whom to keep out; they are kept as they \
            are.";
        not_understood_do = "Sign on at a node of that version.";
        nobody_may_enter = "nobody may enter";
        nobody_may_enter_what = "Nobody may enter: no profile and no permission set lists it.";
        nobody_may_enter_do = "Tick a profile or permission set, or let all active users in \
            (permitted_users={}).";
    }
}

impl Findings {
    /// The name of a severity.
    pub fn severity(&self, severity: Severity) -> Text {
        match severity {
            Severity::CannotWork => self.cannot_work,
            Severity::MayNotWork => self.may_not_work,
        }
    }

    /// The short name of what was found.
    pub fn name(&self, finding: &Finding) -> Text {
        use FindingId as F;
        match finding.id {
            F::NoUsableAcs => self.no_usable_acs,
            F::WildcardAcs => self.wildcard_acs,
            F::MetadataEnded => self.metadata_ended,
            F::MetadataEnds => self.metadata_ends,
            F::NoSignature => self.no_signature,
            F::NoEncryptionKey => self.no_encryption_key,
            F::UnusableEncryptionKey => self.unusable_encryption_key,
            F::NoCipher => self.no_cipher,
            F::UnverifiableRequests => self.unverifiable_requests,
            F::SubjectNotInFormat => self.subject_not_in_format,
            F::TemplateOfSeveral => self.template_of_several,
            F::RowWithoutValue => self.row_without_value,
            F::SubjectIdUnmet => self.subject_id_unmet,
            F::NotUnderstood => self.not_understood,
            F::NobodyMayEnter => self.nobody_may_enter,
        }
    }

    /// What was found and what to do about it; then each part that plays a role, with its line.
    pub fn sentence(&self, finding: &Finding) -> String {
        use FindingId as F;
        let (what, then) = match finding.id {
            F::NoUsableAcs => (self.no_usable_acs_what, self.no_usable_acs_do),
            F::WildcardAcs => (self.wildcard_acs_what, self.wildcard_acs_do),
            F::MetadataEnded => (self.metadata_ended_what, self.metadata_ended_do),
            F::MetadataEnds => (self.metadata_ends_what, self.metadata_ends_do),
            F::NoSignature if finding.field == "signing_key" => {
                (self.no_signature_key_what, self.no_signature_key_do)
            }
            F::NoSignature => (self.no_signature_what, self.no_signature_do),
            F::NoEncryptionKey => (self.no_encryption_key_what, self.no_encryption_key_do),
            F::UnusableEncryptionKey => (
                self.unusable_encryption_key_what,
                self.unusable_encryption_key_do,
            ),
            F::NoCipher => (self.no_cipher_what, self.no_cipher_do),
            F::UnverifiableRequests => (
                self.unverifiable_requests_what,
                self.unverifiable_requests_do,
            ),
            F::SubjectNotInFormat => (
                self.subject_not_in_format_what,
                self.subject_not_in_format_do,
            ),
            F::TemplateOfSeveral => (self.template_of_several_what, self.template_of_several_do),
            F::RowWithoutValue => (self.row_without_value_what, self.row_without_value_do),
            F::SubjectIdUnmet => (self.subject_id_unmet_what, self.subject_id_unmet_do),
            F::NotUnderstood => (self.not_understood_what, self.not_understood_do),
            F::NobodyMayEnter => (self.nobody_may_enter_what, self.nobody_may_enter_do),
        };
        let what = what.with(&finding.received);
        let then = then.with(&finding.expected);
        let details: String = finding
            .details
            .iter()
            .map(|detail| format!(" ({detail})"))
            .collect();
        format!("{what}{details} {then}")
    }
}
