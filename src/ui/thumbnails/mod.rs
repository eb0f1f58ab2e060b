//! Small pictures of stored files, for those who show many at once: opened on a history's thread, decoded in processes of
//! their own, few at a time, and kept in memory only. What is on screen comes first; what is not wanted any more is given up.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::{gdk, glib};

use self::queue::Queue;
use self::shelf::Shelf;
pub use self::source::{Key, Source};
use super::bridge;
use super::history_worker::{Answer, HistoryWorker, Request};
use super::preview::decode::{Decoded, Keeper, decode};
use crate::app::target::Target;

mod queue;
mod shelf;
mod source;

/// Decoders that run at once.
const DECODERS_MAX: usize = 2;
/// What is kept in memory, in bytes: some hundred pictures.
const ROOM_BYTES: usize = 48 << 20;
/// What it is taken to cost to remember that there is no picture.
const NONE_BYTES: usize = 512;

/// What makes the pictures.
#[derive(Clone)]
pub struct Thumbnails(Rc<RefCell<Desk>>);

/// Somebody waits for a picture; dropping it ends that.
pub struct Wish {
    number: u64,
    desk: Weak<RefCell<Desk>>,
}

struct Desk {
    target: Target,
    /// Begun when the first picture is wanted.
    worker: Option<HistoryWorker>,
    /// The newest snapshot that the worker was asked about: of newer ones it doesn't know.
    newest_asked: u64,
    news: relm4::Sender<News>,
    shelf: Shelf<(Key, u32), Option<gdk::MemoryTexture>>,
    queue: Queue<Wanted>,
    /// The number of the file that is being opened.
    opening: Option<u64>,
    /// The decoders that somebody waits for, and how many run with those that were given up.
    decoding: HashMap<u64, Keeper>,
    running: usize,
}

struct Wanted {
    source: Source,
    edge: u32,
    widget: glib::WeakRef<gtk::Widget>,
    show: Box<dyn Fn(&gdk::MemoryTexture)>,
}

#[derive(Debug)]
enum News {
    Answer(Answer),
    /// The decoder of this number is done; `None` if it said nothing that can be believed, as where the drive is pulled out.
    Decoded(u64, Option<Decoded>),
}

impl Thumbnails {
    /// Small pictures of what is in the repository of `target`. Nothing is begun before one is wanted.
    pub fn new(target: Target) -> Self {
        let (news, incoming) = relm4::channel();
        let thumbnails = Self(Rc::new(RefCell::new(Desk::new(target, news))));
        let desk = Rc::downgrade(&thumbnails.0);
        relm4::spawn_local(async move {
            while let Some(news) = incoming.recv().await {
                let Some(desk) = desk.upgrade() else { break };
                Self(desk).hear(news);
            }
        });
        thumbnails
    }

    /// Has `show` called with the picture of `source`, no edge of it longer than `edge` pixels: at once if it is there, else when
    /// it was made, if that can be done. It is made before others while `widget` is in view.
    pub fn want(
        &self,
        source: Source,
        edge: u32,
        widget: &impl IsA<gtk::Widget>,
        show: impl Fn(&gdk::MemoryTexture) + 'static,
    ) -> Option<Wish> {
        let known = self.0.borrow_mut().shelf.get(&(source.key(), edge)).cloned();
        if let Some(known) = known {
            if let Some(texture) = known {
                show(&texture);
            }
            return None;
        }
        let widget = widget.upcast_ref::<gtk::Widget>().downgrade();
        let mut desk = self.0.borrow_mut();
        let number = desk.queue.add(Wanted { source, edge, widget, show: Box::new(show) });
        desk.open_next();
        Some(Wish { number, desk: Rc::downgrade(&self.0) })
    }

    fn hear(&self, news: News) {
        let (wanted, texture) = match news {
            News::Answer(answer) => {
                self.0.borrow_mut().answered(answer);
                (Vec::new(), None)
            }
            News::Decoded(number, decoded) => self.0.borrow_mut().decoded(number, decoded),
        };
        // They may ask for others, or give some up.
        for wanted in &wanted {
            if let Some(texture) = &texture {
                (wanted.show)(texture);
            }
        }
        self.0.borrow_mut().open_next();
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        if let Some(desk) = self.desk.upgrade()
            && let Ok(mut desk) = desk.try_borrow_mut()
        {
            desk.queue.cancel(self.number);
            desk.decoding.remove(&self.number);
        }
    }
}

impl Desk {
    fn new(target: Target, news: relm4::Sender<News>) -> Self {
        Self {
            target,
            worker: None,
            newest_asked: 0,
            news,
            shelf: Shelf::new(ROOM_BYTES),
            queue: Queue::default(),
            opening: None,
            decoding: HashMap::new(),
            running: 0,
        }
    }

