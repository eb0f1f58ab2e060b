//! Going through folders from top to bottom, without recursion.

use crate::engine::index::NodeId;
use crate::engine::path::RelPath;

/// A way through folders, each entry before what is in it: memory for the names in the folders above an entry.
pub struct Way {
    /// The entry that it has come to.
    pub path: RelPath,
    /// Of each folder that was entered, the children that weren't visited yet, the next one last.
    waiting: Vec<Vec<(Vec<u8>, NodeId)>>,
}

impl Way {
    /// A way that begins at `path`.
    pub fn from(path: RelPath) -> Self {
        Self { path, waiting: Vec::new() }
    }

    /// Goes into the folder that it has come to, which has these `children`, the first last.
    pub fn enter(&mut self, children: Vec<(Vec<u8>, NodeId)>) {
        self.waiting.push(children);
    }

    /// Goes back to the folder above.
    pub fn leave(&mut self) {
        self.path.pop();
    }

    /// Goes on to the next entry; `None` at the end.
    pub fn next(&mut self) -> Option<NodeId> {
        while let Some(children) = self.waiting.last_mut() {
            if let Some((name, node)) = children.pop() {
                self.path.push(&name);
                return Some(node);
            }
            self.waiting.pop();
            self.path.pop();
        }
        None
    }
}
