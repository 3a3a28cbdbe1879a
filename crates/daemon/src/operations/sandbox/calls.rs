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

/// What the kernel holds of system calls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CallsHeld {
    /// All of the list.
    Held,
    /// Nothing.
    Free {
        /// Why.
        why: String,
    },
}

/// Enforces it for all threads.
pub(super) fn hold(programs: Programs) -> CallsHeld {
    match filters(programs)
        .and_then(|filters| filters.iter().try_for_each(|filter| apply_filter_all_threads(filter)))
    {
        Ok(()) => CallsHeld::Held,
        Err(error) => CallsHeld::Free { why: error.to_string() },
    }
}

/// Two, since each has one error to give: clone3(2) hides its flags from filters, so it is said not to exist, and the C
/// library takes clone(2) instead.
fn filters(programs: Programs) -> Result<[BpfProgram; 2], seccompiler::Error> {
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
            Self::Free { why } => write!(f, "system calls not held: {why}"),
        }
    }
}
