"""Where uploads are kept: a folder, or a bucket of any S3-compatible service. What is written is never changed."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, MemoryStore, S3Store

from vcci_platform.errors import PlatformError

__all__ = ["BucketFiles", "FileGoneError", "Files", "open_files"]


class FileGoneError(PlatformError):
    """A file that the database speaks of is not in the store."""


class Files(Protocol):
    """Files under keys such as `uploads/<id>/raw`."""

    def put(self, key: str, content: bytes) -> None:
        """Keep the content under a new key; under a key that is taken, nothing is changed and an error raised."""
        ...

    def get(self, key: str) -> bytes:
        """Return what is kept under the key."""
        ...


class BucketFiles:
    """The port over obstore: the store itself refuses to overwrite."""

    def __init__(self, store: LocalStore | MemoryStore | S3Store) -> None:
        self._store = store

    def put(self, key: str, content: bytes) -> None:
        try:
            # One request and not a multipart upload, which could not be refused when the key is taken.
            self._store.put(key, content, mode="create", use_multipart=False)
        except AlreadyExistsError as error:
            raise PlatformError(f"there is already a file {key!r}, and files are never changed") from error

    def get(self, key: str) -> bytes:
        try:
            return bytes(self._store.get(key).bytes())
        except FileNotFoundError as error:
            raise FileGoneError(f"the file {key!r} is not in the store; see FILES_URL") from error


def open_files(url: str, home: Path) -> BucketFiles:
    """Return the store at `url`: `s3://bucket/prefix`, `memory://`, a folder, or, when empty, `files` under home.

    Credentials, region and endpoint of S3 come from the standard AWS_* variables.
    """
    if url.startswith("s3://"):
        return BucketFiles(S3Store.from_url(url))
    if url == "memory://":
        return BucketFiles(MemoryStore())
    folder = Path(url.removeprefix("file://")) if url else home / "files"
    folder.mkdir(parents=True, exist_ok=True)
    return BucketFiles(LocalStore(folder.resolve(), automatic_cleanup=False))
