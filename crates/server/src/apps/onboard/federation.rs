//! One service provider out of a federation's file: what is stored is the document of one entity.

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::{MetadataError, MetadataWarning, Reading, SpMetadata, for_each_sp};
use avouch_saml::xml::names::{DS, MD, XML, XSI};
use avouch_saml::xml::reader::{Element, Node, Step, TreeReader, XmlError};

/// A service provider that a document holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its entity ID.
    pub entity_id: String,
    /// Its name for people.
    pub name: String,
}

/// Every usable service provider of a document, in order, at most `limit`.
///
/// # Errors
/// [`MetadataError`] when the document as a whole is refused.
pub fn list(
    document: &[u8],
    reading: &Reading,
    limit: usize,
) -> Result<Vec<Listed>, MetadataError> {
    let mut found = Vec::new();
    for_each_sp(document, reading, |sp| {
        if let Ok(sp) = sp
            && found.len() < limit
        {
            found.push(Listed {
                name: sp.display_name(&["en"]).to_owned(),
                entity_id: sp.entity_id.to_string(),
            });
        }
    })?;
    Ok(found)
}

/// Whether the root of a document carries a signature, good or bad.
pub fn is_signed(document: &[u8], reading: &Reading) -> bool {
    let find = || -> Result<bool, XmlError> {
        let mut reader = TreeReader::new(document, reading.limits)?;
        reader.root()?;
        let mut depth = 1_u32;
        while depth > 0 {
            match reader.step()? {
                Step::Close => depth -= 1,
                Step::Open(open) if depth == 1 && open.is(DS, "Signature") => return Ok(true),
                Step::Open(_) => depth += 1,
            }
        }
        Ok(false)
    };
    // What is no XML is refused where it is read.
    find().unwrap_or(false)
}

/// One service provider taken out of a document that holds others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// Its own document.
    pub document: Vec<u8>,
    /// What is untidy about it, on the lines of the document it was taken from.
    pub warnings: Vec<MetadataWarning>,
    /// Others of that document which cannot be used, and why; the first few.
    pub broken: Vec<MetadataError>,
}

/// Most of the others that are named.
const BROKEN_NAMED: usize = 5;

/// The document of the one entity `wanted`, with the expiry it inherits from the groups around it;
/// `None` when no service provider has that entity ID. A signature over the whole file is
/// not carried over: whoever picks the entity vouches for it.
///
/// # Errors
/// [`MetadataError`] when the document as a whole is refused, or just that service provider.
pub fn extract(
    document: &[u8],
    reading: &Reading,
    wanted: &EntityId,
) -> Result<Option<Extracted>, MetadataError> {
    let mut found: Option<SpMetadata> = None;
    let mut refused = None;
    let mut broken = Vec::new();
    for_each_sp(document, reading, |sp| match sp {
        Ok(sp) if sp.entity_id == *wanted => found = Some(sp),
        Ok(_) => {}
        Err(error) if error.entity_id.as_ref() == Some(wanted) => {
            refused.get_or_insert(error);
        }
        Err(error) if broken.len() < BROKEN_NAMED => broken.push(error),
        Err(_) => {}
    })?;
    let Some(sp) = found else {
        return refused.map_or(Ok(None), Err);
    };
    let Some(mut entity) = first_entity(document, reading, wanted)? else {
        return Ok(None);
    };
    entity
        .children
        .retain(|node| !matches!(node, Node::Element(e) if e.is(DS, "Signature")));
    entity
        .attrs
        .retain(|attr| !(attr.ns.is_empty() && &*attr.local == "validUntil"));
    let mut out = Vec::with_capacity(8 * 1024);
    let until = sp.valid_until.map(|until| until.to_string());
    write_element(&mut out, &entity, "", until.as_deref());
    Ok(Some(Extracted {
        document: out,
        warnings: sp.warnings,
        broken,
    }))
}

