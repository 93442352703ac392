//! Hosts that a token must not go to: this machine, its neighbours, metadata services, and
//! addresses that are no host's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Origin;

impl Origin<'_> {
    /// The reason why a token must not go to this host without the user's permission: it is this
    /// machine, a link-local address or a metadata service, which gives out credentials.
    pub(crate) fn special(&self) -> Option<&'static str> {
        match self.address {
            Some(IpAddr::V4(v4)) => special_address(v4.into()),
            Some(IpAddr::V6(v6)) => special_address(v6.into())
                .or_else(|| embedded(v6).into_iter().find_map(|v4| special_address(v4.into()))),
            None if is_numeric(&self.host) => {
                Some("its host is an IPv4 address in another notation")
            }
            None if names(&LOOPBACK_NAMES, &self.host) => Some(LOOPBACK),
            None if names(&HOST_NAMES, &self.host) => Some(HOST),
            None if is_metadata(&self.host) => Some(METADATA),
            None => None,
        }
    }
}

fn special_address(address: IpAddr) -> Option<&'static str> {
    match address {
        address if address.is_loopback() => Some(LOOPBACK),
        address if address.is_unspecified() || address.is_multicast() => Some(NOT_A_HOST),
        // "This network" (RFC 1122, section 3.2.1.3) and the broadcast address.
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.is_broadcast() => Some(NOT_A_HOST),
        IpAddr::V4(v4) if v4.is_link_local() => Some(LINK_LOCAL),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some(LINK_LOCAL),
        // Amazon's services for instances: metadata, pod identity, DNS, time.
        IpAddr::V6(v6) if v6.segments()[..2] == [0xfd00, 0xec2] => Some(METADATA),
        address if METADATA_ADDRESSES.contains(&address) => Some(METADATA),
        _ => None,
    }
}

/// The IPv4 addresses that a packet to this IPv6 address may reach: one written as IPv6, or the
/// target of a tunnel or a translator.
fn embedded(v6: Ipv6Addr) -> Vec<Ipv4Addr> {
    let octets = v6.octets();
    let at = |indices: [usize; 4]| Ipv4Addr::from(indices.map(|index| octets[index]));
    let last = || at([12, 13, 14, 15]);
    let mut found = match v6.segments() {
        // 6to4 (RFC 3056, section 2).
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        // Teredo (RFC 4380, section 4): the server, and the client with its bits inverted. The
        // second prefix is that of earlier versions.
        [0x2001, 0, ..] | [0x3ffe, 0x831f, ..] => vec![at([4, 5, 6, 7]), !last()],
        // NAT64 (RFC 6052, section 2.1).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![last()],
        // Local NAT64 (RFC 8215): the prefix length decides which octets hold the address (RFC
        // 6052, section 2.2). The unused octets are zero, so a candidate that begins with zero is
        // not an address.
        [0x64, 0xff9b, 1, ..] => {
            let candidates = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]];
            candidates.map(at).into_iter().filter(|v4| v4.octets()[0] != 0).collect()
        }
        // IPv4-translated (RFC 2765, section 2.1).
        [0, 0, 0, 0, 0xffff, 0, ..] => vec![last()],
        _ => v6.to_ipv4().into_iter().collect(),
    };
    // ISATAP (RFC 5214, section 6.1) under any prefix. The two bits say whether the address is
    // unique and whether it is a group's.
    if v6.segments()[4] & !0x300 == 0 && v6.segments()[5] == 0x5efe {
        found.push(last());
    }
    found
}

/// Whether a list has this host, or a name that the host is below.
fn names(list: &[&str], host: &str) -> bool {
    list.iter().any(|name| {
        host.strip_suffix(name).is_some_and(|start| start.is_empty() || start.ends_with('.'))
    })
}

/// Whether a host is a metadata service: by its whole name, or by its first label if it is alone or
/// below `internal`, as in `instance-data.ec2.internal`.
fn is_metadata(host: &str) -> bool {
    let (label, rest) = host.split_once('.').unwrap_or((host, "internal"));
    METADATA_NAMES.contains(&host)
        || (METADATA_LABELS.contains(&label) && names(&["internal"], rest))
}

const LOOPBACK: &str = "it is a loopback address";
const LINK_LOCAL: &str = "it is a link-local address";
const METADATA: &str = "it is a metadata service";

const HOST: &str = "it is the machine that this container or virtual machine runs on";
const NOT_A_HOST: &str = "it is an unspecified, broadcast or multicast address";

