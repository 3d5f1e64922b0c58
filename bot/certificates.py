"""A certificate on paper: A4 as PDF with its font in it, and the same as a picture for a chat.

The libraries are imported when the first one is drawn: a program that draws none neither loads nor keeps them.
"""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from bot import fonts
from community import Community
from community.volunteers.certificates import Certificate
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import in_words

FONT = "certificate"
DOTS = 2
"""Pixels of the picture to a point of the page: 1190 to a page's width, which a telephone shows sharp."""

LONGEST_PICTURE = 20_000
"""Pixels from top to bottom; pages of more are drawn smaller."""

_MARGIN, _COLUMNS = 60, (120, 255, 100)
_INK, _PALE, _RULE = "#1f1f1f", "#6b6b6b", "#b9b9b9"

_one_at_a_time = threading.Lock()
"""Both libraries keep things for the whole process."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is printed. `rows` are day, event and hours as words, `signed` the name of the place."""

    title: str
    number: str
    opening: str
    columns: tuple[str, str, str]
    rows: tuple[tuple[str, str, str], ...]
    total: tuple[str, str, str]
    signed: str
    issued_on: str
    seal: str
    check: str
    page: Callable[[int, int], str]

    @property
    def characters(self) -> str:
        """Everything the font must have."""
        words = [self.title, self.number, self.opening, self.signed, self.issued_on, self.seal, self.check]
        cells = (cell for row in (self.columns, *self.rows, self.total) for cell in row)
        return "".join([*words, *cells, self.page(1, 1), "0123456789"])


def paper(certificate: Certificate, community: Community) -> Paper:
    """The words of an issued certificate."""
    number, total = certificate.number or "", in_hours(certificate.minutes)
    place = community.tree.nodes[certificate.node_id].name
    issued_at = (certificate.decided_at or certificate.asked_at).astimezone(community.rules.zone)
    opening = in_words(
        "certificates.opening",
        community,
        name=certificate.name,
        first=_day(certificate.first_day, community),
        last=_day(certificate.last_day, community),
        place=place,
        hours=total,
    )
    columns = (
        in_words("certificates.column_day", community),
        in_words("certificates.column_what", community),
        in_words("certificates.column_hours", community),
    )
    correction = in_words("certificates.correction", community)
    return Paper(
        title=in_words("certificates.title", community),
        number=in_words("certificates.printed_number", community, number=number),
        opening=opening,
        columns=columns,
        rows=tuple((line["day"], line["what"] or correction, in_hours(line["minutes"])) for line in certificate.lines),
        total=(in_words("certificates.sum", community), "", total),
        signed=place,
        issued_on=_day(issued_at.date(), community),
        seal=in_words("certificates.seal", community),
        check=in_words("certificates.check", community, bot=community.rules.bot_name, number=number),
        page=lambda page, pages: in_words("certificates.page", community, number=number, page=page, pages=pages),
    )


def render(printed: Paper) -> bytes:
    """The PDF, always the same for the same words. More pages where one does not hold all lines."""
    with _one_at_a_time:
        target = io.BytesIO()
        with _embedded(printed.characters):
            pages = _build(printed, io.BytesIO(), pages=1)
            _build(printed, target, pages)
        return target.getvalue()


def picture(pdf: bytes) -> bytes:
    """Its pages below one another, as PNG."""
    import pypdfium2
    from PIL import Image

    with _one_at_a_time, pypdfium2.PdfDocument(pdf) as document:
        height = sum(page.get_height() for page in document)
        scale = min(DOTS, LONGEST_PICTURE / height)
        pages = [page.render(scale=scale).to_pil().convert("RGB") for page in document]
    long = Image.new("RGB", (max(page.width for page in pages), sum(page.height for page in pages)), "white")
    top = 0
    for page in pages:
        long.paste(page, (0, top))
        top += page.height
    target = io.BytesIO()
    long.save(target, "PNG", optimize=True)
    return target.getvalue()


def _day(day: date, community: Community) -> str:
    return in_words("certificates.long_day", community, year=day.year, month=day.month, day=day.day)


@contextmanager
def _embedded(characters: str) -> Iterator[None]:
    """The font with these characters. It goes again: the next certificate has other ones, under the same name."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(FONT, io.BytesIO(fonts.true_type(characters)))
    pdfmetrics.registerFont(font)
    try:
        yield
    finally:
        font.unregister()


def _build(printed: Paper, target: io.BytesIO, pages: int) -> int:
    """Writes the document and gives the number of its pages; `pages` is what is printed as that."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 20,
        title=printed.title,
        invariant=1,
    )

    def foot(canvas: Any, document: Any) -> None:
        canvas.setFont(FONT, 9)
        canvas.setFillColor(_PALE)
        canvas.drawString(_MARGIN, 46, printed.check)
        canvas.drawRightString(A4[0] - _MARGIN, 32, printed.page(document.page, pages))

    document.build(list(_story(printed)), onFirstPage=foot, onLaterPages=foot)
    return int(document.page)


def _story(printed: Paper) -> Iterator[Any]:
    from reportlab.platypus import KeepTogether, Paragraph, Spacer

    yield Paragraph(escape(printed.title), _style(28, 40, centred=True))
    yield Spacer(1, 6)
    yield Paragraph(escape(printed.number), _style(11, 16, centred=True))
    yield Spacer(1, 24)
    yield Paragraph(escape(printed.opening), _style(13, 24, indent=26))
    yield Spacer(1, 16)
    yield _table(printed)
    yield Spacer(1, 30)
    yield KeepTogether(_signature(printed))


def _style(size: float, leading: float, *, centred: bool = False, indent: float = 0) -> Any:
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(
        f"{size}",
        fontName=FONT,
        fontSize=size,
        leading=leading,
        alignment=1 if centred else 0,
        firstLineIndent=indent,
        textColor=_INK,
        wordWrap="CJK",
    )


def _table(printed: Paper) -> Any:
    from reportlab.platypus import Paragraph, Table

    style = _style(11, 16)
    cells = [
        [Paragraph(escape(cell), style) for cell in row] for row in (printed.columns, *printed.rows, printed.total)
    ]
    rules: Sequence[Any] = (
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LINEABOVE", (0, 0), (-1, 0), 1, _INK),
        ("LINEBELOW", (0, 0), (-1, 0), 0.75, _INK),
        ("LINEBELOW", (0, 1), (-1, -2), 0.4, _RULE),
        ("LINEABOVE", (0, -1), (-1, -1), 0.75, _INK),
        ("LINEBELOW", (0, -1), (-1, -1), 1, _INK),
    )
    return Table(cells, colWidths=list(_COLUMNS), repeatRows=1, style=rules)


def _signature(printed: Paper) -> list[Any]:
    """Who confirms it and when, with room for the seal above the name."""
    from reportlab.platypus import Paragraph, Table

    centred = _style(12, 20, centred=True)
    seal = Paragraph(escape(printed.seal), _style(10, 14, centred=True))
    room: Sequence[Any] = (
        ("BOX", (1, 0), (1, 0), 0.75, _RULE, None, (3, 3)),
        ("VALIGN", (1, 0), (1, 0), "MIDDLE"),
    )
    rows = [
        ["", seal],
        ["", Paragraph(escape(printed.signed), centred)],
        ["", Paragraph(escape(printed.issued_on), centred)],
    ]
    return [Table(rows, colWidths=[275, 200], rowHeights=[110, None, None], style=room)]
