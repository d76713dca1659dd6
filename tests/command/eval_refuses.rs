//! Evaluations that would say something else than was asked for, and names that could be taken for others.

use std::fs;

use image::{Rgb, RgbImage};

use crate::common::{done, features, json, refused, rows, shapes};

const QUICK: &str = "--set network.width=16 --set network.bottleneck=8 --set train.epochs=1";

#[test]
fn a_row_is_of_runs_of_one_kind_and_named_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 4, 2);
    done(folder, "convert shapes -o s.spectra --order 4 --points 64");
    for (run, more) in [
        ("zero", ""),
        ("one", "--set seed=1 --set output.log_every=7"),
        ("l1", "--baseline l1"),
    ] {
        done(
            folder,
            &format!("pretrain s.spectra -o {run} {QUICK} {more}"),
        );
    }
    let eval = "eval s.spectra --classifiers 1-nn --features learned";
    let evaluated = |runs: &str| {
        done(folder, &format!("{eval} {runs} --json a.json"));
        let report = json(&folder.join("a.json"));
        let seeds = report["rows"][0]["seeds"].as_array().unwrap().len();
        (features(&report)[0].to_owned(), seeds)
    };
    assert_eq!(evaluated("--run l1"), ("L1 bottleneck".into(), 1));
    let both = evaluated("--run zero --run one");
    assert_eq!(both, ("cGML bottleneck".into(), 2));
    for (runs, words) in [
        ("--run zero --run l1", ["algorithm.objective", "--beside"]),
        ("--run one --run ./one", ["./one", "different seeds"]),
    ] {
        refused(folder, &format!("{eval} {runs}"), 2, &words);
    }
    // Told before the work.
    fs::write(folder.join("taken"), "").unwrap();
    let said = refused(
        folder,
        &format!("{eval} --run one --figures taken"),
        1,
        &["taken"],
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn pictures_that_a_run_was_trained_on_are_not_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for split in ["train", "test"] {
        let place = folder.join("data").join(split);
        fs::create_dir_all(&place).unwrap();
        for number in 0..16u8 {
            let picture = RgbImage::from_fn(20, 20, |x, y| Rgb([x as u8 * 9 + number, y as u8, 9]));
            picture.save(place.join(format!("{number}.png"))).unwrap();
        }
    }
    let quick = "--set network.channels=[4,8] --set network.walker=[8] --set train.epochs=1 --set algorithm.steps=2 \
                 --set algorithm.inference_steps=2 --set train.batch=8";
    let train = "--quiet train complete --data data --size 16";
    done(folder, &format!("{train} -o run --limit 13 {quick}"));
    // As many as holding out 3 leaves, but not those.
    let eval = "--quiet eval images --data data --run run --samples 1";
    let words = ["leaves 13 training pictures", "trained on 13 others"];
    refused(folder, &format!("{eval} --hold-out 3"), 2, &words);
}

#[test]
fn a_file_whose_name_holds_a_hash_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let shape = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
    fs::write(folder.join("part#1.off"), shape).unwrap();
    done(folder, "reconstruct part#1.off --order 4 -o a.ply");
    let none = "reconstruct part#2.off -o b.ply";
    refused(folder, none, 1, &["part"]);
}

#[test]
fn what_cannot_be_evaluated_is_told_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 4, 2);
    done(folder, "convert shapes -o s.spectra --order 4 --points 64");
    done(folder, &format!("pretrain s.spectra -o one {QUICK}"));
    refused(folder, "eval one", 2, &["a run", "--run"]);
    refused(folder, "reconstruct s.spectra -o x.png", 2, &["STORE#ID"]);
    refused(
        folder,
        "eval s.spectra --json gone/a.json",
        2,
        &["gone/a.json"],
    );
    refused(
        folder,
        "eval s.spectra --features fisher --levels 2 --radii 0.4",
        2,
        &["--levels 2", "--radii"],
    );
    let split = "convert shapes/chair -o split.spectra --order 4 --points 64";
    done(folder, split);
    refused(folder, "eval split.spectra", 1, &["labels.csv"]);
}

#[test]
fn a_data_set_is_kept_once_for_each_transform_and_list_of_items() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 4, 2);
    let eval = "eval shapes --cache cache --classifiers 1-nn --features";
    let kept = || fs::read_dir(folder.join("cache")).unwrap().count();
    done(folder, &format!("{eval} controls"));
    done(folder, &format!("{eval} controls"));
    assert_eq!(kept(), 1);
    done(folder, "convert shapes -o s.spectra --order 4 --points 64");
    done(folder, &format!("pretrain s.spectra -o one {QUICK}"));
    done(folder, &format!("{eval} learned --run one"));
    assert_eq!(kept(), 2);
    let gone = fs::read_dir(folder.join("shapes/chair/train")).unwrap();
    fs::remove_file(gone.last().unwrap().unwrap().path()).unwrap();
    done(folder, &format!("{eval} controls"));
    assert_eq!(kept(), 3);
}

#[test]
fn few_objects_have_few_principal_axes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 4, 2);
    done(folder, "convert shapes -o s.spectra --order 6 --points 64");
    done(
        folder,
        "eval s.spectra --features controls --classifiers 1-nn --json a.json",
    );
    let report = json(&folder.join("a.json"));
    let is_pca = |row: &&serde_json::Value| row["features"] == "PCA of the raw map";
    let pca = rows(&report).iter().find(is_pca).unwrap();
    // 40 training objects.
    assert_eq!(pca["columns"], 5);
}
