"""Protocol buffer messages from a compact table, made when first needed; no generated code.

A table has one line a message: its name, then its fields as 'tag name type', separated by semicolons. A
type is a scalar ('int32', 'double', 'string' ...) or the name of another message of the table, with
'repeated' before it where there may be many; 'one' before it puts the field into the message's one group of
alternatives. Enumerations are written as int32, which is the same on the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Messages = dict[str, Callable[..., Any]]

_ALTERNATIVES = "kind"


def messages(package: str, table: str) -> Messages:
    """The message classes of `table` by name. Imports protobuf; the classes live in a pool of their own, so
    that nobody else's messages of the same names are in the way.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    lines = [line.partition(":") for line in table.strip().splitlines()]
    names = [name.strip() for name, _, _ in lines]
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, (_, _, fields) in zip(names, lines, strict=True):
        message = file.message_type.add(name=name)
        for field in fields.split(";"):
            _add(message, field.split(), names, package)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    classes: Messages = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in names
    }
    return classes


def _add(message: Any, words: list[str], names: list[str], package: str) -> None:
    tag, name, *qualifier, kind = words
    field = message.field.add(name=name, number=int(tag))
    repeated = "repeated" in qualifier
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if kind in names:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{package}.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    if "one" in qualifier:
        if not message.oneof_decl:
            message.oneof_decl.add(name=_ALTERNATIVES)
        field.oneof_index = 0
