//! The history that a command asks: of the drive, or what is known of it while it is away.

use super::output::{Output, path_words};
use super::watch::watch;
use crate::app::error::Result;
use crate::app::target::Target;
use crate::app::text;
use crate::engine::history::History;
use crate::i18n::gettext_f;

/// Opens the history, which may have to be made again first, and says so if its drive is away.
pub fn open_history(target: &Target, output: Output) -> Result<History> {
    let asked = target.clone();
    let history = watch(output, move |monitor| asked.open_history(monitor))?;
    if let Some(away) = target.away(&history)?
        && let Some(moment) = away.last_seen
    {
        output.note(gettext_f(
            "The drive “{drive}” is away; this is what is known of it since the backup of {when}.",
            &[("drive", &path_words(away.drive())), ("when", &text::moment(moment))],
        ));
    }
    Ok(history)
}
