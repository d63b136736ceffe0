"""Files that prove something: only what is what its name says."""

import pytest

from funnel.papers import LARGEST, check_paper
from tenants.errors import Refused

PDF = b"%PDF-1.7 rest"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("Quote 報價.PDF", PDF, "application/pdf"),
        ("photo.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("photo.webp", b"RIFF0000WEBP", "image/webp"),
        ("photo.heic", b"0000ftypheic", "image/heic"),
        ("plan.docx", b"PK\x03\x04...", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("mail.eml", b"From: cfo", "message/rfc822"),
        ("a\nb.txt", "預算已核准".encode(), "text/plain"),
    ],
)
def test_a_file_of_its_kind(name: str, content: bytes, kind: str) -> None:
    paper = check_paper(name, content)
    assert (paper.content_type, paper.content) == (kind, content)
    assert paper.name.isprintable()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("quote.pdf", b"", "file_empty"),
        ("quote.pdf", PDF + b"x" * LARGEST, "file_too_large"),
        ("quote.html", b"<script>", "file_kind"),
        ("quote", PDF, "file_kind"),
        ("quote.svg", b"<svg>", "file_kind"),
        ("quote.pdf", b"<html>", "file_not_its_kind"),
        ("quote.pdf", b"x%PDF-", "file_not_its_kind"),
        ("photo.webp", b"RIFF0000AVI ", "file_not_its_kind"),
        ("note.txt", b"a\x00b", "file_not_its_kind"),
    ],
)
def test_a_file_that_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Refused, match=code):
        check_paper(name, content)


def test_a_long_name_keeps_its_end() -> None:
    assert check_paper("x" * 300 + ".pdf", PDF).name.endswith("x.pdf")
