//! Questions about the past, each against an answer that was worked out from full lists.

mod changes;
mod compare;
mod past;
mod search;
mod timeline;
mod usage;
