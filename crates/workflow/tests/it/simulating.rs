//! Simulations on drawn features: what the report holds, and that it does not depend on threads.

use autolabel_annotation::{ClassId, FindingSet, ImageTask, Label};
use autolabel_heads::Matrix;
use autolabel_workflow::WorkflowError;
use autolabel_workflow::dataset::{Dataset, DatasetColumn};
use autolabel_workflow::simulate::{
    Mistakes, PeopleConfig, ReaderConfig, ReadersPerImage, SimulateConfig, SimulationReport,
    simulate,
};
use autolabel_workflow::simulation_page;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// Three overlapping clouds, the third one rare; one image in six is the test split.
fn clouds(images: usize) -> Dataset {
    const WIDTH: usize = 8;
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut data = Vec::new();
    let mut truth = Vec::new();
    for number in 0..images {
        let class = [0, 1, 0, 1, 0, 1, 0, 1, 0, 2][number % 10];
        truth.push(Label::Class(ClassId(class)));
        let mut row = [0.0_f32; WIDTH].map(|_| rng.random::<f32>() - 0.5);
        row[usize::from(class)] += 0.7;
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        data.extend(row.map(|v| v / length));
    }
    Dataset {
        name: "clouds".to_owned(),
        files: (0..images).map(|i| format!("{i}.png")).collect(),
        features: Matrix::new(images, WIDTH, data).unwrap(),
        blocks: None,
        task: ImageTask::Classification,
        truth,
        class_names: ["common", "usual", "rare <5 %>"]
            .map(str::to_owned)
            .to_vec(),
        groups: None,
        is_test: (0..images).map(|i| i % 6 == 5).collect(),
        backbone: "drawn".to_owned(),
        columns: vec![DatasetColumn {
            name: "source".to_owned(),
            values: vec!["east".to_owned(), "west".to_owned()],
            value_of: (0..images).map(|i| Some(u16::from(i % 3 == 0))).collect(),
        }],
        refused: Vec::new(),
        embed_seconds: 0.0,
    }
}

fn config() -> SimulateConfig {
    SimulateConfig {
        budget_share: 0.3,
        seeds: 6,
        compare: vec!["random".to_owned(), "margin".to_owned()],
        full_label: true,
        ..SimulateConfig::default()
    }
}

fn three_readers(per_image: ReadersPerImage) -> SimulateConfig {
    SimulateConfig {
        compare: Vec::new(),
        full_label: false,
        seeds: 3,
        people: PeopleConfig {
            readers: [0.95, 0.85, 0.8]
                .map(|skill| ReaderConfig {
                    skill,
                    seconds_per_label: None,
                })
                .to_vec(),
            per_image,
            ..PeopleConfig::default()
        },
        ..config()
    }
}

fn run(config: &SimulateConfig) -> SimulationReport {
    simulate(&clouds(360), config, &mut |_| {}).unwrap()
}

/// The report without what a clock or the machine says.
fn numbers(report: &SimulationReport) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for key in [
                    "seconds",
                    "round_seconds",
                    "runs_at_once",
                    "threads_per_run",
                ] {
                    // The seconds of people are an object and stay.
                    if map.get(key).is_some_and(Value::is_number) {
                        map.remove(key);
                    }
                }
                map.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(report).unwrap();
    strip(&mut value);
    value
}

#[test]
fn one_thread_and_many_give_the_same_report() {
    let config = SimulateConfig {
        seeds: 2,
        compare: vec!["random".to_owned()],
        people: three_readers(ReadersPerImage::Adaptive {
            first: 1,
            confidence: 0.95,
        })
        .people,
        ..config()
    };
    let with = |threads: usize, runs_at_once: Option<usize>| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let config = SimulateConfig {
            runs_at_once,
            ..config.clone()
        };
        let report = pool.install(|| run(&config));
        (report.runs_at_once, numbers(&report))
    };
    let (one, alone) = with(1, None);
    let (three, together) = with(3, None);
    let (again_one, one_by_one) = with(3, Some(1));
    assert_eq!((one, three, again_one), (1, 3, 1));
    assert!(alone == together && alone == one_by_one);
}

