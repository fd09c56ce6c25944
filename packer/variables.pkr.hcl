# What golden/bake/packer.py passes for one layer. The machine_* ones are used by source
# qemu.machine only.

variable "scripts" {
  type        = list(string)
  description = "The files of scripts/bake to run inside the image, in order."
}

variable "machine_accelerator" {
  type        = string
  default     = "tcg"
  description = "kvm where a guest really runs with it, else tcg."

  validation {
    condition     = contains(["kvm", "tcg"], var.machine_accelerator)
    error_message = "The accelerator must be kvm or tcg."
  }
}

variable "machine_cpu" {
  type        = string
  default     = "qemu64"
  description = "QEMU's model of a processor."
}

variable "machine_processors" {
  type        = number
  default     = 1
  description = "Virtual processors."
}
