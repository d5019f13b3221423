"""Styles as the terminal shows them: numbers to compare, and the shortest codes between them."""

from __future__ import annotations

from colorsys import rgb_to_hls
from typing import NamedTuple

from rich.color import Color, ColorSystem, ColorType
from rich.style import Style

_COLOR_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}
# Attribute, its code, the code that ends it (None: only a reset does), whether it shows on a blank.
_ATTRIBUTES: tuple[tuple[str, str, str | None, bool], ...] = (
    ("bold", "1", "22", False),
    ("dim", "2", "22", False),
    ("italic", "3", "23", False),
    ("underline", "4", "24", True),
    ("blink", "5", "25", False),
    ("blink2", "6", "25", False),
    ("reverse", "7", "27", True),
    ("conceal", "8", "28", False),
    ("strike", "9", "29", True),
    ("underline2", "21", "24", True),
    ("frame", "51", None, True),
    ("encircle", "52", None, True),
    ("overline", "53", None, True),
)
_DEFAULT_FOREGROUND = "39"
_DEFAULT_BACKGROUND = "49"
_MOST_LOOKS = 16_384

# Where the hue of one of the sixteen ends, in degrees, and its number: red, yellow, green, and so on.
_HUES = ((25, 1), (75, 3), (165, 2), (200, 6), (260, 4), (330, 5), (360, 1))
_LEAST_CHROMA = 60
_LEAST_BRIGHT = 110

_REVERSE = "7"

NO_COLOUR = "none"
"""The colour system of a terminal without any: attributes only."""

PLAIN = 0
"""The look of a terminal after a reset."""


class Look(NamedTuple):
    """What is visible of a style: codes of the two colours ("" is the default), attributes, link."""

    foreground: str
    background: str
    attributes: frozenset[str]
    link: str


_SHOWS_ON_BLANK = frozenset(code for _, code, _, shows in _ATTRIBUTES if shows)
_END_CODES = {code: end for _, code, end, _ in _ATTRIBUTES}


class Palette:
    """Numbers the looks that styles have on a terminal with a given colour system.

    Two styles that differ only in what cannot be seen (meta, a colour that the colour system rounds to
    the same) have the same number.
    """

    def __init__(self, color_system: str | None) -> None:
        # A console without colours gets true colour, as Textual itself does: its filters take the
        # colours out where the user asked for none.
        self._color_system = _COLOR_SYSTEMS.get(color_system or "truecolor", ColorSystem.TRUECOLOR)
        self.color_system = color_system
        self._looks: list[Look] = []
        self._numbers: dict[Look, int] = {}
        self.known: dict[Style, int] = {}
        """Numbers of the styles met so far; ask `number` for others."""
        self.on_blank: list[int] = []
        """For each look, the number of the look that a blank with it has."""
        self.is_erasable: list[bool] = []
        """For each look, whether an erased cell looks like a blank with it."""
        self.shown: list[int] = []
        """For each look, the number of the look that it shows: of two colours that are reversed, the one
        that has them the other way round."""
        self._steps: dict[tuple[int, int], tuple[str, int]] = {}
        self._blank_steps: dict[tuple[int, int], tuple[str, int]] = {}
        self._number_of(Look("", "", frozenset(), ""))

    @property
    def is_full(self) -> bool:
        """Tell whether so many looks are known that it is time for a new palette."""
        return len(self._looks) > _MOST_LOOKS or len(self._steps) > 4 * _MOST_LOOKS

    def number(self, style: Style) -> int:
        """Return the number of the look that this style has."""
        number = self.known.get(style)
        if number is None:
            if len(self.known) >= _MOST_LOOKS:
                self.known.clear()  # styles with ever new meta; the looks stay
            number = self.known[style] = self._number_of(self._look_of(style))
        return number

    def step(self, before: int, after: int) -> tuple[str, int]:
        """Return the shortest codes that lead from one look to another, and the look then reached.

        That may be the same with its colours exchanged and reversed.
        """
        step = self._steps.get((before, after))
        if step is None:
            old, new = self._looks[before], self._looks[after]
            codes, reached = _codes(old, new), after
            mirrored = _mirrored(new)
            if mirrored is not None and len(_codes(old, mirrored)) < len(codes):
                codes, reached = _codes(old, mirrored), self._number_of(mirrored)
                self.shown[reached] = after
            step = self._steps[before, after] = (codes, reached)
        return step

    def step_to_blank(self, before: int, after: int) -> tuple[str, int]:
        """Return codes for blanks with a look, changing only what shows, and the look then reached."""
        step = self._blank_steps.get((before, after))
        if step is None:
            old, blank = self._looks[before], self._looks[self.on_blank[after]]
            reached = self.on_blank[after]
            if not (old.attributes | blank.attributes) & _SHOWS_ON_BLANK:
                # Keep the ink: the next character most often has the same.
                reached = self._number_of(
                    old._replace(background=blank.background, link=blank.link)
                )
            step = self._blank_steps[before, after] = self.step(before, reached)
        return step

    def unlinked(self, look: int) -> int:
        """Return the look that is the same but for its link."""
        if not self._looks[look].link:
            return look
        return self._number_of(self._looks[look]._replace(link=""))

    def _number_of(self, look: Look) -> int:
        number = self._numbers.get(look)
        if number is None:
            number = self._numbers[look] = len(self._looks)
            self._looks.append(look)
            self.shown.append(number)
            self.on_blank.append(number)
            self.is_erasable.append(not look.link and not look.attributes & _SHOWS_ON_BLANK)
            if not look.attributes & _SHOWS_ON_BLANK:
                blank = Look("", look.background, frozenset(), look.link)
                self.on_blank[number] = self._number_of(blank)
        return number

    def _look_of(self, style: Style) -> Look:
        link = style.link or ""
        attributes = {code for name, code, _, _ in _ATTRIBUTES if getattr(style, name)}
        ink, ground = style.color, style.bgcolor
        foreground = background = ""
        if self.color_system == NO_COLOUR:
            # What is lit from behind, such as a title or what is chosen, is still told from the rest.
            if _brightness(ground, 0) > _brightness(ink, 255):
                attributes ^= {_REVERSE}
        else:
            foreground = self._color_codes(ink, foreground=True)
            background = self._color_codes(ground, foreground=False)
            if self.color_system == "standard" and _are_same(foreground, background):
                foreground = _apart_from(ink, ground)
        return Look(
            foreground,
            background,
            frozenset(attributes),
            link if link.isascii() and link.isprintable() else "",
        )

    def _color_codes(self, color: Color | None, *, foreground: bool) -> str:
        if color is None:
            return ""
        if self._color_system is ColorSystem.STANDARD:
            shown = one_of_sixteen(color)
        else:
            shown = color.downgrade(self._color_system)
        codes = ";".join(shown.get_ansi_codes(foreground))
        return (
            "" if codes == (_DEFAULT_FOREGROUND if foreground else _DEFAULT_BACKGROUND) else codes
        )


