//! Signing and verifying certificates: Ed25519 (RFC 8032) over the canonical JSON of the certificate.

use crate::canonical_json::canonical_json;
use crate::certificate::Certificate;
use crate::error::QualityError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A certificate with its signature, as it is handed out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignedCertificate {
    /// What is certified.
    pub certificate: Certificate,
    /// Who says so.
    pub signature: CertificateSignature,
}

/// A signature over the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateSignature {
    /// `Ed25519`.
    pub algorithm: String,
    /// How the signed bytes are made from the `certificate` object: `RFC 8785`.
    pub canonicalization: String,
    /// Public key, 32 bytes in base64.
    pub public_key: String,
    /// Signature, 64 bytes in base64.
    pub value: String,
}

/// A certificate that is as its signer wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// The key that signed it.
    pub public_key: [u8; 32],
}

const ALGORITHM: &str = "Ed25519";
const CANONICALIZATION: &str = "RFC 8785";

/// Signs a certificate with a project's secret key.
///
/// # Errors
/// A number that JSON cannot hold.
pub fn sign_certificate(
    certificate: &Certificate,
    secret_key: &[u8; 32],
) -> Result<SignedCertificate, QualityError> {
    let value = serde_json::to_value(certificate).map_err(|error| unreadable(&error))?;
    let key = SigningKey::from_bytes(secret_key);
    let signature = key.sign(canonical_json(&value).as_bytes());
    Ok(SignedCertificate {
        certificate: certificate.clone(),
        signature: CertificateSignature {
            algorithm: ALGORITHM.to_owned(),
            canonicalization: CANONICALIZATION.to_owned(),
            public_key: BASE64.encode(key.verifying_key().to_bytes()),
            value: BASE64.encode(signature.to_bytes()),
        },
    })
}

/// The file that is handed out: indented JSON with a line feed at its end.
///
/// # Errors
/// A number that JSON cannot hold.
pub fn certificate_json(signed: &SignedCertificate) -> Result<String, QualityError> {
    let mut text = serde_json::to_string_pretty(signed).map_err(|error| unreadable(&error))?;
    text.push('\n');
    Ok(text)
}

/// Reads a certificate and checks that nothing in it was changed since it was signed; fields that
/// this version does not know are covered too.
///
/// The file carries its own public key, so without `expected_key` this proves only that it is
/// intact, not who issued it; compare [`key_fingerprint`] with the issuer's.
///
/// # Errors
/// Unreadable JSON, a signature that does not fit, or another key than `expected_key`.
pub fn verify_certificate(
    json: &str,
    expected_key: Option<&[u8; 32]>,
) -> Result<VerifiedCertificate, QualityError> {
    let value: Value = serde_json::from_str(json).map_err(|error| unreadable(&error))?;
    let signed: SignedCertificate =
        serde_json::from_str(json).map_err(|error| unreadable(&error))?;
    let claim = &signed.signature;
    if claim.algorithm != ALGORITHM || claim.canonicalization != CANONICALIZATION {
        return Err(QualityError::CertificateUnreadable {
            detail: format!(
                "it is signed by {} over {}, not by {ALGORITHM} over {CANONICALIZATION}",
                claim.algorithm, claim.canonicalization
            ),
        });
    }
    let public_key: [u8; 32] = decoded(&claim.public_key)?;
    let signature = Signature::from_bytes(&decoded(&claim.value)?);
    let key = VerifyingKey::from_bytes(&public_key).map_err(|_| QualityError::SignatureInvalid)?;
    let contents = value
        .get("certificate")
        .map(canonical_json)
        .unwrap_or_default();
    key.verify_strict(contents.as_bytes(), &signature)
        .map_err(|_| QualityError::SignatureInvalid)?;
    if let Some(expected) = expected_key.filter(|&expected| *expected != public_key) {
        return Err(QualityError::UnexpectedSigner {
            found: key_fingerprint(&public_key),
            expected: key_fingerprint(expected),
        });
    }
    Ok(VerifiedCertificate {
        certificate: signed.certificate,
        public_key,
    })
}

/// Eight bytes of the BLAKE3 hash of a public key, for people to compare: `1a2b 3c4d 5e6f 7081`.
#[must_use]
pub fn key_fingerprint(public_key: &[u8; 32]) -> String {
    blake3::hash(public_key).as_bytes()[..8]
        .chunks(2)
        .map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]))
        .collect::<Vec<_>>()
        .join(" ")
}

fn decoded<const LENGTH: usize>(text: &str) -> Result<[u8; LENGTH], QualityError> {
    let bytes = BASE64
        .decode(text)
        .map_err(|_| QualityError::SignatureInvalid)?;
    bytes.try_into().map_err(|_| QualityError::SignatureInvalid)
}

