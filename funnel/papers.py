"""Files that prove something: which kinds, how large, and whether they are what their name says. No Django here."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from tenants.errors import Refused

LARGEST = 10 * 1024 * 1024
_ZIP, _OLE = (b"PK\x03\x04",), (b"\xd0\xcf\x11\xe0",)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_KINDS: dict[str, tuple[str, tuple[bytes, ...], int]] = {
    ".pdf": ("application/pdf", (b"%PDF-",), 0),
    ".png": ("image/png", (b"\x89PNG\r\n\x1a\n",), 0),
    ".jpg": ("image/jpeg", (b"\xff\xd8\xff",), 0),
    ".jpeg": ("image/jpeg", (b"\xff\xd8\xff",), 0),
    ".webp": ("image/webp", (b"WEBP",), 8),
    ".heic": ("image/heic", (b"ftyp",), 4),
    ".docx": (f"{_OFFICE}.wordprocessingml.document", _ZIP, 0),
    ".xlsx": (f"{_OFFICE}.spreadsheetml.sheet", _ZIP, 0),
    ".pptx": (f"{_OFFICE}.presentationml.presentation", _ZIP, 0),
    ".doc": ("application/msword", _OLE, 0),
    ".xls": ("application/vnd.ms-excel", _OLE, 0),
    ".ppt": ("application/vnd.ms-powerpoint", _OLE, 0),
    ".msg": ("application/vnd.ms-outlook", _OLE, 0),
    ".eml": ("message/rfc822", (), 0),
    ".txt": ("text/plain", (), 0),
}
ACCEPTED = ",".join(_KINDS)
"""What a file field accepts."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A file that was checked and is not stored yet."""

    name: str
    content: bytes
    content_type: str


def check_paper(name: str, content: bytes) -> Paper:
    """Return a file by its kind; its first bytes must be what the end of its name says.

    :raises Refused: `file_empty`, `file_too_large`, `file_kind` (not among `ACCEPTED`), `file_not_its_kind`.
    """
    name = "".join(letter for letter in name if letter.isprintable()).strip()[-200:]
    found = _KINDS.get(PurePosixPath(name).suffix.lower())
    if not content:
        raise Refused("file_empty")
    if len(content) > LARGEST:
        raise Refused("file_too_large", megabytes=LARGEST // (1024 * 1024))
    if found is None:
        raise Refused("file_kind")
    content_type, marks, at = found
    as_it_should = any(content[at : at + len(mark)] == mark for mark in marks) if marks else b"\x00" not in content
    if not as_it_should:
        raise Refused("file_not_its_kind")
    return Paper(name, content, content_type)