def one_of_sixteen(color: Color) -> Color:
    """Return the one of a terminal's sixteen colours that has a colour's hue; of greys, the nearest.

    By mere distance a deep green is grey and a deep red is brown: up and down would look alike.
    """
    degrees, chroma = 0.0, 0
    if color.type is ColorType.TRUECOLOR and color.triplet is not None:
        degrees = rgb_to_hls(*color.triplet.normalized)[0] * 360
        chroma = max(color.triplet) - min(color.triplet)
    if chroma < _LEAST_CHROMA:
        return color.downgrade(ColorSystem.STANDARD)
    number = next(number for end, number in _HUES if degrees <= end)
    return Color.from_ansi(number + (8 if _brightness(color, 0) >= _LEAST_BRIGHT else 0))


def _brightness(color: Color | None, default: float) -> float:
    if color is None or color.is_default:
        return default
    red, green, blue = color.get_truecolor()
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _are_same(foreground: str, background: str) -> bool:
    """Tell whether two of the sixteen colours, as codes, are one."""
    return foreground != "" and background != "" and int(background) - int(foreground) == 10


def _apart_from(ink: Color | None, ground: Color | None) -> str:
    """Return the code of an ink that can be read where rounding made one colour of ink and ground."""
    ground_is = _brightness(ground, 0)
    if ink == ground:
        return _DEFAULT_FOREGROUND
    if ground_is > 110:
        return "30"
    return "37" if _brightness(ink, 255) > ground_is + 60 else "90"


def _mirrored(look: Look) -> Look | None:
    """The look that shows the same by the reverse of its colours.

    Not of the first sixteen colours: bold brightens those of the ink, but not those of the ground.
    """
    ink, ground = look.foreground, look.background
    if not (ink.startswith("38;") and ground.startswith("48;")):
        return None
    return Look(f"38{ground[2:]}", f"48{ink[2:]}", look.attributes ^ {_REVERSE}, look.link)


def _codes(old: Look, new: Look) -> str:
    return _attribute_codes(old, new) + _link_codes(old, new)


def _attribute_codes(old: Look, new: Look) -> str:
    if old[:3] == new[:3]:
        return ""
    fresh = sorted(new.attributes, key=int) + [code for code in new[:2] if code]
    from_reset = "\x1b[" + ";".join(["0", *fresh] if fresh else []) + "m"
    ends = {_END_CODES[code] for code in old.attributes - new.attributes}
    if None in ends:
        return from_reset
    # One code may end two attributes, of which one stays.
    starts = {
        code for code in new.attributes if code not in old.attributes or _END_CODES[code] in ends
    }
    parts = [*sorted(end for end in ends if end), *sorted(starts, key=int)]
    if old.foreground != new.foreground:
        parts.append(new.foreground or _DEFAULT_FOREGROUND)
    if old.background != new.background:
        parts.append(new.background or _DEFAULT_BACKGROUND)
    return min("\x1b[" + ";".join(parts) + "m", from_reset, key=len)


def _link_codes(old: Look, new: Look) -> str:
    return "" if old.link == new.link else f"\x1b]8;;{new.link}\x1b\\"
