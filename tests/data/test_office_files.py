"""Files as spreadsheet programs save them: the same arrays, or a sentence that names the remedy."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from openpyxl import Workbook, load_workbook

from mmm_bayes.data import load
from mmm_bayes.errors import InputError

NUMBERS = ["search_spend", "social_spend", "social_views", "price", "sales"]


def german(value):
    """A number as a German spreadsheet writes it: 1.298,55."""
    whole, _, decimals = f"{value:,.2f}".partition(".")
    return f"{whole.replace(',', '.')},{decimals}"


def write_lines(market, rows, separator, encoding="utf-8", before=""):
    text = before + "".join(separator.join(map(str, row)) + "\n" for row in rows)
    (market.folder / "weekly.csv").write_bytes(text.encode(encoding))
    return market.write_description({"file": "weekly.csv"} | market.description)


def rows_of(table, form=str):
    yield list(table.columns)
    for _, row in table.iterrows():
        yield [form(row[name]) if name in NUMBERS else row[name] for name in table.columns]


def refused(path, match):
    with pytest.raises(InputError, match=match) as error:
        load(path)
    return str(error.value)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_separators_and_encodings_of_spreadsheets(market, separator, encoding):
    expected = market.load().data
    path = write_lines(market, rows_of(market.table), separator, encoding)
    xr.testing.assert_identical(load(path).data, expected)


def test_a_line_for_spreadsheet_programs_is_no_row(market):
    expected = market.load().data
    path = write_lines(market, rows_of(market.table), "|", before="sep=|\n")
    xr.testing.assert_identical(load(path).data, expected)


def test_decimal_commas_and_points_for_thousands(market):
    market.table["search_spend"] *= 100
    expected = market.load().data
    market.description |= {"decimal": ",", "thousands": "."}
    path = write_lines(market, rows_of(market.table, german), ";")
    xr.testing.assert_allclose(load(path).data, expected, atol=0.005)


def test_decimal_commas_alone_are_refused_with_the_key_to_write(market):
    path = write_lines(market, rows_of(market.table, lambda x: str(x).replace(".", ",")), ";")
    message = refused(path, "column 'social_spend' holds|column 'sales' holds")
    assert "decimal commas, as in csv files that separate columns with semicolons" in message
    assert 'write decimal = "," in the description' in message


def test_decimal_commas_between_commas_are_a_row_too_wide(market):
    path = write_lines(market, rows_of(market.table, lambda x: str(x).replace(".", ",")), ",")
    refused(path, "row 2 has .* fields and the header has 6; .* such as a decimal comma")


def test_a_point_for_thousands_beside_plain_numbers(market):
    market.table["sales"] = 700 + 11 * np.arange(60)  # 700 to 1349
    expected = market.load().data["outcome"]
    market.table["sales"] = [f"{x:,d}".replace(",", ".") for x in market.table["sales"]]
    refused(market.write(), r"column 'sales' holds '1\.008' in rows 30, 31, .* thousands = '\.'")
    for name in set(NUMBERS) - {"sales"}:
        market.table[name] = market.table[name].map(german)
    market.description["thousands"] = "."
    xr.testing.assert_identical(market.load().data["outcome"], expected)


def test_a_stated_point_is_a_decimal_sign(market):
    market.table["price"] = ["1.298" if row % 2 else "3" for row in range(60)]
    market.description["decimal"] = "."
    assert market.load().data["controls"].values[:2, 0, 0].tolist() == [3.0, 1.298]


@pytest.mark.parametrize("cells", [["1.298", "1.3", "2"], ["0.298", "2"], ["1.298", "1200"]])
def test_a_point_that_can_only_be_decimal(market, cells):
    market.table["price"] = [cells[row % len(cells)] for row in range(60)]
    values = market.load().data["controls"].values[:, 0, 0]
    assert values.tolist() == [float(cells[row % len(cells)]) for row in range(60)]


@pytest.mark.parametrize(
    "cell, words",
    [
        ("1,234", 'decimal = "," or thousands = ","'),
        ("1.234,5", 'decimal = "," and thousands = "."'),
        ("1.234.567", 'decimal = "," and thousands = "."'),
        ("1,234,567", 'thousands = ","'),
        ("1 234.5", 'thousands = " "'),
        ("1\u202f234,5", 'decimal = "," and thousands = " "'),
        ("1'234", 'thousands = "\'"'),
        ("Black Friday", "names of events become one column for each"),
        ("12_000", "write plain numbers"),
        ("€ 5", "write plain numbers, without units"),
        ("#DIV/0!", "error of the spreadsheet"),
    ],
)
def test_the_remedy_fits_the_cell(market, cell, words):
    market.put(9, "sales", cell)
    assert words in refused(market.write(), "column 'sales' holds .* in row 9")


def test_numbers_against_the_description(market):
    market.description["decimal"] = ","
    for name in NUMBERS:
        market.table[name] = market.table[name].map(lambda x: str(x).replace(".", ","))
    market.put(9, "sales", "12.5")
    refused(market.write(), "'12.5' in row 9; the description says decimal = \",\"; correct that")
    market.put(9, "sales", "1.298")
    refused(market.write(), '\'1.298\' in row 9; .*write decimal = "," and thousands = "." there')


def test_one_sign_cannot_mean_two_things(market):
    market.description |= {"decimal": ",", "thousands": ","}
    refused(market.write(), "thousands is ',', which is also the decimal sign")


def workbook(market, sheets):
    """Write sheets of rows by name, and a description of the workbook."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([cell.item() if hasattr(cell, "item") else cell for cell in row])
    book.save(market.folder / "weekly.xlsx")
    return market.write_description({"file": "weekly.xlsx"} | market.description)


