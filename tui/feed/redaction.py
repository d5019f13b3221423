"""What nobody may read, taken out of every text that reaches a screen, a log or a file."""

from __future__ import annotations

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "•••"
SHORTEST_SECRET: Final = 4
"""Characters: what is shorter would be found in every other word, and guards nothing."""

_MOST_SECRETS: Final = 64  # a token that is renewed each minute would otherwise pile up
_LOOKED_AT: Final = 4096  # characters of a text of which only the beginning is wanted
_SHORT: Final = 200  # characters of a text whose result is kept
_MOST_HIDDEN: Final = 64

_NAME = (
    r"(?:[\w.-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|signature|credential"
    r"|api[_-]?key|access[_-]?key|private[_-]?key|listen[_-]?key|authorization|cookie)[\w.-]{0,40}"
    r"|auth|sig|pwd|sid|access[_-]?sign)"
)
_NOT_INSIDE_A_WORD = r"(?<![\w.-])"
_PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # A header as it is sent: everything to the end of the line.
        (
            _NOT_INSIDE_A_WORD + r"((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,40}"
            r"(?:key|token|secret|signature|auth)[a-z-]{0,40}|cb-access-[a-z]{1,20})"
            r"(\s*[:=]\s*)(?!\s)[^\r\n\"']+",
            rf"\1\2{MASK}",
        ),
        # A member of a JSON document, or of one inside a string of another.
        (
            rf"([\"']{_NAME}[\"']\s*:\s*)(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s,}}\]\"']+)",
            rf'\1"{MASK}"',
        ),
        (
            rf"(\\+[\"']{_NAME}\\+[\"']\s*:\s*\\+[\"'])(?:[^\"'\\]|\\+[^\"'\\])*",
            rf"\1{MASK}",
        ),
        # A value of a query or a form.
        (rf"({_NOT_INSIDE_A_WORD}{_NAME}(?:=|%3D))[^&\s\"'#;,)\]}}>]+", rf"\1{MASK}"),
        # The schemes of authorization, wherever they stand; "Bearer authentication" is not one.
        (r"\b(bearer|basic)(\s+)(?=\S{0,200}[0-9=_~+/])[\w.~+/=-]{6,}", rf"\1\2{MASK}"),
        (r"\beyJ[\w-]{6,}\.[\w-]{4,}\.[\w-]*", MASK),
        # User and password of an address.
        (r"(://)[^/@\s\"']{1,400}@", rf"\1{MASK}@"),
    )
)


class Redactor:
    """Hides the secrets that it was told, in every spelling they may take on their way, and
    whatever looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._known: re.Pattern[str] | None = (
            None  # made when it is needed: that costs milliseconds
        )
        self._longest = 0
        self._hidden: dict[str, str] = {}  # short texts that are asked for with every frame
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide this from now on; ignored where it is too short to be one.

        The oldest of very many are forgotten.
        """
        if len(secret) < SHORTEST_SECRET or secret in self._spellings:
            return
        self._spellings[secret] = frozenset(_spellings(secret))
        while len(self._spellings) > _MOST_SECRETS:
            self._spellings.popitem(last=False)
        self._known = None
        self._hidden.clear()

    def hide(self, text: str, limit: int | None = None) -> str:
        """The text without secrets.

        Args:
            limit: how many characters of the result are wanted; of a long text only as much is
                looked at, and no part of a secret stands at the cut.
        """
        if self._known is None and self._spellings:
            self._learn()
        if limit is None and len(text) <= _SHORT:
            hidden = self._hidden.get(text)
            if hidden is None:
                if len(self._hidden) >= _MOST_HIDDEN:
                    self._hidden.clear()
                hidden = self._hidden[text] = self._hide(text)
            return hidden
        if limit is None:
            return self._hide(text)
        window = max(_LOOKED_AT, 2 * limit) + self._longest
        hidden = self._hide(text[:window])
        if len(text) > window and self._longest:
            hidden = hidden[: -self._longest]  # here one may have been cut in two
        return hidden[:limit]

    def _learn(self) -> None:
        every = {spelling for held in self._spellings.values() for spelling in held}
        # Longest first: a secret that begins with another one must not show its end.
        ordered = sorted(every, key=lambda spelling: (-len(spelling), spelling))
        self._known = re.compile("|".join(map(re.escape, ordered)))
        self._longest = len(ordered[0])

    def _hide(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def _spellings(secret: str) -> Iterator[str]:
    """The secret as it is, in an address, in a JSON text, and in the Base64 of a longer text."""
    yield secret
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield encoded
        yield re.sub("%..", lambda found: found[0].lower(), encoded)
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")
        yield json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]
    data = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        # Of "user:secret", the middle depends on the secret alone, save for its outermost characters.
        encoded = base64.b64encode(bytes(before) + data).decode()
        whole = (before + len(data)) * 8 // 6
        core = encoded[-(-before * 8 // 6) : whole]
        if len(core) >= SHORTEST_SECRET:
            yield core
            yield core.replace("+", "-").replace("/", "_")
            yield quote(core, safe="")
