//! Questions about the past, asked of the engine.

mod search;
