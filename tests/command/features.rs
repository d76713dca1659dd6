//! Features that need no run, in every pose.

use serde_json::Value;

use crate::common::{done, json, refused, rows, shapes};

#[test]
fn features_without_a_run_and_in_any_pose() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 6, 3);
    let small = "--centres 24 --gaussians 4 --radii 0.3 --axes 8 --seeds 2";
    let asked = "--features fisher,fisher-upright,fisher-invariant,fourier --rotation aligned,z/so3 --classifiers 1-nn \
                 --labels 0.5,1";
    done(
        folder,
        &format!("eval shapes --cache cache --json a.json {small} {asked}"),
    );
    let report = json(&folder.join("a.json"));
    let rows = rows(&report);
    let poses: Vec<&str> = rows
        .iter()
        .map(|row| row["rotation"].as_str().unwrap())
        .collect();
    assert_eq!(poses, [["aligned"; 12], ["z/so3"; 12]].concat());
    let kinds: Vec<(&str, f64)> = rows
        .iter()
        .map(|row| {
            (
                row["features"].as_str().unwrap(),
                row["labels"].as_f64().unwrap(),
            )
        })
        .collect();
    let own = "Fisher vector, own axes";
    let upright = "Fisher vector, upright axes";
    let once = [
        "Fisher vector",
        upright,
        own,
        "Fisher vectors, all three",
        "raw map, Fourier features",
        "Fisher vectors, all three + raw map, Fourier features",
    ]
    .map(|name| [(name, 0.5), (name, 1.0)])
    .concat();
    assert_eq!(kinds, [&once[..], &once[..]].concat());
    // Sixty objects and 969 coefficients: too few for neighbours of the raw map alone.
    let map = "raw map, Fourier features";
    let sure = |row: &&Value| {
        (row["rotation"] == "aligned" && row["features"] != map) || row["features"] == own
    };
    for row in rows.iter().filter(sure) {
        assert_eq!(row["seeds"].as_array().unwrap().len(), 2);
        assert!(
            row["accuracy_mean"].as_f64().unwrap() > 0.5,
            "ten families, chance 0.1: {row}"
        );
    }
    for (wrong, part) in [
        ("--features learned", "--run"),
        ("--stances --quiet", "--run"),
        ("--rotation upside", "aligned, z or so3"),
        ("--labels 2", "share"),
    ] {
        refused(folder, &format!("eval shapes {wrong}"), 2, &[part]);
    }
}

#[test]
fn neighbourhoods_within_wider_ones_are_a_second_level() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 6, 3);
    let small = "--centres 24 --gaussians 4 --radii 0.3,0.6 --axes 8 --seeds 1 --classifiers 1-nn";
    let eval = |levels: usize| {
        let kinds = "--features fisher-upright,fisher-invariant";
        done(
            folder,
            &format!("eval shapes --cache cache --json a.json {small} {kinds} --levels {levels}"),
        );
        rows(&json(&folder.join("a.json"))).to_vec()
    };
    let (one, two) = (eval(1), eval(2));
    let names: Vec<&str> = two
        .iter()
        .map(|row| row["features"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Fisher vector, upright axes, 2 levels",
            "Fisher vector, own axes, 2 levels",
            "Fisher vectors, both"
        ]
    );
    // Two radii, and the narrow one within the wide one: of so few objects a vector is as long for each.
    let columns = |rows: &[Value]| rows[0]["columns"].as_u64().unwrap();
    assert_eq!(2 * columns(&two), 3 * columns(&one));
}
