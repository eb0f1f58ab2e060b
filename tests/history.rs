//! Questions about the past, asked of real backups, and answered once more from full lists.

mod changes;
mod compare;
mod deleted;
mod last_good;
mod missing;
mod past;
mod search;
mod timeline;
mod usage;
mod versions;
