//! Folders of what a search finds, each looked up once however many paths are in it.

use std::collections::HashMap;

use super::needle::Needle;
use crate::engine::error::Result;
use crate::engine::index::{Index, Link, NodeId, ROOT_NODE};
use crate::engine::path::RelPath;

/// How long all paths together may be that are looked at: a forged index has folders of any depth.
const PATH_BYTES: usize = 8 << 20;

/// How many folders are looked at to tell whether they lie in the one that is searched.
const FOLDERS: usize = 65_536;

/// The folders of one index, and which of them are searched.
#[derive(Debug)]
pub struct Folders<'a> {
    index: &'a Index,
    needle: &'a Needle,
    /// The folder that is searched.
    under: NodeId,
    links: HashMap<NodeId, Link>,
    below: HashMap<NodeId, bool>,
    meant: HashMap<NodeId, bool>,
    bytes_left: usize,
    is_complete: bool,
}

impl<'a> Folders<'a> {
    /// Folders of `index`, of which those in the folder `under` are searched that fit `needle`.
    pub fn new(index: &'a Index, needle: &'a Needle, under: NodeId) -> Self {
        Self {
            index,
            needle,
            under,
            links: HashMap::new(),
            below: HashMap::new(),
            meant: HashMap::new(),
            bytes_left: PATH_BYTES,
            is_complete: true,
        }
    }

    /// Whether every folder could be looked at that was asked for.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether the entry `node` of the folder `parent` lies where it is searched.
    pub fn take(&mut self, parent: NodeId, node: NodeId) -> Result<bool> {
        if node != self.under && !self.is_below(parent)? {
            return Ok(false);
        }
        if !self.needle.is_about_folders() {
            return Ok(true);
        }
        if let Some(is_meant) = self.meant.get(&parent) {
            return Ok(*is_meant);
        }
        let path = self.path_of(parent)?;
        let is_meant = path.is_some_and(|path| self.needle.fits_folder(path.as_bytes()));
        self.meant.insert(parent, is_meant);
        Ok(is_meant)
    }

    /// Whether `folder` is the one that is searched, or below it.
    fn is_below(&mut self, folder: NodeId) -> Result<bool> {
        let (mut walked, mut at) = (Vec::new(), folder);
        let is_below = loop {
            // Folders have smaller numbers than what is in them.
            if at <= self.under || self.under == ROOT_NODE {
                break at == self.under || self.under == ROOT_NODE;
            }
            if let Some(is_below) = self.below.get(&at) {
                break *is_below;
            }
            if self.below.len() + walked.len() >= FOLDERS {
                self.is_complete = false;
                return Ok(false);
            }
            walked.push(at);
            let Some((parent, _)) = self.link(at)? else { break false };
            at = parent;
        };
        self.below.extend(walked.into_iter().map(|folder| (folder, is_below)));
        Ok(is_below)
    }

    /// The path of the folder `node`; `None` if all paths together became too long, or if there is no such folder.
    pub fn path_of(&mut self, node: NodeId) -> Result<Option<RelPath>> {
        let (mut nodes, mut at) = (Vec::new(), node);
        while at != ROOT_NODE {
            let link = self.link(at)?;
            let left = link.and_then(|(_, length)| self.bytes_left.checked_sub(length + 1));
            let (Some((parent, _)), Some(left)) = (link, left) else {
                self.is_complete = false;
                return Ok(None);
            };
            self.bytes_left = left;
            nodes.push(at);
            at = parent;
        }
        let names: Vec<&[u8]> = nodes
            .iter()
            .rev()
            .filter_map(|node| self.links.get(node).map(|(_, name)| name.as_slice()))
            .collect();
        Ok(RelPath::parse(&names.join(&b'/')).ok())
    }

    /// The folder above `node`, and the length of the name of `node`.
    fn link(&mut self, node: NodeId) -> Result<Option<(NodeId, usize)>> {
        if let Some((parent, name)) = self.links.get(&node) {
            return Ok(Some((*parent, name.len())));
        }
        // A forged row must not make a circle of folders.
        let Some((parent, name)) = self.index.link_of(node)?.filter(|(above, _)| *above < node)
        else {
            return Ok(None);
        };
        let length = name.len();
        self.links.insert(node, (parent, name));
        Ok(Some((parent, length)))
    }
}
