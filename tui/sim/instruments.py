"""What the embedded market lists: its instruments, their steps, and how their numbers are written."""

from __future__ import annotations

import msgspec

E8 = 100_000_000


def write_e8(units: int) -> str:
    """Write a number of 1e-8 units with eight decimals, as the venue does."""
    return f"{units // E8}.{units % E8:08d}" if units >= 0 else f"-{write_e8(-units)}"


class Listing(msgspec.Struct, frozen=True):
    """An instrument of the embedded market.

    Attributes:
        tick_e8, lot_e8: price and size steps in units of 1e-8.
        price: around what its price wanders, in the quote asset.
        order_size: typical size of a resting order, in the base asset.
        activity: order events a second in a normal market.
        volatility: standard deviation of a day's return.
        beta: how much it follows the market's common moves.
    """

    symbol: str
    base: str
    quote: str
    tick_e8: int
    lot_e8: int
    price: float
    order_size: float
    activity: float
    volatility: float
    beta: float

    def price_text(self, ticks: int) -> str:
        return write_e8(ticks * self.tick_e8)

    def size_text(self, lots: int) -> str:
        return write_e8(lots * self.lot_e8)

    def value_text(self, tick_lots: int) -> str:
        """A value in the quote asset, from a sum of ticks times lots."""
        return write_e8(tick_lots * self.tick_e8 * self.lot_e8 // E8)

    def ticks(self, price: float) -> int:
        """The nearest whole number of ticks, at least one."""
        return max(1, round(price * E8 / self.tick_e8))

    def lots(self, size: float) -> int:
        """The nearest whole number of lots, at least one."""
        return max(1, round(size * E8 / self.lot_e8))


def _listing(
    base: str,
    quote: str,
    steps: tuple[int, int],
    price: float,
    order_size: float,
    activity: float,
    risk: tuple[float, float],
) -> Listing:
    return Listing(f"{base}{quote}", base, quote, *steps, price, order_size, activity, *risk)


LISTINGS: tuple[Listing, ...] = (
    _listing("BTC", "USDT", (1_000_000, 1_000), 67_250.0, 0.11, 70.0, (0.026, 1.0)),
    _listing("ETH", "USDT", (1_000_000, 10_000), 3_480.0, 1.6, 55.0, (0.034, 1.15)),
    _listing("SOL", "USDT", (1_000_000, 100_000), 158.0, 22.0, 40.0, (0.046, 1.4)),
    _listing("BNB", "USDT", (1_000_000, 100_000), 589.0, 3.1, 25.0, (0.027, 0.8)),
    _listing("XRP", "USDT", (10_000, 10_000_000), 0.5927, 3_400.0, 30.0, (0.039, 1.0)),
    _listing("ADA", "USDT", (10_000, 10_000_000), 0.4512, 2_900.0, 22.0, (0.042, 1.1)),
    _listing("DOGE", "USDT", (1_000, 100_000_000), 0.12345, 14_000.0, 26.0, (0.05, 1.3)),
    _listing("LTC", "USDT", (1_000_000, 100_000), 83.4, 12.0, 16.0, (0.033, 0.9)),
    _listing("AVAX", "USDT", (100_000, 1_000_000), 28.3, 45.0, 18.0, (0.048, 1.35)),
    _listing("LINK", "USDT", (100_000, 1_000_000), 14.6, 80.0, 16.0, (0.043, 1.2)),
    _listing("PEPE", "USDT", (1, 100_000_000), 0.00001134, 95_000_000.0, 24.0, (0.062, 1.6)),
    _listing("ETH", "BTC", (1_000, 10_000), 0.05174, 2.4, 14.0, (0.018, 0.2)),
)

BY_SYMBOL: dict[str, Listing] = {listing.symbol: listing for listing in LISTINGS}
