//! What a person looks for, taken apart, and how well a name fits it.

use crate::engine::path::NAME_MAX_BYTES;

/// A text of fewer characters is looked for only where names begin.
const ANYWHERE_CHARS: usize = 3;

/// How well a name fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// It is the text.
    Exact,
    /// It is the text but for upper and lower case.
    Folded,
    /// It begins with the text.
    Beginning,
    /// A word in it begins with the text.
    Word,
    /// It has the text anywhere.
    Inside,
}

/// A text to look for, as `Query::text` says.
#[derive(Debug, Clone)]
pub struct Needle {
    name: String,
    folded: String,
    before: Option<String>,
    folders_only: bool,
}

impl Needle {
    /// Takes `text` apart; `None` if no path can have it.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |part: &&str| part.chars().nth(NAME_MAX_BYTES).is_none() && !part.contains('\0');
        let mut parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        if !parts.iter().all(fits) {
            return None;
        }
        let name = parts.pop()?.to_owned();
        let mut before = parts.join("/");
        if text.starts_with('/') && !before.is_empty() {
            before.insert(0, '/');
        }
        let has_before = text.starts_with('/') || !before.is_empty();
        Some(Self {
            folded: folded(&name),
            name,
            before: has_before.then(|| folded(&before)),
            folders_only: text.ends_with('/'),
        })
    }

    /// What is looked for in names.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text in the cases that are most usual, so that names which are just that are found among however many.
    pub fn usual_cases(&self) -> [String; 2] {
        [self.name.to_lowercase(), self.name.to_uppercase()]
    }

    /// Whether names are found that have the text elsewhere than at their beginning.
    pub fn is_anywhere(&self) -> bool {
        self.before.is_none() && self.name.chars().nth(ANYWHERE_CHARS - 1).is_some()
    }

    /// Whether only folders are looked for.
    pub fn folders_only(&self) -> bool {
        self.folders_only
    }

    /// How well `name` fits; `None` if it doesn't.
    pub fn rank(&self, name: &[u8]) -> Option<Rank> {
        if name == self.name.as_bytes() {
            return Some(Rank::Exact);
        }
        let text = String::from_utf8_lossy(name);
        let all = folded(&text);
        match all.strip_prefix(&self.folded) {
            Some("") => return Some(Rank::Folded),
            Some(_) => return Some(Rank::Beginning),
            None if !self.is_anywhere() || !all.contains(&self.folded) => return None,
            None => {}
        }
        let begins = |at| all.get(at..).is_some_and(|rest: &str| rest.starts_with(&self.folded));
        Some(if words(&text).into_iter().any(begins) { Rank::Word } else { Rank::Inside })
    }

    /// Whether not every folder fits.
    pub fn is_about_folders(&self) -> bool {
        self.before.as_deref().is_some_and(|before| !before.is_empty())
    }

    /// Whether an entry of the folder with this path can be meant.
    pub fn fits_folder(&self, folder: &[u8]) -> bool {
        match self.before.as_deref() {
            None | Some("") => true,
            Some(before) => {
                folded(&format!("/{}", String::from_utf8_lossy(folder))).ends_with(before)
            }
        }
    }
}

/// Text in lower case, letter by letter: the same letter always becomes the same, wherever it stands.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Where words begin in the folded text: after what is no letter or digit, and where upper case follows lower.
fn words(text: &str) -> Vec<usize> {
    let (mut at, mut before, mut beginnings) = (0, None, Vec::new());
    for c in text.chars() {
        let begins = before.is_none_or(|before: char| {
            !before.is_alphanumeric() || (before.is_lowercase() && c.is_uppercase())
        });
        if begins {
            beginnings.push(at);
        }
        at += c.to_lowercase().map(char::len_utf8).sum::<usize>();
        before = Some(c);
    }
    beginnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_better_or_worse() {
        for (text, name, wanted) in [
            ("letter", "letter", Some(Rank::Exact)),
            ("letter", "Letter", Some(Rank::Folded)),
            ("LETTER", "letters", Some(Rank::Beginning)),
            ("letter", "old-letter", Some(Rank::Word)),
            ("letter", "myLetter", Some(Rank::Word)),
            ("letter", "blåLetter", Some(Rank::Word)),
            ("letter", "newsletter", Some(Rank::Inside)),
            ("letter", "newsletter letter", Some(Rank::Word)),
            ("letter", "lette", None),
            ("le", "letter", Some(Rank::Beginning)),
            ("le", "a le", None),
            ("ΣΑΣ", "σας", None),
            ("ΣΑΣ", "σασ", Some(Rank::Folded)),
            ("İx", "i̇x", Some(Rank::Folded)),
            ("%_*", "a%_*", Some(Rank::Inside)),
            ("%_*", "a-%_*", Some(Rank::Word)),
            ("a_b", "axb", None),
        ] {
            let rank = Needle::parse(text).and_then(|needle| needle.rank(name.as_bytes()));
            assert_eq!(rank, wanted, "{text} in {name}");
        }
        let broken = Needle::parse("\u{fffd}x").unwrap();
        assert_eq!(broken.rank(b"\xffx"), Some(Rank::Folded));
    }

    #[test]
    fn slashes_are_about_folders() {
        for (text, path, wanted) in [
            ("docs/let", "home/ann/docs/letter", true),
            ("docs/let", "home/ann/mydocs/letter", true),
            ("docs/let", "home/docs/ann/letter", false),
            ("docs/let", "docs/letter", true),
            ("/docs/let", "home/mydocs/letter", false),
            ("/docs/let", "home/docs/letter", true),
            ("/docs/let", "docs/letter", true),
            ("Ann//Docs/let", "home/ann/docs/letter", true),
            ("docs/ter", "docs/letter", false),
            ("/let", "docs/letter", true),
            ("/etter", "docs/letter", false),
            ("docs/l/", "docs/letter", true),
            ("etter/", "docs/letter", true),
        ] {
            let needle = Needle::parse(text).unwrap();
            let (folder, name) = path.rsplit_once('/').unwrap();
            let fits = needle.rank(name.as_bytes()).is_some();
            assert_eq!(fits && needle.fits_folder(folder.as_bytes()), wanted, "{text} in {path}");
            assert_eq!(needle.folders_only(), text.ends_with('/'));
        }
    }

    #[test]
    fn what_no_path_can_have_is_nothing_to_look_for() {
        for text in ["", "/", "//", "a\0b", &"x".repeat(256), &format!("{}/a", "x".repeat(256))] {
            assert!(Needle::parse(text).is_none(), "{text:?}");
        }
        assert!(Needle::parse(&"\u{fffd}".repeat(255)).is_some());
    }
}
