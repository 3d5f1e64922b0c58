"""Sheets of the workbooks that the program writes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

Cell = str | int | float | date | datetime | None
Row = Sequence[Cell]

DECIMALS = "0.0#"
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"


def add_sheet(book: Workbook, title: str, rows: Iterable[Row]) -> None:
    """A sheet with its headings first. Words stay words: a name that begins with = is no formula."""
    sheet = book.create_sheet(title)
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                cell.data_type = "s"
            else:
                cell.value = value
            if isinstance(value, datetime):
                cell.number_format = MOMENT
            elif isinstance(value, date):
                cell.number_format = DAY
            elif isinstance(value, float):
                cell.number_format = DECIMALS
    for column in range(1, sheet.max_column + 1):
        heading = sheet.cell(1, column)
        heading.font = Font(bold=True)
        heading.alignment = Alignment(wrap_text=True, vertical="top")
        widest = max((len(str(cell.value or "")) for cell in sheet[get_column_letter(column)][1:]), default=0)
        sheet.column_dimensions[get_column_letter(column)].width = min(max(10, 2 * widest), 36)
    sheet.freeze_panes = "A2"
