"""Files that were kept are never changed, in a folder as in memory."""

from __future__ import annotations

import pytest

from vcci_platform.carbon.files import FileGoneError, open_files
from vcci_platform.errors import PlatformError


@pytest.fixture(params=["folder", "home", "memory"])
def files(request, tmp_path):
    url = {"folder": str(tmp_path / "kept"), "home": "", "memory": "memory://"}[request.param]
    return open_files(url, tmp_path / "home")


def test_what_was_put_comes_back(files):
    files.put("uploads/upl_11/raw", b"\x00\xff content")

    assert files.get("uploads/upl_11/raw") == b"\x00\xff content"


def test_a_file_is_never_overwritten(files):
    files.put("uploads/upl_11/raw", b"first")

    with pytest.raises(PlatformError, match="never changed"):
        files.put("uploads/upl_11/raw", b"second")

    assert files.get("uploads/upl_11/raw") == b"first"


def test_a_file_that_is_gone_is_named(files):
    with pytest.raises(FileGoneError, match="'uploads/upl_12/raw' is not in the store"):
        files.get("uploads/upl_12/raw")


def test_the_embedded_store_lies_under_the_home_folder(tmp_path):
    open_files("", tmp_path).put("uploads/upl_11/raw", b"x")

    assert (tmp_path / "files/uploads/upl_11/raw").read_bytes() == b"x"
