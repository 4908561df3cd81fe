# SPDX-License-Identifier: MIT
"""A machine that boots is given its system as dom0 does it: by scripts, through the guest door."""

import io
from pathlib import Path

from tesseraqt_lib.guest import ask, command, scripts
from tesseraqt_lib.roots import system_json, tree

FILES = Path(__file__).resolve().parents[2] / "salt" / "tesseraqt" / "files"


def read(name):
    return (FILES / "guest" / name).read_text()


def packed(document, modules=()):
    """The tree that dom0 would send for a document; ``modules`` are texts by path."""
    ours = {f"nixos/{path.name}": path.read_bytes() for path in (FILES / "nixos").iterdir()}
    ours |= {name: (FILES / "guest" / name).read_bytes() for name in tree.ROOTS}
    ours |= {path: text.encode() for path, text in dict(modules).items()}
    ours["system.json"] = system_json.json_text(document).encode()
    return tree.packed(ours, {})


class Root:
    """What dom0 does with a root: each method is a script that runs in the machine."""

    def __init__(self, machine):
        self.machine = machine
        self.log = []

    def ask(self, name, *arguments, data=None):
        """The answer of a script, as it passed the guest door."""

        def way(_qube, size, told):
            return tuple(self.machine.command(command.shell(size, told))), b""

        script = scripts.load(read, name)
        return ask.ask("root", script, arguments, data, self.log.append, way=way)

    def build(self, sent):
        """The system of a tree, built; or an answer that says why not."""
        self.ask("push", sent.digest, str(len(sent.packed)), data=io.BytesIO(sent.packed))
        return self.ask("build", sent.digest, "file", "auto").values

    def switch(self, sent, system, seconds="60"):
        """What came of activating a system at once."""
        self.ask("switch", sent.digest, system, seconds)
        return self.ask("confirm", seconds).values

    def deploy(self, document, modules=()):
        """The machine is as the document says, at once; where its system is."""
        sent = packed(document, modules)
        built = self.build(sent)
        assert built["code"] == "0", "\n".join(self.log[-30:])
        confirmed = self.switch(sent, built["toplevel"])
        assert confirmed == {"code": "0", "failed_units": "0"}, "\n".join(self.log[-30:])
        return built["toplevel"]
