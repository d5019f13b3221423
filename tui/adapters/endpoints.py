"""Checks the addresses that a user gives for a venue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from tui.model.errors import ConfigError


def check_endpoints(
    venue: str, defaults: Mapping[str, str], endpoints: Mapping[str, str] | None
) -> dict[str, str]:
    """A venue's addresses by name, without a slash at their end; those in `endpoints` replace its own.

    Raises:
        ConfigError: an endpoint is not among the defaults, or not a URL of the default's kind.
    """
    checked = {**defaults}
    for name, url in (endpoints or {}).items():
        default = defaults.get(name)
        if default is None:
            raise ConfigError(
                f"{venue}: endpoint {name!r} is unknown",
                f"the endpoints are {' and '.join(defaults)}",
            )
        schemes = ("ws", "wss") if default.startswith("ws") else ("http", "https")
        checked[name] = check_url(venue, name, url, schemes=schemes, example=default)
    return checked


def check_url(venue: str, name: str, url: object, *, schemes: Collection[str], example: str) -> str:
    """The address of a venue's endpoint, without a slash at its end.

    Args:
        venue: whose, for the message.
        name: which endpoint, for the message.
        url: what the user wrote.
        schemes: what it may begin with, such as "https".
        example: what the hint shows.

    Raises:
        ConfigError: not a URL of that kind, or one with a query or a fragment.
    """
    key = f"{venue}: endpoint {name!r}"
    hint = f"write a URL such as {example}"
    if not isinstance(url, str):
        raise ConfigError(f"{key} is not a URL: {url!r}", hint)
    if not url.isprintable() or " " in url:
        raise ConfigError(f"{key} must not have spaces or control characters: {url!r}", hint)
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ConfigError(f"{key} is not a URL: {url!r}", hint) from None
    if not is_url:
        raise ConfigError(f"{key} must be a {' or '.join(schemes)} URL, not {url!r}", hint)
    if parts.query or parts.fragment:
        raise ConfigError(f"{key} must not have a query or a fragment: {url!r}", hint)
    return url.rstrip("/")
