"""What all factories share."""

from typing import TYPE_CHECKING, Any

from factory.django import DjangoModelFactory


class Factory(DjangoModelFactory[Any]):
    """Calling a factory gives a row, not a factory; its own types do not say so."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:

        def __new__(cls, *args: Any, **kwargs: Any) -> Any: ...
