//! Translations by the C library's gettext: plain functions with named arguments.
//!
//! Every face (command line, service, window) takes its words from here. The engine never does: it
//! returns facts, and a face turns them into text. A message is written as one string literal,
//! directly as the first argument, because `make pot` reads the sources and not their meaning.
//! Nothing in here fails or panics: a message that can't be translated comes back as it was.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The text domain: translations are looked for in files of the name `yore.mo`.
const DOMAIN: &str = "yore";

/// The environment variable that names a folder of translations, before any other is tried.
const LOCALE_DIR_VARIABLE: &str = "YORE_LOCALEDIR";

/// Where distributions keep translations.
const SYSTEM_LOCALE_DIR: &str = "/usr/share/locale";

/// Takes the person's language from the environment and finds the translations into it.
///
/// To be called once, first thing in `main`, while the process has one thread. Without it, and
/// when anything is missing (the locale, the folder, the translation), messages stay English.
pub fn init() {
    let beside = env::current_exe().ok().and_then(|binary| locale_dir_beside(&binary));
    let chosen = env::var_os(LOCALE_DIR_VARIABLE).filter(|value| !value.is_empty());
    let folder =
        chosen.map(PathBuf::from).or(beside).unwrap_or_else(|| PathBuf::from(SYSTEM_LOCALE_DIR));
    take_locale();
    // Each of these fails only for want of memory, and then English is the best answer there is.
    let _ = gettextrs::bindtextdomain(DOMAIN, folder);
    let _ = gettextrs::bind_textdomain_codeset(DOMAIN, "UTF-8");
    let _ = gettextrs::textdomain(DOMAIN);
}

/// Makes the locale of the environment this process's.
///
/// One of the two unsafe blocks of the project: the C library's `setlocale` must not run beside a thread
/// that reads the locale or changes the environment, and no safe function does what it does.
#[allow(unsafe_code)]
fn take_locale() {
    // SAFETY: `init` is called first thing in `main`, before any thread is started.
    let _ = unsafe { gettextrs::setlocale(gettextrs::LocaleCategory::LcAll, "") };
}

/// `share/locale` of the prefix that `binary` was installed under, if there is such a folder.
fn locale_dir_beside(binary: &Path) -> Option<PathBuf> {
    let folder = binary.parent()?.parent()?.join("share/locale");
    folder.is_dir().then_some(folder)
}

/// `message` in the person's language.
pub fn gettext(message: &str) -> String {
    // The empty message stands for a translation's header, and C strings end at a NUL.
    if message.is_empty() || message.contains('\0') {
        return message.to_owned();
    }
    gettextrs::gettext(message)
}

/// `message` in the person's language, each `{name}` in it replaced by that name's argument.
///
/// An argument's own text is never looked at again, so a file called `{count}` is shown as that. A
/// placeholder that no argument names stays as it is.
pub fn gettext_f(message: &str, arguments: &[(&str, &str)]) -> String {
    fill(&gettext(message), arguments)
}

/// `singular` or `plural`, as the person's language wants it for `count`, with its arguments.
///
/// `{count}` is always there, as plain digits; an argument of that name (digits in groups, say)
/// goes before it. The other arguments are those of [`gettext_f`].
pub fn ngettext_f(singular: &str, plural: &str, count: u64, arguments: &[(&str, &str)]) -> String {
    let readable = |message: &str| !message.is_empty() && !message.contains('\0');
    let template = if readable(singular) && readable(plural) {
        gettextrs::ngettext(singular, plural, plural_selector(count))
    } else if count == 1 {
        singular.to_owned()
    } else {
        plural.to_owned()
    };
    let digits = count.to_string();
    let mut named = arguments.to_vec();
    named.push(("count", &digits));
    fill(&template, &named)
}

/// A number that chooses the same plural form as `count` and fits what gettext is called with:
/// plural rules look at small numbers and at the last digits of larger ones.
fn plural_selector(count: u64) -> u32 {
    const PERIOD: u64 = 1_000_000;
    u32::try_from(count).unwrap_or((count % PERIOD + PERIOD) as u32)
}

