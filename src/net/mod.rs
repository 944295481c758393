//! Byte streams and waiting for them: everything here is about descriptors, and nothing about what the bytes mean.
//!
//! | module | purpose |
//! | --- | --- |
//! | [`wait`], [`Wake`] | waiting for several descriptors at once, and being woken from that |
//! | [`pipe`] | what standard input and output are, and making a pipe hold more |
//!
//! What holds throughout:
//!
//! - Connecting and waiting end at a deadline, where one is given, and go on when a signal interrupts them.

pub mod pipe;
mod poll;
mod wake;

pub use poll::{Interest, Ready, wait, wait_any};
pub use wake::Wake;
