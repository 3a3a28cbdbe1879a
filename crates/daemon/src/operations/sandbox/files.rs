//! Files: read-write below our own directories, read-only where the system keeps what every program reads.
//!
//! Spec: landlock(7).

use std::fmt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, LandlockStatus, PathBeneath, PathFd, RestrictSelfAttr as _,
    Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

use super::{Programs, Sandbox};

/// The rights that this program knows: Linux 6.12. An older kernel holds what it has of them.
const KNOWN: ABI = ABI::V6;

/// What programs read of a system: libraries, settings, authorities, time zones, what we are.
const SYSTEM: [&str; 9] =
    ["/etc", "/usr", "/lib", "/lib64", "/bin", "/dev/random", "/dev/urandom", "/proc/self", "/sys/fs/cgroup"];

/// Where /etc/resolv.conf leads when some program writes it. Each makes a directory of its own there, which may come, go and come
/// back as another one after we have started: so all of it, to read and not to run.
const VOLATILE: [&str; 1] = ["/run"];

/// What later versions of Landlock hold beside reading, writing, making and removing (landlock(7), "VERSIONS").
const SINCE: [(i32, &str); 4] = [
    (2, "moving files between directories"),
    (3, "truncating files"),
    (5, "ioctl on devices"),
    (6, "signals and abstract Unix sockets"),
];

/// What is written to and keeps nothing.
const SINK: &str = "/dev/null";

/// What the kernel holds of files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FilesHeld {
    /// It does.
    Held {
        /// How much of it.
        degree: Degree,
        /// Version of Landlock that this kernel has.
        abi: i32,
        /// Threads that were there before, which this kernel cannot hold.
        other_threads: usize,
    },
    /// It does not.
    Free {
        /// Why.
        why: String,
    },
}

/// How much of what we know to hold is held.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Degree {
    /// All of it.
    Whole,
    /// What this kernel has.
    Part,
}

/// Enforces it; tells also which of the caller's paths are not there.
pub(super) fn hold(sandbox: &Sandbox) -> (FilesHeld, Vec<PathBuf>) {
    let named = sandbox.read_write.iter().chain(&sandbox.read_only);
    let missing = named.filter(|path| !path.exists()).cloned().collect();
    let held = restrict(sandbox).unwrap_or_else(|error| FilesHeld::Free { why: error.to_string() });
    (held, missing)
}

fn restrict(sandbox: &Sandbox) -> Result<FilesHeld, RulesetError> {
    let read = match sandbox.programs {
        Programs::None => AccessFs::ReadFile | AccessFs::ReadDir,
        Programs::Run => AccessFs::from_read(KNOWN),
    };
    // No device is driven, and nothing that we write is run.
    let write =
        (AccessFs::from_all(KNOWN) & !AccessFs::Execute) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?;
    let ruleset = allow(ruleset, SYSTEM.iter().map(Path::new), read)?;
    let read_alone = AccessFs::ReadFile | AccessFs::ReadDir;
    let ruleset = allow(ruleset, VOLATILE.iter().map(Path::new), read_alone)?;
    let ruleset = allow(ruleset, sandbox.read_only.iter().map(PathBuf::as_path), read)?;
    let ruleset = allow(ruleset, sandbox.read_write.iter().map(PathBuf::as_path), write)?;
    let ruleset = allow(ruleset, [Path::new(SINK)], AccessFs::ReadFile | AccessFs::WriteFile)?;
    let status = ruleset.all_threads(true)?.restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Ok(FilesHeld::Free { why: "this kernel has no Landlock, or has it switched off".into() });
    }
    let abi = match status.landlock {
        LandlockStatus::Available { effective_abi, kernel_abi } => kernel_abi.unwrap_or(effective_abi as i32),
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => 0,
    };
    // Not by the status of the rules: that counts rights of directories that a rule for a file leaves out.
    let degree = if abi < KNOWN as i32 { Degree::Part } else { Degree::Whole };
    Ok(FilesHeld::Held { degree, abi, other_threads: if status.all_threads { 0 } else { other_threads() } })
}

/// Adds rules for what is there.
fn allow<'p>(
    mut ruleset: RulesetCreated,
    paths: impl IntoIterator<Item = &'p Path>,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    for path in paths {
        let Ok(opened) = PathFd::new(path) else { continue };
        // What makes sense for a directory alone is refused for a file.
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(KNOWN) };
        ruleset = ruleset.add_rule(PathBeneath::new(opened, access))?;
    }
    Ok(ruleset)
}

/// Threads beside this one.
fn other_threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, |threads| threads.count().saturating_sub(1))
}

impl fmt::Display for FilesHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { degree, abi, other_threads } => {
                write!(f, "files held by Landlock (ABI {abi} of the kernel, {} known)", KNOWN as i32)?;
                if *degree == Degree::Part {
                    f.write_str(", but for what this kernel cannot hold:")?;
                    let mut comma = "";
                    for (_, what) in SINCE.iter().filter(|(since, _)| since > abi) {
                        write!(f, "{comma} {what}")?;
                        comma = ",";
                    }
                }
                match other_threads {
                    0 => Ok(()),
                    1 => f.write_str(", but for a thread that was there before"),
                    many => write!(f, ", but for {many} threads that were there before"),
                }
            }
            Self::Free { why } => write!(f, "files not held: {why}"),
        }
    }
}

#[cfg(test)]
mod words {
    use super::*;

    #[test]
    fn fault_name_what_this_kernel_does_not_hold() {
        let held = FilesHeld::Held { degree: Degree::Part, abi: 2, other_threads: 0 };
        assert_eq!(
            held.to_string(),
            "files held by Landlock (ABI 2 of the kernel, 6 known), but for what this kernel cannot hold: truncating files, \
             ioctl on devices, signals and abstract Unix sockets"
        );
        let held = FilesHeld::Held { degree: Degree::Whole, abi: 6, other_threads: 0 };
        assert_eq!(held.to_string(), "files held by Landlock (ABI 6 of the kernel, 6 known)");
    }
}
