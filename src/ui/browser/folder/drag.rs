//! Files dragged out of the list, to be copied elsewhere. What is dropped of the past are checked private copies: they are
//! made when they are dropped, on a thread, so that dragging costs nothing and the window waits for nothing.

use std::cell::OnceCell;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;
use relm4::gtk::{gdk, gio, glib};

use super::layout::{Layout, Shown};
use super::row::Row;
use crate::app::error::Error;
use crate::app::explain::explain;
use crate::app::private_copies::PrivateCopies;
use crate::app::target::Target;
use crate::engine::meta::Kind;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::ui::widgets::focus;

/// How files go to other programs.
const URIS: &str = "text/uri-list";

/// What makes copies.
#[derive(Debug, Clone)]
pub struct Copier {
    /// Of which repository.
    pub target: Target,
    /// Where to.
    pub copies: Arc<PrivateCopies>,
}

/// A file that is dragged.
#[derive(Debug, Clone)]
struct Dragged {
    path: RelPath,
    /// The snapshot's number; none of a live file, which needs no copy.
    at: Option<u64>,
}

/// Lets the files among the rows of `view` be dragged out of it.
pub fn source(
    view: &impl IsA<gtk::Widget>,
    rows: &gtk::MultiSelection,
    layout: &Layout,
    copier: Copier,
) -> gtk::DragSource {
    let source = gtk::DragSource::builder().actions(gdk::DragAction::COPY).build();
    // Before the list takes it for the beginning of a frame around rows.
    source.set_propagation_phase(gtk::PropagationPhase::Capture);
    let view = view.upcast_ref::<gtk::Widget>().downgrade();
    let (rows, layout) = (rows.clone(), layout.clone());
    source.connect_prepare(move |_, x, y| {
        let key = focus::key_at(&view.upgrade()?, x, y)?;
        let row = (0..rows.n_items())
            .find(|row| with_row(&rows, *row, |row| row.key() == key).unwrap_or_default())?;
        if !rows.is_selected(row) {
            rows.select_item(row, true);
        }
        let files = dragged(&rows, &layout);
        let content = (!files.is_empty()).then(|| Content::new(copier.clone(), files))?;
        Some(content.upcast())
    });
    source
}

/// The files among the selected rows.
fn dragged(rows: &gtk::MultiSelection, layout: &Layout) -> Vec<Dragged> {
    let Some(Shown { folder, at, .. }) = layout.shown() else { return Vec::new() };
    let selection = rows.selection();
    let Some((others, first)) = gtk::BitsetIter::init_first(&selection) else { return Vec::new() };
    let file = |row: &Row| {
        let is_file = row.entry.kind == Kind::File && !row.entry.absent;
        let at = row.was.map(|was| was.from).or(at);
        is_file.then(|| Dragged { path: folder.join(&row.entry.name), at })
    };
    std::iter::once(first).chain(others).filter_map(|row| with_row(rows, row, file)?).collect()
}

fn with_row<T>(rows: &gtk::MultiSelection, row: u32, read: impl FnOnce(&Row) -> T) -> Option<T> {
    let item = rows.item(row).and_downcast::<glib::BoxedAnyObject>()?;
    let row = item.try_borrow::<Row>().ok()?;
    Some(read(&row))
}

glib::wrapper! {
    /// What a drag carries.
    pub struct Content(ObjectSubclass<imp::Content>) @extends gdk::ContentProvider;
}

impl Content {
    fn new(copier: Copier, files: Vec<Dragged>) -> Self {
        let content: Self = glib::Object::new();
        let _was_empty = content.imp().carried.set((copier, files));
        content
    }
}

/// Ends the copying when nobody waits for it any more.
struct Waited(Monitor);

impl Drop for Waited {
    fn drop(&mut self) {
        self.0.cancel().cancel();
    }
}

/// The files as other programs can open them.
async fn paths(copier: Copier, files: Vec<Dragged>) -> Result<Vec<PathBuf>, glib::Error> {
    let monitor = Monitor::new();
    let waited = Waited(monitor.clone());
    let made = gio::spawn_blocking(move || {
        let Copier { target, copies } = copier;
        let wanted = files.iter().filter_map(|file| Some((file.path.clone(), file.at?)));
        let wanted: Vec<_> = wanted.collect();
        let live = files.iter().filter(|file| file.at.is_none());
        let mut paths: Vec<PathBuf> = live.map(|file| file.path.to_absolute()).collect();
        if !wanted.is_empty() {
            paths.extend(copies.make(&target, &wanted, &monitor)?);
        }
        Ok(paths)
    });
    let made = made.await.unwrap_or(Err(Error::BrokenDown));
    drop(waited);
    made.map_err(|error| glib::Error::new(gio::IOErrorEnum::Failed, &explain(&error).what))
}

mod imp {
    use super::*;

    /// The inside.
    #[derive(Debug, Default)]
    pub struct Content {
        pub(super) carried: OnceCell<(Copier, Vec<Dragged>)>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Content {
        const NAME: &'static str = "YoreDraggedFiles";
        type Type = super::Content;
        type ParentType = gdk::ContentProvider;
    }

    impl ObjectImpl for Content {}

    impl ContentProviderImpl for Content {
        fn formats(&self) -> gdk::ContentFormats {
            gdk::ContentFormats::new(&[URIS])
        }

        fn write_mime_type_future(
            &self,
            _mime_type: &str,
            stream: &gio::OutputStream,
            io_priority: glib::Priority,
        ) -> Pin<Box<dyn Future<Output = Result<(), glib::Error>> + 'static>> {
            let (carried, stream) = (self.carried.get().cloned(), stream.clone());
            Box::pin(async move {
                let Some((copier, files)) = carried else { return Ok(()) };
                let uri = |path: PathBuf| format!("{}\r\n", gio::File::for_path(path).uri());
                let uris: String = paths(copier, files).await?.into_iter().map(uri).collect();
                let written = stream.write_all_future(uris.into_bytes(), io_priority).await;
                written.map(|_| ()).map_err(|(_, error)| error)
            })
        }
    }
}
