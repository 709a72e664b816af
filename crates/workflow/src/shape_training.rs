//! A round on shapes in the background: drawings → a network → proposals for the other images, how well
//! they are expected to fit, a point of the curve, the next batch.

use crate::WorkflowError;
use crate::auto_label::{Judged, choice};
use crate::forecast::Forecast;
use crate::jobs::JobHandle;
use crate::model_view::reliability;
use crate::project::live::{StoredModel, is_open, version};
use crate::project::{Project, now_ms, path_of};
use crate::round::PickWithReason;
use crate::shape_model::{Said, ShapeModel, TestedImage, doubt_in_words};
use crate::shapes::choosing::WITH_PROPOSALS;
use crate::shapes::learner::{Drawn, dense_task, learn};
use crate::shapes::pictures::Pictures;
use crate::shapes::proposing::{Asked, propose, usual_counts};
use crate::shapes::recipe::Recipe;
use crate::snapshot::Snapshot;
use crate::training::{Present, Trained, advice, take_over};
use crate::view::{ClassRow, CurvePoint, ModelView, PickReason};
use autolabel_annotation::{Answer, ClassId, Drawing, DrawingId, ImageId, ImageSize, LabelOrigin};
use autolabel_models::load_frozen_stages;
use autolabel_selection::{Pick, RoundRecord};
use autolabel_training::DenseTask;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// Drawn images from which a network is worth training.
const FEWEST: usize = 4;
/// Most images of a round that proposals are made for.
const MOST_PROPOSED: usize = 2_000;

/// An image with its drawing.
struct DrawnImage {
    row: u32,
    origin: LabelOrigin,
    drawing: Drawing,
}

/// One round; the message says what came of it.
///
/// # Errors
/// An image or a drawing cannot be read, the network cannot run, a full disk.
pub(crate) fn train(project: &Project, job: &mut JobHandle) -> Result<String, WorkflowError> {
    let _fitting = job.wait(project.inner().refitting.lock());
    let started = Instant::now();
    let snapshot = job.wait(async {
        let _writing = project.inner().writing.lock().await;
        let sequence = project.inner().store.last_sequence().await?;
        Ok::<Snapshot, WorkflowError>(project.snapshot(sequence))
    })?;
    if snapshot.labels.is_empty() {
        return Ok("No images to choose from yet.".to_owned());
    }
    let drawn = drawn_images(project, job, &snapshot)?;
    let dense = dense_task(snapshot.task, snapshot.class_names.len());
    let Some(dense) = dense.filter(|_| drawn.len() >= FEWEST) else {
        let outcome = snapshot.run(project)?;
        return job.wait(take_over(project, &snapshot, outcome.batch, None));
    };
    let pictures = project.pictures(job)?;
    let before = job.wait(project.shape_model())?;
    let learnt = learnt(
        project,
        job,
        (&snapshot, dense, &drawn),
        &pictures,
        before.as_deref(),
    )?;
    let Some(model) = learnt else {
        // The job says itself that it was stopped.
        return Ok(String::new());
    };
    let batch = next(project, &snapshot, &model)?;
    let trained = Trained {
        stored: stored(
            project,
            &snapshot,
            (&model, &drawn),
            before.as_deref(),
            started,
        )?,
        present: Present::Shapes(Arc::new(model)),
    };
    job.wait(take_over(project, &snapshot, batch, Some(trained)))
}

/// The images that were drawn, by row.
fn drawn_images(
    project: &Project,
    job: &JobHandle,
    snapshot: &Snapshot,
) -> Result<Vec<DrawnImage>, WorkflowError> {
    let answered: Vec<(u32, LabelOrigin, DrawingId)> = (0_u32..)
        .zip(snapshot.labels.iter().zip(&snapshot.excluded))
        .filter(|(_, (_, excluded))| !**excluded)
        .filter_map(|(row, (label, _))| match label.as_ref()?.answer {
            Answer::Drawn { drawing } => Some((row, label.as_ref()?.origin, drawing)),
            _ => None,
        })
        .collect();
    let ids: Vec<DrawingId> = answered.iter().map(|(_, _, id)| *id).collect();
    let drawings = job.wait(project.inner().store.drawings(&ids))?;
    Ok(answered
        .into_iter()
        .filter_map(|(row, origin, id)| {
            Some(DrawnImage {
                row,
                origin,
                drawing: drawings.get(&id)?.clone(),
            })
        })
        .collect())
}

