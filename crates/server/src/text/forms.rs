//! What a form's check found wrong.

use super::texts;

texts! {
    /// Sentences beside a field that has to be changed.
    Forms {
        required = "Enter a value.";
        too_long = "Shorten this to at most {} characters.";
        not_a_web_url = "Enter a whole address that starts with https:// or http://.";
        not_https = "Enter a whole address that starts with https://.";
        not_a_number = "Enter a whole number.";
        not_between = "Enter a number in the range {}.";
        not_a_choice = "Choose one of the options.";
        not_a_uri = "“{}” is not a URI.";
        relay_state_too_long = "A RelayState has at most 80 bytes.";
        custom_needs_name = "Name the custom attribute.";
        constant_needs_value = "Enter the value, or several with one in each line.";
        template_needs_text = "Enter the text with its fields, such as ${given_name}.";
        entity_attribute_form = "Write it as name=value.";
        not_a_certificate = "Certificate {} cannot be read. Paste it whole, with its BEGIN and \
            END lines.";
        entity_id_taken = "An app with this entity ID is already connected: {}.";
        metadata_missing = "Paste the metadata first.";
        file_missing = "Choose a file first.";
        file_too_large = "The file is larger than {}.";
    }
}
