//! Tasks on pictures, on made pictures: they learn, answer, resume, and refuse what they cannot take.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;

use spectra_datasets::images::{ImageSet, Images, Part};
use spectra_model::colorize::{Colorize, UniformKind};
use spectra_model::complete::{Complete, white_box};
use spectra_model::translate::Translate;
use spectra_model::{Config, Objective, Painter, PictureKind, train_pictures};

/// Pictures with a bar whose place and colour depend on the number of the picture.
fn images(count: usize, channels: usize, size: usize) -> Images {
    let mut images = Images {
        channels,
        size,
        ..Images::default()
    };
    for item in 0..count {
        let place = item * 7 % (size - 4);
        for channel in 0..channels {
            for _row in 0..size {
                let bright = 90 + (item * 13 + channel * 50) % 160;
                let cell = |x: usize| {
                    if (place..place + 4).contains(&x) {
                        bright as u8
                    } else {
                        20
                    }
                };
                images.pixels.extend((0..size).map(cell));
            }
        }
        images.labels.push((item % 2) as i32);
        images.ids.push(item.to_string());
    }
    images
}

fn set(channels: usize, size: usize) -> ImageSet {
    ImageSet {
        name: "bars".into(),
        layout: "made".into(),
        part: Part::Whole,
        classes: vec!["even".into(), "odd".into()],
        train: images(48, channels, size),
        test: images(11, channels, size),
        skipped: Vec::new(),
    }
}

fn config(preset: &str, size: usize, epochs: usize) -> Config {
    let mut config = Config::preset(preset).unwrap();
    for (key, value) in [
        ("network.width", "64"),
        ("network.bottleneck", "32"),
        ("network.channels", "[4]"),
        ("network.walker", "[16]"),
        ("algorithm.steps", "2"),
        ("algorithm.inference_steps", "3"),
        ("train.batch", "16"),
        ("train.warmup", "1"),
    ] {
        config.set(key, value).unwrap();
    }
    config.set_side(size);
    config.train.epochs = epochs;
    config
}

fn error(painter: &Painter, images: &Images) -> f32 {
    let questions = painter.ask(images, None, 3).unwrap();
    let answers = painter.answer(&questions, 3, 0).unwrap();
    (&answers - &questions.truth).mapv(f32::abs).mean().unwrap()
}

#[test]
fn completion_learns_and_its_baselines_too() {
    let (folder, set) = (tempfile::tempdir().unwrap(), set(1, 16));
    let kind = PictureKind::Complete(Complete::digits());
    let config = config("digits", 16, 30);
    for (name, config) in [
        ("cgml", config.clone()),
        ("l1", config.baseline(Objective::L1)),
        ("context", config.baseline(Objective::Context)),
        ("cvae", config.baseline(Objective::Variational)),
    ] {
        let latent = ["cgml", "cvae"].contains(&name);
        let run = folder.path().join(name);
        train_pictures(&set, &kind, &run, &config, "cpu", false, &()).unwrap();
        let painter = Painter::load(&run, "cpu").unwrap();
        let (after, before) = (
            error(&painter, &set.test),
            error(&Painter::random(&run, 0, "cpu").unwrap(), &set.test),
        );
        assert!(after < 0.7 * before, "{name}: {before} -> {after}");
        assert_eq!(painter.has_latent(), latent);
        let questions = painter.ask(&set.test, None, 3).unwrap();
        let pair = [0, 1].map(|sample| painter.answer(&questions, 3, sample).unwrap());
        assert_eq!(pair[0] == pair[1], !latent, "{name}");
        assert_eq!(
            painter.walk(&questions, 3).unwrap().len(),
            if name == "cgml" { 4 } else { 1 }
        );
        // What was given is given back.
        let given = questions.asked.mapv(|asked| 1.0 - asked);
        let moved = (&pair[0] - &questions.truth).mapv(f32::abs) * given;
        assert!(moved.iter().all(|change| *change < 1e-6));
        assert_eq!(painter.features(&set.test).unwrap().dim(), (11, 32));
    }
}

#[test]
fn what_a_baseline_trains_beside_is_part_of_the_checkpoint() {
    for objective in [Objective::Context, Objective::Variational] {
        let (folder, set) = (tempfile::tempdir().unwrap(), set(1, 16));
        let kind = PictureKind::Complete(Complete::digits());
        let config = config("digits", 16, 2).baseline(objective);
        let run = folder.path().join("run");
        train_pictures(&set, &kind, &run, &config, "cpu", false, &()).unwrap();
        let weights = fs::read(run.join("model.safetensors")).unwrap();
        fs::remove_file(run.join("model.safetensors")).unwrap();
        // Back to the end of the first epoch.
        fs::remove_dir_all(run.join("checkpoints/step-00000006")).unwrap();
        train_pictures(&set, &kind, &run, &config, "cpu", true, &()).unwrap();
        assert!(fs::read(run.join("model.safetensors")).unwrap() == weights);
    }
}