/// Tests the proposals before, learns, and proposes anew; `None` where the job is to end.
fn learnt(
    project: &Project,
    job: &mut JobHandle,
    (snapshot, dense, drawn): (&Snapshot, DenseTask, &[DrawnImage]),
    pictures: &Pictures,
    before: Option<&ShapeModel>,
) -> Result<Option<ShapeModel>, WorkflowError> {
    let task = snapshot.task;
    let mut tested = before.map_or_else(Vec::new, |before| before.said.tested.clone());
    for image in drawn {
        let known = tested.iter().any(|test| test.row == image.row);
        let proposal = before.and_then(|before| before.said.proposals.get(&image.row));
        if let Some(proposal) = proposal.filter(|_| !known) {
            tested.push(TestedImage {
                row: image.row,
                origin: image.origin,
                tested: proposal.tested(task, &image.drawing)?,
            });
        }
    }
    let examples: Vec<Drawn<'_>> = drawn
        .iter()
        .map(|image| Drawn {
            row: image.row,
            drawing: &image.drawing,
        })
        .collect();
    let network = before
        .map(|before| &before.network)
        .filter(|network| network.task() == dense);
    let steps = match network {
        Some(_) => pictures.recipe.round_steps,
        None => pictures.recipe.first_steps,
    };
    let seed = snapshot.seed.wrapping_add(u64::from(snapshot.round) << 32);
    let state = learn(
        pictures,
        dense,
        &examples,
        network,
        steps,
        seed,
        &mut |step| {
            job.progress("Learning to draw", step as u64, steps as u64);
            !job.is_cancelled()
        },
    )?;
    if state.step < steps {
        return Ok(None);
    }
    let open: Vec<u32> = {
        let live = project.live();
        let rows = (0_u32..).take(snapshot.labels.len());
        rows.filter(|row| is_open(&live, *row)).collect()
    };
    let asked = sample(&open, snapshot.seed);
    let classes = snapshot.class_names.len();
    let kind = Asked {
        task,
        usual_counts: &usual_counts(drawn.iter().map(|image| &image.drawing), classes),
    };
    let proposals = propose(pictures, kind, &state, &asked, &mut |done| {
        job.progress(
            "Drawing on the other images",
            done as u64,
            asked.len() as u64,
        );
        !job.is_cancelled()
    })?;
    if job.is_cancelled() {
        return Ok(None);
    }
    let said = Said {
        learnt_from: u32::try_from(drawn.len()).unwrap_or(u32::MAX),
        proposals: proposals.into_iter().map(|p| (p.row, p)).collect(),
        tested,
    };
    Ok(Some(ShapeModel::new(task, state, said)))
}

/// A uniform sample of a large pool, the same in every round as far as its images are open.
fn sample(open: &[u32], seed: u64) -> Vec<u32> {
    if open.len() <= MOST_PROPOSED {
        return open.to_vec();
    }
    let key = |row: u32| {
        let mut hash = blake3::Hasher::new();
        hash.update(&seed.to_le_bytes());
        hash.update(&row.to_le_bytes());
        *hash.finalize().as_bytes()
    };
    let mut rows = open.to_vec();
    rows.sort_by_cached_key(|row| key(*row));
    rows.truncate(MOST_PROPOSED);
    rows.sort_unstable();
    rows
}

/// The next batch, with reasons.
fn next(
    project: &Project,
    snapshot: &Snapshot,
    model: &ShapeModel,
) -> Result<Vec<PickWithReason>, WorkflowError> {
    let rows: Vec<u32> = model.said.proposals.keys().copied().collect();
    let fits: Vec<f64> = rows
        .iter()
        .map(|row| model.expected_fit(*row).unwrap_or(1.0))
        .collect();
    let picks = snapshot.rank_shapes(project, (&rows, &fits), WITH_PROPOSALS)?;
    Ok(picks.iter().map(|pick| with_reason(pick, model)).collect())
}

fn with_reason(pick: &Pick, model: &ShapeModel) -> PickWithReason {
    let text = match (pick.origin, model.expected_fit(pick.row)) {
        (LabelOrigin::Random, _) => {
            "Drawn at random, to measure honestly how good the model is.".to_owned()
        }
        (_, Some(fit)) => doubt_in_words(fit),
        (_, None) => "Typical of a group of similar images nobody has labeled yet.".to_owned(),
    };
    PickWithReason {
        image: ImageId(pick.row),
        reason: PickReason {
            origin: pick.origin,
            strategy: pick.strategy.to_owned(),
            score: pick.score,
            text,
        },
    }
}

