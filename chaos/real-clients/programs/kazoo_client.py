"""kazoo as an application has it: SERVERS TIMEOUT_MS.

Each line on stdin is a request of the lab as JSON. It is answered with a line, and so is each change of the
connection. See chaos/docs/checking.md, "Real clients".
"""

import json
import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    KazooException,
    NoNodeError,
    NodeExistsError,
    NotEmptyError,
)
from kazoo.protocol.states import KazooState

READS = {"getData", "exists", "getChildren", "sync"}
# Only a server can have said them: the request was not carried out and never will be.
REFUSALS = {
    NoNodeError: "NONODE",
    NodeExistsError: "NODEEXISTS",
    BadVersionError: "BADVERSION",
    NotEmptyError: "NOTEMPTY",
}
EPHEMERAL = 1
SEQUENCE = 2

saying = threading.Lock()


def say(line):
    with saying:
        print(json.dumps(line), flush=True)


class Client(object):
    def __init__(self, servers, timeout_ms):
        self.timeout_ms = timeout_ms
        self.locks = {}
        self.zk = KazooClient(hosts=servers, timeout=timeout_ms / 1000.0)
        self.zk.add_listener(self.on_state)
        self.zk.start_async()

    def session(self):
        of = self.zk.client_id
        return None if of is None else "%x" % (of[0] & 0xFFFFFFFFFFFFFFFF)

    def server(self):
        try:
            return "%s:%d" % self.zk._connection._socket.getpeername()[:2]
        except (AttributeError, OSError):
            return None

    def on_state(self, state):
        # LOST is what kazoo calls an expired session. A new one follows by itself.
        if state == KazooState.CONNECTED:
            say({"state": "connected", "session": self.session(), "timeoutMs": self.timeout_ms})
        else:
            say({"state": "expired" if state == KazooState.LOST else "disconnected"})

    def answer(self, request):
        f, session = request["f"], request["session"]
        said = {"id": request["id"], "type": "ok"}
        if self.session() not in (session, None):
            return dict(said, type="fail", error="NOSESSION")
        unknown = "fail" if f in READS else "info"
        try:
            result = getattr(self, "do_" + f)(request)
            # It may have gone on with another session than the one that was asked.
            if result is None or self.session() != session:
                return dict(said, type=unknown, error="%s did not tell" % f)
            said.update(result)
        except KazooException as error:
            refusal = REFUSALS.get(type(error))
            said.update(type=unknown, error=refusal or type(error).__name__)
            if refusal is not None:
                said.update(type="fail", zxid=self.zk.last_zxid)
        server = self.server()
        return said if server is None else dict(said, server=server)

    def do_create(self, request):
        flags = request.get("flags", 0)
        created, stat = self.zk.create(
            request["path"],
            request.get("value", "").encode(),
            ephemeral=bool(flags & EPHEMERAL),
            sequence=bool(flags & SEQUENCE),
            include_data=True,
        )
        return {"created": created, "zxid": stat.czxid}

    def do_setData(self, request):
        value, version = request["value"].encode(), request.get("version", -1)
        stat = self.zk.set(request["path"], value, version=version)
        return {"zxid": stat.mzxid, "version": stat.version}

    def do_delete(self, request):
        self.zk.delete(request["path"], version=request.get("version", -1))
        return {"zxid": self.zk.last_zxid}

    def do_multi(self, request):
        transaction = self.zk.transaction()
        transaction.check(request["holder"], -1)
        transaction.set_data(request["path"], request["value"].encode(), -1)
        results = transaction.commit()
        for result in results:
            if type(result) in REFUSALS:
                raise result
        return {"zxid": results[1].mzxid}

    def do_getData(self, request):
        try:
            data, stat = self.zk.get(request["path"])
        except NoNodeError:
            return {"value": None, "zxid": self.zk.last_zxid}
        return dict(self.seen(stat), value=data.decode())

    def do_exists(self, request):
        stat = self.zk.exists(request["path"])
        return {"value": None, "zxid": self.zk.last_zxid} if stat is None else self.seen(stat)

    def seen(self, stat):
        return {"mzxid": stat.mzxid, "version": stat.version, "zxid": self.zk.last_zxid}

    def do_getChildren(self, request):
        children = self.zk.get_children(request["path"])
        return {"children": children, "zxid": self.zk.last_zxid}

    def do_sync(self, request):
        self.zk.sync(request["path"])
        return {"zxid": self.zk.last_zxid}

    def do_lock(self, request):
        path = request["path"]
        lock = self.zk.Lock(path)
        if not lock.acquire(timeout=request["atMostMs"] / 1000.0):
            return None
        holder = "%s/%s" % (path, lock.node)
        stat = self.zk.exists(holder)
        if stat is None or "%x" % (stat.ephemeralOwner & 0xFFFFFFFFFFFFFFFF) != request["session"]:
            lock.release()
            return None
        self.locks[holder] = lock
        return {"created": holder, "zxid": stat.czxid}

    def do_unlock(self, request):
        lock = self.locks.pop(request["path"], None)
        if lock is not None:
            lock.release()
        return None

    def close(self):
        self.zk.stop()
        self.zk.close()


def main(servers, timeout_ms):
    client = Client(servers, int(timeout_ms))
    for line in sys.stdin:
        request = json.loads(line)
        if request["f"] == "close":
            break
        say(client.answer(request))
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
