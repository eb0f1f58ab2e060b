//! What the subjects share: drives, the command line, the engine with a clock of its own, and trees.

pub mod cli;
pub mod drive;
pub mod engine;
pub mod place;
pub mod small;
pub mod tree;
pub mod wait;
