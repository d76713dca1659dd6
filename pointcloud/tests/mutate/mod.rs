//! Damaged files by the million: seeds of every format, and what is done to them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use spectra_pointcloud::{Limits, random, read_bytes};

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
    let zip = |name: &str, bytes: &[u8]| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .expect("memory");
        std::io::Write::write_all(&mut writer, bytes).expect("memory");
        writer.finish().expect("memory").into_inner()
    };
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_path("a.off").expect("a short name");
    header.set_size(off.len() as u64);
    header.set_cksum();
    tar.append(&header, off.as_slice()).expect("memory");
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
        ("npz", zip("points.npy", &npy)),
        ("npy", npy),
        (
            "csv",
            b"x,y,z,nx,ny,nz\n1,2,3,0,0,1\n4,5,6,1,0,0\n".to_vec(),
        ),
        ("pts", b"2\n1 2 3\n4 5 6\n".to_vec()),
        ("binvox", binvox.to_vec()),
        ("zip", zip("a.off", off)),
        ("tar", tar.into_inner().expect("memory")),
        ("xz", include_bytes!("../fixtures/point.off.xz").to_vec()),
        ("zst", include_bytes!("../fixtures/point.off.zst").to_vec()),
        ("h5", include_bytes!("../fixtures/two_clouds.h5").to_vec()),
    ]
}

/// Words that have broken readers before.
const WORDS: [&[u8]; 16] = [
    b"-1",
    b"0",
    b"4294967295",
    b"4294967296",
    b"9223372036854775808",
    b"18446744073709551615",
    b"1e999",
    b"nan",
    b"-0",
    b"\n",
    b"\r",
    b"#",
    b"\\\n",
    b"3.0",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
];

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    (rng.next_u64() % n.max(1) as u64) as usize
}

/// Does one to eight things to a file: flips, overwrites, inserts, removes, repeats, cuts, joins.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    for _ in 0..=below(rng, 8) {
        let (at, end) = (below(rng, bytes.len()), below(rng, bytes.len() + 1));
        let (from, to) = (at.min(end), at.max(end));
        match below(rng, 9) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << below(rng, 8),
            1 if !bytes.is_empty() => bytes[at] = rng.next_u64() as u8,
            2 | 3 => {
                let word = WORDS[below(rng, WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            4 => {
                let word = WORDS[below(rng, WORDS.len())];
                let end = (at + word.len()).min(bytes.len());
                bytes.splice(at..end, word.iter().copied());
            }
            5 => drop(bytes.drain(from..to.min(from + 16))),
            6 if bytes.len() < 1 << 16 => bytes.extend_from_within(from..to),
            7 => bytes.truncate(end),
            8 => bytes
                .splice(at..at, other[..below(rng, other.len() + 1)].iter().copied())
                .for_each(drop),
            _ => {}
        }
    }
}

/// Reads `count` damaged files, from number `first` on, under limits so tight that what ignores them is slow.
/// A panic names the number. Returns how many were read as shapes all the same.
pub fn run(first: u64, count: u64) -> u64 {
    let seeds = seeds();
    let mut limits = Limits::default();
    (limits.points, limits.faces, limits.bytes) = (100_000, 100_000, 16 << 20);
    let mut shapes = 0;
    for number in first..first + count {
        let mut rng = random::stream(0, 0, number);
        let (name, seed) = &seeds[below(&mut rng, seeds.len())];
        let (_, other) = &seeds[below(&mut rng, seeds.len())];
        let mut bytes = seed.clone();
        mutate(&mut bytes, other, &mut rng);
        // Now and then the name says another format than the content.
        let (wrong, _) = &seeds[below(&mut rng, seeds.len())];
        let name = if rng.next_u64().is_multiple_of(8) {
            wrong
        } else {
            name
        };
        let read = std::panic::catch_unwind(|| read_bytes(&bytes, &format!("a.{name}"), &limits));
        match read.unwrap_or_else(|_| panic!("file {number}, a.{name}, of {} bytes", bytes.len())) {
            Ok(shape) => {
                assert!(
                    shape.points().iter().flatten().all(|x| x.is_finite()),
                    "file {number}"
                );
                let corners = shape.faces().iter().flatten();
                assert!(
                    corners
                        .into_iter()
                        .all(|&v| (v as usize) < shape.points().len()),
                    "file {number}"
                );
                shapes += 1;
            }
            Err(error) => assert!(!error.kind().is_empty() && !error.to_string().is_empty()),
        }
    }
    shapes
}
