//! Signature values made without the key, or in another form than theirs.

use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::certificate::PublicKey;
use avouch_saml::security::sign::{Signer as _, sign_octets};
use avouch_saml::security::verify::{VerifyError, verify_octets};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use crate::security::forge::*;
use crate::security::support::*;

/// Makes another signature value of a good one.
type Form<'a> = Box<dyn Fn(Vec<u8>) -> Vec<u8> + 'a>;

/// The order of the curve's group, big-endian.
fn order(octets: usize) -> Vec<u8> {
    let curve = if octets == 32 {
        openssl::nid::Nid::X9_62_PRIME256V1
    } else {
        openssl::nid::Nid::SECP384R1
    };
    let group = openssl::ec::EcGroup::from_curve_name(curve).unwrap();
    let mut order = BigNum::new().unwrap();
    group
        .order(&mut order, &mut BigNumContext::new().unwrap())
        .unwrap();
    order.to_vec()
}

/// Proves AV-SEC-32 for ECDSA: zero, out of range, and DER where raw halves belong.
#[test]
fn av_sec_32_ecdsa_values_out_of_range_are_refused() {
    for (key, octets) in [("idp-p256", 32), ("idp-p384", 48)] {
        let signer = dev_signer(key);
        let uri = signer.algorithm().uri();
        let trusted = keys(&[key]);
        let policy = AlgorithmPolicy::default();
        let request = request_with("");
        let good = sign_octets(b"query", &signer).unwrap();
        let check = |value: &[u8]| verify_octets(b"query", uri, value, &trusted, &policy);
        let in_document = |value: &dyn Fn(Vec<u8>) -> Vec<u8>| {
            let mut shape = Shape::of(&request);
            uri.clone_into(&mut shape.method);
            let digest = signer.algorithm().digest().uri();
            digest.clone_into(&mut shape.digest_method);
            if octets == 48 {
                shape.digest = openssl::sha::sha384(request.as_bytes()).to_vec();
            }
            let signature = shape.signature(|info| value(signer.sign(info).unwrap()));
            let message =
                request.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
            verify(&message, key)
        };
        check(&good).unwrap();
        in_document(&|value| value).unwrap();

        let zero = vec![0; octets];
        let one = {
            let mut one = zero.clone();
            one[octets - 1] = 1;
            one
        };
        let order = order(octets);
        let most = vec![0xFF; octets];
        let halves = |r: &[u8], s: &[u8]| [r, s].concat();
        let to_der = |value: &[u8]| {
            let (r, s) = value.split_at(octets);
            let (r, s) = (
                BigNum::from_slice(r).unwrap(),
                BigNum::from_slice(s).unwrap(),
            );
            EcdsaSig::from_private_components(r, s)
                .unwrap()
                .to_der()
                .unwrap()
        };
        // r and s of another pair that satisfies nothing, in each form an attacker might try.
        let forms: Vec<Form> = vec![
            Box::new({
                let v = halves(&zero, &zero);
                move |_| v.clone()
            }),
            Box::new({
                let z = zero.clone();
                move |good| halves(&z, &good[octets..])
            }),
            Box::new({
                let z = zero.clone();
                move |good| halves(&good[..octets], &z)
            }),
            Box::new({
                let (r, s) = (one.clone(), one.clone());
                move |_| halves(&r, &s)
            }),
            Box::new({
                let n = order.clone();
                move |_| halves(&n, &n)
            }),
            Box::new({
                let n = order.clone();
                move |good| halves(&n, &good[octets..])
            }),
            Box::new({
                let n = order.clone();
                move |good| halves(&good[..octets], &n)
            }),
            Box::new({
                let m = most.clone();
                move |_| halves(&m, &m)
            }),
            Box::new(move |good| to_der(&good)),
            Box::new(move |good| good[1..].to_vec()),
            Box::new(move |good| [vec![0], good].concat()),
            // Both halves longer by the same leading zero.
            Box::new(move |good| [&[0], &good[..octets], &[0], &good[octets..]].concat()),
            Box::new(move |good| halves(&good[octets..], &good[..octets])),
            Box::new(|_| Vec::new()),
        ];
        for (n, form) in forms.iter().enumerate() {
            assert_eq!(
                check(&form(good.clone())),
                Err(VerifyError::OtherKey),
                "{key} form {n}"
            );
            assert_eq!(
                in_document(form).err(),
                Some(VerifyError::OtherKey),
                "{key} form {n}"
            );
        }
    }
}

/// The largest number whose cube is at most `n`.
fn cube_root(n: &BigNum) -> BigNum {
    let mut context = BigNumContext::new().unwrap();
    let mut root = BigNum::new().unwrap();
    for bit in (0..=n.num_bits() / 3 + 1).rev() {
        root.set_bit(bit).unwrap();
        let (mut square, mut cube) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        square.checked_mul(&root, &root, &mut context).unwrap();
        cube.checked_mul(&square, &root, &mut context).unwrap();
        if cube > *n {
            root.clear_bit(bit).unwrap();
        }
    }
    root
}

/// Proves AV-SEC-32 for RSA: with exponent 3, a cube that begins like a padded digest and ends in
/// garbage is made without the private key. A verifier that does not look at the end accepts it.
#[test]
fn av_sec_32_rsa_padding_forgery_with_exponent_three_is_refused() {
    let three = BigNum::from_u32(3).unwrap();
    let rsa = Rsa::generate_with_e(2048, &three).unwrap();
    let key = PublicKey::from_rsa_numbers(&rsa.n().to_vec(), &rsa.e().to_vec()).unwrap();
    let policy = AlgorithmPolicy::default();
    let check = |value: &[u8]| {
        verify_octets(
            b"query",
            RSA_SHA256,
            value,
            std::slice::from_ref(&key),
            &policy,
        )
    };
    let private = PKey::from_rsa(rsa).unwrap();
    let mut signer =
        openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &private).unwrap();
    let good = signer.sign_oneshot_to_vec(b"query").unwrap();
    check(&good).unwrap();

    // DigestInfo of SHA-256, from RFC 8017 §9.2.
    let info = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    let prefix = [
        &[0, 1][..],
        &[0xFF; 8],
        &[0],
        &info,
        &openssl::sha::sha256(b"query"),
    ]
    .concat();
    let mut block = prefix.clone();
    block.resize(256, 0xFF);
    let forged = cube_root(&BigNum::from_slice(&block).unwrap());
    let mut context = BigNumContext::new().unwrap();
    let (mut square, mut cube) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    square.checked_mul(&forged, &forged, &mut context).unwrap();
    cube.checked_mul(&square, &forged, &mut context).unwrap();
    let cube = cube.to_vec_padded(256).unwrap();
    assert!(
        cube.starts_with(&prefix),
        "the forgery would fool a lenient verifier"
    );
    assert_eq!(
        check(&forged.to_vec_padded(256).unwrap()),
        Err(VerifyError::OtherKey)
    );

    for at in 0..256 {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        assert_eq!(check(&flipped), Err(VerifyError::OtherKey), "{at}");
    }
}

/// Proves AV-ALG-12: a nonce that repeats gives the key away; r is the nonce's image.
#[test]
fn av_alg_12_ecdsa_nonces_do_not_repeat() {
    for key in ["idp-p256", "idp-p384"] {
        let signer = dev_signer(key);
        let mut seen = std::collections::HashSet::new();
        for n in 0..200_u8 {
            let octets = [n % 2];
            let value = sign_octets(&octets, &signer).unwrap();
            assert!(seen.insert(value[..value.len() / 2].to_vec()), "{key}");
        }
    }
}
