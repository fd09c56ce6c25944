"""The networks of the cloud in cloud_manage.py, in Cyclades and in Ganeti."""

import json

# c293 of the recorded commands, without the network's own fields and its subnets.
INSPECTED = """     State of Network {0} in DB
---------------------------------
           state |         ACTIVE


-------------------------------------------------------------------------
                State of Network {0} in DB for each backend
-------------------------------------------------------------------------
                 Backend |   State | Deleted | JobID | Opcode | JobStatus
-------------------------------------------------------------------------
{1} | {2} |   False |  None |   None |      None


----------------------------------------------------------
  State of network in backend: {1}
----------------------------------------------------------
           group_list  [['default', 'bridged', 'br1', '']]
"""


class Networks(object):
    """Cyclades' commands about networks; `networks`, `in_ganeti` and the rest are Manage's."""

    def network_create(self, words, options, stdin):
        # Each time one more.
        self.networks.append(
            {
                "id": len(self.networks) + 1,
                "name": options["name"],
                "public": "--public" in words,
                "subnet.ipv4": options["subnet"],
                "gateway.ipv4": options["gateway"],
                "link": options["link"],
                "floating_ip_pool": options["floating-ip-pool"],
            }
        )
        self._submit()
        return 0, "Successfully issued job to create network in backends"

    def reconcile_networks(self, words, options, stdin):
        # As the real one: an unsynced network is mended, a missing one gets its jobs and waits.
        told = ["D: Unsynced network <Network: {0}>".format(each) for each in self._unsynced()]
        if "--fix-all" in words:
            told += ["F: Issuing OP_NETWORK_CONNECT"] * len(self._unsynced())
            self.known_ends.update(self._unsynced())
            self.jobs_work = True
            self._submit()
        return 0, "\n".join(told)

    def _unsynced(self):
        there = [row["id"] for row in self.networks if "snf-net-%s" % row["id"] in self.in_ganeti]
        return [each for each in there if each not in self.known_ends]

    def network_inspect(self, words, options, stdin):
        state = "ACTIVE" if int(words[0]) in self.known_ends else "PENDING"
        cluster = self.cloud.world.golden["cluster"]["name"]
        return 0, INSPECTED.format(words[0], cluster, state)

    def _submit(self):
        if self.jobs_work:
            self.in_ganeti = {"snf-net-{0}".format(row["id"]) for row in self.networks}
            self.write_ganeti()

    def write_ganeti(self):
        names = {name: {"name": name} for name in self.in_ganeti}
        config = {"networks": names, "nodegroups": {"g": {"name": "default", "networks": names}}}
        self.cloud.world.put("var/lib/ganeti/config.data", json.dumps(config))
