"""The schema: made by migrations, equal to the tables, and found wherever Sentinel is installed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import sentinel
from sentinel.errors import SchemaOutOfDate, StoreError
from sentinel.store import migrations, schema
from sentinel.store.database import Database
from sentinel.store.tables import REVISION, metadata


def test_there_is_a_single_head_and_the_program_expects_it() -> None:
    """Opening a database compares a constant, so that it need not load the migrations."""
    assert ScriptDirectory.from_config(migrations.config()).get_heads() == [REVISION]
    assert migrations.head_revision() == REVISION


@pytest.mark.fault(35)
def test_upgrading_an_empty_database_makes_the_schema_that_the_program_expects(empty_database_url: str) -> None:
    """Nothing, then everything; a second upgrade changes nothing."""
    assert schema.current_revision(empty_database_url) is None
    assert migrations.upgrade(empty_database_url) == REVISION
    assert migrations.upgrade(empty_database_url) == REVISION
    assert schema.current_revision(empty_database_url) == REVISION
    Database.open(empty_database_url).close()


def test_migrations_go_down_and_up_again(empty_database_url: str) -> None:
    """Down leaves no table of ours behind."""
    migrations.upgrade(empty_database_url)
    assert migrations.downgrade(empty_database_url) == ""
    with pytest.raises(SchemaOutOfDate, match="no tables"):
        Database.open(empty_database_url)
    assert migrations.upgrade(empty_database_url) == REVISION
    Database.open(empty_database_url).close()


def test_the_migrated_schema_equals_the_tables(database_url: str) -> None:
    """Alembic finds nothing that a further migration would have to change."""
    migrations.check(database_url)


def test_a_difference_between_schema_and_tables_is_found(database_url: str) -> None:
    """The comparison above is able to fail."""
    database = Database.open(database_url)
    with database.transaction() as connection:
        connection.execute(text("ALTER TABLE notices ADD COLUMN surplus INTEGER"))
    database.close()
    with pytest.raises(StoreError, match="surplus"):
        migrations.check(database_url)


def test_checks_and_keys_of_the_migrated_schema_equal_those_of_the_tables(database_url: str) -> None:
    """Alembic does not compare CHECK constraints; their names and words are compared here."""
    database = Database.open(database_url)
    made = inspect(database.engine)
    for table in metadata.sorted_tables:
        wanted = {str(one.name): str(one.sqltext) for one in table.constraints if hasattr(one, "sqltext")}
        found = {str(one["name"]): one["sqltext"] for one in made.get_check_constraints(table.name)}
        assert found.keys() == wanted.keys(), table.name
        if database.dialect == "sqlite":
            assert found == wanted, table.name
    database.close()


def test_two_upgrades_at_once_both_succeed(empty_database_url: str) -> None:
    """Two replicas that start together: one migrates, the other finds it done."""
    done: list[str] = []
    ready = threading.Barrier(2)

    def run() -> None:
        ready.wait()
        done.append(migrations.upgrade(empty_database_url))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [REVISION, REVISION]


@pytest.mark.fault(8, 35)
def test_a_newer_schema_is_refused_by_opening_and_by_upgrading(database_url: str) -> None:
    """An older program leaves the database of a newer one alone."""
    _stamp(database_url, "9999")
    with pytest.raises(SchemaOutOfDate, match=r"9999 is newer than this program's"):
        Database.open(database_url)
    with pytest.raises(SchemaOutOfDate, match="9999 is not known"):
        migrations.upgrade(database_url)
    assert schema.current_revision(database_url) == "9999"


@pytest.mark.fault(35)
def test_an_older_schema_is_refused_with_the_command_that_mends_it(database_url: str) -> None:
    """Opening never migrates by itself."""
    _stamp(database_url, "0000")
    with pytest.raises(SchemaOutOfDate, match="older") as refused:
        Database.open(database_url)
    assert "sentinel db upgrade" in refused.value.hint


@pytest.mark.fault(8)
def test_a_failed_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    """All steps are one transaction: an interrupted upgrade is as if it had never begun."""
    if empty_database_url.startswith("sqlite"):
        Path(empty_database_url.removeprefix("sqlite:///")).touch()
    database = Database.open(empty_database_url, check_schema=False)
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE threads (lane INTEGER)"))
    with pytest.raises(StoreError, match="threads"):
        migrations.upgrade(empty_database_url)
    assert inspect(database.engine).get_table_names() == ["threads"]
    database.close()


def test_migrations_of_an_installed_package_are_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel carries them as `sentinel/_alembic`; a checkout has them beside the package."""
    package = tmp_path / "sentinel"
    monkeypatch.setattr(sentinel, "__file__", str(package / "__init__.py"))
    with pytest.raises(StoreError, match="migrations are missing"):
        migrations.config()
    beside = _scripts_at(tmp_path / "alembic")
    assert migrations.config().get_main_option("script_location") == str(beside)
    inside = _scripts_at(package / "_alembic")
    assert migrations.config().get_main_option("script_location") == str(inside)


def test_a_percent_sign_in_a_path_is_no_interpolation(tmp_path: Path) -> None:
    """Alembic's configuration treats it as one; a database in such a place still works."""
    odd = tmp_path / "50%(load)s"
    odd.mkdir()
    assert migrations.upgrade(f"sqlite:///{odd / 'sentinel.db'}") == REVISION


def _scripts_at(directory: Path) -> Path:
    directory.mkdir(parents=True)
    (directory / "env.py").touch()
    return directory


def _stamp(url: str, revision: str) -> None:
    database = Database.open(url)
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    database.close()
