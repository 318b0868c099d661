"""What Chromium prints: the words on each page of a PDF."""

import io
import unicodedata

from pypdf import PdfReader


class Pdf:
    """A printed document."""

    def __init__(self, data: bytes) -> None:
        self._pages = PdfReader(io.BytesIO(data)).pages

    @property
    def pages(self) -> list[str]:
        """The text of each page, without spaces, as those are a matter of positions, and without ligatures."""
        return [unicodedata.normalize("NFKC", "".join(page.extract_text().split())) for page in self._pages]

    @property
    def sizes(self) -> list[tuple[float, float]]:
        """Width and height of each page, in points."""
        return [(float(page.mediabox.width), float(page.mediabox.height)) for page in self._pages]