#[test]
fn every_size_of_network_trains_on_every_task() {
    let folder = tempfile::tempdir().unwrap();
    for (size, channels, kind) in [
        (32, 3, PictureKind::Complete(Complete::photographs())),
        (32, 3, PictureKind::Colorize(Colorize::default())),
        (32, 6, PictureKind::Translate(Translate { from_b: true })),
        (64, 6, PictureKind::Translate(Translate { from_b: false })),
        (128, 1, PictureKind::Complete(Complete::digits())),
        (256, 3, PictureKind::Complete(Complete::photographs())),
    ] {
        let mut set = set(channels, size);
        set.train = images(2, channels, size);
        set.test = images(2, channels, size);
        let run = folder
            .path()
            .join(format!("{}-{size}-{channels}", kind.name()));
        let config = config("pictures", size, 1);
        let summary = train_pictures(&set, &kind, &run, &config, "cpu", false, &()).unwrap();
        assert!(summary.finished && summary.loss.is_finite());
        let painter = Painter::load(&run, "cpu").unwrap();
        let questions = painter.ask(&set.test, Some(0.25), 0).unwrap();
        let answers = painter.answer(&questions, 0, 0).unwrap();
        assert_eq!(answers.dim(), (2, channels.min(3), size, size));
        assert_eq!(questions.shown.dim(), answers.dim());
        assert!(answers.iter().all(|value| (0.0..=1.0).contains(value)));
        let features = painter.features(&images(2, 3, size)).unwrap();
        assert!(features.iter().all(|value| value.is_finite()));
        if channels != 6 {
            continue;
        }
        let of_set = painter.features(&set.test).unwrap();
        // Of pairs, the features are those of the half that is given.
        let [mut given, mut wanted] = [0, 1].map(|_half| images(2, 3, size));
        for (item, pair) in set.test.pixels.chunks_exact(6 * size * size).enumerate() {
            let (a, b) = pair.split_at(3 * size * size);
            let here = item * a.len()..(item + 1) * a.len();
            let from_b = kind == PictureKind::Translate(Translate { from_b: true });
            given.pixels[here.clone()].copy_from_slice(if from_b { b } else { a });
            wanted.pixels[here].copy_from_slice(if from_b { a } else { b });
        }
        assert_eq!(of_set, painter.features(&given).unwrap());
        assert_ne!(of_set, painter.features(&wanted).unwrap());
    }
}

#[test]
fn what_is_hidden_is_of_the_asked_size_and_boxes_are_only_in_targets() {
    let (folder, set) = (tempfile::tempdir().unwrap(), set(3, 32));
    let run = folder.path().join("run");
    let kind = PictureKind::Complete(Complete {
        white_box: 1.0,
        ..Complete::photographs()
    });
    let config = config("pictures", 32, 1);
    train_pictures(&set, &kind, &run, &config, "cpu", false, &()).unwrap();
    let painter = Painter::load(&run, "cpu").unwrap();
    for share in [0.10, 0.15, 0.25] {
        let questions = painter.ask(&set.test, Some(share), 1).unwrap();
        let hidden = f64::from(questions.asked.mean().unwrap());
        assert!((hidden - share).abs() < 0.015, "{share}: {hidden}");
    }
    let [rows, columns] = white_box(32);
    assert!(rows.end < 16 && columns.end < 16);
    let questions = painter.ask(&set.test, None, 1).unwrap();
    assert!(
        questions.truth.iter().all(|value| *value < 1.0),
        "tests have no box"
    );
}

#[test]
fn runs_and_pictures_that_do_not_belong_are_refused() {
    let (folder, set) = (tempfile::tempdir().unwrap(), set(3, 16));
    let run = folder.path().join("run");
    let config = config("pictures", 16, 1);
    let translate = PictureKind::Translate(Translate { from_b: true });
    let message = train_pictures(&set, &translate, &run, &config, "cpu", false, &())
        .unwrap_err()
        .to_string();
    assert!(message.contains("3 + 3 channels"), "{message}");
    assert!(!run.exists());
    let colorize = PictureKind::Colorize(Colorize {
        uniform: UniformKind::Softmax,
        lambda: 0.5,
    });
    train_pictures(&set, &colorize, &run, &config, "cpu", false, &()).unwrap();
    let complete = PictureKind::Complete(Complete::photographs());
    let message = train_pictures(&set, &complete, &run, &config, "cpu", true, &())
        .unwrap_err()
        .to_string();
    assert!(message.contains("another task"), "{message}");
    let painter = Painter::load(&run, "cpu").unwrap();
    assert!(painter.ask(&images(2, 3, 32), None, 0).is_err());
    assert!(painter.ask(&images(2, 1, 16), None, 0).is_err());
    assert_eq!(painter.features(&images(2, 1, 16)).unwrap().nrows(), 2);
    let nonsense = PictureKind::Complete(Complete {
        side: [0.8, 0.2],
        ..Complete::photographs()
    });
    let fresh = folder.path().join("fresh");
    assert!(train_pictures(&set, &nonsense, &fresh, &config, "cpu", false, &()).is_err());
}
