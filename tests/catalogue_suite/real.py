"""The same as `clients.py`, for servers that really answer; what goes wrong in `use` is an error."""

import asyncio
import os

from clients import AsyncWay
from clients import Way

PORTS = {name.lower()[:-5]: int(port) for name, port in os.environ.items() if name.endswith("_PORT")}
HOST = "127.0.0.1"


class Psycopg(Way):
    entry = client = server = "postgres"
    def __init__(self):
        import psycopg
        self.made = psycopg.connect(host=HOST, port=PORTS[self.server], user="postgres", autocommit=True)
    def use(self): assert self.made.execute("select 1").fetchone() == (1,)
    def close(self): self.made.close()

class Psycopg2(Way):
    entry = server = "postgres"
    def __init__(self):
        import psycopg2
        self.made = psycopg2.connect(host=HOST, port=PORTS[self.server], user="postgres")
        self.made.autocommit = True
    def use(self): self.made.cursor().execute("select 1")
    def close(self): self.made.close()

class Asyncpg(AsyncWay):
    entry = server = "postgres"
    async def make(self):
        import asyncpg
        self.made = await asyncpg.connect(host=HOST, port=PORTS[self.server], user="postgres")
    async def work(self): assert await self.made.fetchval("select 1") == 1
    async def end(self): await self.made.close()

class Pg8000(Way):
    entry = server = "postgres"
    def __init__(self):
        import pg8000
        self.made = pg8000.connect(user="postgres", host=HOST, port=PORTS[self.server])
    def use(self): self.made.cursor().execute("select 1")
    def close(self): self.made.close()

class SqlalchemyPool(Way):
    entry = server = "postgres"
    def __init__(self):
        import sqlalchemy
        self.made = sqlalchemy.create_engine(f"postgresql+psycopg://postgres@{HOST}:{PORTS[self.server]}/postgres", pool_size=1)
    def use(self):
        import sqlalchemy
        with self.made.connect() as connection: connection.execute(sqlalchemy.text("select 1"))
    def close(self): self.made.dispose()

class Pymysql(Way):
    entry, server = "mysql", "mariadb"
    def __init__(self):
        import pymysql
        self.made = pymysql.connect(host=HOST, port=PORTS[self.server], user="root")
    def use(self): self.made.cursor().execute("select 1")
    def close(self): self.made.close()

class MysqlConnector(Way):
    entry, server = "mysql", "mariadb"
    def __init__(self):
        import mysql.connector
        self.made = mysql.connector.connect(host=HOST, port=PORTS[self.server], user="root", use_pure=True,
            collation="utf8mb4_general_ci", ssl_disabled=True)
    def use(self):
        cursor = self.made.cursor()
        cursor.execute("select 1")
        cursor.fetchall()
    def close(self): self.made.close()

class Aiomysql(AsyncWay):
    entry, server = "mysql", "mariadb"
    async def make(self):
        import aiomysql
        self.made = await aiomysql.connect(host=HOST, port=PORTS[self.server], user="root")
    async def work(self):
        async with self.made.cursor() as cursor: await cursor.execute("select 1")
    async def end(self): self.made.close()

class Redis(Way):
    entry = server = "redis"
    def __init__(self):
        import redis
        self.made = redis.Redis(HOST, PORTS[self.server])
    def use(self): assert self.made.ping()
    def close(self): self.made.close()

class RedisAsync(AsyncWay):
    entry = server = "redis"
    async def make(self):
        import redis.asyncio
        self.made = redis.asyncio.Redis(host=HOST, port=PORTS[self.server])
    async def work(self): assert await self.made.ping()
    async def end(self): await self.made.aclose()

class Valkey(Way):
    entry = server = "redis"
    def __init__(self):
        import valkey
        self.made = valkey.Valkey(HOST, PORTS[self.server])
    def use(self): assert self.made.ping()
    def close(self): self.made.close()

