"""The title of a candle panel: price and change, or the candle that is pointed at, and how true it is."""

from __future__ import annotations

import msgspec
from rich.style import Style

from tui.charts.view import Bar
from tui.market.candle_series import Past
from tui.market.market import InstrumentState
from tui.model.chart import ChartStyle, PanelView, PriceScale
from tui.model.moment import date_of
from tui.model.subscription import Subscription, SubscriptionStatus, Truth
from tui.model.text import clean
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.chart_crosshair import Measured
from tui.widgets.line_widget import Part, spread
from tui.widgets.look import Look, on
from tui.widgets.title import title_row

_ONE_ROW = 60
_ONE_ROW_WITH_CANDLE = 126
_LEAST_ROWS_FOR_TWO = 7
_TRUTH = 16  # cells at the right for how true it is, about
_DAY = 86_400
_DIM = Style(dim=True)


class Heading(msgspec.Struct, frozen=True):
    """What a panel's title tells.

    Attributes:
        number: the panel's digit key. badge: marks data that is not live.
        until: the moment (ns) at the right edge, where that is not now.
        seeks_first: the view is on its way to the oldest candle.
        past: what there is before the oldest candle; told where the view begins there.
        bar: the candle that is pointed at. measured: what is measured with it.
        group: letter and style of the colour group that the panel is in; None for none.
        points: something is pointed at. task: what is being done there, and by which keys.
    """

    number: int
    badge: str
    subscription: Subscription
    state: InstrumentState
    decimals: int
    view: PanelView
    truth: Truth
    now: int
    best: TransportKind | None = None
    is_chosen: bool = False
    is_paused: bool = False
    until: int | None = None
    seeks_first: bool = False
    past: Past = Past()
    points: bool = False
    task: str = ""
    bar: Bar | None = None
    measured: Measured | None = None
    price_width: int = 0
    group: Part | None = None


def chart_title(heading: Heading, width: int, height: int, look: Look) -> list[tuple[Part, ...]]:
    """One row, or two where one would have to leave out the price or what is pointed at."""
    back = look.title_focused if heading.is_chosen else look.title
    name: list[Part] = [
        (f" {heading.number}{heading.group[0] if heading.group else ''} ", back),
        (f"{clean(str(heading.subscription.instrument), 32)} ", back),
        (f"{heading.subscription.timeframe} ", back),
    ]
    limit = _ONE_ROW_WITH_CANDLE if heading.points else _ONE_ROW
    two_rows = width < limit + len(heading.badge) and height >= _LEAST_ROWS_FOR_TWO
    figures_back = None if two_rows else back
    if not heading.points:
        figures = _price(heading, look, figures_back)
    elif heading.measured is not None:
        figures = _measured(heading, heading.measured, look, figures_back)
    else:
        figures = _candle(heading, look, figures_back, width)
    notes: list[Part] = [(f"{note} ", back) for note in _notes(heading)]
    if two_rows and not heading.points:
        figures += [(text, look.muted) for text, _ in notes]
        notes = []
    if heading.task:
        room = width - sum(len(text) for text, _ in name) - len(heading.badge) - _TRUTH
        told = _shortened(
            heading.task, room if two_rows else room - sum(len(t) for t, _ in figures)
        )
        if told:
            notes.insert(0, (f"{told} ", back))
        else:
            figures = [(f" {heading.task}", look.bold if two_rows else back)]
    first = title_row(
        width,
        name=[*name, *notes] if two_rows else [*name, *figures, *notes],
        badge=heading.badge,
        truth=heading.truth,
        now=heading.now,
        look=look,
        focused=heading.is_chosen,
        best=heading.best,
        is_paused=heading.is_paused,
    )
    if heading.group is not None:
        first = _with_letter(first, heading.group)
    return [first, spread(figures, (), width, look.base)] if two_rows else [first]


def _with_letter(row: tuple[Part, ...], group: Part) -> tuple[Part, ...]:
    """The row with the group's letter, which stands behind the number, in the group's colours."""
    (text, back), *others = row
    before, letter, after = text.partition(group[0])
    return ((before, back), (letter, group[1]), (after, back), *others)


def _shortened(task: str, room: int) -> str:
    """The task with its keys, or without them where there is not room; "" where there is none at all."""
    return next((text for text in (task, task.partition(":")[0]) if len(text) <= room), "")


def _price(heading: Heading, look: Look, back: Style | None) -> list[Part]:
    """The last price and the day's change."""
    ticker, last = heading.state.ticker, heading.state.last_price
    change = fmt.day_change(
        ticker.open if ticker else None, last, ticker.change_percent if ticker else None
    )
    colour = look.muted if change is None else look.up if change >= 0 else look.down
    price = fmt.price(last, heading.decimals)
    moved = f"{fmt.arrow(change)}{fmt.percent(change)} "
    if heading.truth.status is SubscriptionStatus.STALE:
        stale = look.muted if back is None else on(look.muted, back)
        if heading.is_chosen and back is not None:
            stale = back + _DIM
        return [(f" {price}  " if back is None else f" {price} ", stale), (moved, stale)]
    if back is None:
        return [(f" {price}  ", look.bold), (moved, colour)]
    return [(f" {price} ", back), (moved, back if heading.is_chosen else on(colour, back))]


