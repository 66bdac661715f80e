"""The one metadata object and the column types that both databases share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, DateTime, Dialect, MetaData, String, Uuid, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)
keys_metadata = MetaData(
    naming_convention=NAMES
)  # the store of wrapped per-shopper keys; backups of data skip it

Id = Uuid(as_uuid=False)
Json = JSON().with_variant(JSONB(), "postgresql")
# None is NULL, not JSON's null
JsonOrNull = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out; SQLite keeps no zone, so it is taken off there and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        assert value.tzinfo is not None, "times are aware"
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        assert isinstance(value, datetime)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def stands(column: ColumnElement[str], *values: str) -> ColumnElement[bool]:
    """The column is one of these words, which are written into the statement, in the order of a partial index if one is
    meant. By parameters neither database sees that it fits; and where one stands for the word that an index is about,
    SQLite compiles the statement anew each time it runs, since another word might want another plan."""
    words = [literal_column(f"'{value}'", String) for value in values]
    return column == words[0] if len(words) == 1 else column.in_(words)