fn first_entity(
    document: &[u8],
    reading: &Reading,
    wanted: &EntityId,
) -> Result<Option<Element>, XmlError> {
    let mut reader = TreeReader::new(document, reading.limits)?;
    let root = reader.root()?;
    let is_it = |e: &Element| e.attr("entityID") == Some(wanted.as_str());
    if root.is(MD, "EntityDescriptor") {
        let entity = reader.complete(root)?;
        return Ok(Some(entity).filter(is_it));
    }
    let mut depth = 1_u32;
    while depth > 0 {
        match reader.step()? {
            Step::Close => depth -= 1,
            Step::Open(open) if open.is(MD, "EntitiesDescriptor") => depth += 1,
            Step::Open(open) => {
                let element = reader.complete(open)?;
                if element.is(MD, "EntityDescriptor") && is_it(&element) {
                    return Ok(Some(element));
                }
            }
        }
    }
    Ok(None)
}

/// Writes an element so that the reader gives the same one. Prefixes are made anew; `xsi`
/// attributes are left out, since their values speak of prefixes that are gone. A comment stays
/// one: the reader refuses text around it, and must go on doing so.
fn write_element(out: &mut Vec<u8>, element: &Element, default_ns: &str, until: Option<&str>) {
    out.push(b'<');
    out.extend_from_slice(element.local.as_bytes());
    if &*element.ns != default_ns {
        write_attribute(out, "xmlns", &element.ns);
    }
    for (number, attr) in element.attrs.iter().enumerate() {
        match &*attr.ns {
            "" => write_attribute(out, &attr.local, &attr.value),
            XML => write_attribute(out, &format!("xml:{}", attr.local), &attr.value),
            XSI => {}
            ns => {
                write_attribute(out, &format!("xmlns:a{number}"), ns);
                write_attribute(out, &format!("a{number}:{}", attr.local), &attr.value);
            }
        }
    }
    if let Some(until) = until {
        write_attribute(out, "validUntil", until);
    }
    out.push(b'>');
    for child in &element.children {
        match child {
            Node::Element(child) => write_element(out, child, &element.ns, None),
            Node::Text(text) => escape(out, text),
            Node::Other => out.extend_from_slice(b"<!-- -->"),
        }
    }
    out.extend_from_slice(b"</");
    out.extend_from_slice(element.local.as_bytes());
    out.push(b'>');
}

