//! Whether the other end of a connection on this machine is still held by its owner.
//!
//! A server that reads nothing can't see a client go: the FIN waits behind bytes that have no room. The kernel's own
//! table tells (proc(5), `/proc/net/tcp`).

use std::net::{IpAddr, SocketAddr};

/// `TCP_ESTABLISHED` and, where our side is closed, `TCP_CLOSE_WAIT`: its owner has not closed it.
const HELD: [&str; 2] = ["01", "08"];

/// Tells whether the socket from `local` to `remote` is open.
pub(crate) fn is_open(local: SocketAddr, remote: SocketAddr) -> bool {
    let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else { return false };
    let (local, remote) = (written(local), written(remote));
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some(&local)
            && fields.next() == Some(&remote)
            && fields.next().is_some_and(|state| HELD.contains(&state))
    })
}

/// The address in the kernel's words: in its own byte order, in hex.
fn written(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) => format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port()),
        // Ports are bound to 127.0.0.1.
        IpAddr::V6(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_closed_socket_is_told_behind_unread_bytes() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let (local, remote) = (client.local_addr().unwrap(), server.local_addr().unwrap());
        client.set_nonblocking(true).unwrap();
        // Until no byte more has room.
        while client.write(&[0; 65536]).is_ok() {}
        assert!(is_open(local, remote));
        drop(client);
        assert!(!is_open(local, remote));
    }
}
