"""An SSH server on a port of loopback, `--port N`: it lets everyone in who has the password ``x``, and says what it was told."""

import asyncio
import sys

import asyncssh


class Server(asyncssh.SSHServer):
    def begin_auth(self, username): return True
    def password_auth_supported(self): return True
    def validate_password(self, username, password): return password == "x"


async def main():
    def answer(process):
        process.stdout.write(process.command or "")
        process.exit(0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    await asyncssh.create_server(Server, "127.0.0.1", int(sys.argv[-1]), server_host_keys=[key], process_factory=answer)
    print("ready", flush=True)
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
