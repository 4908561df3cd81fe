# SPDX-License-Identifier: MIT
# What is nobody else's business.
tesseraqt:
  qubes:
    personal:
      label: yellow
      tags:
        family: true
        # Taken away where it was given.
        billable: false
      services:
        cups: true

    vault:
      label: black
      prefs:
        netvm: none
        memory: 400
        maxmem: 400
      volumes:
        private: {revisions_to_keep: 5}
      containers: [keys]