    /// Asks for the next file, if none is being opened and there is room for its decoder.
    fn open_next(&mut self) {
        if self.opening.is_some() || self.running >= DECODERS_MAX {
            return;
        }
        let Some((number, wanted)) = self.queue.begin(Wanted::is_in_view) else { return };
        let Source { path, at, .. } = wanted.source.clone();
        self.opening = Some(number);
        if self.worker.is_some() && at > self.newest_asked {
            self.ask(Request::Snapshots);
        }
        self.newest_asked = self.newest_asked.max(at);
        self.ask(Request::Stored { path, at, ticket: number });
    }

    fn ask(&mut self, request: Request) {
        let worker = self.worker.get_or_insert_with(|| {
            HistoryWorker::start(self.target.clone(), &self.news, News::Answer)
        });
        worker.ask(request);
    }

    fn answered(&mut self, answer: Answer) {
        let Answer::Stored { ticket: number, stored } = answer else { return };
        self.opening.take_if(|opening| *opening == number);
        let Some(wanted) = self.queue.at_work(number) else { return };
        // The drive may be back when it is wanted again.
        let Ok(stored) = stored else { return self.queue.cancel(number) };
        let keeper = Keeper::default();
        let (edge, gone) = (wanted.edge, keeper.gone());
        self.decoding.insert(number, keeper);
        self.running += 1;
        bridge::once(
            &self.news,
            move || decode(OwnedFd::from(stored), edge, &gone).ok(),
            move |decoded| News::Decoded(number, decoded.flatten()),
        );
    }

    /// All who wait for what was decoded, and the picture if there is one.
    fn decoded(
        &mut self,
        number: u64,
        decoded: Option<Decoded>,
    ) -> (Vec<Wanted>, Option<gdk::MemoryTexture>) {
        self.running -= 1;
        self.decoding.remove(&number);
        let Some(wanted) = self.queue.end(number) else { return (Vec::new(), None) };
        let (key, edge) = (wanted.source.key(), wanted.edge);
        let (texture, bytes) = match decoded {
            Some(Decoded::Picture(picture)) => {
                let bytes = picture.pixels.len();
                (picture.texture(), bytes)
            }
            Some(Decoded::Text(_) | Decoded::Nothing(_)) => (None, NONE_BYTES),
            // Nothing is known of the content: it is tried again when it is wanted again.
            None => return (Vec::new(), None),
        };
        self.shelf.put((key.clone(), edge), texture.clone(), bytes);
        let same = |other: &Wanted| other.edge == edge && other.source.key() == key;
        let mut all = self.queue.take(same);
        all.push(wanted);
        (all, texture)
    }
}

impl Wanted {
    /// Whether its widget is within what is shown of what scrolls it.
    fn is_in_view(&self) -> bool {
        let Some(widget) = self.widget.upgrade().filter(gtk::Widget::is_mapped) else {
            return false;
        };
        let Some(port) = widget.ancestor(gtk::ScrolledWindow::static_type()) else { return true };
        let bounds = widget.compute_bounds(&port);
        let height = port.height() as f32;
        bounds.is_some_and(|bounds| bounds.y() < height && bounds.y() + bounds.height() > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::target::Options;
    use crate::engine::history::Entry;
    use crate::engine::path::RelPath;
    use crate::ui::preview::decode::NotShown;

    fn wanted() -> Wanted {
        let path = RelPath::parse(b"home/a.png").unwrap();
        let entry = Entry { size_bytes: 1, ..Entry::plain("a.png") };
        let source = Source::of(&entry, path, 1).unwrap();
        Wanted { source, edge: 9, widget: glib::WeakRef::new(), show: Box::new(|_| {}) }
    }

    #[test]
    fn only_what_the_decoder_says_of_the_content_is_remembered() {
        let options = Options { repository: Some("/nowhere".into()), ..Options::default() };
        let (news, _incoming) = relm4::channel();
        let mut desk = Desk::new(Target::require(&options).unwrap(), news);
        let key = (wanted().source.key(), 9);
        for (decoded, is_known) in [(None, false), (Some(Decoded::Nothing(NotShown::Broken)), true)]
        {
            let number = desk.queue.add(wanted());
            desk.queue.begin(|_| true);
            desk.running += 1;
            desk.decoded(number, decoded);
            assert_eq!(desk.shelf.get(&key).is_some(), is_known);
            assert_eq!((desk.running, desk.queue.at_work(number).is_none()), (0, true));
        }
    }
}
