//! The certificate: issued when an audit certifies its target, signed with the project's own key.

use crate::WorkflowError;
use crate::audit::AuditState;
use crate::project::live::{AutoRun, Live, class_names, counts};
use crate::project::{ALPHA, PROGRAM, Project, hexadecimal, labels_by_hand, now, now_ms, spent};
use crate::shape_audit::of_shapes;
use crate::view::Effort;
use autolabel_annotation::LabelSchema;
use autolabel_quality::{
    CertificateCounts, CertificateEffort, CertificateFacts, NamedSeed, SignedCertificate,
    certificate_page, issue_certificate, sign_certificate,
};
use autolabel_store::Event;
use std::io::Write;
use std::path::Path;

impl Project {
    /// The certificate; `None` until an audit has certified the present auto-labels.
    ///
    /// # Errors
    /// None today.
    pub async fn certificate(&self) -> Result<Option<SignedCertificate>, WorkflowError> {
        Ok(self.live().certificate.clone())
    }

    /// The certificate as a page to print.
    ///
    /// # Errors
    /// None today.
    pub async fn certificate_html(&self) -> Result<Option<String>, WorkflowError> {
        Ok(self.live().certificate.as_ref().map(certificate_page))
    }
}

/// Issues, signs and writes down the certificate of the audit that has just certified. The caller
/// holds `writing`.
pub(crate) async fn issue(project: &Project) -> Result<(), WorkflowError> {
    let key = signing_key(&project.inner().store.folder().signing_key())?;
    let said = match drawn_audit(project) {
        Some((audit, schema)) => Some(of_shapes(project, &audit, &schema).await?),
        None => None,
    };
    let signed = {
        let live = project.live();
        let (Some(audit), Some(run)) = (&live.audit, &live.run) else {
            return Ok(());
        };
        let mut facts = facts(project, &live, audit, run)?;
        if let Some(said) = said {
            facts.shapes = Some(said.rows);
            facts.margins = said.margins;
        }
        let certificate = issue_certificate(&facts)?;
        sign_certificate(&certificate, &key)?
    };
    let certificate = serde_json::to_value(&signed).map_err(WorkflowError::Json)?;
    let event = Event::Certificate { certificate };
    project.append(&[now(PROGRAM, event, None)]).await?;
    project.live_mut().certificate = Some(signed);
    Ok(())
}

/// The audit and what is drawn, where labels are drawn.
fn drawn_audit(project: &Project) -> Option<(AuditState, LabelSchema)> {
    let live = project.live();
    let schema = &live.settings.schema;
    let audit = live.audit.as_ref().filter(|_| schema.task.is_drawn())?;
    Some((audit.clone(), schema.clone()))
}

fn facts<'a>(
    project: &Project,
    live: &Live,
    audit: &'a AuditState,
    run: &AutoRun,
) -> Result<CertificateFacts<'a>, WorkflowError> {
    let counts = counts(live);
    let schema = &live.settings.schema;
    let model = live
        .models
        .iter()
        .find(|model| model.view.version == run.model);
    let seed = |purpose: &str, seed: u64| NamedSeed {
        purpose: purpose.to_owned(),
        seed: seed.to_string(),
    };
    Ok(CertificateFacts {
        project: live.settings.name.clone(),
        issued_at: rfc3339(now_ms()),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        task: schema.task,
        classes: class_names(live),
        counts: CertificateCounts {
            images: counts.images,
            expert_labels: counts.labeled,
            auto_labels: counts.auto_labeled,
            returned: counts.unlabeled,
            unreadable: counts.unreadable,
        },
        audit: &audit.audit,
        alpha: ALPHA,
        attempt: audit.attempt,
        class_audits: autolabel_quality::class_audits(
            schema.classes.len(),
            audit.frozen.iter().map(|proposal| proposal.label),
            audit
                .checks
                .iter()
                .map(|check| (check.proposal.label, check.said)),
        ),
        grades: audit.grades(schema)?,
        shapes: None,
        margins: None,
        seeds: vec![
            seed("selection", project.inner().seed),
            seed("audit", audit.seed),
        ],
        auto_label_hash: audit.list_hash.clone(),
        model_hash: model.map_or_else(String::new, |m| m.view.hash.clone()),
        backbone: live
            .backbone
            .as_ref()
            .map_or_else(String::new, |b| b.id.clone()),
        currency: live.settings.currency.clone(),
        spent: certificate_effort(spent(live)),
        by_hand: certificate_effort(labels_by_hand(live, counts.images)),
    })
}

fn certificate_effort(effort: Effort) -> CertificateEffort {
    CertificateEffort {
        hours: effort.hours,
        money: effort.money,
    }
}

/// The project's secret key; made when it is first needed, readable by its owner only.
fn signing_key(path: &Path) -> Result<[u8; 32], WorkflowError> {
    if path.exists() {
        let text = fs_err::read_to_string(path).map_err(WorkflowError::Io)?;
        return parse_key(text.trim()).ok_or_else(|| WorkflowError::Setting {
            name: "the signing key of the project",
            problem: "it is not 64 hexadecimal digits; put back a copy, or remove the file signing.key to sign with a new key".to_owned(),
        });
    }
    let key: [u8; 32] = rand::random();
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use fs_err::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let write = |mut file: fs_err::File| {
        file.write_all(hexadecimal(&key).as_bytes())?;
        file.sync_all()
    };
    options
        .open(path)
        .and_then(write)
        .map_err(WorkflowError::Io)?;
    Ok(key)
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(key)
}

/// A time as RFC 3339 in UTC, to the second. Days to date after Howard Hinnant, "chrono-compatible
/// low-level date algorithms" (2013): years begin in March, so that the leap day comes last.
fn rfc3339(at_ms: i64) -> String {
    let seconds = at_ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_798_761_599_999), "2026-12-31T23:59:59Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        let key = signing_key(&path).unwrap();
        assert_eq!(signing_key(&path).unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs_err::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs_err::write(&path, "spoiled").unwrap();
        assert!(signing_key(&path).is_err());
    }
}
