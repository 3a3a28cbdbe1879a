//! System calls that a policy daemon never makes, and what takes over a machine does: refused with an error, for all threads.
//!
//! A list of what is refused rather than of what is allowed: libraries make new calls with each release, and a daemon that is killed
//! for one loses mail. The closed list is systemd's `SystemCallFilter=` in the unit.
//!
//! Spec: seccomp(2).

use std::collections::BTreeMap;
use std::fmt;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter_all_threads,
};

use super::Programs;

/// Calls on other processes, the kernel, mounts, keys, namespaces, and those that much is broken through.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_personality,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];

/// Filters that are set, one for each error.
const FILTERS: usize = 2;

/// Where programs are not run.
const PROGRAMS: &[libc::c_long] = &[libc::SYS_execve, libc::SYS_execveat];

/// Sockets of any other family are refused.
const FAMILIES: [libc::c_int; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

/// Flags of clone(2) that make a new namespace.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// The second set of numbers that x86-64 kernels may answer to.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// Calls that have a number of their own there: execve, ptrace, kexec_load, process_vm_readv, process_vm_writev, execveat.
#[cfg(target_arch = "x86_64")]
const X32_ALONE: [(i64, libc::c_long); 6] = [
    (520, libc::SYS_execve),
    (521, libc::SYS_ptrace),
    (528, libc::SYS_kexec_load),
    (539, libc::SYS_process_vm_readv),
    (540, libc::SYS_process_vm_writev),
    (545, libc::SYS_execveat),
];

/// What the kernel holds of system calls, as it reports itself afterwards (proc_pid_status(5), `Seccomp` and `Seccomp_filters`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CallsHeld {
    /// All of the list, for every thread.
    Held,
    /// All of the list, but not for every thread.
    Part {
        /// Threads without the filters.
        free_threads: usize,
    },
    /// The kernel took the filters, and does not report whether it uses them.
    Unconfirmed,
    /// Nothing.
    Free {
        /// Why.
        why: String,
    },
}

/// Enforces it for all threads.
pub(super) fn hold(programs: Programs) -> CallsHeld {
    let before = reports();
    match filters(programs)
        .and_then(|filters| filters.iter().try_for_each(|filter| apply_filter_all_threads(filter)))
    {
        Ok(()) => held(&before, &reports()),
        Err(error) => CallsHeld::Free { why: error.to_string() },
    }
}

/// What the kernel reports of a thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Report {
    /// Whether calls are filtered.
    is_filtered: bool,
    /// By how many filters; kernels before 5.9 do not say.
    filters: Option<u64>,
}

impl Report {
    /// Reads the status of a thread (proc_pid_status(5)).
    fn read(status: &str) -> Option<Self> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let filters = field("Seccomp_filters:").and_then(|number| number.parse().ok());
        // 2 is SECCOMP_MODE_FILTER.
        Some(Self { is_filtered: field("Seccomp:")? == "2", filters })
    }
}

/// What the kernel reports of the threads of this process; nothing without `/proc`.
fn reports() -> Vec<Report> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let statuses =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("status")).ok());
    statuses.filter_map(|status| Report::read(&status)).collect()
}

/// Judges by what the kernel reported before and after. Whoever started us may have set filters of its own, which do not count.
fn held(before: &[Report], after: &[Report]) -> CallsHeld {
    let before = before.iter().filter_map(|report| report.filters).max().unwrap_or(0);
    let is_held = |report: &&Report| {
        report.is_filtered && report.filters.is_none_or(|filters| filters >= before + FILTERS as u64)
    };
    let free_threads = after.len() - after.iter().filter(is_held).count();
    match free_threads {
        0 if after.is_empty() => CallsHeld::Unconfirmed,
        0 => CallsHeld::Held,
        all if all == after.len() => CallsHeld::Free {
            why: "the kernel took the filters and reports that it does not use them".into(),
        },
        free_threads => CallsHeld::Part { free_threads },
    }
}

