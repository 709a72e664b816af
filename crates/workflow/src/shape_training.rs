//! A round on shapes in the background: drawings → a network → proposals for the other images, how well
//! they are expected to fit, a point of the curve, the next batch.

use crate::WorkflowError;
use crate::auto_label::{Judged, choice, times_named};
use crate::forecast::Forecast;
use crate::jobs::JobHandle;
use crate::model_view::reliability;
use crate::project::live::{StoredModel, is_open, version};
use crate::project::{PROGRAM, Project, cut, now_ms};
use crate::round::PickWithReason;
use crate::shape_model::{Said, ShapeModel, TestedImage, doubt_in_words};
use crate::shapes::choosing::{FIRST_BATCH, costs};
use crate::shapes::learner::{Drawn, dense_task, learn};
use crate::shapes::pictures::Pictures;
use crate::shapes::proposal_file::ProposalFile;
use crate::shapes::proposing::{Asked, Bar, propose, usual_counts};
use crate::snapshot::Snapshot;
use crate::training::{Present, Trained, advice, take_over};
use crate::view::{ClassRow, CurvePoint, ModelView, PickReason};
use autolabel_annotation::{Answer, ClassId, Drawing, DrawingId, ImageId, LabelOrigin};
use autolabel_selection::{Pick, RoundRecord};
use autolabel_store::Event;
use autolabel_training::DenseTask;
use std::sync::Arc;
use std::time::Instant;

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
    let Some(dense) = dense.filter(|_| drawn.len() >= FIRST_BATCH) else {
        let outcome = snapshot.run(project)?;
        return job.wait(take_over(project, &snapshot, outcome.batch, None));
    };
    let pictures = job.wait(project.pictures())?;
    let before = job.wait(project.shape_model())?;
    let learnt = learnt(
        project,
        job,
        (&snapshot, dense, &drawn),
        &pictures,
        before.as_deref(),
    )?;
    let Some(learnt) = learnt else {
        // The job says itself that it was stopped.
        return Ok(String::new());
    };
    let batch = next(project, &snapshot, &learnt.model)?;
    let trained = Trained {
        stored: stored(
            project,
            &snapshot,
            (&learnt, &drawn),
            before.as_deref(),
            started,
        )?,
        present: Present::Shapes(learnt.model),
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
) -> Result<Option<Learnt>, WorkflowError> {
    let task = snapshot.task;
    let mut tested = before.map_or_else(Vec::new, |before| before.said.tested.clone());
    for image in drawn {
        let known = tested.iter().any(|test| test.row == image.row);
        let Some(before) = before.filter(|_| !known) else {
            continue;
        };
        if let Some(proposal) = before.proposals.read(image.row)? {
            let seconds = job.wait(seconds_of(project, image.row))?;
            tested.push(TestedImage {
                row: image.row,
                origin: image.origin,
                tested: proposal.tested(task, &image.drawing, seconds)?,
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
    let counts = usual_counts(drawn.iter().map(|image| &image.drawing), classes);
    let kind = Asked {
        task,
        bar: Bar::AsManyAs(&counts),
    };
    let proposed = propose(pictures, kind, &state, &asked, &mut |done| {
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
    let file = project.shape_files(version(&project.live()) + 1).proposals;
    let kept = ProposalFile::create(&file)?;
    kept.append(&asked, &proposed.proposals)?;
    let said = Said {
        learnt_from: u32::try_from(drawn.len()).unwrap_or(u32::MAX),
        least: proposed.least,
        tested,
    };
    let named = proposed.proposals.iter().flat_map(|p| p.drawing.classes());
    let with_class = times_named(named, classes);
    Ok(Some(Learnt {
        model: Arc::new(ShapeModel::new(task, state, said, Arc::new(kept))),
        with_class,
    }))
}

/// What a round learnt.
struct Learnt {
    model: Arc<ShapeModel>,
    /// Images for which a shape of each class is proposed.
    with_class: Vec<u64>,
}

/// Seconds that people took for an image, on average; `None` where it was not measured.
async fn seconds_of(project: &Project, row: u32) -> Result<Option<f64>, WorkflowError> {
    let events = project.inner().store.events_of_image(ImageId(row)).await?;
    let task = project.live().settings.schema.task;
    let taken = events.iter().filter_map(|record| match record.event {
        Event::Answer { seconds, .. } if record.reader != PROGRAM => Some(cut(seconds, task)),
        _ => None,
    });
    let taken: Vec<f64> = taken.filter(|seconds| *seconds > 0.0).collect();
    Ok((!taken.is_empty()).then(|| taken.iter().sum::<f64>() / taken.len() as f64))
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
    let claims = model.proposals.claims();
    let rows: Vec<u32> = claims.iter().map(|(row, _)| *row).collect();
    let fits: Vec<f64> = claims
        .iter()
        .map(|(_, claim)| model.fit_of(*claim))
        .collect();
    let seconds = claims.iter().map(|(_, claim)| model.seconds_of(*claim));
    let picks = snapshot.rank_shapes(project, (&rows, &fits, &costs(seconds)))?;
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
    (learnt, drawn): (&Learnt, &[DrawnImage]),
    before: Option<&ShapeModel>,
    started: Instant,
) -> Result<StoredModel, WorkflowError> {
    let model = &learnt.model;
    let live = project.live();
    let threshold = snapshot.config.threshold;
    let random = model.random_part();
    let sure: Vec<f32> = model
        .open(&live)
        .into_iter()
        .map(|(_, claim)| model.chance(claim))
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
        classes: class_rows(drawn, &learnt.with_class),
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
    let claims = now.proposals.claims().into_iter();
    let moved: Vec<f64> = claims
        .filter_map(|(row, claim)| Some((before.expected_fit(row)? - now.fit_of(claim)).abs()))
        .collect();
    (!moved.is_empty()).then(|| 1.0 - moved.iter().sum::<f64>() / moved.len() as f64)
}

/// Of each class: images drawn with it, and those that the network proposes it for.
fn class_rows(drawn: &[DrawnImage], proposed: &[u64]) -> Vec<ClassRow> {
    let classes = (0_u16..).map(ClassId).zip(proposed);
    classes
        .map(|(class, proposed)| {
            let has = |drawing: &Drawing| drawing.classes().contains(&class);
            let with = drawn.iter().filter(|image| has(&image.drawing));
            let random = |image: &&DrawnImage| image.origin == LabelOrigin::Random;
            ClassRow {
                class,
                labels: with.clone().count() as u64,
                random_labels: with.filter(random).count() as u64,
                sensitivity: None,
                precision: None,
                predicted: *proposed,
            }
        })
        .collect()
}
