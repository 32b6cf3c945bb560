//! Where the broker is and how it is spoken to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use rumqttc::{LastWill, MqttOptions, QoS, Transport};

use crate::acl::SERVICE;
use crate::{StartError, message, topic};

/// The largest message we send; an alert with 20 positions has about 8 KB.
pub(crate) const OUTGOING_BYTES_MAX: usize = 256 * 1024;

/// The largest message we take. The embedded broker takes less; a broker outside that lets more pass to us would end
/// the connection, so this is far above any disposition.
const INCOMING_BYTES_MAX: usize = 16 << 20;

/// Packet ids in use at once. Ours are far fewer, so an id is never needed again before its acknowledgement came.
const PACKET_IDS: u16 = 1_000;

/// A broker that says nothing for one and a half of these is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// One broker.
#[derive(Clone)]
pub(crate) struct Target {
    host: String,
    port: u16,
    transport: Transport,
    credentials: Option<(String, String)>,
}

impl Target {
    /// The embedded one, over loopback where it listens on every address.
    pub(crate) fn embedded(addr: SocketAddr, password: String) -> Self {
        let ip = match addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
        Self {
            host,
            port: addr.port(),
            transport: Transport::Tcp,
            credentials: Some((SERVICE.to_owned(), password)),
        }
    }

    /// `mqtt://host:port` or `mqtts://host:port`; the ports may be left out.
    pub(crate) fn parse(
        url: &str,
        username: Option<&str>,
        password: Option<&str>,
    ) -> Result<Self, StartError> {
        let wrong = || StartError::Url { url: url.to_owned() };
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (port, is_tls) = match scheme {
            "mqtt" => (1883, false),
            "mqtts" => (8883, true),
            _ => return Err(wrong()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
            Some(_) | None => (authority, port),
        };
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty()
            || host.contains(['/', '@', '?', '#', ' '])
            || (host.contains(':') && !is_bracketed)
        {
            return Err(wrong());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            transport: if is_tls { tls()? } else { Transport::Tcp },
            credentials: username.map(|name| (name.to_owned(), password.unwrap_or_default().to_owned())),
        })
    }

    /// The same port over loopback.
    pub(crate) fn loopback(&self, addr: SocketAddr) -> SocketAddr {
        let host = self.host.trim_matches(['[', ']']);
        host.parse().map_or(addr, |ip| SocketAddr::new(ip, self.port))
    }

    /// For a connection under somebody's client id that leaves nothing behind: no session, no will.
    pub(crate) fn takeover(&self, client_id: &str) -> MqttOptions {
        let mut options = MqttOptions::new(client_id, &self.host, self.port);
        options.set_transport(self.transport.clone()).set_clean_session(true);
        if let Some((name, password)) = &self.credentials {
            options.set_credentials(name, password);
        }
        options
    }

    /// For one connection. The session is kept by the broker, so that dispositions wait there while we are away.
    pub(crate) fn options(&self, client_id: &str) -> MqttOptions {
        let mut options = MqttOptions::new(client_id, &self.host, self.port);
        options
            .set_transport(self.transport.clone())
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_session(false)
            .set_manual_acks(true)
            .set_inflight(PACKET_IDS)
            .set_max_packet_size(INCOMING_BYTES_MAX, OUTGOING_BYTES_MAX + 1024)
            .set_last_will(LastWill {
                topic: topic::STATUS.to_owned(),
                message: Bytes::from_static(message::OFFLINE),
                qos: QoS::AtLeastOnce,
                retain: true,
            });
        if let Some((name, password)) = &self.credentials {
            options.set_credentials(name, password);
        }
        options
    }
}

/// TLS with the certificates the system trusts; `SSL_CERT_FILE` names others.
fn tls() -> Result<Transport, StartError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(StartError::Roots);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(StartError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Transport::tls_with_config(config.into()))
}

/// As many random letters and digits, from the system.
pub(crate) fn secret() -> Result<String, StartError> {
    let mut bytes = [0; 24];
    ring::default_provider().secure_random.fill(&mut bytes).map_err(|_| StartError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_scheme_host_and_port() {
        let read = |url: &str| Target::parse(url, None, None).map(|target| (target.host, target.port));
        assert_eq!(read("mqtt://broker.example:1884").unwrap(), ("broker.example".to_owned(), 1884));
        assert_eq!(read("mqtt://broker.example").unwrap(), ("broker.example".to_owned(), 1883));
        assert_eq!(read("mqtt://[::1]:7/").unwrap(), ("[::1]".to_owned(), 7));
        assert_eq!(read("mqtt://[::1]").unwrap(), ("[::1]".to_owned(), 1883));
        for wrong in
            ["broker:1883", "http://x", "mqtt://", "mqtt://x:y", "mqtt://u@x", "mqtt://x/y", "mqtt://::1"]
        {
            assert_eq!(
                read(wrong).unwrap_err().to_string(),
                format!("{wrong:?} is no broker url, expected mqtt://host:port or mqtts://host:port")
            );
        }
    }

    #[test]
    fn secrets_differ() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_eq!(one.len(), 48);
        assert_ne!(one, other);
    }
}