#[test]
fn one_reader_who_is_right_is_the_default() {
    let config = || SimulateConfig {
        seeds: 2,
        compare: Vec::new(),
        ..config()
    };
    let usual = numbers(&run(&config()));
    let typed = SimulateConfig {
        people: PeopleConfig {
            readers: vec![ReaderConfig {
                skill: 1.0,
                seconds_per_label: Some(8.0),
            }],
            mistakes: Mistakes::LookAlike,
            ..PeopleConfig::default()
        },
        ..config()
    };
    let mut typed = numbers(&run(&typed));
    typed["people"]["mistakes"] = usual["people"]["mistakes"].clone();
    assert!(usual == typed);
}

/// One run for all that follows, because runs take seconds.
#[test]
fn the_report_compares_arms_and_tells_classes_sources_and_hindsight() {
    let mut report = run(&config());
    arms_are_compared_seed_by_seed(&report);
    accuracy_is_told_by_class_and_by_source(&report);
    the_stop_is_judged_with_hindsight(&report);
    report.command = Some("autolabel simulate '<b>'".to_owned());
    the_page_stands_alone_and_escapes_names(&simulation_page(&report));
}

fn arms_are_compared_seed_by_seed(report: &SimulationReport) {
    let names: Vec<&str> = report.arms.iter().map(|a| a.strategy.as_str()).collect();
    assert_eq!(names, ["auto", "random", "margin"]);
    // Three pairs, on the rest and on the test split.
    assert_eq!(report.comparisons.len(), 6);
    let first = &report.comparisons[0];
    assert_eq!((first.a.as_str(), first.b.as_str()), ("auto", "random"));
    let [a, b] = [0, 1].map(|arm| report.arms[arm].aubc.mean);
    assert!((first.aubc.mean - (a - b)).abs() < 1e-12);
    assert!(a > 0.5 && a < 1.0);
    let shares: Vec<f64> = first.at.iter().map(|at| at.share).collect();
    assert_eq!(shares, [0.04, 0.06, 0.08, 0.10, 0.15]); // the first batch is 3.3 %
    let matrix = &report.win_matrices[0];
    assert_eq!(matrix.points, report.arms[0].curve.len());
    for i in 0..3 {
        assert_eq!(matrix.better[i][i], None);
        for j in (0..3).filter(|j| *j != i) {
            let (wins, losses) = (matrix.better[i][j].unwrap(), matrix.better[j][i].unwrap());
            assert!(wins + losses <= 1.0);
        }
    }
    let random = &report.arms[1];
    assert_eq!(random.never_significantly_worse_than_random, None);
    let auto = &report.arms[0];
    let on_rest = auto.significantly_worse_than_random.iter();
    assert_eq!(
        auto.never_significantly_worse_than_random,
        Some(on_rest.filter(|p| p.measure == "rest").count() == 0)
    );
    let full = report.full_label.unwrap();
    let to_99 = &auto.labels_to_full["0.99"];
    assert!((to_99.accuracy - 0.99 * full.cross_validated).abs() < 1e-12);
    assert_eq!(to_99.runs.len(), 6);
}

fn accuracy_is_told_by_class_and_by_source(report: &SimulationReport) {
    /// Images of each class of 360 in the pool.
    const IN_POOL: [f64; 3] = [180.0, 96.0, 24.0];
    let arm = &report.arms[0];
    for point in &arm.curve {
        // 300 images of the pool: the mean of the classes, weighted by what is left, is the whole.
        assert_eq!(point.sensitivity.len(), 3);
        assert_eq!(point.test_sensitivity.len(), 3);
        let found = point.sensitivity[0].unwrap();
        assert!((0.0..=1.0).contains(&found.mean));
        // What experts labeled is right here, so all images of a class are never worse than its rest, and
        // the classes make up the whole.
        for (of_all, of_rest) in point.dataset_sensitivity.iter().zip(&point.sensitivity) {
            assert!(of_all.unwrap().mean >= of_rest.map_or(0.0, |rest| rest.mean));
        }
        let in_all = point.dataset_sensitivity.iter().zip(IN_POOL);
        let right: f64 = in_all.map(|(s, images)| s.unwrap().mean * images).sum();
        assert!((right / 300.0 - point.dataset_accuracy.mean).abs() < 1e-9);
    }
    for run in &report.runs {
        // At most all wrong automatic labels are of one class.
        let right = run.auto_label_accuracy.unwrap_or(1.0);
        let wrong = (1.0 - right) * run.auto_labels as f64;
        for (found, images) in run.found.iter().zip(IN_POOL) {
            assert!(found.unwrap() >= 1.0 - (wrong + 0.5) / images);
        }
    }
    let sources: Vec<(&str, usize)> = arm
        .by_column
        .iter()
        .map(|c| (c.value.as_str(), c.images))
        .collect();
    assert_eq!(sources, [("east", 180), ("west", 120)]);
    assert!(arm.by_column[0].at_6_percent.is_some() && arm.by_column[0].at_stop.is_some());
}

