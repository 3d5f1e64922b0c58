"""Figures of events as a picture for a group: upright, 1080 pixels wide, to be read on a telephone.

The library is imported when the first picture is drawn: a program that draws none neither loads nor keeps it.
"""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from bot import fonts
from community import Community
from community.market.figures import EventFigures, Heads, Report, StallFigures, Totals
from handlers.market.figures import of_signed_up
from handlers.periods import in_days
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import day, in_words

WIDTH = 1080
"""Pixels: as wide as most telephones show."""

LEAST_HEIGHT = 1120
"""Pixels: upright also where there is one stall alone."""

_MARGIN, _HEAD, _CARD, _GAP, _SECTION, _ROW, _ONE_BAR, _FOOT = 60, 200, 170, 24, 96, 128, 90, 90
_NAMES, _WORDS = 300, 170
"""Pixels beside the bars: for the name on their left and for how many on their right."""

_INK, _PALE, _GROUND, _SHADE = "#1f2a37", "#66717f", "#ffffff", "#f2f5f8"
_COLOURS = ("#c8442f", "#2f6fb3")
"""For helpers and for visitors; their tints stand behind for those who were to come."""

_TINTS = ("#f3d3cd", "#cfe0f1")
_TITLE, _SUBTITLE, _NUMBER, _LABEL, _TEXT, _NOTE = 54, 32, 60, 28, 30, 24
"""Heights of the letters in pixels."""

_ON_TWO_LINES = 0.87
"""How much smaller the letters of a name on two lines are."""

