//! The drive at the sidebar's foot: its name and how much room is left; and the way to other histories and back.

use jiff::Timestamp;
use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::prelude::*;

use crate::app::known::{self, Known};
use crate::app::places::drive_of;
use crate::app::target::Target;
use crate::app::text;
use crate::i18n::{gettext, gettext_f};
use crate::ui::bridge;
use crate::ui::widgets::{dates, icon, name_of, named, progress};

/// What the drive is made from.
#[derive(Debug)]
pub struct Init {
    /// The history that is looked at.
    pub target: Target,
    /// It isn't the person's own: there is a way back to that.
    pub is_visit: bool,
}

/// The model.
#[derive(Debug)]
pub struct Drive {
    target: Target,
    is_visit: bool,
    /// `None` until it was looked for.
    room: Option<Room>,
    /// The other histories; `None` until they were looked for.
    others: Option<Vec<Known>>,
    popover: gtk::Popover,
    list: gtk::ListBox,
    note: gtk::Label,
}

/// The room on the drive was read; nothing is known of it while it is away.
#[derive(Debug, Default)]
pub struct Room {
    /// Bytes that are free.
    pub free_bytes: Option<u64>,
    /// Bytes that there are.
    pub total_bytes: Option<u64>,
}

/// What it is told.
#[derive(Debug)]
pub enum Input {
    /// The room on the drive was read.
    Room(Room),
    /// The list of drives was opened.
    Opened,
    /// The other histories were looked for; `None` if that broke down.
    Found(Option<Vec<Known>>),
    /// The one in this row was chosen.
    Chosen(usize),
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Look at this history.
    Visit(Box<Target>),
    /// Back to the person's own.
    GoHome,
}

#[relm4::component(pub)]
impl SimpleComponent for Drive {
    type Init = Init;
    type Input = Input;
    type Output = Output;

    view! {
        gtk::Box {
            set_orientation: gtk::Orientation::Vertical,
            add_css_class: "drive",

            gtk::Button {
                set_label: &gettext("Back to My Backups"),
                set_css_classes: &["home"],
                set_visible: model.is_visit,
                connect_clicked[sender] => move |_| {
                    let _closed = sender.output(Output::GoHome);
                },
            },
            named::named::<gtk::MenuButton>(&model.name()) -> gtk::MenuButton {
                set_css_classes: &["flat"],
                set_direction: gtk::ArrowType::Up,
                set_popover: Some(&popover),
                set_tooltip_text: Some(&name_of(&model.target.repository_path)),
                #[wrap(Some)]
                #[name = "content"]
                set_child = &gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_spacing: 6,

                    gtk::Box {
                        set_spacing: 8,
                        icon::decoration() -> gtk::Image {
                            set_icon_name: Some("drive-harddisk-symbolic"),
                        },
                        gtk::Label {
                            set_xalign: 0.0,
                            set_hexpand: true,
                            set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                            add_css_class: "caption-heading",
                            set_label: &model.title(),
                        },
                        icon::decoration() -> gtk::Image {
                            set_icon_name: Some("pan-up-symbolic"),
                        },
                    },
                    named::level_bar(&gettext("Used space of the drive")) -> gtk::LevelBar {
                        #[watch]
                        set_value: model.used().unwrap_or_default(),
                        #[watch]
                        set_visible: model.used().is_some(),
                    },
                    gtk::Label {
                        set_xalign: 0.0,
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
                        add_css_class: "caption",
                        add_css_class: "dim-label",
                        #[watch]
                        set_label: &model.room_words(),
                    },
                },
            },
        }
    }

    fn init(
        Init { target, is_visit }: Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let popover: gtk::Popover = named::named(&gettext("Other Drives"));
        let model = Self {
            target,
            is_visit,
            room: None,
            others: None,
            popover: popover.clone(),
            list: named::list_box(&gettext("Other Drives")),
            note: gtk::Label::builder().wrap(true).max_width_chars(28).xalign(0.0).build(),
        };
        model.build(sender.input_sender());
        let widgets = view_output!();
        widen(&widgets.content);
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>) {
        match message {
            Input::Room(room) => self.room = Some(room),
            Input::Opened => {
                self.show_others();
                let target = self.target.clone();
                bridge::once(sender.input_sender(), move || known::beside(&target), Input::Found);
            }
            Input::Found(found) => {
                self.others = Some(found.unwrap_or_default());
                self.show_others();
            }
            Input::Chosen(index) => {
                let chosen = self.others.as_ref().and_then(|others| others.get(index));
                if let Some(Ok(Some(target))) = chosen.map(Known::target) {
                    self.popover.popdown();
                    let _closed = sender.output(Output::Visit(Box::new(target)));
                }
            }
        }
    }
}

