//! The snapshots, newest first, under headings of the days they were made on.

use std::cell::Cell;
use std::rc::Rc;

use jiff::Timestamp;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::prelude::*;
use relm4::prelude::*;
use relm4::typed_view::list::{RelmListItem, TypedListView};

use crate::app::text;
use crate::engine::history::{SnapshotInfo, SnapshotState};
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::widgets::{dates, focus, icon, named, progress};

/// The model.
pub struct Snapshots {
    list: TypedListView<Row, gtk::SingleSelection>,
    /// Sequence numbers by row.
    seqs: Vec<u64>,
    /// A row is being marked by the program: nobody chose it here.
    is_marking: Rc<Cell<bool>>,
}

/// What the list is told.
#[derive(Debug)]
pub enum Input {
    /// The snapshots, newest first, and the chosen one.
    Set(Vec<SnapshotInfo>, Option<u64>),
    /// Marks a snapshot that was chosen elsewhere.
    Mark(u64),
}

/// What the person did.
#[derive(Debug)]
pub enum Output {
    /// A snapshot was chosen, by its sequence number.
    Chosen(u64),
    /// By a click or Return: its files are wanted.
    Entered,
}

#[relm4::component(pub)]
impl SimpleComponent for Snapshots {
    type Init = ();
    type Input = Input;
    type Output = Output;

    view! {
        gtk::ScrolledWindow {
            set_vexpand: true,
            set_hscrollbar_policy: gtk::PolicyType::Never,
            #[local_ref]
            view -> gtk::ListView {
                add_css_class: "snapshots",
            },
        }
    }

    fn init(_: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let mut list = TypedListView::<Row, gtk::SingleSelection>::new();
        let view = named::list_view(&gettext("Snapshots"));
        view.set_factory(list.view.factory().as_ref());
        view.set_model(Some(&list.selection_model));
        list.view = view.clone();
        list.selection_model.set_autoselect(false);
        let is_marking = Rc::new(Cell::new(false));
        let (output, silent) = (sender.output_sender().clone(), is_marking.clone());
        list.selection_model.connect_selected_item_notify(move |selection| {
            if silent.get() {
                return;
            }
            if let Some(item) = selection.selected_item().and_downcast::<glib::BoxedAnyObject>() {
                let _closed = output.send(Output::Chosen(item.borrow::<Row>().seq));
            }
        });
        let output = sender.output_sender().clone();
        list.view.connect_activate(move |_, _| {
            let _closed = output.send(Output::Entered);
        });
        let (click, output) = (gtk::GestureClick::new(), sender.output_sender().clone());
        click.connect_released(move |_, _, _, _| {
            let _closed = output.send(Output::Entered);
        });
        list.view.add_controller(click);
        let model = Self { list, seqs: Vec::new(), is_marking };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, _sender: ComponentSender<Self>) {
        match message {
            Input::Set(snapshots, chosen) => {
                let had_focus = focus::has(&self.list.view);
                self.seqs = snapshots.iter().map(|snapshot| snapshot.seq).collect();
                self.is_marking.set(true);
                self.list.clear();
                self.list.extend_from_iter(rows(&snapshots, Timestamp::now()));
                self.is_marking.set(false);
                if let Some(seq) = chosen {
                    self.mark(seq);
                }
                if had_focus {
                    self.focus(chosen);
                }
            }
            Input::Mark(seq) => self.mark(seq),
        }
    }
}

impl Snapshots {
    fn focus(&self, seq: Option<u64>) {
        let row = self.seqs.iter().position(|known| Some(*known) == seq).unwrap_or_default();
        if let (Some(seq), Ok(row)) = (self.seqs.get(row), u32::try_from(row)) {
            focus::row(&self.list.view, row, seq.to_string());
        }
    }

    fn mark(&self, seq: u64) {
        let row = self.seqs.iter().position(|known| *known == seq);
        if let Some(row) = row.and_then(|row| u32::try_from(row).ok()) {
            self.is_marking.set(true);
            self.list.selection_model.set_selected(row);
            self.is_marking.set(false);
            // The action brings the row into view; GTK 4.8 has no method for it.
            let _no_such_action =
                self.list.view.activate_action("list.scroll-to-item", Some(&row.to_variant()));
        }
    }
}

