//! Moves that never overwrite, also where the file system knows neither `RENAME_NOREPLACE` nor `RENAME_EXCHANGE`.

use rustix::io::{Errno, Result};

use crate::engine::dir::Dir;
use crate::engine::meta::Kind;

/// What the name of something ends with that was put aside to let another in.
pub const ASIDE: &[u8] = b".aside";

/// The name under which what was in the way of `slot` waits.
pub fn aside_of(slot: &[u8]) -> Vec<u8> {
    [slot, ASIDE].concat()
}

/// Moves `name` of `from` to where nothing of that name may be.
pub fn move_to(from: &Dir, name: &[u8], to: &Dir, to_name: &[u8]) -> Result<()> {
    match from.rename_to(name, to, to_name) {
        Err(Errno::INVAL | Errno::NOSYS) => move_plainly(from, name, to, to_name),
        // It was linked there, by a run that ended before its first name was gone.
        Err(Errno::EXIST) if !is_folder(from, name)? && is_same((from, name), (to, to_name))? => {
            from.unlink(name)
        }
        outcome => outcome,
    }
}

/// As [`move_to`], by a link, which is never made over anything; or, of what can't be linked, after a look.
fn move_plainly(from: &Dir, name: &[u8], to: &Dir, to_name: &[u8]) -> Result<()> {
    if !is_folder(from, name)? {
        match to.link_from(from, name, to_name) {
            Ok(()) => return from.unlink(name),
            // It was linked before, by a run that ended there.
            Err(Errno::EXIST) if is_same((from, name), (to, to_name))? => return from.unlink(name),
            Err(errno) if !cannot_link(errno) => return Err(errno),
            Err(_) => {}
        }
    }
    if to.has(to_name)? {
        return Err(Errno::EXIST);
    }
    from.rename_over(name, to, to_name)
}

/// Lets what is called `slot` in `own`, a folder that nobody else can get at, and what is called `name` in `to` change
/// places.
///
/// # Errors
/// `NOENT` if there is nothing called `name` now.
pub fn exchange(own: &Dir, slot: &[u8], to: &Dir, name: &[u8]) -> Result<()> {
    match own.exchange(slot, to, name) {
        Err(Errno::INVAL | Errno::NOSYS) => exchange_plainly(own, slot, to, name),
        outcome => outcome,
    }
}

fn exchange_plainly(own: &Dir, slot: &[u8], to: &Dir, name: &[u8]) -> Result<()> {
    let aside = aside_of(slot);
    let are_files = !is_folder(own, slot)? && !is_folder(to, name)?;
    let is_linked = are_files
        && match own.link_from(to, name, &aside) {
            Ok(()) => true,
            Err(errno) if cannot_link(errno) => false,
            Err(errno) => return Err(errno),
        };
    if !is_linked {
        move_plainly(to, name, own, &aside)?;
        // Where something came to the place just now, the old one stays aside: the next try takes its turn.
        move_plainly(own, slot, to, name)?;
    } else if is_same((own, &aside), (to, name))? {
        own.rename_over(slot, to, name)?;
    } else {
        own.unlink(&aside)?;
        return Err(Errno::EXIST);
    }
    own.rename_over(&aside, own, slot)
}

/// Puts right what an exchange or a move left that was interrupted half-way.
pub fn settle(own: &Dir, slot: &[u8], to: Option<&Dir>, name: &[u8]) -> Result<()> {
    let aside = aside_of(slot);
    if !own.has(&aside)? {
        return match to {
            // A file that has both names was on its way: it is at its place, and goes on from there.
            Some(to) if to.has(name)? && own.has(slot)? && is_same((own, slot), (to, name))? => {
                own.unlink(slot)
            }
            _ => Ok(()),
        };
    }
    if !own.has(slot)? {
        return own.rename_over(&aside, own, slot);
    }
    let Some(to) = to else { return Ok(()) };
    if !to.has(name)? {
        return move_to(own, &aside, to, name);
    }
    if !is_folder(own, slot)? && is_same((own, slot), (to, name))? {
        // It was linked to its place: what made room for it takes its turn.
        own.unlink(slot)?;
        return own.rename_over(&aside, own, slot);
    }
    if is_same((own, &aside), (to, name))? { own.unlink(&aside) } else { Ok(()) }
}

fn is_folder(dir: &Dir, name: &[u8]) -> Result<bool> {
    let mode = u32::from(dir.stat_child(name)?.stx_mode);
    Ok(Kind::from_mode(mode) == Some(Kind::Directory))
}

fn is_same((one, name): (&Dir, &[u8]), (other, other_name): (&Dir, &[u8])) -> Result<bool> {
    let (one, other) = (one.stat_child(name)?, other.stat_child(other_name)?);
    let key = |stat: &rustix::fs::Statx| (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino);
    Ok(key(&one) == key(&other))
}

fn cannot_link(errno: Errno) -> bool {
    matches!(errno, Errno::PERM | Errno::OPNOTSUPP | Errno::MLINK | Errno::NOSYS)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_made_room_for_a_linked_file_takes_its_turn() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("own"), folder.path().join("to"));
        fs::create_dir_all(one.join("6.aside")).unwrap();
        fs::create_dir(&other).unwrap();
        // A run ended after the link, and before the first name of the file was gone.
        fs::write(one.join("6"), "fresh").unwrap();
        fs::hard_link(one.join("6"), other.join("name")).unwrap();
        let (own, to) = (Dir::open(&one).unwrap(), Dir::open(&other).unwrap());
        settle(&own, b"6", Some(&to), b"name").unwrap();
        assert!(one.join("6").is_dir() && !one.join("6.aside").exists());
        assert_eq!(fs::read_to_string(other.join("name")).unwrap(), "fresh");
    }
}
