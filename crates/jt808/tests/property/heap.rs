//! What a call may take of the heap.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Runs `step`, which may hold at most so many bytes more than were held before, at any moment. Another thread that
/// allocates meanwhile is counted as well: only for processes that do one thing at a time.
pub fn bounded(bytes_max: usize, step: impl FnOnce()) {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    step();
    let held = HEAP.peak_usage().saturating_sub(before);
    assert!(held <= bytes_max, "{held} bytes of the heap, expected at most {bytes_max}");
}
