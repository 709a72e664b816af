//! `autolabel certificate [FOLDER]`.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{Output, percent};
use crate::project::open_for_reading;
use anyhow::Context;
use autolabel_workflow::{
    QualityError, SignedCertificate, VerifiedCertificate, key_fingerprint, verify_certificate,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Arguments of `certificate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder of the images, or the project folder itself; not needed to verify a file.
    #[arg(required_unless_present = "verify")]
    folder: Option<PathBuf>,

    /// Project folder, where it is not FOLDER/.autolabel.
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,

    /// Also write the page to print.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Check that this certificate is as its signer wrote it; exit code 1 if it is not.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folder", "html", "project"])]
    verify: Option<PathBuf>,
}

/// Prints the certificate, or verifies one.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    if let Some(file) = &arguments.verify {
        return verify(file, output);
    }
    let located = ProjectArguments {
        folder: arguments.folder.context("name the folder of the images")?,
        project: arguments.project,
    };
    let project = open_for_reading(&located).await?;
    let signed = project
        .certificate()
        .await?
        .context("there is no certificate yet; auto-label the rest and finish the audit first")?;
    if let Some(file) = &arguments.html {
        let page = project.certificate_html().await?.unwrap_or_default();
        fs_err::write(file, page)?;
    }
    output.result(&signed, summary)?;
    Ok(Outcome::Done)
}

fn summary(signed: &SignedCertificate) -> String {
    let certificate = &signed.certificate;
    let audit = &certificate.audit;
    format!(
        "{}\n{}\n{} of {} images labeled by the program; audit: {} checked, {} wrong, accuracy at least {} \
         ({} confidence)\nissued {} (--json prints the signed certificate)",
        certificate.project,
        certificate.statement,
        certificate.counts.auto_labels,
        certificate.counts.images,
        audit.audited,
        audit.wrong,
        percent(audit.accuracy_lower_bound),
        percent(audit.confidence),
        certificate.issued_at,
    )
}

/// What `--verify --json` prints.
#[derive(Serialize)]
struct Verification {
    intact: bool,
    /// Why not, where it is not.
    problem: Option<String>,
    /// Fingerprint of the signer's key, to compare with the issuer's.
    signer: Option<String>,
    statement: Option<String>,
}

fn verify(file: &Path, output: Output) -> anyhow::Result<Outcome> {
    let json = fs_err::read_to_string(file)?;
    let verification = match verify_certificate(&json, None) {
        Ok(verified) => intact(&verified),
        Err(error @ QualityError::SignatureInvalid) => Verification {
            intact: false,
            problem: Some(error.to_string()),
            signer: None,
            statement: None,
        },
        Err(error) => return Err(error).context(format!("{}", file.display())),
    };
    output.result(&verification, verification_text)?;
    Ok(Outcome::from_answer(verification.intact))
}

fn intact(verified: &VerifiedCertificate) -> Verification {
    Verification {
        intact: true,
        problem: None,
        signer: Some(key_fingerprint(&verified.public_key)),
        statement: Some(verified.certificate.statement.clone()),
    }
}

fn verification_text(verification: &Verification) -> String {
    match (&verification.signer, &verification.statement) {
        (Some(signer), Some(statement)) => format!(
            "The certificate is as its signer wrote it.\n{statement}\nsigner {signer}: compare this with the issuer's"
        ),
        _ => format!(
            "The certificate does not verify: {}",
            verification.problem.as_deref().unwrap_or("unknown reason")
        ),
    }
}