fn the_stop_is_judged_with_hindsight(report: &SimulationReport) {
    let regret = report.stop_regret.as_ref().unwrap();
    assert_eq!(regret.runs.len(), 6);
    for (run, finished) in regret.runs.iter().zip(&report.runs) {
        assert_eq!(run.labels, finished.labels);
        assert!(run.relative >= 0.0 && run.hours >= run.best_hours);
    }
    let priced = report.arms[0].curve.iter();
    assert!(priced.clone().all(|p| p.hours_if_stopped.is_some()));
    let others = report.arms[1].curve.iter();
    assert!(others.clone().all(|p| p.hours_if_stopped.is_none()));
}

#[test]
fn asking_only_where_it_pays_beats_the_same_hours_otherwise() {
    let adaptive = run(&three_readers(ReadersPerImage::Adaptive {
        first: 1,
        confidence: 0.95,
    }));
    let people = &adaptive.people;
    let answers = people.outcome.answers_per_image.mean;
    assert!(answers > 1.0 && answers < 3.0, "{answers}");
    let readers: Vec<usize> = people
        .same_seconds
        .iter()
        .map(|s| s.readers_per_image)
        .collect();
    assert_eq!(readers, [1, 2, 3]);
    for other in &people.same_seconds {
        assert!(other.outcome.seconds.max <= people.outcome.seconds.max);
    }
    let one = &people.same_seconds[0];
    assert!(people.outcome.consensus_accuracy.mean > one.outcome.consensus_accuracy.mean + 0.03);
    for reader in &people.readers {
        assert!((reader.accuracy - reader.skill).abs() < 0.06, "{reader:?}");
    }
}

#[test]
fn readers_who_err_alike_are_harder_to_correct() {
    let accuracy = |mistakes: Mistakes| {
        let mut config = three_readers(ReadersPerImage::Fixed { readers: 3 });
        config.people.mistakes = mistakes;
        config.people.seconds_spread = 0.4;
        run(&config).people.outcome.consensus_accuracy.mean
    };
    let (apart, alike) = (accuracy(Mistakes::Uniform), accuracy(Mistakes::LookAlike));
    assert!(apart >= alike && alike > 0.85, "{apart} {alike}");
}

#[test]
fn settings_out_of_range_are_refused_in_a_sentence() {
    let people = |change: &dyn Fn(&mut PeopleConfig)| {
        let mut config = config();
        change(&mut config.people);
        config
    };
    let refused = [
        people(&|p| p.readers.clear()),
        people(&|p| p.readers[0].skill = 1.2),
        people(&|p| p.readers[0].seconds_per_label = Some(0.0)),
        people(&|p| p.seconds_spread = -1.0),
        people(&|p| p.per_image = ReadersPerImage::Fixed { readers: 2 }),
        people(&|p| {
            p.per_image = ReadersPerImage::Adaptive {
                first: 1,
                confidence: 1.0,
            };
        }),
        SimulateConfig {
            compare: vec!["magic".to_owned()],
            ..config()
        },
        SimulateConfig {
            runs_at_once: Some(0),
            ..config()
        },
    ];
    for config in refused {
        let error: WorkflowError = config.check().unwrap_err();
        let sentence = error.to_string();
        assert!(
            sentence.len() > 20 && !sentence.contains('\n'),
            "{sentence}"
        );
    }
}

