//! Whether a port is free: asked before anything is compiled, not after.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use crate::Result;

/// Holds if a server can listen on `port` of this machine; else says who to ask and what to type instead.
pub fn check(port: u16) -> Result<()> {
    let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) else { return Ok(()) };
    Err(match error.kind() {
        ErrorKind::AddrInUse => {
            let free = (port.saturating_add(1)..port.saturating_add(100))
                .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
            let instead = free.map_or_else(|| "--port N".to_owned(), |free| format!("--port {free}"));
            format!("port {port} is in use, perhaps by another demo: end that, or take another by {instead}")
        }
        ErrorKind::PermissionDenied => {
            format!(
                "this system lets only its administrator listen on port {port}: take one above 1023 by --port N"
            )
        }
        _ => format!("can't listen on port {port}: {error}"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_comes_with_one_that_is_free() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = check(port).unwrap_err();
        assert!(error.contains(&format!("port {port} is in use")) && error.contains("--port"), "{error}");
        drop(taken);
        assert_eq!(check(port), Ok(()));
    }
}