/// Names of this machine, and of its networks, in hosts files and of systemd. A resolver may give other addresses
/// for them, so a password may not go there over plain http, except to `localhost`.
pub(crate) const LOOPBACK_NAMES: [&str; 20] = [
    "_localdnsproxy",
    "_localdnsstub",
    "_outbound",
    "broadcasthost",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-localhost",
    "ip6-localnet",
    "ip6-loopback",
    "ip6-mcastprefix",
    "ipv6-localhost",
    "ipv6-localnet",
    "ipv6-loopback",
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
    "loopback",
];

/// Names by which containers and virtual machines know the machine they run on: of systemd, Docker,
/// Podman, Lima, minikube, k3d, OrbStack and Rancher Desktop.
pub(crate) const HOST_NAMES: [&str; 11] = [
    "_gateway",
    "containers.internal",
    "docker.for.mac.host.internal",
    "docker.for.win.host.internal",
    "docker.internal",
    "host.internal",
    "k3d.internal",
    "lima.internal",
    "minikube.internal",
    "orb.internal",
    "rancher-desktop.internal",
];

/// Addresses outside the link-local ranges.
const METADATA_ADDRESSES: [IpAddr; 10] = [
    // Alibaba.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200)),
    // Akamai.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1)),
    // Azure.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Google.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    // Oracle.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    // Scaleway.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
    // UCloud.
    IpAddr::V4(Ipv4Addr::new(100, 80, 80, 80)),
    // Volcano Engine.
    IpAddr::V4(Ipv4Addr::new(100, 96, 0, 96)),
];

/// See [`is_metadata`]. The fast path sends every name that begins with `metadata` or `api.meta` to
/// the full check.
pub(crate) const METADATA_NAMES: [&str; 12] = [
    "api.metadata.cloud.ibm.com",
    "data-server",
    "metadata.azure.com",
    "metadata.digitalocean.com",
    "metadata.exoscale.com",
    "metadata.goog",
    "metadata.oraclecloud.com",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
    "rancher-metadata",
    "rancher-metadata.rancher.internal",
];

const METADATA_LABELS: [&str; 2] = ["instance-data", "metadata"];

