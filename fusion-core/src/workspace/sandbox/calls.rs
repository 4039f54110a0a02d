//! Rules for system calls, by seccomp: what no program of an agent needs, and what has led out of sandboxes.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::policy::Network;

/// The second table of numbers that x86 has, in which most calls are once more.
#[cfg(target_arch = "x86_64")]
const TWIN: Option<i64> = Some(0x4000_0000);
#[cfg(not(target_arch = "x86_64"))]
const TWIN: Option<i64> = None;

/// Calls that are refused, whatever they ask for.
const REFUSED: &[i64] = &[
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Mounts, roots, namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    // Large or young doors to the kernel.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // The machine.
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
];

/// Namespaces that a new process may not ask for.
const SPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Puts the rules on.
pub(super) fn apply(network: Network) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("seccomp does not come about: {error}");
    let arch: TargetArch = std::env::consts::ARCH
        .try_into()
        .map_err(|_| failed(&"there are no rules for this kind of processor"))?;
    // Their arguments are out of sight: as if they were not there, libraries fall back on `clone` and `openat`.
    let absent = [libc::SYS_clone3, libc::SYS_openat2].map(|call| (call, Vec::new())).into();
    let tables = [(refused(network)?, libc::EPERM), (absent, libc::ENOSYS)];
    for (table, errno) in tables {
        let errno = SeccompAction::Errno(errno.unsigned_abs());
        let filter = SeccompFilter::new(twice(table), SeccompAction::Allow, errno, arch)
            .map_err(|error| failed(&error))?;
        let program: BpfProgram = filter.try_into().map_err(|error| failed(&error))?;
        seccompiler::apply_filter(&program).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Adds the same rules under the other numbers.
fn twice(mut rules: Rules) -> Rules {
    if let Some(twin) = TWIN {
        let more: Rules = rules.iter().map(|(call, rule)| (call | twin, rule.clone())).collect();
        rules.extend(more);
    }
    rules
}

fn refused(network: Network) -> Result<Rules, String> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let spaces: Result<Vec<SeccompRule>, String> =
        SPACES.iter().map(|space| rule(&[bits(0, space.unsigned_abs().into())?])).collect();
    rules.insert(libc::SYS_clone, spaces?);
    // Characters that are put into a terminal are typed by whoever sits there.
    let typed = |request| rule(&[exactly(1, request)?]);
    rules.insert(libc::SYS_ioctl, vec![typed(0x5412)?, typed(0x541c)?]);
    modes(&mut rules)?;
    sockets(&mut rules, network)?;
    Ok(rules)
}

/// Programs that run with the rights of their owner, and devices, are not made.
fn modes(rules: &mut Rules) -> Result<(), String> {
    let set = [libc::S_ISUID, libc::S_ISGID];
    let calls = [
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_chmod, 1),
        (libc::SYS_fchmod, 1),
        (libc::SYS_fchmodat, 2),
        // `fchmodat2`, which is younger than some tables of names.
        (452, 2),
    ];
    for (call, argument) in calls {
        let all: Result<Vec<SeccompRule>, String> =
            set.iter().map(|bit| rule(&[bits(argument, u64::from(*bit))?])).collect();
        rules.insert(call, all?);
    }
    // A file may have them from its beginning; a mode counts where one is made.
    let made = [libc::O_CREAT, libc::O_TMPFILE & !libc::O_DIRECTORY];
    let calls = [
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_open, 1),
        (libc::SYS_openat, 2),
    ];
    for (call, flags) in calls {
        let mut all = Vec::new();
        for how in made {
            for bit in set {
                all.push(rule(&[
                    bits(flags, how.unsigned_abs().into())?,
                    bits(flags + 1, bit.into())?,
                ])?);
            }
        }
        rules.insert(call, all);
    }
    #[cfg(target_arch = "x86_64")]
    {
        let all: Result<Vec<SeccompRule>, String> =
            set.iter().map(|bit| rule(&[bits(1, u64::from(*bit))?])).collect();
        rules.insert(libc::SYS_creat, all?);
    }
    let kinds = [libc::S_IFCHR, libc::S_IFBLK];
    let calls = [
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_mknod, 1),
        (libc::SYS_mknodat, 2),
    ];
    for (call, argument) in calls {
        let all: Result<Vec<SeccompRule>, String> =
            kinds.iter().map(|kind| rule(&[masked(argument, libc::S_IFMT, *kind)?])).collect();
        rules.insert(call, all?);
    }
    Ok(())
}

fn sockets(rules: &mut Rules, network: Network) -> Result<(), String> {
    let allowed: &[i32] = match network {
        Network::None => &[],
        Network::Own => &[libc::AF_INET, libc::AF_INET6, libc::AF_UNIX],
        // A socket of the host in the file system or by an abstract name is a service of the host.
        Network::Host => &[libc::AF_INET, libc::AF_INET6],
    };
    let not: Result<Vec<SeccompCondition>, String> = allowed
        .iter()
        .map(|family| condition(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs())))
        .collect();
    let not = not?;
    let rule = if not.is_empty() { Vec::new() } else { vec![rule(&not)?] };
    rules.insert(libc::SYS_socket, rule);
    Ok(())
}

fn condition(argument: u8, how: SeccompCmpOp, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, how, value)
        .map_err(|error| error.to_string())
}

fn exactly(argument: u8, value: u64) -> Result<SeccompCondition, String> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn bits(argument: u8, bits: u64) -> Result<SeccompCondition, String> {
    condition(argument, SeccompCmpOp::MaskedEq(bits), bits)
}

fn masked(argument: u8, mask: u32, value: u32) -> Result<SeccompCondition, String> {
    condition(argument, SeccompCmpOp::MaskedEq(mask.into()), value.into())
}

fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, String> {
    SeccompRule::new(conditions.to_vec()).map_err(|error| error.to_string())
}
