//! The way from the place down to the open folder, each step a button; or the whole path as a text that can be changed.

use std::cell::RefCell;
use std::rc::Rc;

use relm4::gtk;
use relm4::gtk::prelude::*;

use crate::engine::path::RelPath;
use crate::i18n::gettext;
use crate::ui::browser::places;
use crate::ui::widgets::named;

/// The longest step, in characters, before it is shortened.
const STEP_CHARS_MAX: i32 = 24;

/// The bar.
#[derive(Debug, Clone)]
pub struct PathBar {
    /// The widget.
    pub root: gtk::Stack,
    crumbs: gtk::ScrolledWindow,
    line: gtk::Box,
    entry: gtk::Entry,
    /// Why what was typed can't be opened.
    refusal: gtk::Popover,
    why: gtk::Label,
    ask: gtk::Button,
    /// What is asked about by that button.
    missing: Rc<RefCell<Option<RelPath>>>,
    /// The folder whose path it is.
    shown: RefCell<Option<RelPath>>,
}

impl PathBar {
    /// An empty bar; `typed` is called with a path that was typed, and `ask` with one of which the person wants to know why
    /// it isn't there.
    pub fn new(typed: impl Fn(String) + 'static, ask: impl Fn(RelPath) + 'static) -> Self {
        let line = gtk::Box::builder().spacing(2).build();
        // At their natural width: rather fewer steps that can be read than all of them shortened.
        let port = gtk::Viewport::builder().hscroll_policy(gtk::ScrollablePolicy::Natural).build();
        port.set_child(Some(&line));
        let crumbs = gtk::ScrolledWindow::builder()
            .vscrollbar_policy(gtk::PolicyType::Never)
            .hscrollbar_policy(gtk::PolicyType::External)
            .propagate_natural_width(true)
            .child(&port)
            .css_classes(["path-bar"])
            .build();
        // The innermost folder matters most: where there isn't room for all, the end is shown.
        // Whoever tells that the room changed puts the former place back right after.
        crumbs.hadjustment().connect_changed(|space| {
            let space = space.clone();
            gtk::glib::idle_add_local_once(move || space.set_value(space.upper()));
        });
        let entry = named::entry(&gettext("Path"));
        entry.set_width_chars(8);
        entry.set_max_width_chars(48);
        entry.connect_activate(move |entry| typed(entry.text().into()));
        let why = gtk::Label::builder().wrap(true).max_width_chars(36).build();
        let missing = Rc::new(RefCell::new(None));
        let asked = missing.clone();
        let button = gtk::Button::builder().label(gettext("Why Isn’t It Here?")).build();
        let refusal: gtk::Popover = named::named(&gettext("Why this can’t be opened"));
        // The popover has the button, which must not hold it.
        let closing = refusal.downgrade();
        button.connect_clicked(move |_| {
            if let Some(refusal) = closing.upgrade() {
                refusal.popdown();
            }
            if let Some(path) = asked.take() {
                ask(path);
            }
        });
        let said = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(8).build();
        said.append(&why);
        said.append(&button);
        refusal.set_child(Some(&said));
        refusal.set_autohide(false);
        refusal.set_parent(&entry);
        let closing = refusal.clone();
        entry.connect_changed(move |_| closing.popdown());
        let root = gtk::Stack::builder().hhomogeneous(false).build();
        root.add_child(&crumbs);
        root.add_child(&entry);
        let bar = Self {
            root,
            crumbs,
            line,
            entry,
            refusal,
            why,
            ask: button,
            missing,
            shown: RefCell::default(),
        };
        bar.entry.add_controller(bar.escape());
        let refusal = bar.refusal.clone();
        bar.entry.connect_destroy(move |_| refusal.unparent());
        bar
    }

    /// Shows the way from `place` to `folder`; `go` is called with a step that was clicked.
    pub fn show(&self, place: &RelPath, folder: &RelPath, go: impl Fn(RelPath) + Clone + 'static) {
        // The same folder is shown again also where nobody asked for it, as after a backup.
        if self.shown.replace(Some(folder.clone())).as_ref() != Some(folder) {
            self.stop_editing();
        }
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

    /// Lets the path of `folder` be changed as a text.
    pub fn edit(&self, folder: &RelPath) {
        self.entry.set_text(&folder.to_absolute().to_string_lossy());
        self.root.set_visible_child(&self.entry);
        self.root.set_hexpand(true);
        self.entry.grab_focus();
        // Another path can be typed at once, and this one gone on with after a press of End.
        self.entry.select_region(0, -1);
    }

    /// Says why what was typed can't be opened; the text stays. Of a path that is `missing` more can be asked.
    pub fn refuse(&self, why: &str, missing: Option<RelPath>) {
        self.why.set_label(why);
        self.ask.set_visible(missing.is_some());
        self.missing.replace(missing);
        self.refusal.popup();
    }

    /// Shows the steps again, and not what was typed.
    pub fn stop_editing(&self) {
        self.refusal.popdown();
        self.root.set_hexpand(false);
        self.root.set_visible_child(&self.crumbs);
    }

    /// Escape gives the steps back.
    fn escape(&self) -> gtk::ShortcutController {
        let key = gtk::KeyvalTrigger::new(gtk::gdk::Key::Escape, gtk::gdk::ModifierType::empty());
        let (crumbs, root, refusal) =
            (self.crumbs.downgrade(), self.root.downgrade(), self.refusal.downgrade());
        let stop = gtk::CallbackAction::new(move |_, _| {
            if let Some(refusal) = refusal.upgrade() {
                refusal.popdown();
            }
            if let (Some(root), Some(crumbs)) = (root.upgrade(), crumbs.upgrade()) {
                root.set_hexpand(false);
                root.set_visible_child(&crumbs);
                let _has_focus = crumbs.child_focus(gtk::DirectionType::TabForward);
            }
            gtk::glib::Propagation::Stop
        });
        let shortcuts = gtk::ShortcutController::new();
        shortcuts.add_shortcut(gtk::Shortcut::new(Some(key), Some(stop)));
        shortcuts
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
