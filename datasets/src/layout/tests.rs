use std::fs;
use std::path::Path;

use super::*;
use crate::Split;

/// Makes empty files, and folders where a name ends with `/`.
fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        if file.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
    }
    folder
}

fn auto(files: &[&str]) -> Result<Dataset, DatasetError> {
    open(folder(files).path(), DatasetKind::Auto)
}

fn summary(dataset: &Dataset) -> Vec<(String, Option<u32>, Split)> {
    dataset
        .items
        .iter()
        .map(|item| (item.id.clone(), item.class, item.split))
        .collect()
}

#[test]
fn modelnet_folders_give_class_and_split_sorted_by_path() {
    let dataset = auto(&[
        "ModelNet10/night_stand/test/night_stand_0201.off",
        "ModelNet10/chair/train/chair_0002.off",
        "ModelNet10/chair/train/chair_0001.off",
        "ModelNet10/README.txt",
    ])
    .unwrap();
    assert_eq!(dataset.name, "ModelNet10");
    assert_eq!(dataset.layout, "ModelNet folders");
    assert_eq!(dataset.up_axis, "z");
    assert_eq!(dataset.classes, ["chair", "night_stand"]);
    assert_eq!(
        summary(&dataset),
        [
            ("chair/chair_0001".into(), Some(0), Split::Train),
            ("chair/chair_0002".into(), Some(0), Split::Train),
            ("night_stand/night_stand_0201".into(), Some(1), Split::Test),
        ]
    );
    let whole = dataset.completeness.unwrap();
    assert_eq!(
        whole.splits,
        [(Split::Train, 2, 3991), (Split::Test, 1, 908)]
    );
    assert_eq!(whole.missing.len(), 3991 + 908 - 3);
    assert!(whole.unexpected.is_empty());
}

#[test]
fn splits_may_lie_outside_of_the_classes() {
    let dataset = auto(&["train/cat/1.ply", "val/cat/2.ply", "test/dog/1.ply"]).unwrap();
    assert_eq!(dataset.layout, "folders of classes and splits");
    assert!(dataset.completeness.is_none());
    assert_eq!(
        summary(&dataset),
        [
            ("dog/1".into(), Some(1), Split::Test),
            ("cat/1".into(), Some(0), Split::Train),
            ("cat/2".into(), Some(0), Split::Val),
        ]
    );
}

#[test]
fn one_class_alone_is_still_a_class() {
    for files in [
        ["vase/train/a.off", "vase/test/b.off"],
        ["data/vase/a.off", "data/bowl/b.off"],
    ] {
        assert!(
            auto(&files).unwrap().classes.contains(&"vase".to_owned()),
            "{files:?}"
        );
    }
}

#[test]
fn the_same_name_twice_gives_two_ids() {
    let dataset = auto(&["cat/train/1.ply", "cat/test/1.ply", "cat/test/2.ply"]).unwrap();
    let ids: Vec<&str> = dataset.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["cat/test/1.ply", "cat/2", "cat/train/1.ply"]);
}

#[test]
fn any_folder_of_shapes_will_do() {
    let dataset = auto(&["b.obj", "a.ply.gz", "notes.md"]).unwrap();
    assert!(dataset.classes.is_empty());
    assert_eq!(dataset.items.len(), 2);
    assert_eq!(
        (dataset.items[0].id.as_str(), dataset.items[0].class),
        ("a", None)
    );
    assert_eq!(dataset.notes.len(), 1);
    let dataset = auto(&["cat/1.obj", "dog/deep/2.stl"]).unwrap();
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert_eq!(dataset.items[1].id, "dog/deep/2");
}