fn write_attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    escape(out, value);
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\t' => out.extend_from_slice(b"&#9;"),
            '\n' => out.extend_from_slice(b"&#10;"),
            '\r' => out.extend_from_slice(b"&#13;"),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use avouch_saml::time::Timestamp;
    use proptest::prelude::*;

    const READING: Reading = Reading::at(Timestamp::from_millis(1_772_460_309_250));

    fn federation(until: &str) -> String {
        let sp = |id: &str, extra: &str| {
            format!(
                "<md:EntityDescriptor entityID=\"{id}\"><md:SPSSODescriptor {extra} \
                 protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
                 <md:Extensions><ui:UIInfo><ui:DisplayName xml:lang=\"en\">Ünï &lt;&amp;&gt; \
                 \"{id}\"</ui:DisplayName></ui:UIInfo></md:Extensions>\n\
                 <md:AssertionConsumerService index=\"1\" x:hint=\"a&#10;b\" \
                 Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
                 Location=\"https://{id}/acs?a=1&amp;b=2\"/></md:SPSSODescriptor></md:EntityDescriptor>"
            )
        };
        format!(
            "<?xml version=\"1.0\"?><md:EntitiesDescriptor \
             xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:x=\"urn:x\" \
             xmlns:ui=\"urn:oasis:names:tc:SAML:metadata:ui\">{}<md:EntitiesDescriptor \
             validUntil=\"{until}\">{}</md:EntitiesDescriptor></md:EntitiesDescriptor>",
            sp("one.example.org", ""),
            sp("two.example.org", "AuthnRequestsSigned=\"false\"")
        )
    }

    #[test]
    fn one_entity_reads_as_it_did_among_the_others() {
        let document = federation("2030-01-01T00:00:00Z");
        let listed = list(document.as_bytes(), &READING, 10).expect("good");
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[1].name, "Ünï <&> \"two.example.org\"");
        let mut among = Vec::new();
        for_each_sp(document.as_bytes(), &READING, |sp| among.push(sp)).expect("good");
        for sp in among {
            let sp = sp.expect("usable");
            let alone = extract(document.as_bytes(), &READING, &sp.entity_id)
                .expect("good")
                .expect("it is there");
            assert_eq!(alone.warnings, sp.warnings);
            assert_eq!(alone.broken, []);
            let mut read = SpMetadata::parse(&alone.document, &READING).expect("usable alone");
            // Only the line may differ.
            assert_eq!(read.warnings.len(), sp.warnings.len());
            read.warnings.clone_from(&sp.warnings);
            assert_eq!(read, sp);
        }
        let absent = EntityId::parse("three.example.org").expect("an entity ID");
        assert_eq!(extract(document.as_bytes(), &READING, &absent), Ok(None));
    }

    #[test]
    fn an_expired_group_gives_nothing() {
        let document = federation("2020-01-01T00:00:00Z");
        let two = EntityId::parse("two.example.org").expect("an entity ID");
        let error = extract(document.as_bytes(), &READING, &two).expect_err("it ended");
        assert_eq!(error.entity_id, Some(two));
        let one = EntityId::parse("one.example.org").expect("an entity ID");
        let alone = extract(document.as_bytes(), &READING, &one).expect("good");
        assert_eq!(alone.expect("it is there").broken, [error]);
        assert_eq!(
            list(document.as_bytes(), &READING, 10).expect("good").len(),
            1
        );
    }

    /// Text cut by a comment is refused before and after, never joined.
    #[test]
    fn a_comment_is_not_laundered() {
        let document = federation("2030-01-01T00:00:00Z")
            .replace("</md:SPSSODescriptor>", "<md:AttributeConsumingService index=\"0\"><md:ServiceName xml:lang=\"en\">a<!--x-->b</md:ServiceName><md:RequestedAttribute Name=\"mail\"/></md:AttributeConsumingService></md:SPSSODescriptor>");
        let one = EntityId::parse("one.example.org").expect("an entity ID");
        let alone = extract(document.as_bytes(), &READING, &one)
            .expect("good")
            .expect("it is there");
        let sp = SpMetadata::parse(&alone.document, &READING).expect("usable");
        assert_eq!(sp.attribute_consuming_services[0].service_names, []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// However a federation's file is broken: what is listed can be taken out, and reads alone as
        /// it did among the others.
        #[test]
        fn what_is_listed_can_be_taken_out(
            changes in proptest::collection::vec(
                (
                    any::<proptest::sample::Index>(),
                    0..60_usize,
                    prop_oneof![
                        Just(""), Just("<"), Just(">"), Just("\""), Just("<!-- x -->"), Just("&#10;"),
                        Just("</md:EntityDescriptor>"), Just("<md:Extensions>"), Just("two"),
                        Just(" xmlns:md=\"urn:other\""), Just(" validUntil=\"2031-01-01T00:00:00Z\""),
                        Just(" xml:lang=\"de\""), Just("<![CDATA[<&]]>"), Just("<?x?>"),
                    ],
                ),
                0..4,
            )
        ) {
            let mut document = federation("2030-01-01T00:00:00Z");
            for (at, cut, put) in changes {
                let boundary = |at: usize| (at..).find(|at| document.is_char_boundary(*at)).unwrap_or(at);
                let from = boundary(at.index(document.len()));
                let to = boundary((from + cut).min(document.len()));
                document.replace_range(from..to, put);
            }
            let mut among = Vec::new();
            let walked = for_each_sp(document.as_bytes(), &READING, |sp| among.extend(sp.ok()));
            let listed = list(document.as_bytes(), &READING, 10);
            prop_assert_eq!(listed.is_ok(), walked.is_ok());
            if walked.is_err() {
                return Ok(());
            }
            for sp in among {
                let alone = extract(document.as_bytes(), &READING, &sp.entity_id);
                let alone = alone.expect("it was read").expect("it was listed");
                let mut read = SpMetadata::parse(&alone.document, &READING)
                    .unwrap_or_else(|error| panic!("{error}\n{document}"));
                // Lines differ, and how long to keep the file is the file's own.
                read.warnings.clone_from(&sp.warnings);
                read.cache_seconds = sp.cache_seconds;
                prop_assert_eq!(read, sp);
            }
        }
    }
}
