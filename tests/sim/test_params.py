"""Query parameters that are refused before anything is answered."""

from __future__ import annotations

import pytest

from tui.sim.params import ApiError, Params


def test_a_list_that_is_nested_too_deep_is_refused_as_illegal() -> None:
    params = Params([("symbols", "[" * 4000)], ("symbols",), ("BTCUSDT",))

    with pytest.raises(ApiError) as refused:
        params.symbols()

    assert refused.value.code == -1100
