//! Mounts, namespaces, devices, and the doors of the kernel.

use crate::ground::attempts;

/// Makes a system call with six numbers, and says ESCAPED when it is not refused.
macro_rules! call {
    ($number:literal, $arguments:literal) => {
        concat!(
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nresult = libc.syscall(",
            $number,
            ", ",
            $arguments,
            ")\nerror = ctypes.get_errno()\n",
            "if result >= 0 or error not in (1, 38): print('ESCAPED')\nprint(result, error)"
        )
    };
}

attempts! {
    shut mount_a_disk_in_memory: Shell "mkdir m; mount -t tmpfs none m && echo ESCAPED";
    shut mount_the_root: Shell "mkdir m; mount --bind / m && cat m$OUT/secret && echo ESCAPED";
    shut mount_processes: Shell "mkdir m; mount -t proc proc m && echo ESCAPED";
    shut mount_control_groups: Shell "mkdir m; mount -t cgroup -o memory none m && echo ESCAPED";
    shut take_mounts_away: Shell "umount -l /tmp && echo ESCAPED; umount -l $WORK && echo ESCAPED; umount -l /proc && echo ESCAPED";
    shut make_the_system_writable: Shell "mount -o remount,rw /usr && echo ESCAPED; mount -o remount,rw,bind / && echo ESCAPED";
    shut make_a_user_namespace: Shell "unshare -U true && echo ESCAPED";
    shut make_all_namespaces: Shell "unshare -r -m -n -p -f true && echo ESCAPED";
    shut sandbox_within: Shell "/usr/bin/bwrap --unshare-user --bind / / cat $OUT/secret && echo ESCAPED";
    shut enter_the_first_process: Shell "nsenter -t 1 -m -p cat $OUT/secret && echo ESCAPED";
    shut enter_a_namespace_by_file: Python "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for name in ('mnt', 'user', 'net', 'pid'):
    try:
        if libc.setns(os.open('/proc/1/ns/' + name, os.O_RDONLY), 0) == 0: print('ESCAPED')
    except OSError as error: print(error)";
    shut change_the_root: Shell "mkdir -p r/bin; chroot . /bin/sh -c : ; chroot r true && echo ESCAPED";
    shut break_out_of_a_root: Python "
import os
os.mkdir('r'); there = os.open('.', os.O_RDONLY); os.chroot('r'); os.fchdir(there)
for _ in range(64): os.chdir('..')
os.chroot('.'); print(open(os.environ['OUT'] + '/secret').read())";
    shut clone_into_a_user_namespace: Python call!(56, "0x10000000 | 17, 0, 0, 0, 0");
    shut clone_anew_into_a_user_namespace: Python "
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
words = ctypes.create_string_buffer(struct.pack('11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0))
result = libc.syscall(435, words, 88)
if result >= 0: print('ESCAPED')
print(ctypes.get_errno())";
    shut open_a_file_system: Python call!(430, "b'tmpfs', 0");
    shut open_a_tree: Python call!(428, "-100, b'/', 1");
    shut move_a_mount: Python call!(429, "-100, b'/tmp', -100, b'/usr', 0");
    shut change_a_mount: Python call!(442, "-100, b'/', 0, 0, 0");
    shut pivot_the_root: Python call!(155, "b'/tmp', b'/tmp'");
    shut open_by_handle: Python call!(304, "-100, 0, 0");
    shut name_a_handle: Python call!(303, "-100, b'/', 0, 0, 0");
    shut set_up_a_ring: Python call!(425, "8, 0");
    shut load_a_program_into_the_kernel: Python call!(321, "0, 0, 0");
    shut handle_faults: Python call!(323, "0");
    shut measure_the_kernel: Python call!(298, "0, 0, -1, -1, 0");
    shut read_keys: Python call!(250, "0, -3, 0");
    shut add_a_key: Python call!(248, "b'user', b'x', b'y', 1, -3");
    shut load_another_kernel: Python call!(246, "0, 0, 0, 0");
    shut load_a_module: Python call!(175, "0, 0, 0");
    shut turn_the_machine_off: Python call!(169, "0xfee1dead, 672274793, 0");
    shut set_the_clock: Python call!(227, "0, 0");
    shut name_the_machine: Python call!(170, "b'evil', 4");
    shut read_the_kernel_s_log: Python call!(103, "3, 0, 0");
    shut ask_for_ports: Python call!(172, "3");
    shut use_the_second_table_for_sockets: Python call!("0x40000000 | 41", "2, 1, 0");
    shut use_the_second_table_to_unshare: Python call!("0x40000000 | 272", "0x10000000");
    shut type_into_a_terminal: Python "
import ctypes, fcntl, os
libc = ctypes.CDLL(None, use_errno=True)
for number in (0, 1, 2):
    if libc.ioctl(number, 0x5412, b'x') == 0: print('ESCAPED')
    if ctypes.get_errno() != 1: print('ESCAPED')";
    shut open_the_terminal: Shell "echo x > /dev/tty && echo ESCAPED; for t in /dev/pts/[0-9]*; do echo x > $t && echo ESCAPED; done";
    shut make_a_device: Shell "mknod disk b 8 0 && echo ESCAPED; mknod mem c 1 1 && echo ESCAPED; mknod /tmp/null c 1 3 && echo ESCAPED";
    shut open_devices: Shell "for d in /dev/mem /dev/kmsg /dev/port /dev/sda /dev/vda /dev/loop0 /dev/kvm /dev/fuse; do test -e $d && echo ESCAPED; done; true";
    shut change_what_runs_after_a_crash: Shell "echo '|/bin/false' > /proc/sys/kernel/core_pattern && echo ESCAPED";
    shut change_the_kernel: Shell "for f in /proc/sys/kernel/hostname /proc/sys/vm/swappiness /proc/sys/kernel/modprobe; do cat $f > $f && echo ESCAPED; done; true";
    shut press_a_magic_key: Shell "echo h > /proc/sysrq-trigger && echo ESCAPED";
    shut look_into_the_kernel: Shell "head -c1 /proc/kcore && echo ESCAPED; head -c1 /proc/kmsg && echo ESCAPED; ls /sys/kernel && echo ESCAPED; true";
}
