"""Stand-in of Pithos: containers and objects, kept in Archipelago's block store."""
