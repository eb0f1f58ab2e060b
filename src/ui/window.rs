//! The window: it finds out what to show (first run, the main screen, or why neither) and holds what is common to
//! all of them: actions, toasts, and the question before a running operation is closed away.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;

use super::browser::{self, Browser, Command};
use super::first_run::{FirstRun, SetUp};
use super::widgets::plain;
use super::{actions, bridge};
use crate::app::error::{Error, Result};
use crate::app::target::{Options, Target};
use crate::i18n::gettext;

/// The model.
pub struct Window {
    options: Options,
    page: Page,
    is_busy: bool,
    /// Close as soon as nothing runs any more.
    closes: bool,
    /// The question before closing, while it is open.
    question: Option<adw::MessageDialog>,
    stack: gtk::Stack,
}

/// What the window shows.
enum Page {
    Loading,
    FirstRun(Controller<FirstRun>),
    /// What is wrong, in plain words.
    Broken(String),
    Browser(Controller<Browser>),
}

/// What the window is told.
#[derive(Debug)]
pub enum Input {
    /// Look for the configuration.
    Load,
    /// It was looked for.
    Loaded(Result<Option<Target>>),
    /// The first run is over.
    SetUp(Target),
    /// The main screen has something to say.
    Browser(browser::Output),
    /// A key or a menu entry for the main screen.
    Command(Command),
    /// Show the keys.
    Shortcuts,
    /// Show what program this is.
    About,
    /// Close the window, asking first if something runs.
    Quit,
    /// Leave what runs alone.
    GoOn,
    /// Stop what runs, then close.
    StopAndQuit,
}

#[relm4::component(pub)]
impl Component for Window {
    type Init = Options;
    type Input = Input;
    type Output = ();
    type CommandOutput = ();

    view! {
        adw::ApplicationWindow {
            set_title: Some("Yore"),
            set_icon_name: Some(super::APP_ID),
            set_default_size: (1100, 720),
            set_size_request: (360, 360),
            connect_close_request[sender] => move |_| {
                let _ = sender.input_sender().send(Input::Quit);
                glib::Propagation::Stop
            },

            #[local_ref]
            stack -> gtk::Stack {
                    set_transition_type: gtk::StackTransitionType::Crossfade,

                    add_named[Some("loading")] = &gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        adw::HeaderBar { add_css_class: "flat" },
                        gtk::Spinner {
                            set_spinning: true,
                            set_vexpand: true,
                            set_halign: gtk::Align::Center,
                            set_size_request: (32, 32),
                        },
                    },
                    add_named[Some("broken")] = &gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        adw::HeaderBar {
                            add_css_class: "flat",
                            pack_end: &actions::menu_button(),
                        },
                        adw::StatusPage {
                            set_vexpand: true,
                            set_icon_name: Some("dialog-warning-symbolic"),
                            set_title: &gettext("The Settings Can’t Be Used"),
                            #[watch]
                            set_description: Some(&model.broken_words()),
                            gtk::Button {
                                set_label: &gettext("Try Again"),
                                set_halign: gtk::Align::Center,
                                set_css_classes: &["pill", "suggested-action"],
                                connect_clicked => Input::Load,
                            },
                        },
                    },
            },
        }
    }

    fn init(
        options: Options,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let stack = gtk::Stack::new();
        let model = Self {
            options,
            page: Page::Loading,
            is_busy: false,
            closes: false,
            question: None,
            stack: stack.clone(),
        };
        actions::install(&root, sender.input_sender());
        let widgets = view_output!();
        sender.input(Input::Load);
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Load => {
                let options = self.options.clone();
                self.show_page(Page::Loading);
                bridge::once(
                    sender.input_sender(),
                    move || Target::load(&options),
                    |loaded| Input::Loaded(loaded.unwrap_or(Err(Error::BrokenDown))),
                );
            }
            Input::Loaded(Ok(Some(target))) | Input::SetUp(target) => {
                self.enter_browser(target, &sender, root);
            }
            Input::Loaded(Ok(None)) => self.enter_first_run(&sender),
            Input::Loaded(Err(error)) => self.enter_broken(&error),
            Input::Browser(browser::Output::Busy(busy)) => {
                self.is_busy = busy;
                self.close_if_wanted(root);
            }
            Input::Command(command) => self.tell_browser(browser::Input::Command(command)),
            Input::GoOn => self.question = None,
            Input::Shortcuts => actions::shortcuts_window(root).present(),
            Input::About => actions::about_window(root).present(),
            Input::Quit if self.closes => {}
            Input::Quit if self.is_busy => {
                let question = self.question.get_or_insert_with(|| question(root, &sender));
                question.present();
            }
            Input::Quit => root.destroy(),
            Input::StopAndQuit => {
                self.question = None;
                self.closes = true;
                self.tell_browser(browser::Input::Stop);
                self.close_if_wanted(root);
            }
        }
    }
}

