"""A class for each way of each client: `use` does one thing with the service, and keeps its connection."""

import asyncio
import contextlib
import importlib
import os

HOST, PORT = "127.0.0.1", int(os.environ["STUB_PORT"])
URL = f"http://{HOST}:{PORT}"


class Way:
    """One way of using a client.

    Attributes:
        entry: The entry of the catalogue that it is about.
        client: The package, as the entry has it.
        counts: Whether the server sees it.
        needs: What else has to be importable.
        lingers: What it has started for one test may still connect while the next one runs.
        is_apart: Whether it makes what comes after it in the process doubtful.
    """

    entry = client = needs = ""
    counts = True
    lingers = is_apart = False
    def close(self): pass


class AsyncWay(Way):
    """The client lives in a loop of its own."""
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.run(self.make())
    async def make(self): pass
    def run(self, coroutine): return self.loop.run_until_complete(asyncio.wait_for(coroutine, 5))
    def use(self): self.run(self.work())
    def close(self):
        with contextlib.suppress(Exception): self.run(self.end())
        self.loop.close()
    async def end(self): pass


# postgres

class Psycopg(Way):
    entry = "postgres"
    client = "psycopg"
    def use(self):
        import psycopg
        psycopg.connect(f"host={HOST} port={PORT} user=x connect_timeout=2")

class PsycopgAsync(AsyncWay):
    entry = "postgres"
    client = "psycopg"
    async def work(self):
        import psycopg
        await psycopg.AsyncConnection.connect(f"host={HOST} port={PORT} user=x connect_timeout=2")

class Psycopg2(Way):
    entry = "postgres"
    client = "psycopg2"
    def use(self):
        import psycopg2
        psycopg2.connect(f"host={HOST} port={PORT} user=x connect_timeout=2")

class Asyncpg(AsyncWay):
    entry = "postgres"
    client = "asyncpg"
    async def work(self):
        import asyncpg
        await asyncpg.connect(host=HOST, port=PORT, user="x", password="x", timeout=2)

class Pg8000(Way):
    entry = "postgres"
    client = "pg8000"
    def use(self):
        import pg8000
        pg8000.connect(user="x", host=HOST, port=PORT, timeout=2)

class SqlalchemyPostgres(Way):
    entry = "postgres"
    client = "psycopg2"
    needs = "sqlalchemy"
    def use(self):
        import sqlalchemy
        sqlalchemy.create_engine(f"postgresql+psycopg2://x:x@{HOST}:{PORT}/x").connect()


# mysql

class Pymysql(Way):
    entry = "mysql"
    client = "pymysql"
    def use(self):
        import pymysql
        pymysql.connect(host=HOST, port=PORT, user="x", connect_timeout=2)

class Aiomysql(AsyncWay):
    entry = "mysql"
    client = "aiomysql"
    async def work(self):
        import aiomysql
        await aiomysql.connect(host=HOST, port=PORT, user="x", connect_timeout=2)

class MysqlConnector(Way):
    entry = "mysql"
    client = "mysql"
    def use(self):
        import mysql.connector
        mysql.connector.connect(host=HOST, port=PORT, user="x", use_pure=True, connection_timeout=2)

class MysqlConnectorC(Way):
    entry = "mysql"
    client = "mysql"
    needs = "_mysql_connector"
    def use(self):
        import mysql.connector
        mysql.connector.connect(host=HOST, port=PORT, user="x", use_pure=False, connection_timeout=2)

class MysqlConnectorAsync(AsyncWay):
    entry = "mysql"
    client = "mysql"
    needs = "mysql.connector.aio"
    async def work(self):
        import mysql.connector.aio
        await mysql.connector.aio.connect(host=HOST, port=PORT, user="x", connection_timeout=2)

class Mysqlclient(Way):
    entry = "mysql"
    client = "MySQLdb"
    def use(self):
        import MySQLdb
        MySQLdb.connect(host=HOST, port=PORT, user="x", connect_timeout=2)


# redis

class Redis(Way):
    entry = "redis"
    client = "redis"
    def __init__(self):
        import redis
        self.client = redis.Redis(HOST, PORT, socket_timeout=2)
    def use(self): self.client.ping()
    def close(self): self.client.close()

class RedisAsync(AsyncWay):
    entry = "redis"
    client = "redis"
    async def make(self):
        import redis.asyncio
        self.client = redis.asyncio.Redis(host=HOST, port=PORT, socket_timeout=2)
    async def work(self): await self.client.ping()
    async def end(self): await self.client.aclose()

