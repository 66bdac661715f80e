"""Entries and postings are only ever added, and PostgreSQL commits no posting that does not sum to zero."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = ("postings", "entries")


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table in TABLES:
            for change in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
                )
        return
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        """
        CREATE FUNCTION check_posting_sum() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM entries WHERE posting_id = NEW.posting_id
                GROUP BY currency HAVING sum(amount_minor) <> 0
            ) THEN
                RAISE EXCEPTION 'entries of posting % do not sum to zero', NEW.posting_id
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER entries_sum_to_zero AFTER INSERT ON entries "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_posting_sum()"
    )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table in TABLES:
            for change in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{change}")
        return
    op.execute("DROP TRIGGER entries_sum_to_zero ON entries")
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_only_added ON {table}")
    op.execute("DROP FUNCTION check_posting_sum()")
    op.execute("DROP FUNCTION refuse_change()")
