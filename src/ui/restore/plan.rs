//! The plan's items, a row for each.

use std::collections::BTreeSet;

use relm4::RelmWidgetExt;
use relm4::gtk;
use relm4::gtk::pango::EllipsizeMode;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::{RelmListItem, TypedListView};

use crate::app::text;
use crate::engine::path::{RelPath, display};
use crate::engine::restore::{Action, PlanItem, RestorePlan};
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::widgets::{icon, name_of, named, progress};

/// Rows that are shown; a longer plan ends with a count.
const ROWS_MAX: usize = 10_000;

/// The list of a plan's items.
pub struct PlanList(TypedListView<Row, gtk::NoSelection>);

impl PlanList {
    /// An empty list.
    pub fn new() -> Self {
        let mut list = TypedListView::<Row, gtk::NoSelection>::new();
        let view = named::list_view(&gettext("What will be restored"));
        view.set_factory(list.view.factory().as_ref());
        view.set_model(Some(&list.selection_model));
        list.view = view;
        Self(list)
    }

    /// The widget.
    pub fn view(&self) -> gtk::ListView {
        self.0.view.clone()
    }

    /// Shows a plan's items.
    pub fn show(&mut self, plan: &RestorePlan) {
        self.0.clear();
        let mut items: Vec<&PlanItem> = plan.items.iter().collect();
        // What takes something from its place comes first, what stays as it is last.
        items.sort_by_key(|item| match item.action {
            Action::Remove => 0,
            Action::Replace => 1,
            Action::Skip => 3,
            _ => 2,
        });
        let wanted: BTreeSet<&RelPath> =
            plan.request.wanted.iter().map(|wanted| &wanted.path).collect();
        self.0.extend_from_iter(items.into_iter().take(ROWS_MAX).map(|item| row(item, &wanted)));
        if let Some(more) = plan.items.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
            let title = ngettext_f("and {count} more", "and {count} more", more as u64, &[]);
            self.0.append(Row {
                icon: "view-more-symbolic",
                title,
                detail: String::new(),
                size: String::new(),
                hint: String::new(),
                is_removal: false,
                cut: EllipsizeMode::End,
            });
        }
    }
}

/// One item's texts.
#[derive(Debug)]
struct Row {
    icon: &'static str,
    title: String,
    detail: String,
    size: String,
    hint: String,
    is_removal: bool,
    /// Where the detail is cut short: of a path both ends say most.
    cut: EllipsizeMode,
}

fn row(item: &PlanItem, wanted: &BTreeSet<&RelPath>) -> Row {
    let (icon, detail) = icon_and_words(item);
    let size = match item.action {
        Action::Create | Action::KeepBoth | Action::Replace => size(item.entries, item.bytes),
        Action::Remove => {
            item.there.map(|there| size(there.entries, there.bytes)).unwrap_or_default()
        }
        Action::Adjust | Action::Skip | Action::Impossible | Action::LeaveOut => String::new(),
    };
    Row {
        icon,
        title: title(&item.path, wanted),
        detail,
        size,
        hint: name_of(&item.target),
        is_removal: item.action == Action::Remove,
        cut: if item.action == Action::Create { EllipsizeMode::Middle } else { EllipsizeMode::End },
    }
}

fn icon_and_words(item: &PlanItem) -> (&'static str, String) {
    match item.action {
        Action::Create => {
            ("list-add-symbolic", gettext_f("To {path}", &[("path", &name_of(&item.target))]))
        }
        Action::KeepBoth => {
            let name = item.target.file_name().map(|name| name_of(name.as_ref()));
            let name = name.unwrap_or_default();
            let words = gettext_f("Both are kept; this one as “{name}”", &[("name", &name)]);
            ("edit-copy-symbolic", words)
        }
        Action::Replace => ("edit-undo-symbolic", replaced(item)),
        Action::Remove => ("list-remove-symbolic", gettext("Removed: it was not there then")),
        Action::Adjust => {
            ("document-properties-symbolic", gettext("Gets its former owner, permissions and time"))
        }
        Action::Skip => ("action-unavailable-symbolic", gettext("Left as it is there now")),
        Action::Impossible => {
            ("dialog-warning-symbolic", gettext("Can’t be restored: nothing of it is stored"))
        }
        Action::LeaveOut => (
            "dialog-warning-symbolic",
            gettext("Left out: devices are restored only by root who asks for it"),
        ),
    }
}

fn replaced(item: &PlanItem) -> String {
    match item.there {
        Some(there) => gettext_f(
            "Replaces that of {time}, {size}",
            &[("time", &text::file_time(there.mtime)), ("size", &text::size(there.bytes))],
        ),
        None => gettext("Replaces what is there"),
    }
}

/// The path below what the person asked for, which begins it.
fn title(path: &RelPath, wanted: &BTreeSet<&RelPath>) -> String {
    let mut asked = path.clone();
    while !wanted.contains(&asked) {
        match asked.parent() {
            Some(above) => asked = above,
            None => return path.to_string(),
        }
    }
    let above = asked.components().count().saturating_sub(1);
    let names: Vec<&[u8]> = path.components().skip(above).collect();
    if names.is_empty() { path.to_string() } else { display(&names.join(&b'/')) }
}

fn size(entries: u64, bytes: u64) -> String {
    let size = text::size(bytes);
    if entries > 1 {
        let items = ngettext_f("{count} item", "{count} items", entries, &[]);
        return progress::join(&items, &size);
    }
    size
}

/// A row's widgets.
struct RowWidgets {
    icon: gtk::Image,
    title: gtk::Label,
    detail: gtk::Label,
    size: gtk::Label,
}

impl RelmListItem for Row {
    type Root = gtk::Box;
    type Widgets = RowWidgets;

    fn setup(_item: &gtk::ListItem) -> (gtk::Box, RowWidgets) {
        relm4::view! {
            root = gtk::Box {
                set_spacing: 12,
                add_css_class: "entry-line",
                #[name = "icon"]
                icon::decoration() -> gtk::Image {},
                gtk::Box {
                    set_orientation: gtk::Orientation::Vertical,
                    set_hexpand: true,
                    set_valign: gtk::Align::Center,
                    #[name = "title"]
                    gtk::Label {
                        set_xalign: 0.0,
                        set_ellipsize: EllipsizeMode::Middle,
                    },
                    #[name = "detail"]
                    gtk::Label {
                        set_xalign: 0.0,
                        set_css_classes: &["caption", "dim-label"],
                    },
                },
                #[name = "size"]
                gtk::Label { set_css_classes: &["caption", "dim-label", "numeric"] },
            }
        }
        (root, RowWidgets { icon, title, detail, size })
    }

    fn bind(&mut self, widgets: &mut RowWidgets, root: &mut gtk::Box) {
        widgets.icon.set_icon_name(Some(self.icon));
        widgets.icon.set_class_active("error", self.is_removal);
        widgets.title.set_label(&self.title);
        widgets.detail.set_label(&self.detail);
        widgets.detail.set_ellipsize(self.cut);
        widgets.detail.set_visible(!self.detail.is_empty());
        widgets.size.set_label(&self.size);
        root.set_tooltip_text(Some(&self.hint));
        // The row around our box is what assistive tools see; it has no name of its own.
        widgets.title.set_mnemonic_widget(root.parent().as_ref());
    }
}
