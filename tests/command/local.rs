//! A run on local maps, as a user makes and evaluates one.

use crate::common::{done, features, json, refused, rows, shapes};

#[test]
fn local_maps_from_shapes_to_rows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 6, 3);
    done(folder, "convert shapes -o s.spectra --order 4 --points 256");
    let small = "--set map.visible=12 --set map.queries=6 --set map.local.centres=32 --set map.local.radii=[0.3,0.6] \
                 --set map.local.order=2 --set network.width=32 --set network.bottleneck=32 --set train.batch=20 \
                 --set train.epochs=2";
    done(
        folder,
        &format!("pretrain s.spectra -o run --preset local {small}"),
    );

    let eval = "eval s.spectra --run run --seeds 1";
    let report = |more: &str| {
        let judged = "--classifiers 1-nn --json a.json";
        done(folder, &format!("{eval} {judged} {more}"));
        let report = json(&folder.join("a.json"));
        for row in rows(&report) {
            assert!(row["accuracy_mean"].as_f64().is_some(), "{row}");
        }
        report
    };
    let as_it_is = report("--features learned,controls,fisher-learned");
    assert_eq!(
        features(&as_it_is),
        [
            "cGML, local maps",
            "cGML, local maps + raw local map, pooled",
            "raw local map, pooled",
            "PCA of the raw local map, pooled",
            "random encoder",
            "rotation invariants",
            "invariants about z",
            "Fisher vector of cGML rows",
            "Fisher vector of random rows",
        ]
    );
    // Thirty test objects of ten families; of sixty training objects most principal axes are noise.
    let sure = rows(&as_it_is)[..5]
        .iter()
        .filter(|row| !row["features"].as_str().unwrap().starts_with("PCA"));
    for row in sure {
        assert!(row["accuracy_mean"].as_f64().unwrap() > 0.3, "{row}");
    }
    let mean = report("--features learned --stances");
    assert_eq!(
        features(&mean),
        [
            "cGML, local maps, mean of stances",
            "cGML, local maps, mean of stances + raw local map, pooled",
        ]
    );
    let first = &rows(&mean)[0];
    assert!(first["accuracy_mean"].as_f64().unwrap() > 0.3, "{first}");

    let completions = format!("{eval} --reconstruction");
    refused(folder, &completions, 2, &["on local maps"]);
}
