from __future__ import annotations

import re

import matplotlib as mpl
from lxml import etree

from legaltune.report.charts import Bars, length_chart, loss_chart, score_chart

_HISTORY = [
    {"step": 10, "loss": 4.0, "learning_rate": 1e-3},
    {"step": 20, "loss": 2.0, "learning_rate": 2e-3},
    {"step": 20, "validation_loss": 2.1},
    {"step": 30, "loss": 1.5, "learning_rate": 1e-3},
]


def _texts(svg: str) -> list[str]:
    return [element.text for element in etree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_colours_and_font_come_from_the_page() -> None:
    charts = [
        loss_chart(_HISTORY, {}, width_points=640),
        score_chart([Bars("adapter", {"a": 0.5})]),
        length_chart({"8": 2}),
    ]

    for svg in charts:
        assert "var(--adapter)" in svg
        assert not re.search(r"#[0-9a-f]{6}\b", svg)
        assert "font-family" not in svg
        assert "<style" not in svg


def test_loss_chart_draws_the_baselines_near_the_curves() -> None:
    texts = _texts(loss_chart(_HISTORY, {"base model": 4.21, "unigram model": 40.0}, width_points=640))

    assert "base model 4.21" in texts
    assert not any(text.startswith("unigram model") for text in texts)


def test_validation_is_drawn_only_where_it_was_measured() -> None:
    training_only = [record for record in _HISTORY if "loss" in record]

    assert "var(--validation)" in loss_chart(_HISTORY, {}, width_points=640)
    assert "var(--validation)" not in loss_chart(training_only, {}, width_points=640)


def test_a_single_step_is_drawn() -> None:
    one_step = _HISTORY[:1]

    svg = loss_chart(one_step, {}, width_points=640)

    assert len(etree.fromstring(svg)) > 0
    assert "nan" not in svg.lower()


def test_ids_differ_between_the_charts_of_a_page() -> None:
    charts = [loss_chart(_HISTORY, {}, width_points=width) for width in (640, 270)] + [length_chart({"8": 2})]

    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in charts]

    assert all(ids)
    assert sum(map(len, ids)) == len(set().union(*ids))


def test_references_inside_a_chart_resolve() -> None:
    svg = loss_chart(_HISTORY, {}, width_points=640)

    targets = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))

    assert targets
    assert targets <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_score_chart_skips_a_group_that_a_series_does_not_have() -> None:
    texts = _texts(
        score_chart([Bars("adapter", {"Ergebnis": 0.75, "Entscheidungsart": 1.0}), Bars("base", {"Ergebnis": 0.5})])
    )

    assert sorted(text for text in texts if "%" in text) == ["100%", "50%", "75%"]


def test_length_chart_names_bounds_and_counts() -> None:
    texts = _texts(length_chart({"512": 1874, "1024": 3}))

    assert {"512", "1,024", "1,874", "3"} <= set(texts)


def test_matplotlib_settings_of_the_process_stay_as_they_are() -> None:
    before = dict(mpl.rcParams)

    loss_chart(_HISTORY, {}, width_points=640)

    assert dict(mpl.rcParams) == before