/// One snapshot's texts.
#[derive(Debug)]
struct Row {
    seq: u64,
    heading: Option<String>,
    clock: String,
    full: String,
    details: String,
    icon: Option<&'static str>,
}

fn rows(snapshots: &[SnapshotInfo], now: Timestamp) -> Vec<Row> {
    let mut previous = None;
    let mut rows = Vec::with_capacity(snapshots.len());
    for (index, snapshot) in snapshots.iter().enumerate() {
        let heading = dates::heading(snapshot.started, now);
        let is_new = previous.as_ref() != Some(&heading);
        let crowded =
            [index.checked_sub(1), index.checked_add(1)].into_iter().flatten().any(|other| {
                snapshots.get(other).is_some_and(|other| {
                    other.started.as_second() / 60 == snapshot.started.as_second() / 60
                })
            });
        let clock = dates::clock(snapshot.started, crowded);
        rows.push(Row {
            seq: snapshot.seq,
            full: gettext_f("{day}, {clock}", &[("day", &heading), ("clock", &clock)]),
            heading: is_new.then(|| heading.clone()),
            clock,
            details: details(snapshot),
            icon: warning(snapshot),
        });
        previous = Some(heading);
    }
    rows
}

fn warning(snapshot: &SnapshotInfo) -> Option<&'static str> {
    match snapshot.state {
        SnapshotState::Good if snapshot.problems == 0 => None,
        SnapshotState::Good | SnapshotState::Damaged => Some("dialog-warning-symbolic"),
        SnapshotState::Missing | SnapshotState::Pruned => Some("dialog-error-symbolic"),
    }
}

fn details(snapshot: &SnapshotInfo) -> String {
    match snapshot.state {
        SnapshotState::Damaged => return gettext("Damaged, can be browsed"),
        SnapshotState::Missing | SnapshotState::Pruned => {
            return gettext("Not on the drive any more");
        }
        SnapshotState::Good => {}
    }
    if snapshot.problems > 0 {
        return ngettext_f("{count} not read", "{count} not read", snapshot.problems, &[]);
    }
    let files = ngettext_f("{count} file", "{count} files", snapshot.files, &[]);
    let size = text::size(snapshot.copied_bytes);
    progress::join(&files, &gettext_f("{size} new", &[("size", &size)]))
}

/// A row's widgets.
struct RowWidgets {
    heading: gtk::Label,
    clock: gtk::Label,
    details: gtk::Label,
    icon: gtk::Image,
    name: gtk::Label,
}

impl RelmListItem for Row {
    type Root = gtk::Box;
    type Widgets = RowWidgets;

    fn setup(_item: &gtk::ListItem) -> (gtk::Box, RowWidgets) {
        relm4::view! {
            root = gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                #[name = "heading"]
                gtk::Label {
                    set_xalign: 0.0,
                    set_css_classes: &["caption-heading", "dim-label", "day"],
                },
                #[name = "name"]
                gtk::Label { set_visible: false },
                gtk::Box {
                    set_spacing: 8,
                    add_css_class: "line",
                    gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_hexpand: true,
                        #[name = "clock"]
                        gtk::Label { set_xalign: 0.0, add_css_class: "numeric" },
                        #[name = "details"]
                        gtk::Label {
                            set_xalign: 0.0,
                            set_ellipsize: gtk::pango::EllipsizeMode::End,
                            set_css_classes: &["caption", "dim-label", "numeric"],
                        },
                    },
                    #[name = "icon"]
                    icon::decoration() -> gtk::Image {
                        add_css_class: "warning",
                    },
                },
            }
        }
        (root, RowWidgets { heading, clock, details, icon, name })
    }

    fn bind(&mut self, widgets: &mut RowWidgets, root: &mut gtk::Box) {
        root.set_widget_name(&self.seq.to_string());
        widgets.heading.set_visible(self.heading.is_some());
        widgets.heading.set_label(self.heading.as_deref().unwrap_or_default());
        widgets.clock.set_label(&self.clock);
        widgets.details.set_label(&self.details);
        widgets.icon.set_visible(self.icon.is_some());
        widgets.icon.set_icon_name(self.icon);
        widgets.name.set_label(&self.full);
        // The row around our box is what assistive tools see; it has no name of its own.
        widgets.name.set_mnemonic_widget(root.parent().as_ref());
    }
}
