# SPDX-License-Identifier: MIT
"""The state directory: one JSON file a document, shared by every process that plays in this dom0.

A document is ``globals`` or ``qubes/<name>``. Everything happens between :meth:`Store.lock` and
:meth:`Store.unlock`, so calls are served one at a time, as qubesd serves them. ``changes`` names
the documents written, oldest first: a process reads its tail and reloads just those.
"""

import fcntl
import json
import os
import threading
import weakref
from pathlib import Path

Document = dict

_stores: "weakref.WeakSet[Store]" = weakref.WeakSet()


class Store:
    """The documents of one state directory, as this process last saw them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.documents: dict[str, Document] = {}
        self._open()
        _stores.add(self)

    def _open(self) -> None:
        self.threads = threading.Lock()
        self._lock: int | None = os.open(f"{self.path}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._changes = os.open(f"{self.path}/changes", flags)
        self._seen = -1

    def close(self) -> None:
        """Give the file descriptors back; the next :meth:`lock` opens them again."""
        if self._lock is not None:
            os.close(self._lock)
            os.close(self._changes)
            self._lock = None

    def forget(self) -> None:
        """Everything is read again when it is needed."""
        self._seen = -1

    def lock(self) -> list[str]:
        """The state is ours; the names of the documents that changed since we looked."""
        if self._lock is None:
            self._open()
        self.threads.acquire()
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self._refresh()

    def unlock(self) -> None:
        """Let the next one in."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        self.threads.release()

    def write(self, documents: dict[str, Document | None]) -> None:
        """Documents replace their files, None removes one: all of them, or none if we die."""
        os.write(self._changes, "".join(f"{name}\n" for name in documents).encode())
        _fill(f"{self.path}/.new", documents)
        os.rename(f"{self.path}/.new", f"{self.path}/journal.json")
        self._finish(documents)
        self._seen = os.fstat(self._changes).st_size

    def _finish(self, documents: dict[str, Document | None]) -> None:
        """What the journal says is done.

        Old files are removed first: ext4 writes out at once what replaces a file, in 2 ms.
        """
        for name, document in documents.items():
            path = f"{self.path}/{name}.json"
            Path(path).unlink(missing_ok=True)
            if document is not None:
                _fill(path, document)
        os.unlink(f"{self.path}/journal.json")

    def _refresh(self) -> list[str]:
        """What a killed writer left half-way is finished, and changed documents are read again."""
        size = os.fstat(self._changes).st_size
        if size == self._seen:
            return []
        journal = Path(self.path, "journal.json")
        if journal.exists():
            self._finish(json.loads(journal.read_text("ascii")))
        names = self._names() if self._seen < 0 else self._tail(size)
        self._seen = size
        for name in names:
            self._load(name)
        return names

    def _names(self) -> list[str]:
        qubes = sorted(path.stem for path in Path(self.path, "qubes").glob("*.json"))
        return ["globals", *(f"qubes/{name}" for name in qubes)]

    def _tail(self, size: int) -> list[str]:
        text = os.pread(self._changes, size - self._seen, self._seen).decode()
        return list(dict.fromkeys(text.splitlines()))

    def _load(self, name: str) -> None:
        try:
            with open(f"{self.path}/{name}.json", encoding="ascii") as file:
                self.documents[name] = json.loads(file.read())
        except FileNotFoundError:
            self.documents.pop(name, None)


def _fill(path: str, content: dict) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(json.dumps(content))


def _let_go() -> None:
    """A forked child holds no lock of its parent, which would outlive a killed parent."""
    for store in _stores:
        store.close()


os.register_at_fork(after_in_child=_let_go)
