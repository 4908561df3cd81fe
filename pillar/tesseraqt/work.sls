# SPDX-License-Identifier: MIT
# What is done for a living.
tesseraqt:
  qubes:
    work:
      prefs:
        memory: 800
        maxmem: 4000
        default_dispvm: nixos-dvm
      tags: [billable]
      features:
        menu-items: firefox.desktop thunderbird.desktop
      volumes:
        private: 10 GiB
      # What is not accepted here is dropped.
      firewall:
        - {action: accept, specialtarget: dns}
        - {action: accept, proto: tcp, dstports: 443, dsthost: mail.example.com}
        - {action: accept, proto: tcp, dstports: 993, dsthost: mail.example.com}
        - accept proto=icmp
      containers:
        mail:
          # Towards a label that is trusted more, so that has to be said; and Qubes asks each time.
          keys: {to: vault/keys.agent, ask: true, trust: true}
        reader:
          wiki: {to: dev/wiki.http, trust: true}

    dev:
      template: nixos-dev
      label: purple
      prefs:
        memory: 1000
        maxmem: 8000
        vcpus: 4
      volumes:
        private: {size: 40 GiB, revisions_to_keep: 3}
      services:
        docker: false
      containers:
        postgres:
        cache:
        wiki: {db: postgres.sql, cache: cache.redis}

    # Has a root of its own, and builds what the others run.
    builder:
      class: StandaloneVM
      template: nixos-dev
      label: gray
      prefs:
        memory: 2000
        maxmem: 12000
        vcpus: 4
        include_in_backups: false
      volumes:
        root: 60 GiB
      running: false

    # It was declared once. Removed if it is tesseraqt's, with all its data.
    old-work:
      absent: true