#[test]
fn what_cannot_be_used_is_named() {
    let missing = open(Path::new("/no/such/folder"), DatasetKind::Auto).unwrap_err();
    assert!(missing.to_string().contains("/no/such/folder"), "{missing}");
    for (files, word) in [
        (&["chair/train/a.off", "sofa/"][..], "`sofa`"),
        (&["chair/train/a.off", "sofa/train/"], "`sofa`"),
        (&["train/chair/a.off", "train/sofa/"], "`sofa`"),
        (&["chair/a.off", "sofa/"], "`sofa`"),
        (&["a/"], "empty folder"),
        (&["a.md", "b.jpg"], "none of them a shape"),
    ] {
        let error = auto(files).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(!error.contains('\n'));
    }
}

#[test]
fn names_are_found_in_any_spelling() {
    let root = folder(&[
        "modelnet40_normal/chair/train/chair_0001.txt",
        "ModelNet40/chair/train/chair_0001.off",
        "ModelNet40/lamp/train/lamp_0001.off",
        "modelnet10-pcd/ModelNet10/chair/train/chair_0001.pcd",
        "modelnet100/x.off",
    ]);
    let dataset = find("modelnet40", root.path()).unwrap();
    assert!(dataset.root.ends_with("ModelNet40"));
    assert_eq!(dataset.name, "ModelNet40");
    assert!(
        find("ModelNet10", root.path())
            .unwrap()
            .root
            .ends_with("modelnet10-pcd")
    );
    let error = find("shapenet", root.path()).unwrap_err();
    assert!(matches!(error, DatasetError::NotFound { .. }), "{error}");
    assert_eq!(
        find("modelnet40", &root.path().join("ModelNet40"))
            .unwrap()
            .items
            .len(),
        2
    );
}

/// As `auto`, with contents for some files.
fn auto_with(files: &[&str], texts: &[(&str, &str)]) -> Result<Dataset, DatasetError> {
    let names: Vec<&str> = files
        .iter()
        .copied()
        .chain(texts.iter().map(|(name, _)| *name))
        .collect();
    let folder = folder(&names);
    for (name, text) in texts {
        fs::write(folder.path().join(name), text).unwrap();
    }
    open(folder.path(), DatasetKind::Auto)
}

