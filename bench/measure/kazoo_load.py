"""Writes as an application on kazoo does: HOST:PORT PATH WRITES WINDOW BYTES, with WINDOW of them in flight.

It prints the rate, and the median time of a write in ms, as one line of JSON. The median leaves out the first WINDOW
writes, before which there was no queue.
"""

import json
import statistics
import sys
import threading
import time

from kazoo.client import KazooClient


def main(host, path, writes, window, size):
    zk = KazooClient(hosts=host, timeout=20.0)
    zk.start(timeout=60)
    zk.ensure_path(path)
    zk.set(path, b"warm")
    data = b"x" * size
    room = threading.Semaphore(window)
    times = []

    def done(began, result):
        result.get()
        times.append((time.perf_counter() - began) * 1000.0)
        room.release()

    from_s = time.perf_counter()
    for _ in range(writes):
        room.acquire()
        began = time.perf_counter()
        zk.set_async(path, data).rawlink(lambda result, began=began: done(began, result))
    for _ in range(window):
        room.acquire()
    seconds = time.perf_counter() - from_s
    print(json.dumps({"perSecond": writes / seconds, "medianMs": statistics.median(times[window:])}), flush=True)
    zk.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
