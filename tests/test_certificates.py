"""Certificates: numbers, what they certify, and how they look on paper."""

import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy.exc import IntegrityError

from bot import certificates as printing
from bot import drawings, fonts
from bot.app import open_database
from bot.channels import Outgoing, Receive
from bot.delivery import Delivery, Ledger
from bot.desk import Desk, InlineDesk
from bot.photos import MARK, Photos
from bot.posting import post
from community import Community
from community.parts.figures import Period
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Level, Node, Tree
from community.volunteers.certificates import Asked, Certificate, CertificateState, Issued, lines_of, read_number
from handlers.messages import say
from storage import hours, tree
from storage.certificates import by_id
from storage.database import Database, Store
from storage.hours import Entry
from tests.conftest import XINGFU
from tests.keys import KEYS
from tests.test_command_line import ROOT, bot

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
YEAR = Period(date(2026, 1, 1), date(2026, 12, 1))
VOLUNTEER = Person("volunteer-repair", "许大勇")
WORKER = Person("worker", "杨静")
PLACE = Node("xingfu", None, Level.COMMUNITY, "幸福社区")
COMMUNITY = Community.open(None, Tree.grow([PLACE], (), ()), Rules(), {})  # type: ignore[arg-type]  # asks no rows
A4_POINTS = (595, 842)


@contextmanager
def opened(database: Database) -> Iterator[Community]:
    with database.begin() as store:
        grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
        yield Community.open(store, grown, Rules(), {})


def give(store: Store, minutes: int, day: date = date(2026, 11, 7), person: str = VOLUNTEER.id) -> None:
    row = {"person_id": person, "node_id": "xingfu", "on_day": day, "minutes": minutes, "kind": "雷锋集市"}
    row |= {"what": "雷锋集市", "team_id": None, "event_id": None, "sign_up_id": None, "reason": "", "given_by": None}
    hours.add(store, {**row, "at": NOW})


def issued(community: Community, person: Person = VOLUNTEER, period: Period = YEAR) -> Certificate:
    asked = community.volunteers.certificates.ask(person, period, NOW)
    assert isinstance(asked, Asked)
    return community.volunteers.certificates.issue(WORKER, asked.certificate.id, NOW).certificate


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["ZY2026-0001", "zy2026-0001", "ZY 2026 0001", "编号ZY20260001", "zy2026—0001", "ZY2026_0001 是真的吗"]
)
def test_a_number_is_read_however_it_is_typed(typed: str) -> None:
    assert read_number(typed) == "ZY2026-0001"


@pytest.mark.parametrize("typed", ["", "2026-0001", "ZY", "ZY2026", "ZY2026-1", "XF2026-0001"])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert read_number(typed) is None


def test_numbers_run_through_the_year_and_begin_anew(database: Database) -> None:
    with opened(database) as community:
        store = community.volunteers.certificates.store
        give(store, 60)
        numbers = []
        for minutes in (30, 30, 30):
            numbers.append(issued(community).number)
            give(store, minutes)
        asked = community.volunteers.certificates.ask(VOLUNTEER, YEAR, NOW)
        assert isinstance(asked, Asked)
        next_year = datetime(2027, 1, 2, 9, tzinfo=CHINA)
        later = community.volunteers.certificates.issue(WORKER, asked.certificate.id, next_year)
    assert numbers == ["ZY2026-0001", "ZY2026-0002", "ZY2026-0003"]
    assert later.certificate.number == "ZY2027-0001"


@pytest.mark.postgresql
def test_many_processes_give_out_each_number_once(postgresql_database: Database) -> None:
    crowd = [VOLUNTEER, Person("volunteer-medical", "邓雅琴"), Person("volunteer-hair", "曹秀英")]
    with opened(postgresql_database) as community:
        for person in crowd:
            give(community.volunteers.certificates.store, 60, person=person.id)
        asked = [community.volunteers.certificates.ask(person, YEAR, NOW) for person in crowd]
    with ThreadPoolExecutor(len(crowd)) as pool:
        found = list(pool.map(partial(_issue, postgresql_database), [each.certificate.id for each in asked]))
    assert sorted(found) == ["ZY2026-0001", "ZY2026-0002", "ZY2026-0003"]


def _issue(database: Database, certificate_id: int) -> str:
    with opened(database) as community:
        return community.volunteers.certificates.issue(WORKER, certificate_id, NOW).certificate.number or ""


# --- what is certified --------------------------------------------------------------------------------------


def test_what_was_issued_stays_as_it_was(database: Database) -> None:
    with opened(database) as community:
        store = community.volunteers.certificates.store
        give(store, 60)
        first = issued(community)
        give(store, 90)
        assert by_id(store, first.id) == first
        assert [line["minutes"] for line in first.lines] == [60]
        again = community.volunteers.certificates.ask(VOLUNTEER, YEAR, NOW)
        assert isinstance(again, Asked)
        assert (again.is_new, again.certificate.minutes) == (True, 150)


