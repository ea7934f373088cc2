"""From bytes to lines: what is a text file at all, and where it stops being one."""

from __future__ import annotations

from collections.abc import Iterator

from vcci_platform.carbon.model import IntakeError

__all__ = ["decode", "split_lines"]

_UTF8_BOM = b"\xef\xbb\xbf"
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
}
_OTHER_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_CHUNK_CHARACTERS = 1 << 22
"""How much is split in one go; between the goes other threads may run."""


def decode(data: bytes) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark, its lines ended by a line feed."""
    if not data.removeprefix(_UTF8_BOM).strip():
        raise IntakeError("empty", "The file is empty; expected a CSV file with a header and at least one row.")
    for magic, kind in _NOT_TEXT.items():
        if data.startswith(magic):
            raise IntakeError("not-csv", f"The file is {kind}, not CSV text; save it as “CSV UTF-8” and send that.")
    for mark, name in _OTHER_BOMS.items():
        if data.startswith(mark):
            raise IntakeError("not-utf8", f"The file is encoded in {name}; save it as “CSV UTF-8” and send that.")
    if (offset := data.find(b"\x00")) >= 0:
        raise IntakeError("not-csv", f"The file is not text: byte {offset} (counted from 0) is zero.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error) from None
    text = text.replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


def _not_utf8(data: bytes, error: UnicodeDecodeError) -> IntakeError:
    # UnicodeDecodeError counts from behind the byte order mark; a person counts from the start of the file
    offset = error.start + (len(_UTF8_BOM) if data.startswith(_UTF8_BOM) else 0)
    line = data.count(b"\n", 0, offset) + 1
    detail = (
        f"The file is not UTF-8: byte 0x{data[offset]:02x} at offset {offset} (counted from 0), in line {line},"
        " does not belong there; save the file as “CSV UTF-8” and send that."
    )
    return IntakeError("not-utf8", detail, [{"row": line, "offset": offset, "reason": error.reason}])


def split_lines(text: str) -> list[str]:
    """Return the lines of a text as an editor numbers them, without a last empty one."""
    lines: list[str] = []
    for chunk in _chunks(text):
        lines.extend(chunk.split("\n"))
    if lines and not lines[-1]:
        lines.pop()
    return lines


def _chunks(text: str) -> Iterator[str]:
    start = 0
    while (end := text.find("\n", start + _CHUNK_CHARACTERS)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]
