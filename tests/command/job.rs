//! The main job, from shapes to a report and to files for other programs.

use std::fs;
use std::path::Path;

use crate::common::{done, features, files, json, refused, shapes};

#[test]
fn the_main_job_runs_from_shapes_to_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 6, 3);
    for (store, jobs) in [("one.spectra", 1), ("two.spectra", 2)] {
        let order = format!("--order 6 --points 256 --jobs {jobs}");
        done(folder, &format!("convert shapes -o {store} {order}"));
    }
    assert!(
        files(&folder.join("one.spectra")) == files(&folder.join("two.spectra")),
        "one and two threads write the same bytes"
    );
    done(folder, "verify one.spectra");

    let pretrain = "pretrain one.spectra -o run --set network.width=32 --set network.bottleneck=24 --set train.epochs=3";
    let printed = done(folder, &format!("{pretrain} --dry-run"));
    for part in [
        "parameters",
        "GFLOP",
        "MB of weights",
        "s a step on cpu",
        "in all",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!folder.join("run").exists(), "a dry run writes nothing");
    done(folder, pretrain);

    done(
        folder,
        "eval one.spectra --run run --json a.json --report a.html",
    );
    let report = json(&folder.join("a.json"));
    let names = features(&report);
    for name in [
        "cGML bottleneck",
        "raw map",
        "random encoder",
        "PCA of the raw map",
        "rotation invariants",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let page = fs::read_to_string(folder.join("a.html")).unwrap();
    assert!(page.ends_with("</html>\n"));
    table_of_completions(folder);
    means_of_stances(folder);
    let table = done(folder, "compare run run");
    assert_eq!(table.lines().count(), 3, "{table}");
    done(folder, "export one.spectra --run run --npz a.npz");
    assert!(folder.join("a.npz").exists());
    // Where the place is taken by a folder, nothing is left beside it.
    let taken = folder.join("taken");
    fs::create_dir_all(taken.join("a.npz")).unwrap();
    let export = "export one.spectra --npz taken/a.npz";
    refused(folder, export, 1, &["a.npz"]);
    assert_eq!(fs::read_dir(&taken).unwrap().count(), 1);
}

/// Reconstructions and a run beside it, with one classifier.
fn table_of_completions(folder: &Path) {
    let place = "eval one.spectra --run run --beside run --json a.json";
    let few = "--features learned --classifiers 1-nn --reconstruction";
    done(folder, &format!("{place} {few}"));
    let report = json(&folder.join("a.json"));
    assert!(features(&report).contains(&"run"));
    let rows = report["reconstructions"].as_array().unwrap();
    assert_eq!(rows.len(), 12);
    for row in rows {
        for key in ["floor", "recon_map", "ceiling", "retrieval_map"] {
            assert!((0.0..=1.0).contains(&row[key].as_f64().unwrap()), "{row}");
        }
    }
}

/// Features of the run, averaged over reflections and small turns of each object.
fn means_of_stances(folder: &Path) {
    let few = "--features learned --classifiers 1-nn --stances";
    done(
        folder,
        &format!("eval one.spectra --run run --json a.json {few}"),
    );
    let mean = "cGML bottleneck, mean of stances";
    let report = json(&folder.join("a.json"));
    assert_eq!(features(&report), [mean, &format!("{mean} + raw map")]);
}
