//! Processes that are not the command's.

use crate::ground::attempts;

attempts! {
    open read_the_victim_s_environment: Shell "tr '\\0' '\\n' < /proc/$VICTIM/environ";
    open read_every_environment: Shell "cat /proc/[0-9]*/environ";
    open read_every_command_line: Shell "cat /proc/[0-9]*/cmdline";
    shut read_the_rules_of_the_first_process: Shell "grep -qz FUSION_SANDBOX /proc/1/environ && echo ESCAPED";
    open see_the_victim: Shell "test -e /proc/$VICTIM/stat && echo ESCAPED";
    open end_the_victim: Shell "kill -9 $VICTIM; sleep 0.2";
    open ask_the_victim_to_end: Shell "kill -TERM $VICTIM; sleep 0.2";
    shut end_everybody: Shell "(sleep 0.1; kill -9 -1) & kill -9 -1";
    open attach_to_the_victim: Python "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, int(os.environ['VICTIM']), 0, 0) == 0: print('ESCAPED')";
    shut attach_to_the_first_process: Python "
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, 1, 0, 0) == 0: print('ESCAPED')
if libc.ptrace(0x4206, 1, 0, 0) == 0: print('ESCAPED')";
    open read_the_memory_of_the_victim: Shell "head -c 1 /proc/$VICTIM/maps | grep -q . && echo ESCAPED";
    shut read_memory_by_a_call: Python "
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
class Vector(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(8)
mine = Vector(ctypes.addressof(buffer), 8)
if libc.process_vm_readv(1, ctypes.byref(mine), 1, ctypes.byref(mine), 1, 0) >= 0: print('ESCAPED')";
    open take_a_descriptor_of_the_victim: Python "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
handle = os.pidfd_open(int(os.environ['VICTIM']))
if libc.syscall(438, handle, 1, 0) >= 0: print('ESCAPED')";
    shut become_root: Python "
import os
os.setuid(0) if os.getuid() != 0 else None
if os.getuid() == 0: print('ESCAPED')";
    shut have_a_capability: Shell "grep -E '^Cap(Eff|Prm|Inh|Amb)' /proc/self/status | grep -qv 0000000000000000 && echo ESCAPED";
    shut gain_privileges: Shell "grep -q 'NoNewPrivs:.*0' /proc/self/status && echo ESCAPED";
    shut be_without_a_filter: Shell "grep -q 'Seccomp:.*2' /proc/self/status || echo ESCAPED";
    shut change_the_map_of_users: Shell "echo '0 0 1' > /proc/self/uid_map && echo ESCAPED";
    shut raise_limits: Shell "ulimit -n 1000000 && echo ESCAPED; ulimit -f unlimited && echo ESCAPED; true";
    shut be_more_important: Python "
import os
os.setpriority(os.PRIO_PROCESS, 0, -10); print('ESCAPED')";
    open outlive_by_a_daemon: Python "
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3): os.close(number)
        os.execvp('sh', ['sh', '-c', 'sleep 0.3; echo x > $OUT/new; exec sleep 5'])
    os._exit(0)
time.sleep(0.6)";
}
