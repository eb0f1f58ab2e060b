//! Ready-made lists of what many people leave out, by name. Each is a table of patterns, nothing more.

use serde::{Deserialize, Serialize};

/// A ready-made list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// What programs keep only to be quicker.
    Caches,
    /// What was thrown away.
    Trash,
    /// What compilers and package managers make again.
    BuildOutput,
    /// Disk images of virtual machines.
    VirtualMachines,
    /// What was downloaded.
    Downloads,
}

/// A folder that is left out where another entry beside it tells what made it.
pub(super) struct Beside {
    /// The folder's name.
    pub folder: &'static [u8],
    /// Names of which one must lie beside it.
    pub markers: &'static [&'static [u8]],
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Caches, Self::Trash, Self::BuildOutput, Self::VirtualMachines, Self::Downloads];

    /// The name that configuration, command line and seal have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Caches => "caches",
            Self::Trash => "trash",
            Self::BuildOutput => "build-output",
            Self::VirtualMachines => "virtual-machines",
            Self::Downloads => "downloads",
        }
    }

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// What it leaves out wherever it lies.
    pub fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::Caches => CACHES,
            Self::Trash => TRASH,
            Self::BuildOutput => BUILD_OUTPUT,
            Self::VirtualMachines => VIRTUAL_MACHINES,
            Self::Downloads => DOWNLOADS,
        }
    }
}

const CACHES: &[&str] = &[
    ".cache/",
    ".ccache/",
    ".thumbnails/",
    ".npm/_cacache/",
    ".cargo/registry/",
    ".cargo/git/",
    ".gradle/caches/",
    ".java/deployment/cache/",
    ".nv/ComputeCache/",
    ".nv/GLCache/",
    ".local/share/baloo/",
    ".var/app/*/cache/",
    ".config/**/Cache/",
    ".config/**/CachedData/",
    ".config/**/Code Cache/",
    ".config/**/DawnCache/",
    ".config/**/GPUCache/",
    ".config/**/Service Worker/CacheStorage/",
    "/var/cache/",
];

const TRASH: &[&str] = &[".local/share/Trash/", ".Trash/", ".Trash-[0-9]*/", "$RECYCLE.BIN/"];

const BUILD_OUTPUT: &[&str] = &[
    "node_modules/",
    "bower_components/",
    "__pycache__/",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".tox/",
    ".nox/",
    ".eggs/",
    "*.pyc",
    ".parcel-cache/",
    ".svelte-kit/",
    ".turbo/",
    ".dart_tool/",
    ".stack-work/",
    "dist-newstyle/",
    ".zig-cache/",
    "zig-cache/",
    "elm-stuff/",
];

const VIRTUAL_MACHINES: &[&str] = &[
    "VirtualBox VMs/",
    "gnome-boxes/images/",
    "libvirt/images/",
    ".vagrant.d/boxes/",
    ".android/avd/",
    "*.qcow",
    "*.qcow2",
    "*.vdi",
    "*.vmdk",
    "*.vhd",
    "*.vhdx",
    "*.vmem",
];

const DOWNLOADS: &[&str] = &["/home/*/Downloads/", "/root/Downloads/"];

/// Build output with names that mean other things elsewhere.
pub(super) const BUILD_BESIDE: &[Beside] = &[
    Beside { folder: b"target", markers: &[b"Cargo.toml", b"pom.xml", b"build.sbt"] },
    Beside {
        folder: b"build",
        markers: &[b"CMakeLists.txt", b"build.gradle", b"build.gradle.kts", b"pubspec.yaml"],
    },
    Beside { folder: b".gradle", markers: &[b"build.gradle", b"build.gradle.kts"] },
    Beside { folder: b"_build", markers: &[b"mix.exs", b"dune-project", b"rebar.config"] },
    Beside { folder: b"deps", markers: &[b"mix.exs"] },
    Beside { folder: b"vendor", markers: &[b"composer.json"] },
    Beside { folder: b"Pods", markers: &[b"Podfile"] },
    Beside { folder: b".next", markers: &[b"package.json"] },
    Beside { folder: b".nuxt", markers: &[b"package.json"] },
    Beside { folder: b".angular", markers: &[b"angular.json"] },
    Beside { folder: b"zig-out", markers: &[b"build.zig"] },
    Beside {
        folder: b".venv",
        markers: &[b"pyproject.toml", b"requirements.txt", b"setup.py", b"Pipfile"],
    },
    Beside {
        folder: b"venv",
        markers: &[b"pyproject.toml", b"requirements.txt", b"setup.py", b"Pipfile"],
    },
];
