"""What Ganeti's events change, as told by eventd or made up by a reconciliation.

Plays upstream's callbacks for networks, servers, their ports and volumes. Not: snapshots, resizes.
"""

import time
from typing import Any

import requests
from synnefo.cyclades import rapi
from synnefo.cyclades.quota import STATES, taken
from synnefo.webproject.session import charge, resolve

Message = dict[str, Any]
FINAL = "success", "error", "canceled"
STATUSES = "queued", "waiting", "running", "canceling", *FINAL


def made_up(operation: str) -> Message:
    """The event of a network's job that nobody told of."""
    message = {"operation": f"OP_NETWORK_{operation}", "status": "success", "jobId": 0}
    return message | {"event_time": [int(time.time()), 0]}


def _is_news(db: Any, table: str, where: str, key: tuple[Any, ...], message: Message) -> bool:
    """Note the job. Whether the message is newer than the object's last success."""
    if message["status"] not in STATUSES:
        raise ValueError(f"unknown status {message['status']}")
    when = message["event_time"][0] + message["event_time"][1] / 1e6
    sql = f"update {table} set backendjobid = %s, backendopcode = %s, backendjobstatus = %s,"
    sql += " backendtime = case when %s then to_timestamp(%s) else backendtime end"
    done = message["status"] == "success"
    values = message["jobId"], message["operation"], message["status"], done, when, *key, when
    return bool(db.run(f"{sql} where {where} and backendtime < to_timestamp(%s)", *values))


def _is_gone(db: Any, settings: Any, backend: int, path: str) -> bool:
    """Whether Ganeti has no such thing, so that a failed removal is as good as one that was not."""
    row = db.one("select * from db_backend where id = %s", backend)
    try:
        rapi.of(settings, row).call("GET", path)
    except requests.HTTPError as error:
        return error.response is not None and error.response.status_code == 404
    return False


def delete_network(db: Any, number: int) -> None:
    """The network is gone."""
    sql = "update db_network set deleted = true, state = 'DELETED', drained = false where id = %s"
    db.run(sql, number)
    db.run("update db_ipaddress set deleted = true where network_id = %s", number)


def on_network(db: Any, settings: Any, number: int, backend: int, message: Message) -> None:
    """A job on a network changed."""
    key = (number, backend)
    if not _is_news(db, "db_backendnetwork", "network_id = %s and backend_id = %s", key, message):
        return
    job, status = message["operation"].removeprefix("OP_NETWORK_"), message["status"]
    state = {
        "ADD": "PENDING",
        "DISCONNECT": "PENDING",
        "CONNECT": "ACTIVE",
        "REMOVE": "DELETED",
    }.get(job)
    path = f"/networks/{settings.BACKEND_PREFIX_ID}net-{number}"
    if (job, status) == ("REMOVE", "error") and _is_gone(db, settings, backend, path):
        status = "success"
    if job == "ADD" and status in ("error", "canceled"):
        state = "ERROR"
    elif status != "success" or not state:
        return
    sql = "update db_backendnetwork set operstate = %s, deleted = %s where network_id = %s"
    db.run(f"{sql} and backend_id = %s", state, state == "DELETED", *key)
    left = "select 1 from db_backendnetwork where network_id = %s and not deleted"
    if state == "DELETED" and not db.one(left, number):
        delete_network(db, number)


def on_server(db: Any, settings: Any, number: int, message: Message) -> None:
    """A job on a machine changed: only its end changes the machine."""
    # Whoever submitted the job may still be noting it.
    sql = "select * from db_virtualmachine where id = %s and not deleted for update"
    row = db.one(sql, number)
    if not row or not _is_news(db, "db_virtualmachine", "id = %s", (number,), message):
        return
    job, status = message["operation"].removeprefix("OP_INSTANCE_"), message["status"]
    if status not in FINAL:
        return
    path = f"/instances/{settings.BACKEND_PREFIX_ID}{number}"
    if (job, status) == ("REMOVE", "error") and _is_gone(db, settings, row["backend_id"], path):
        status = "success"
    if job != "CREATE":
        _count(db, settings, row, job, message["jobId"], done=status == "success")
    if row["task_job_id"] in (None, message["jobId"]):
        db.change("db_virtualmachine", number, task=None, task_job_id=None)
    if status == "success":
        _succeeded(db, number, job, message)
    elif job == "CREATE":
        db.change("db_virtualmachine", number, operstate="ERROR")
        db.run("update db_networkinterface set state = 'ERROR' where machine_id = %s", number)
        db.run("update db_volume set status = 'ERROR' where machine_id = %s", number)


def _count(
    db: Any, settings: Any, row: dict[str, Any], job: str, number: int, *, done: bool
) -> None:
    """End the commission that waits for this job, or charge for a job that none was issued for."""
    serial, ours = row["serial"], row["task_job_id"] == number
    if serial and (ours or done):
        resolve(settings, "CYCLADES", serial, accept=ours and done)
        db.change("db_virtualmachine", row["id"], serial=None)
    if done and not (serial and ours):
        machine = db.one("select * from db_machine where id = %s", row["id"])
        if wanted := taken(machine, job):
            charge(settings, "CYCLADES", row["userid"], wanted, force=True)


def _succeeded(db: Any, number: int, job: str, message: Message) -> None:
    db.run("update db_virtualmachine set updated = now() where id = %s", number)
    if job == "REMOVE":
        _remove(db, number)
    elif job in STATES:
        db.change("db_virtualmachine", number, operstate=STATES[job], buildpercentage=100)
    if "instance_nics" in message:
        _ports(db, number, message["instance_nics"])
    for disk in message.get("instance_disks", ()):
        if volume := str(disk["name"] or "").rpartition("snf-vol-")[2]:
            db.change("db_volume", int(volume), status="IN_USE")


def _ports(db: Any, number: int, nics: list[Message]) -> None:
    kept = []
    for nic in nics:
        if port := str(nic["name"] or "").rpartition("snf-nic-")[2]:
            kept.append(int(port))
            db.change("db_networkinterface", int(port), state="ACTIVE", mac=nic["mac"])
    sql = "delete from db_networkinterface where machine_id = %s and not id = any(%s)"
    db.run(f"{sql} and state <> 'BUILD'", number, kept)


def _remove(db: Any, number: int) -> None:
    own = "nic_id in (select id from db_networkinterface where machine_id = %s)"
    db.run(f"update db_ipaddress set deleted = true where not floating_ip and {own}", number)
    db.run(f"update db_ipaddress set nic_id = null where {own}", number)
    db.run("delete from db_networkinterface where machine_id = %s", number)
    db.run("update db_volume set deleted = true, status = 'DELETED' where machine_id = %s", number)
    db.change("db_virtualmachine", number, deleted=True, operstate="DESTROYED")
