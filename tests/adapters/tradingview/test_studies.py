"""Studies: what they are asked for with, their values, and why they are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from talk import AAPL, CANDLES, MINUTE, NOW, NS, START, TICKER, Talk, bar, message, of, read, said

from tui.adapters.tradingview import TradingViewAdapter
from tui.adapters.tradingview.studies import Study
from tui.model.errors import ConfigError, InstrumentError, ProtocolError
from tui.model.events import ParseFailure, Rejection, Reply, StudyPoint, VenueNotice

RSI = Study("STD;RSI", "Script@tv-scripting-101!", {"text": "x"}, ("RSI", "RSI-based MA"))
META = {
    "success": True,
    "result": {
        "ilTemplate": "",
        "metaInfo": {
            "inputs": [
                {"id": "text", "type": "text", "defval": "bmI9Ks46_encrypted"},
                {"id": "pineId", "type": "text", "defval": "STD;RSI"},
                {"id": "pineVersion", "type": "text", "defval": "36.0"},
                {"id": "in_0", "type": "integer", "defval": 14, "name": "Length", "isFake": True},
                {"id": "in_1", "type": "source", "defval": "close", "isFake": True},
                {"id": "in_2", "type": "color", "defval": "#FF0000", "isFake": True},
            ],
            "plots": [{"id": "plot_0", "type": "line"}, {"id": "plot_1", "type": "line"}],
            "styles": {"plot_0": {"title": "RSI"}},
            "pine": {"version": "37.0"},
        },
    },
}


def loaded(talk: Talk) -> str:
    session = talk.open_chart()
    talk.load(session, [bar(0), bar(1)])
    return session


def points(talk: Talk, session: str, *rows: Any, study: str = "st1") -> list[Any]:
    changed = {study: {"node": "n", "st": list(rows), "ns": {"d": ""}, "t": "s1_st1"}}
    return talk.tell(message("du", session, changed))


def read_definition(body: Any, **inputs: Any) -> Study:
    request = TradingViewAdapter().study_request("STD;RSI", inputs)
    return request.decode(json.dumps(body).encode(), 0)


# -- the definition --------------------------------------------------------------------------


def test_a_definition_is_asked_for_by_the_studys_name() -> None:
    request = TradingViewAdapter().study_request("STD;RSI")

    assert request.url == (
        "https://pine-facade.tradingview.com/pine-facade/translate/STD%3BRSI/last"
    )


@pytest.mark.parametrize("name", ["", "../x", "STD/RSI", "a\nb", "STD;RSI?x", "x" * 200])
def test_what_is_not_a_study_is_not_asked_for(name: str) -> None:
    with pytest.raises(InstrumentError, match="is not a study"):
        TradingViewAdapter().study_request(name)


def test_the_definition_becomes_inputs_and_lines() -> None:
    study = read_definition(META)

    assert study == Study(
        "STD;RSI",
        "Script@tv-scripting-101!",
        {
            "text": "bmI9Ks46_encrypted",
            "pineId": "STD;RSI",
            "pineVersion": "37.0",
            "in_0": {"v": 14, "f": True, "t": "integer"},
            "in_1": {"v": "close", "f": True, "t": "source"},
            "in_2": {"v": 5, "f": True, "t": "color"},
        },
        ("RSI", "plot_1"),
    )


def test_the_user_may_set_an_input() -> None:
    assert read_definition(META, in_0=21).inputs["in_0"] == {"v": 21, "f": True, "t": "integer"}


@pytest.mark.parametrize("name", ["in_7", "text"])
def test_an_input_that_the_study_does_not_have_is_named(name: str) -> None:
    with pytest.raises(ProtocolError, match=f"has no input '{name}', only in_0, in_1, in_2"):
        read_definition(META, **{name: 1})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"success": False, "reason": "no such script"}, "STD;RSI: no such script"),
        ({"success": False, "result": "permission"}, "not in this account's plan"),
        ({"success": True, "result": None}, "refused without a reason"),
        (
            {"success": True, "result": {"metaInfo": {"inputs": 5}}},
            r"at `\$.result.metaInfo.inputs`",
        ),
        ([], "Expected `object`"),
    ],
)
def test_what_is_not_a_definition_says_why(body: Any, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        read_definition(body)


def test_the_servers_words_of_a_refusal_are_read() -> None:
    adapter = TradingViewAdapter()

    assert adapter.rest_error(404, b'{"success":false,"reason":"not found"}') == "not found"
    assert adapter.rest_error(500, b"<html>") == ""


def test_the_users_studies_are_names_with_commas_between() -> None:
    assert TradingViewAdapter({"studies": "STD;RSI, STD;MACD,STD;RSI"}).studies == (
        "STD;RSI",
        "STD;MACD",
    )
    assert TradingViewAdapter().studies == ()


def test_a_study_that_cannot_be_one_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="'a/b' is not a study"):
        TradingViewAdapter({"studies": "a/b"})


# -- beginning and ending --------------------------------------------------------------------


def test_a_study_begins_once_the_candles_are_there(talk: Talk) -> None:
    session = loaded(talk)

    begun = said(talk.adapter.add_study(CANDLES, RSI))

    assert begun == [
        ["create_study", session, "st1", "s1", "sds_1", "Script@tv-scripting-101!", {"text": "x"}]
    ]


def test_a_study_waits_for_the_candles_and_comes_back_on_each_connection(talk: Talk) -> None:
    early = talk.adapter.add_study(CANDLES, RSI)
    for _ in range(2):
        session = talk.open_chart()

        replies = [read(one.text) for one in of(Reply, talk.load(session, [bar(0)]))]

        assert [one[:3] for one in replies] == [["create_study", session, "st1"]]
        talk.adapter.connection_lost()
    assert early == []


def test_a_copy_has_the_same_studies(talk: Talk) -> None:
    talk.adapter.add_study(CANDLES, RSI)
    talk.adapter = talk.adapter.copy()

    assert len(of(Reply, talk.load(talk.open_chart(), [bar(0)]))) == 1


def test_a_study_that_is_removed_ends_and_does_not_come_back(talk: Talk) -> None:
    session = loaded(talk)
    talk.adapter.add_study(CANDLES, RSI)

    ended = said(talk.adapter.remove_study(CANDLES, "STD;RSI"))

    assert ended == [["remove_study", session, "st1"]]
    assert points(talk, session, {"i": 0, "v": [START, 1, 2]})[1:] == []
    assert talk.adapter.remove_study(CANDLES, "STD;RSI") == []
    assert of(Reply, talk.load(talk.open_chart(), [bar(0)])) == []


def test_a_study_that_is_asked_for_again_takes_its_own_place(talk: Talk) -> None:
    session = loaded(talk)
    talk.adapter.add_study(CANDLES, RSI)

    again = said(talk.adapter.add_study(CANDLES, RSI))

    assert [one[:3] for one in again] == [
        ["remove_study", session, "st1"],
        ["create_study", session, "st2"],
    ]


def test_only_candles_have_studies(talk: Talk) -> None:
    with pytest.raises(InstrumentError, match="they are of candles"):
        talk.adapter.add_study(TICKER, RSI)


# -- values ----------------------------------------------------------------------------------


def test_values_are_points_with_the_names_of_their_lines(talk: Talk) -> None:
    session = loaded(talk)
    talk.adapter.add_study(CANDLES, RSI)

    events = points(
        talk,
        session,
        {"i": 0, "v": [float(START), 1e100, 1e100]},
        {"i": 1, "v": [float(START + 60), 54.21]},
    )

    assert of(StudyPoint, events) == [
        StudyPoint(AAPL, MINUTE, "STD;RSI", START * NS, RSI.plots, (None, None), NOW),
        StudyPoint(AAPL, MINUTE, "STD;RSI", (START + 60) * NS, RSI.plots, (54.21, None), NOW),
    ]


def test_numbers_of_colours_are_no_values(talk: Talk) -> None:
    plots = [{"id": "plot_0", "type": "line"}, {"id": "plot_1", "type": "colorer"}]
    plots.append({"id": "plot_2", "type": "line"})
    info = {**META["result"]["metaInfo"], "plots": plots}
    study = read_definition({"success": True, "result": {"metaInfo": info}})
    session = loaded(talk)
    talk.adapter.add_study(CANDLES, study)

    events = points(talk, session, {"i": 1, "v": [float(START + 60), 54.21, 3, 51.0]})

    assert of(StudyPoint, events) == [
        StudyPoint(
            AAPL, MINUTE, "STD;RSI", (START + 60) * NS, ("RSI", "plot_2"), (54.21, 51.0), NOW
        )
    ]


def test_a_point_without_a_time_is_named_and_spoils_no_other(talk: Talk) -> None:
    session = loaded(talk)
    talk.adapter.add_study(CANDLES, RSI)

    events = points(talk, session, {"v": []}, {"v": [float(START), 1.0, 2.0]})

    assert len(of(StudyPoint, events)) == 1
    assert of(ParseFailure, events)[0].message == (
        "None is not a candle's time - at `$.p[1].st1.st[0].v[0]`"
    )


def test_drawings_of_a_study_are_no_points(talk: Talk) -> None:
    session = loaded(talk)
    talk.adapter.add_study(CANDLES, RSI)

    assert of(StudyPoint, points(talk, session)) == []
    assert of(StudyPoint, points(talk, session, {"v": [1.0, 2.0]}, study="st9")) == []


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said_words", "meant"),
    [
        (
            ["The maximum number of studies per chart has been reached for current subscription"],
            "no study STD;RSI of NASDAQ:AAPL 1m: no more studies at a time with this account: a free "
            "one shows two (The maximum number of studies per chart has been reached for current "
            "subscription)",
        ),
        (
            [{"error": "at bar 5"}, "runtime"],
            'no study STD;RSI of NASDAQ:AAPL 1m: {"error":"at bar 5"} runtime',
        ),
        ([], "no study STD;RSI of NASDAQ:AAPL 1m: refused without a reason"),
    ],
)
def test_a_refused_study_is_told_plainly_and_the_chart_goes_on(
    talk: Talk, said_words: list[Any], meant: str
) -> None:
    session = loaded(talk)
    talk.adapter.add_study(CANDLES, RSI)

    events = talk.tell(message("study_error", session, "st1", "s1_st1", *said_words))

    assert [one.message for one in of(VenueNotice, events)] == [meant]
    assert of(Rejection, events) == []
    assert len(talk.update(session, bar(1, 10.7))) == 2


def test_a_limit_of_studies_told_as_an_error_of_the_session_leaves_the_chart(talk: Talk) -> None:
    session = loaded(talk)

    events = talk.tell(message("critical_error", session, "exceed limit of studies in the session"))

    assert of(VenueNotice, events)[0].message == (
        "no study of NASDAQ:AAPL 1m: no more studies at a time with this account: a free one shows two"
        " (exceed limit of studies in the session)"
    )
    assert of(Rejection, events) == []
