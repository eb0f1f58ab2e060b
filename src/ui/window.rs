//! The window: it finds out what to show (first run, the main screen, or why neither) and holds what is common to
//! all of them: actions, toasts, and the question before a running operation is closed away.

use std::path::{Path, PathBuf};

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk;
use relm4::gtk::glib;
use relm4::prelude::*;

use self::place::Place;
use self::visit::Visit;
use super::browser::{self, Arrangement, Browser, Command};
use super::first_run::{FirstRun, SetUp};
use super::widgets::plain;
use super::{actions, bridge};
use crate::app::error::{Error, Result};
use crate::app::target::{Options, Target};
use crate::app::window_memory::WindowMemory;
use crate::i18n::gettext;

mod closing;
mod place;
mod visit;

/// In less there is never room for the places beside the folder, in pixels.
const BESIDE_WIDTH_MIN: i32 = 600;

/// The model.
pub struct Window {
    options: Options,
    page: Page,
    /// Another history that is looked at, over the person's own.
    visit: Option<Visit>,
    is_busy: bool,
    /// Close as soon as nothing runs any more.
    closes: bool,
    /// What the next window starts with; `None` until it was read, when the window comes.
    memory: Option<WindowMemory>,
    /// The repository that is looked at.
    repository: PathBuf,
    /// What the command line names, until there is a history to show it in.
    wanted: Option<Place>,
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
    /// What the last window remembered was read.
    Remembered(WindowMemory),
    /// Show the window, also if it was closed while something runs.
    Show,
    /// Open what lies at this path of the computer.
    OpenPath(PathBuf),
    /// It was looked at; nothing if it can't be in a history.
    Located(Option<Place>),
    /// Look for the configuration.
    Load,
    /// It was looked for.
    Loaded(Result<Option<Target>>),
    /// The first run is over.
    SetUp(Target),
    /// The main screen has something to say.
    Browser(browser::Output),
    /// The screen of another history has.
    Visitor(browser::Output),
    /// A key or a menu entry for the main screen.
    Command(Command),
    /// Show the keys.
    Shortcuts,
    /// Show what program this is.
    About,
    /// Close the window; what runs goes on.
    Close,
    /// Close it, and the person knows what that means.
    Hide,
    /// End, asking first if something runs.
    Quit,
    /// Leave what runs alone.
    GoOn,
    /// Stop what runs, then close.
    StopAndQuit,
    /// Everything is written: go.
    Gone,
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
            set_size_request: (360, 360),
            connect_close_request[sender] => move |_| {
                let _ = sender.input_sender().send(Input::Close);
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
            visit: None,
            is_busy: false,
            closes: false,
            memory: None,
            repository: PathBuf::new(),
            wanted: None,
            question: None,
            stack: stack.clone(),
        };
        actions::install(&root, sender.input_sender());
        let widgets = view_output!();
        bridge::once(sender.input_sender(), WindowMemory::read, |memory| {
            Input::Remembered(memory.unwrap_or_default())
        });
        sender.input(Input::Load);
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: Input, sender: ComponentSender<Self>, root: &Self::Root) {
        match message {
            Input::Remembered(memory) => self.come(memory, root),
            Input::Show => self.show_again(root),
            Input::OpenPath(path) => {
                let located = |found: Option<Option<Place>>| Input::Located(found.flatten());
                bridge::once(sender.input_sender(), move || place::locate(&path), located);
            }
            Input::Located(place) => {
                self.wanted = place;
                // What is named is in the person's own history.
                if self.wanted.is_some() && !self.is_at_work() {
                    self.go_home();
                }
                self.go_where_wanted();
            }
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
            Input::Browser(output) => self.browser_says(output, &sender, root),
            Input::Visitor(output) => self.visitor_says(output, &sender, root),
            Input::Command(command) => self.tell_browser(browser::Input::Command(command)),
            Input::GoOn => self.question = None,
            Input::Shortcuts => actions::shortcuts_window(root).present(),
            Input::About => actions::about_window(root).present(),
            Input::Close | Input::Quit if self.closes => {}
            Input::Close | Input::Quit if !self.is_at_work() => self.end(&sender, root),
            Input::Close if self.memory.as_ref().is_some_and(|memory| memory.knows_closing) => {
                self.hide(root);
            }
            Input::Close => self.ask(root, &sender, closing::first_time),
            Input::Quit => self.ask(root, &sender, closing::question),
            Input::Hide => {
                self.question = None;
                if let Some(memory) = &mut self.memory {
                    memory.knows_closing = true;
                }
                self.hide(root);
                self.close_if_wanted(&sender, root);
            }
            Input::StopAndQuit => {
                self.question = None;
                self.closes = true;
                self.stop_all();
                self.close_if_wanted(&sender, root);
            }
            Input::Gone => self.go(root),
        }
    }
}

