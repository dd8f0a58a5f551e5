//! libxml2 and xmlsec, behind safe types. The only FFI and the only `unsafe` of the workspace.
//!
//! [`Document`] owns a parsed tree, [`Node`] and [`Attribute`] borrow from it, and nothing changes
//! the tree while they live: the one write, registering an ID, touches the document's ID table only.
//! A verification context lives for one call. libxml2 and xmlsec are initialised once; after that
//! both may be used from any thread as long as no document is shared, and `Document` is neither
//! `Send` nor `Sync`.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Once;

use foreign_types::ForeignType as _;
use openssl::error::ErrorStack;
use xmlsec::bindings as sys;
use xmlsec::{XmlSecKey, XmlSecSignatureContext};

use super::algorithm::{DigestAlgorithm, KeyFamily, SignatureAlgorithm};
use super::certificate::PublicKey;

// The bindings leave out xmlsec/errors.h.
unsafe extern "C" {
    fn xmlSecErrorsSetCallback(callback: Option<unsafe extern "C" fn()>);
}

static START: Once = Once::new();

fn start() {
    START.call_once(|| {
        // SAFETY: xmlInitParser may be called at any time. Making a context initialises xmlsec and
        // its OpenSSL half under the crate's own lock. A null callback silences xmlsec, which would
        // write parts of messages to standard error.
        unsafe {
            sys::xmlInitParser();
            drop(XmlSecSignatureContext::new());
            xmlSecErrorsSetCallback(None);
        }
    });
    // SAFETY: the handler is a plain function that touches nothing. libxml2 keeps it for each thread
    // apart, and would otherwise write what it thinks of a sender's document to standard error.
    unsafe { sys::xmlSetStructuredErrorFunc(ptr::null_mut(), Some(ignore)) }
}

unsafe extern "C" fn ignore(_: *mut c_void, _: sys::xmlErrorPtr) {}

/// A document parsed by libxml2 without network, DTD or entities.
pub(super) struct Document {
    doc: NonNull<sys::xmlDoc>,
}

impl Drop for Document {
    fn drop(&mut self) {
        // SAFETY: `doc` came from xmlCtxtReadMemory and is freed once; borrowed nodes cannot outlive it.
        unsafe { sys::xmlFreeDoc(self.doc.as_ptr()) }
    }
}

impl Document {
    /// Parses a document that [`super::prescan`] has passed. `None`: it is not well-formed.
    pub(super) fn parse(xml: &[u8]) -> Option<Self> {
        start();
        let length = c_int::try_from(xml.len()).ok()?;
        // Text and CDATA stay apart, nothing is loaded, nothing expanded, nothing repaired.
        let options = sys::xmlParserOption_XML_PARSE_NONET
            | sys::xmlParserOption_XML_PARSE_NOERROR
            | sys::xmlParserOption_XML_PARSE_NOWARNING;
        let options = c_int::try_from(options).expect("three small flags");
        // SAFETY: the context is freed here and nowhere else; the document it returns is not part of
        // it. Pointer and length describe `xml`, which outlives the call; the encoding ends in NUL
        // and is given so that no declaration changes it.
        let (doc, well_formed) = unsafe {
            let context = NonNull::new(sys::xmlNewParserCtxt())?.as_ptr();
            let doc = sys::xmlCtxtReadMemory(
                context,
                xml.as_ptr().cast::<c_char>(),
                length,
                ptr::null(),
                c"UTF-8".as_ptr(),
                options,
            );
            // libxml2 keeps a document with undeclared prefixes, which the reader would refuse.
            let well_formed = (*context).wellFormed == 1 && (*context).nsWellFormed == 1;
            sys::xmlFreeParserCtxt(context);
            (doc, well_formed)
        };
        let document = Self {
            doc: NonNull::new(doc)?,
        };
        // SAFETY: the document is alive. The scan has seen no DOCTYPE; this makes sure.
        let subset = unsafe { (*document.doc.as_ptr()).intSubset };
        (well_formed && subset.is_null()).then_some(document)
    }