fn unreadable(error: &serde_json::Error) -> QualityError {
    QualityError::CertificateUnreadable {
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::issue_certificate;
    use crate::certificate::tests::{audit, facts};
    use proptest::prelude::*;

    const SECRET: [u8; 32] = [7; 32];

    fn signed() -> SignedCertificate {
        let audit = audit(6_213, &[false; 110]);
        sign_certificate(&issue_certificate(&facts(&audit)).unwrap(), &SECRET).unwrap()
    }

    #[test]
    fn a_certificate_verifies_however_it_is_formatted() {
        let signed = signed();
        let pretty = certificate_json(&signed).unwrap();
        let verified = verify_certificate(&pretty, None).unwrap();
        assert_eq!(verified.certificate, signed.certificate);
        let compact = serde_json::to_string(&signed).unwrap();
        let key = verified.public_key;
        assert_eq!(verify_certificate(&compact, Some(&key)).unwrap(), verified);
        assert_eq!(key_fingerprint(&key).len(), 19);
    }

    #[test]
    fn every_changed_number_or_word_is_seen() {
        let signed = signed();
        let original = serde_json::to_value(&signed).unwrap();
        let mut changes = 0;
        for pointer in leaves(&original["certificate"], "/certificate") {
            let mut changed = original.clone();
            let leaf = changed.pointer_mut(&pointer).unwrap();
            *leaf = match leaf.clone() {
                Value::Bool(value) => Value::Bool(!value),
                Value::Null => serde_json::json!(0.5),
                Value::Number(number) if number.is_u64() => {
                    serde_json::json!(number.as_u64().unwrap() + 1)
                }
                Value::Number(number) => serde_json::json!(number.as_f64().unwrap() + 1e-6),
                Value::String(text) if text == "certified" => serde_json::json!("refuted"),
                Value::String(text) if text == "classification" => continue,
                Value::String(text) => serde_json::json!(format!("{text} ")),
                other => other,
            };
            assert_eq!(
                verify_certificate(&changed.to_string(), None),
                Err(QualityError::SignatureInvalid),
                "{pointer}"
            );
            changes += 1;
        }
        assert!(changes > 40, "{changes}");
    }

    fn leaves(value: &Value, at: &str) -> Vec<String> {
        match value {
            Value::Object(fields) => fields
                .iter()
                .flat_map(|(key, value)| leaves(value, &format!("{at}/{key}")))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .flat_map(|(index, value)| leaves(value, &format!("{at}/{index}")))
                .collect(),
            _ => vec![at.to_owned()],
        }
    }

    #[test]
    fn an_added_field_is_seen_too() {
        let mut value = serde_json::to_value(signed()).unwrap();
        value["certificate"]["remark"] = serde_json::json!("approved");
        assert_eq!(
            verify_certificate(&value.to_string(), None),
            Err(QualityError::SignatureInvalid)
        );
    }

    #[test]
    fn another_signer_is_named() {
        let signed = signed();
        let forged = sign_certificate(&signed.certificate, &[8; 32]).unwrap();
        let json = certificate_json(&forged).unwrap();
        assert!(verify_certificate(&json, None).is_ok());
        let expected = SigningKey::from_bytes(&SECRET).verifying_key().to_bytes();
        assert!(matches!(
            verify_certificate(&json, Some(&expected)),
            Err(QualityError::UnexpectedSigner { .. })
        ));
    }

    #[test]
    fn rubbish_is_refused_in_words() {
        for json in ["", "{}", "[1]", "{\"certificate\":{}}"] {
            assert!(matches!(
                verify_certificate(json, None),
                Err(QualityError::CertificateUnreadable { .. })
            ));
        }
        let mut signed = signed();
        signed.signature.value = "AAAA".into();
        let json = certificate_json(&signed).unwrap();
        assert_eq!(
            verify_certificate(&json, None),
            Err(QualityError::SignatureInvalid)
        );
    }

    proptest! {
        /// Whatever the numbers, what was signed is what is read back.
        #[test]
        fn numbers_survive_the_file(hours in -1e9_f64..1e9, money in 0.0_f64..1e12, wrong in proptest::collection::vec(any::<bool>(), 0..60)) {
            let audit = audit(5_000, &wrong);
            let mut facts = facts(&audit);
            facts.by_hand.hours = hours;
            facts.spent.money = money;
            let signed = sign_certificate(&issue_certificate(&facts).unwrap(), &SECRET).unwrap();
            let json = certificate_json(&signed).unwrap();
            prop_assert_eq!(verify_certificate(&json, None).unwrap().certificate, signed.certificate);
        }
    }
}
