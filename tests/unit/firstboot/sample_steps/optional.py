"""A step that nothing needs, and that fails while there is a file called `broken`."""

from steps import breaks

GUIDE = ()
SERVICES = ()
OPTIONAL = True

done, run = breaks.done, breaks.run
