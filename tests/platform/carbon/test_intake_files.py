"""Files: what is a CSV file of purchases, how its records are numbered, and what it is told when it is none."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.carbon.intake import read_purchases
from vcci_platform.carbon.intake.header import FIELDS, MAX_COLUMNS, find_header
from vcci_platform.carbon.intake.records import MAX_RECORD_LINES, split_records
from vcci_platform.carbon.intake.text import split_lines
from vcci_platform.carbon.model import IntakeError

TODAY = date(2026, 11, 23)
HEADER = "date,supplier,description,naics,amount,currency"
GOOD = "2024-03-31,Acme,bolts,332722,12.50,EUR"


def read(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return read_purchases(data, today=TODAY, **options)


def refusal(text):
    with pytest.raises(IntakeError) as error:
        read(text)
    return error.value


def gaps_of(intake):
    return [(gap["row"], gap["reason"]) for gap in intake.gaps.to_dicts()]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n"])
def test_an_empty_file_is_refused(text):
    assert refusal(text).code == "empty"


def test_a_header_alone_is_refused():
    assert (refusal(f"{HEADER}\n,,,,,\n").code, refusal(HEADER).detail) == (
        "no-rows",
        "The file has a header in line 1 and not one row behind it.",
    )


def test_a_workbook_is_named_as_one():
    error = refusal(b"PK\x03\x04" + bytes(100))
    assert error.code == "not-csv"
    assert "Excel workbook" in error.detail


def test_a_zero_byte_is_named_with_its_place():
    assert "byte 50 (counted from 0) is zero" in refusal(HEADER.encode() + b"\nab\x00").detail


def test_a_byte_of_another_encoding_is_named_with_its_place():
    """The umlaut of cp1252 is the second byte of line 3; header and line 2 take 48 and 39 bytes."""
    error = refusal(f"{HEADER}\n{GOOD}\nMöller".encode("cp1252"))
    assert error.code == "not-utf8"
    assert "byte 0xf6 at offset 88 (counted from 0), in line 3" in error.detail
    assert error.errors == ({"row": 3, "offset": 88, "reason": "invalid start byte"},)


def test_the_place_of_a_bad_byte_counts_the_byte_order_mark():
    assert refusal(b"\xef\xbb\xbfab\n\xff").errors[0]["offset"] == 6


def test_utf_16_is_recognised_by_its_mark():
    error = refusal(f"{HEADER}\n{GOOD}".encode("utf-16"))
    assert (error.code, "UTF-16" in error.detail) == ("not-utf8", True)


def test_text_that_is_no_table_is_refused():
    error = refusal("Dear Sir or Madam\nplease find attached")
    assert error.code == "not-csv"
    assert "found “Dear Sir or Madam”" in error.detail


def test_missing_columns_are_named_all_at_once_with_the_nearest_name():
    error = refusal("date,suplier,description,naics code 2022,amount,curency\n" + GOOD)
    assert error.code == "missing-columns"
    assert [one["field"] for one in error.errors] == ["supplier", "naics", "currency"]
    assert "the nearest name is “suplier”" in error.errors[0]["reason"]
    assert "the nearest name is “curency”" in error.errors[2]["reason"]


def test_a_file_without_header_is_told_what_was_taken_for_one():
    error = refusal(f"{GOOD}\n{GOOD}")
    assert error.code == "missing-columns"
    assert "found “2024-03-31”, “Acme”" in error.detail


def test_two_columns_of_one_meaning_are_refused():
    error = refusal(f"{HEADER},vendor\n{GOOD},Other")
    assert error.code == "ambiguous-columns"
    assert "the columns “supplier”, “vendor” all mean supplier" in error.detail


def test_more_columns_than_any_ledger_has_are_refused():
    error = refusal(",".join([HEADER, *(f"c{number}" for number in range(MAX_COLUMNS))]))
    assert error.code == "too-many-columns"
    assert str(MAX_COLUMNS + 6) in error.detail


@pytest.mark.parametrize(
    "header",
    [
        "DATE;SUPPLIER;DESCRIPTION;NAICS;AMOUNT;CURRENCY",
        "Posting_Date;Vendor Name; Text ;NAICS-Code;Net  amount:;CCY",
        "Buchungsdatum;Lieferant;Buchungstext;2017 NAICS Code;Betrag;Währung",
        '"Date";"Supplier";"Line description";"NAICS 2017";"Spend";"Currency code"',
    ],
)
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_columns_are_known_by_the_names_of_ledgers(header, delimiter):
    intake = read((header + "\n" + GOOD.replace(",", ";")).replace(";", delimiter))
    assert intake.rows.select("supplier", "naics", "amount").rows() == [("Acme", "332722", 12.5)]


def test_columns_may_come_in_any_order_and_others_are_ignored_and_named():
    intake = read("Cost centre,currency,amount,naics,description,supplier,date,\n7,EUR,12.50,332722,,Acme,2024-03-31,x")
    assert intake.ignored_columns == ("Cost centre",)
    assert intake.rows["supplier"].to_list() == ["Acme"]


def test_the_separator_line_of_excel_is_understood():
    intake = read(f"sep=;\n{HEADER}\n{GOOD}".replace(",", ";"))
    assert intake.rows["row"].to_list() == [3]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_do_not_matter(end, mark):
    intake = read(mark + end.join([HEADER, GOOD, "", GOOD]).encode())
    assert intake.rows["row"].to_list() == [2, 4]
    assert intake.blank == 1


def test_a_record_is_numbered_by_the_line_on_which_it_begins():
    """Line 2 continues on 3 and 4, line 5 is blank, line 6 is a record, 7 is spaces and separators, 8 a record."""
    intake = read(f'{HEADER}\n2024-03-31,Acme,"a\n\nb",332722,12.50,EUR\n\n{GOOD}\n , ,,\t,,\n{GOOD}\n')
    assert intake.rows["row"].to_list() == [2, 6, 8]
    assert intake.rows["description"].to_list() == ["a b", "bolts", "bolts"]
    assert (intake.total, intake.blank) == (3, 2)


def test_quotation_marks_inside_a_field_stay():
    intake = read(f'{HEADER}\n2024-03-31,Acme,5" pipe,332722,1,EUR\n2024-03-31,Acme,"5"" pipe, 2 m",332722,1,EUR')
    assert intake.rows["description"].to_list() == ['5" pipe', '5" pipe, 2 m']


def test_a_stray_quotation_mark_costs_one_row_and_not_the_ledger():
    intake = read(f'{HEADER}\n{GOOD}\n2024-03-31,Acme,"bolts,332722,1,EUR\n' + f"{GOOD}\n" * 500)
    assert gaps_of(intake) == [(3, "row_malformed")]
    assert intake.rows.height == 501


def test_a_stray_quotation_mark_before_quoted_rows_costs_one_row():
    quoted = '2024-03-31,Acme,"bolts, nuts",332722,1,EUR'
    intake = read(f'{HEADER}\n2024-03-31,"Acme,bolts,332722,1,EUR\n{quoted}\n{quoted}')
    assert gaps_of(intake) == [(2, "row_malformed")]
    assert intake.rows["row"].to_list() == [3, 4]


def test_a_quoted_field_may_span_many_lines_but_not_endlessly():
    def with_lines(count):
        return read(f'{HEADER}\n2024-03-31,Acme,"' + "x\n" * (count - 1) + '",332722,1,EUR')

    assert with_lines(MAX_RECORD_LINES).rows.height == 1
    assert gaps_of(with_lines(MAX_RECORD_LINES + 1))[0] == (2, "row_malformed")


def test_a_row_with_another_number_of_fields_is_a_gap_that_says_both():
    intake = read(f"{HEADER}\n2024-03-31,Acme,bolts,332722,1.234,56,EUR\n2024-03-31,Acme,bolts\n{GOOD}")
    assert gaps_of(intake) == [(2, "row_malformed"), (3, "row_malformed")]
    assert intake.gaps["detail"].to_list() == [
        "The row has 7 fields where the header has 6.",
        "The row has 3 fields where the header has 6.",
    ]
    assert intake.gaps["value"][1] == "2024-03-31,Acme,bolts"


def test_empty_fields_behind_the_last_column_are_no_fields():
    intake = read(f'{HEADER}\n{GOOD},,,\n2024-03-31,"Acme",bolts,332722,1,EUR,, \n')
    assert (intake.rows.height, intake.rejected) == (2, 0)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=8)
tables = st.lists(st.lists(cells, min_size=6, max_size=6).filter(lambda row: any(map(str.strip, row))), max_size=8)


@given(tables, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(",;"))
def test_records_are_what_the_standard_library_wrote(rows, quoting, delimiter):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerow(FIELDS)
    starts = []
    for row in rows:
        starts.append(file.getvalue().count("\n") + 1)
        writer.writerow(row)
    lines = split_lines(file.getvalue())

    records = split_records(lines, find_header(lines))

    assert records.rows.rows() == [(start, *row) for start, row in zip(starts, rows, strict=True)]
    assert records.malformed.is_empty()


@given(st.lists(st.text('ab", \n', max_size=30), max_size=12))
def test_no_line_is_lost_whatever_the_marks(lines):
    """Each line is a record, part of one, malformed or blank; the pieces add up and nothing raises."""
    body = "\n".join(lines)
    all_lines = [HEADER, *body.split("\n")]

    records = split_records(all_lines, find_header(all_lines))

    numbers = [*records.rows["row"], *records.malformed["row"]]
    assert len(numbers) == len(set(numbers))
    within = sum(value.count("\n") for row in records.rows.rows() for value in row[1:])
    assert len(numbers) + records.blank + within >= len(all_lines) - 1
