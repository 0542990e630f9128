"""What kazoo promises its users, tried on the members given: host:port ... Prints "ok NAME" for each that holds.

Each recipe uses clients of different members at once, so that what one member says has to be true at another.
`hold HOST PATH` and `resume HOST PATH ID PASSWORD` are two halves of a session whose process is killed.
`outage HOST PATH` is a client that goes through an outage of the quorum.
"""

import os
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    NotReadOnlyCallError,
    RolledBackError,
)
from kazoo.security import make_digest_acl

WAIT_S = 60
# No session of a recipe expires, however busy the machine is.
TIMEOUT_S = 120.0
# From the end of one process to the hello of the next, which has to start first.
HELD_TIMEOUT_S = 15.0


def client(host, timeout=TIMEOUT_S, **options):
    zk = KazooClient(hosts=host, timeout=timeout, **options)
    zk.start(timeout=WAIT_S)
    return zk


def await_true(condition, what):
    give_up_at = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError("waited %d s for %s" % (WAIT_S, what))
        time.sleep(0.005)


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        return
    raise AssertionError("%s was not raised" % error.__name__)


def basics(zks, root):
    for number, zk in enumerate(zks):
        path = "%s/n%d" % (root, number)
        zk.create(path, b"first")
        raises(NodeExistsError, zk.create, path)
        other = zks[(number + 1) % len(zks)]
        other.sync(path)
        data, stat = other.get(path)
        assert data == b"first" and stat.version == 0
        assert other.set(path, b"second", version=0).version == 1
        raises(BadVersionError, zk.set, path, b"third", version=0)
        zk.sync(path)
        assert zk.get(path)[0] == b"second"
        assert zk.create(path + "/s-", sequence=True).endswith("s-0000000000")
        raises(NotEmptyError, zk.delete, path)
        zk.delete(path, recursive=True)
        raises(NoNodeError, zk.get, path)


def transactions(zks, root):
    for zk in zks:
        zk.create(root + "/base", b"0", makepath=True)
        transaction = zk.transaction()
        transaction.create(root + "/a", b"a")
        transaction.set_data(root + "/a", b"b")
        transaction.check(root + "/base", 0)
        transaction.create(root + "/a/seq-", b"", sequence=True)
        results = transaction.commit()
        assert results[0] == root + "/a" and results[1].version == 1
        assert results[2] is True and results[3] == root + "/a/seq-0000000000"
        failing = zk.transaction()
        failing.create(root + "/never")
        failing.check(root + "/base", 7)
        failing.delete(root + "/a")
        kinds = [type(result) for result in failing.commit()]
        assert kinds[0] is RolledBackError and kinds[1] is BadVersionError, kinds
        assert zk.exists(root + "/never") is None
        zk.delete(root + "/a", recursive=True)
        zk.delete(root + "/base")


