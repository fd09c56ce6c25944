# Each script runs inside the tree that var.enter leads to. -x, because its lines tell which command
# of a script failed; golden/bake/packer.py reads them.
build {
  sources = ["source.null.tree"]

  provisioner "shell-local" {
    scripts         = var.scripts
    execute_command = ["/bin/sh", "-c", "exec ${var.enter} /bin/sh -x /run/bake/scripts/$(basename {{.Script}})"]
  }
}