    /// The root element.
    pub(super) fn root(&self) -> Option<Node<'_>> {
        // SAFETY: the document is alive; the result is null or an element of it.
        let root = unsafe { sys::xmlDocGetRootElement(self.doc.as_ptr()) };
        Node::new(root)
    }

    /// Lets `#value` name the element that carries `attribute`, and no other.
    /// False when the document knows that ID already.
    pub(super) fn register_id(&self, attribute: Attribute<'_>) -> bool {
        // SAFETY: attribute and document are alive, the value is its own NUL-terminated text, and
        // no validation context is needed without a DTD. libxml2 copies the value.
        unsafe {
            let Some(value) = attribute.raw_value() else {
                return false;
            };
            let id = sys::xmlAddID(
                ptr::null_mut(),
                self.doc.as_ptr(),
                value,
                attribute.ptr.as_ptr(),
            );
            !id.is_null()
        }
    }
}

/// What a [`Node`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Element,
    Text,
    /// A CDATA section, comment, processing instruction or entity reference.
    Other,
}

/// A node of a [`Document`].
#[derive(Clone, Copy)]
pub(super) struct Node<'d> {
    ptr: NonNull<sys::xmlNode>,
    document: PhantomData<&'d Document>,
}

impl<'d> Node<'d> {
    fn new(ptr: *mut sys::xmlNode) -> Option<Self> {
        NonNull::new(ptr).map(|ptr| Self {
            ptr,
            document: PhantomData,
        })
    }

    pub(super) fn kind(self) -> Kind {
        // SAFETY: the node is alive as long as 'd.
        match unsafe { (*self.ptr.as_ptr()).type_ } {
            sys::xmlElementType_XML_ELEMENT_NODE => Kind::Element,
            sys::xmlElementType_XML_TEXT_NODE => Kind::Text,
            _ => Kind::Other,
        }
    }

    /// Local name of an element.
    pub(super) fn local(self) -> &'d str {
        // SAFETY: names are NUL-terminated and live with the document.
        unsafe { text((*self.ptr.as_ptr()).name) }
    }

    /// Namespace of an element; empty for none.
    pub(super) fn ns(self) -> &'d str {
        // SAFETY: as above; `ns` is null or a declaration owned by the document. Asked of elements
        // only, whose layout has the field.
        unsafe { namespace((*self.ptr.as_ptr()).ns) }
    }

    pub(super) fn is(self, ns: &str, local: &str) -> bool {
        self.kind() == Kind::Element && self.local() == local && self.ns() == ns
    }

    /// The name as it stands in the document: prefix, colon, local part.
    pub(super) fn qualified_name(self) -> String {
        // SAFETY: as for `ns`.
        let prefix = unsafe {
            let ns = (*self.ptr.as_ptr()).ns;
            if ns.is_null() { "" } else { text((*ns).prefix) }
        };
        match prefix {
            "" => self.local().to_owned(),
            prefix => format!("{prefix}:{}", self.local()),
        }
    }

    /// Content of a text node.
    pub(super) fn text(self) -> &'d str {
        // SAFETY: a text node's content is NUL-terminated and lives with the document.
        unsafe { text((*self.ptr.as_ptr()).content) }
    }

    /// Child nodes, in order.
    pub(super) fn children(self) -> impl Iterator<Item = Node<'d>> {
        let first = match self.kind() {
            // SAFETY: elements have the field; it is null or a node of the same document.
            Kind::Element => unsafe { Node::new((*self.ptr.as_ptr()).children) },
            _ => None,
        };
        std::iter::successors(first, |node| {
            // SAFETY: as above.
            unsafe { Node::new((*node.ptr.as_ptr()).next) }
        })
    }

    /// Attributes of an element, namespace declarations not among them.
    pub(super) fn attributes(self) -> impl Iterator<Item = Attribute<'d>> {
        let first = match self.kind() {
            // SAFETY: elements have the field; it is null or an attribute of this element.
            Kind::Element => unsafe { Attribute::new((*self.ptr.as_ptr()).properties) },
            _ => None,
        };
        std::iter::successors(first, |attribute| {
            // SAFETY: as above.
            unsafe { Attribute::new((*attribute.ptr.as_ptr()).next) }
        })
    }

    /// The value of an attribute without a namespace.
    pub(super) fn attribute(self, local: &str) -> Option<&'d str> {
        self.attributes()
            .find(|attribute| attribute.ns().is_empty() && attribute.local() == local)
            .and_then(Attribute::value)
    }
}

/// An attribute of a [`Node`].
#[derive(Clone, Copy)]
pub(super) struct Attribute<'d> {
    ptr: NonNull<sys::xmlAttr>,
    document: PhantomData<&'d Document>,
}

