"""Real machines: this host answers their netboot and follows the installer and the first boot.

Read in this order: `target` (what it has in common with the other targets), `register` (what each
machine was handed), `server` (HTTP), `dhcp` (dnsmasq), `following` (first boot over ssh),
`rehearsal` (blank emulated machines on a network of their own). What the machines run is in
golden/installer/ and scripts/installer/.
"""
