//! Methods that take scratch allocate nothing, and plans hold the bytes that they say.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use spectra_spectral::{
    Legendre, Method, Rotation, RotationScratch, ScatteredPlan, SphereGrid, SphericalPlan,
    ZernikePlan, harmonics_into,
};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, counting for each thread.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; counting itself never allocates. What is not overridden comes by these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        HELD.set(HELD.get() + layout.size() as isize);
        PEAK.set(PEAK.get().max(HELD.get()));
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as isize);
        // SAFETY: the caller gives back what `alloc` gave.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn calls_of(work: impl FnOnce()) -> usize {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

fn bytes_of<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    let made = make();
    (made, (HELD.get() - before) as usize)
}

/// The most bytes that were held at once beyond those before.
fn peak_of(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    PEAK.set(before);
    work();
    (PEAK.get() - before) as usize
}

fn cloud(points: usize) -> Vec<[f64; 3]> {
    let at = |i: usize| {
        let t = i as f64;
        [t.sin() * 0.5, t.cos() * 0.5, (0.37 * t).sin() * 0.6]
    };
    (0..points).map(at).collect()
}

#[test]
fn the_counter_counts() {
    assert_eq!(calls_of(|| drop(Vec::<u8>::with_capacity(10))), 1);
}

#[test]
fn ball_transforms_allocate_nothing() {
    let (plan, points) = (ZernikePlan::<f64>::new(16).unwrap(), cloud(700));
    let (mut scratch, mut moments) = (plan.scratch(), vec![0.0; plan.count()]);
    let mut values = vec![0.0; points.len()];
    let calls = calls_of(|| {
        plan.moments_into(&points, None, &mut moments, &mut scratch)
            .unwrap();
        plan.evaluate_into(&moments, &points, &mut values, &mut scratch)
            .unwrap();
    });
    assert_eq!(calls, 0);
    let mut scratch = plan.gradient_scratch();
    let mut out = plan.moments_gradient(&moments, &points, None).unwrap();
    let calls = calls_of(|| {
        plan.moments_gradient_into(&moments, &points, None, &mut out, &mut scratch)
            .unwrap();
    });
    assert_eq!(calls, 0);
}

#[test]
fn harmonics_of_many_directions_allocate_nothing() {
    let (legendre, mut values) = (Legendre::new(20).unwrap(), vec![0.0; 441]);
    let calls = calls_of(|| {
        for point in cloud(10) {
            harmonics_into(&legendre, point, &mut values).unwrap();
        }
    });
    // The cloud itself.
    assert_eq!(calls, 1);
}

#[test]
fn few_points_at_a_high_degree_take_the_memory_of_direct_sums_alone() {
    let plan = ScatteredPlan::<f64>::new(200).unwrap();
    let whole = bytes_of(|| plan.scratch()).1;
    let peak = peak_of(|| drop(plan.adjoint(&[[0.1, 0.2, 0.3]], None).unwrap()));
    assert!(peak < whole / 4, "{peak} of {whole} bytes");
}

#[test]
fn sums_over_points_allocate_nothing() {
    let points = cloud(700);
    for method in [Method::Direct, Method::Fast { error: 1e-9 }] {
        let plan = ScatteredPlan::<f64>::with_method(40, method).unwrap();
        let (mut scratch, mut sums) = (plan.scratch(), vec![0.0; plan.count()]);
        let mut values = vec![0.0; points.len()];
        let calls = calls_of(|| {
            plan.adjoint_into(&points, None, &mut sums, &mut scratch)
                .unwrap();
            plan.evaluate_into(&sums, &points, &mut values, &mut scratch)
                .unwrap();
        });
        assert_eq!(calls, 0, "{method:?}");
    }
}

#[test]
fn transforms_on_grids_allocate_nothing() {
    for grid in [
        SphereGrid::gauss_legendre(31),
        SphereGrid::driscoll_healy(32),
        SphereGrid::healpix(16),
    ] {
        let plan = SphericalPlan::<f64>::new(grid.unwrap(), 31).unwrap();
        let (mut scratch, mut a) = (plan.scratch(), vec![1.0; plan.count()]);
        let mut fields = [(); 2].map(|()| vec![0.0; plan.grid().len()]);
        let calls = calls_of(|| {
            plan.synthesis_into(&a, &mut fields[0], &mut scratch)
                .unwrap();
            plan.analysis_into(&fields[0], &mut a, &mut scratch)
                .unwrap();
            let [south, east] = &mut fields;
            plan.gradient_into(&a, [south, east], &mut scratch).unwrap();
        });
        assert_eq!(calls, 0, "{:?}", plan.grid().kind());
    }
}

#[test]
fn rotations_allocate_nothing_once_the_scratch_has_grown() {
    let rotation = Rotation::from_euler_zyz(0.3, 1.0, -2.0, 16);
    let (mut sphere, mut ball) = (vec![1.0f64; 289], vec![1.0f64; 969]);
    let mut scratch = RotationScratch::default();
    let mut turn = || {
        rotation
            .apply_spherical_with(&mut sphere, &mut scratch)
            .unwrap();
        rotation
            .apply_zernike_with(16, &mut ball, &mut scratch)
            .unwrap();
    };
    turn();
    assert_eq!(calls_of(turn), 0);
}

#[test]
fn plans_hold_what_they_say() {
    // Beside the tables there are the lists that point into them and, for the fast way and grids, Fourier tables.
    let near = |what: &str, said: usize, held: usize| {
        println!("{what}: {said} of {held} bytes");
        assert!(
            said <= held && held < said + said / 3 + 8192,
            "{what}: {said} {held}"
        );
    };
    let (plan, held) = bytes_of(|| ZernikePlan::<f64>::new(31).unwrap());
    near("ball", plan.bytes(), held);
    let direct = || ScatteredPlan::<f64>::with_method(200, Method::Direct).unwrap();
    let (plan, held) = bytes_of(direct);
    near("direct", plan.bytes(), held);
    let fast = || ScatteredPlan::<f64>::with_method(200, Method::Fast { error: 1e-12 }).unwrap();
    let (plan, held) = bytes_of(fast);
    near("fast", plan.bytes(), held);
    let grid = SphereGrid::gauss_legendre(200).unwrap();
    let (plan, held) = bytes_of(|| SphericalPlan::<f64>::new(grid, 200).unwrap());
    near("grid", plan.bytes(), held);
}
