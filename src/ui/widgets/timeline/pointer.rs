//! What a hand does to a timeline: pointing, clicking, dragging, scrolling, keys.

use relm4::gtk;
use relm4::gtk::prelude::*;
use relm4::gtk::subclass::prelude::*;
use relm4::gtk::{gdk, glib};

use super::{Step, Timeline};

/// Moments that a page of the keyboard goes by.
const PAGE: usize = 10;

/// Makes `timeline` answer to the pointer, the wheel and keys.
pub fn listen(timeline: &Timeline) {
    let motion = hover(timeline);
    drag(timeline, motion);
    scroll(timeline);
    keys(timeline);
}

fn drag(timeline: &Timeline, motion: gtk::EventControllerMotion) {
    let drag = gtk::GestureDrag::new();
    drag.connect_drag_begin({
        let timeline = timeline.downgrade();
        move |_, x, y| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.grab_focus();
                point(&timeline, x, y);
                timeline.choose_at(timeline.imp().frame.get().along(x, y));
            }
        }
    });
    drag.connect_drag_update({
        let timeline = timeline.downgrade();
        move |drag, dx, dy| {
            if let (Some(timeline), Some((x, y))) = (timeline.upgrade(), drag.start_point()) {
                point(&timeline, x + dx, y + dy);
                timeline.choose_at(timeline.imp().frame.get().along(x + dx, y + dy));
            }
        }
    });
    drag.connect_drag_end({
        let timeline = timeline.downgrade();
        // A finger that is lifted points nowhere any more.
        move |_, _, _| match timeline.upgrade() {
            Some(timeline) if !motion.contains_pointer() => point_nowhere(&timeline),
            _ => {}
        }
    });
    timeline.add_controller(drag);
}

fn hover(timeline: &Timeline) -> gtk::EventControllerMotion {
    let motion = gtk::EventControllerMotion::new();
    let here = timeline.downgrade();
    let moved = move |x, y| {
        if let Some(timeline) = here.upgrade() {
            point(&timeline, x, y);
        }
    };
    motion.connect_enter({
        let moved = moved.clone();
        move |_, x, y| moved(x, y)
    });
    motion.connect_motion(move |_, x, y| moved(x, y));
    let here = timeline.downgrade();
    motion.connect_leave(move |_| {
        if let Some(timeline) = here.upgrade() {
            point_nowhere(&timeline);
        }
    });
    timeline.add_controller(motion.clone());
    motion
}

fn point_nowhere(timeline: &Timeline) {
    timeline.imp().pointer.set(None);
    timeline.queue_draw();
}

fn point(timeline: &Timeline, x: f64, y: f64) {
    let inside = timeline.imp();
    inside.pointer.set(Some(inside.frame.get().along(x, y)));
    timeline.queue_draw();
}

fn scroll(timeline: &Timeline) {
    let scroll = gtk::EventControllerScroll::new(gtk::EventControllerScrollFlags::BOTH_AXES);
    let here = timeline.downgrade();
    scroll.connect_scroll(move |_, dx, dy| {
        let Some(timeline) = here.upgrade() else { return glib::Propagation::Proceed };
        let inside = timeline.imp();
        let is_mirrored = inside.frame.get().is_mirrored;
        let scrolled = inside.scrolled.get() + dy + if is_mirrored { -dx } else { dx };
        inside.scrolled.set(scrolled.fract());
        let step = if scrolled < 0.0 { Step::Earlier } else { Step::Later };
        timeline.go_times(step, scrolled.abs() as usize);
        glib::Propagation::Stop
    });
    timeline.add_controller(scroll);
}

fn keys(timeline: &Timeline) {
    let keys = gtk::EventControllerKey::new();
    let here = timeline.downgrade();
    keys.connect_key_pressed(move |_, key, _, modifiers| {
        let chords = gdk::ModifierType::SHIFT_MASK
            | gdk::ModifierType::CONTROL_MASK
            | gdk::ModifierType::ALT_MASK
            | gdk::ModifierType::SUPER_MASK;
        match here.upgrade() {
            Some(timeline) if !modifiers.intersects(chords) && pressed(&timeline, key) => {
                glib::Propagation::Stop
            }
            _ => glib::Propagation::Proceed,
        }
    });
    timeline.add_controller(keys);
}

/// Whether the key means something here.
fn pressed(timeline: &Timeline, key: gdk::Key) -> bool {
    let is_mirrored = timeline.imp().frame.get().is_mirrored;
    let (left, right) =
        if is_mirrored { (Step::Later, Step::Earlier) } else { (Step::Earlier, Step::Later) };
    let (step, times) = match key {
        gdk::Key::Up | gdk::Key::KP_Up => (Step::Earlier, 1),
        gdk::Key::Down | gdk::Key::KP_Down => (Step::Later, 1),
        gdk::Key::Left | gdk::Key::KP_Left => (left, 1),
        gdk::Key::Right | gdk::Key::KP_Right => (right, 1),
        gdk::Key::Page_Up | gdk::Key::KP_Page_Up => (Step::Earlier, PAGE),
        gdk::Key::Page_Down | gdk::Key::KP_Page_Down => (Step::Later, PAGE),
        gdk::Key::Home | gdk::Key::KP_Home => (Step::Oldest, 1),
        gdk::Key::End | gdk::Key::KP_End => (Step::Now, 1),
        gdk::Key::Return | gdk::Key::KP_Enter => {
            timeline.emit_by_name::<()>("entered", &[]);
            return true;
        }
        _ => return false,
    };
    timeline.go_times(step, times);
    true
}
