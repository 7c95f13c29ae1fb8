"""Database URLs: understood, refused with a way out, and never shown with their password."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.errors import StoreError
from sentinel.store.addresses import filesystem_of, place_of

MOUNTS = """\
/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
files:/export /srv nfs4 rw,vers=4.2 0 0
/dev/vdb /srv/local ext4 rw 0 0
//files/share /mnt/with\\040blank cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/sentinel.db", "ext4"),
        ("/srv/sentinel.db", "nfs4"),
        ("/srv/local/sentinel.db", "ext4"),
        ("/srvx/sentinel.db", "ext4"),
        ("/mnt/with blank/sentinel.db", "cifs"),
    ],
)
def test_the_file_system_is_that_of_the_deepest_mount(path: str, kind: str) -> None:
    """C 34: what lies on a network file system is refused."""
    assert filesystem_of(Path(path), MOUNTS) == kind


@pytest.mark.fault(34)
def test_a_path_on_a_network_file_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way out."""
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_named: MOUNTS)
    with pytest.raises(StoreError, match=r"network file system \(nfs4\)") as refused:
        place_of("sqlite:////srv/sentinel.db")
    assert "Postgres" in refused.value.hint


@pytest.mark.fault(34)
def test_a_network_file_system_is_used_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the URL, which says it in so many words."""
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_named: MOUNTS)
    place = place_of("sqlite:////srv/sentinel.db?network_file_system=allowed")
    assert (place.shown, place.network, dict(place.url.query)) == ("/srv/sentinel.db", "nfs4", {})
    with pytest.raises(StoreError):
        place_of("sqlite:////srv/sentinel.db?network_file_system=yes")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    """A restart would forget everything and announce it again."""
    with pytest.raises(StoreError, match="needs a file"):
        place_of(url)


def test_another_database_is_refused_by_name() -> None:
    """Only two are supported."""
    with pytest.raises(StoreError, match="mysql is not supported"):
        place_of("mysql://user:secret@host/db")


@pytest.mark.parametrize("url", ["", "sentinel.db", "postgresql://u:secret@host:notaport/db", "://secret"])
def test_what_is_no_url_is_refused_without_being_repeated(url: str) -> None:
    """P8: a mistyped URL still holds its password."""
    with pytest.raises(StoreError, match="cannot be read") as refused:
        place_of(url)
    assert "secret" not in f"{refused.value} {refused.value.hint}"
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_postgres_goes_by_any_of_its_names(scheme: str) -> None:
    """Hosting services write `postgres://`."""
    place = place_of(f"{scheme}://user:secret@host:6432/db?sslmode=require&password=secret")
    assert place.url.drivername == "postgresql+psycopg"
    assert place.url.query["sslmode"] == "require"
    assert place.shown == "postgresql://user@host:6432/db"
