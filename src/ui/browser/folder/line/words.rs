//! What a line says in words.

use crate::app::text;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::engine::path;
use crate::ui::browser::folder::badge::Badge;
use crate::ui::widgets::progress;

/// The words of one entry; empty where there is nothing to say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Its name, for people.
    pub name: String,
    /// Its size.
    pub size: String,
    /// When it was changed.
    pub time: String,
}

impl Words {
    /// Those of `entry`.
    pub fn of(entry: &Entry) -> Self {
        let has_size = entry.kind == Kind::File && !entry.absent;
        Self {
            name: path::display(&entry.name),
            size: if has_size { text::size(entry.size_bytes) } else { String::new() },
            time: if entry.absent { String::new() } else { text::file_time(entry.mtime) },
        }
    }

    /// The second line of a narrow one.
    pub fn caption(&self, badge: Option<&Badge>) -> String {
        let word = badge.map_or("", |badge| badge.text.as_str());
        let said = [word, &self.size, &self.time].into_iter().filter(|word| !word.is_empty());
        said.fold(String::new(), |line, word| match line.is_empty() {
            true => word.to_owned(),
            false => progress::join(&line, word),
        })
    }

    /// What assistive tools say beside the name.
    pub fn description(&self, badge: Option<&Badge>) -> String {
        let (word, hint) = badge.map_or(("", ""), |badge| (&badge.text, &badge.hint));
        let said = [&self.size, &self.time, word, hint];
        said.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::history_worker::Mark;

    #[test]
    fn a_line_is_told_with_its_size_its_time_and_its_badge() {
        let entry = Entry { size_bytes: 1200, ..Entry::plain("a") };
        let (words, badge) = (Words::of(&entry), Badge::of(&entry, Some(Mark::Deleted)));
        assert_eq!(words.name, "a");
        let time = &words.time;
        assert_eq!(words.description(None), format!("1.2 kB, {time}"));
        let all = format!("1.2 kB, {time}, Deleted since, The file isn’t here any more");
        assert_eq!(words.description(badge.as_ref()), all);
        assert_eq!(words.caption(None), progress::join("1.2 kB", time));
        let all = progress::join(&progress::join("Deleted since", "1.2 kB"), time);
        assert_eq!(words.caption(badge.as_ref()), all);
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known() {
        let absent = Entry { absent: true, ..Entry::plain("a") };
        let (words, badge) = (Words::of(&absent), Badge::of(&absent, None));
        assert_eq!((words.caption(None), words.description(None)), <_>::default());
        assert_eq!(words.caption(badge.as_ref()), "Could not be read");
        let folder = Words::of(&Entry { kind: Kind::Directory, ..Entry::plain("a") });
        assert_eq!((folder.size.as_str(), folder.description(None)), ("", folder.time.clone()));
    }
}