impl<'d> Attribute<'d> {
    fn new(ptr: *mut sys::xmlAttr) -> Option<Self> {
        NonNull::new(ptr).map(|ptr| Self {
            ptr,
            document: PhantomData,
        })
    }

    pub(super) fn local(self) -> &'d str {
        // SAFETY: names are NUL-terminated and live with the document.
        unsafe { text((*self.ptr.as_ptr()).name) }
    }

    pub(super) fn ns(self) -> &'d str {
        // SAFETY: null or a declaration owned by the document.
        unsafe { namespace((*self.ptr.as_ptr()).ns) }
    }

    /// The value. `None` when it is more than one run of text, which takes an entity to make.
    pub(super) fn value(self) -> Option<&'d str> {
        // SAFETY: `raw_value` gives NUL-terminated text that lives with the document.
        unsafe { self.raw_value().map(|value| text(value)) }
    }

    unsafe fn raw_value(self) -> Option<*const sys::xmlChar> {
        // SAFETY: the attribute is alive; its children are null or nodes of the same document.
        unsafe {
            let only = (*self.ptr.as_ptr()).children;
            if only.is_null() {
                return Some(c"".as_ptr().cast());
            }
            let single = (*only).next.is_null();
            (single && (*only).type_ == sys::xmlElementType_XML_TEXT_NODE)
                .then_some((*only).content.cast_const())
        }
    }
}

/// Borrows NUL-terminated text for as long as the caller's document lives. Null is empty. What is
/// not UTF-8 would be empty too; libxml2 keeps nothing else, and the scan has checked before it.
unsafe fn text<'d>(chars: *const sys::xmlChar) -> &'d str {
    if chars.is_null() {
        return "";
    }
    // SAFETY: the caller gives NUL-terminated text that outlives 'd.
    let text = unsafe { CStr::from_ptr(chars.cast::<c_char>()) };
    text.to_str().unwrap_or("")
}

unsafe fn namespace<'d>(ns: *const sys::xmlNs) -> &'d str {
    if ns.is_null() {
        return "";
    }
    // SAFETY: the caller gives a live declaration.
    unsafe { text((*ns).href) }
}

/// What xmlsec found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Digest and signature hold. These octets were digested.
    Valid(Vec<u8>),
    /// The digest does not match: the content was changed, whatever the key.
    Changed,
    /// The digest matches and the signature does not: another key may have made it.
    OtherKey,
    /// Canonicalisation or something else failed.
    Failed,
}

/// Verifies `signature`, whose shape [`super::enveloped`] has checked, with one key.
///
/// Only same-document references, the two transforms and the two algorithms given are enabled, so
/// that xmlsec would refuse what a check before this had let through. KeyInfo is not read, since the
/// key is set already.
pub(super) fn verify(
    signature: Node<'_>,
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    digest: DigestAlgorithm,
) -> Outcome {
    start();
    let outcome = run(signature, key, algorithm, digest);
    // xmlsec leaves errors on the thread's OpenSSL queue, where a TLS connection would find them.
    drop(ErrorStack::get());
    outcome.unwrap_or(Outcome::Failed)
}

/// SignedInfo as it was signed: in canonical form, by the method that `method` names.
///
/// It is made from a small document with SignedInfo and what encloses it, since canonicalization looks
/// at every element of a document for each prefix of a list, whatever part of it is asked for.
pub(super) fn signed_info_octets(
    root: Node<'_>,
    signature: Node<'_>,
    signed_info: Node<'_>,
    method: Node<'_>,
) -> Option<Vec<u8>> {
    start();
    /// To `xmlDocCopyNode`: everything, or declarations and attributes without what is inside.
    const WHOLE: c_int = 1;
    const SHELL: c_int = 2;
    // SAFETY: the nodes belong to live documents and are only read. Each copy belongs to `document`
    // from the moment it hangs in its tree, and is freed here when it cannot. Transform context and
    // node set are freed once, the set before the document whose nodes it names.
    unsafe {
        let document = Document {
            doc: NonNull::new(sys::xmlNewDoc(c"1.0".as_ptr().cast()))?,
        };
        let doc = document.doc.as_ptr();
        let outer = NonNull::new(sys::xmlDocCopyNode(root.ptr.as_ptr(), doc, SHELL))?;
        sys::xmlDocSetRootElement(doc, outer.as_ptr());
        let mut parent = outer;
        for (node, how) in [(signature, SHELL), (signed_info, WHOLE)] {
            let copy = NonNull::new(sys::xmlDocCopyNode(node.ptr.as_ptr(), doc, how))?;
            let Some(added) = NonNull::new(sys::xmlAddChild(parent.as_ptr(), copy.as_ptr())) else {
                sys::xmlFreeNode(copy.as_ptr());
                return None;
            };
            parent = added;
        }
        let context = NonNull::new(sys::xmlSecTransformCtxCreate())?;
        let nodes = sys::xmlSecNodeSetGetChildren(doc, parent.as_ptr(), 1, 0);
        let octets = canonical_octets(context, method, nodes);
        sys::xmlSecTransformCtxDestroy(context.as_ptr());
        if !nodes.is_null() {
            sys::xmlSecNodeSetDestroy(nodes);
        }
        octets
    }
}