/// Replaces each `{name}` of `template` once; the first argument of a name wins.
fn fill(template: &str, arguments: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, placeholder) = rest.split_at(start);
        text.push_str(before);
        let argument = placeholder.find('}').and_then(|end| {
            let name = &placeholder[1..end];
            let (_, value) = arguments.iter().find(|(candidate, _)| *candidate == name)?;
            Some((value, end))
        });
        rest = match argument {
            Some((value, end)) => {
                text.push_str(value);
                &placeholder[end + 1..]
            }
            None => {
                text.push('{');
                &placeholder[1..]
            }
        };
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_fill(template: &str, arguments: &[(&str, &str)], expected: &str) {
        assert_eq!(fill(template, arguments), expected);
    }

    #[test]
    fn arguments_are_named() {
        check_fill("{b} before {a}", &[("a", "1"), ("b", "2")], "2 before 1");
        check_fill("{a}{a}", &[("a", "é")], "éé");
        check_fill("nothing to fill", &[("a", "1")], "nothing to fill");
        check_fill("", &[("a", "1")], "");
    }

    #[test]
    fn a_value_is_not_expanded_again() {
        check_fill("{path}: {count}", &[("path", "{count}"), ("count", "3")], "{count}: 3");
        check_fill("{count} {path}", &[("path", "{count}"), ("count", "{path}")], "{path} {count}");
    }

    #[test]
    fn what_is_no_known_placeholder_stays() {
        check_fill("{other} {}", &[("a", "1")], "{other} {}");
        check_fill("open { and {a", &[("a", "1")], "open { and {a");
        check_fill("{x{a}} }", &[("a", "1")], "{x1} }");
    }

    #[test]
    fn without_a_translation_english_is_shown() {
        assert_eq!(gettext("Back Up Now"), "Back Up Now");
        assert_eq!(gettext_f("Restored {path}", &[("path", "a b")]), "Restored a b");
    }

    #[test]
    fn the_count_chooses_the_form_and_is_available() {
        let files = |count| ngettext_f("{count} file", "{count} files", count, &[]);
        assert_eq!(files(0), "0 files");
        assert_eq!(files(1), "1 file");
        assert_eq!(files(2), "2 files");
        assert_eq!(files(u64::MAX), "18446744073709551615 files");
        let grouped = [("count", "1,234"), ("path", "/home")];
        assert_eq!(
            ngettext_f("{count} file in {path}", "{count} files in {path}", 1234, &grouped),
            "1,234 files in /home"
        );
    }

    #[test]
    fn a_large_count_keeps_its_last_digits() {
        assert_eq!(plural_selector(7), 7);
        assert_eq!(plural_selector(u64::from(u32::MAX)), u32::MAX);
        assert_eq!(plural_selector(u64::from(u32::MAX) + 1), 1_967_296);
        assert_eq!(plural_selector(5_000_000_000), 1_000_000);
    }

    #[test]
    fn what_gettext_cannot_take_comes_back_as_it_was() {
        assert_eq!(gettext(""), "");
        assert_eq!(gettext("a\0b"), "a\0b");
        assert_eq!(gettext_f("a\0{x}", &[("x", "\0")]), "a\0\0");
        assert_eq!(ngettext_f("one\0", "many", 1, &[]), "one\0");
        assert_eq!(ngettext_f("one", "many\0", 2, &[]), "many\0");
        assert_eq!(ngettext_f("", "", 2, &[]), "");
    }

    #[test]
    fn translations_are_looked_for_beside_the_binary() {
        let prefix = tempfile::tempdir().expect("a temporary folder");
        let binary = prefix.path().join("bin/yore");
        assert_eq!(locale_dir_beside(&binary), None);
        let locale = prefix.path().join("share/locale");
        std::fs::create_dir_all(&locale).expect("a folder for translations");
        assert_eq!(locale_dir_beside(&binary), Some(locale));
        assert_eq!(locale_dir_beside(Path::new("yore")), None);
    }
}
