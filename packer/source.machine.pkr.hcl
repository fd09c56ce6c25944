# A virtual machine with a kernel of its own: for a release whose programs do not run on the host's
# kernel. Every option is set, because the defaults of Packer 1.6.6 are small and slow. Paths are those
# of the layer's folder, in which Packer works.
source "qemu" "machine" {
  iso_url          = var.machine_disk
  iso_checksum     = "none"
  disk_image       = true
  use_backing_file = true
  skip_compaction  = true
  format           = "qcow2"
  output_directory = "machine"
  vm_name          = "disk.qcow2"

  # QEMU wants the format of what lies behind a qcow2 said (docs/wheezy.md W16.10).
  qemu_img_args {
    create = ["-F", "qcow2"]
  }

  # One -drive here replaces all of Packer's own (W16.4).
  qemuargs = [
    ["-cpu", var.machine_cpu],
    ["-drive", "file=machine/disk.qcow2,if=virtio,format=qcow2,cache=unsafe,discard=unmap"],
    ["-drive", "file=given.tar,if=virtio,format=raw,readonly=on"],
    ["-drive", "file=made.tar,if=virtio,format=raw,cache=unsafe"],
  ]

  accelerator      = var.machine_accelerator
  machine_type     = "pc"
  memory           = 2048
  cpus             = var.machine_processors
  headless         = true
  net_device       = "virtio-net"
  disk_interface   = "virtio"
  disk_compression = false
  boot_wait        = "1s"

  communicator         = "ssh"
  ssh_username         = "root"
  ssh_private_key_file = var.machine_key
  ssh_timeout          = "20m"

  # Its disk is thrown away.
  shutdown_command = "poweroff -f"
  shutdown_timeout = "2m"
}
