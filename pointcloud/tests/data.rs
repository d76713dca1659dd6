//! Real files, where they are present.

use std::path::{Path, PathBuf};
use std::process::Command;

use spectra_pointcloud::{Limits, Shape, VoxelPart, read_path, read_voxels_npz, unit_cloud};

/// A file of the shared data, or `None` with a plain word where it is absent.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SPECTRA_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} absent", path.display());
    None
}

/// Unpacks the members of a tar file that match a pattern.
fn unpack(archive: &str, pattern: &str) -> Option<tempfile::TempDir> {
    let archive = shared(archive)?;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let status = Command::new("tar")
        .args(["--wildcards", "-xf"])
        .arg(&archive)
        .arg("-C")
        .arg(dir.path())
        .arg(pattern)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        println!("skipped: tar cannot unpack {}", archive.display());
        return None;
    }
    Some(dir)
}

#[test]
fn modelnet_meshes() {
    let Some(dir) = unpack("modelnet-off-sample.tar.gz", "*.off") else {
        return;
    };
    let path = dir.path().join("ModelNet10/chair/train/chair_0001.off");
    let shape = read_path(&path, &Limits::default()).expect("a ModelNet mesh");
    assert_eq!(
        (shape.points().len(), shape.faces().len()),
        (18_515, 26_870)
    );
    let cloud = unit_cloud(&shape, 2048, 0, 0).expect("a surface");
    assert_eq!(cloud.points.len(), 2048);

    // The header as most of ModelNet40 has it: run together with the counts.
    let text = std::fs::read_to_string(&path)
        .expect("readable")
        .replacen("OFF\n", "OFF", 1);
    let glued = dir.path().join("glued.off");
    std::fs::write(&glued, text).expect("writable");
    assert_eq!(
        read_path(&glued, &Limits::default()).expect("the same mesh"),
        shape
    );
}

#[test]
fn modelnet_clouds() {
    let Some(dir) = unpack("modelnet10-pcd.tar.xz", "ModelNet10/bed/test/*") else {
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(dir.path().join("ModelNet10/bed/test")).expect("a folder") {
        let shape =
            read_path(&entry.expect("an entry").path(), &Limits::default()).expect("a cloud");
        assert!(matches!(&shape, Shape::Cloud(cloud) if cloud.points.len() == 1024));
        unit_cloud(&shape, 1024, 0, 0).expect("an extent");
        count += 1;
    }
    assert_eq!(count, 100);
}

#[test]
fn modelnet_arrays() {
    let Some(dir) = unpack("modelnet40-npy.tar.xz", "ModelNet40/airplane/test/*") else {
        return;
    };
    let path = dir
        .path()
        .join("ModelNet40/airplane/test/airplane_0627.npy");
    let shape = read_path(&path, &Limits::default()).expect("a cloud");
    assert_eq!(shape.points().len(), 1024);
    let radius = shape
        .points()
        .iter()
        .map(|p| p.iter().map(|x| x * x).sum::<f64>().sqrt());
    assert!((radius.fold(0.0, f64::max) - 1.0).abs() < 1e-6);
}

#[test]
fn modelnet_voxels() {
    let Some(path) = shared("modelnet10-vox32.npz") else {
        return;
    };
    let bytes = std::fs::read(&path).expect("readable");
    let set = read_voxels_npz(&bytes, "grids", &Limits::default()).expect("voxel grids");
    assert_eq!((set.train.len(), set.test.len()), (3991, 908));
    assert_eq!((set.train.labels.len(), set.test.labels.len()), (3991, 908));
    assert_eq!(set.train.size, [32, 32, 32]);
    let empty = |part: &VoxelPart| {
        let grids = (0..part.len()).filter_map(|index| part.cells(index));
        grids.filter(|cells| cells.is_empty()).count()
    };
    assert_eq!((empty(&set.train), empty(&set.test)), (27, 7));
    let cloud = set.train.cloud(0).expect("the first grid");
    assert!(
        cloud
            .points
            .iter()
            .flatten()
            .all(|&x| (0.0..32.0).contains(&x))
    );
}
