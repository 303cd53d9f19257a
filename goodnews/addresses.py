"""A network address → whether it is out on the public Internet, and nowhere that only this machine can reach."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

# Public by their numbers, but answered by the cloud's own machinery: Azure's host answers here.
_METADATA = frozenset({ip_address("168.63.129.16")})
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, 2.5.5.1, deprecated but still routed by some
# Special by the registries of RFC 6890, and global to some versions of Python: protocol assignments, 6to4 relays, examples.
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))


def is_public(address: str) -> bool:
    """False for whatever is not an address at all, too."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return all(_is_public(inner) for inner in _unwrapped(found))


def _unwrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The IPv4 addresses that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    if address.sixtofour:
        return [address, address.sixtofour]
    return [address, *(address.teredo or ())]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if address in _METADATA or any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    closed = address.is_multicast or address.is_reserved or address.is_unspecified
    if isinstance(address, IPv6Address):
        closed = closed or address.is_site_local or address.scope_id is not None or address in _COMPATIBLE
    return address.is_global and not closed
