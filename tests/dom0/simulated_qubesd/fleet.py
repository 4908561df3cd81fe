# SPDX-License-Identifier: MIT
"""Everything this dom0 knows: its qubes, and what belongs to no qube."""

from collections.abc import Iterator

from simulated_qubesd import errors, events, properties
from simulated_qubesd.qube import Qube
from simulated_qubesd.store import Store


class Fleet(properties.Holder):
    """The qubes of one state directory, and the global properties, labels, pools and kernels."""

    klass = "Qubes"

    def __init__(self, store: Store) -> None:
        self.store = store
        self.fleet = self
        self.doc: dict = {}
        self._qubes: dict[str, Qube] = {}
        self._in_order: list[Qube] | None = None
        self._dirty: dict[str, dict | None] = {}

    def __str__(self) -> str:
        return "Qubes"

    def __enter__(self) -> "Fleet":
        for name in self.store.lock():
            self._take(name, self.store.documents.get(name))
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.save()
        finally:
            self.store.unlock()

    def _take(self, name: str, document: dict | None) -> None:
        """What another process wrote is what this one sees."""
        if name == "globals":
            self.doc = document or {}
            return
        self._in_order = None
        qube = name.removeprefix("qubes/")
        if document is None:
            self._qubes.pop(qube, None)
        else:
            self._qubes[qube] = Qube(self, document)

    def save(self) -> None:
        """What was changed is on disk."""
        if self._dirty:
            dirty, self._dirty = self._dirty, {}
            self.store.write(dirty)

    def changed(self) -> None:
        """The global document differs from its file."""
        self._dirty["globals"] = self.doc

    def qube_changed(self, qube: Qube) -> None:
        """The qube's document differs from its file."""
        self._dirty[f"qubes/{qube.name}"] = qube.doc

    def __contains__(self, name: str) -> bool:
        return name in self._qubes

    def __getitem__(self, name: str) -> Qube:
        try:
            return self._qubes[name]
        except KeyError:
            raise errors.no_such_qube(name) from None

    def __iter__(self) -> Iterator[Qube]:
        """dom0 first, the others by name (AdminVM.__lt__)."""
        if self._in_order is None:
            others = sorted(name for name in self._qubes if name != "dom0")
            self._in_order = [self._qubes[name] for name in ["dom0", *others]]
        return iter(self._in_order)

    def add(self, document: dict) -> Qube:
        """A new qube, with a number of its own."""
        taken = {qube.qid for qube in self}
        qid = next(number for number in range(1, 10000) if number not in taken)
        document["properties"]["qid"] = qid
        qube = Qube(self, document)
        self._qubes[qube.name] = qube
        self._in_order = None
        self.qube_changed(qube)
        return qube

    def remove(self, qube: Qube) -> None:
        """The qube is gone, and so are global properties that named it (on_domain_deleted)."""
        del self._qubes[qube.name]
        self._in_order = None
        self._dirty[f"qubes/{qube.name}"] = None
        for name in properties.DROPPED_WITH_THEIR_QUBE:
            if self.value(name, None) == qube.name:
                self.reset(name)

    def label(self, name: str) -> str:
        """The name of the label called or numbered so (Qubes.get_label)."""
        labels = self.doc["labels"]
        if name in labels:
            return name
        for known, label in labels.items():
            if name.isdigit() and label["index"] == int(name):
                return known
        raise errors.Refused("QubesLabelNotFoundError", f"Label does not exist: {name}")

    def fire(self, event: str, **details: object) -> None:
        """Every rule that listens to the event is heard."""
        events.fire(self, event, **details)
