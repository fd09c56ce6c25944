# The same scripts in a virtual machine, where /enter runs each inside the tree. The last one, `keep`, it
# runs outside: it writes what they made to a disk. golden/bake/machine.py writes both, and `begin`.
build {
  sources = ["source.qemu.machine"]

  dynamic "provisioner" {
    labels   = ["shell"]
    for_each = concat(var.scripts, ["keep"])

    content {
      script          = provisioner.value
      execute_command = "/bin/sh /enter ${basename(provisioner.value)}"
      skip_clean      = true
    }
  }
}