def locks(zks, root):
    inside = []
    counted = [0]

    def work(zk, name):
        for _ in range(5):
            with zk.Lock(root + "/lock", name):
                inside.append(name)
                assert len(inside) == 1, inside
                counted[0] += 1
                inside.remove(name)

    threads = [threading.Thread(target=work, args=(zk, str(n))) for n, zk in enumerate(zks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert counted[0] == 5 * len(zks), counted


def elections(zks, root):
    elected = []

    def lead(name, done):
        elected.append(name)
        done.wait(WAIT_S)

    stops = [threading.Event() for _ in zks]
    threads = []
    for number, zk in enumerate(zks):
        election = zk.Election(root + "/election", str(number))
        thread = threading.Thread(target=election.run, args=(lead, number, stops[number]))
        thread.start()
        threads.append(thread)
    for round_number in range(len(zks)):
        await_true(lambda: len(elected) == round_number + 1, "one more leader")
        stops[elected[-1]].set()
    for thread in threads:
        thread.join(WAIT_S)
    assert sorted(elected) == list(range(len(zks)))


def watches(zks, root):
    seen = {n: [] for n in range(len(zks))}
    names = {n: [] for n in range(len(zks))}
    zks[0].create(root + "/watched", b"0")

    def watch(zk, number):
        @zk.DataWatch(root + "/watched")
        def on_data(data, _stat):
            seen[number].append(data)

        @zk.ChildrenWatch(root + "/watched")
        def on_children(children):
            names[number].append(sorted(children))

    for number, zk in enumerate(zks):
        zk.sync(root)
        watch(zk, number)
    for number, zk in enumerate(zks):
        value = b"set by %d" % number
        zk.set(root + "/watched", value)
        zk.create(root + "/watched/c%d" % number)
        children = ["c%d" % n for n in range(number + 1)]
        for n in seen:
            await_true(lambda: seen[n][-1:] == [value], "the data at %d" % n)
            await_true(lambda: names[n][-1:] == [children], "the children at %d" % n)
    zks[-1].delete(root + "/watched", recursive=True)
    for n in seen:
        await_true(lambda: seen[n][-1] is None, "the deletion at %d" % n)


def queues_and_counters(zks, root):
    for number, zk in enumerate(zks):
        zk.Queue(root + "/queue").put(b"%d" % number)
        counter = zk.Counter(root + "/counter")
        counter += 1
    zks[0].sync(root)
    got = sorted(zks[0].Queue(root + "/queue").get() for _ in zks)
    assert got == [b"%d" % number for number in range(len(zks))], got
    zks[0].sync(root)
    assert zks[0].Counter(root + "/counter").value == len(zks)


def acls(zks, root):
    acl = make_digest_acl("user", "pass", all=True)
    zks[0].create(root + "/private", b"secret", acl=[acl])
    zks[0].sync(root)
    for zk in zks[1:]:
        zk.sync(root)
        raises(NoAuthError, zk.get, root + "/private")
        zk.add_auth("digest", "user:pass")
        assert zk.get(root + "/private")[0] == b"secret"
        assert zk.get_acls(root + "/private")[0] == [acl]


def ephemerals(zks, root, hosts):
    for number, host in enumerate(hosts):
        path = "%s/eph%d" % (root, number)
        owner = client(host)
        owner.create(path, ephemeral=True)
        for zk in zks:
            zk.sync(root)
            assert zk.exists(path).ephemeralOwner == owner.client_id[0]
        owner.stop()
        for zk in zks:
            zk.sync(root)
            assert zk.exists(path) is None
        owner.close()


def read_only_flag(zks, root, hosts):
    """Accepted, and of no effect while there is a quorum."""
    for host in hosts:
        zk = client(host, read_only=True)
        assert zk.client_state == "CONNECTED", zk.client_state
        zk.create(root + "/ro-", sequence=True)
        zk.stop()
        zk.close()


def hold(host, path):
    """An ephemeral node, until this process is killed."""
    zk = client(host, timeout=HELD_TIMEOUT_S)
    zk.create(path, ephemeral=True)
    session_id, password = zk.client_id
    print(session_id, password.hex(), flush=True)
    threading.Event().wait()


def resume(host, path, session_id, password):
    """The session of `hold` at another member; left as it is, so that it can go on to the next."""
    session = (int(session_id), bytes.fromhex(password))
    zk = client(host, timeout=HELD_TIMEOUT_S, client_id=session)
    assert zk.client_id == session, "a new session: %s" % (zk.client_id,)
    zk.sync(path)
    assert zk.exists(path).ephemeralOwner == session[0]
    zk.set(path, host.encode())
    print("ok resume", flush=True)
    os._exit(0)


def outage(host, path):
    """Reads on while there is no quorum, between two lines on stdin, and writes again afterwards."""
    zk = client(host, timeout=HELD_TIMEOUT_S, read_only=True)
    states = []
    zk.add_listener(states.append)
    zk.get(path)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(20):
        zk.get(path)
    raises(NotReadOnlyCallError, zk.set, path, b"refused")
    late = client(host, timeout=HELD_TIMEOUT_S, read_only=True)
    assert late.client_state == "CONNECTED_RO", late.client_state
    late.get(path)
    late.stop()
    late.close()
    print("reads on", flush=True)
    sys.stdin.readline()
    zk.set(path, b"again")
    assert states == [], states
    print("ok outage", flush=True)
    os._exit(0)


def main(hosts):
    zks = [client(host) for host in hosts]
    zks[0].ensure_path("/kazoo")
    for recipe in (basics, transactions, locks, elections, watches, queues_and_counters, acls):
        root = "/kazoo/" + recipe.__name__
        zks[0].ensure_path(root)
        for zk in zks:
            zk.sync(root)
        recipe(zks, root)
        print("ok", recipe.__name__, flush=True)
    for recipe in (ephemerals, read_only_flag):
        root = "/kazoo/" + recipe.__name__
        zks[0].ensure_path(root)
        for zk in zks:
            zk.sync(root)
        recipe(zks, root, hosts)
        print("ok", recipe.__name__, flush=True)
    for zk in zks:
        zk.stop()
        zk.close()


if __name__ == "__main__":
    special = {"hold": hold, "resume": resume, "outage": outage}.get(sys.argv[1])
    if special is None:
        main(sys.argv[1:])
    else:
        special(*sys.argv[2:])
