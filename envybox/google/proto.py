"""Message classes from the .proto language, as much of it as `envybox.google.messages` needs.

Lines are `message Name {`, `oneof name {`, `}`, `[repeated] type name = 1;` and
`map<string, type> name = 1;`. Types are some scalars and the text's own messages, one of a
message's inside by its full name. https://protobuf.dev/reference/protobuf/proto3-spec/
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

_LINE = re.compile(
    r"(?P<end>\})"
    r"|message (?P<message>\w+) \{"
    r"|oneof (?P<oneof>\w+) \{"
    r"|(?P<repeated>repeated )?(?:map<string, (?P<map>[\w.]+)>|(?P<type>[\w.]+))"
    r" (?P<field>\w+) = (?P<number>\d+);"
)
_SCALARS = ("bool", "bytes", "double", "int32", "int64", "string")


def classes(text: str) -> dict[str, Any]:
    """Return the classes of a text's outer messages, by their names.

    Their pool is their own: whoever imports Google's libraries, which have messages of these
    names, has both. Raises `ValueError` for a line that is none of the above or not where it
    may be, `TypeError` for what no pool takes, such as a type that there is not.
    """
    file = FileDescriptorProto(name="envybox", package="envybox", syntax="proto3")
    scopes: list[Any] = [file]
    oneof: int | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        found = _LINE.fullmatch(line)
        scope = scopes[-1]
        if found is None or (scope is file and not found["message"]):
            raise ValueError(line)
        if found["message"]:
            inside = scope.message_type if scope is file else scope.nested_type
            scopes.append(inside.add(name=found["message"]))
        elif found["oneof"]:
            oneof = len(scope.oneof_decl)
            scope.oneof_decl.add(name=found["oneof"])
        elif found["field"]:
            _add_field(scope, found, oneof)
        elif oneof is not None:
            oneof = None
        else:
            scopes.pop()
    if len(scopes) > 1:
        raise ValueError(scopes[-1].name)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        message.name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"envybox.{message.name}")
        )
        for message in file.message_type
    }


def _add_field(message: Any, found: re.Match[str], oneof: int | None) -> None:
    name, type_ = found["field"], found["type"]
    if found["map"]:
        type_ = f"{name.title().replace('_', '')}Entry"
        entry = message.nested_type.add(name=type_)
        entry.options.map_entry = True
        _add(entry, "key", 1, "string")
        _add(entry, "value", 2, found["map"])
    field = _add(message, name, int(found["number"]), type_)
    if found["map"] or found["repeated"]:
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if oneof is not None:
        field.oneof_index = oneof


def _add(message: DescriptorProto, name: str, number: int, type_: str) -> FieldDescriptorProto:
    field = message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
    if type_ in _SCALARS:
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{type_.upper()}")
    else:
        field.type_name = type_
    return field
