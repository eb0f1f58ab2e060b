//! The plan in words: a sentence for the whole and a row for each item.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::typed_view::list::{RelmListItem, TypedListView};

use crate::app::text;
use crate::engine::path;
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
        // What stays as it is comes last.
        items.sort_by_key(|item| !item.is_written() && item.action != Action::Impossible);
        self.0.extend_from_iter(items.into_iter().take(ROWS_MAX).map(row));
        if let Some(more) = plan.items.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
            let title = ngettext_f("and {count} more", "and {count} more", more as u64, &[]);
            self.0.append(Row { icon: "view-more-symbolic", title, ..Row::default() });
        }
    }
}

/// The whole plan in a few lines.
pub fn summary(plan: &RestorePlan) -> String {
    let mut lines = Vec::new();
    if plan.entries == 0 {
        lines.push(gettext("Nothing has to be restored: it is all there already."));
    } else {
        let size = text::size(plan.bytes);
        lines.push(ngettext_f(
            "{count} item will be written, {size}.",
            "{count} items will be written, {size}.",
            plan.entries,
            &[("size", &size)],
        ));
    }
    match plan.count(Action::KeepBoth) {
        0 => {}
        both => lines.push(ngettext_f(
            "{count} is there already and differs: both are kept, the restored one under a new name.",
            "{count} are there already and differ: both are kept, the restored ones under new names.",
            both,
            &[],
        )),
    }
    match plan.count(Action::Replace) {
        0 => {}
        replaced => lines.push(ngettext_f(
            "{count} will be replaced; what is there now is set aside.",
            "{count} will be replaced; what is there now is set aside.",
            replaced,
            &[],
        )),
    }
    lines.join("\n")
}

/// A warning if the target hasn't enough room; empty if it has.
pub fn room_warning(plan: &RestorePlan) -> String {
    match plan.free_bytes {
        Some(free) if free < plan.bytes => {
            let free = text::size(free);
            gettext_f(
                "There may not be enough room: only {free} are free there.",
                &[("free", &free)],
            )
        }
        _ => String::new(),
    }
}

/// One item's texts.
#[derive(Debug, Default)]
struct Row {
    icon: &'static str,
    title: String,
    detail: String,
    size: String,
    hint: String,
}

fn row(item: &PlanItem) -> Row {
    let target = name_of(&item.target);
    let target_name =
        item.target.file_name().map_or_else(String::new, |name| name_of(name.as_ref()));
    let (icon, detail) = match item.action {
        Action::Create => ("list-add-symbolic", gettext_f("To {path}", &[("path", &target)])),
        Action::KeepBoth => {
            let words = gettext_f("Both are kept; this one as “{name}”", &[("name", &target_name)]);
            ("edit-copy-symbolic", words)
        }
        Action::Replace => {
            ("edit-undo-symbolic", gettext("Replaces what is there, which is set aside"))
        }
        Action::Skip => ("window-close-symbolic", gettext("Left as it is there now")),
        Action::Impossible => {
            ("dialog-warning-symbolic", gettext("Can’t be restored: nothing of it is stored"))
        }
        Action::Remove => ("edit-undo-symbolic", gettext("Is set aside, as it was not there then")),
        Action::Adjust => ("emblem-ok-symbolic", gettext("Gets its former permissions and time")),
    };
    Row {
        icon,
        title: item.path.name().map_or_else(|| item.path.to_string(), path::display),
        detail,
        size: if item.is_written() { size(item) } else { String::new() },
        hint: target,
    }
}

fn size(item: &PlanItem) -> String {
    let size = text::size(item.bytes);
    if item.entries > 1 {
        let items = ngettext_f("{count} item", "{count} items", item.entries, &[]);
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
                        set_ellipsize: gtk::pango::EllipsizeMode::Middle,
                    },
                    #[name = "detail"]
                    gtk::Label {
                        set_xalign: 0.0,
                        set_ellipsize: gtk::pango::EllipsizeMode::Middle,
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
        widgets.title.set_label(&self.title);
        widgets.detail.set_label(&self.detail);
        widgets.detail.set_visible(!self.detail.is_empty());
        widgets.size.set_label(&self.size);
        root.set_tooltip_text(Some(&self.hint));
        // The row around our box is what assistive tools see; it has no name of its own.
        widgets.title.set_mnemonic_widget(root.parent().as_ref());
    }
}
