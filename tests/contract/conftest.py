# SPDX-License-Identifier: MIT
"""What tesseraqt relies on, asked of the real qubesd where it can be had, else of the stand-in.

- ``qubes`` (core-admin) can be imported: the real qubesd is served without Xen, and the real client
  asks it.
- only ``qubesadmin`` can be imported: this is somebody's dom0, and the tests create and remove
  qubes. They run only if TESSERAQT_CONTRACT_ON_THIS_MACHINE=1 says so, and need the starting fleet
  of ``installation.py``.
- neither: the stand-in of ``tests/dom0`` is asked.

Every test finds the starting fleet as if nothing had happened before it.
"""

import contextlib
import importlib
import importlib.machinery
import importlib.metadata
import io
import logging
import os
import pathlib
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
import typing

import pytest

HERE = pathlib.Path(__file__).parent
STAND_IN = HERE.parent / "dom0"
ON_THIS_MACHINE = "TESSERAQT_CONTRACT_ON_THIS_MACHINE"


class Outcome(typing.NamedTuple):
    """What a tool returned or exited with, and printed; errors without usage and program name."""

    rc: int | None
    out: str
    err: str


class RealQubesd:
    """The real qubesd without Xen, and the real client pointed at it."""

    def __init__(self):
        self._temporary = tempfile.TemporaryDirectory(prefix="dom0-")
        self._directory = pathlib.Path(self._temporary.name)
        sys.path[:] = _path_without_stand_in()
        os.environ["QUBESD_SOCKET"] = str(self._directory / "qubesd.sock")
        runpy.run_path(str(HERE / "client" / "sitecustomize.py"))

    def start(self):
        """The starting fleet is served."""
        command = [sys.executable, str(HERE / "real_dom0.py"), str(self._directory)]
        self._log = (self._directory / "qubesd.log").open("w+", encoding="utf-8")
        self._server = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self._wait()

    def _wait(self):
        if "ready\n" not in iter(self._server.stdout.readline, ""):
            self._log.seek(0)
            raise RuntimeError(f"qubesd did not start:\n{self._log.read()}")

    def fresh(self, _directory):
        """The starting fleet is there again; the variables that put a process into this dom0."""
        self._server.send_signal(signal.SIGHUP)
        self._wait()
        return _first("PATH", self._directory / "bin") | _first("PYTHONPATH", HERE / "client")

    def stop(self):
        self._server.terminate()
        self._server.wait()
        self._log.close()
        self._temporary.cleanup()


class StandIn:
    """The stand-in for dom0, with a new state directory for each test."""

    def __init__(self):
        sys.path.insert(0, str(STAND_IN))

    def start(self):
        """Nothing needs to be started."""

    def fresh(self, directory):
        """The starting fleet is in ``directory``; the variables that put a process into it."""
        importlib.import_module("world").World.create(directory)
        here = {"TESSERAQT_DOM0": str(directory)}
        return here | _first("PATH", STAND_IN / "bin") | _first("PYTHONPATH", STAND_IN)

    def stop(self):
        """Nothing was started."""


class ThisMachine:
    """The dom0 these tests run in, taken as it is."""

    def __init__(self):
        sys.path[:] = _path_without_stand_in()

    def start(self):
        """The tests are skipped unless somebody agreed to them."""
        if os.environ.get(ON_THIS_MACHINE) != "1":
            pytest.skip(f"these tests create and remove qubes: set {ON_THIS_MACHINE}=1 to allow it")

    def fresh(self, _directory):
        """Nothing is done to what is there."""
        return {}

    def stop(self):
        """Nothing was started."""


def _first(variable, path):
    return {variable: os.pathsep.join(filter(None, (str(path), os.environ.get(variable))))}


def _kind():
    return (
        RealQubesd if _installed("qubes") else ThisMachine if _installed("qubesadmin") else StandIn
    )


def _installed(package):
    return importlib.machinery.PathFinder.find_spec(package, _path_without_stand_in()) is not None


def _path_without_stand_in():
    return [entry for entry in sys.path if pathlib.Path(entry).resolve() != STAND_IN]


