"""An SMTP server on a port of loopback, `--port N`."""

import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[-1])).start()
print("ready", flush=True)
while True:
    time.sleep(60)
