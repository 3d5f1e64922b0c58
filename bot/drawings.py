"""Pictures that the program draws itself, such as certificates: drawn from the rows when they are sent.

A message carries `certificate:ZY2026-0001` where others carry a photo's digest. The rows are read by the desk, and
the drawing, which takes a good part of a second, is done beside it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

import structlog

from bot import certificates, codes, market_chart
from bot.photos import MARK, Photos, write_durably
from community import Community
from community.parts.figures import Period
from community.refused import Refused
from handlers.market.figures import PICTURE
from handlers.speaking.texts import in_words

Files = Mapping[str, bytes]
"""What is kept of a drawing by the end of its name; `.png` is what is sent."""

Draw = Callable[[], Files]

log = structlog.get_logger()


def certificate(community: Community, number: str) -> Draw:
    """A certificate by its number, as picture and PDF. Raises `Refused` for one that was not issued."""
    printed = certificates.paper(community.volunteers.certificates.by_number(number), community)

    def draw() -> Files:
        pdf = certificates.render(printed)
        return {".pdf": pdf, ".png": certificates.picture(pdf)}

    return draw


def market_figures(community: Community, key: str) -> Draw:
    """Figures of one event (E012), or of all of an area and some days, as of the moment that ends the key.

    Raises `Refused` for what there is none of.
    """
    *what, moment = key.split(".")
    now = datetime.fromisoformat(moment)
    if len(what) == 1:
        found = community.market.figures.of_event(int(what[0].lstrip("E")), now)
        chart = market_chart.of_event(found, community, now)
    else:
        area = community.tree.nodes.get(what[0])
        if area is None:
            raise Refused("market.not_found")
        period = Period(*(date.fromisoformat(each) for each in what[1:]))
        report = community.market.figures.of_area(area, period, now)
        chart = market_chart.of_report(report, community, now)
    return lambda: {".png": market_chart.render(chart)}


def check_in(community: Community, event_id: str) -> Draw:
    """The code with which helpers check in at an event. Raises `Refused` for one that there is not."""
    code = community.market.ledger.event(int(event_id)).code
    words = in_words("market_day.in_the_code", community, code=code)
    return lambda: {".png": codes.picture(words, code)}


KINDS: Mapping[str, Callable[[Community, str], Draw]] = {
    "certificate": certificate,
    PICTURE: market_figures,
    "check_in": check_in,
}
"""What stands before the colon, and who reads its rows."""


def prepare(references: Iterable[str], community: Community) -> dict[str, Draw]:
    """How to draw those that are drawings; photos are left out, and so is what there is no row of."""
    found: dict[str, Draw] = {}
    for reference in references:
        kind, mark, key = reference.partition(MARK)
        if mark:
            try:
                found[reference] = KINDS[kind](community, key)
            except Refused as refused:
                log.warning("not_drawn", kind=kind, why=refused.key)
    return found


def draw(wanted: Mapping[str, Draw], photos: Photos) -> None:
    """Draws them into the folder of photos. Raises `OSError` where it cannot be written."""
    for reference, drawing in wanted.items():
        path = photos.path(reference)
        path.parent.mkdir(parents=True, exist_ok=True)
        for ending, data in drawing().items():
            write_durably(path.with_suffix(ending), data)


def kept_pdf(number: str, photos: Photos) -> Path | None:
    """The PDF of a certificate that was sent before."""
    path = photos.path(f"certificate{MARK}{number}").with_suffix(".pdf")
    return path if path.is_file() else None
