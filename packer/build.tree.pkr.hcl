# Packer works in the layer's own folder. There golden/bake/layer.py puts `enter`, which runs the script
# of that name inside the tree: so no path of the host is pasted into a command here.
build {
  sources = ["source.null.tree"]

  provisioner "shell-local" {
    scripts         = var.scripts
    execute_command = ["/bin/sh", "./enter", "{{.Script}}"]
  }
}
