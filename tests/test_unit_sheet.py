"""A unit's list of its members: what is read, what is not kept, and what is refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.members_import import HEARING
from community.community_file import CommunityFileError
from community.members.outcomes import SheetMember
from community.unit_sheet import MOST_ROWS, load

HEADER = ("姓名", "特长", "空闲时间", "微信")


def written(folder: Path, *rows: Sequence[object]) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "名单"
    for row in rows:
        sheet.append(list(row))
    path = folder / "list.xlsx"
    book.save(path)
    return path


def faults(folder: Path, *rows: Sequence[object]) -> list[str]:
    with pytest.raises(CommunityFileError) as raised:
        load(written(folder, *rows), HEARING)
    return [str(problem) for problem in raised.value.problems]


def test_names_skills_and_free_times_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        ("县医院双报到名单",),
        ("序号", "姓名(必填)", "特长", "空闲时间"),
        (1, "张 伟", "理发、测血压", "周末"),
        (2, "阿依古丽·买买提", None, "看情况"),
        (None, None, None, None),
        (3, "欧阳修文", "会写毛笔字", "周三上午"),
    )
    assert load(path, HEARING).members == (
        SheetMember("张伟", "", ("理发", "测血压"), ("sat", "sun")),
        SheetMember("阿依古丽·买买提"),
        SheetMember("欧阳修文", "", ("写毛笔字",), ("wed-morning",)),
    )


def test_phones_are_not_kept_and_what_is_unclear_is_said(tmp_path: Path) -> None:
    sheet = load(written(tmp_path, ("姓名", "手机", "空闲时间"), ("张伟", 13812345678, "香蕉")), HEARING)
    assert sheet.members == (SheetMember("张伟"),)
    phones, unclear = sheet.notes
    assert "「手机」" in phones
    assert "138" not in "".join(sheet.notes)
    assert "第 2 行 C 列(空闲时间)" in unclear


def test_two_of_one_name_need_nicknames(tmp_path: Path) -> None:
    twice = load(written(tmp_path, HEADER, ("张伟", "", "", "伟哥"), ("张伟", "", "", "阿伟")), HEARING)
    assert [each.nickname for each in twice.members] == ["伟哥", "阿伟"]
    for first, second in (("", ""), ("伟哥", ""), ("", "伟哥"), ("伟哥", "伟哥")):
        (fault,) = faults(tmp_path, HEADER, ("张伟", "", "", first), ("李芳",), ("张伟", "", "", second))
        assert "第 4 行 A 列(姓名)" in fault
        assert "第 2 行" in fault


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("特长", "空闲时间"), ("理发", "周末")], ["没有「姓名」这一列"]),
        ([HEADER, (None, "理发")], ["第 2 行 A 列(姓名)", "没有写姓名"]),
        ([HEADER, ("13812345678",)], ["第 2 行 A 列(姓名)", "不像姓名"]),
        ([HEADER, ("<b>张伟</b>",)], ["第 2 行 A 列(姓名)"]),
        ([HEADER, ("张",)], ["不像姓名"]),
        ([HEADER, ("张" * 50,)], ["不像姓名"]),
        ([HEADER, ("张伟", "修" * 300)], ["第 2 行 B 列(特长)", "太长"]),
        ([("姓名", "姓名"), ("张伟", "张伟")], ["第 1 行 B 列", "写了两次"]),
        ([HEADER], ["名单是空的"]),
        ([()], ["名单是空的"]),
    ],
)
def test_mistakes_are_named_by_row_and_column(tmp_path: Path, rows: list[Sequence[object]], said: list[str]) -> None:
    found = "\n".join(faults(tmp_path, *rows))
    assert all(each in found for each in said), found


def test_what_is_no_workbook_is_said(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_text("姓名,特长", encoding="utf-8")
    with pytest.raises(CommunityFileError):
        load(path, HEARING)


def test_as_many_as_may_be_and_no_more(tmp_path: Path) -> None:
    signs = "甲乙丙丁戊己庚辛壬癸"
    names = ["王" + "".join(signs[int(digit)] for digit in f"{number:04}") for number in range(MOST_ROWS + 1)]
    sheet = load(written(tmp_path, HEADER, *((name, "理发、修家电", "周末") for name in names[:-1])), HEARING)
    assert len(sheet.members) == MOST_ROWS
    (fault,) = faults(tmp_path, HEADER, *((name,) for name in names))
    assert str(MOST_ROWS) in fault
