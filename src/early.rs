//! What happens before Rust's runtime starts: it is kept from giving each thread a stack for signals.
//!
//! The runtime reports an overflow of the stack in words of its own, from a signal handler that needs a second stack for
//! each thread. That is two memory mappings a thread, half of all there are, and Linux allows a process 65,530
//! (`vm.max_map_count`): with two threads each, 8,000 clients would be too many, and the runtime aborts when it can't have
//! one. It leaves signals alone that are not as the system sets them when it starts. An overflow still ends the process.

#![allow(unsafe_code, reason = "the runtime has no switch for it, and a signal can't be set otherwise")]

#[cfg(target_os = "linux")]
mod linux {
    use std::os::raw::c_int;

    use signal_hook::consts::{SIGBUS, SIGSEGV};

    /// As in the runtime: an overflow of the stack is the one or the other.
    const SIGNALS: [c_int; 2] = [SIGSEGV, SIGBUS];
    const SIG_DFL: usize = 0;
    const SIG_IGN: usize = 1;

    unsafe extern "C" {
        /// signal(2).
        fn signal(number: c_int, handler: usize) -> usize;
    }

    /// Runs before the runtime starts.
    // SAFETY: the loader calls what stands in this section once, on the one thread that there is.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static BEGIN: extern "C" fn() = begin;

    extern "C" fn begin() {
        set(SIG_IGN);
    }

    pub(super) fn end() {
        set(SIG_DFL);
    }

    fn set(handler: usize) {
        for number in SIGNALS {
            // SAFETY: both are handlers that signal(2) knows, and nothing else has set one for these signals.
            unsafe { signal(number, handler) };
        }
    }
}

/// Makes the signals what they were, now that the runtime has started: children inherit what is ignored.
pub(crate) fn end() {
    #[cfg(target_os = "linux")]
    linux::end();
}