_MOST_ROWS = 24
"""Bars in one section: more nobody could read."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Bar:
    """So many of so many. `words`: how it is written beside the bar."""

    came: int
    of: int
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A stall or an event: helpers, and visitors where it has any."""

    name: str
    helpers: Bar
    visitors: Bar | None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. `cards` are the great numbers with what they are, `keys` what the two colours mean."""

    title: str
    subtitle: str
    cards: tuple[tuple[str, str], ...]
    keys: tuple[str, str]
    sections: tuple[Section, ...]
    foot: str


def of_event(found: EventFigures, community: Community, now: datetime) -> Chart:
    """The picture of one event."""
    zone = community.rules.zone
    begins_at, ends_at = (each.astimezone(zone) for each in (found.event.begins_at, found.event.ends_at))
    return Chart(
        title=found.event.name,
        subtitle=f"{day(begins_at)} {begins_at:%H:%M}\u2013{ends_at:%H:%M} {found.event.place}",
        cards=_cards(found.total, community),
        keys=_keys(community),
        sections=(_stalls(found.stalls, community),),
        foot=in_words("market_figures.as_of", community, at=now),
    )


def of_report(report: Report, community: Community, now: datetime) -> Chart:
    """The picture of all events of some days."""
    zone = community.rules.zone
    events = tuple(_event_row(each, zone) for each in report.events[-_MOST_ROWS:])
    per_event = Section(in_words("market_figures.per_event", community), events)
    return Chart(
        title=in_words("market_figures.title", community, area=report.area.name if report.area else ""),
        subtitle=in_days(report.period, now.astimezone(zone)),
        cards=_cards(report.total, community),
        keys=_keys(community),
        sections=(per_event, _stalls(report.stalls, community)),
        foot=in_words("market_figures.as_of", community, at=now),
    )


def _cards(total: Totals, community: Community) -> tuple[tuple[str, str], ...]:
    return (
        (of_signed_up(total.helpers), in_words("market_figures.card_helpers", community)),
        (of_signed_up(total.visitors), in_words("market_figures.card_visitors", community)),
        (in_hours(total.minutes), in_words("market_figures.card_hours", community)),
        (str(total.new_helpers), in_words("market_figures.card_new", community)),
    )


def _keys(community: Community) -> tuple[str, str]:
    return in_words("market_figures.key_helpers", community), in_words("market_figures.key_visitors", community)


def _stalls(stalls: Sequence[StallFigures], community: Community) -> Section:
    rows = (_bars(each.name, each.helpers, each.visitors, numbers=each.numbers) for each in stalls)
    return Section(in_words("market_figures.per_stall", community), tuple(rows))


def _event_row(each: EventFigures, zone: tzinfo) -> Row:
    begins_at = each.event.begins_at.astimezone(zone)
    name = f"{begins_at.month}\u6708{begins_at.day}\u65e5 {each.event.name}"
    return _bars(name, each.total.helpers, each.total.visitors, numbers=sum(stall.numbers for stall in each.stalls))


def _bars(name: str, helpers: Heads, visitors: Heads, *, numbers: int) -> Row:
    """Without numbers to take there is no bar for them."""
    shown = Bar(visitors.came, visitors.signed_up, of_signed_up(visitors)) if numbers or visitors.signed_up else None
    return Row(name, Bar(helpers.came, helpers.signed_up, of_signed_up(helpers)), shown)


def render(chart: Chart) -> bytes:
    """The picture as PNG, always the same for the same chart."""
    with _one_at_a_time:
        return _render(chart)


def _render(chart: Chart) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sections = [Section(each.title, each.rows[:_MOST_ROWS]) for each in chart.sections if each.rows]
    top = _HEAD + (len(chart.cards) + 1) // 2 * (_CARD + _GAP) + _GAP
    height = max(top + sum(_height(each) for each in sections) + _FOOT, LEAST_HEIGHT)
    figure = Figure(figsize=(WIDTH / 100, height / 100), dpi=100, facecolor=_GROUND)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)  # from the top, as one reads
    axes.axis("off")
    renderer: Any = canvas.get_renderer()  # type: ignore[no-untyped-call]  # the library's own
    sheet = _Sheet(axes, renderer)
    _head(sheet, chart)
    for section in sections:
        _section(sheet, section, top, chart.keys)
        top += _height(section)
    sheet.write(_MARGIN, height - _FOOT / 2, chart.foot, _NOTE, _PALE, at_most=WIDTH - 2 * _MARGIN)
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Paper that is measured in pixels from its upper left corner."""

    axes: Any
    renderer: Any

    def write(
        self, x: float, y: float, words: str, size: float, colour: str, *, at_most: float, align: str = "left"
    ) -> None:
        """Words on a line through `y`, made smaller and then cut where they would be longer than `at_most`.

        Numbers are only made smaller.
        """
        written = self.axes.text(
            x, y, _plain(words), color=colour, ha=align, va="center_baseline", parse_math=False, **_font(size)
        )
        width = self._width(written)
        if width > at_most:
            least = 0 if _plain(words)[0].isdecimal() else 0.75
            written.set_fontsize(written.get_fontsize() * max(at_most / width * 0.99, least))
        shown = _plain(words)
        while self._width(written) > at_most and len(shown) > 1:
            shown = shown[:-1]
            written.set_text(shown + "\u2026")

    def write_name(self, x: float, y: float, words: str, size: float, colour: str, *, at_most: float) -> None:
        """Words around `y`, on two lines where one does not hold them."""
        words = _plain(words)
        smaller, fits = size * _ON_TWO_LINES, 1
        if self._measured(words, smaller) <= at_most:
            self.write(x, y, words, size, colour, at_most=at_most)
            return
        while self._measured(words[: fits + 1], smaller) <= at_most:
            fits += 1
        rest = words[fits:]
        while self._measured(rest, smaller) > at_most:
            rest = rest.rstrip("\u2026")[:-1] + "\u2026"
        self.write(x, y - smaller * 0.62, words[:fits], smaller, colour, at_most=at_most)
        self.write(x, y + smaller * 0.62, rest, smaller, colour, at_most=at_most)

    def block(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle with soft corners."""
        from matplotlib.patches import FancyBboxPatch

        round_by = min(8.0, width / 2, height / 2)
        style = f"round,pad=0,rounding_size={round_by}"
        self.axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=colour, linewidth=0))

    def _measured(self, words: str, size: float) -> float:
        written = self.axes.text(0, 0, words, parse_math=False, **_font(size))
        width = self._width(written)
        written.remove()
        return width

    def _width(self, written: Any) -> float:
        return float(written.get_window_extent(self.renderer).width)


def _plain(words: str) -> str:
    """On one line, without what no font draws."""
    return " ".join("".join(each for each in words if each.isprintable()).split()) or " "


def _font(pixels: float) -> dict[str, Any]:
    """The Chinese font, at a height in pixels: a hundred of them are an inch, 72 points."""
    from matplotlib.font_manager import fontManager

    if not any(each.name == fonts.FAMILY for each in fontManager.ttflist):
        fontManager.addfont(str(fonts.path()))
    return {"fontfamily": fonts.FAMILY, "fontsize": pixels * 72 / 100}


def _head(sheet: _Sheet, chart: Chart) -> None:
    width = WIDTH - 2 * _MARGIN
    sheet.write(_MARGIN, 84, chart.title, _TITLE, _INK, at_most=width)
    sheet.write(_MARGIN, 150, chart.subtitle, _SUBTITLE, _PALE, at_most=width)
    each_wide = (width - _GAP) / 2
    for place, (number, label) in enumerate(chart.cards):
        left, top = _MARGIN + place % 2 * (each_wide + _GAP), _HEAD + place // 2 * (_CARD + _GAP)
        sheet.block(left, top, each_wide, _CARD, _SHADE)
        middle, room = left + each_wide / 2, each_wide - 2 * _GAP
        sheet.write(middle, top + 66, number, _NUMBER, _INK, at_most=room, align="center")
        sheet.write(middle, top + 130, label, _LABEL, _PALE, at_most=room, align="center")


def _section(sheet: _Sheet, section: Section, top: float, keys: Sequence[str]) -> None:
    sheet.write(_MARGIN, top + 44, section.title, 38, _INK, at_most=400)
    right = WIDTH - _MARGIN
    for colour, key in zip(reversed(_COLOURS), reversed(keys), strict=True):
        sheet.write(right, top + 44, key, _LABEL, _PALE, at_most=200, align="right")
        right -= 30 * len(key) + 36
        sheet.block(right, top + 32, 24, 24, colour)
        right -= 36
    most = max((bar.of for row in section.rows for bar in (row.helpers, row.visitors) if bar), default=0)
    top += _SECTION
    for row in section.rows:
        _row(sheet, row, top, most)
        top += _row_height(row)


def _row(sheet: _Sheet, row: Row, top: float, most: int) -> None:
    bars = [row.helpers, *([row.visitors] if row.visitors else [])]
    length = WIDTH - 2 * _MARGIN - _NAMES - _WORDS - 20
    middle = top + 22 * len(bars)
    sheet.write_name(_MARGIN, middle, row.name, _TEXT, _INK, at_most=_NAMES - _GAP)
    for place, bar in enumerate(bars):
        y, left = top + 44 * place, _MARGIN + _NAMES
        scale = length / most if most else 0
        sheet.block(left, y + 6, max(bar.of * scale, 4), 32, _TINTS[place])
        if bar.came:
            sheet.block(left, y + 6, max(bar.came * scale, 4), 32, _COLOURS[place])
        sheet.write(left + length + 20, y + 22, bar.words, _LABEL, _INK, at_most=_WORDS)


def _height(section: Section) -> int:
    return _SECTION + sum(_row_height(row) for row in section.rows) + 20


def _row_height(row: Row) -> int:
    return _ROW if row.visitors else _ONE_BAR
