"""Install images on the disks of real machines: one bundle, one installer, two ways to start it.

The **bundle** (`bundle.make`, `.artifacts/SITE/metal/`) holds the installer's kernel and
initramfs, the image of each kind in pieces, and a signed manifest. The installer
(`scripts/installer/`) starts from the network or from a USB stick (`stick`). Read in this order:
`manifest` (the installer's instructions), `image` (the pieces), `torrent` (by which many machines
share them), `initramfs` with `elf` and `cpio`
(the installer's environment), `bundle`, `stick`, `flash`. `probe`, `drivers` and `fitness` predict
whether an image will boot on a machine. golden/boot/metal/ serves a netboot.

The protocol between the installer and the server of a netboot:

- The kernel's command line (`Bundle.command_line`) has these words: `boot=golden` (Debian's
  initramfs then runs scripts/installer/golden), `golden.site=SITE`, `golden.source=URL` or
  `golden.source=stick`, `golden.node=NODE` (default: the node that has one of this machine's MAC
  addresses), `golden.token=TOKEN` (sent with each request for the seed), `golden.reinstall=yes`
  (overwrite a disk that holds a complete image of ours), `golden.force=DISK,…` (overwrite the disk
  with this serial number, WWN or kernel name whatever it holds, unless it is in use or has state),
  `golden.wipe=DISK,…` (count the state on that disk as nothing, whose ever it is).
  `BOOTIF=01-MAC-WITH-DASHES` (set by PXELINUX) chooses the network card, `ip=…` (the kernel's
  nfsroot.txt) an address without DHCP.
- The installer requests `URL/manifest`, `URL/manifest.sig`, `URL/seed/NODE` and
  `URL/KIND/NNNNN.gz` with HTTP GET; the seed with the header `X-Golden-Token: TOKEN`. Everything
  but the seeds lies in the bundle's folder under those names, holds no secret, and may be served to
  anyone. A seed is `Bundle.seeds[NODE]`, to be served once per token.
- If the manifest names a torrent of its kind, it requests `URL/KIND.torrent`, shares the pieces
  with the machines that install at the same time, and requests parts of them with `Range` as their
  web seed.
- Each line that it prints as `@installer {json}` on the console is also POSTed to
  `URL/report/NODE` with the same header and the JSON as its body (NODE is empty until the node is
  known). The keys are those of first boot's lines (golden.boot.events.Event): node, step, n, of,
  state, detail, seconds, uptime. Steps: source, manifest, disk, seed, image, boot, installed.
  States: running, done, failed (the installer starts over after a minute), refused (the disk is
  unchanged; a person must act). The last line is step `installed`, state `done`, also when the node
  was installed before; the machine then restarts and should boot from its disk.
"""
