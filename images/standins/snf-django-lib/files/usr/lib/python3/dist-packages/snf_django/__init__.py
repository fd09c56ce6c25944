"""Stand-in of snf-django-lib: what the applications share. There is no Django in it."""
