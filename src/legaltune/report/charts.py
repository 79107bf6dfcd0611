"""Charts as inline SVG that takes its colours and its font from the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from legaltune.report import formatting


class _Colour(StrEnum):
    """Stand-ins that `_svg` replaces by the page's CSS variables of the same names."""

    INK = "#a10001"
    MUTED = "#a10002"
    RULE = "#a10003"
    ADAPTER = "#a10004"
    BASE = "#a10005"
    MAJORITY = "#a10006"
    VALIDATION = "#a10007"


_POINTS_PER_INCH = 72
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "legaltune",
    "font.size": 8.5,
    "text.color": _Colour.MUTED,
    "axes.labelcolor": _Colour.MUTED,
    "axes.edgecolor": _Colour.RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": _Colour.RULE,
    "grid.linewidth": 0.6,
    "xtick.color": _Colour.RULE,
    "ytick.color": _Colour.RULE,
    "xtick.labelcolor": _Colour.MUTED,
    "ytick.labelcolor": _Colour.MUTED,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
}


@dataclass(frozen=True, slots=True)
class Curve:
    """Values of one metric over optimizer steps."""

    steps: Sequence[float]
    values: Sequence[float]

    @classmethod
    def of(cls, history: Sequence[Mapping[str, float]], metric: str) -> Curve:
        """The records of a training history that hold the metric."""
        records = [record for record in history if metric in record]
        return cls([record["step"] for record in records], [record[metric] for record in records])


@dataclass(frozen=True, slots=True)
class Bars:
    """One series of a bar chart: a score (0 to 1) for each group that has one."""

    series: str
    scores: Mapping[str, float]


def loss_chart(history: Sequence[Mapping[str, float]], references: Mapping[str, float], *, width_points: int) -> Markup:
    """Training and validation loss over the steps, the learning rate beneath.

    Args:
        history: Records of the training summary.
        references: Losses drawn as horizontal lines, by name, where they lie near the curves.
        width_points: Width the chart is laid out for; it scales with the page.
    """
    training, validation = Curve.of(history, "loss"), Curve.of(history, "validation_loss")
    with mpl.rc_context(_STYLE):
        figure = _figure(width_points, height_points=270)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        _draw(upper, training, _Colour.ADAPTER)
        if validation.steps:
            upper.plot(
                validation.steps, validation.values, "o--", color=_Colour.VALIDATION, linewidth=1, markersize=4.5
            )
        _draw_references(upper, references, (*training.values, *validation.values))
        upper.set_ylabel("loss (nats per token)")
        upper.margins(y=0.1)
        upper.grid(visible=True, axis="y")
        upper.tick_params(length=0)
        rates = Curve.of(history, "learning_rate")
        _draw(lower, rates, _Colour.MUTED)
        lower.set(ylabel="learning rate", xlabel="optimizer step", xlim=(0, None), ylim=(0, 1.1 * max(rates.values)))
        lower.set_yticks([0, max(rates.values)])
        lower.yaxis.set_major_formatter(StrMethodFormatter("{x:.2g}"))
        lower.xaxis.set_major_locator(MaxNLocator(width_points // 80, steps=(1, 2, 5, 10), integer=True))
        lower.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        figure.align_ylabels()
        return _svg(figure, f"loss-{width_points}", "Training and validation loss, and learning rate, over the steps")


def score_chart(series: Sequence[Bars]) -> Markup:
    """Horizontal bars, grouped by what the first series scores; each series has the colour of its name."""
    groups = list(series[0].scores)
    height = 0.8 / len(series)
    with mpl.rc_context(_STYLE):
        figure = _figure(320, height_points=24 + 13 * len(groups) * (len(series) + 1))
        axes = figure.subplots()
        for row, bars in enumerate(series):
            shown = [(index, bars.scores[group]) for index, group in enumerate(groups) if group in bars.scores]
            positions = [index + (row - (len(series) - 1) / 2) * height for index, _ in shown]
            values = [value for _, value in shown]
            drawn = axes.barh(positions, values, height * 0.82, color=_Colour[bars.series.upper()])
            axes.bar_label(drawn, [formatting.percent(value) for value in values], padding=4, color=_Colour.INK)
        axes.set_yticks(range(len(groups)), groups)
        axes.set(xlim=(0, 1.12), ylim=(len(groups) - 0.5, -0.5))
        axes.tick_params(axis="y", length=0, labelcolor=_Colour.INK)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        return _svg(figure, "scores", "Share of right answers for each label")


def length_chart(histogram: Mapping[str, int]) -> Markup:
    """Examples per length class; keys are the upper bounds of the classes in tokens."""
    counts = list(histogram.values())
    with mpl.rc_context(_STYLE):
        figure = _figure(320, height_points=150)
        axes = figure.subplots()
        drawn = axes.bar(range(len(counts)), counts, 0.82, color=_Colour.ADAPTER)
        axes.bar_label(drawn, [formatting.count(number) for number in counts], padding=2, color=_Colour.INK)
        axes.set_xticks(range(len(counts)), [f"{int(bound):,}" for bound in histogram])
        margin = 0.6 + max(0, 4 - len(counts)) / 2  # few bars stay slim and in the middle
        axes.set(xlabel="tokens, at most", ylabel="examples", xlim=(-margin, len(counts) - 1 + margin))
        axes.tick_params(axis="x", length=0)
        axes.yaxis.set_ticks([])
        axes.spines["left"].set_visible(False)
        return _svg(figure, "lengths", "Examples by length in tokens")


def _figure(width_points: int, *, height_points: int) -> Figure:
    size = (width_points / _POINTS_PER_INCH, height_points / _POINTS_PER_INCH)
    return Figure(figsize=size, layout="constrained")


def _draw(axes: Axes, curve: Curve, colour: _Colour) -> None:
    """A line, or a dot where there is one value only."""
    axes.plot(curve.steps, curve.values, color=colour, linewidth=1.6, marker="o" if len(curve.steps) == 1 else None)


def _draw_references(axes: Axes, references: Mapping[str, float], curve_values: Sequence[float]) -> None:
    """Labelled horizontal lines; those far from the curves are left out, they would press the curves flat."""
    low, high = min(curve_values), max(curve_values)
    near = {name: value for name, value in references.items() if 0.8 * low <= value <= 1.2 * high}
    spread = max(high, *near.values()) - min(low, *near.values()) if near else 0.0
    above = float("inf")
    for name, value in sorted(near.items(), key=lambda item: -item[1]):
        is_crowded = above - value < 0.08 * spread
        axes.axhline(value, color=_Colour.BASE, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{name} {formatting.loss(value)}",
            (1, value),
            xycoords=axes.get_yaxis_transform(),
            xytext=(0, -3 if is_crowded else 3),
            textcoords="offset points",
            ha="right",
            va="top" if is_crowded else "bottom",
        )
        above = value


def _svg(figure: Figure, name: str, description: str) -> Markup:
    """The figure as an SVG element; `name` makes its ids unique on the page."""
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
    )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<defs>\s*<style.*?</defs>", "", svg, count=1, flags=re.DOTALL)  # would apply to the whole page
    svg = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', f' role="img" aria-label="{description}"', svg, count=1)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    for colour in _Colour:
        svg = svg.replace(colour.value, f"var(--{colour.name.lower()})")
    return Markup(svg)
