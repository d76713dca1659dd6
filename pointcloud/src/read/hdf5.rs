//! HDF5 files of many clouds, as ModelNet40 and ScanObjectNN are shared.

use hdf5_reader::error::Error;
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};

use crate::error::{At, ReadError};
use crate::input::Input;
use crate::{Limits, PointCloud, Shape};

/// How a file begins.
pub(crate) const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Many clouds and their classes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CloudSet {
    /// The clouds of the array `data`, with the normals of `normal` where the file has it.
    pub clouds: Vec<PointCloud>,
    /// The classes of the array `label`; empty without one.
    pub labels: Vec<i64>,
}

/// Reads the content of a file with the arrays `data` (N, P, 3), `label` (N) or (N, 1), and `normal` (N, P, 3); the last two
/// may be absent. Shapes are held against [`Limits`] before any number is read; [`Limits::points`] bounds all
/// clouds together. Coordinates are as the file has them, NaN and infinity included: one bad cloud is no reason to
/// refuse the others. `name` stands in errors.
///
/// # Errors
///
/// [`ReadError`] where an array is missing, of another shape, or damaged.
pub fn read_hdf5_clouds(bytes: &[u8], name: &str, limits: &Limits) -> Result<CloudSet, ReadError> {
    clouds(&Input {
        bytes,
        name,
        format: "HDF5",
        limits,
    })
}

/// Reads a file of one cloud.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut set = clouds(input)?;
    match (set.clouds.pop(), set.clouds.len()) {
        (Some(cloud), 0) => input.cloud(cloud, |_| At::File),
        (None, _) => Err(input.empty("no clouds")),
        (Some(_), others) => Err(ReadError::ManyShapes {
            place: input.place(At::File),
            count: others as u64 + 1,
            advice: "convert the folder that holds it as a data set",
        }),
    }
}

fn clouds(input: &Input) -> Result<CloudSet, ReadError> {
    let bytes = usize::try_from(input.limits.bytes).unwrap_or(usize::MAX);
    let options = OpenOptions::default()
        .with_max_chunk_bytes(bytes)
        .with_max_read_bytes(bytes);
    let file = Hdf5File::from_bytes_with_options(input.bytes, options)
        .map_err(|error| damaged(input, "the file", &error))?;
    let data = array(input, &file, "data")?.ok_or_else(|| ReadError::MissingMember {
        place: input.place(At::File),
        member: "data".into(),
    })?;
    let &[count, points, 3] = data.shape() else {
        return Err(wrong_shape(input, "`data` of shape (N, P, 3)", &data));
    };
    input.check_points(count.saturating_mul(points))?;
    if count.saturating_mul(points) == 0 {
        return Err(input.empty("no points"));
    }
    let mut clouds: Vec<PointCloud> = triples(input, &data, points)?
        .into_iter()
        .map(PointCloud::new)
        .collect();
    if let Some(normals) = array(input, &file, "normal")? {
        if normals.shape() != data.shape() {
            return Err(wrong_shape(
                input,
                "`normal` of the shape of `data`",
                &normals,
            ));
        }
        for (cloud, normals) in clouds.iter_mut().zip(triples(input, &normals, points)?) {
            cloud.normals = Some(normals);
        }
    }
    let labels = match array(input, &file, "label")? {
        None => Vec::new(),
        Some(labels) if labels.shape().iter().product::<u64>() == count => {
            let numbers = numbers(input, &labels)?;
            numbers.into_iter().map(|label| label as i64).collect()
        }
        Some(labels) => return Err(wrong_shape(input, "one `label` for each cloud", &labels)),
    };
    Ok(CloudSet { clouds, labels })
}

/// An array by its name, `None` where the file has none.
fn array(input: &Input, file: &Hdf5File, name: &str) -> Result<Option<Dataset>, ReadError> {
    let mut error = match file.dataset(&format!("/{name}")) {
        Ok(array) => return Ok(Some(array)),
        Err(error) => error,
    };
    while let Error::Context { source, .. } = error {
        error = *source;
    }
    match error {
        Error::DatasetNotFound(_) => Ok(None),
        other => Err(damaged(input, "an array", &other)),
    }
}

fn damaged(input: &Input, what: &str, error: &Error) -> ReadError {
    input.corrupt(At::File, format!("{what}: {error}"))
}

fn wrong_shape(input: &Input, expected: &'static str, found: &Dataset) -> ReadError {
    input.syntax(At::File, expected, &format!("shape {:?}", found.shape()))
}

fn triples(input: &Input, data: &Dataset, points: u64) -> Result<Vec<Vec<[f64; 3]>>, ReadError> {
    let numbers = numbers(input, data)?;
    let (rows, _) = numbers.as_chunks::<3>();
    Ok(rows.chunks(points as usize).map(<[_]>::to_vec).collect())
}

/// All numbers of an array of any of the types in use.
fn numbers(input: &Input, data: &Dataset) -> Result<Vec<f64>, ReadError> {
    use Datatype::{FixedPoint, FloatingPoint};
    macro_rules! read {
        ($number:ty) => {
            data.read_array::<$number>()
                .map(|array| array.iter().map(|&x| x as f64).collect())
        };
    }
    let numbers = match data.dtype() {
        FloatingPoint { size: 4, .. } => read!(f32),
        FloatingPoint { size: 8, .. } => read!(f64),
        FixedPoint {
            size: 1,
            signed: false,
            ..
        } => read!(u8),
        FixedPoint {
            size: 1,
            signed: true,
            ..
        } => read!(i8),
        FixedPoint {
            size: 2,
            signed: false,
            ..
        } => read!(u16),
        FixedPoint {
            size: 2,
            signed: true,
            ..
        } => read!(i16),
        FixedPoint {
            size: 4,
            signed: false,
            ..
        } => read!(u32),
        FixedPoint {
            size: 4,
            signed: true,
            ..
        } => read!(i32),
        FixedPoint {
            size: 8,
            signed: false,
            ..
        } => read!(u64),
        FixedPoint {
            size: 8,
            signed: true,
            ..
        } => read!(i64),
        other => {
            let what = format!("the type of `{}`, {other:?},", data.name());
            return Err(input.unsupported(At::File, what, "save it as float32"));
        }
    };
    numbers.map_err(|error| damaged(input, "an array", &error))
}
