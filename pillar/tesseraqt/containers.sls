# SPDX-License-Identifier: MIT
# NixOS containers, declared once; qubes pick them by name and wire them up.
tesseraqt:
  containers:
    postgres:
      config:
        services.postgresql:
          enable: true
          ensureDatabases: [wiki]
      state: [/var/lib/postgresql]
      provides:
        sql: {socket: /run/postgresql/.s.PGSQL.5432}
      limits: {memory: 1 GiB, cpu: 200, tasks: 512}

    wiki:
      packages: [wiki-js]
      state: [/var/lib/wiki-js]
      consumes:
        db: {tcp: 5432}
      provides:
        http: {tcp: 3000, max_connections: 8}

    # A desktop program of its own kind of trust, in the qube's application menu.
    reader:
      packages: [firefox]
      consumes:
        wiki: {tcp: 8080}
      desktop:
        wiki: {title: Wiki, command: [firefox, "http://localhost:8080"]}

    mail:
      packages: [thunderbird, gnupg]
      consumes:
        keys:
      desktop:
        mail: {title: Mail, command: [thunderbird], icon: thunderbird}
      users:
        alice: {uid: 1000, groups: [mail]}
      state: [/home/alice]

    keys:
      autostart: true
      packages: [gnupg]
      provides:
        agent: {socket: /run/user/1000/gnupg/S.gpg-agent, user: alice}
      users:
        alice: {uid: 1000}
      state: [/home/alice]