#[test]
fn shapenet_keeps_leading_zeros_and_takes_the_official_split() {
    let dataset = auto_with(
        &[
            "02691156/aaa/models/model_normalized.obj",
            "02691156/aaa/models/model_normalized.solid.binvox",
            "02691156/bbb/models/model_normalized.obj",
            "02958343/ccc/screenshots/",
        ],
        &[
            ("taxonomy.json", r#"[{"synsetId":"02691156","name":"airplane,aeroplane"}]"#),
            ("all.csv", "id,synsetId,subSynsetId,modelId,split\n1,2691156,1,aaa,val\n2,02691156,1,zzz,test\n"),
        ],
    )
    .unwrap();
    assert_eq!(dataset.layout, "ShapeNetCore v2");
    assert_eq!(dataset.classes, ["02691156 airplane", "02958343"]);
    assert_eq!(
        summary(&dataset),
        [
            ("02691156/aaa".into(), Some(0), Split::Val),
            ("02691156/bbb".into(), Some(0), Split::Train),
        ]
    );
    let whole = dataset.completeness.unwrap();
    assert_eq!(
        (whole.missing, whole.unexpected),
        (vec!["02691156/zzz".into()], vec!["02691156/bbb".into()])
    );
    assert_eq!(
        dataset.notes,
        ["1 model folders hold no model file and were left out"]
    );
    assert_eq!(
        auto(&["02691156/aaa/model.obj"]).unwrap().layout,
        "ShapeNetCore v1"
    );
    let broken = auto_with(&["02691156/aaa/model.obj"], &[("all.csv", "a,b\n1,2\n")]).unwrap_err();
    assert!(broken.to_string().contains("all.csv:1:"), "{broken}");
}

#[test]
fn shapenet55_reads_its_lists() {
    let dataset = auto_with(
        &[
            "shapenet_pc/02691156-aaa.npy",
            "shapenet_pc/02691156-bbb.npy",
            "shapenet_pc/04379243-c.npy",
        ],
        &[
            (
                "ShapeNet-55/train.txt",
                "02691156-aaa.npy\n04379243-c.npy\n",
            ),
            ("ShapeNet-55/test.txt", "02691156-bbb.npy\n"),
        ],
    )
    .unwrap();
    assert_eq!(dataset.classes, ["02691156", "04379243"]);
    assert_eq!(
        (dataset.count(Split::Train), dataset.count(Split::Test)),
        (2, 1)
    );
    assert!(dataset.completeness.unwrap().is_whole());
}

#[test]
fn shapenet55_takes_both_lists_from_its_own_folder() {
    let files = [
        "shapenet_pc/02691156-aaa.npy",
        "shapenet_pc/02691156-bbb.npy",
    ];
    let lists = |folders: &[&str]| -> Vec<(String, String)> {
        let list = |folder: &str| {
            let (train, test) = match folder {
                "ShapeNet-55" => ("aaa", "bbb"),
                _ => ("bbb", "aaa"),
            };
            [("train", train), ("test", test)].map(|(split, id)| {
                (
                    format!("{folder}/{split}.txt"),
                    format!("02691156-{id}.npy\n"),
                )
            })
        };
        folders.iter().flat_map(|folder| list(folder)).collect()
    };
    let read = |lists: &[(String, String)]| {
        let texts: Vec<(&str, &str)> = lists.iter().map(|(a, b)| (&**a, &**b)).collect();
        auto_with(&files, &texts)
    };
    let dataset = read(&lists(&["ShapeNet-34", "ShapeNet-55", "a"])).unwrap();
    assert_eq!(dataset.items[0].split, Split::Train);
    assert_eq!(dataset.items[1].split, Split::Test);
    let dataset = read(&lists(&["ShapeNet-34"])).unwrap();
    assert_eq!(dataset.items[0].split, Split::Test);
    let error = read(&lists(&["ShapeNet-34", "unseen"]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("ShapeNet-34, unseen"), "{error}");
    let error = read(&lists(&["ShapeNet-55"])[..1]).unwrap_err().to_string();
    assert!(
        error.contains("ShapeNet-55/test.txt: is not there"),
        "{error}"
    );
}

#[test]
fn anyones_chairs_are_not_modelnet() {
    let dataset = auto(&[
        "chair/train/kitchen.off",
        "chair/test/chair_0890.off",
        "table/train/desk 3.off",
    ])
    .unwrap();
    assert_eq!(dataset.layout, "folders of classes and splits");
    assert_eq!(dataset.up_axis, "unknown");
    assert!(dataset.completeness.is_none());
}

#[test]
fn folders_of_splits_alone_are_no_classes() {
    let dataset = auto(&["train/a.off", "train/b.off", "Test/c.off"]).unwrap();
    assert_eq!(dataset.layout, "folders of splits");
    assert!(dataset.classes.is_empty());
    assert_eq!(
        (dataset.count(Split::Train), dataset.count(Split::Test)),
        (2, 1)
    );
    assert!(dataset.items.iter().all(|item| item.class.is_none()));
    // One folder of another name: a class like any other.
    let dataset = auto(&["train/a.off", "station/b.off"]).unwrap();
    assert_eq!(dataset.classes, ["station", "train"]);
}

#[test]
fn resampled_modelnet_takes_its_splits_from_lists() {
    let dataset = auto_with(
        &[
            "night_stand/night_stand_0201.txt",
            "bed/bed_0001.txt",
            "modelnet40_train_8192pts_fps.dat",
        ],
        &[
            ("modelnet40_train.txt", "bed_0001\nbed_0002\n"),
            ("modelnet40_test.txt", "night_stand_0201\n"),
            ("modelnet10_train.txt", "bed_0001\n"),
        ],
    )
    .unwrap();
    assert_eq!(
        (dataset.name.as_str(), dataset.up_axis.as_str()),
        ("ModelNet40", "y")
    );
    assert_eq!(dataset.classes, ["bed", "night_stand"]);
    assert_eq!((dataset.items.len(), dataset.count(Split::Test)), (3, 1));
    assert!(dataset.notes[0].contains("pickles"));
    assert!(
        dataset
            .completeness
            .unwrap()
            .missing
            .contains(&"bed/bed_0002".to_owned())
    );
}

#[test]
fn shapenet_part_names_listed_objects_that_are_absent() {
    let dataset = auto_with(
        &["04225987/aa.txt", "04379243/bb.txt"],
        &[
            (
                "synsetoffset2category.txt",
                "Skateboard\t04225987\nTable\t04379243\n",
            ),
            (
                "train_test_split/shuffled_train_file_list.json",
                r#"["shape_data/04225987/aa"]"#,
            ),
            (
                "train_test_split/shuffled_test_file_list.json",
                r#"["shape_data/04379243/bb", "shape_data/04379243/cc"]"#,
            ),
            ("train_test_split/shuffled_val_file_list.json", "[]"),
        ],
    )
    .unwrap();
    assert_eq!(dataset.classes, ["Skateboard", "Table"]);
    assert_eq!(dataset.items[1].split, Split::Test);
    let whole = dataset.completeness.unwrap();
    assert_eq!(
        whole.to_string(),
        "train 1 of 1, test 1 of 2; missing: 04379243/cc"
    );
}

#[test]
fn a_table_gives_labels_and_splits() {
    let table = "\u{feff}file,class,split\na.ply,cat,test\nsub/b,dog,train\nc.ply,cat,val\ngone.ply,dog,test\n";
    let dataset = auto_with(
        &["a.ply", "sub/b.off", "c.ply", "sub/d.ply"],
        &[("labels.csv", table)],
    )
    .unwrap();
    assert_eq!(dataset.classes, ["cat", "dog", "sub"]);
    assert_eq!(
        summary(&dataset),
        [
            ("a".into(), Some(0), Split::Test),
            ("c".into(), Some(0), Split::Val),
            ("sub/b".into(), Some(1), Split::Train),
            ("sub/d".into(), Some(2), Split::Train),
        ]
    );
    let whole = dataset.completeness.unwrap();
    assert_eq!(
        (whole.missing, whole.unexpected),
        (vec!["gone.ply".into()], vec!["sub/d".into()])
    );
    for (table, word) in [
        (
            "file,colour\na,red\n",
            "labels.csv:1: expected a column `file`",
        ),
        (
            "file,split\na,often\n",
            "labels.csv:2: expected train, val or test",
        ),
        (
            "file,class\na,x\na.ply,y\n",
            "labels.csv:3: `a` is there twice",
        ),
        ("file,class\n,x\n", "labels.csv:2: expected the name"),
    ] {
        let error = auto_with(&["a.ply"], &[("labels.csv", table)])
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{error}");
    }
    // Two files of one name are told apart by their endings.
    let table = "file,class\na.off,x\na.ply,y\n";
    let dataset = auto_with(&["a.off", "a.ply"], &[("labels.csv", table)]).unwrap();
    assert_eq!(
        summary(&dataset),
        [
            ("a.off".into(), Some(0), Split::Train),
            ("a.ply".into(), Some(1), Split::Train),
        ]
    );
}

#[test]
fn aligned_modelnet_and_incomplete_lists_are_said() {
    let files = ["chair/train/chair_0001.off", "chair/train/chair_0001.annot"];
    assert_eq!(
        auto(&files).unwrap().layout,
        "ModelNet folders, manually aligned"
    );
    let dataset = auto_with(
        &["shapenet_pc/02691156-aaa.npy", "ShapeNet-55/test.txt"],
        &[("ShapeNet-55/train.txt", "02691156-aaa.npy\n")],
    )
    .unwrap();
    assert!(
        dataset.notes[0].contains("41952 and 10518"),
        "{:?}",
        dataset.notes
    );
}