/// Runs the canonicalization that `method` names over `nodes`.
///
/// # Safety
/// The context is alive and unused, and `nodes` is null or a node set of a live document.
unsafe fn canonical_octets(
    context: NonNull<sys::xmlSecTransformCtx>,
    method: Node<'_>,
    nodes: sys::xmlSecNodeSetPtr,
) -> Option<Vec<u8>> {
    let context = context.as_ptr();
    // SAFETY: as the caller says; the result belongs to the context and is copied before it goes.
    unsafe {
        let usage = sys::xmlSecTransformUsageC14NMethod;
        let enabled = &raw mut (*context).enabledTransforms;
        let classes = [
            sys::xmlSecTransformExclC14NGetKlass(),
            sys::xmlSecTransformExclC14NWithCommentsGetKlass(),
        ];
        let is_enabled = |class: sys::xmlSecTransformId| {
            sys::xmlSecPtrListAdd(enabled, class.cast_mut().cast::<c_void>()) >= 0
        };
        let is_ready = !nodes.is_null()
            && classes.into_iter().all(is_enabled)
            && !sys::xmlSecTransformCtxNodeRead(context, method.ptr.as_ptr(), usage).is_null()
            && sys::xmlSecTransformCtxXmlExecute(context, nodes) >= 0;
        if !is_ready || (*context).result.is_null() {
            return None;
        }
        let data = sys::xmlSecBufferGetData((*context).result);
        let size = usize::try_from(sys::xmlSecBufferGetSize((*context).result)).ok()?;
        (!data.is_null() && size > 0).then(|| std::slice::from_raw_parts(data, size).to_vec())
    }
}

/// Hands a key over as it is: writing and reading it as DER would cost fifty verifications.
fn xmlsec_key(key: &PublicKey) -> Option<XmlSecKey> {
    // SAFETY: `openssl` and xmlsec are both linked with the system's libcrypto, so a key of one is
    // a key of the other. The clone is a reference of its own, which xmlsec takes over on success.
    // Key and data are destroyed here unless they were handed on.
    unsafe {
        let (class, adopt): (_, unsafe extern "C" fn(_, _) -> _) = match key.kind().family() {
            KeyFamily::Rsa => (
                sys::xmlSecOpenSSLKeyDataRsaGetKlass(),
                sys::xmlSecOpenSSLKeyDataRsaAdoptEvp,
            ),
            KeyFamily::Ec => (
                sys::xmlSecOpenSSLKeyDataEcdsaGetKlass(),
                sys::xmlSecOpenSSLKeyDataEcdsaAdoptEvp,
            ),
        };
        let data = NonNull::new(sys::xmlSecKeyDataCreate(class))?;
        let reference = key.pkey().to_owned();
        if adopt(data.as_ptr(), reference.as_ptr().cast::<sys::EVP_PKEY>()) < 0 {
            sys::xmlSecKeyDataDestroy(data.as_ptr());
            return None;
        }
        std::mem::forget(reference);
        let Some(made) = NonNull::new(sys::xmlSecKeyCreate()) else {
            sys::xmlSecKeyDataDestroy(data.as_ptr());
            return None;
        };
        let made = XmlSecKey::from_ptr(made.as_ptr());
        if sys::xmlSecKeySetValue(made.as_ptr(), data.as_ptr()) < 0 {
            sys::xmlSecKeyDataDestroy(data.as_ptr());
            return None;
        }
        Some(made)
    }
}

