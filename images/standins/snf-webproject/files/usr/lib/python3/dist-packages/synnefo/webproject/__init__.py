"""The web application and the management command of a host, made of its components."""
