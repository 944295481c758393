//! What the fuzz targets share.
//!
//! An input of every target but `words`, `extensions` and `script` begins with six bytes that steer, a [`Plan`]; the rest is what
//! comes from the peer or from standard input, or what that is made of. So seeds can be written by hand (`fuzz/seed`
//! does), and a mutation of the rest keeps its meaning.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`plan`] | in which pieces bytes come |
//! | [`transcript`] | what events say, however a message is cut |
//! | [`reading`] | what a decoder makes of pieces |
//! | [`wire`] | frames that are right but for a detail |
//! | [`payload`] | payload that DEFLATE has something to do with |
//! | [`deflated`] | compressed messages, block by block, right but for a detail |
//! | [`inflate`] | another reading of DEFLATE |
//! | [`head`] | what is the same about two readings of an HTTP head |
//! | [`shown`] | what may be shown on a terminal |

pub mod deflated;
pub mod head;
pub mod inflate;
pub mod payload;
pub mod plan;
pub mod reading;
pub mod shown;
pub mod transcript;
pub mod wire;

pub use plan::Plan;
pub use transcript::{Entry, Transcript};
