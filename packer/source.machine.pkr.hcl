# A virtual machine with a kernel of its own: for a release whose programs do not run on the host's
# kernel. Every option is set, because the defaults of Packer 1.6.6 are small and slow. All files are in
# the layer's folder, in which Packer works: golden/bake/machine.py puts them there. The disk that Packer
# makes of its own accord is not attached, and the image that it asks for is none: of a path with a percent
# sign it would make no URL.
source "qemu" "machine" {
  iso_url          = "/dev/null"
  iso_checksum     = "none"
  format           = "qcow2"
  output_directory = "machine"
  skip_compaction  = true

  # One -drive here replaces all of Packer's own (docs/wheezy.md W16.4). What is written to a snapshot is
  # thrown away with QEMU. The kernel's options have the page that old programs call (W3.1); a timer that
  # a busy host starves is no reason to give up; and process 1 is a shell, as in /begin nothing is missing
  # but what takes time.
  qemuargs = [
    ["-cpu", var.machine_cpu],
    ["-drive", "file=machine.raw,if=virtio,format=raw,snapshot=on"],
    ["-drive", "file=given.tar,if=virtio,format=raw,readonly=on"],
    ["-drive", "file=made.tar,if=virtio,format=raw,cache=unsafe"],
    ["-drive", "file=below.raw,if=virtio,format=raw,snapshot=on"],
    # Packer's own forwards from every address of the host.
    ["-netdev", "user,id=user.0,restrict=on,hostfwd=tcp:127.0.0.1:{{ .SSHHostPort }}-:22"],
    ["-serial", "file:console.log"],
    ["-kernel", "vmlinuz"],
    ["-initrd", "initrd.img"],
    ["-append", join(" ", [
      "root=/dev/vda1 rw vsyscall=emulate no_timer_check mitigations=off net.ifnames=0 console=ttyS0 quiet",
      "init=/bin/sh -- -c \"tar -x -f /dev/vdb -C / --numeric-owner --xattrs --xattrs-include=* && . /begin\"",
    ])],
  ]

  accelerator    = var.machine_accelerator
  machine_type   = "pc"
  memory         = 2048
  cpus           = var.machine_processors
  headless       = true
  net_device     = "virtio-net"
  disk_interface = "virtio"
  boot_wait      = "1s"

  communicator         = "ssh"
  ssh_username         = "root"
  ssh_private_key_file = "key"
  ssh_timeout          = "10m"

  shutdown_command = "poweroff -f"
  shutdown_timeout = "1m"
}
