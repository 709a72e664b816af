//! `autolabel audit FOLDER`.

use crate::arguments::ProjectArguments;
use crate::images::{ImageNames, answer_named, new_key};
use crate::outcome::{Outcome, interruptible};
use crate::output::Output;
use crate::project::{open_for_reading, open_for_writing};
use autolabel_annotation::LabelSchema;
use autolabel_workflow::Project;
use autolabel_workflow::view::{AuditAnswerRequest, AuditVerdict, AuditView};

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,

    /// Say what the image to check now shows; `unreadable` where that cannot be said.
    #[arg(long, num_args = 2, value_names = ["IMAGE", "CLASS"])]
    answer: Option<Vec<String>>,

    /// Seconds the check took; without it the project's assumption.
    #[arg(long, value_name = "SECONDS", requires = "answer")]
    seconds: Option<f64>,
}

/// Prints where the audit stands, after recording an answer where one is given.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    interruptible(async {
        let project = match &arguments.answer {
            Some(_) => open_for_writing(&arguments.project).await?,
            None => open_for_reading(&arguments.project).await?,
        };
        let view = match arguments.answer.as_deref() {
            Some([image, class]) => answer(&project, image, class, arguments.seconds).await?,
            _ => project.audit().await?,
        };
        let schema = project.view().await?.settings.schema;
        project.close().await?;
        output.result(&view, |view| text(view, &schema))?;
        Ok(Outcome::from_answer(view.verdict != AuditVerdict::Refuted))
    })
    .await
}

async fn answer(
    project: &Project,
    image: &str,
    class: &str,
    seconds: Option<f64>,
) -> anyhow::Result<AuditView> {
    let settings = project.view().await?.settings;
    let request = AuditAnswerRequest {
        image: ImageNames::of(project).await?.find(image)?,
        answer: answer_named(&settings.schema, class)?,
        seconds: seconds.unwrap_or(settings.cost.seconds_per_audit),
        idempotency_key: new_key(),
        reader: None,
    };
    Ok(project.audit_answer(request).await?)
}

fn text(view: &AuditView, schema: &LabelSchema) -> String {
    match &view.next {
        Some(next) => format!(
            "{}\nCheck now: {} (labeled {})",
            view.text,
            next.image.file,
            schema.in_words(next.label)
        ),
        None => view.text.clone(),
    }
}
