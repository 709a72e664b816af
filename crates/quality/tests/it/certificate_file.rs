//! The file that is handed out, byte for byte: an issued certificate must verify for ever.
//!
//! `python3 tests/golden/verify_certificate.py tests/golden/certificate.json` verifies it without
//! this program.

use autolabel_annotation::Task;
use autolabel_quality::{
    Audit, AuditTarget, CertificateCounts, CertificateEffort, CertificateFacts, ClassAudit,
    NamedSeed, SignedCertificate, attempt_alpha, auto_label_list_hash, certificate_json,
    certificate_page, issue_certificate, sign_certificate, verify_certificate,
};

fn signed() -> SignedCertificate {
    let target = AuditTarget {
        population: 6_213,
        target_error: 0.05,
        alpha: attempt_alpha(0.05, 1),
    };
    let audit = Audit::replay(target, (0..160).map(|number| number == 20)).unwrap();
    let counts = [(4_100, 106, 0), (1_900, 50, 1), (213, 4, 0)];
    let certificate = issue_certificate(&CertificateFacts {
        project: "Thorax – Röntgen 2026".into(),
        issued_at: "2026-11-23T12:00:00Z".into(),
        program_version: "0.1.0".into(),
        task: Task::Classification,
        classes: ["normal", "pneumonia", "COVID-19"]
            .map(String::from)
            .to_vec(),
        counts: CertificateCounts {
            images: 9_000,
            expert_labels: 700,
            auto_labels: 6_053,
            returned: 2_240,
            unreadable: 7,
        },
        audit: &audit,
        alpha: 0.05,
        attempt: 1,
        class_audits: counts
            .map(|(auto_labels, audited, wrong)| ClassAudit {
                auto_labels,
                audited,
                wrong,
                missed: 0,
            })
            .to_vec(),
        grades: None,
        shapes: None,
        margins: None,
        seeds: vec![NamedSeed {
            purpose: "audit".into(),
            seed: "11400714819323198485".into(),
        }],
        auto_label_hash: auto_label_list_hash([("images/a.png", "normal")]),
        model_hash: blake3::hash(b"model").to_hex().to_string(),
        backbone: "efficientnet-lite0".into(),
        currency: "EUR".into(),
        spent: CertificateEffort {
            hours: 1.32,
            money: 158.4,
        },
        by_hand: CertificateEffort {
            hours: 15.0,
            money: 1_800.0,
        },
    })
    .unwrap();
    sign_certificate(&certificate, &[7; 32]).unwrap()
}

#[test]
fn the_file_is_as_issued_and_verifies() {
    let json = certificate_json(&signed()).unwrap();
    if let Some(path) = std::env::var_os("AUTOLABEL_WRITE_GOLDEN") {
        let folder = std::path::Path::new(&path);
        std::fs::write(folder.join("certificate.json"), &json).unwrap();
        std::fs::write(folder.join("certificate.html"), certificate_page(&signed())).unwrap();
    }
    assert_eq!(json, include_str!("../golden/certificate.json"));
    assert!(verify_certificate(&json, None).is_ok());
}

#[test]
fn the_page_is_as_issued() {
    assert_eq!(
        certificate_page(&signed()),
        include_str!("../golden/certificate.html")
    );
}