/// What is kept of the model: its point of the curve, its advice, its description.
fn stored(
    project: &Project,
    snapshot: &Snapshot,
    (model, drawn): (&ShapeModel, &[DrawnImage]),
    before: Option<&ShapeModel>,
    started: Instant,
) -> Result<StoredModel, WorkflowError> {
    let live = project.live();
    let threshold = snapshot.config.threshold;
    let random = model.random_part();
    let sure: Vec<f32> = model
        .open(&live)
        .map(|proposal| model.chance(proposal))
        .collect();
    let open = (0_u32..)
        .take(live.index.len())
        .filter(|row| is_open(&live, *row))
        .count();
    let share = autolabel_quality::auto_labelable(&sure, &random, &threshold)?;
    let forecast = Forecast::new(sure, &threshold, snapshot.config.stop.batch_size);
    let spared = forecast.spared(open, 1.0)?;
    let mut record = RoundRecord {
        labels: drawn.len(),
        rest: open,
        spared: spared as usize,
        doubt: Some(forecast.doubt()),
        next_gain: None,
        kappa: before.and_then(|before| steadiness(before, model)),
    };
    let mut history = snapshot.history.clone();
    history.push(record);
    record.next_gain = forecast.next_gain(spared, &history)?;
    if let Some(last) = history.last_mut() {
        *last = record;
    }
    let stop = autolabel_selection::should_stop(&history, &snapshot.config.stop);
    let accuracy = autolabel_quality::rest_accuracy(&random);
    let accepted = (share.share * open as f64).round() as u64;
    let point = CurvePoint {
        labels: u32::try_from(drawn.len()).unwrap_or(u32::MAX),
        accuracy: accuracy.map(|a| a.value),
        low: accuracy.map(|a| a.low),
        high: accuracy.map(|a| a.high),
        random_labels: u32::try_from(random.len()).unwrap_or(u32::MAX),
        auto_share: accepted as f64 / live.index.len().max(1) as f64,
        kappa: record.kappa,
        round_seconds: started.elapsed().as_secs_f64(),
    };
    let judged = Judged::of_shapes(&live, model);
    let (reliability, calibration_error) = reliability(&random)?;
    let view = ModelView {
        version: version(&live) + 1,
        trained_at_ms: now_ms(),
        labels: point.labels,
        head: "Dense network: stages 5 to 7 of EfficientNet-Lite0 and a decoder, trained on the drawings"
            .to_owned(),
        hash: blake3::hash(&model.network.to_bytes(false)).to_hex().to_string(),
        point,
        temperature: 1.0,
        classes: class_rows(snapshot.class_names.len(), drawn, model),
        calibration_error,
        reliability,
    };
    Ok(StoredModel {
        view,
        advice: advice(&stop, accepted),
        record,
        sequence: snapshot.sequence,
        images: snapshot.labels.len(),
        gp: snapshot.config.gp.clone(),
        representation: None,
        network: live.backbone.as_ref().map(|facts| facts.id.clone()),
        expected_audit: choice(&judged, &threshold)?.expected_audit,
    })
}

/// How little the expected fits have moved since the network before: 1 = not at all.
fn steadiness(before: &ShapeModel, now: &ShapeModel) -> Option<f64> {
    let rows = now.said.proposals.keys();
    let moved: Vec<f64> = rows
        .filter_map(|row| Some((before.expected_fit(*row)? - now.expected_fit(*row)?).abs()))
        .collect();
    (!moved.is_empty()).then(|| 1.0 - moved.iter().sum::<f64>() / moved.len() as f64)
}

/// Of each class: images drawn with it, and those that the network proposes it for.
fn class_rows(classes: usize, drawn: &[DrawnImage], model: &ShapeModel) -> Vec<ClassRow> {
    let classes = (0..classes).filter_map(|class| u16::try_from(class).ok().map(ClassId));
    classes
        .map(|class| {
            let has = |drawing: &Drawing| drawing.classes().contains(&class);
            let with = drawn.iter().filter(|image| has(&image.drawing));
            let random = |image: &&DrawnImage| image.origin == LabelOrigin::Random;
            let proposed = model.said.proposals.values();
            ClassRow {
                class,
                labels: with.clone().count() as u64,
                random_labels: with.filter(random).count() as u64,
                sensitivity: None,
                precision: None,
                predicted: proposed.filter(|p| has(&p.drawing)).count() as u64,
            }
        })
        .collect()
}

impl Project {
    /// The images as the dense network sees them, kept from round to round.
    pub(crate) fn pictures(&self, job: &JobHandle) -> Result<Arc<Pictures>, WorkflowError> {
        let inner = self.inner();
        let (images, task) = {
            let live = self.live();
            (live.index.len(), live.settings.schema.task)
        };
        let kept = || {
            inner
                .pictures
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(pictures) = kept().as_ref().filter(|kept| kept.len() == images) {
            return Ok(Arc::clone(pictures));
        }
        let ids: Vec<ImageId> = (0..images).filter_map(ImageId::from_row).collect();
        let records = job.wait(inner.store.images(&ids))?;
        let files: Vec<PathBuf> = records
            .iter()
            .map(|record| path_of(&inner.images, record))
            .collect();
        let sizes: Vec<ImageSize> = records
            .iter()
            .map(|record| Ok(ImageSize::new(record.width, record.height)?))
            .collect::<Result<_, WorkflowError>>()?;
        let pictures = Arc::new(Pictures::new(
            Recipe::of(task, &sizes),
            load_frozen_stages(inner.engine, 0)?,
            files,
            sizes,
            inner.seed,
        ));
        *kept() = Some(Arc::clone(&pictures));
        Ok(pictures)
    }
}
