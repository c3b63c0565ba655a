"""What is no use of an entry's resource, by the entry's name: mocks, and servers of a test's own."""

import asyncio


def sqlite_under_sqlalchemy():
    import sqlalchemy
    with sqlalchemy.create_engine("sqlite://").connect() as connection: connection.execute(sqlalchemy.text("select 1"))

def fakeredis_sync():
    import fakeredis
    assert fakeredis.FakeRedis().set("a", "b")

def fakeredis_async():
    import fakeredis
    async def work(): assert await fakeredis.FakeAsyncRedis().set("a", "b")
    asyncio.run(work())

def mongomock_():
    import mongomock
    mongomock.MongoClient().db.collection.insert_one({})

def kombu_memory():
    import kombu
    with kombu.Connection("memory://") as connection: connection.SimpleQueue("x").put("y")

KEYS = dict(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")

def moto_s3():
    import boto3, moto
    with moto.mock_aws(): boto3.client("s3", **KEYS).create_bucket(Bucket="some-bucket")

def moto_sqs():
    import boto3, moto
    with moto.mock_aws(): boto3.client("sqs", **KEYS).create_queue(QueueName="x")

def stubber():
    import boto3, botocore.stub
    client = boto3.client("s3", **KEYS)
    with botocore.stub.Stubber(client) as stub:
        stub.add_response("list_buckets", {})
        client.list_buckets()

def sqs_is_not_s3():
    import boto3, botocore.config, contextlib, os
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    url = f"http://127.0.0.1:{os.environ['STUB_PORT']}"
    with contextlib.suppress(Exception): boto3.client("sqs", endpoint_url=url, config=config, **KEYS).list_queues()

URL = "http://api.example/"

def responses_():
    import requests, responses
    with responses.RequestsMock() as mock:
        mock.get(URL, body="x")
        requests.get(URL)

def requests_mock_():
    import requests, requests_mock
    with requests_mock.Mocker() as mock:
        mock.get(URL, text="x")
        requests.get(URL)

def respx_():
    import httpx, respx
    with respx.mock:
        respx.get(URL).respond(200)
        httpx.get(URL)

def mock_transport():
    import httpx
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client: client.get(URL)

def mock_transport_async():
    import httpx
    async def work():
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client: await client.get(URL)
    asyncio.run(work())

def asgi_transport():
    import httpx
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})
    async def work():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client: assert (await client.get(URL)).text == "x"
    asyncio.run(work())

def aioresponses_():
    import aiohttp, aioresponses
    async def work():
        with aioresponses.aioresponses() as mock:
            mock.get(URL, body="x")
            async with aiohttp.ClientSession() as client: await client.get(URL)
    asyncio.run(work())

def httpserver():
    import pytest_httpserver, requests, httpx
    with pytest_httpserver.HTTPServer() as server:
        server.expect_request("/").respond_with_data("x")
        assert requests.get(server.url_for("/")).text == httpx.get(server.url_for("/")).text == "x"

def vcr_playback():
    import pathlib, requests, vcr
    tape = pathlib.Path("tape.yaml")
    tape.write_text("""
version: 1
interactions:
- request: {method: GET, uri: 'http://api.example/', body: null, headers: {}}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: played}}
""")
    with vcr.use_cassette(str(tape), record_mode="none"): assert requests.get(URL).text == "played"

def openai_with_a_mock_transport():
    import httpx2, openai
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"data": []}))
    with openai.OpenAI(api_key="x", http_client=httpx2.Client(transport=transport)) as client: client.models.list()

def anthropic_with_a_mock_transport():
    import anthropic, httpx2
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"data": []}))
    with anthropic.Anthropic(api_key="x", http_client=httpx2.Client(transport=transport)) as client: client.models.list()

def genai_with_a_mock_transport():
    import httpx, json
    from google import genai
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"name": "x"}))
    client = genai.Client(api_key="x", http_options={"client_args": {"transport": transport}})
    client.models.get(model="x")

def files_alone():
    import dulwich.repo, pygit2, tempfile
    dulwich.repo.Repo.init(tempfile.mkdtemp())
    pygit2.init_repository(tempfile.mkdtemp())

MOCKS = {
    "postgres": [sqlite_under_sqlalchemy],
    "redis": [fakeredis_sync, fakeredis_async],
    "mongodb": [mongomock_],
    "rabbitmq": [kombu_memory],
    "s3": [moto_s3, stubber, sqs_is_not_s3],
    "aws": [moto_s3, moto_sqs, stubber],
    "http": [responses_, requests_mock_, respx_, mock_transport, mock_transport_async, asgi_transport, aioresponses_, httpserver, vcr_playback],
    "openai": [openai_with_a_mock_transport],
    "anthropic": [anthropic_with_a_mock_transport],
    "google_genai": [genai_with_a_mock_transport],
    "llm": [openai_with_a_mock_transport, anthropic_with_a_mock_transport],
    "git": [files_alone],
}


def is_there(mock):
    """Whether what a mock needs is installed: some are for versions that this environment does not have."""
    try:
        mock()
    except (ImportError, TypeError):
        return False
    return True
