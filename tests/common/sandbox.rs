//! A mount namespace in which a single folder can be written to, and programs that run in it with limits.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::place::{has_program, is_root, skip};

/// Longer than any run takes, in seconds.
const GUARD_SECONDS: &str = "60";

/// How much address space a run may take: its threads' stacks and heaps are counted, too.
const MEMORY_BYTES: &str = "3221225472";

/// Makes everything read-only but for what programs need to be writable, and lets go of other tests' drives.
const ENTER: &str = r#"
mine=$(stat -c %d "$1")
while read -r _ _ device _ point options _; do
    case "$point" in /proc*|/sys*|/dev|/dev/pts) continue ;; esac
    case "$(printf '%s' "$point")" in */drive) mountpoint -q "$point" || continue
        test "$(stat -c %d "$point")" = "$mine" || { umount --lazy "$point"; continue; } ;;
    esac
    case "$options" in rw*) mount -o remount,bind,ro "$point" 2>/dev/null ;; esac
done <<END
$(cat /proc/self/mountinfo)
END
echo ready
exec cat
"#;

/// A namespace, until it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    holder: Child,
    /// The folder that can be written to.
    here: PathBuf,
}

/// How a run in it ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` if it was killed, 124 and above if it hung or died by a signal.
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Sandbox {
    /// A namespace with `here`, a folder on a drive of the test's own. `None`, loudly, where there can be none.
    pub fn new(here: &Path) -> Option<Self> {
        if !is_root() || !has_program("unshare") || !has_program("nsenter") {
            return None;
        }
        let mut command = Command::new("unshare");
        // What others unmount goes away here, too; what is mounted here stays here.
        command.args(["--mount", "--propagation", "slave", "sh", "-c", ENTER, "sh"]).arg(here);
        let holder = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut sandbox = Self { holder, here: here.to_owned() };
        let mut line = String::new();
        let said = sandbox.holder.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut line).unwrap();
        if line != "ready\n" {
            skip("no namespace can be made");
            return None;
        }
        Some(sandbox)
    }

    /// Lets what lies in `folder` be found at the one path that can be written to, until the next call.
    pub fn show(&self, folder: &Path) {
        let _ = self.inside("umount").args(["--recursive", "--quiet"]).arg(&self.here).output();
        self.mount(folder, &self.here);
        let writable = ["-o", "remount,bind,rw"];
        assert!(self.inside("mount").args(writable).arg(&self.here).status().unwrap().success());
    }

    /// What is at `from` a second time at `to`, until the next [`Sandbox::show`].
    pub fn mount(&self, from: &Path, to: &Path) {
        let done = self.inside("mount").arg("--bind").arg(from).arg(to).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// Runs `program` with limits, and with this environment alone.
    pub fn run(
        &self,
        program: &str,
        arguments: &[impl AsRef<OsStr>],
        environment: &[(&str, &OsStr)],
    ) -> Ran {
        let mut command = self.inside("timeout");
        command
            .args(["--signal=KILL", GUARD_SECONDS, "prlimit"])
            .arg(format!("--as={MEMORY_BYTES}"))
            .args(["--core=0", "--", program])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(environment.iter().copied())
            .stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let code = status.code().or(status.signal().map(|signal| 128 + signal));
        Ran { code, out: stdout, err: stderr }
    }

    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("--mount").arg(format!("--target={}", self.holder.id()));
        command.args(["--", program]).current_dir("/");
        command
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
