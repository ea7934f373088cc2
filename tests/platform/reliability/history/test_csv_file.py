"""A history in a CSV file: any order of columns and rows, any common way to write a time; what is wrong is named."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from vcci_platform.reliability.history import HistoryUnreadable, read_csv


def written(tmp_path, *lines: str, name: str = "shop.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_interval_begins_where_the_one_before_ended(tmp_path):
    path = written(
        tmp_path,
        "time,bad,total",
        "2026-03-02T00:01:00Z,1,11",
        "2026-03-02T00:02:00Z,2,12",
        "2026-03-02T00:03:00Z,3,13",
    )

    history = read_csv(path).history

    assert (history.bad.tolist(), history.total.tolist()) == ([1, 2, 3], [11, 12, 13])
    assert history.first == datetime(2026, 3, 2, tzinfo=UTC)
    assert history.observed == timedelta(minutes=3)


@pytest.mark.parametrize(
    "lines",
    [
        ("total;good;time", "11;10;1772409660", "12;10;1772409720", "13;10;1772409780"),
        ("Time\ttotal\tpod\tbad", "1772409780000\t13\ta\t3", "1772409660000\t11\ta\t1", "1772409720000\t12\tb\t2"),
        (
            "# exported",
            "",
            "time,bad,total",
            "2026-03-02 01:01+01:00,1,11",
            "2026-03-02 00:02,2,12",
            "1772409780.0,3,13",
        ),
    ],
)
def test_columns_rows_delimiters_and_times_come_as_they_like(tmp_path, lines):
    history = read_csv(written(tmp_path, *lines)).history

    assert (history.bad.tolist(), history.total.tolist()) == ([1, 2, 3], [11, 12, 13])
    assert history.last == datetime(2026, 3, 2, 0, 3, tzinfo=UTC)


def test_after_a_gap_only_the_last_interval_is_known(tmp_path):
    path = written(tmp_path, "time,bad,total", *(f"{60 * minute},0,10" for minute in (1, 2, 3, 30, 31)))

    history = read_csv(path).history

    assert history.observed == timedelta(minutes=5)
    assert history.total.sum() == 50


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("180,4", "as many cells"),
        ("yesterday,1,11", "a time in ISO 8601"),
        ("-5,1,11", "a time in ISO 8601"),
        ("180,x,11", "counts that are numbers"),
        ("180,12,11", "counts from 0 up to total"),
        ("180,-1,11", "counts from 0 up to total"),
        ("180,nan,11", "counts from 0 up to total"),
        ("180,1,inf", "counts from 0 up to total"),
        ("180,1,1e300", "counts from 0 up to total"),
        ("120,1,11", "one row for each moment"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_leaves_its_interval_unknown(tmp_path, row, reason):
    path = written(tmp_path, "time,bad,total", "60,1,11", "120,1,11", row, "240,1,11", "300,1,11")

    found = read_csv(path)

    assert found.skipped == 1
    assert found.bad_lines[0].number == 4
    assert reason in found.bad_lines[0].reason
    assert len(found.history) == 4


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("when,bad,total", "60,1,11"), "columns time, total and either bad or good"),
        (("time,bad,good,total", "60,1,1,11"), "columns time, total and either bad or good"),
        (("time,bad,total",), "at least two rows .* found 0"),
        (("time,bad,total", "x,1,2", "60,1,11"), "found 1; expected a time"),
        ((), "found nothing"),
    ],
)
def test_a_file_without_a_history_is_refused(tmp_path, lines, sentence):
    with pytest.raises(HistoryUnreadable, match=sentence):
        read_csv(written(tmp_path, *lines))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(HistoryUnreadable, match="found No such file"):
        read_csv(tmp_path / "none.csv")


def test_a_compressed_file_is_read_and_a_broken_one_is_refused(tmp_path):
    text = "time,bad,total\n" + "".join(f"{60 * minute},0,10\n" for minute in range(1, 500))
    whole = tmp_path / "shop.csv.gz"
    whole.write_bytes(gzip.compress(text.encode()))
    broken = tmp_path / "half.csv.gz"
    broken.write_bytes(gzip.compress(text.encode())[:-200])

    assert len(read_csv(whole).history) == 499
    with pytest.raises(HistoryUnreadable, match="a whole gzip file"):
        read_csv(broken)


def test_a_line_without_an_end_needs_no_memory(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_bytes(b"time,bad,total\n60,1,11\n" + b"9" * 300_000 + b"\n120,1,11\n")

    found = read_csv(path)

    assert [line.number for line in found.bad_lines] == [3]
    assert len(found.bad_lines[0].reason) < 200
    assert found.history.total.tolist() == [11, 11]