KEYS = dict(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")

class S3(Way):
    entry, server = "s3", "moto"
    def __init__(self):
        import boto3
        self.made = boto3.client("s3", endpoint_url=f"http://{HOST}:{PORTS[self.server]}", **KEYS)
    def use(self): self.made.list_buckets()
    def close(self): self.made.close()

class Sqs(Way):
    entry, server = "aws", "moto"
    def __init__(self):
        import boto3
        self.made = boto3.client("sqs", endpoint_url=f"http://{HOST}:{PORTS[self.server]}", **KEYS)
    def use(self): self.made.list_queues()
    def close(self): self.made.close()

class S3Async(AsyncWay):
    entry, server = "s3", "moto"
    async def make(self):
        import aiobotocore.session
        self.context = aiobotocore.session.get_session().create_client("s3", endpoint_url=f"http://{HOST}:{PORTS[self.server]}", **KEYS)
        self.made = await self.context.__aenter__()
    async def work(self): await self.made.list_buckets()
    async def end(self): await self.context.__aexit__(None, None, None)

class Smtplib(Way):
    entry = server = "smtp"
    def __init__(self):
        import smtplib
        self.made = smtplib.SMTP(HOST, PORTS[self.server])
    def use(self): assert self.made.noop()[0] == 250
    def close(self): self.made.close()

class Aiosmtplib(AsyncWay):
    entry = server = "smtp"
    async def make(self):
        import aiosmtplib
        self.made = aiosmtplib.SMTP(hostname=HOST, port=PORTS[self.server])
        await self.made.connect()
    async def work(self): assert (await self.made.noop()).code == 250
    async def end(self): self.made.close()

class Paramiko(Way):
    entry = server = "ssh"
    def __init__(self):
        import paramiko
        self.made = paramiko.SSHClient()
        self.made.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        self.made.connect(HOST, PORTS[self.server], "x", "x", allow_agent=False, look_for_keys=False)
    def use(self):
        _, output, _ = self.made.exec_command("said", timeout=5)
        assert output.read() == b"said"
    def close(self): self.made.close()

class Asyncssh(AsyncWay):
    entry = server = "ssh"
    async def make(self):
        import asyncssh
        self.made = await asyncssh.connect(HOST, PORTS[self.server], username="x", password="x", known_hosts=None)
    async def work(self): assert (await self.made.run("said")).stdout == "said"
    async def end(self): self.made.close()

class Pika(Way):
    entry = server = "rabbitmq"
    def __init__(self):
        import pika
        self.made = pika.BlockingConnection(pika.ConnectionParameters(HOST, PORTS[self.server]))
    def use(self): assert self.made.channel().queue_declare("x")
    def close(self): self.made.close()

class AioPika(AsyncWay):
    entry = server = "rabbitmq"
    async def make(self):
        import aio_pika
        self.made = await aio_pika.connect(f"amqp://guest:guest@{HOST}:{PORTS[self.server]}/")
    async def work(self): await (await self.made.channel()).declare_queue("y")
    async def end(self): await self.made.close()

class Kombu(Way):
    entry = server = "rabbitmq"
    def __init__(self):
        import kombu
        self.made = kombu.Connection(f"amqp://guest:guest@{HOST}:{PORTS[self.server]}//")
        self.made.connect()
    def use(self): self.made.SimpleQueue("z").put("word")
    def close(self): self.made.release()

class Dulwich(Way):
    entry = server = "git"
    def use(self):
        import dulwich.porcelain
        assert dulwich.porcelain.ls_remote(f"git://{HOST}:{PORTS[self.server]}/x")

class Pygit2(Way):
    entry = server = "git"
    def use(self):
        import pygit2, tempfile
        pygit2.clone_repository(f"git://{HOST}:{PORTS[self.server]}/x", tempfile.mkdtemp())

class Git(Way):
    entry = server = "git"
    def use(self):
        import subprocess
        subprocess.run(["git", "ls-remote", f"git://{HOST}:{PORTS[self.server]}/x"], check=True, capture_output=True)

def _all(cls):
    for each in cls.__subclasses__():
        yield each
        yield from _all(each)

WAYS = {each.__name__: each for each in _all(Way) if each.__module__ == __name__}
