"""A client with a mistake: its recipe takes a lock for held as soon as it has asked for it."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "real-clients", "programs"))

import kazoo_client  # noqa: E402


class HastyClient(kazoo_client.Client):
    def do_lock(self, request):
        asked = dict(request, path=request["path"] + "/hasty__lock__", flags=3)
        return self.do_create(asked)

    def do_unlock(self, request):
        self.do_delete(request)
        return None


if __name__ == "__main__":
    kazoo_client.Client = HastyClient
    kazoo_client.main(*sys.argv[1:])