def typed_rows(table):
    return [list(table.columns), *table.itertuples(index=False, name=None)]


def test_a_cover_sheet(market):
    expected = market.load().data
    sheets = {"Cover": [["Media plan"], ["A. Nobody"]], "Numbers": typed_rows(market.table)}
    message = refused(workbook(market, sheets), "the first sheet, 'Cover', lacks some of the")
    assert "write sheet = 'Numbers' in the description" in message
    market.description["sheet"] = "Numbers"
    xr.testing.assert_identical(load(workbook(market, sheets)).data, expected)
    market.description["sheet"] = "Nombres"
    refused(workbook(market, sheets), "no sheet 'Nombres'; the sheets are 'Cover', 'Numbers'")
    refused(market.write(".csv"), "only xlsx files have sheets")


def test_a_workbook_without_the_table(market):
    sheets = {"Cover": [["Media plan"]], "Notes": [["by nobody"]]}
    refused(workbook(market, sheets), "the table is empty; .*its sheets are 'Cover', 'Notes'")


def test_cells_of_parquet_that_are_lists(market):
    market.table["price"] = [[1.0, 2.0]] * 60
    refused(market.write(".parquet"), "column 'price' holds .* in rows 2, 3")
    market.table = market.table.drop(columns="sales")
    refused(market.write(".parquet"), "column 'sales' not found")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_lines_of_title_above_the_header(market, suffix):
    expected = market.load().data
    rows = [["Media plan"] + [""] * 5, [None] * 6, *typed_rows(market.table)]

    def write():
        if suffix == ".xlsx":
            return workbook(market, {"Plan": rows})
        lines = [["" if cell is None else cell for cell in row] for row in rows]
        return write_lines(market, lines, ",")

    xr.testing.assert_identical(load(write()).data, expected)
    rows[7] = (*rows[7][:-1], "lost")
    refused(write(), "column 'sales' holds 'lost' in row 8; ")


def test_formulas_without_values(market):
    path = market.write(".xlsx")
    file = market.folder / "weekly.xlsx"
    book = load_workbook(file)
    for row in (5, 6):
        book.active.cell(row, list(market.table.columns).index("sales") + 1, f"=B{row}*3")
    book.save(file)
    refused(
        path,
        "column 'sales' holds the formula '=B5\\*3' without a value in rows 5, 6; .* "
        "open the workbook in a spreadsheet program and save it",
    )


def test_a_number_that_became_a_date(market):
    market.put(9, "price", pd.Timestamp("2024-01-05"))
    refused(market.write(".xlsx"), "column 'price' holds the date 2024-01-05 in row 9; write plain")


@pytest.mark.parametrize(
    "column, hint", [("search_spend", "0 where nothing was spent"), ("social_views", "0 where"),
                     ("sales", None), ("price", None)],
)  # fmt: skip
def test_only_media_may_be_nothing_where_a_value_is_missing(market, column, hint):
    market.put(5, column, None)
    message = refused(market.write(), f"column '{column}' has a missing value in row 5; fill it in")
    assert ("(0 where" in message) == (hint is not None)
    assert hint is None or hint in message
