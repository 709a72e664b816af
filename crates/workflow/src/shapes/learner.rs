//! Labeled images in, a trained dense network out.

use autolabel_annotation::{Drawing, Task};
use autolabel_models::default_network;
use autolabel_training::{
    DenseConfig, DenseExample, DenseMaps, DenseState, DenseTarget, DenseTask, DenseView, Tail,
    train_dense,
};
use rayon::prelude::*;

use super::pictures::{Maps, Pictures, View};
use crate::WorkflowError;

/// An image with what an expert drew on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawn<'a> {
    /// Its row.
    pub(crate) row: u32,
    /// In the form of the task.
    pub(crate) drawing: &'a Drawing,
}

/// Trains on labeled images: from the network `before`, where there is one, for `steps` steps. Images that
/// cannot be read are left out; `go_on` hears the steps taken and may end the training early.
///
/// Same images, seed and network before: the same network.
///
/// # Errors
/// No image can be read, or the training diverges.
pub(crate) fn learn(
    pictures: &Pictures,
    task: DenseTask,
    drawn: &[Drawn<'_>],
    before: Option<&DenseState>,
    steps: usize,
    seed: u64,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<DenseState, WorkflowError> {
    let views = pictures.recipe.views;
    let wanted: Vec<(u32, View)> = drawn
        .iter()
        .flat_map(|image| (0..views).map(|number| (image.row, View::Augmented(number))))
        .collect();
    let maps = pictures.maps(&wanted)?;
    let targets: Vec<Vec<DenseTarget>> = drawn
        .par_iter()
        .map(|image| targets(pictures, task, *image))
        .collect::<Result<_, _>>()?;
    let mut examples = Vec::with_capacity(drawn.len());
    for ((image, maps), targets) in drawn.iter().zip(maps.chunks(views.into())).zip(targets) {
        let (height, width) = pictures.input(image.row, View::Augmented(0));
        let known: Option<Vec<&Maps>> = maps.iter().map(Option::as_ref).collect();
        let Some(known) = known else {
            continue;
        };
        let views = known.into_iter().zip(targets).map(|(maps, target)| {
            let maps = DenseMaps::new(height, width, maps)?;
            Ok(DenseView { maps, target })
        });
        let views: Result<_, WorkflowError> = views.collect();
        examples.push(DenseExample { views: views? });
    }
    let config = DenseConfig {
        steps,
        batch: pictures.recipe.batch,
        seed,
        ..DenseConfig::default()
    };
    let start = match before {
        Some(before) => before.warm(),
        None => DenseState::start(&Tail::read(default_network())?, task, seed),
    };
    Ok(train_dense(&examples, &config, start, &mut |state, _| {
        go_on(state.step)
    })?)
}

/// What a network answers for a task with so many classes of shapes; `None` for a task without shapes.
pub(crate) fn dense_task(task: Task, class_count: usize) -> Option<DenseTask> {
    match task {
        Task::Detection => Some(DenseTask::Boxes {
            classes: class_count,
        }),
        Task::SemanticSegmentation => Some(DenseTask::Classes {
            classes: class_count + 1,
        }),
        Task::InstanceSegmentation => Some(DenseTask::Instances {
            classes: class_count,
        }),
        Task::Classification | Task::Findings | Task::Grades => None,
    }
}

/// What the network should answer for each augmented view of an image.
fn targets(
    pictures: &Pictures,
    task: DenseTask,
    image: Drawn<'_>,
) -> Result<Vec<DenseTarget>, WorkflowError> {
    let size = pictures.size(image.row);
    (0..pictures.recipe.views)
        .map(|number| {
            let look = pictures.look(image.row, View::Augmented(number));
            Ok(task.target(image.drawing, size, &look)?)
        })
        .collect()
}
