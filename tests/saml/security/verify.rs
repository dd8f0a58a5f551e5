//! Signatures that must verify, with each key and algorithm, in documents and over queries.

use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::sign::{Signer, sign_octets};
use avouch_saml::security::verify::{VerifyError, verify_enveloped, verify_octets};
use avouch_saml::xml::limits::Limits;
use proptest::prelude::*;

use super::support::*;

const SIGNERS: [(&str, SignatureAlgorithm); 6] = [
    ("idp-rsa2048", SignatureAlgorithm::RsaSha256),
    ("idp-rsa2048", SignatureAlgorithm::RsaSha384),
    ("idp-rsa3072", SignatureAlgorithm::RsaSha512),
    ("idp-p256", SignatureAlgorithm::EcdsaSha256),
    ("idp-p256", SignatureAlgorithm::EcdsaSha384),
    ("idp-p384", SignatureAlgorithm::EcdsaSha384),
];

/// Proves IIP-ALG01, IIP-ALG02, IIP-ALG03: each signature made here verifies here, in a document and
/// over a query, and a change of one octet is noticed. `sign.rs` shows a second tool agreeing.
#[test]
fn iip_alg01_iip_alg02_iip_alg03_signatures_are_made_and_checked() {
    for (key, algorithm) in SIGNERS {
        let signer = dev_signer_with(key, algorithm);
        let unsigned = authn_request("https://sp.example.org", "Ünï <&>");
        let octets = unsigned.as_bytes().to_vec();
        let request = signed(unsigned, &signer);
        let verified = verify(&request, key).unwrap();
        assert_eq!(verified.algorithm(), algorithm);
        assert_eq!(verified.as_bytes(), octets, "{key}");

        let changed = request.replace("Version=\"2.0\"", "Version=\"2.1\"");
        assert_eq!(verify(&changed, key), Err(VerifyError::Changed));
        let other = if key == "idp-p256" {
            "sp-signing-p256"
        } else {
            "sp-signing"
        };
        assert!(verify(&request, other).is_err());

        let query = b"SAMLRequest=abc&SigAlg=x";
        let value = sign_octets(query, &signer).unwrap();
        let policy = AlgorithmPolicy::default();
        let check = |query: &[u8], value: &[u8]| {
            verify_octets(query, algorithm.uri(), value, &keys(&[key]), &policy)
        };
        assert_eq!(check(query, &value).map(|by| by.algorithm), Ok(algorithm));
        assert_eq!(
            check(b"SAMLRequest=abd&SigAlg=x", &value),
            Err(VerifyError::OtherKey)
        );
        assert_eq!(check(query, &value[1..]), Err(VerifyError::OtherKey));
        assert_eq!(check(query, &[]), Err(VerifyError::OtherKey));
    }
}

/// Proves IIP-MD07, SDP-IDP32: each of several keys is tried, and an unlisted one is refused.
#[test]
fn iip_md07_every_listed_key_is_tried() {
    let listed = [
        "idp-p256",
        "idp-rsa2048",
        "sp-signing-p256",
        "idp-rsa3072",
        "sp-signing",
    ];
    let listed_keys = keys(&listed);
    let policy = AlgorithmPolicy::default();
    for (index, name) in listed.iter().enumerate() {
        let signer = dev_signer(name);
        let request = signed(authn_request("https://sp.example.org", "x"), &signer);
        let verified =
            verify_enveloped(request.as_bytes(), &listed_keys, &policy, &Limits::MESSAGE);
        assert_eq!(verified.map(|by| by.key_index()), Ok(index), "{name}");
        let value = sign_octets(b"query", &signer).unwrap();
        let uri = signer.algorithm().uri();
        let by = verify_octets(b"query", uri, &value, &listed_keys, &policy);
        assert_eq!(by.map(|by| by.key_index), Ok(index), "{name}");
    }
    for unlisted in ["sp-encryption", "idp-p384"] {
        let signer = dev_signer(unlisted);
        let request = signed(authn_request("https://sp.example.org", "x"), &signer);
        let verified =
            verify_enveloped(request.as_bytes(), &listed_keys, &policy, &Limits::MESSAGE);
        assert_eq!(verified, Err(VerifyError::OtherKey), "{unlisted}");
        let value = sign_octets(b"query", &signer).unwrap();
        let uri = signer.algorithm().uri();
        let by = verify_octets(b"query", uri, &value, &listed_keys, &policy);
        assert_eq!(by, Err(VerifyError::OtherKey), "{unlisted}");
    }
}

