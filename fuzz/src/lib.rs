//! What the fuzz targets share.
//!
//! An input of every target but `words` begins with six bytes that steer, a [`Plan`]; the rest is what comes from the
//! peer or from standard input. So seeds can be written by hand (`fuzz/seed` does), and a mutation of the rest keeps
//! its meaning.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`plan`] | in which pieces bytes come |
//! | [`transcript`] | what events say, however a message is cut |
//! | [`wire`] | frames that are right but for a detail |
//! | [`head`] | what is the same about two readings of an HTTP head |
//! | [`shown`] | what may be shown on a terminal |

pub mod head;
pub mod plan;
pub mod shown;
pub mod transcript;
pub mod wire;

pub use plan::Plan;
pub use transcript::{Entry, Transcript};
