"""The schema of a protocol document as JSON Schema, for editors and for the API.

``python -m treatments.protocols.json_schema`` writes ``schema.json``; a test holds the two together.
"""

import json
from pathlib import Path

from treatments.protocols.schema import Protocol

FILE = Path(__file__).with_name("schema.json")


def text() -> str:
    """The JSON Schema as it is published, with a line end."""
    schema = Protocol.model_json_schema(by_alias=True, mode="validation")
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
