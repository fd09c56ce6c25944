"""Images onto the disks of real machines: one bundle, written by one installer, in two forms.

The **bundle** (`bundle.make`, `.artifacts/SITE/metal/`) holds kernel and initramfs of the
installer, each kind's image in pieces, and a signed manifest. The installer (`scripts/installer/`)
runs from it over the network or from a stick (`stick`). Read in this order: `manifest` (what the
installer reads), `image` (the pieces), `initramfs` with `elf` and `cpio` (what it runs in),
`bundle`, `stick`, `flash`; for whether it will work at all `probe`, `drivers`, `fitness`. The host
of a netboot is golden/boot/metal/.

What the installer and whoever serves it over the network agree on:

- The kernel's command line is `Bundle.command_line(...)`, with these words: `boot=golden` (makes
  Debian's initramfs run scripts/installer/golden), `golden.site=SITE`, `golden.source=URL` or
  `golden.source=stick`, `golden.node=NODE` (else the node is the one with a MAC address of this
  machine), `golden.token=TOKEN` (sent back when the seed is asked for), `golden.reinstall=yes` (a
  disk with a finished image of ours is overwritten), `golden.force=DISK,…` (a disk of this serial
  number, WWN or kernel name is overwritten whatever lies on it, unless it is in use). A network
  card is chosen by `BOOTIF=01-MAC-WITH-DASHES` (as PXELINUX gives it), an address without DHCP by
  `ip=…` of the kernel's nfsroot.txt.
- It asks the source for `URL/manifest`, `URL/manifest.sig`, `URL/seed/NODE` and
  `URL/KIND/NNNNN.gz` with HTTP GET; the seed with the header `X-Golden-Token: TOKEN`. All but seeds
  lie in the bundle's folder under those names, are no secrets, and may be served to anybody; a seed
  is `Bundle.seeds[NODE]` and should leave the host once per token.
- Each line that it prints as `@installer {json}` on the console is also POSTed to
  `URL/report/NODE` (the same header; body: the JSON; NODE is empty until the manifest named the
  node, if `golden.node` does not). Its keys are those of first boot's lines
  (golden.boot.events.Event): node, step, n, of, state, detail, seconds, uptime. Steps: source,
  manifest, disk, seed, image, boot, installed. States: running, done, failed (it starts over after
  a minute), refused (the disk is as it was; a person must act). The end is step `installed`, state
  `done`, also from a node that was installed already; the machine then restarts, and should be sent
  to its disk.
"""
