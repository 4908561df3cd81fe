# SPDX-License-Identifier: MIT
# NixOS containers, declared once; qubes pick them by name and wire them up.
tesseraqt:
  containers:
    postgres:
      config:
        services.postgresql:
          enable: true
          ensureDatabases: [wiki]
          ensureUsers: [{name: wiki, ensureDBOwnership: true}]
      users: {wiki: {}}
      state: [/var/lib/postgresql]
      provides:
        # PostgreSQL asks who calls: whoever comes through a wire to this is `wiki`.
        sql: {socket: /run/postgresql/.s.PGSQL.5432, user: wiki}
      limits: {memory: 1 GiB, cpu: 200, tasks: 512}

    cache:
      config:
        services.redis.servers.wiki: {enable: true}
      provides:
        redis: {socket: /run/redis-wiki/redis.sock, user: redis-wiki}

    wiki:
      config:
        services.nginx:
          enable: true
          virtualHosts:
            wiki:
              default: true
              locations:
                /: {return: 200 "Nothing is written here yet.\n"}
      packages: [postgresql, redis]
      consumes:
        db: {tcp: 5432}
        cache: {socket: /run/cache.sock}
      provides:
        http: {tcp: 80}

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