impl Drive {
    /// Puts the list together.
    fn build(&self, input: &relm4::Sender<Input>) {
        let title = gtk::Label::builder().label(gettext("Other Drives")).xalign(0.0).build();
        title.set_css_classes(&["heading"]);
        self.note.set_css_classes(&["dim-label"]);
        self.list.set_css_classes(&["boxed-list"]);
        self.list.set_selection_mode(gtk::SelectionMode::None);
        let content = gtk::Box::new(gtk::Orientation::Vertical, 12);
        content.set_css_classes(&["drives"]);
        content.append(&title);
        content.append(&self.note);
        content.append(&self.list);
        self.popover.set_child(Some(&content));
        let sender = input.clone();
        self.popover.connect_show(move |_| {
            let _closed = sender.send(Input::Opened);
        });
        let sender = input.clone();
        self.list.connect_row_activated(move |_, row| {
            if let Ok(index) = usize::try_from(row.index()) {
                let _closed = sender.send(Input::Chosen(index));
            }
        });
    }

    fn show_others(&self) {
        while let Some(row) = self.list.row_at_index(0) {
            self.list.remove(&row);
        }
        let others = self.others.as_deref().unwrap_or_default();
        for known in others {
            self.list.append(&row(known));
        }
        self.list.set_visible(!others.is_empty());
        self.note.set_visible(others.is_empty());
        self.note.set_label(&match self.others {
            None => gettext("Looking for drives…"),
            Some(_) => gettext("No other drive with backups is attached or known here."),
        });
        if let Some(first) = self.list.row_at_index(0) {
            first.grab_focus();
        }
    }

    /// The drive, by the name that the person knows.
    fn title(&self) -> String {
        name_of(drive_of(&self.target.repository_path))
    }

    /// The same for assistive tools, with what the button is for.
    fn name(&self) -> String {
        gettext_f("{drive}, other drives", &[("drive", &self.title())])
    }

    /// How much of the drive is used, from 0 to 1, if that is known.
    fn used(&self) -> Option<f64> {
        let Room { free_bytes, total_bytes } = self.room.as_ref()?;
        let (free, total) = ((*free_bytes)?, total_bytes.filter(|total| *total > 0)?);
        Some(1.0 - free as f64 / total as f64)
    }

    fn room_words(&self) -> String {
        match &self.room {
            Some(Room { free_bytes: Some(free), total_bytes: Some(total) }) => {
                let (free, total) = (text::size(*free), text::size(*total));
                gettext_f("{free} free of {total}", &[("free", &free), ("total", &total)])
            }
            Some(_) => gettext("Not attached"),
            None => String::new(),
        }
    }
}

/// A menu button puts what it holds into its middle; here that is as wide as the button.
fn widen(content: &gtk::Box) {
    let above = std::iter::successors(content.parent(), gtk::Widget::parent);
    for widget in above.take_while(|widget| !widget.is::<gtk::MenuButton>()) {
        widget.set_halign(gtk::Align::Fill);
        widget.set_hexpand(true);
    }
    content.set_hexpand(true);
}

/// A history in the list: its drive, and how new what it knows is.
fn row(known: &Known) -> gtk::ListBoxRow {
    let path = known.path.as_deref();
    let title = path.map_or_else(|| gettext("Another drive"), |path| name_of(drive_of(path)));
    let owner = path.and_then(|path| path.file_name()).map(|name| name_of(name.as_ref()));
    let state = known.is_away.then(|| gettext("away"));
    let newest = known.newest.map(|time| {
        gettext_f("newest {day}", &[("day", &dates::short_day(time, Timestamp::now()))])
    });
    let caption = [state, newest.or_else(|| Some(gettext("no snapshots"))), owner];
    let caption = caption.into_iter().flatten().reduce(|all, part| progress::join(&all, &part));
    let label = |text: &str, classes: &[&str]| {
        let label = gtk::Label::builder().label(text).xalign(0.0).css_classes(classes).build();
        label.set_ellipsize(gtk::pango::EllipsizeMode::Middle);
        label.set_max_width_chars(28);
        label
    };
    let caption = caption.unwrap_or_default();
    let content = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(2)
        .css_classes(["drive-row"])
        .build();
    content.append(&label(&title, &[]));
    content.append(&label(&caption, &["caption", "dim-label"]));
    let row: gtk::ListBoxRow = named::named(&progress::join(&title, &caption));
    row.set_child(Some(&content));
    row
}
