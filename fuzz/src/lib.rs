//! Programs that fuzz the targets of `tests/fuzz`, guided by coverage.

/// Makes a program that fuzzes this target. Half of the mutations are libFuzzer's own, and half know JSON.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::$name(input));
        libfuzzer_sys::fuzz_mutator!(|input: &mut [u8],
                                      size: usize,
                                      max_size: usize,
                                      seed: u32| {
            $crate::mutated(input, size, max_size, seed)
        });
    };
}

/// Changes the input, which is the first `size` bytes, and returns its new size: at most `max_size`.
pub fn mutated(input: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if seed.is_multiple_of(2) {
        return libfuzzer_sys::fuzzer_mutate(input, size, max_size);
    }
    let mut random = fastrand::Rng::with_seed(seed.into());
    let mut changed = fuzz_targets::mutate::mutate(&input[..size], b"", &mut random);
    changed.truncate(max_size);
    input[..changed.len()].copy_from_slice(&changed);
    changed.len()
}
