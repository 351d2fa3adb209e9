"""Docstrings and field descriptions as ``kubectl explain`` shows them."""

import inspect
import re

from imagestore.core.model import Model
from imagestore.crdgen.refusal import refuse


def clean(text: str) -> str:
    """Paragraphs without line breaks, indentation or reStructuredText's double backticks."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text).strip())
    return "\n\n".join(" ".join(p.split()) for p in paragraphs).replace("``", "")


def of_model(model: type[Model], where: str) -> str:
    """The model's own docstring. Refuses a model that only inherits one."""
    text = model.__dict__.get("__doc__")
    return clean(text) if text else refuse(where, f"{model.__name__} has no docstring to describe it by")


def join_descriptions(field: str | None, model: str | None) -> str:
    """The field's description, then the type's, unless the latter begins with the same words."""
    if field and model and model.startswith(field.rstrip(".")):
        return model
    return "\n\n".join(dict.fromkeys(t for t in (field, model) if t))
