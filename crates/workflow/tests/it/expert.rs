//! An expert who knows the truth from the file name.

use crate::folder::CLASSES;
use autolabel_annotation::{Answer, ClassId};
use autolabel_workflow::view::{
    AnswerReceipt, AnswerRequest, AuditAnswerRequest, AuditView, ImageView, QueueItem,
};
use autolabel_workflow::{Project, WorkflowError};

/// The class of an image.
pub fn truth(image: &ImageView) -> ClassId {
    let position = CLASSES.iter().position(|class| image.file.contains(class));
    ClassId(u16::try_from(position.unwrap()).unwrap())
}

/// Answers one item by the truth.
pub async fn answer(project: &Project, item: &QueueItem, key: &str) -> AnswerReceipt {
    let request = AnswerRequest {
        image: item.image.id,
        answer: Answer::Class {
            class: truth(&item.image),
        },
        seconds: 3.0,
        idempotency_key: key.to_owned(),
        reader: None,
    };
    project.answer(request).await.unwrap()
}

/// Says something of an image, whatever the truth; the same twice is one answer.
pub async fn say(
    project: &Project,
    image: &ImageView,
    answer: Answer,
) -> Result<AnswerReceipt, WorkflowError> {
    let request = AnswerRequest {
        image: image.id,
        answer,
        seconds: 3.0,
        idempotency_key: format!("{:?} {answer:?}", image.id),
        reader: None,
    };
    project.answer(request).await
}

/// Checks the label that is in question, asked blindly, by this answer.
pub async fn check(project: &Project, view: &AuditView, answer: Answer) -> AuditView {
    let image = &view.next.as_ref().unwrap().image;
    assert_eq!(image.prediction, None, "auditors are asked blindly");
    let request = AuditAnswerRequest {
        image: image.id,
        answer,
        seconds: 2.0,
        idempotency_key: format!("audit {} {:?}", view.attempt, image.id),
        reader: None,
    };
    project.audit_answer(request).await.unwrap()
}

/// Answers the next images and waits for training after each: the same course every time.
pub async fn label_calmly(project: &Project, count: usize) {
    for _ in 0..count {
        assert_eq!(label(project, 1).await, 1);
        project.idle().await;
    }
}

/// Answers the next images of the queue; fewer where it runs dry.
pub async fn label(project: &Project, count: usize) -> usize {
    for done in 0..count {
        let queue = project.queue("local", 1).await.unwrap();
        let Some(item) = queue.items.first() else {
            return done;
        };
        answer(project, item, &format!("{:?}", item.image.id)).await;
    }
    count
}
