//! The executable, driven as a user and a shell drive it, against peers on real loopback sockets.
//!
//! One binary for all, so that it links once. What a module tests stands in its name; `harness` runs the program and plays
//! the other side. `WSPIPE_REGENERATE=1 cargo test generated` writes the pages and completions anew.

mod generated;
mod harness;

mod access;
mod answers;
mod both_ways;
mod broadcast;
mod captured;
mod certificates;
mod closing;
mod compression;
mod diagnosis;
mod dialogue;
mod ending;
mod events;
mod exec;
mod floods;
mod forward;
mod heartbeat;
mod hexdump;
mod idle;
mod input;
mod inspect;
mod interim;
mod json;
mod listen;
mod listening;
mod output;
mod page;
mod parting;
mod ping;
mod progress;
mod proxy;
mod reaching;
mod reconnect;
mod record;
mod records;
mod redirect;
mod refusal;
mod replay;
mod request;
mod retry;
mod schema;
mod secrets;
mod slow;
mod sockets;
mod starting;
mod stats;
mod statuses;
mod strangers;
mod stuck;
mod tls;
mod violations;