#[test]
fn metadata_may_carry_its_signature_anywhere_in_the_root() {
    let metadata = signed(entity_descriptor(), &dev_signer("idp-p256"));
    verify(&metadata, "idp-p256").unwrap();
    let (start, end) = (
        metadata.find("<ds:Signature").unwrap(),
        metadata.find("<md:SPSSO").unwrap(),
    );
    let signature = &metadata[start..end];
    let last = metadata.replace(signature, "");
    let last = last.replace(
        "</md:EntityDescriptor>",
        &format!("{signature}</md:EntityDescriptor>"),
    );
    verify(&last, "idp-p256").unwrap();
}

#[test]
fn white_space_around_and_inside_the_signature_is_no_matter() {
    let request = signed(
        authn_request("https://sp.example.org", "x"),
        &dev_signer("idp-rsa2048"),
    );
    let value = request.split("<ds:SignatureValue>").nth(1).unwrap();
    let value = value.split('<').next().unwrap();
    let wrapped: String = value
        .as_bytes()
        .chunks(76)
        .map(|line| format!("\n{}&#13;", std::str::from_utf8(line).unwrap()))
        .collect();
    let spaced = request
        .replace(value, &wrapped)
        .replace("<ds:KeyInfo>", "\n\t<ds:KeyInfo>\n");
    let spaced = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{spaced}\n<!-- after -->\n");
    verify(&spaced, "idp-rsa2048").unwrap();
}

/// Proves AV-ALG-10: documents that are far from canonical, with and without a list of inclusive
/// prefixes, signed by a second implementation.
#[test]
fn av_alg_10_canonicalisation_agrees_with_a_second_implementation() {
    let template = |prefixes: &str| {
        let list = match prefixes {
            "" => String::new(),
            _ => format!(
                "<ec:InclusiveNamespaces xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='{prefixes}'/>"
            ),
        };
        format!(
            r##"<?xml version="1.0" encoding="UTF-8"?>
<!-- before -->
<p:AuthnRequest   Version='2.0' xmlns:xs="http://www.w3.org/2001/XMLSchema" ID = "{REQUEST_ID}"
    xmlns:unused='urn:unused' xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" B="&lt;&quot;'&#9;&#10;&#xD;&gt;" A='"'>
  <Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example.org</Issuer><Signature xmlns="http://www.w3.org/2000/09/xmldsig#">
    <SignedInfo>
      <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">{list}</CanonicalizationMethod>
      <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
      <Reference URI="#{REQUEST_ID}">
        <Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
          <Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">{list}</Transform></Transforms>
        <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/>
      </Reference>
    </SignedInfo><SignatureValue/>
  </Signature>
  <p:Extensions><z:Z xmlns:z="urn:z" xmlns:y="urn:y" y:b="2" z:a="1" c='3' xml:lang="de"><![CDATA[<&>]]>&#169; é &#x1F600;
	<!-- c --><empty/><y:Y xmlns:y="urn:other"/></z:Z><v xs:type="xs:string" xmlns=""/></p:Extensions>
</p:AuthnRequest>
<!-- after -->"##
        )
    };
    for (prefixes, inclusive) in [("", false), ("xs", true), ("xs unused #default", true)] {
        let root = "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest";
        let theirs = xmlsec1_signs(&template(prefixes), "idp-rsa2048", root);
        let verified = verify(&theirs, "idp-rsa2048").unwrap();
        let covered = std::str::from_utf8(verified.as_bytes()).unwrap();
        let open = &covered[..covered.find('>').unwrap()];
        assert_eq!(open.contains("xmlns:xs="), inclusive, "{prefixes}: {open}");
        assert_eq!(
            open.contains("xmlns:unused="),
            prefixes.contains("unused"),
            "{open}"
        );
        assert!(!covered.contains("<!--") && !covered.contains("CDATA"));
        assert!(covered.contains("<empty></empty>"));
        assert!(
            covered.contains("B=\"&lt;&quot;'&#x9;&#xA;&#xD;>\""),
            "{covered}"
        );
    }
}

