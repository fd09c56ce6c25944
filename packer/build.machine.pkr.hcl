# The same scripts in a virtual machine. Its second disk is a tar of all that the layer is made from, at
# the host's own paths, and of two scripts of golden/bake/machine.py: /enter, which runs a script inside
# the tree, and /keep, which writes what the scripts made to the third disk.
build {
  sources = ["source.qemu.machine"]

  provisioner "shell" {
    inline         = ["tar -x -f /dev/vdb -C / --numeric-owner --xattrs --xattrs-include='*'"]
    inline_shebang = "/bin/sh -e"
  }

  dynamic "provisioner" {
    labels   = ["shell"]
    for_each = var.scripts

    content {
      script          = provisioner.value
      execute_command = "/bin/sh /enter ${basename(provisioner.value)}"
    }
  }

  provisioner "shell" {
    inline         = ["/bin/sh /keep"]
    inline_shebang = "/bin/sh -e"
  }
}