impl Window {
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
        let repository = target.repository_path.clone();
        let init = browser::Init { options: self.options.clone(), target, is_visit: false };
        let screen = Browser::builder().launch(init).forward(sender.input_sender(), Input::Browser);
        if let Some(memory) = &self.memory {
            recall(memory, &repository, &screen);
        }
        // Before the first frame it has no width yet.
        let width = match (root.width(), &self.memory) {
            (0, Some(memory)) if !memory.is_maximized => memory.width,
            (width, _) => width,
        };
        fold_if_narrow(&screen, width);
        self.repository = repository;
        self.show_page(Page::Browser(screen));
        actions::enter_browser(root);
        self.go_where_wanted();
    }

    /// Opens what the command line names, as soon as there is a history.
    fn go_where_wanted(&mut self) {
        if let Page::Browser(browser) = &self.page {
            match self.wanted.take() {
                Some(Place::Folder(folder)) => browser.emit(browser::Input::OpenPast(folder)),
                Some(Place::File(file)) => browser.emit(browser::Input::Reveal(file)),
                None => {}
            }
        }
    }

    fn browser_says(
        &mut self,
        output: browser::Output,
        sender: &ComponentSender<Self>,
        root: &adw::ApplicationWindow,
    ) {
        match output {
            browser::Output::Busy(busy) => {
                self.is_busy = busy;
                self.close_if_wanted(sender, root);
            }
            browser::Output::Ended(words) if !root.is_visible() => closing::tell_end(&words),
            browser::Output::Ended(_) => {}
            browser::Output::Visit(target) => self.visit(*target, sender),
            browser::Output::GoHome => self.go_home(),
            browser::Output::Arranged(arrangement) => {
                if let Some(memory) = &mut self.memory {
                    arrangement.remember(memory);
                }
            }
            browser::Output::Place(folder) => {
                if let Some(memory) = &mut self.memory {
                    memory.set_place(&self.repository, &folder);
                }
            }
        }
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

    /// The window comes, as large as it was the last time.
    fn come(&mut self, memory: WindowMemory, root: &adw::ApplicationWindow) {
        root.set_default_size(memory.width, memory.height);
        root.set_maximized(memory.is_maximized);
        if let Page::Browser(browser) = &self.page {
            if !memory.is_maximized {
                fold_if_narrow(browser, memory.width);
            }
            recall(&memory, &self.repository, browser);
            self.go_where_wanted();
        }
        self.memory = Some(memory);
        root.present();
    }

    fn ask(
        &mut self,
        root: &adw::ApplicationWindow,
        sender: &ComponentSender<Self>,
        question: impl FnOnce(&adw::ApplicationWindow, &relm4::Sender<Input>) -> adw::MessageDialog,
    ) {
        let open = self.question.get_or_insert_with(|| question(root, sender.input_sender()));
        open.present();
    }
}

/// Shows entries as the last window did, and the folder that was open.
fn recall(memory: &WindowMemory, repository: &Path, screen: &Controller<Browser>) {
    screen.emit(browser::Input::Arrange(Arrangement::remembered(memory)));
    if let Some(folder) = memory.place(repository) {
        screen.emit(browser::Input::Open(folder));
    }
}

/// A screen that comes into a narrow window is a narrow one from the start: as a wide one it would make the window wider.
fn fold_if_narrow(screen: &Controller<Browser>, width: i32) {
    if (1..BESIDE_WIDTH_MIN).contains(&width) {
        screen.emit(browser::Input::Folded(true));
    }
}

fn show_screen(stack: &gtk::Stack, screen: &impl IsA<gtk::Widget>) {
    stack.add_child(screen);
    stack.set_visible_child(screen);
}
