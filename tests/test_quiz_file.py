"""The bank of questions as a file: what it says, and every mistake with its line, or sheet, row and column."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from typer.testing import CliRunner

from bot.__main__ import cli
from community.community_file import CommunityFileError
from community.quiz_file import LETTERS, QuizEntry, load, parse
from community.quizzes.bank import Bank
from storage import quizzes
from storage.database import Database
from tests.conftest import LONG_AGO

XINGFU = Path(__file__).parents[1] / "examples" / "xingfu"
HEADER = ("主题", "题目", "A", "B", "C", "D", "答案")
GOOD = ("反诈", "反诈专线是哪个号码", "12306", "96110", "10086", "12315", "B")
ENTRY = QuizEntry("反诈", "反诈专线是哪个号码", ("12306", "96110", "10086", "12315"), 2)


def problems(text: str) -> list[str]:
    with pytest.raises(CommunityFileError) as found:
        parse(text)
    return [str(each) for each in found.value.problems]


def workbook(folder: Path, *rows: tuple[object, ...], title: str = "题库") -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    path = folder / "quiz.xlsx"
    book.save(path)
    return path


def sheet_problems(path: Path) -> list[str]:
    with pytest.raises(CommunityFileError) as found:
        load(path)
    return [str(each) for each in found.value.problems]


# --- YAML ---------------------------------------------------------------------------------------------------------


def test_the_demo_bank_is_sound() -> None:
    entries = load(XINGFU / "quiz.yaml")
    assert len(entries) == 12
    assert {each.topic for each in entries} == {"反诈", "安全", "垃圾分类", "法律"}
    assert {each.answer for each in entries} == {1, 2, 3, 4}, "the right one is not always in the same place"


@pytest.mark.parametrize("answer", ["B", "b", "Ｂ", "B.", "选B", "96110"])
def test_an_answer_is_a_letter_or_the_words_of_an_option(answer: str) -> None:
    text = f"- {{question: 反诈专线, options: ['12306', '96110'], answer: '{answer}'}}"
    assert parse(text) == (QuizEntry("", "反诈专线", ("12306", "96110"), 2),)


def test_options_are_taken_as_they_are_written() -> None:
    (entry,) = parse("- {question: 可以吗, options: [是, no, 007, 1.50, 2026-12-01], answer: A}")
    assert entry.options == ("是", "no", "007", "1.50", "2026-12-01")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("{question: 题, options: [甲, 乙]}", "缺少答案"),
        ("{question: 题, options: [甲, 乙], answer: C}", "答案「C」不在选项里,请写字母 A–B"),
        ("{question: 题, options: [甲, 乙], answer: 2}", "答案「2」不在选项里"),
        ("{question: 题, options: [甲, 乙], answer: AB}", "答案只能有一个"),
        ("{question: 题, options: [甲, 乙], answer: [A, B]}", "这里要写文字"),
        ("{question: 题, options: [甲], answer: A}", "至少要有 2 个选项"),
        ("{question: 题, answer: A}", "至少要有 2 个选项"),
        ("{question: 题, options: 甲, answer: A}", "应是一列条目"),
        ("{question: 题, options: [a, b, c, d, e, f, g], answer: A}", "最多 6 个选项"),
        ("{question: 题, options: [甲, 乙, 甲], answer: B}", "选项「甲」写了两次"),
        ("{question: 题, options: [甲, '', 乙], answer: A}", "选项中间空了一格"),
        ("{options: [甲, 乙], answer: A}", "缺少题目"),
        ("{question: '', options: [甲, 乙], answer: A}", "缺少题目"),
        ("{question: 题, options: [甲, 乙], answer: A, hint: 甲}", "没有「hint」这一项"),
        ("{question: 题, options: [甲, {乙: 丙}], answer: A}", "这里要写文字"),
        ("反诈专线", "应是「名称: 值」"),
        ("{question: " + "长" * 10_000 + ", options: [甲, 乙], answer: A}", "太长,最多 200 个字"),
        ("{question: 题, options: [" + "长" * 10_000 + ", 乙], answer: B}", "太长,最多 60 个字"),
        ("{topic: " + "长" * 21 + ", question: 题, options: [甲, 乙], answer: B}", "太长,最多 20 个字"),
        ('{question: "题\\u0007", options: [甲, 乙], answer: A}', "看不见的控制字符"),
    ],
)
def test_a_mistake_is_named_with_its_line(line: str, wrong: str) -> None:
    found = problems(f"# 题库\n- {{question: 好题, options: [甲, 乙], answer: A}}\n- {line}\n")
    assert len(found) == 1, found
    assert found[0].startswith("第 3 行 (line 3) 第 2 题")
    assert wrong in found[0]


def test_every_mistake_is_named_at_once() -> None:
    found = problems("- {question: 题, options: [甲, 乙]}\n- {options: [甲], answer: D}\n")
    assert [each.partition(":")[2] for each in found] == [
        "缺少答案 / the answer is missing",
        "缺少题目 / a question is missing",
        "至少要有 2 个选项 / fewer than 2 options",
    ]


def test_a_question_that_differs_in_marks_only_is_the_same() -> None:
    first = "{question: 火警是几号。, options: [甲, 乙], answer: A}"
    second = "{question: 火警 是几号, options: [丙, 丁], answer: A}"
    text = f"- {first}\n- {second}"
    assert problems(text) == [
        "第 2 行 (line 2) 第 2 题 · question:这道题写了两次,上一次在第 1 行 / the same question twice"
    ]


@pytest.mark.parametrize("text", ["", "# 只有说明\n", "---\n", "\n\n  \n", "[]"])
def test_a_file_without_questions(text: str) -> None:
    assert "没有题目" in problems(text)[0]


@pytest.mark.parametrize("text", ["question: 题", "题", "- {question: 题", "{a: 1"])
def test_what_is_no_list(text: str) -> None:
    assert problems(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        entries = parse(text)
    except CommunityFileError as error:
        assert error.problems
    else:
        assert all(1 <= each.answer <= len(each.options) <= len(LETTERS) for each in entries)


# --- a workbook ---------------------------------------------------------------------------------------------------


def test_a_workbook_says_the_same(tmp_path: Path) -> None:
    numbers = ("反诈", "反诈专线是哪个号码", 12306, 96110, 10086.0, "12315", "b")
    assert load(workbook(tmp_path, HEADER, numbers, (None,) * 7)) == (ENTRY,)


def test_columns_may_stand_in_any_order_and_have_their_keys_for_names(tmp_path: Path) -> None:
    assert load(workbook(tmp_path, ("answer", "选项B", "a", "question"), ("A", "乙", "甲", "题"))) == (
        QuizEntry("", "题", ("甲", "乙"), 1),
    )


def test_a_missing_column_is_named_and_nothing_is_taken(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER[:-1], GOOD[:-1])
    assert sheet_problems(path) == ["工作表「题库」第 1 行:缺少「答案」这一列 / missing column: answer"]


def test_row_and_column_are_named(tmp_path: Path) -> None:
    bad = [
        ("反诈", "没有答案", "甲", "乙", None, None, None),
        ("反诈", "答案在外面", "甲", "乙", None, None, "D"),
        ("反诈", "中间空了", "甲", None, "丙", None, "A"),
        ("反诈", GOOD[1], "甲", "乙", None, None, "A"),
        ("反诈", True, "甲", "乙", None, None, "A"),
    ]
    found = sheet_problems(workbook(tmp_path, HEADER, GOOD, *bad))
    assert [each.partition(" / ")[0] for each in found] == [
        "工作表「题库」第 7 行 B 列(题目):这里要写文字",
        "工作表「题库」第 3 行:缺少答案",
        "工作表「题库」第 4 行 G 列(答案):答案「D」不在选项里,请写字母 A–B",
        "工作表「题库」第 5 行 C 列(A):选项中间空了一格",
        "工作表「题库」第 6 行 B 列(题目):这道题写了两次,上一次在工作表「题库」第 2 行 B 列(题目)",
    ]


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        (("主题", "题目", "A", "B", "备注", "答案"), "工作表「题库」第 1 行 E 列:没有「备注」这一项"),
        (("题目", "A", "B", "B", "答案"), "工作表「题库」第 1 行 D 列:「B」写了两次"),
        (("甲", "乙"), "工作表「题库」第 1 行:第 1 行应是表头"),
    ],
)
def test_a_wrong_header(tmp_path: Path, header: tuple[str, ...], wrong: str) -> None:
    assert any(each.startswith(wrong) for each in sheet_problems(workbook(tmp_path, header, ("x",) * len(header))))


def test_a_sheet_for_people_and_an_empty_one_are_not_read(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].title = "说明"
    book.worksheets[0].append(["每行一道题"])
    book.create_sheet("空的")
    sheet = book.create_sheet("反诈")
    sheet.append(list(HEADER))
    sheet.append(list(GOOD))
    book.save(tmp_path / "quiz.xlsx")
    assert load(tmp_path / "quiz.xlsx") == (ENTRY,)


def test_what_is_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "quiz.xlsx").write_bytes(b"PK\x03\x04 nothing")
    assert "不是 .xlsx 表格" in sheet_problems(tmp_path / "quiz.xlsx")[0]
    assert "找不到文件" in sheet_problems(tmp_path / "none.xlsx")[0]


# --- into the database --------------------------------------------------------------------------------------------


def test_the_file_is_the_bank_and_may_be_imported_again(database: Database) -> None:
    first = [ENTRY, QuizEntry("", "题二", ("甲", "乙"), 1), QuizEntry("", "题三", ("甲", "乙"), 1)]
    with database.begin() as store:
        changes = Bank(store).take_over("xingfu", first, LONG_AGO)
        assert (changes.added, changes.changed, changes.ended, changes.same) == (3, 0, 0, 0)
        again = Bank(store).take_over("xingfu", first, LONG_AGO)
        assert (again.added, again.changed, again.ended, again.same) == (0, 0, 0, 3)
        second = [ENTRY, QuizEntry("", "题二", ("甲", "乙"), 2)]
        changes = Bank(store).take_over("xingfu", second, LONG_AGO)
        assert (changes.added, changes.changed, changes.ended, changes.same) == (0, 1, 1, 1)
        assert [(each.words, each.answer) for each in quizzes.bank_of(store, ["xingfu"])] == [
            (ENTRY.words, 2),
            ("题二", 2),
        ]
        changes = Bank(store).take_over("xingfu", first, LONG_AGO)
        assert (changes.added, changes.changed, changes.ended, changes.same) == (1, 1, 0, 1)
        assert len(quizzes.bank_of(store, ["xingfu"])) == 3


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    community = XINGFU / "community.yaml"
    path.write_text(f"database: sqlite:///{tmp_path}/x.db\ndata: {tmp_path}\ncommunity: {community}\n", "utf-8")
    return path


def test_the_command_says_what_changed(config: Path) -> None:
    def said(*more: str) -> str:
        result = CliRunner().invoke(cli, ["quiz-import", str(XINGFU / "quiz.yaml"), "--config", str(config), *more])
        assert result.exit_code == 0, result.output
        return result.output

    assert "幸福社区的题库:新增 12 题" in said()
    assert "没变 12 题" in said("--community", "幸福社区")


def test_the_command_imports_nothing_of_a_file_with_a_mistake(config: Path, tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER, GOOD, ("反诈", "没有答案", "甲", "乙", None, None, None))
    result = CliRunner().invoke(cli, ["quiz-import", str(path), "--config", str(config)])
    assert result.exit_code == 1
    assert "第 3 行" in result.output
    assert not (tmp_path / "x.db").exists()


def test_the_command_wants_a_community_that_there_is(config: Path) -> None:
    arguments = ["quiz-import", str(XINGFU / "quiz.yaml"), "--config", str(config), "--community", "远方"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert "--community" in result.output
