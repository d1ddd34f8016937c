"""Charts as inline SVG: nothing to load, sharp in print, and described in words for who cannot see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 72, 12, 40
MOST_BINS = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """`label` is what it stands for, `flagged` draws it hatched."""

    label: str
    value: float
    flagged: bool = False


def bar_chart(bars: Sequence[Bar], description: str, x_title: str, y_title: str, mean: float | None = None) -> Markup:
    """A bar a field, `mean` as a dashed line. `description` is its text alternative."""
    top = _nice_top(max((bar.value for bar in bars), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(bars))
    parts = _frame(top, x_title, y_title)
    every = ceil(len(bars) / 16)
    for index, bar in enumerate(bars):
        x, y = LEFT + index * step, _y(bar.value, top)
        fill = "url(#hatch)" if bar.flagged else "#7d1f2f"
        parts.append(
            f'<rect x="{x + step * 0.1:.1f}" y="{y:.1f}" width="{step * 0.8:.2f}" height="{HEIGHT - BOTTOM - y:.1f}"'
            f' fill="{fill}" stroke="#7d1f2f" stroke-width="{min(1.0, step / 8):.2f}">'
            f"<title>{escape(bar.label)}: {bar.value:g}</title></rect>"
        )
        if index % every == 0:
            parts.append(_text(x + step / 2, HEIGHT - BOTTOM + 14, bar.label, "middle"))
    if mean is not None:
        y = _y(mean, top)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#000" stroke-dasharray="5 4"/>')
        parts.append(_text(WIDTH - RIGHT + 4, y + 4, f"mean {mean:.1f}", "start"))
    return _svg(parts, description)


def histogram(values: Sequence[float], description: str, unit: str) -> Markup:
    """Numbers of cells by diameter in `unit`. The 0.5th to 99.5th percentile fill the axis; the rest is in the end bins."""
    ordered = sorted(values)
    low, high = ordered[int(0.005 * (len(ordered) - 1))], ordered[ceil(0.995 * (len(ordered) - 1))]
    width = _nice_step((high - low) / MOST_BINS) or 1.0
    first, last = floor(low / width), floor(high / width)
    numbers = [0] * (last - first + 1)
    for value in ordered:
        numbers[min(max(floor(value / width) - first, 0), last - first)] += 1
    digits = max(0, -floor(log10(width)))
    bars = [Bar(f"{(first + index) * width:.{digits}f}", number) for index, number in enumerate(numbers)]
    return bar_chart(bars, description, f"diameter in {unit} (left edge of the bin, {width:g} {unit} wide)", "red cells")


def _frame(top: float, x_title: str, y_title: str) -> list[str]:
    parts = [
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#fff"/><rect width="3" height="6" fill="#7d1f2f"/></pattern></defs>'
    ]
    for quarter in range(5):
        value = top * quarter / 4
        y = _y(value, top)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#000" stroke-opacity="{0.6 if quarter == 0 else 0.15}"/>'
        )
        parts.append(_text(LEFT - 6, y + 4, f"{value:g}", "end"))
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 6, x_title, "middle"))
    parts.append(
        f'<g transform="translate(13 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)">{_text(0, 0, y_title, "middle")}</g>'
    )
    return parts


def _svg(parts: Sequence[str], description: str) -> Markup:
    label = escape(description)
    return Markup(f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>')


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _nice_step(step: float) -> float:
    """The next of 1, 2, 2.5, 5 × 10ⁿ; 0 for 0."""
    if step <= 0:
        return 0.0
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * (1 - 1e-9))


def _nice_top(largest: float) -> float:
    """An axis end of which every quarter is a whole number."""
    return max(4.0, 4 * _nice_step(largest / 4)) if largest > 20 else max(4.0, 4 * ceil(largest / 4))
