//! What stands between the service and those who talk to it, and can go silent one way or both: nothing is closed, nothing
//! refused, nothing comes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::service::{Launch, Service};
use crate::tools::{self, need_root, run};

/// Who is on the other side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    Departments,
    Terminals,
}

/// What no longer arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    Both,
    FromService,
    ToService,
}

/// The link.
pub enum Link {
    /// A network namespace for the service, whose packets are dropped.
    Namespace(Namespace),
    /// Proxies on loopback that hold what they have read.
    Proxies(Option<[Proxy; 2]>),
}

impl Link {
    pub fn namespace() -> Result<Self> {
        Namespace::new().map(Self::Namespace)
    }

    pub const fn proxies() -> Self {
        Self::Proxies(None)
    }

    /// Where the service is to listen.
    pub fn listen(&self) -> String {
        match self {
            Self::Namespace(namespace) => namespace.address(2),
            Self::Proxies(_) => "127.0.0.1".to_owned(),
        }
    }

    /// How it is started.
    pub fn launch(&self) -> Launch {
        match self {
            Self::Namespace(namespace) => namespace.launch(),
            Self::Proxies(_) => Launch::default(),
        }
    }

    /// Where terminals and departments dial.
    pub async fn open(&mut self, service: &Service, broker: SocketAddr) -> Result<[SocketAddr; 2]> {
        match self {
            Self::Namespace(namespace) => {
                namespace.ports = [service.gateway.port(), broker.port()];
                Ok([service.gateway, broker])
            }
            Self::Proxies(proxies) => {
                let both = [Proxy::start(service.gateway).await?, Proxy::start(broker).await?];
                let addresses = [both[0].address, both[1].address];
                *proxies = Some(both);
                Ok(addresses)
            }
        }
    }

    pub fn cut(&self, side: Side, way: Way) -> Result<()> {
        match self {
            Self::Namespace(namespace) => namespace.cut(side, way),
            Self::Proxies(proxies) => {
                if let Some([terminals, departments]) = proxies {
                    let proxy = match side {
                        Side::Departments => departments,
                        Side::Terminals => terminals,
                    };
                    proxy.cut.send_replace(Some(way));
                }
                Ok(())
            }
        }
    }

    pub fn mend(&self) -> Result<()> {
        match self {
            Self::Namespace(namespace) => namespace.mend(),
            Self::Proxies(proxies) => {
                proxies.iter().flatten().for_each(|proxy| proxy.cut.send_modify(|cut| *cut = None));
                Ok(())
            }
        }
    }
}

static NAMESPACES: AtomicU32 = AtomicU32::new(0);

/// A namespace and a pair of interfaces that leads into it; removed when dropped.
pub struct Namespace {
    name: String,
    /// Of gateway and broker.
    ports: [u16; 2],
    /// The third number of its network.
    net: u32,
}

impl Namespace {
    fn new() -> Result<Self> {
        need_root("a network namespace")?;
        tools::need("/usr/bin/ip", "iproute2")?;
        tools::need("/usr/sbin/iptables", "iptables")?;
        let (pid, count) = (std::process::id(), NAMESPACES.fetch_add(1, Ordering::Relaxed));
        let this = Self { name: format!("chaos{pid}n{count}"), ports: [0; 2], net: (pid + count) % 250 };
        // Names of interfaces have 15 characters at most.
        let (outer, inner) = (format!("c{pid}o{count}"), format!("c{pid}i{count}"));
        let name = &this.name;
        run("ip", ["netns", "add", name])?;
        run("ip", ["link", "add", &outer, "type", "veth", "peer", "name", &inner, "netns", name])?;
        run("ip", ["address", "add", &format!("{}/24", this.address(1)), "dev", &outer])?;
        run("ip", ["link", "set", &outer, "up"])?;
        this.inside(&["ip", "address", "add", &format!("{}/24", this.address(2)), "dev", &inner])?;
        this.inside(&["ip", "link", "set", &inner, "up"])?;
        this.inside(&["ip", "link", "set", "lo", "up"])?;
        Ok(this)
    }

    fn address(&self, last: u32) -> String {
        format!("10.213.{}.{last}", self.net)
    }

    fn launch(&self) -> Launch {
        let by = ["ip", "netns", "exec", &self.name].map(str::to_owned).to_vec();
        Launch { by, ..Launch::default() }
    }

    fn cut(&self, side: Side, way: Way) -> Result<()> {
        let port = match side {
            Side::Departments => self.ports[1],
            Side::Terminals => self.ports[0],
        }
        .to_string();
        let drop = |chain, which| {
            self.inside(&["iptables", "-A", chain, "-p", "tcp", which, &port, "-j", "DROP"]).map(drop)
        };
        if way != Way::FromService {
            drop("INPUT", "--dport")?;
        }
        if way != Way::ToService {
            drop("OUTPUT", "--sport")?;
        }
        Ok(())
    }

    fn mend(&self) -> Result<()> {
        self.inside(&["iptables", "-F"]).map(drop)
    }

    fn inside(&self, words: &[&str]) -> Result<String> {
        run("ip", ["netns", "exec", &self.name].iter().chain(words))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its interfaces go with it, once the last process in it has ended.
        let _ = run("ip", ["netns", "del", &self.name]);
    }
}

/// Listens on loopback until dropped.
pub struct Proxy {
    pub address: SocketAddr,
    cut: watch::Sender<Option<Way>>,
    task: JoinHandle<()>,
}

impl Proxy {
    async fn start(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (cut, seen) = watch::channel(None);
        let task = tokio::spawn(async move {
            while let Ok((outside, _)) = listener.accept().await {
                tokio::spawn(join(outside, to, seen.clone()));
            }
        });
        Ok(Self { address, cut, task })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(outside: TcpStream, to: SocketAddr, mut cut: watch::Receiver<Option<Way>>) {
    // Who dials while it is cut reaches nobody.
    if cut.wait_for(Option::is_none).await.is_err() {
        return;
    }
    let Ok(inside) = TcpStream::connect(to).await else { return };
    let _ = (outside.set_nodelay(true), inside.set_nodelay(true));
    let (from_outside, to_outside) = outside.into_split();
    let (from_inside, to_inside) = inside.into_split();
    tokio::join!(
        pump(from_outside, to_inside, cut.clone(), Way::FromService),
        pump(from_inside, to_outside, cut, Way::ToService),
    );
}

/// Passes on bytes, and the end of them, except while this direction is cut; `open` is the cut that leaves it open.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut cut: watch::Receiver<Option<Way>>,
    open: Way,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        // What has been read arrives once it is mended, as what is sent again over a line that was.
        if cut.wait_for(|cut| cut.is_none_or(|way| way == open)).await.is_err() {
            return;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
