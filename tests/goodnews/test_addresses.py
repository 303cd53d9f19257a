"""Which addresses a feed may be read from (W6)."""

from __future__ import annotations

import pytest

from goodnews.addresses import is_public

INSIDE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.192 192.0.2.1 192.168.0.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1
255.255.255.255 192.88.99.1 168.63.129.16
:: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::169.254.169.254
64:ff9b:1::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2001:0:a00:1:: fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1
100::1 2001:20::1 3fff::1 2001:0:4136:e378:8000:63bf:f5ff:fffe
""".split()
OUTSIDE = "93.184.216.34 8.8.8.8 2606:2800:220:1:248:1893:25c8:1946 64:ff9b::808:808 ::ffff:8.8.8.8".split()


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_a_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "\x00"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)
