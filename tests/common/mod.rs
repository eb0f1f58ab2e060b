//! What the subjects share: drives, the command line, the engine with a clock of its own, and trees.

pub mod aged;
pub mod attribute;
pub mod bound;
pub mod busy;
pub mod canary;
pub mod chain;
pub mod chance;
pub mod cli;
pub mod digest;
pub mod drive;
pub mod engine;
pub mod node;
pub mod place;
pub mod protected;
pub mod race;
pub mod sandbox;
pub mod sealed;
pub mod small;
pub mod survey;
pub mod trace;
pub mod tree;
pub mod wait;