fn run(
    signature: Node<'_>,
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    digest: DigestAlgorithm,
) -> Option<Outcome> {
    let mut context = XmlSecSignatureContext::new();
    context.insert_key(xmlsec_key(key)?);
    // SAFETY: `context` owns the raw context until the end of this function, the node belongs to a
    // live document, transform identifiers are static, and the reference list is read only after
    // success while the context lives.
    unsafe {
        let raw = context.as_ptr();
        (*raw).flags = sys::XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES
            | sys::XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
        (*raw).enabledReferenceUris = sys::xmlSecTransformUriTypeSameDocument;
        let c14n = sys::xmlSecTransformExclC14NGetKlass();
        let with_comments = sys::xmlSecTransformExclC14NWithCommentsGetKlass();
        let digest = digest_class(digest);
        let enveloped = sys::xmlSecTransformEnvelopedGetKlass();
        for transform in [enveloped, c14n, with_comments, digest] {
            if sys::xmlSecDSigCtxEnableReferenceTransform(raw, transform) < 0 {
                return None;
            }
        }
        for transform in [c14n, with_comments, signature_class(algorithm)] {
            if sys::xmlSecDSigCtxEnableSignatureTransform(raw, transform) < 0 {
                return None;
            }
        }
        let result = sys::xmlSecDSigCtxVerify(raw, signature.ptr.as_ptr());

        let references = &raw mut (*raw).signedInfoReferences;
        if sys::xmlSecPtrListGetSize(references) != 1 {
            return None;
        }
        let reference =
            sys::xmlSecPtrListGetItem(references, 0).cast::<sys::xmlSecDSigReferenceCtx>();
        let reference = NonNull::new(reference)?;
        let digested = (*reference.as_ptr()).status;
        if digested == sys::xmlSecDSigStatus_xmlSecDSigStatusInvalid {
            return Some(Outcome::Changed);
        }
        if digested != sys::xmlSecDSigStatus_xmlSecDSigStatusSucceeded {
            return None;
        }
        if result < 0 || (*raw).status != sys::xmlSecDSigStatus_xmlSecDSigStatusSucceeded {
            return Some(Outcome::OtherKey);
        }
        let buffer = sys::xmlSecDSigReferenceCtxGetPreDigestBuffer(reference.as_ptr());
        let data = sys::xmlSecBufferGetData(buffer);
        let size = usize::try_from(sys::xmlSecBufferGetSize(buffer)).ok()?;
        if data.is_null() || size == 0 {
            return None;
        }
        Some(Outcome::Valid(
            std::slice::from_raw_parts(data, size).to_vec(),
        ))
    }
}

fn signature_class(algorithm: SignatureAlgorithm) -> sys::xmlSecTransformId {
    // SAFETY: each returns a pointer to a static table.
    unsafe {
        match algorithm {
            SignatureAlgorithm::RsaSha256 => sys::xmlSecOpenSSLTransformRsaSha256GetKlass(),
            SignatureAlgorithm::RsaSha384 => sys::xmlSecOpenSSLTransformRsaSha384GetKlass(),
            SignatureAlgorithm::RsaSha512 => sys::xmlSecOpenSSLTransformRsaSha512GetKlass(),
            SignatureAlgorithm::EcdsaSha256 => sys::xmlSecOpenSSLTransformEcdsaSha256GetKlass(),
            SignatureAlgorithm::EcdsaSha384 => sys::xmlSecOpenSSLTransformEcdsaSha384GetKlass(),
            SignatureAlgorithm::EcdsaSha512 => sys::xmlSecOpenSSLTransformEcdsaSha512GetKlass(),
            SignatureAlgorithm::DangerRsaSha1 => sys::xmlSecOpenSSLTransformRsaSha1GetKlass(),
        }
    }
}

fn digest_class(digest: DigestAlgorithm) -> sys::xmlSecTransformId {
    // SAFETY: each returns a pointer to a static table.
    unsafe {
        match digest {
            DigestAlgorithm::Sha256 => sys::xmlSecOpenSSLTransformSha256GetKlass(),
            DigestAlgorithm::Sha384 => sys::xmlSecOpenSSLTransformSha384GetKlass(),
            DigestAlgorithm::Sha512 => sys::xmlSecOpenSSLTransformSha512GetKlass(),
            DigestAlgorithm::DangerSha1 => sys::xmlSecOpenSSLTransformSha1GetKlass(),
        }
    }
}
