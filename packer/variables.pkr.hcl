# What golden/bake/packer.py passes for one layer. The qemu_* ones are used by source qemu.disk only.

variable "scripts" {
  type        = list(string)
  description = "The files of scripts/bake to run inside the image, in order."
}

variable "qemu_image" {
  type        = string
  default     = "disk.qcow2"
  description = "Source qemu.disk: the bootable disk to start from (qcow2); it stays as it is."
}

variable "qemu_output" {
  type        = string
  default     = "output"
  description = "Source qemu.disk: the folder, not there yet, that gets the disk."
}

variable "qemu_input" {
  type        = string
  default     = "bake.tar"
  description = "Source qemu.disk: a tar archive of /run/bake: scripts, input, debs."
}

variable "qemu_ssh_key" {
  type        = string
  default     = ""
  description = "Source qemu.disk: the private key that logs in as root."
}

variable "qemu_accelerator" {
  type        = string
  default     = "tcg"
  description = "Source qemu.disk: kvm where a guest really runs with it, else tcg."

  validation {
    condition     = contains(["kvm", "tcg"], var.qemu_accelerator)
    error_message = "The accelerator must be kvm or tcg."
  }
}

variable "qemu_memory" {
  type        = number
  default     = 1024
  description = "Source qemu.disk: MiB of memory of the virtual machine."
}

variable "qemu_disk_size" {
  type        = string
  default     = "6G"
  description = "Source qemu.disk: size of the disk; not below that of qemu_image."
}
