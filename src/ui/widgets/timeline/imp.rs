//! The timeline's inside: what it holds, and what GTK asks of a widget. It is a `gtk::Range`, because GTK 4.8 tells
//! assistive tools the value of nothing else; of that it keeps the value alone, and draws and listens itself.

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::gtk::glib::subclass::Signal;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;

use super::frame::Frame;
use super::group::Group;
use super::layout::{Layout, Start};
use super::model::{Model, Step};
use super::{draw, pointer, words};

/// The steps that have an action.
const ACTIONS: &[(&str, Step)] = &[
    ("timeline.earlier", Step::Earlier),
    ("timeline.later", Step::Later),
    ("timeline.earlier-change", Step::EarlierChange),
    ("timeline.later-change", Step::LaterChange),
    ("timeline.now", Step::Now),
];

/// What the widget holds.
#[derive(Default)]
pub struct Timeline {
    pub(super) model: RefCell<Model>,
    pub(super) layout: RefCell<Layout>,
    pub(super) frame: Cell<Frame>,
    /// The moment that is shown, by its place in the model.
    pub(super) chosen: Cell<usize>,
    /// Where the pointer is, along the timeline.
    pub(super) pointer: Cell<Option<f64>>,
    /// Scrolled since the last step, in steps.
    pub(super) scrolled: Cell<f64>,
    /// The moments are being replaced: nobody chose what the value says meanwhile.
    is_filling: Cell<bool>,
}

#[glib::object_subclass]
impl ObjectSubclass for Timeline {
    const NAME: &'static str = "YoreTimeline";
    type Type = super::Timeline;
    type ParentType = gtk::Range;

    fn class_init(class: &mut Self::Class) {
        class.set_css_name("timeline");
        class.set_accessible_role(gtk::AccessibleRole::Slider);
        for (name, step) in ACTIONS {
            class.install_action(name, None, |timeline, _, _| {
                timeline.go(*step);
            });
        }
    }
}

impl ObjectImpl for Timeline {
    fn constructed(&self) {
        self.parent_constructed();
        let obj = self.obj();
        obj.set_focusable(true);
        // The range's own parts: a slider that nobody sees, and gestures that know only even steps.
        if let Some(trough) = obj.first_child() {
            trough.set_visible(false);
        }
        for controller in obj.observe_controllers().into_iter().flatten() {
            if let Some(controller) = controller.downcast_ref::<gtk::EventController>() {
                controller.set_propagation_phase(gtk::PropagationPhase::None);
            }
        }
        pointer::listen(&obj);
    }

    fn signals() -> &'static [Signal] {
        static SIGNALS: OnceLock<Vec<Signal>> = OnceLock::new();
        SIGNALS.get_or_init(|| {
            vec![
                Signal::builder("chosen").param_types([u64::static_type()]).build(),
                Signal::builder("entered").build(),
            ]
        })
    }
}

impl WidgetImpl for Timeline {
    fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
        let lies = self.obj().orientation() == gtk::Orientation::Horizontal;
        let across = (orientation == gtk::Orientation::Vertical) == lies;
        let size = if across { draw::depth(&self.obj(), lies) } else { draw::LENGTH_MIN };
        (size, size, -1, -1)
    }

    fn size_allocate(&self, width: i32, height: i32, _baseline: i32) {
        let obj = self.obj();
        let lies = obj.orientation() == gtk::Orientation::Horizontal;
        self.frame.set(Frame {
            width: width as f32,
            height: height as f32,
            lies,
            is_mirrored: obj.direction() == gtk::TextDirection::Rtl,
            end: draw::end(&obj, lies),
        });
        self.lay_out();
    }

    fn snapshot(&self, snapshot: &gtk::Snapshot) {
        draw::draw(self, snapshot);
    }

    /// The tooltip's text is the moment, for assistive tools; the pointer has its own label.
    fn query_tooltip(&self, _x: i32, _y: i32, _by_keyboard: bool, _tooltip: &gtk::Tooltip) -> bool {
        false
    }
}

impl RangeImpl for Timeline {
    /// The value is the place of the chosen moment; whoever sets one in between gets the nearest.
    fn value_changed(&self) {
        if self.is_filling.get() {
            return;
        }
        let value = self.obj().value();
        let index = value.round().max(0.0) as usize;
        if value != index as f64 {
            self.obj().set_value(index as f64);
        } else if index != self.chosen.get() {
            self.chosen.set(index);
            self.refresh();
            let seq = self.model.borrow().tick(index).map(|tick| tick.seq);
            if let Some(seq) = seq {
                self.obj().emit_by_name::<()>("chosen", &[&seq]);
            }
        }
    }
}

impl Timeline {
    /// Shows other moments; the one at `chosen` is shown.
    pub(super) fn fill(&self, model: Model, chosen: usize) {
        let last = model.ticks().len().saturating_sub(1);
        self.model.replace(model);
        self.lay_out();
        self.is_filling.set(true);
        self.obj().adjustment().configure(chosen as f64, 0.0, last as f64, 1.0, 10.0, 0.0);
        self.is_filling.set(false);
        self.chosen.set(chosen);
        self.refresh();
    }

    /// What follows from the chosen moment.
    fn refresh(&self) {
        let (obj, model, chosen) = (self.obj(), self.model.borrow(), self.chosen.get());
        for (name, step) in ACTIONS {
            obj.action_set_enabled(name, model.step(chosen, *step).is_some());
        }
        // GTK 4.8 tells assistive tools no text of a value, but a tooltip's as the description.
        obj.set_tooltip_text(Some(&words::moment(&model, chosen, Timestamp::now())));
        obj.queue_draw();
    }

    fn lay_out(&self) {
        let model = self.model.borrow();
        let length = f64::from(self.frame.get().length());
        self.layout.replace(Layout::new(&model, starts(&model), length));
    }
}

/// The first moment of each group, as seen from now.
fn starts(model: &Model) -> Vec<Start> {
    let zone = TimeZone::system();
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    let mut starts: Vec<Start> = Vec::new();
    for (index, tick) in model.ticks().iter().enumerate() {
        let group = Group::of(tick.time.to_zoned(zone.clone()).date(), today);
        if starts.last().is_none_or(|start| start.group != group) {
            starts.push(Start { index, group });
        }
    }
    starts
}
