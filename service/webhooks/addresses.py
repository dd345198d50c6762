"""Where a webhook may go: the host's addresses are all looked up, all judged, and one is pinned for the connection.

An address that leads into the installation's own network would let whoever names it make the worker talk to what
stands there (server-side request forgery). A name can change what it stands for, so it is judged at each turn again.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from service.webhooks.rules import host_and_port, refused

_LOOK_UP_S = 2  # of a turn, which begins no try after four
# A look-up can't be called off. Those that hang must leave threads to the others: the loop itself has a handful.
_RESOLVERS = ThreadPoolExecutor(200, thread_name_prefix="resolve")
# IPv6 that carries an IPv4 address, which a gateway on the way would unpack; and what stands for one site only.
_CARRIERS = tuple(
    ipaddress.IPv6Network(each)
    for each in (
        "::/96",  # IPv4-compatible, RFC 4291
        "::ffff:0:0/96",  # IPv4-mapped, RFC 4291
        "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # local NAT64, RFC 8215
        "2001::/32",  # Teredo, RFC 4380
        "2002::/16",  # 6to4, RFC 3056
        "fec0::/10",  # site-local, RFC 3879
        "3fff::/20",  # documentation, RFC 9637
    )
)
# What Python calls global depends on its version: 3.11 passes 192.0.0.192, where a cloud keeps its machines' secrets.
_INSIDE = tuple(
    ipaddress.IPv4Network(each)
    for each in (
        "100.64.0.0/10",  # behind a carrier's NAT, RFC 6598
        "192.0.0.0/24",  # protocols, RFC 6890
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
    )
)


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public internet, and hides no other."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # with a zone: link-local
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _INSIDE)
    return not any(ip in network for network in _CARRIERS)


async def pinned(url: str, *, insecure: bool) -> str:
    """Give the IP address to connect to for a URL. WebhookUrlRefused if any that its host has is not public.

    insecure: any address will do.
    """
    host, port = host_and_port(url, insecure=insecure)
    try:
        httpx.URL(url)
    except httpx.InvalidURL:  # what a resolver takes for an address, such as 010.8.8.8, and the client does not
        raise refused("This is not a URL") from None
    found = await _addresses(host, port)
    if not insecure and not all(is_public(each) for each in found):
        raise refused("The host has an address that is not on the public internet")
    return found[0]


async def _addresses(host: str, port: int) -> list[str]:
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, _look_up, host, port)
    except (OSError, UnicodeError, TimeoutError):
        raise refused("The name of the host can't be resolved") from None
    return [str(address[0]) for *_, address in found]


def _look_up(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
