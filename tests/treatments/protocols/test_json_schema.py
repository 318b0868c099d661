"""The published JSON Schema is the schema, and the catalogue follows it."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # comes with drf-spectacular
import pytest

from tests.treatments.protocols.documents import short
from treatments.protocols import catalog, json_schema
from treatments.protocols.yaml_text import load

SCHEMA = json.loads(json_schema.FILE.read_text())


def test_the_published_file_is_up_to_date() -> None:
    assert json_schema.FILE.read_text() == json_schema.text(), (
        "schema.json is out of date: python -m treatments.protocols.json_schema"
    )


@pytest.mark.parametrize("path", catalog.files(), ids=lambda path: path.stem)
def test_the_catalogue_follows_it(path: Path) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(load(path.read_bytes()).data)


def test_it_refuses_a_rule_without_source() -> None:
    document = short()
    del document["blocks"][0]["gap"]["source"]
    errors = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document))
    assert "'source' is a required property" in str(errors[0].context or errors[0].message)
