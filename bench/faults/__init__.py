"""Faults around first boot: nodes that come late or go, a LAN that is down, full disks, bad seeds.

Read in this order: `cases` (each fault, as a list of acts), `acts` (the words of that list),
`stage` (the site that they are played on), `__main__` (the run and its table).
"""
