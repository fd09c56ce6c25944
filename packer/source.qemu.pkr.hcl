# A virtual machine with the guest's own kernel: for a guest whose programs do not run on the host's
# kernel. Every option is set, because the defaults of Packer 1.6.6 are small and slow.
source "qemu" "disk" {
  iso_url          = var.qemu_image
  iso_checksum     = "none"
  disk_image       = true
  disk_size        = var.qemu_disk_size
  format           = "qcow2"
  output_directory = var.qemu_output
  vm_name          = "disk.qcow2"

  accelerator        = var.qemu_accelerator
  machine_type       = "pc"
  memory             = var.qemu_memory
  cpus               = 2
  headless           = true
  net_device         = "virtio-net"
  disk_interface     = "virtio"
  disk_cache         = "unsafe"
  disk_discard       = "unmap"
  disk_detect_zeroes = "unmap"
  disk_compression   = false
  boot_wait          = "1s"

  communicator         = "ssh"
  ssh_username         = "root"
  ssh_private_key_file = var.qemu_ssh_key
  ssh_timeout          = "20m"

  # -P: -h alone may only halt under sysvinit (docs/wheezy.md W16.3).
  shutdown_command = "shutdown -h -P now"
  shutdown_timeout = "10m"
}
