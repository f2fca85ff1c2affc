"""A real PostgreSQL server for the tests, on a socket of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

PORT = 54_329


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl, the newest version first; None where PostgreSQL is not installed."""
    on_path = shutil.which("pg_ctl")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda one: int(one.parts[-3]))
    found = [*versions, *([Path(on_path)] if on_path else [])]
    return found[-1].resolve().parent if found else None


def why_not() -> str:
    """Why there can be no server here, or ""."""
    if find_spec("psycopg") is None:
        return "the driver psycopg is not installed (extra 'postgres')"
    if binaries() is None:
        return "PostgreSQL is not installed (Debian: apt install postgresql)"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root, and there is no other account to run it as"
    return ""


class Server:
    """One server; databases are made on it by name. fsync: a commit reaches the disk, as it has to for figures."""

    def __init__(self, *, fsync: bool = False) -> None:
        self.fsync = "on" if fsync else "off"
        self.folder = Path(tempfile.mkdtemp(prefix="lernpfad-pg-", dir="/tmp"))  # a socket's path has to be short
        self.account = _account() if os.geteuid() == 0 else None
        if self.account is not None:
            os.chown(self.folder, pwd.getpwnam(self.account).pw_uid, -1)
        self.data = self.folder / "data"
        self._call(
            "initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--pgdata", str(self.data)
        )
        self.start()

    def start(self) -> None:
        options = f"-k {self.folder} -p {PORT} -c listen_addresses= -c fsync={self.fsync} -c shared_buffers=16MB"
        self._call("pg_ctl", "start", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        self._call("pg_ctl", "stop", "-w", "-D", str(self.data), "-m", mode)

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}&port={PORT}"

    def fresh(self, name: str) -> str:
        """The URL of a new, empty database."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def _call(self, program: str, *words: str) -> None:
        folder = binaries()
        assert folder is not None
        with (self.folder.parent / f"{self.folder.name}.out").open("w+") as told:
            done = subprocess.run(
                [folder / program, *words],
                stdout=told,
                stderr=told,
                user=self.account,
                cwd="/",
                timeout=120,
                check=False,
                env=os.environ | {"LC_ALL": "C"},
            )
            told.seek(0)
            assert done.returncode == 0, told.read()
        os.unlink(told.name)


def _account() -> str | None:
    names = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)