impl Window {
    fn tell_browser(&self, message: browser::Input) {
        if let Page::Browser(browser) = &self.page {
            browser.emit(message);
        }
    }

    fn broken_words(&self) -> String {
        match &self.page {
            Page::Broken(words) => glib::markup_escape_text(words).to_string(),
            Page::Loading | Page::FirstRun(_) | Page::Browser(_) => String::new(),
        }
    }

    fn enter_first_run(&mut self, sender: &ComponentSender<Self>) {
        let screen = (FirstRun::builder().launch(self.options.clone()))
            .forward(sender.input_sender(), |SetUp(target)| Input::SetUp(target));
        self.show_page(Page::FirstRun(screen));
    }

    fn enter_broken(&mut self, error: &Error) {
        self.show_page(Page::Broken(plain::sentence(error)));
    }

    fn enter_browser(
        &mut self,
        target: Target,
        sender: &ComponentSender<Self>,
        root: &adw::ApplicationWindow,
    ) {
        let screen =
            Browser::builder().launch(target).forward(sender.input_sender(), Input::Browser);
        self.show_page(Page::Browser(screen));
        actions::enter_browser(root);
    }

    /// Shows another page; the one before ends with its component, and its widgets must go with it.
    fn show_page(&mut self, page: Page) {
        match &page {
            Page::Loading => self.stack.set_visible_child_name("loading"),
            Page::Broken(_) => self.stack.set_visible_child_name("broken"),
            Page::FirstRun(screen) => show_screen(&self.stack, screen.widget()),
            Page::Browser(screen) => show_screen(&self.stack, screen.widget()),
        }
        match std::mem::replace(&mut self.page, page) {
            Page::FirstRun(screen) => self.stack.remove(screen.widget()),
            Page::Browser(screen) => self.stack.remove(screen.widget()),
            Page::Loading | Page::Broken(_) => {}
        }
    }

    fn close_if_wanted(&self, root: &adw::ApplicationWindow) {
        if self.closes && !self.is_busy {
            root.destroy();
        }
    }
}

fn show_screen(stack: &gtk::Stack, screen: &impl IsA<gtk::Widget>) {
    stack.add_child(screen);
    stack.set_visible_child(screen);
}

fn question(root: &adw::ApplicationWindow, sender: &ComponentSender<Window>) -> adw::MessageDialog {
    let dialog = adw::MessageDialog::new(
        Some(root),
        Some(&gettext("Stop and Quit?")),
        Some(&gettext(
            "Yore is still at work. Stopping loses nothing: what is not finished is done the next time.",
        )),
    );
    dialog.add_response("go-on", &gettext("Keep Running"));
    dialog.add_response("stop", &gettext("Stop and Quit"));
    dialog.set_response_appearance("stop", adw::ResponseAppearance::Destructive);
    dialog.set_default_response(Some("go-on"));
    dialog.set_close_response("go-on");
    let input = sender.input_sender().clone();
    dialog.connect_response(None, move |_, response| {
        let stops = response == "stop";
        let _closed = input.send(if stops { Input::StopAndQuit } else { Input::GoOn });
    });
    dialog
}
