//! The way from the place down to the open folder, each step a button.

use relm4::gtk;
use relm4::gtk::prelude::*;

use crate::engine::path::RelPath;
use crate::ui::browser::places;

/// The longest step, in characters, before it is shortened.
const STEP_CHARS_MAX: i32 = 24;

/// The bar.
#[derive(Debug, Clone)]
pub struct PathBar {
    /// The widget.
    pub root: gtk::ScrolledWindow,
    line: gtk::Box,
}

impl PathBar {
    /// An empty bar.
    pub fn new() -> Self {
        let line = gtk::Box::builder().spacing(2).build();
        // At their natural width: rather fewer steps that can be read than all of them shortened.
        let port = gtk::Viewport::builder().hscroll_policy(gtk::ScrollablePolicy::Natural).build();
        port.set_child(Some(&line));
        let root = gtk::ScrolledWindow::builder()
            .vscrollbar_policy(gtk::PolicyType::Never)
            .hscrollbar_policy(gtk::PolicyType::External)
            .propagate_natural_width(true)
            .child(&port)
            .css_classes(["path-bar"])
            .build();
        // The innermost folder matters most: where there isn't room for all, the end is shown.
        root.hadjustment().connect_changed(|space| space.set_value(space.upper()));
        Self { root, line }
    }

    /// Shows the way from `place` to `folder`; `go` is called with a step that was clicked.
    pub fn show(&self, place: &RelPath, folder: &RelPath, go: impl Fn(RelPath) + Clone + 'static) {
        while let Some(step) = self.line.first_child() {
            self.line.remove(&step);
        }
        let mut steps: Vec<RelPath> = std::iter::successors(Some(folder.clone()), RelPath::parent)
            .take_while(|step| step.is_within(place))
            .collect();
        steps.reverse();
        for (index, step) in steps.iter().enumerate() {
            if index > 0 {
                self.line
                    .append(&gtk::Label::builder().label("/").css_classes(["dim-label"]).build());
            }
            let is_last = index + 1 == steps.len();
            self.line.append(&button(step, is_last, go.clone()));
        }
    }
}

fn button(step: &RelPath, is_last: bool, go: impl Fn(RelPath) + 'static) -> gtk::Button {
    let label = gtk::Label::builder()
        .label(places::title_of(step))
        .ellipsize(gtk::pango::EllipsizeMode::Middle)
        .max_width_chars(STEP_CHARS_MAX)
        .build();
    label.add_css_class(if is_last { "heading" } else { "dim-label" });
    let button = gtk::Button::builder()
        .child(&label)
        .css_classes(["flat", "path-step"])
        .tooltip_text(step.to_string())
        .build();
    // A child label doesn't name a button before GTK 4.10, a mnemonic label does.
    label.set_mnemonic_widget(Some(&button));
    let step = step.clone();
    button.connect_clicked(move |_| go(step.clone()));
    button
}
