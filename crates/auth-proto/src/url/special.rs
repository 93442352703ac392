//! Hosts that a token must not go to: this machine, its neighbours and metadata services.

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
            None if self.is_localhost() || LOOPBACK_NAMES.contains(&&*self.host) => Some(LOOPBACK),
            None if METADATA_NAMES.contains(&&*self.host) => Some(METADATA),
            None => None,
        }
    }
}

fn special_address(address: IpAddr) -> Option<&'static str> {
    match address {
        address if address.is_loopback() => Some(LOOPBACK),
        address if address.is_unspecified() || address.is_multicast() => {
            Some("it is an unspecified or multicast address")
        }
        IpAddr::V4(v4) if v4.is_link_local() => Some(LINK_LOCAL),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some(LINK_LOCAL),
        address if METADATA_ADDRESSES.contains(&address) => Some(METADATA),
        _ => None,
    }
}

/// The IPv4 addresses that a packet to this IPv6 address may reach: one written as IPv6, or the
/// target of a tunnel or a translator.
fn embedded(v6: Ipv6Addr) -> Vec<Ipv4Addr> {
    let octets = v6.octets();
    let at = |indices: [usize; 4]| Ipv4Addr::from(indices.map(|index| octets[index]));
    match v6.segments() {
        // 6to4 (RFC 3056, section 2).
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        // NAT64 (RFC 6052, section 2.1).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![at([12, 13, 14, 15])],
        // Local NAT64 (RFC 8215): the prefix length decides which octets hold the address (RFC
        // 6052, section 2.2). The unused octets are zero, so a candidate that begins with zero is
        // not an address.
        [0x64, 0xff9b, 1, ..] => {
            let candidates = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]];
            candidates.map(at).into_iter().filter(|v4| v4.octets()[0] != 0).collect()
        }
        _ => v6.to_ipv4().into_iter().collect(),
    }
}

const LOOPBACK: &str = "it is a loopback address";
const LINK_LOCAL: &str = "it is a link-local address";
const METADATA: &str = "it is a metadata service";

/// Names of this machine in hosts files. A resolver may give other addresses for them, so a
/// password may not go there over plain http.
pub(crate) const LOOPBACK_NAMES: [&str; 7] = [
    "ip6-localhost",
    "ip6-loopback",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
];

/// Addresses outside the link-local ranges: of Alibaba, Azure, Amazon and Google.
const METADATA_ADDRESSES: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

pub(crate) const METADATA_NAMES: [&str; 4] =
    ["instance-data", "metadata", "metadata.azure.internal", "metadata.google.internal"];

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
            ("https://[fd00:ec2::255]", false),
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
        ] {
            let origin = Origin::parse(url).unwrap().0;
            assert_eq!(origin.special().is_some(), special, "{url}");
        }
    }
}
