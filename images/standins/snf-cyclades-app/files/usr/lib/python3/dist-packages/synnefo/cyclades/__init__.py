"""Stand-in of Cyclades: its machines are Ganeti's, made through RAPI."""