/// Proves AV-ALG-10: each vector of `tests/vectors/c14n`, signed by xmlsec1, verifies, and the octets
/// that were digested are those that the vector says. `tests/interop/test_canonical.py` has a tool that
/// shares no code with libxml2 agree.
#[test]
fn av_alg_10_what_is_digested_is_what_the_vectors_say() {
    let folder = dev_path("../../tests/vectors/c14n");
    let mut vectors = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let list = std::fs::read_to_string(path.with_extension("prefixes")).map_or_else(
            |_| String::new(),
            |prefixes| {
                format!(
                    "<ec:InclusiveNamespaces xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#' \
                     PrefixList='{prefixes}'/>"
                )
            },
        );
        let signature = format!(
            "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignedInfo>\
             <CanonicalizationMethod Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>\
             <SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'/>\
             <Reference URI='#_v'><Transforms>\
             <Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>\
             <Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'>{list}</Transform>\
             </Transforms><DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/>\
             <DigestValue/></Reference></SignedInfo><SignatureValue/></Signature>"
        );
        let template = std::fs::read_to_string(&path).unwrap();
        let root = "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest";
        let template = template.replace("<!--signature-->", &signature);
        let signed = xmlsec1_signs(&template, "idp-rsa2048", root);
        let verified = verify(&signed, "idp-rsa2048").unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let wanted = std::fs::read_to_string(path.with_extension("canonical")).unwrap();
        let digested = std::str::from_utf8(verified.as_bytes()).unwrap();
        assert_eq!(digested, wanted, "{path:?}");
        vectors += 1;
    }
    assert!(vectors >= 7, "{vectors} vectors");
}

/// Contexts are of one call and the library is started once: eight threads at a time agree.
#[test]
fn verification_runs_on_many_threads() {
    let request = signed(
        authn_request("https://sp.example.org", "x"),
        &dev_signer("idp-p256"),
    );
    let changed = request.replace("Version=\"2.0\"", "Version=\"2.1\"");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    verify(&request, "idp-p256").unwrap();
                    assert_eq!(verify(&changed, "idp-p256"), Err(VerifyError::Changed));
                }
            });
        }
    });
}

/// What fails here leaves nothing on the thread's OpenSSL queue for a TLS connection to find.
#[test]
fn failures_leave_no_openssl_errors_behind() {
    let request = signed(
        authn_request("https://sp.example.org", "x"),
        &dev_signer("idp-rsa2048"),
    );
    assert_eq!(verify(&request, "sp-signing"), Err(VerifyError::OtherKey));
    assert!(openssl::error::ErrorStack::get().errors().is_empty());
    verify(&request, "idp-rsa2048").unwrap();
    assert!(openssl::error::ErrorStack::get().errors().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is signed is its own exclusive canonical form, by libxml2's word: the octets that the
    /// verifier digests are the octets that were written.
    #[test]
    fn signed_documents_are_their_own_canonical_form(
        issuer in "[a-z]{1,20}",
        text in "[ -~\u{9}\u{a}\u{d}\u{80}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{1f6ff}]{0,200}",
    ) {
        let signer = dev_signer("idp-p256");
        let unsigned = authn_request(&issuer, &text);
        let octets = unsigned.as_bytes().to_vec();
        let request = signed(unsigned, &signer);
        let verified = verify(&request, "idp-p256").unwrap();
        prop_assert_eq!(verified.as_bytes(), &octets[..]);

        // Signed once more from outside, the first signature is part of what is digested.
        let inner = request.clone();
        let outer = signed(wrapped(&inner), &signer);
        let verified = verify(&outer, "idp-p256").unwrap();
        let covered = std::str::from_utf8(verified.as_bytes()).unwrap();
        prop_assert!(covered.contains(&inner));
    }

    /// Whatever is done to a signed document, it is refused or says what it said.
    #[test]
    fn a_mutated_document_is_refused_or_the_same(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4),
    ) {
        let unsigned = authn_request("https://sp.example.org", "text");
        let octets = unsigned.as_bytes().to_vec();
        let mut mutated = signed(unsigned, &dev_signer("idp-p256")).into_bytes();
        for (at, byte, how) in edits {
            let at = at.index(mutated.len());
            match how {
                0 => mutated[at] = byte,
                1 => mutated.insert(at, b"<>&\"' /=!-:#;"[usize::from(byte) % 13]),
                _ => drop(mutated.remove(at)),
            }
        }
        let policy = AlgorithmPolicy::default();
        let verified = verify_enveloped(&mutated, &keys(&["idp-p256"]), &policy, &Limits::MESSAGE);
        if let Ok(verified) = verified {
            prop_assert_eq!(verified.as_bytes(), &octets[..]);
        }
    }
}