fn the_page_stands_alone_and_escapes_names(page: &str) {
    assert!(page.contains("rare &lt;5 %&gt;") && !page.contains("<b>"));
    for outside in ["http:", "https:", "src=", "href=", "url(", "<script", "NaN"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for tag in [
        "html",
        "main",
        "header",
        "h2",
        "h3",
        "p",
        "dl",
        "div",
        "figure",
        "figcaption",
        "svg",
        "text",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
    ] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    // Two curves, three classes, the hours.
    assert_eq!(page.matches("<svg").count(), 6);
    for section in [
        "Learning curves",
        "Each class",
        "Win matrix",
        "When to stop",
        "People",
    ] {
        assert!(page.contains(section), "{section}");
    }
}

/// Clouds in which the sign of each of the first directions is a finding, the third one rare.
fn findings(images: usize) -> Dataset {
    let mut dataset = clouds(images);
    let width = dataset.features.cols;
    dataset.task = ImageTask::Findings;
    dataset.truth = dataset
        .features
        .data
        .chunks(width)
        .map(|row| {
            let there = [row[0] > 0.2, row[3] > 0.0, row[5] > 0.3];
            let numbers = (0_u16..).zip(there).filter(|(_, there)| *there);
            Label::Findings(FindingSet::of(numbers.map(|(n, _)| ClassId(n))).unwrap())
        })
        .collect();
    dataset
}

#[test]
fn findings_are_learnt_and_reported_one_by_one() {
    let dataset = findings(480);
    let config = SimulateConfig {
        compare: vec!["random".to_owned()],
        ..config()
    };
    let report = simulate(&dataset, &config, &mut |_| {}).unwrap();
    assert_eq!(report.task, ImageTask::Findings);
    let most_frequent = dataset
        .truth
        .iter()
        .filter(|label| **label == Label::Findings(FindingSet::NONE))
        .count() as f64
        / dataset.truth.len() as f64;
    for arm in &report.arms {
        let last = arm.curve.last().unwrap();
        assert!(
            last.rest_accuracy.mean > most_frequent + 0.2,
            "{}",
            arm.strategy
        );
        for found in &last.sensitivity {
            assert!(found.unwrap().mean > 0.6, "{}", arm.strategy);
        }
    }
    assert!(report.full_label.unwrap().cross_validated > most_frequent + 0.2);
}

#[test]
fn several_readers_of_findings_are_refused_in_a_sentence() {
    let readers = three_readers(ReadersPerImage::Fixed { readers: 3 });
    let refused = simulate(&findings(120), &readers, &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("use one reader"), "{refused}");
}

#[test]
fn grades_are_reported_by_how_far_off_they_are() {
    let order = ["rare <5 %>", "usual", "common"].map(str::to_owned);
    let dataset = clouds(480).graded(&order).unwrap();
    assert_eq!(dataset.task, ImageTask::Grades);
    assert_eq!(dataset.class_names, order);
    assert_eq!(
        dataset.truth[0],
        Label::Class(ClassId(2)),
        "common is now the highest"
    );
    let config = SimulateConfig {
        compare: vec!["random".to_owned()],
        ..config()
    };
    let report = simulate(&dataset, &config, &mut |_| {}).unwrap();
    for arm in &report.arms {
        let last = arm.curve.last().unwrap();
        for grades in [last.rest_grades.unwrap(), last.test_grades.unwrap()] {
            assert!(grades.mean_absolute_error.mean < 0.6, "{}", arm.strategy);
            assert!(grades.within_one.mean > last.rest_accuracy.mean - 0.1);
            assert!(grades.quadratic_kappa.mean > 0.3, "{}", arm.strategy);
        }
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["task"], "grades");
    assert!(json["arms"][0]["curve"][0]["rest_grades"]["quadratic_kappa"]["mean"].is_number());
    let page = simulation_page(&report);
    assert!(page.contains("How far off") && page.contains("Mean number of grades off"));
}

#[test]
fn grades_must_name_every_label_and_only_classes_can_be_grades() {
    let refused = clouds(60)
        .graded(&["common", "usual"].map(str::to_owned))
        .unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("'rare <5 %>'") && text.contains("name every label"),
        "{text}"
    );
    let names = findings(60).class_names;
    let refused = findings(60).graded(&names).unwrap_err();
    assert!(
        refused.to_string().contains("several findings"),
        "{refused}"
    );
    // A grade that no image has is part of the scale all the same.
    let all = ["common", "usual", "rare <5 %>", "unheard of"].map(str::to_owned);
    assert_eq!(clouds(60).graded(&all).unwrap().class_names.len(), 4);
}