class Valkey(Way):
    entry = "redis"
    client = "valkey"
    def use(self):
        import valkey
        valkey.Valkey(HOST, PORT, socket_timeout=2).ping()

class ValkeyAsync(AsyncWay):
    entry = "redis"
    client = "valkey"
    async def work(self):
        import valkey.asyncio
        await valkey.asyncio.Valkey(host=HOST, port=PORT, socket_timeout=2).ping()


# mongodb

class Pymongo(Way):
    entry = "mongodb"
    lingers = True
    client = "pymongo"
    def use(self):
        import pymongo
        client = pymongo.MongoClient(HOST, PORT, serverSelectionTimeoutMS=300)
        try: client.admin.command("ping")
        finally: client.close()

class PymongoAsync(AsyncWay):
    entry = "mongodb"
    lingers = True
    client = "pymongo"
    needs = "pymongo.asynchronous"
    async def work(self):
        import pymongo
        client = pymongo.AsyncMongoClient(HOST, PORT, serverSelectionTimeoutMS=300)
        try: await client.admin.command("ping")
        finally: await client.close()

class Motor(AsyncWay):
    entry = "mongodb"
    lingers = True
    client = "pymongo"
    needs = "motor"
    async def work(self):
        import motor.motor_asyncio
        client = motor.motor_asyncio.AsyncIOMotorClient(HOST, PORT, serverSelectionTimeoutMS=300)
        try: await client.admin.command("ping")
        finally: client.close()


# elasticsearch

class Elasticsearch(Way):
    entry = "elasticsearch"
    client = "elastic_transport"
    needs = "elasticsearch"
    def __init__(self):
        import elasticsearch
        self.client = elasticsearch.Elasticsearch(URL, request_timeout=2, max_retries=0)
    def use(self): self.client.info()
    def close(self): self.client.close()

class ElasticsearchAsync(AsyncWay):
    entry = "elasticsearch"
    client = "elastic_transport"
    needs = "elasticsearch"
    async def make(self):
        import elasticsearch
        self.client = elasticsearch.AsyncElasticsearch(URL, request_timeout=2, max_retries=0)
    async def work(self): await self.client.info()
    async def end(self): await self.client.close()

class Opensearch(Way):
    entry = "elasticsearch"
    client = "opensearchpy"
    def __init__(self):
        import opensearchpy
        self.client = opensearchpy.OpenSearch(URL, timeout=2, max_retries=0)
    def use(self): self.client.info()
    def close(self): self.client.close()

class OpensearchAsync(AsyncWay):
    entry = "elasticsearch"
    client = "opensearchpy"
    async def make(self):
        import opensearchpy
        self.client = opensearchpy.AsyncOpenSearch(URL, timeout=2, max_retries=0)
    async def work(self): await self.client.info()
    async def end(self): await self.client.close()


# rabbitmq

class Pika(Way):
    entry = "rabbitmq"
    client = "pika"
    def use(self):
        import pika
        pika.BlockingConnection(pika.ConnectionParameters(HOST, PORT, connection_attempts=1, socket_timeout=2, stack_timeout=2))

class AioPika(AsyncWay):
    entry = "rabbitmq"
    client = "aiormq"
    needs = "aio_pika"
    async def work(self):
        import aio_pika
        await aio_pika.connect(f"amqp://x:x@{HOST}:{PORT}/", timeout=2)

class Kombu(Way):
    entry = "rabbitmq"
    client = "amqp"
    needs = "kombu"
    def use(self):
        import kombu
        kombu.Connection(f"amqp://x:x@{HOST}:{PORT}//", connect_timeout=2).connect()


# kafka

class KafkaPython(Way):
    entry = "kafka"
    lingers = True
    client = "kafka"
    def use(self):
        import kafka
        new = hasattr(kafka, "net") or int(kafka.__version__.partition(".")[0]) > 2
        self.options = {"bootstrap_timeout_ms": 500} if new else {"api_version_auto_timeout_ms": 500}
        kafka.KafkaProducer(bootstrap_servers=[f"{HOST}:{PORT}"], **self.options)

class Aiokafka(AsyncWay):
    entry = "kafka"
    lingers = True
    client = "aiokafka"
    async def work(self):
        import aiokafka
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=f"{HOST}:{PORT}", request_timeout_ms=500)
        try: await producer.start()
        finally: await producer.stop()


# s3, aws

