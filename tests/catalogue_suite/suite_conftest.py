"""Start the server that everyone comes to; its port is in the environment before the clients are read."""

import os

import stub

stub.SERVER = stub.start()
os.environ["STUB_PORT"] = str(stub.SERVER.server_address[1])
