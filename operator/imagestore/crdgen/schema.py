"""The structural OpenAPI v3 schema of a model. Refuses what it does not know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from imagestore.core.facet import Facet
from imagestore.core.model import Cel, Immutable, Kept, ListMap, ListSet, Model, OpenEnum, unwritten
from imagestore.crdgen import annotations, cel, descriptions
from imagestore.crdgen.annotations import Hint, default_of, is_required
from imagestore.crdgen.refusal import refuse

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class SchemaPath:
    """A node in the tree of models, and what follows from its position."""

    path: str
    inside: tuple[type[Model], ...] = ()  # the models around this node: one of them again would be a cycle
    in_facet: bool = False
    fixed: bool = True  # no object around this node can be removed, and the node with it
    present: bool = True  # the node itself cannot be removed

    def at(self, name: str, *, present: bool) -> "SchemaPath":
        """A field below."""
        return replace(self, path=f"{self.path}.{name}", present=present)

    def items(self) -> "SchemaPath":
        """The items of a list or the values of a map."""
        return replace(self, path=f"{self.path}[]", fixed=False)

    def enter(self, model: type[Model]) -> "SchemaPath":
        """Inside a model."""
        if model in self.inside:
            refuse(self.path, f"{model.__name__} contains itself, and a CRD has no $ref")
        facet = self.in_facet or issubclass(model, Facet)
        fixed = self.fixed and self.present
        return replace(self, inside=(*self.inside, model), in_facet=facet, fixed=fixed, present=True)


def of_model(model: type[Model], path: str) -> JsonObject:
    """The schema of a whole model, such as a spec."""
    return _object(Hint(model), SchemaPath(path))


def of_hint(hint: Hint, place: SchemaPath) -> JsonObject:
    """The schema of one value: type, bounds, rules, keys of Schema markers."""
    made = _builder(hint, place)(hint, place)
    cel.add(made, cel.of_hint(hint, place.path))
    _check_immutable(hint, place)
    return made | cel.merged(hint, made, place.path)


def _check_immutable(hint: Hint, place: SchemaPath) -> None:
    if hint.marker(Immutable) and not place.fixed:
        refuse(
            place.path,
            "an Immutable field below an optional field or in a list can be changed by removing and adding that",
        )


def _builder(hint: Hint, place: SchemaPath) -> Callable[[Hint, SchemaPath], JsonObject]:
    origin = get_origin(hint.kind)
    if origin in _GENERIC:
        return _GENERIC[origin]
    if isinstance(hint.kind, type):
        for base, build in _PLAIN.items():
            if issubclass(hint.kind, base):
                return build
    return refuse(place.path, f"{hint.kind!r} is unknown to the generator")


# --- scalars ---------------------------------------------------------------------------------------------


def _string(hint: Hint, place: SchemaPath) -> JsonObject:
    if "max_length" not in hint.bounds:
        refuse(place.path, "a string without max_length makes rules too expensive")
    names = {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}
    return {"type": "string"} | _bounds(hint, place, names)


def _integer(hint: Hint, place: SchemaPath) -> JsonObject:
    return {"type": "integer", "format": "int64"} | _bounds(hint, place, {"ge": "minimum", "le": "maximum"})


def _boolean(hint: Hint, place: SchemaPath) -> JsonObject:
    return {"type": "boolean"} | _bounds(hint, place, {})


def _moment(hint: Hint, place: SchemaPath) -> JsonObject:
    return {"type": "string", "format": "date-time"} | _bounds(hint, place, {})


def _enum(hint: Hint, place: SchemaPath) -> JsonObject:
    return _choice([member.value for member in hint.kind], place)


def _literal(hint: Hint, place: SchemaPath) -> JsonObject:
    return _choice(list(get_args(hint.kind)), place) | _bounds(hint, place, {})


def _choice(values: list[Any], place: SchemaPath) -> JsonObject:
    types = {type(v) for v in values}
    if types == {str}:
        return {"type": "string", "enum": values}
    if types == {bool}:
        return {"type": "boolean", "enum": values}
    return refuse(place.path, f"a choice of {values!r}: only strings or booleans")


def _bounds(hint: Hint, place: SchemaPath, names: Mapping[str, str]) -> JsonObject:
    unknown = sorted(set(hint.bounds) - set(names))
    if unknown:
        refuse(place.path, f"{', '.join(unknown)} means nothing for this type")
    return {names[k]: v for k, v in hint.bounds.items()}


# --- lists and maps --------------------------------------------------------------------------------------


def _list(hint: Hint, place: SchemaPath) -> JsonObject:
    args = get_args(hint.kind)
    if len(args) != 2 or args[1] is not ...:
        refuse(place.path, "a tuple of fixed length; write tuple[X, ...] or a model")
    if "max_length" not in hint.bounds:
        refuse(place.path, "a list without max_length makes rules too expensive")
    item = annotations.of(args[0], place.path)
    made: JsonObject = {"type": "array", "items": _value(item, place.items())}
    names = {"min_length": "minItems", "max_length": "maxItems"}
    return made | _bounds(hint, place, names) | _list_type(hint, item, made["items"], place)


def _list_type(hint: Hint, item: Hint, schema: JsonObject, place: SchemaPath) -> JsonObject:
    by_key = hint.marker(ListMap)
    if by_key:
        return _list_map(by_key.key, item, schema, place)
    if hint.marker(ListSet):
        if schema["type"] in ("object", "array"):
            refuse(place.path, "a ListSet of objects; use ListMap with a key")
        return {"x-kubernetes-list-type": "set"}
    return {"x-kubernetes-list-type": "atomic"}


def _list_map(key: str, item: Hint, schema: JsonObject, place: SchemaPath) -> JsonObject:
    properties = schema.get("properties", {})
    if properties.get(key, {}).get("type") not in ("string", "integer", "boolean"):
        refuse(place.path, f"the ListMap key {key!r} is not a scalar field of {item.kind.__name__}")
    if key not in schema.get("required", []):
        refuse(place.path, f"the ListMap key {key!r} must be required")
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def _map(hint: Hint, place: SchemaPath) -> JsonObject:
    key, value = get_args(hint.kind)
    if key is not str:
        refuse(place.path, "a map's keys are plain strings; bound them by a Cel rule on the map")
    if "max_length" not in hint.bounds:
        refuse(place.path, "a map without max_length makes rules too expensive")
    made = {
        "type": "object",
        "additionalProperties": _value(annotations.of(value, place.path), place.items()),
    }
    return made | _bounds(hint, place, {"min_length": "minProperties", "max_length": "maxProperties"})


def _value(hint: Hint, place: SchemaPath) -> JsonObject:
    if hint.optional:
        refuse(place.path, "an item that may be null; Kubernetes would drop or refuse it")
    return of_hint(hint, place)


# --- objects ---------------------------------------------------------------------------------------------


def _object(hint: Hint, place: SchemaPath) -> JsonObject:
    model: type[Model] = hint.kind
    _bounds(hint, place, {})
    inner = place.enter(model)
    made = {"description": descriptions.of_model(model, place.path)}
    body = _inline(model, inner) if model.inline else _properties(model, inner)
    made |= body
    cel.add(made, model.cel)
    return made


def _inline(model: type[Model], place: SchemaPath) -> JsonObject:
    fields = {n: i for n, i in _public(model, place).items() if n == model.inline}
    if len(fields) != 1 or len(_public(model, place)) != 1:
        refuse(place.path, f"{model.__name__}.inline must name its only public field")
    return of_hint(annotations.of_field(next(iter(fields.values())), place.path), place)


def _properties(model: type[Model], place: SchemaPath) -> JsonObject:
    fields = _public(model, place)
    made: JsonObject = {"type": "object"}
    required = [_alias(n, i) for n, i in fields.items() if is_required(i, f"{place.path}.{_alias(n, i)}")]
    made |= {"required": required} if required else {}
    made |= {"properties": {_alias(n, i): _field(i, place, _alias(n, i)) for n, i in fields.items()}}
    cel.add(made, _presences(fields, place))
    return made


def _public(model: type[Model], place: SchemaPath) -> dict[str, FieldInfo]:
    return {
        name: info
        for name, info in model.model_fields.items()
        if not unwritten(annotations.of_field(info, f"{place.path}.{name}").markers)
    }


def _alias(name: str, info: FieldInfo) -> str:
    return info.alias or name


def _field(info: FieldInfo, parent: SchemaPath, alias: str) -> JsonObject:
    where = f"{parent.path}.{alias}"
    hint = annotations.of_field(info, where)
    place = parent.at(alias, present=is_required(info, where) or _stays(hint) is not None)
    if not info.description:
        refuse(where, "no description")
    schema = of_hint(hint, place)
    words = descriptions.join_descriptions(
        descriptions.clean(info.description), schema.pop("description", None)
    )
    return {"description": words} | _default(info, hint, place) | schema


def _stays(hint: Hint) -> Immutable | Kept | None:
    """Why it cannot be removed, even if it is optional."""
    return hint.marker(Immutable) or hint.marker(Kept)


def _default(info: FieldInfo, hint: Hint, place: SchemaPath) -> JsonObject:
    default = default_of(info, place.path)
    if is_required(info, place.path):
        return (
            {}
            if not hint.optional
            else refuse(place.path, "required, yet it may be null; give it a default of None")
        )
    if default is None or default == ():
        return {}
    if place.in_facet:
        refuse(place.path, "a default in a facet would manage a setting that no user mentioned; use None")
    if not isinstance(default, str | int | bool) or isinstance(default, Enum):
        refuse(place.path, f"the default {default!r} is not a scalar")
    return {"default": default}


def _presences(fields: Mapping[str, FieldInfo], place: SchemaPath) -> list[Cel]:
    found = []
    for name, info in fields.items():
        alias = _alias(name, info)
        frozen = _stays(annotations.of_field(info, f"{place.path}.{alias}"))
        if frozen and not is_required(info, place.path):
            found.append(cel.presence(alias, frozen.message))
    return found


_GENERIC: dict[Any, Callable[[Hint, SchemaPath], JsonObject]] = {Literal: _literal, tuple: _list, dict: _map}
# Subclasses first: bool is an int in Python, and an OpenEnum an Enum.
_PLAIN: dict[type, Callable[[Hint, SchemaPath], JsonObject]] = {
    OpenEnum: _string,
    Enum: _enum,
    Model: _object,
    bool: _boolean,
    int: _integer,
    str: _string,
    datetime: _moment,
}
