//! The words for whose a repository is, and how it becomes another's.

use nix::unistd::{Uid, User};

use super::error::Error;
use super::explain::{Explanation, shown};
use super::text::quoted;
use crate::engine::error::{Error as EngineError, OwnerKind};
use crate::engine::path::display;
use crate::i18n::{gettext, gettext_f};

/// The words for an error of the engine that concerns owners.
pub fn explain_owner(error: &EngineError) -> Option<Explanation> {
    Some(match error {
        EngineError::OtherOwner { path, owner, user } => Explanation::new(
            gettext_f(
                "The repository {path} belongs to the user with the number {owner}.",
                &[("path", &shown(path)), ("owner", &owner.to_string())],
            ),
            match owner {
                0 => {
                    gettext("Run Yore as root, or make a repository of your own with “yore setup”.")
                }
                _ => gettext_f(
                    "Run Yore as that user, make a repository of your own with “yore setup”, or have this one given to you: sudo yore adopt --repository {path} --for {user}",
                    &[("path", &quoted(path)), ("user", &user_name(*user))],
                ),
            },
        ),
        EngineError::AdoptionUnfinished(path) => Explanation::new(
            gettext_f(
                "The repository {path} was being given to another user when that was interrupted.",
                &[("path", &shown(path))],
            ),
            gettext_f(
                "Finish it with this command: sudo yore adopt --repository {path}",
                &[("path", &quoted(path))],
            ),
        ),
        EngineError::OwnersOnInodes(path) => Explanation::new(
            gettext_f(
                "The repository {path} was made by root and can’t become another user’s.",
                &[("path", &shown(path))],
            ),
            gettext(
                "Its files carry the owners that they had. Run Yore as root, and “yore restore” to get files back.",
            ),
        ),
        EngineError::NoSuchOwner { kind, name } => {
            let name = [("name", display(name.as_bytes()))];
            let name = name.each_ref().map(|(key, name)| (*key, name.as_str()));
            Explanation::new(
                match kind {
                    OwnerKind::User => gettext_f("This computer has no user “{name}”.", &name),
                    OwnerKind::Group => gettext_f("This computer has no group “{name}”.", &name),
                },
                gettext(
                    "Write OLD:NEW with a name or a number that there is. Nothing was restored.",
                ),
            )
        }
        EngineError::OwnerNotStored { kind, name } => {
            let name = [("name", display(name.as_bytes()))];
            let name = name.each_ref().map(|(key, name)| (*key, name.as_str()));
            Explanation::new(
                match kind {
                    OwnerKind::User => gettext_f("The snapshot knows no user “{name}”.", &name),
                    OwnerKind::Group => gettext_f("The snapshot knows no group “{name}”.", &name),
                },
                gettext(
                    "Write OLD:NEW with the name or the number that the owner had. Nothing was restored.",
                ),
            )
        }
        _ => return None,
    })
}

/// The words for what can't be meant by `yore adopt`.
pub fn explain_wish(error: &Error) -> Option<Explanation> {
    Some(match error {
        Error::NoDrive => Explanation::new(
            gettext("Where the repository is was not said."),
            gettext("Name its drive with --drive, or the repository itself with --repository."),
        ),
        Error::SeveralRepositories { drive, names } => Explanation::new(
            gettext_f("There is more than one repository on {drive}.", &[("drive", &shown(drive))]),
            gettext_f("Say which one with --which: {names}.", &[("names", &names.join(", "))]),
        ),
        Error::AdoptForWhom { path, owner } => Explanation::new(
            gettext_f(
                "The repository {path} belongs to the user with the number {owner}.",
                &[("path", &shown(path)), ("owner", &owner.to_string())],
            ),
            gettext("Say whose it is going to be with --for USER; --for root makes it root’s."),
        ),
        Error::NoSuchUser(user) => Explanation::new(
            gettext_f(
                "This computer has no user “{user}”.",
                &[("user", &display(user.as_bytes()))],
            ),
            gettext("Give a login name, or the number of a user that there is."),
        ),
        Error::NoSuchSource(text) => Explanation::new(
            gettext_f("“{text}” names no folder that was backed up.", &[("text", text)]),
            gettext("Write --source OLD=NEW, with the path that the folder had."),
        ),
        Error::NoFolder(path) => Explanation::new(
            gettext_f("{path} is no folder on this computer.", &[("path", &shown(path))]),
            gettext("Write --source OLD=NEW, with the path that the folder has now."),
        ),
        _ => return None,
    })
}

fn user_name(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}
