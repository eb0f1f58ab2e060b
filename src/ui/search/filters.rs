//! The row of filters: which kind, only what is gone, only the open folder.

use relm4::gtk;
use relm4::gtk::prelude::*;

use crate::engine::history::KindFilter;
use crate::i18n::gettext;

/// What was chosen.
#[derive(Debug)]
pub enum Chosen {
    /// Only this kind, or everything.
    Kind(Option<KindFilter>),
    /// Only what isn't there any more.
    GoneOnly(bool),
    /// Only the open folder.
    HereOnly(bool),
}

/// The row.
#[derive(Debug)]
pub struct Filters {
    /// The widget.
    pub root: gtk::FlowBox,
    everything: gtk::ToggleButton,
    gone: gtk::CheckButton,
    here: gtk::CheckButton,
}

impl Filters {
    /// A row with nothing left out; `tell` is told what was chosen.
    pub fn new(tell: impl Fn(Chosen) + Clone + 'static) -> Self {
        let kinds = gtk::Box::builder().css_classes(["linked"]).build();
        let everything = gtk::ToggleButton::with_label(&gettext("Everything"));
        let choices = [
            (everything.clone(), None),
            (gtk::ToggleButton::with_label(&gettext("Files")), Some(KindFilter::File)),
            (gtk::ToggleButton::with_label(&gettext("Folders")), Some(KindFilter::Folder)),
        ];
        everything.set_active(true);
        for (button, kind) in choices {
            if button != everything {
                button.set_group(Some(&everything));
            }
            let tell = tell.clone();
            button.connect_toggled(move |button| {
                if button.is_active() {
                    tell(Chosen::Kind(kind));
                }
            });
            kinds.append(&button);
        }
        let gone = gtk::CheckButton::with_label(&gettext("Only what is gone"));
        let here = gtk::CheckButton::with_label(&gettext("Only in the open folder"));
        let told = tell.clone();
        gone.connect_toggled(move |button| told(Chosen::GoneOnly(button.is_active())));
        here.connect_toggled(move |button| tell(Chosen::HereOnly(button.is_active())));
        let root = gtk::FlowBox::builder()
            .selection_mode(gtk::SelectionMode::None)
            .column_spacing(12)
            .row_spacing(6)
            .max_children_per_line(3)
            .halign(gtk::Align::Start)
            .css_classes(["past-filters"])
            .build();
        for filter in [kinds.upcast_ref::<gtk::Widget>(), gone.upcast_ref(), here.upcast_ref()] {
            // The keyboard goes to the filter itself.
            let around = gtk::FlowBoxChild::builder().focusable(false).child(filter).build();
            root.append(&around);
        }
        Self { root, everything, gone, here }
    }

    /// Names the open folder.
    pub fn set_folder(&self, name: &str) {
        self.here.set_tooltip_text(Some(name));
    }

    /// Leaves nothing out.
    pub fn clear(&self) {
        self.everything.set_active(true);
        self.gone.set_active(false);
        self.here.set_active(false);
    }
}