def test_the_same_again_is_the_one_that_is_there(database: Database) -> None:
    with opened(database) as community:
        certificates = community.volunteers.certificates
        give(certificates.store, 60)
        first = certificates.ask(VOLUNTEER, YEAR, NOW)
        second = certificates.ask(VOLUNTEER, Period(date(2026, 11, 1), date(2026, 11, 30)), NOW)
        assert isinstance(first, Asked)
        assert isinstance(second, Asked)
        assert (second.certificate, second.is_new) == (first.certificate, False)
        certificates.issue(WORKER, first.certificate.id, NOW)
        third = certificates.ask(VOLUNTEER, YEAR, NOW)
        assert isinstance(third, Issued)
        assert third.certificate.number == "ZY2026-0001"


def test_hours_that_are_gone_before_it_is_confirmed_certify_nothing(database: Database) -> None:
    with opened(database) as community:
        certificates = community.volunteers.certificates
        give(certificates.store, 60)
        asked = certificates.ask(VOLUNTEER, YEAR, NOW)
        assert isinstance(asked, Asked)
        give(certificates.store, -60)
        with pytest.raises(Refused, match="no_hours_left"):
            certificates.issue(WORKER, asked.certificate.id, NOW)


def test_nobody_confirms_their_own(database: Database) -> None:
    with opened(database) as community:
        certificates = community.volunteers.certificates
        give(certificates.store, 60, person=WORKER.id)
        asked = certificates.ask(WORKER, YEAR, NOW)
        assert isinstance(asked, Asked)
        assert WORKER.id not in asked.tell
        with pytest.raises(Refused, match="not_oneself"):
            certificates.issue(WORKER, asked.certificate.id, NOW)
        with pytest.raises(Refused, match="no_such"):
            certificates.issue(VOLUNTEER, asked.certificate.id, NOW)


entries = st.lists(
    st.builds(
        Entry,
        id=st.integers(1, 50),
        person_id=st.just("p"),
        node_id=st.just("xingfu"),
        on_day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        minutes=st.integers(-300, 300),
        kind=st.just(""),
        what=st.sampled_from(["", "雷锋集市", "清洁日"]),
        team_id=st.none(),
        event_id=st.none() | st.integers(1, 5),
        sign_up_id=st.none(),
        reason=st.just(""),
        given_by=st.none(),
        at=st.just(NOW),
    )
)


@given(entries)
def test_the_lines_add_up_to_the_hours(found: list[Entry]) -> None:
    lines = lines_of(found)
    assert sum(line["minutes"] for line in lines) == sum(entry.minutes for entry in found)
    assert all(line["minutes"] for line in lines)


# --- on paper -----------------------------------------------------------------------------------------------


def certificate(name: str, lines: int) -> Certificate:
    rows = [{"day": f"2026-03-{1 + each % 28:02}", "what": f"集市{each}", "minutes": 60} for each in range(lines)]
    state, number = CertificateState.ISSUED, "ZY2026-0001"
    return Certificate(
        1, number, "p", "xingfu", name, YEAR.first, YEAR.last, 60 * lines, rows, state, NOW, NOW, WORKER.id
    )


def pdf_of(name: str, lines: int) -> bytes:
    return printing.render(printing.paper(certificate(name, lines), COMMUNITY))


