"""A server of the Model Context Protocol for the tests: `python tool_server.py LOG` on its standard input and output, or
`python tool_server.py LOG KEY`, behind HTTP on a port that it says first."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOG = sys.argv[1]


def tool(name, about, *arguments):
    properties = {argument: {"type": "integer"} for argument in arguments}
    schema = {"type": "object", "properties": properties, "required": list(arguments)}
    return {"name": name, "description": about, "inputSchema": schema}


TOOLS = [tool("add", "Adds.", "a", "b"), tool("show_env", "Shows the environment."), tool("destroy", "Destroys.")]


def called(name, given):
    if name == "add":
        return str(given["a"] + given["b"])
    if name == "show_env":
        return " ".join(sorted(os.environ)) + f" TOKEN={os.environ.get('TOKEN')}"
    return "all is gone"


def answered(message):
    method = message["method"]
    if method == "initialize":
        with open(LOG, "a") as log:
            log.write("started\n")
        version = message["params"]["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "calc", "version": "1"}}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        asked = message["params"]
        return {"content": [{"type": "text", "text": called(asked["name"], asked.get("arguments") or {})}]}
    return {}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != f"Bearer {sys.argv[2]}":
            self.tell(401, b"")
        elif "id" not in message:
            self.tell(202, b"")
        else:
            told = {"jsonrpc": "2.0", "id": message["id"], "result": answered(message)}
            self.tell(200, json.dumps(told).encode())

    def do_GET(self):
        self.tell(405, b"")

    do_DELETE = do_GET

    def tell(self, status, body):
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if len(sys.argv) > 2:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answered(message)}), flush=True)
