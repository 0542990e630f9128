"""A client as an application has it, on kazoo: HOSTS TIMEOUT_MS. Each line on stdin is a number to write to PATH.

It answers each with "ok", "error NAME" or "expired", and says "state NAME" when its connection changes.
"""

import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, SessionExpiredError

lock = threading.Lock()


def say(text):
    with lock:
        print(text, flush=True)


def main(hosts, timeout_ms, path):
    zk = KazooClient(hosts=hosts, timeout=int(timeout_ms) / 1000.0)
    # LOST is what kazoo calls an expired session. A new one follows by itself.
    zk.add_listener(lambda state: say("state %s" % state))
    zk.start(timeout=60)
    zk.ensure_path(path)
    say("ready %x" % zk.client_id[0])
    for line in sys.stdin:
        try:
            zk.set(path, line.strip().encode())
            say("ok")
        except SessionExpiredError:
            say("expired")
        except KazooException as error:
            say("error %s" % type(error).__name__)
    zk.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
