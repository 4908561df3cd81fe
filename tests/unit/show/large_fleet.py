# SPDX-License-Identifier: MIT
"""A fleet of 30 qubes with 60 containers, such as somebody might have who keeps things apart."""

from typing import Any

CONTAINERS: dict[str, dict[str, Any]] = {
    "agent": {"provides": {"gpg": {"tcp": 1}, "ssh": {"tcp": 2}}},
    "postgres": {"provides": {"sql": {"tcp": 5432}}},
    "redis": {"provides": {"cache": {"tcp": 6379}}},
    "search": {"consumes": {"index": None}, "provides": {"query": {"tcp": 9200}}},
    "wiki": {"consumes": {"db": None, "cache": None}, "provides": {"http": {"tcp": 80}}},
    "forge": {"consumes": {"db": None, "sign": None}, "provides": {"git": {"tcp": 22}}},
    "chat": {"consumes": {"db": None}, "provides": {"http": {"tcp": 80}}},
    "mail": {"consumes": {"keys": None, "contacts": {"optional": True}}},
    "contacts": {"provides": {"dav": {"tcp": 80}}},
    "browser": {"consumes": {"wiki": {"optional": True}, "chat": {"optional": True}}},
    "editor": {"consumes": {"git": {"optional": True}, "keys": {"optional": True}}},
    "backup": {"consumes": {"store": None}},
    "store": {"provides": {"blobs": {"tcp": 80}}},
    "metrics": {"consumes": {"db": {"optional": True}}, "provides": {"http": {"tcp": 80}}},
    "viewer": {},
    "music": {},
}
DATA = {"postgres": None, "redis": None, "search": {"index": "postgres.sql"}}
SERVER = {"store": None, "metrics": {"db": "postgres.sql"}, "postgres": None}


def wire(to: str, **how: bool) -> dict[str, Any]:
    return {"to": to, "trust": True, **how}


def office(label: str, *more: str, **wired: Any) -> dict[str, Any]:
    """A qube for work at a screen."""
    parts: dict[str, Any] = {
        "browser": {"wiki": wire("apps/wiki.http"), "chat": wire("apps/chat.http")}
    }
    return {"label": label, "containers": {**parts, **dict.fromkeys(more), **wired}}


QUBES: dict[str, dict[str, Any]] = {
    "sys-net": {"label": "red", "prefs": {"netvm": "none", "provides_network": True}},
    "sys-firewall": {"label": "green", "prefs": {"netvm": "sys-net", "provides_network": True}},
    "sys-vpn": {"label": "orange", "prefs": {"netvm": "sys-firewall", "provides_network": True}},
    "vault": {
        "label": "black",
        "prefs": {"netvm": "none"},
        "containers": {"agent": None, "contacts": None, "viewer": None},
    },
    "signing": {"label": "black", "prefs": {"netvm": "none"}, "containers": ["agent", "viewer"]},
    "archive": {"label": "gray", "prefs": {"netvm": "none"}, "containers": {"store": None}},
    "data": {"label": "purple", "prefs": {"netvm": "none"}, "containers": DATA},
    "data-test": {"label": "orange", "prefs": {"netvm": "none"}, "containers": DATA},
    "apps": {
        "label": "purple",
        "containers": {
            "wiki": {"db": "data/postgres.sql", "cache": "data/redis.cache"},
            "chat": {"db": "data/postgres.sql"},
            "forge": {"db": "data/postgres.sql", "sign": wire("signing/agent.gpg", ask=True)},
        },
    },
    "apps-test": {
        "label": "orange",
        "containers": {
            "wiki": {"db": "data-test/postgres.sql", "cache": "data-test/redis.cache"},
            "chat": {"db": "data-test/postgres.sql"},
        },
    },
    "monitor": {"label": "gray", "containers": SERVER},
    "backup": {
        "label": "gray",
        "containers": {"backup": {"store": "archive/store.blobs"}, "viewer": None},
    },
    "work": office("blue", "viewer", editor={"git": wire("apps/forge.git")}),
    "work-mail": {
        "label": "blue",
        "containers": {
            "mail": {
                "keys": wire("vault/agent.gpg", ask=True),
                "contacts": wire("vault/contacts.dav"),
            },
            "viewer": None,
        },
    },
    "dev": office(
        "blue",
        "music",
        editor={"git": wire("apps/forge.git"), "keys": wire("vault/agent.ssh", ask=True)},
    ),
    "dev-web": office("blue", "postgres", "redis", editor={}),
    "dev-embedded": office("blue", "viewer", editor={}),
    "travel": office("yellow", "viewer"),
    "client-a": {
        "label": "yellow",
        "prefs": {"netvm": "sys-vpn"},
        "containers": {"browser": {}, "editor": {}, "postgres": None},
    },
    "client-b": {
        "label": "yellow",
        "prefs": {"netvm": "sys-vpn"},
        "containers": {"browser": {}, "editor": {}},
    },
    "client-c": {
        "label": "yellow",
        "prefs": {"netvm": "sys-vpn"},
        "containers": ["browser", "music"],
    },
    "personal": {"label": "green", "containers": ["browser", "music", "viewer"]},
    "banking": {"label": "green", "containers": ["browser", "viewer"]},
    "photos": {"label": "green", "prefs": {"netvm": "none"}, "containers": ["viewer", "store"]},
    "untrusted": {"label": "red", "containers": ["browser", "viewer"]},
    "shopping": {"label": "red", "containers": ["browser", "viewer"]},
    "social": {"label": "red", "containers": ["browser", "music", "viewer"]},
    "builder": {"label": "gray", "class": "StandaloneVM", "template": "nixos-dev"},
    "nixos-dvm": {"label": "red", "prefs": {"template_for_dispvms": True}},
    "disp-web": {"label": "red", "class": "DispVM", "template": "nixos-dvm"},
}

PILLAR: dict[str, Any] = {
    "templates": {
        "nixos": {"os": "nixos"},
        "nixos-dev": {"clone": "nixos", "label": "gray"},
        "nixos-desktop": {"clone": "nixos", "label": "black"},
    },
    "defaults": {"template": "nixos", "prefs": {"netvm": "sys-firewall"}},
    "containers": CONTAINERS,
    "qubes": QUBES,
}
