//! Small valid files of every format, and the archives that hold them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A small valid file of each format.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let off =
        b"COFF\n4 2 0 # counts\n0 0 0\n1 0 0\n1 1 0\n0 1.5e-1 0\n4 0 1 2 3 255 0 0\n3 0 1 2\n";
    let ply = b"ply\nformat ascii 1.0\ncomment c\nelement vertex 3\nproperty float x\nproperty float y\n\
        property double z\nproperty uchar red\nelement face 1\nproperty list uchar int vertex_indices\n\
        end_header\n0 0 0 1\n1 0 0 2\n0 1 0 3\n3 0 1 2\n";
    let mut binary_ply = b"ply\r\nformat binary_big_endian 1.0\r\nelement vertex 2\r\nproperty float x\r\n\
        property float y\r\nproperty float z\r\nelement face 1\r\nproperty list uchar ushort vertex_index\r\n\
        end_header\r\n".to_vec();
    binary_ply.extend(
        [1f32, 2.0, 3.0, 4.0, 5.0, 6.0]
            .iter()
            .flat_map(|x| x.to_be_bytes()),
    );
    binary_ply.extend([3, 0, 0, 0, 1, 0, 1]);
    let obj =
        b"# o\nv 0 0 0\nv 1 0 0 0.5 0.5 0.5\nv 0 1 0\nvt 0 0\ng a\nf 1/1 2/1 \\\n3/1\nf -3 -2 -1\n";
    let stl = b"solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\n\
        endfacet\nendsolid a\n";
    let mut binary_stl = vec![b's'; 80];
    binary_stl.extend([1, 0, 0, 0]);
    binary_stl.extend(
        [0f32, 0., 1., 0., 0., 0., 1., 0., 0., 0., 1., 0.]
            .iter()
            .flat_map(|x| x.to_le_bytes()),
    );
    binary_stl.extend([0, 0]);
    let pcd = |data: &str| {
        format!(
            "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1\n\
             WIDTH 2\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\nDATA {data}\n"
        )
        .into_bytes()
    };
    let packed: Vec<u8> = [33u32, 32]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .chain([31])
        .chain(0..32)
        .collect();
    let mut npy = b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }           \n".to_vec();
    npy.extend(
        [1f32, 2.0, 3.0, 4.0, 5.0, 6.0]
            .iter()
            .flat_map(|x| x.to_le_bytes()),
    );
    let binvox = b"#binvox 1\ndim 2 2 2\ntranslate 0 0 0\nscale 1\ndata\n\x00\x03\x01\x05";
    let array = |descr: &str, shape: &str, numbers: &[u8]| {
        let head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((head.len() as u16).to_le_bytes());
        bytes.extend(head.as_bytes());
        bytes.extend(numbers);
        bytes
    };
    let grids = array("|u1", "(2, 2, 2, 1)", &[1, 0, 0, 1, 0, 0, 0, 1]);
    let labels = array("<i4", "(2,)", &[3, 0, 0, 0, 4, 0, 0, 0]);
    let tar = tar_of(&[("a.off", off)]);
    vec![
        ("off", off.to_vec()),
        ("ply", ply.to_vec()),
        ("ply", binary_ply),
        ("obj", obj.to_vec()),
        ("stl", stl.to_vec()),
        ("stl", binary_stl),
        (
            "pcd",
            [pcd("ascii"), b"1 2 3 4\n5 6 7 8\n".to_vec()].concat(),
        ),
        ("pcd", [pcd("binary"), vec![0x3f; 32]].concat()),
        ("pcd", [pcd("binary_compressed"), packed].concat()),
        ("npz", zip_of(&[("points.npy", &npy)])),
        (
            "npz",
            zip_of(&[
                ("X_train.npy", &grids),
                ("y_train.npy", &labels),
                ("X_test.npy", &grids),
                ("y_test.npy", &labels),
            ]),
        ),
        ("npy", npy),
        (
            "csv",
            b"x,y,z,nx,ny,nz\n1,2,3,0,0,1\n4,5,6,1,0,0\n".to_vec(),
        ),
        ("pts", b"2\n1 2 3\n4 5 6\n".to_vec()),
        ("binvox", binvox.to_vec()),
        ("zip", zip_of(&[("a.off", off)])),
        ("gz", gzip(&tar)),
        ("tar", tar),
        ("xz", include_bytes!("../fixtures/point.off.xz").to_vec()),
        ("zst", include_bytes!("../fixtures/point.off.zst").to_vec()),
        ("h5", include_bytes!("../fixtures/two_clouds.h5").to_vec()),
    ]
}

/// A zip of files.
pub fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .expect("memory");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// A tar of files.
pub fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        // Written as it stands: the setter of paths refuses what tests of refusal need.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).expect("memory");
    }
    builder.into_inner().expect("memory")
}

/// What gzip makes of bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
