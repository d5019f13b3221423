"""What the tests of the native protocol share."""

from __future__ import annotations

import pytest

from tui.adapters.native import NativeAdapter


@pytest.fixture
def adapter() -> NativeAdapter:
    return NativeAdapter({"rest": "http://localhost:8080/v1"})