def _release():
    """The release of the client that answers, (4, 4) for the stand-in."""
    client = importlib.machinery.PathFinder.find_spec("qubesadmin", _path_without_stand_in())
    if client is None:
        return (4, 4)
    try:
        version = importlib.metadata.version("qubesadmin")
    except importlib.metadata.PackageNotFoundError:
        version = (pathlib.Path(client.origin).parent.parent / "version").read_text()
    return tuple(int(part) for part in version.split(".")[:2])


# before the test modules are imported, for they import qubesadmin
ANSWERING = _kind()()


def pytest_configure(config):
    """Tests can say what was different before the release they describe."""
    marker = "since_4_4(before): the test is skipped on 4.3, which does what ``before`` says"
    config.addinivalue_line("markers", marker)


def pytest_runtest_setup(item):
    """What 4.3 does differently is not asked of 4.3."""
    newer = item.get_closest_marker("since_4_4")
    if newer and _release() < (4, 4):
        pytest.skip(newer.args[0])


@pytest.fixture(scope="session")
def dom0():
    """The dom0 that answers these tests."""
    ANSWERING.start()
    yield ANSWERING
    ANSWERING.stop()


@pytest.fixture
def app(dom0, tmp_path, monkeypatch):
    """A client that caches what it read, in the starting fleet."""
    for variable, value in dom0.fresh(tmp_path / "dom0").items():
        monkeypatch.setenv(variable, value)
    client = importlib.import_module("qubesadmin").Qubes()
    client.cache_enabled = True
    return client


@pytest.fixture
def look(app):
    """``look(name)``: the qube as a client sees it that has read nothing before."""
    return lambda name: type(app)().domains[name]


@pytest.fixture
def calls(app, monkeypatch):
    """The Admin API calls made through ``app`` from now on: (method, destination, argument)."""
    made = []
    ask = app.qubesd_call

    def counted(dest, method, arg=None, payload=None, payload_stream=None):
        made.append((method, dest, arg))
        return ask(dest, method, arg, payload, payload_stream)

    monkeypatch.setattr(app, "qubesd_call", counted)
    return made


@pytest.fixture
def main(app):
    """``main("qvm_tags", "work", "list")``: as ``tool``, but with ``app``, and without a net."""
    return lambda name, *argv: _main(name)(list(argv), app=app)


def _main(name):
    return importlib.import_module(f"qubesadmin.tools.{name}").main


@pytest.fixture
def tool(app):
    """``tool("qvm_tags", "work", "list")``: the tool's own ``main``, called in this process.

    It is given a client that has read nothing: with one that caches, qvm-clone fails
    (test_clone.py), and qvm-device switches the cache on for whoever comes next. What the tool
    raises is what its process would print last and exit with (test_tools.py).
    """

    def run(name, *argv):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _logged(err):
            try:
                rc = _main(name)(list(argv), app=type(app)())
            except SystemExit as end:
                rc = end.code
            except Exception as uncaught:
                rc = 1
                err.writelines(traceback.format_exception_only(uncaught))
        return Outcome(rc, out.getvalue(), _plain(err.getvalue()))

    return run


@pytest.fixture
def make(tool):
    """``make("work")``: a new qube, by default a red AppVM on nixos."""

    def new(name, *argv):
        of = argv or ("--template", "nixos")
        assert tool("qvm_create", "--label", "red", *of, "--", name) == (0, "", "")
        return name

    return new


@pytest.fixture
def work(make):
    """A halted AppVM."""
    return make("work")


@pytest.fixture
def busy(make, tool):
    """A running AppVM."""
    make("busy")
    assert tool("qvm_start", "--", "busy") == (0, "", "")
    return "busy"


@pytest.fixture
def command(app):
    """``command("qvm-tags", "work", "list")``: the executable, run as a process of its own."""

    def run(*argv):
        ended = subprocess.run(
            argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        return Outcome(ended.returncode, ended.stdout, _plain(ended.stderr))

    return run


@contextlib.contextmanager
def _logged(stream):
    """Warnings are written to ``stream`` as the tools' own handler writes them to the terminal."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)


def _plain(text):
    """``text`` without usage and program name, which is that of sys.argv[0], not the tool's."""
    return re.sub(r"(?ms)^(usage: .*?^)?[^\n]*?: error: ", "error: ", text)
