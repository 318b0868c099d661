"""Reads what Chromium prints: the words on each page of a PDF. No more of the format than Chromium writes."""

import re
import unicodedata
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
MAPPED = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>")
RANGE = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})>")
SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|<([0-9A-Fa-f]+)>\s*Tj|\[(.*?)\]\s*TJ|\b(ET|Tm|Td)\b", re.DOTALL)


class Pdf:
    """A printed document."""

    def __init__(self, data: bytes) -> None:
        self.objects = {int(number): body for number, body in OBJECT.findall(data)}

    @property
    def pages(self) -> list[str]:
        """The text of each page, without spaces, as those are a matter of positions, and without ligatures."""
        return [
            unicodedata.normalize("NFKC", "".join(self._text(body).split()))
            for body in self.objects.values()
            if re.search(rb"/Type\s*/Page\b", body)
        ]

    @property
    def sizes(self) -> list[tuple[float, float]]:
        """Width and height of each page, in points."""
        boxes = [re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", body) for body in self.objects.values()]
        return [(float(box[1]), float(box[2])) for box in boxes if box]

    def _stream(self, number: int) -> bytes:
        found = STREAM.search(self.objects[number])
        assert found, f"object {number} has no stream"
        return zlib.decompress(found[1]) if b"FlateDecode" in self.objects[number] else found[1]

    def _text(self, page: bytes) -> str:
        contents = re.search(rb"/Contents (\d+) 0 R", page)
        assert contents
        fonts = {name: self._letters(int(number)) for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", page)}
        letters: dict[int, str] = {}
        text = []
        for font, one, many, _ in SHOWN.findall(self._stream(int(contents[1]))):
            if font:
                letters = fonts.get(font, {})
            for glyphs in [one] if one else re.findall(rb"<([0-9A-Fa-f]+)>", many):
                codes = [int(glyphs[n : n + 4], 16) for n in range(0, len(glyphs), 4)]
                text += [letters.get(code, "?") for code in codes]
        return "".join(text)

    def _letters(self, font: int) -> dict[int, str]:
        known = re.search(rb"/ToUnicode (\d+) 0 R", self.objects[font])
        if not known:
            return {}
        table = self._stream(int(known[1]))
        letters: dict[int, str] = {}
        for part in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
            letters |= {
                int(code, 16): bytes.fromhex(to.decode()).decode("utf-16-be") for code, to in MAPPED.findall(part)
            }
        for part in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.DOTALL):
            for first, last, to in RANGE.findall(part):
                start = int(first, 16)
                letters |= {code: chr(int(to, 16) + code - start) for code in range(start, int(last, 16) + 1)}
        return letters
