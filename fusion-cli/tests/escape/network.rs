//! Sockets, of any family.

use crate::ground::attempts;

attempts! {
    open reach_a_server_of_the_host: Python "
import os, socket
socket.create_connection(('127.0.0.1', int(os.environ['PORT'])), 2)";
    open reach_it_by_the_shell: Shell "bash -c 'echo x > /dev/tcp/127.0.0.1/'$PORT";
    open reach_it_by_another_name: Python "
import os, socket
socket.create_connection(('0.0.0.0', int(os.environ['PORT'])), 2)";
    open reach_it_mapped_to_ipv6: Python "
import os, socket
s = socket.socket(socket.AF_INET6); s.connect(('::ffff:127.0.0.1', int(os.environ['PORT'])))";
    open send_a_datagram: Python "
import os, socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(os.environ['UDP'])))";
    open reach_a_socket_outside: Python "
import os, socket
socket.socket(socket.AF_UNIX).connect(os.environ['OUT'] + '/socket')";
    open reach_a_socket_in_the_workspace: Python "
import socket
socket.socket(socket.AF_UNIX).connect('socket')";
    open reach_a_socket_without_a_file: Python "
import os, socket
socket.socket(socket.AF_UNIX).connect('\\0' + os.environ['NAMED'])";
    open listen_for_the_network: Python "
import socket
socket.create_server(('0.0.0.0', 0)); print('ESCAPED')";
    open ask_the_kernel_for_routes: Python "
import socket
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); print('ESCAPED')";
    shut read_packets: Python "
import socket
socket.socket(17, socket.SOCK_RAW, 0); print('ESCAPED')";
    shut send_raw_packets: Python "
import socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print('ESCAPED')";
    shut reach_the_hypervisor: Python "
import socket
socket.socket(40, socket.SOCK_STREAM).connect((2, 1)); print('ESCAPED')";
    shut reach_the_kernel_s_cryptography: Python "
import socket
socket.socket(38, socket.SOCK_SEQPACKET); print('ESCAPED')";
    open see_addresses_of_the_host: Shell "grep -qE ':[0-9A-F]{4} 00000000:0000 0A' /proc/net/tcp && echo ESCAPED";
}
