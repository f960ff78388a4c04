"""Where a webhook may go: to the public internet, and to inside networks that its table names.

A name is resolved once, every address of it is judged, and the connection goes to a judged address: a
second look-up, which could answer otherwise, never happens. TLS still checks the name. A redirect is
an answer like any other that is not 2xx; nobody follows it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore

from fajian.errors import ForbiddenAddressError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

#: through a translator to the IPv4 in the last 32 bits
_TRANSLATED = tuple(ip_network(text) for text in ("64:ff9b::/96", "::ffff:0:0:0/96"))
#: through a translator of the house, which alone knows where in the address it has put the IPv4
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
#: the bytes where it may be, by the length of the translator's prefix: 48, 56, 64, 96 (RFC 6052, 2.2)
_PLACES = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
_SITE_LOCAL = ip_network("fec0::/10")  #: as inside networks were once numbered; some still are
_COMPATIBLE = ip_network("::/96")  #: IPv4 in IPv6, as it was once written
#: never, whoever allows it: where clouds tell machines their secrets
_METADATA = frozenset(
    ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "168.63.129.16")
)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of *host*."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def judge(text: str, inside: Iterable[Network]) -> str | None:
    """Return why the address *text* must not be connected to; None if it may."""
    if "%" in text:
        return f"{text}: link-local addresses with a zone are not allowed"
    faces = _faces(ip_address(text))
    if any(face in _METADATA for face in (*faces, *_guesses(faces[0]))):
        return f"{text}: metadata services are not allowed"
    for face in faces:
        if any(face in network for network in inside):
            continue
        if not face.is_global or face.is_multicast or face in _LOCAL_NAT64 or face in _SITE_LOCAL:
            return f"{text}: not a public address, and not in `inside`"
    return None


def _faces(address: Address) -> list[Address]:
    """Return the addresses that a packet to *address* may end up at: itself, or the IPv4 inside it."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    if any(address in network for network in _TRANSLATED):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address in _COMPATIBLE and int(address) > 1:
        return [address, IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]


def _guesses(address: Address) -> list[IPv4Address]:
    """Return every IPv4 address that a translator of the house may find in *address*."""
    if address not in _LOCAL_NAT64:
        return []
    return [IPv4Address(bytes(address.packed[i] for i in places)) for places in _PLACES]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections of httpcore to judged addresses only. What the URL names stays the name for TLS."""

    def __init__(
        self,
        inside: Sequence[Network],
        *,
        resolver: Resolve = resolve,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._inside = tuple(inside)
        self._resolve = resolver
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: no address: {error.strerror or error}") from error
        except UnicodeError as error:  # what no name can be, such as two dots in a row
            raise httpcore.ConnectError(f"{host}: not a name: {error}") from error
        for address in addresses:  # one forbidden address makes the name suspect as a whole
            if (why := judge(address, self._inside)) is not None:
                raise ForbiddenAddressError(f"{host} is {why}")
        failure: Exception = httpcore.ConnectError(f"{host}: no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise ForbiddenAddressError(f"{path}: not a network address")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)
