"""The public API: what ``from dscvsr_cli import ...`` gives, and what it promises."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import dscvsr_cli
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.pipelines.upscale.run import upscale as upscale_function


@pytest.mark.parametrize("name", dscvsr_cli.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(dscvsr_cli, name) is not None


def test_no_module_hides_a_public_name() -> None:
    importlib.import_module("dscvsr_cli.pipelines.upscale")
    assert dscvsr_cli.upscale is upscale_function
    assert inspect.isfunction(dscvsr_cli.verify)
    modules = {path.stem for path in Path(dscvsr_cli.__file__).parent.iterdir()}
    assert not modules & set(dscvsr_cli.__all__)


def test_dir_lists_the_public_names() -> None:
    assert set(dscvsr_cli.__all__) <= set(dir(dscvsr_cli))


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'upscail'"):
        dscvsr_cli.upscail  # noqa: B018
    assert not hasattr(dscvsr_cli, "compare_files")


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(dscvsr_cli.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(seen) == set(dscvsr_cli.__all__) - {"__version__"}
    for name, (module, own_name) in seen.items():
        assert module is not None
        assert getattr(dscvsr_cli, name) is getattr(importlib.import_module(module), own_name)


def test_every_error_a_person_can_cause_is_public() -> None:
    def below(error: type[DscvsrError]) -> set[str]:
        return {error.__name__}.union(*map(below, error.__subclasses__()))

    assert below(DscvsrError) <= set(dscvsr_cli.__all__)


def test_every_public_function_and_class_says_what_it_is_for() -> None:
    for name in set(dscvsr_cli.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(dscvsr_cli, name)), name
