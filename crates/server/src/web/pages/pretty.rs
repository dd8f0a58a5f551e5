//! XML with one tag a line, for reading. Never for checking a signature: white space changes.

/// Longest input that is set out; anything longer is shown as it came.
const LIMIT_BYTES: usize = 512 * 1024;
const DEEPEST_INDENT: usize = 24;

/// Sets `xml` out with two spaces a level. Works on tags alone, so that a damaged message is
/// still shown, whatever it holds; text between tags is never changed.
pub fn pretty_xml(xml: &str) -> String {
    if xml.len() > LIMIT_BYTES || xml.contains('\n') {
        return xml.to_owned();
    }
    let mut out = String::with_capacity(xml.len() * 2);
    let mut depth = 0_usize;
    let mut rest = xml;
    let mut after_text = false;
    let mut just_opened = false;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        out.push_str(text);
        after_text = after_text && text.is_empty() || !text.trim().is_empty();
        let tag = &rest[start..];
        let end = tag.find('>').map_or(tag.len(), |end| end + 1);
        let tag = &tag[..end];
        let closes = tag.starts_with("</");
        if closes {
            depth = depth.saturating_sub(1);
        }
        // An element with only text stays on its line.
        let stays = after_text || (closes && just_opened) || out.is_empty();
        if !stays {
            out.push('\n');
            out.push_str(&"  ".repeat(depth.min(DEEPEST_INDENT)));
        }
        out.push_str(tag);
        just_opened =
            !closes && !tag.ends_with("/>") && !tag.starts_with("<?") && !tag.starts_with("<!");
        if just_opened {
            depth += 1;
        }
        after_text = false;
        rest = &rest[start + end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_set_out_and_text_stays_with_its_tags() {
        let xml = "<a><b c=\"d\">text</b><e></e><f/><g><h>x &lt; y</h></g></a>";
        let set_out = "<a>\n  <b c=\"d\">text</b>\n  <e></e>\n  <f/>\n  <g>\n    <h>x &lt; y</h>\n  </g>\n</a>";
        assert_eq!(pretty_xml(xml), set_out);
    }

    proptest! {
        /// Whatever came, nothing of it is lost and nothing but white space is added.
        #[test]
        fn only_white_space_is_added(text in "[<>/a-c \"=!?]{0,60}") {
            let solid = |s: &str| s.split_whitespace().collect::<String>();
            prop_assert_eq!(solid(&pretty_xml(&text)), solid(&text));
        }
    }
}
