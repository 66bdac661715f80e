"""Command-line options made from the fields of a run: one place says what can be set, and to what by default."""

import argparse
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints

Run = TypeVar("Run")


def add_fields(parser: argparse.ArgumentParser, kind: type[Any], *, leave_out: tuple[str, ...] = ()) -> None:
    hints = get_type_hints(kind)
    for field in fields(kind):
        if field.name in leave_out or field.default is MISSING:
            continue
        hint, flag = hints[field.name], f"--{field.name.replace('_', '-')}"
        shown = f"default: {field.default}"
        if hint is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default)
        elif issubclass(hint, StrEnum):
            parser.add_argument(flag, type=hint, choices=list(hint), default=field.default, help=shown)
        else:
            parser.add_argument(flag, type=hint, default=field.default, help=shown)


def read_fields(options: argparse.Namespace, kind: type[Run], **given: Any) -> Run:
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: getattr(options, name) for name in names if hasattr(options, name)} | given)
