//! How the process gets its memory from the system, and how much it held.

/// Lets freed memory stay with the process, so that the next step finds it instead of asking the system for it again.
///
/// The GNU C library hands back each freed block above some size, and the top of its heap; a training step frees
/// and asks anew for hundreds of megabytes, and each page that comes back is cleared by the kernel first.
/// The peak of a run grows by what lies unused between blocks. Call it once, before the first large
/// allocation. Does nothing on other systems.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "the C library's settings have no safe interface"
    )]
    {
        /// The largest that the C library takes.
        const LARGEST_IN_HEAP: libc::c_int = 32 << 20;
        // SAFETY: mallopt may be called at any time; it reads its two numbers and refuses those that it does not know.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST_IN_HEAP);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        }
    }
}

/// The most memory that this process has held, in bytes; known on Linux.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(1024 * kilobytes)
}
