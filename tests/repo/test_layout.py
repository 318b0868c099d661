"""The repository keeps its own rules: layers cover every folder, foreign keys point down, files stay small."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

NOT_PACKAGES = {"benchmarks", "docs", "requirements", "scripts", "tests"}
"""Tracked folders that are not part of the running system."""

LAYERS = ["core", "clinics", "scheduler", "treatments", "notifications", "web", "api", "devtools"]
"""From the bottom up; a foreign key may point to its own app or to one further left."""

FILE_LIMIT = 500
TEST_FILE_LIMIT = 800
FUNCTION_LIMIT = 80
TASK_LIMIT = 25


def tracked(*patterns: str) -> list[Path]:
    """Files under version control, and new ones not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


def sources() -> list[Path]:
    return [path for path in tracked("*.py") if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Name, length in lines and decorator names of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (
                node.name,
                (node.end_lineno or node.lineno) - node.lineno + 1,
                [ast.unparse(decorator) for decorator in node.decorator_list],
            )


def test_every_folder_is_in_the_layers() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked() if len(path.relative_to(ROOT).parts) > 1}
    packages = {name for name in top if not name.startswith(".")} - NOT_PACKAGES
    assert packages == set(PYPROJECT["tool"]["importlinter"]["root_packages"])


def test_foreign_keys_point_down() -> None:
    upward = []
    for model in apps.get_models():
        label = model._meta.app_label
        if label not in LAYERS:
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey | models.OneToOneField | models.ManyToManyField):
                continue
            target = field.related_model._meta.app_label
            if target in LAYERS and LAYERS.index(target) > LAYERS.index(label) and label != "core":
                upward.append(f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}")
    assert upward == []


def test_files_stay_small() -> None:
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in [*sources(), *tracked("*.css", "*.js", "*.html")]
        if (lines := len(path.read_text().splitlines()))
        > (TEST_FILE_LIMIT if path.relative_to(ROOT).parts[0] == "tests" else FILE_LIMIT)
    }
    assert too_long == {}


def test_functions_stay_short() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}: {name} has {length} lines"
        for path in sources()
        for name, length, decorators in functions(path)
        if length > (TASK_LIMIT if any("shared_task" in each for each in decorators) else FUNCTION_LIMIT)
    ]
    assert too_long == []


def test_no_drawer_modules() -> None:
    drawers = {"utils", "helpers", "common", "misc"}
    assert [str(path) for path in sources() if path.stem in drawers or set(path.parts) & drawers] == []


def test_surfaces_do_not_save() -> None:
    """Views and serializers call actions; they never write a domain model themselves."""
    writes = {"save", "create", "bulk_create", "update", "bulk_update", "delete", "get_or_create", "update_or_create"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if path.relative_to(ROOT).parts[0] in {"web", "api"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in writes
        and "objects" in ast.unparse(node.func.value)
    ]
    assert found == []


def test_nothing_orders_implicitly() -> None:
    ours = [model for model in apps.get_models() if model._meta.app_label in LAYERS]
    assert [model._meta.label for model in ours if model._meta.ordering] == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_setting_from_the_environment_is_documented() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    read = set()
    for path in (ROOT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            if re.fullmatch(r"env\.\w+|required|folder|one_of", ast.unparse(node.func)):
                read.add(node.args[0].value)
    missing = sorted(name for name in read if isinstance(name, str) and f"`{name}`" not in documented)
    assert read, "the search itself must find something"
    assert missing == []


def test_lock_files_have_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "http" not in text
        assert "--index-url" not in text
        assert "--hash=sha256:" in text


def test_every_dependency_has_a_reason() -> None:
    """In the main list and the embedded extra, every line says why."""
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("dependencies = [") : text.index("[project.optional-dependencies]")]
    lines = [line.strip() for line in block.splitlines() if line.strip().startswith('"')]
    assert lines
    assert [line for line in lines if "#" not in line] == []
    assert [line for line in lines if ">=" not in line] == []
