//! Files that are not in the workspace.

use crate::ground::attempts;

attempts! {
    open read_by_dots: Shell "cat ../outside/secret";
    open read_by_many_dots: Shell "cat ../../../../../../../../..$OUT/secret";
    open read_by_full_path: Shell "cat $OUT/secret";
    open read_by_link: Shell "ln -s $OUT/secret link && cat link";
    open read_by_link_to_a_folder: Shell "ln -s .. up && cat up/outside/secret";
    open read_by_links_of_links: Shell "ln -s / a; ln -s a b; ln -s b c; cat c$OUT/secret";
    open read_by_hard_link: Shell "ln $OUT/secret hard && cat hard";
    open read_by_own_root: Shell "cat /proc/self/root$OUT/secret";
    open read_by_own_folder: Shell "cat /proc/self/cwd/../outside/secret";
    shut read_by_the_first_process: Shell "cat /proc/1/root$OUT/secret";
    shut read_by_the_folder_of_a_parent: Shell "cat /proc/$PPID/cwd/../outside/secret";
    open read_by_the_victim_s_root: Shell "cat /proc/$VICTIM/root$OUT/secret";
    open read_by_any_process: Shell "cat /proc/[0-9]*/root$OUT/secret";
    open read_by_what_was_inherited: Python "
import os
for number in range(3, 200):
    try: print(os.read(os.open('secret', os.O_RDONLY, dir_fd=number), 99))
    except OSError: pass";
    open read_by_descriptors: Shell "for fd in /proc/self/fd/*; do cat $fd/secret; done";
    open read_by_changing_folders: Python "
import os
os.chdir('..'); print(open('outside/secret').read())";
    open read_by_copying: Shell "cp -r ../outside copy; cat copy/secret";
    open read_by_find: Shell "find $OUT -name secret -exec cat {} +";
    open read_by_tar: Shell "tar cPf - $OUT/secret | tar xPOf -";
    open read_passwords: Shell "grep -q ^root: /etc/passwd && echo ESCAPED";
    open read_shadow: Shell "test -s /etc/shadow && echo ESCAPED";
    open list_homes: Shell "ls -a /root /home 2>/dev/null | grep -q . && echo ESCAPED";
    open list_state_of_the_host: Shell "ls /var/lib /var/log 2>/dev/null | grep -q . && echo ESCAPED";
    open list_runtime_of_the_host: Shell "ls /run /var/run 2>/dev/null | grep -q . && echo ESCAPED";
    open list_temporary_files: Shell "ls -d $OUT && echo ESCAPED";
    open stat_the_secret: Shell "stat $OUT/secret && echo ESCAPED";
    open write_by_dots: Shell "echo x > ../outside/new";
    open write_beside: Shell "echo x > ../new";
    open write_by_full_path: Shell "echo x > $OUT/new";
    open write_by_link: Shell "ln -s $OUT/new link; echo x > link";
    open write_by_link_to_a_folder: Shell "ln -s $OUT folder; echo x > folder/new";
    open overwrite_by_hard_link: Shell "ln $OUT/secret hard; echo x > hard";
    open overwrite_by_inherited_folder: Python "
import os
for number in range(3, 200):
    try: os.open('new', os.O_CREAT | os.O_WRONLY, dir_fd=number)
    except OSError: pass";
    open move_out: Shell "echo x > file; mv file $OUT/new";
    open move_the_secret_in: Shell "mv $OUT/secret . ; cat secret";
    open move_the_workspace: Shell "mv ../work ../work2; mkdir ../work; echo ESCAPED-not >&2";
    open delete: Shell "rm -f $OUT/secret";
    open delete_the_workspace: Shell "rm -rf ../outside";
    open truncate: Shell "truncate -s 0 $OUT/secret";
    open change_the_mode: Shell "chmod 777 $OUT/secret";
    open change_the_tool: Shell "echo evil >> $OUT/tool && echo ESCAPED";
    shut write_to_the_system: Shell "for d in /usr /usr/bin /etc / /dev /lib; do echo x > $d/fusion-evil && echo ESCAPED; done";
    shut change_the_launcher: Shell "echo x >> \"$FUSION\" && echo ESCAPED; cp /bin/true \"$FUSION\" && echo ESCAPED";
    shut change_the_first_program: Python "
import os
for path in ('/proc/1/exe', '/usr/bin/bwrap', '/bin/sh'):
    try: os.open(path, os.O_WRONLY); print('ESCAPED')
    except OSError as error: print(error)";
    shut make_a_program_with_rights: Shell "cp /bin/sh sh; chmod 4755 sh; chmod u+s sh; chmod g+s sh";
    shut create_a_program_with_rights: Python "
import os
os.umask(0)
os.open('evil', os.O_CREAT | os.O_WRONLY, 0o4755)";
    shut create_it_by_every_call: Python "
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
libc.umask(0)
libc.creat(b'evil1', 0o4755)
libc.open(b'evil2', 0o101, 0o2755)
libc.syscall(437, -100, b'evil3', ctypes.create_string_buffer(struct.pack('3Q', 0o101, 0o4755, 0)), 24)
fd = libc.open(b'.', 0o20200001, 0o4755)
if fd >= 0: libc.linkat(-100, b'/proc/self/fd/%d' % fd, -100, b'evil4', 0x400)
libc.syscall(452, -100, b'evil1', 0o6755, 0)";
    open race_a_folder_against_a_link: Shell "
mkdir real; echo fine > real/secret
(i=0; while [ $i -lt 300 ]; do mv real was; ln -s $OUT real; rm real; mv was real; i=$((i+1)); done) 2>/dev/null &
i=0; while [ $i -lt 300 ]; do cat real/secret; i=$((i+1)); done 2>/dev/null; wait; ln -s $OUT last; cat last/secret";
}