/// Whether a resolver may read the host as an IPv4 address although `Ipv4Addr` does not: `0x7f.1`,
/// `2130706433`, `0177.0.0.1`.
fn is_numeric(host: &str) -> bool {
    // Most names end with a letter that is not part of a number.
    if !host.ends_with(|c: char| c.is_ascii_hexdigit() || c == 'x') {
        return false;
    }
    let last = host.rsplit('.').next().unwrap_or(host);
    let is_number = |part: &str| {
        let hex = part.strip_prefix("0x");
        hex.map_or_else(
            || !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()),
            |hex| hex.bytes().all(|b| b.is_ascii_hexdigit()),
        )
    };
    is_number(last) && host.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_hosts() {
        for (url, special) in [
            ("https://10.0.0.7", false),
            ("https://service.example", false),
            ("https://fd00.example", false),
            ("https://127.0.0.1", true),
            ("https://127.8.8.8", true),
            ("https://localhost", true),
            ("https://a.localhost.", true),
            ("https://localhost.localdomain", true),
            ("https://localhost.example", false),
            ("https://localhost6.localdomain6", true),
            ("https://ip6-localhost", true),
            ("https://IP6-loopback.", true),
            ("https://[::1]", true),
            ("https://[::ffff:127.0.0.1]", true),
            ("https://[::127.0.0.1]", true),
            ("https://[::10.0.0.7]", false),
            ("https://169.254.169.254", true),
            ("https://[fe80::1]", true),
            ("https://[2001:db8::1]", false),
            ("https://[fd00:ec2::254]", true),
            ("https://[fd00:ec2::23]", true),
            ("https://[fd00:ec3::254]", false),
            ("https://[fd20:ce::254]", true),
            ("https://0.0.0.0", true),
            ("https://metadata.google.internal", true),
            ("https://[64:ff9b::a9fe:a9fe]", true),
            ("https://[64:ff9b::7f00:1]", true),
            ("https://[64:ff9b::a00:7]", false),
            ("https://[64:ff9b::a83f:8110]", true),
            ("https://[64:ff9b:1::a9fe:a9fe]", true),
            ("https://[64:ff9b:1:fffe::7f00:1]", true),
            ("https://[64:ff9b:1:7f00:0:100::]", true),
            ("https://[64:ff9b:1:a9:fe:a9fe::]", true),
            ("https://[64:ff9b:1:0:a9:fea9:fe00:0]", true),
            ("https://[64:ff9b:1:a00:7::]", false),
            ("https://[64:ff9b:1::a00:7]", false),
            ("https://[2002:7f00:1::]", true),
            ("https://[2002:a9fe:a9fe::1]", true),
            ("https://[2002:a00:7::7f00:1]", false),
            ("https://100.100.100.200", true),
            ("https://100.100.100.201", false),
            ("https://168.63.129.16", true),
            ("https://[ff02::1]", true),
            ("https://2130706433", true),
            ("https://0x7f.1", true),
            ("https://0177.0.0.1", true),
            ("https://127.1", true),
            ("https://0.1.2.3", true),
            ("https://1.0.0.0", false),
            ("https://255.255.255.255", true),
            ("https://255.255.255.254", false),
            ("https://[::ffff:255.255.255.255]", true),
            // IPv4-translated.
            ("https://[::ffff:0:169.254.169.254]", true),
            ("https://[::ffff:0:127.0.0.1]", true),
            ("https://[::ffff:0:100.100.100.200]", true),
            ("https://[::ffff:0:10.0.0.7]", false),
            // Teredo: the server, or the client behind it.
            ("https://[2001:0:a9fe:a9fe::]", true),
            ("https://[2001:0:7f00:1:0:0:f5ff:fff8]", true),
            ("https://[2001:0:102:304:8000:0:5601:5601]", true),
            ("https://[2001:0:102:304:8000:0:80ff:fffe]", true),
            ("https://[2001:0:102:304:8000:0:f5ff:fff8]", false),
            ("https://[2001:1:a9fe:a9fe::1]", false),
            ("https://[3ffe:831f:a9fe:a9fe::]", true),
            // ISATAP.
            ("https://[2001:db8::5efe:169.254.169.254]", true),
            ("https://[2001:db8::200:5efe:127.0.0.1]", true),
            ("https://[2002:a00:7::300:5efe:192.0.0.192]", true),
            ("https://[::5efe:169.254.169.254]", true),
            ("https://[2001:db8::5efe:10.0.0.7]", false),
            ("https://[2001:db8::400:5efe:127.0.0.1]", false),
            // Metadata services.
            ("https://192.0.0.192", true),
            ("https://192.0.0.193", false),
            ("https://[::ffff:192.0.0.192]", true),
            ("https://100.96.0.96", true),
            ("https://100.80.80.80", true),
            ("https://[fd00:c1::a9fe:a9fe]", true),
            ("https://[fd00:42::42]", true),
            ("https://[fd00:a9fe:a9fe::1]", true),
            ("https://[fd00:100::100:200]", true),
            ("https://metadata.tencentyun.com", true),
            ("https://Metadata.TencentYun.com.", true),
            ("https://metadata.oraclecloud.com:443", true),
            ("https://metadata.packet.net", true),
            ("https://metadata.goog", true),
            ("https://api.metadata.cloud.ibm.com", true),
            ("https://metadata.example.com", false),
            ("https://tencentyun.com", false),
            ("https://instance-data", true),
            ("https://instance-data.ec2.internal", true),
            ("https://instance-data.eu-west-1.compute.internal", true),
            ("https://metadata.internal", true),
            ("https://nova.ec2.internal", false),
            ("https://data-server", true),
            // The machine around a container.
            ("https://host.docker.internal", true),
            ("https://gateway.docker.internal.", true),
            ("https://kubernetes.docker.internal", true),
            ("https://docker.for.mac.localhost", true),
            ("https://docker.for.win.host.internal", true),
            ("https://host.containers.internal", true),
            ("https://host.lima.internal", true),
            ("https://host.minikube.internal", true),
            ("https://control-plane.minikube.internal", true),
            ("https://host.rancher-desktop.internal", true),
            ("https://_gateway", true),
            ("https://_outbound", true),
            ("https://_localdnsstub.", true),
            ("https://host.docker.internal.example", false),
            ("https://mydocker.internal", false),
            // Names of hosts files.
            ("https://loopback", true),
            ("https://LOOPBACK.", true),
            ("https://ipv6-loopback", true),
            ("https://broadcasthost", true),
            ("https://ip6-allnodes", true),
            ("https://loopback.example", false),
        ] {
            let origin = Origin::parse(url).unwrap().0;
            assert_eq!(origin.special().is_some(), special, "{url}");
        }
    }
}