class Boto3S3(Way):
    entry = "s3"
    client = "botocore"
    needs = "boto3"
    service = "s3"
    def __init__(self):
        import boto3, botocore.config
        config = botocore.config.Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
        self.client = boto3.client(self.service, endpoint_url=URL, region_name="us-east-1", config=config,
            aws_access_key_id="x", aws_secret_access_key="x")
    def use(self): self.client.head_bucket(Bucket="x")
    def close(self): self.client.close()

class Boto3(Boto3S3):
    entry = "aws"
    service = "sqs"
    def use(self): self.client.list_queues()

class AiobotocoreS3(AsyncWay):
    entry = "s3"
    client = "aiobotocore"
    service = "s3"
    async def make(self):
        import aiobotocore.session, botocore.config
        config = __import__("aiobotocore.config").config.AioConfig(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
        self.context = aiobotocore.session.get_session().create_client(self.service, endpoint_url=URL, region_name="us-east-1",
            config=config, aws_access_key_id="x", aws_secret_access_key="x")
        self.client = await self.context.__aenter__()
    async def work(self): await self.client.head_bucket(Bucket="x")
    async def end(self): await self.context.__aexit__(None, None, None)

class Aiobotocore(AiobotocoreS3):
    entry = "aws"
    service = "sqs"
    async def work(self): await self.client.list_queues()


# gcp

class GoogleRest(Way):
    entry = "gcp"
    client = "google.auth"
    def __init__(self):
        import google.auth.credentials, google.auth.transport.requests
        self.session = google.auth.transport.requests.AuthorizedSession(google.auth.credentials.AnonymousCredentials())
    def use(self): self.session.get(URL, timeout=2)
    def close(self): self.session.close()

class GoogleStorage(Way):
    entry = "gcp"
    client = "google.auth"
    needs = "google.cloud.storage"
    def __init__(self):
        import google.auth.credentials, google.cloud.storage
        self.client = google.cloud.storage.Client(project="x", credentials=google.auth.credentials.AnonymousCredentials(), client_options={"api_endpoint": URL})
    def use(self): self.client.get_bucket("x", timeout=2, retry=None)
    def close(self): self.client.close()

class GooglePubsub(Way):
    entry = "gcp"
    client = "google.api_core"
    needs = "google.pubsub_v1"
    def use(self):
        import grpc, google.pubsub_v1, google.pubsub_v1.services.publisher.transports as transports
        channel = grpc.insecure_channel(f"{HOST}:{PORT}", options=[("grpc.use_local_subchannel_pool", 1)])
        client = google.pubsub_v1.PublisherClient(transport=transports.PublisherGrpcTransport(channel=channel))
        client.get_topic(topic="projects/x/topics/x", timeout=0.5, retry=None)


# azure

class AzureBlob(Way):
    entry = "azure"
    client = "azure.core"
    needs = "azure.storage.blob"
    def __init__(self):
        import azure.storage.blob
        self.client = azure.storage.blob.BlobServiceClient(f"{URL}/x", credential="eA==", retry_total=0)
    def use(self): self.client.get_account_information()
    def close(self): self.client.close()

class AzureBlobAsync(AsyncWay):
    entry = "azure"
    client = "azure.core"
    needs = "azure.storage.blob.aio"
    async def make(self):
        import azure.storage.blob.aio
        self.client = azure.storage.blob.aio.BlobServiceClient(f"{URL}/x", credential="eA==", retry_total=0)
    async def work(self): await self.client.get_account_information()
    async def end(self): await self.client.close()


# http

class Urllib(Way):
    entry = "http"
    client = "http"
    def use(self):
        import urllib.request
        urllib.request.urlopen(URL, timeout=2).read()

class HttpClient(Way):
    entry = "http"
    client = "http"
    def __init__(self):
        import http.client
        self.client = http.client.HTTPConnection(HOST, PORT, timeout=2)
    def use(self):
        try:
            self.client.request("GET", "/")
            self.client.getresponse().read()
        except BaseException:
            self.client.close()  # it has to be done with one request before the next
            raise
    def close(self): self.client.close()

class Requests(Way):
    entry = "http"
    client = "urllib3"
    needs = "requests"
    def __init__(self):
        import requests
        self.client = requests.Session()
    def use(self): self.client.get(URL, timeout=2)
    def close(self): self.client.close()

class Urllib3(Way):
    entry = "http"
    client = "urllib3"
    def __init__(self):
        import urllib3
        self.client = urllib3.PoolManager()
    def use(self): self.client.request("GET", URL, timeout=2, retries=False)
    def close(self): self.client.clear()

class Httpx(Way):
    entry = "http"
    client = "httpcore"
    needs = "httpx"
    package = "httpx"
    def __init__(self): self.client = __import__(self.package).Client(timeout=2)
    def use(self): self.client.get(URL)
    def close(self): self.client.close()

class HttpxAsync(AsyncWay):
    entry = "http"
    client = "httpcore"
    needs = "httpx"
    package = "httpx"
    async def make(self): self.client = __import__(self.package).AsyncClient(timeout=2)
    async def work(self): await self.client.get(URL)
    async def end(self): await self.client.aclose()

class HttpxTrio(Way):
    entry = "http"
    client = "httpcore"
    needs = "httpx"
    package = "httpx"
    def use(self):
        import trio
        async def work():
            async with __import__(self.package).AsyncClient(timeout=2) as client: await client.get(URL)
        trio.run(work)

class Httpx2(Httpx): client, package, needs = "httpcore2", "httpx2", "httpx2"
class Httpx2Async(HttpxAsync): client, package, needs = "httpcore2", "httpx2", "httpx2"
class Httpx2Trio(HttpxTrio): client, package, needs = "httpcore2", "httpx2", "httpx2"

class Aiohttp(AsyncWay):
    entry = "http"
    client = "aiohttp"
    async def make(self):
        import aiohttp
        self.client = aiohttp.ClientSession()
    async def work(self):
        async with self.client.get(URL) as response: await response.read()
    async def end(self): await self.client.close()

class Httplib2(Way):
    entry = "http"
    client = "httplib2"
    def __init__(self):
        import httplib2
        self.client = httplib2.Http(timeout=2)
    def use(self):
        try: self.client.request(URL)
        except BaseException:
            self.client.close()  # as of http.client
            raise
    def close(self): self.client.close()

class Tornado(AsyncWay):
    entry = "http"
    client = "tornado"
    async def make(self):
        from tornado.httpclient import AsyncHTTPClient
        self.client = AsyncHTTPClient(force_instance=True)
    async def work(self): await self.client.fetch(URL, request_timeout=2)
    async def end(self): self.client.close()

class TornadoSync(Way):
    entry = "http"
    client = "tornado"
    def __init__(self):
        from tornado.httpclient import HTTPClient
        self.client = HTTPClient()
    def use(self): self.client.fetch(URL, request_timeout=2)
    def close(self): self.client.close()

class TornadoWebSocket(AsyncWay):
    entry = "http"
    client = "tornado"
    async def work(self):
        from tornado.websocket import websocket_connect
        await websocket_connect(URL.replace("http", "ws"), connect_timeout=2)

class WebSocketClient(Way):
    entry = "http"
    client = "websocket"
    def use(self):
        import websocket
        websocket.create_connection(URL.replace("http", "ws"), timeout=2)

class WebSocketApp(Way):
    entry = "http"
    client = "websocket"
    def use(self):
        import websocket
        websocket.WebSocketApp(URL.replace("http", "ws")).run_forever()

class WebsocketsSync(Way):
    entry = "http"
    client = "websockets"
    def use(self):
        from websockets.sync.client import connect
        connect(URL.replace("http", "ws"), open_timeout=2)

class WebsocketsAsync(AsyncWay):
    entry = "http"
    client = "websockets"
    async def work(self):
        from websockets.asyncio.client import connect
        async with connect(URL.replace("http", "ws"), open_timeout=2): pass

class WebsocketsLegacy(AsyncWay):
    entry = "http"
    client = "websockets"
    async def work(self):
        from websockets.legacy.client import connect
        await connect(URL.replace("http", "ws"), open_timeout=2)

class WebsocketsTrio(Way):
    entry = "http"
    client = "websockets"
    needs = "websockets.trio.client"
    def use(self):
        import trio
        from websockets.trio.client import connect
        async def work():
            async with connect(URL.replace("http", "ws"), open_timeout=2): pass
        trio.run(work)

class Pycurl(Way):
    entry = "http"
    client = "pycurl"
    is_apart = True
    def use(self):
        import pycurl
        curl = pycurl.Curl()
        curl.setopt(curl.URL, URL)
        curl.setopt(curl.TIMEOUT, 2)
        curl.setopt(curl.WRITEFUNCTION, lambda data: None)
        curl.perform()


# grpc

class Grpc(Way):
    entry = "grpc"
    client = "grpc"
    kind = "unary_unary"
    def use(self):
        import grpc
        with grpc.insecure_channel(f"{HOST}:{PORT}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            self.ask(getattr(channel, self.kind)("/x/x"))
    def ask(self, call): call(b"x", timeout=0.3)

class GrpcFuture(Grpc):
    def ask(self, call): call.future(b"x", timeout=0.3).result()

class GrpcWithCall(Grpc):
    def ask(self, call): call.with_call(b"x", timeout=0.3)

class GrpcUnaryStream(Grpc):
    kind = "unary_stream"
    def ask(self, call): list(call(b"x", timeout=0.3))

class GrpcStreamUnary(Grpc):
    kind = "stream_unary"
    def ask(self, call): call(iter([b"x"]), timeout=0.3)

class GrpcStreamUnaryFuture(Grpc):
    kind = "stream_unary"
    def ask(self, call): call.future(iter([b"x"]), timeout=0.3).result()

class GrpcStreamStream(Grpc):
    kind = "stream_stream"
    def ask(self, call): list(call(iter([b"x"]), timeout=0.3))

class GrpcAio(AsyncWay):
    entry = "grpc"
    client = "grpc"
    kind = "unary_unary"
    async def work(self):
        import grpc.aio
        async with grpc.aio.insecure_channel(f"{HOST}:{PORT}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            await self.ask(getattr(channel, self.kind)("/x/x"))
    async def ask(self, call): await call(b"x", timeout=0.3)

class GrpcAioUnaryStream(GrpcAio):
    kind = "unary_stream"
    async def ask(self, call): await call(b"x", timeout=0.3).read()

class GrpcAioStreamUnary(GrpcAio):
    kind = "stream_unary"
    async def ask(self, call): await call(iter([b"x"]), timeout=0.3)

class GrpcAioStreamStream(GrpcAio):
    kind = "stream_stream"
    async def ask(self, call): await call(iter([b"x"]), timeout=0.3).read()


# ssh

class Paramiko(Way):
    entry = "ssh"
    client = "paramiko"
    def use(self):
        import paramiko
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(HOST, PORT, "x", "x", timeout=2, banner_timeout=1, allow_agent=False, look_for_keys=False)

class ParamikoTransport(Way):
    entry = "ssh"
    client = "paramiko"
    def use(self):
        import paramiko
        paramiko.Transport((HOST, PORT)).start_client(timeout=1)

class Asyncssh(AsyncWay):
    entry = "ssh"
    client = "asyncssh"
    async def work(self):
        import asyncssh
        await asyncssh.connect(HOST, PORT, username="x", password="x", known_hosts=None, login_timeout=2)


# smtp

class Smtplib(Way):
    entry = "smtp"
    client = "smtplib"
    def use(self):
        import smtplib
        smtplib.SMTP(HOST, PORT, timeout=2)

class Lmtp(Way):
    entry = "smtp"
    client = "smtplib"
    def use(self):
        import smtplib
        smtplib.LMTP(HOST, PORT, timeout=2)

class SmtpSsl(Way):
    entry = "smtp"
    client = "smtplib"
    def use(self):
        import smtplib
        smtplib.SMTP_SSL(HOST, PORT, timeout=2)

class Aiosmtplib(AsyncWay):
    entry = "smtp"
    client = "aiosmtplib"
    async def work(self):
        import aiosmtplib
        await aiosmtplib.SMTP(hostname=HOST, port=PORT, timeout=2).connect()


# kubernetes

class Kubernetes(Way):
    entry = "kubernetes"
    client = "kubernetes"
    def __init__(self):
        import kubernetes
        configuration = kubernetes.client.Configuration()
        configuration.host = URL
        self.client = kubernetes.client.ApiClient(configuration)
        self.api = kubernetes.client.CoreV1Api(self.client)
    def use(self): self.api.list_namespace(_request_timeout=2)
    def close(self): self.client.close()

class KubernetesStream(Kubernetes):
    def use(self):
        import kubernetes.stream
        kubernetes.stream.stream(self.api.connect_get_namespaced_pod_exec, "x", "x", command=["x"], stdout=True)

class KubernetesAsyncio(AsyncWay):
    entry = "kubernetes"
    client = "kubernetes_asyncio"
    async def make(self):
        import kubernetes_asyncio
        configuration = kubernetes_asyncio.client.Configuration()
        configuration.host = URL
        self.client = kubernetes_asyncio.client.ApiClient(configuration)
    async def work(self):
        import kubernetes_asyncio
        await kubernetes_asyncio.client.CoreV1Api(self.client).list_namespace(_request_timeout=2)
    async def end(self): await self.client.close()


# browser

class Playwright(Way):
    entry = "browser"
    client = "playwright"
    counts = False
    def use(self):
        import playwright.sync_api
        with playwright.sync_api.sync_playwright() as made: made.chromium.name

class PlaywrightAsync(AsyncWay):
    entry = "browser"
    client = "playwright"
    counts = False
    async def work(self):
        import playwright.async_api
        async with playwright.async_api.async_playwright() as made: made.chromium.name

class Selenium(Way):
    entry = "browser"
    client = "selenium"
    def use(self):
        import selenium.webdriver
        selenium.webdriver.Remote(URL, options=selenium.webdriver.ChromeOptions())


# llm, and each by itself

class Openai(Way):
    entry = "openai"
    client = "openai"
    def __init__(self):
        import openai
        self.client = openai.OpenAI(api_key="x", base_url=URL, timeout=2, max_retries=0)
    def use(self): self.client.models.list()
    def close(self): self.client.close()

class OpenaiAsync(AsyncWay):
    entry = "openai"
    client = "openai"
    async def make(self):
        import openai
        self.client = openai.AsyncOpenAI(api_key="x", base_url=URL, timeout=2, max_retries=0)
    async def work(self): await self.client.models.list()
    async def end(self): await self.client.close()

class Anthropic(Way):
    entry = "anthropic"
    client = "anthropic"
    def __init__(self):
        import anthropic
        self.client = anthropic.Anthropic(api_key="x", base_url=URL, timeout=2, max_retries=0)
    def use(self): self.client.models.list()
    def close(self): self.client.close()

class AnthropicAsync(AsyncWay):
    entry = "anthropic"
    client = "anthropic"
    async def make(self):
        import anthropic
        self.client = anthropic.AsyncAnthropic(api_key="x", base_url=URL, timeout=2, max_retries=0)
    async def work(self): await self.client.models.list()
    async def end(self): await self.client.close()

class Genai(Way):
    entry = "google_genai"
    client = "google.genai"
    def __init__(self):
        from google import genai
        self.client = genai.Client(api_key="x", http_options={"base_url": URL, "timeout": 2000})
    def use(self): self.client.models.get(model="x")

class GenaiAsync(AsyncWay):
    entry = "google_genai"
    client = "google.genai"
    async def make(self):
        from google import genai
        self.client = genai.Client(api_key="x", http_options={"base_url": URL, "timeout": 2000})
    async def work(self): await self.client.aio.models.get(model="x")

class OpenaiOfAll(Openai): entry = "llm"
class OpenaiOfAllAsync(OpenaiAsync): entry = "llm"
class AnthropicOfAll(Anthropic): entry = "llm"
class GenaiOfAll(Genai): entry = "llm"


# git

class Gitpython(Way):
    entry = "git"
    client = "git"
    counts = False
    def use(self):
        os.environ["GIT_PYTHON_REFRESH"] = "quiet"  # it asks git for its version when it is imported
        import git
        git.cmd.Git().execute(["git", "version"])

class Pygit2(Way):
    entry = "git"
    client = "pygit2"
    def use(self):
        import pygit2, tempfile
        pygit2.clone_repository(f"{URL}/x.git", tempfile.mkdtemp())

class Dulwich(Way):
    entry = "git"
    client = "dulwich"
    def use(self):
        import dulwich.porcelain
        dulwich.porcelain.ls_remote(f"git://{HOST}:{PORT}/x")

class DulwichHttp(Way):
    entry = "git"
    client = "dulwich"
    def use(self):
        import dulwich.porcelain
        dulwich.porcelain.ls_remote(f"{URL}/x")


def _all(cls):
    for each in cls.__subclasses__():
        yield each
        yield from _all(each)


WAYS = {each.__name__: each for each in _all(Way) if each.entry}


def is_there(name):
    """Whether something can be imported."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def ways(entry, client):
    """The names of the ways of an entry that can be tried here, or of one of its clients, in the order of this file."""
    of_entry = {name: each for name, each in WAYS.items() if each.entry == entry}
    if client:
        some = {name: each for name, each in of_entry.items() if each.client == client}
    else:
        some = {name: each for name, each in of_entry.items() if not each.is_apart}
    return [name for name, each in some.items() if is_there(each.needs or each.client)]