/// Several, since each has one error to give: clone3(2) hides its flags from filters, so it is said not to exist, and the C
/// library takes clone(2) instead.
fn filters(programs: Programs) -> Result<[BpfProgram; FILTERS], seccompiler::Error> {
    let target = TargetArch::try_from(std::env::consts::ARCH)?;
    let mut rules = BTreeMap::new();
    let programs = match programs {
        Programs::None => PROGRAMS,
        Programs::Run => &[],
    };
    for call in REFUSED.iter().chain(programs) {
        rules.insert(*call, Vec::new());
        #[cfg(target_arch = "x86_64")]
        {
            rules.insert(X32 | *call, Vec::new());
            rules.extend(
                X32_ALONE.iter().filter(|(_, same)| same == call).map(|(alone, _)| (X32 | alone, Vec::new())),
            );
        }
    }
    for (call, when) in [(libc::SYS_socket, other_families()?), (libc::SYS_clone, new_namespaces()?)] {
        rules.insert(call, when.clone());
        #[cfg(target_arch = "x86_64")]
        rules.insert(X32 | call, when);
    }
    let refused = compile(rules, libc::EPERM, target)?;
    let unknown = compile([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS, target)?;
    Ok([refused, unknown])
}

fn compile(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    error: libc::c_int,
    target: TargetArch,
) -> Result<BpfProgram, seccompiler::Error> {
    let error = SeccompAction::Errno(error.unsigned_abs());
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, error, target)?.try_into()?)
}

fn other_families() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let none_of_ours = FAMILIES.iter().map(|family| {
        let family = u64::from(family.unsigned_abs());
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
    });
    Ok(vec![SeccompRule::new(none_of_ours.collect::<Result<_, _>>()?)?])
}

fn new_namespaces() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let one_rule_each = NAMESPACES.iter().map(|flag| {
        let flag = u64::from(flag.unsigned_abs());
        let set = SeccompCmpOp::MaskedEq(flag);
        Ok(SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Qword, set, flag)?])?)
    });
    one_rule_each.collect()
}

impl fmt::Display for CallsHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("system calls held by seccomp"),
            Self::Part { free_threads } => {
                write!(f, "system calls held by seccomp, but for {free_threads} threads")
            }
            Self::Unconfirmed => {
                f.write_str("system calls given to seccomp, and not reported by this kernel")
            }
            Self::Free { why } => write!(f, "system calls not held: {why}"),
        }
    }
}

#[cfg(test)]
mod reports_of_the_kernel {
    use super::*;

    #[test]
    fn fault_decide_what_is_told_and_filters_of_others_do_not_count() {
        let report = |mode: &str, filters: &str| {
            Report::read(&format!("Name:\tx\nSeccomp:\t{mode}\nSeccomp_filters:\t{filters}\n")).unwrap()
        };
        let (free, ours, theirs, both) =
            (report("0", "0"), report("2", "2"), report("2", "1"), report("2", "3"));
        let why = "the kernel took the filters and reports that it does not use them".to_owned();
        for (before, after, want) in [
            (vec![free], vec![ours, ours], CallsHeld::Held),
            (vec![theirs], vec![both], CallsHeld::Held),
            (vec![free], vec![free], CallsHeld::Free { why: why.clone() }),
            (vec![theirs], vec![theirs], CallsHeld::Free { why }),
            (vec![free], vec![ours, free], CallsHeld::Part { free_threads: 1 }),
            (vec![], vec![], CallsHeld::Unconfirmed),
        ] {
            assert_eq!(held(&before, &after), want, "{before:?} {after:?}");
        }
        // Before Linux 5.9 the mode alone is reported.
        let old = Report::read("Seccomp:\t2\n").unwrap();
        assert_eq!(held(&[], &[old]), CallsHeld::Held);
        assert_eq!(Report::read("Name:\tx\n"), None);
    }
}