def words_of(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return ["".join(page.get_textpage().get_text_bounded().split()) for page in document]


@pytest.mark.parametrize("name", ["王芳", "欧阳䶮喆", "买买提江·阿不都热合曼·吐尔逊", "<b>&王"])
def test_the_words_can_be_read_from_the_paper(name: str) -> None:
    (page,) = words_of(pdf_of(name, 3))
    for words in (
        name,
        "志愿服务证明",
        "ZY2026-0001",
        "2026年1月1日",
        "共计3小时",
        "幸福社区",
        "盖章处",
        "集市2",
        "核验",
    ):
        assert words in page


def test_sixty_lines_take_more_pages_and_the_last_has_room_for_the_seal() -> None:
    pages = words_of(pdf_of("王芳", 60))
    assert len(pages) > 1
    assert all(f"第{number}页" in page and f"共{len(pages)}页" in page for number, page in enumerate(pages, start=1))
    assert ["盖章处" in page for page in pages] == [False] * (len(pages) - 1) + [True]
    assert sum(page.count("集市") for page in pages) == 60


def test_one_certificate_after_another_has_all_its_characters() -> None:
    """The font in each has only the characters it needs: one's font must not be left over for the next."""
    pictures = [Image.open(io.BytesIO(printing.picture(pdf_of(name, 1)))) for name in ("王芳", "曹秀英", "王芳")]
    assert pictures[0].tobytes() == pictures[2].tobytes()
    assert pictures[0].tobytes() != pictures[1].tobytes()


def test_the_same_words_make_the_same_file() -> None:
    assert pdf_of("王芳", 3) == pdf_of("王芳", 3)


def test_the_picture_shows_every_page_below_the_other() -> None:
    pdf = pdf_of("王芳", 60)
    picture = Image.open(io.BytesIO(printing.picture(pdf)))
    width, height = (printing.DOTS * side for side in A4_POINTS)
    assert abs(picture.width - width) <= printing.DOTS
    assert abs(picture.height - height * len(words_of(pdf))) <= printing.DOTS * len(words_of(pdf))


def test_the_font_has_the_forms_of_simplified_chinese() -> None:
    from fontTools.ttLib import TTFont

    small = TTFont(io.BytesIO(fonts.true_type("王䶮𠮷")))
    assert small["name"].getDebugName(1) == "Noto Sans CJK SC"
    assert {ord(each) for each in "王䶮𠮷 "} == set(small.getBestCmap())


# --- sent ---------------------------------------------------------------------------------------------------


def test_a_certificate_is_drawn_where_the_channel_looks_for_it(database: Database, tmp_path: Path) -> None:
    photos = Photos(tmp_path)
    with opened(database) as community:
        give(community.volunteers.certificates.store, 60)
        number = issued(community).number
        reference = f"certificate{MARK}{number}"
        wanted = drawings.prepare(["0" * 64, reference, f"certificate{MARK}ZY2026-0009"], community)
    assert list(wanted) == [reference]
    drawings.draw(wanted, photos)
    assert photos.path(reference).read_bytes().startswith(b"\x89PNG")
    kept = drawings.kept_pdf(str(number), photos)
    assert kept is not None
    assert kept.read_bytes().startswith(b"%PDF")


def test_a_number_is_unique_in_the_database(database: Database) -> None:
    from storage import certificates

    with pytest.raises(IntegrityError), opened(database) as community:
        store = community.volunteers.certificates.store
        give(store, 60)
        first = issued(community)
        give(store, 60)
        second = issued(community)
        certificates.change(store, second.id, number=first.number)


async def test_the_picture_is_there_before_the_channel_sends_it(sqlite_database: Database, tmp_path: Path) -> None:
    with opened(sqlite_database) as community:
        give(community.volunteers.certificates.store, 60)
        number = issued(community).number
    sent: list[Path] = []

    class Door:
        name = "pipe"

        async def run(self, receive: Receive) -> None:
            """Nothing comes in."""

        async def send(self, outgoing: Outgoing) -> str | None:
            sent.extend(photo for photo in outgoing.photos if photo.is_file())
            return None

    desk = Desk(sqlite_database, Rules(), {"pipe": "pipe"}, ())
    with desk.transaction() as (_, community):
        reply = say("certificates.none_wait", to=VOLUNTEER.id, pictures=(f"certificate{MARK}{number}",))
        post(reply, community, NOW)
    delivery = Delivery(Door(), Ledger("pipe", "pipe", None), InlineDesk(desk), Photos(tmp_path), lambda: NOW)
    await delivery.send_what_is_due()
    assert [photo.name for photo in sent] == ["certificate-ZY2026-0001.png"]


def test_the_command_line_writes_the_pdf(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    settings = tmp_path / "config.yaml"
    settings.write_text(f"database: {url}\ndata: {tmp_path}\n", encoding="utf-8")
    database = open_database(url, KEYS, XINGFU, NOW)
    with opened(database) as community:
        give(community.volunteers.certificates.store, 60)
        issued(community)
    database.close()
    output = tmp_path / "paper.pdf"
    done = bot("certificate", "zy2026-0001", "--output", str(output), "--config", str(settings))
    assert done.returncode == 0, done.stderr
    assert "许大勇" in words_of(output.read_bytes())[0]
    unknown = bot("certificate", "ZY2026-0002", "--output", str(tmp_path / "none.pdf"), "--config", str(settings))
    assert unknown.returncode == 1
    assert "ZY2026-0002" in unknown.stderr
    assert not (tmp_path / "none.pdf").exists()


def test_while_the_program_runs_the_command_line_gives_the_kept_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    settings = tmp_path / "config.yaml"
    settings.write_text(f"database: {url}\ndata: {tmp_path}\n", encoding="utf-8")
    with closing(open_database(url, KEYS, XINGFU, NOW)):
        refused = bot("certificate", "ZY2026-0001", "--output", str(tmp_path / "a.pdf"), "--config", str(settings))
        assert refused.returncode == 1
        kept = Photos(tmp_path / "photos").path(f"certificate{MARK}ZY2026-0001").with_suffix(".pdf")
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"%PDF kept")
        done = bot("certificate", "ZY2026-0001", "--output", str(tmp_path / "a.pdf"), "--config", str(settings))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.pdf").read_bytes() == b"%PDF kept"


def test_a_program_that_draws_nothing_loads_nothing_to_draw_with() -> None:
    heavy = ("reportlab", "fontTools", "pypdfium2", "noto_cjk_sans_otc", "matplotlib")
    code = f"import sys, bot.__main__; print([each for each in {heavy} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
