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
/// clouds together, [`Limits::expansion`] each array by the size of the file. Coordinates are as the file has them, NaN and infinity included: one bad cloud is no reason to
/// refuse the others. `name` stands in errors.
///
/// # Errors
///
/// [`ReadError`] where an array is missing, of another shape, or damaged.
pub fn read_hdf5_clouds(bytes: &[u8], name: &str, limits: &Limits) -> Result<CloudSet, ReadError> {
    let input = Input {
        bytes,
        name,
        format: "HDF5",
        limits,
    };
    clouds(&input, &arrays(&input)?)
}

/// Reads a file of one cloud.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let arrays = arrays(input)?;
    if arrays.count != 1 {
        return Err(ReadError::ManyShapes {
            place: input.place(At::File),
            count: arrays.count,
            advice: "convert the folder that holds it as a data set",
        });
    }
    match clouds(input, &arrays)?.clouds.pop() {
        Some(cloud) => input.cloud(cloud, |_| At::File),
        None => Err(input.empty("no clouds")),
    }
}

/// The arrays of a file, whose shapes fit each other and the limits.
struct Arrays {
    /// Clouds, and points of each.
    count: u64,
    points: u64,
    data: Dataset,
    normals: Option<Dataset>,
    labels: Option<Dataset>,
}

fn arrays(input: &Input) -> Result<Arrays, ReadError> {
    let bytes = usize::try_from(most(input)).unwrap_or(usize::MAX);
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
    if count == 0 || points == 0 {
        return Err(input.empty("no points"));
    }
    let normals = array(input, &file, "normal")?;
    if let Some(normals) = &normals
        && normals.shape() != data.shape()
    {
        let expected = "`normal` of the shape of `data`";
        return Err(wrong_shape(input, expected, normals));
    }
    let labels = array(input, &file, "label")?;
    if let Some(labels) = &labels
        && product(labels) != Some(count)
    {
        return Err(wrong_shape(input, "one `label` for each cloud", labels));
    }
    for array in [Some(&data), normals.as_ref(), labels.as_ref()] {
        array.map_or(Ok(()), |array| check_size(input, array))?;
    }
    Ok(Arrays {
        count,
        points,
        data,
        normals,
        labels,
    })
}

/// Bytes that an array may have: what it takes is reserved by its shape, and chunks need not be in the file.
fn most(input: &Input) -> u64 {
    input.limits.expanded(input.bytes.len() as u64)
}

fn check_size(input: &Input, array: &Dataset) -> Result<(), ReadError> {
    let size = array
        .raw_element_size()
        .map_err(|error| damaged(input, "an array", &error))?;
    let bytes = product(array).and_then(|count| count.checked_mul(size as u64));
    input.within(
        "unpacked bytes of an array",
        bytes.unwrap_or(u64::MAX),
        most(input),
    )
}

/// How many numbers an array has; `None` beyond 2^64.
fn product(array: &Dataset) -> Option<u64> {
    let mut sides = array.shape().iter();
    sides.try_fold(1u64, |count, &side| count.checked_mul(side))
}

fn clouds(input: &Input, arrays: &Arrays) -> Result<CloudSet, ReadError> {
    let points = triples(input, &arrays.data, arrays)?;
    let mut clouds: Vec<PointCloud> = points.into_iter().map(PointCloud::new).collect();
    if let Some(normals) = &arrays.normals {
        for (cloud, normals) in clouds.iter_mut().zip(triples(input, normals, arrays)?) {
            cloud.normals = Some(normals);
        }
    }
    let labels = match &arrays.labels {
        None => Vec::new(),
        Some(labels) => numbers(input, labels, |numbers| numbers.map(|x| x as i64).collect())?,
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

fn triples(
    input: &Input,
    data: &Dataset,
    arrays: &Arrays,
) -> Result<Vec<Vec<[f64; 3]>>, ReadError> {
    numbers(input, data, |numbers| {
        let mut rows =
            std::iter::from_fn(|| Some([numbers.next()?, numbers.next()?, numbers.next()?]));
        let cloud = |_| rows.by_ref().take(arrays.points as usize).collect();
        (0..arrays.count).map(cloud).collect()
    })
}

/// What is made of all numbers of an array of any of the types in use.
fn numbers<T>(
    input: &Input,
    data: &Dataset,
    take: impl FnOnce(&mut dyn Iterator<Item = f64>) -> T,
) -> Result<T, ReadError> {
    use Datatype::{FixedPoint, FloatingPoint};
    macro_rules! read {
        ($number:ty) => {
            data.read_array::<$number>()
                .map(|array| take(&mut array.iter().map(|&x| x as f64)))
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