def _candle(heading: Heading, look: Look, back: Style | None, width: int) -> list[Part]:
    """The candle that is pointed at, in columns of fixed width: as many of its figures as fit."""
    bar = heading.bar
    plain = look.base if back is None else back
    if bar is None:
        return [(" no candle here ", plain)]
    muted = look.muted if back is None else back
    moved = (bar.close / bar.open - 1) * 100 if bar.open > 0 else None
    change = f" {fmt.arrow(bar.close - bar.open)}{fmt.percent(moved):>8}"
    volume = f"{fmt.size(bar.volume):>8} "
    prices = {"O": bar.open, "H": bar.high, "L": bar.low, "C": bar.close}
    each = 3 + heading.price_width
    # The axis of time tells the date too: prices matter more.
    wishes = [
        (letters, f" {moment}")
        for letters in ("OHLC", "HLC", "C")
        for moment in _moments(bar.open_time, heading)
    ]
    letters, moment = next(
        (wish for wish in wishes if _needs(wish, each) <= width - len(change)), wishes[-1]
    )
    room = width - len(moment) - len(change)
    parts: list[Part] = [(moment, plain)]
    for letter in letters:
        text = fmt.price(prices[letter], heading.decimals)
        parts += [(f" {letter} ", muted), (f"{text:>{heading.price_width}}", plain)]
    parts.append((change, _coloured(bar.close - bar.open, heading, look, back)))
    if len(letters) * each + 3 + len(volume) <= room:
        parts += [(" V ", muted), (volume, plain)]
    return parts


def _measured(heading: Heading, measured: Measured, look: Look, back: Style | None) -> list[Part]:
    """What is measured, in columns of fixed width."""
    plain = look.base if back is None else back
    colour = _coloured(measured.price, heading, look, back)
    percent = "" if measured.percent is None else fmt.percent(measured.percent)
    change = f"{measured.price:+,.{heading.decimals}f}"
    return [
        (f" {fmt.arrow(measured.price)}{percent:>8}", colour),
        (f" {change:>{heading.price_width + 1}}", colour),
        (f" {measured.bars:>+5} bars", plain),
        (f" {_duration(measured.seconds):>8} ", plain),
    ]


def _coloured(change: float, heading: Heading, look: Look, back: Style | None) -> Style:
    colour = look.up if change >= 0 else look.down
    if back is None:
        return colour
    return back if heading.is_chosen else on(colour, back)


def _notes(heading: Heading) -> list[str]:
    """What there is to know of the view, the most important first."""
    notes = [clean(heading.past.note, 40)] if heading.past.note else []
    if heading.until is not None:
        # On the way to the oldest candle, what is going on says more than how far it got.
        is_under_way = heading.seeks_first and not heading.past.begins
        at = len(notes) if is_under_way else 0
        notes[at:at] = ["◀", _short_moment(heading.until, heading)]
    view = heading.view
    if view.style is not ChartStyle.CANDLES:
        notes.append(str(view.style))
    if view.scale is not PriceScale.LINEAR:
        notes.append(str(view.scale))
    if view.merge > 1:
        notes.append(f"×{view.merge}")
    return notes


def _needs(wish: tuple[str, str], each: int) -> int:
    letters, moment = wish
    return len(moment) + len(letters) * each


def _moments(time: int, heading: Heading) -> list[str]:
    """A candle's time in words, the longest first."""
    timeframe = heading.subscription.timeframe
    seconds = timeframe.seconds if timeframe is not None else 0
    clock = "%H:%M" if seconds >= 60 else "%H:%M:%S"
    forms = (f"%Y-%m-%d {clock}", f"%m-%d {clock}", clock)
    if seconds >= _DAY:
        forms = ("%Y-%m-%d", "%m-%d", "%m-%d")
    moment = date_of(time)
    return [moment.strftime(form) for form in forms]


def _short_moment(time: int, heading: Heading) -> str:
    """The date alone where that is of another year, or where candles last a day or longer."""
    timeframe = heading.subscription.timeframe
    moment = date_of(time)
    is_long = timeframe is not None and timeframe.seconds >= _DAY
    if is_long or moment.year != date_of(heading.now).year:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%m-%d %H:%M}"


def _duration(seconds: float) -> str:
    """A signed duration in at most eight characters: -12s, 45m 10s, 3h 20m, 12d 4h, 812d."""
    sign = "-" if seconds < 0 else ""
    whole = abs(round(seconds))
    days, rest = divmod(whole, _DAY)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days >= 1000:
        return f"{sign}{days}d"
    units = ((days, "d"), (hours, "h"), (minutes, "m"), (rest, "s"))
    first = next((at for at, (count, _) in enumerate(units) if count), len(units) - 1)
    told = [f"{count}{unit}" for count, unit in units[first : first + 2] if count]
    return sign + (" ".join(told) or "0s")
