"""Answers as the services do that coding agents ask, always with the same line: python3 stub.py PORT [STATUS].

Speaks Anthropic's messages, OpenAI's chat completions and responses, and Gemini's streamGenerateContent, as server-sent
events. With a status, every question is answered with that one and an error.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = ["Hello from ", "the stub."]
STATUS = int(sys.argv[2]) if len(sys.argv) > 2 else 200


def chat():
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "stub"}
    deltas = [{"role": "assistant", "content": ""}] + [{"content": text} for text in TEXT]
    for delta in deltas:
        yield None, {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield None, {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield None, {**base, "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}}
    yield None, "[DONE]"


def responses():
    text = "".join(TEXT)
    item = {"type": "message", "id": "m1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}
    usage = {"input_tokens": 11, "input_tokens_details": {"cached_tokens": 2}, "output_tokens": 5,
             "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 16}
    made = {"id": "r1", "object": "response", "created_at": 1, "model": "stub", "output": []}
    yield "response.created", {"response": {**made, "status": "in_progress"}}
    yield "response.output_item.added", {"output_index": 0, "item": {**item, "content": [], "status": "in_progress"}}
    for piece in TEXT:
        yield "response.output_text.delta", {"item_id": "m1", "output_index": 0, "content_index": 0, "delta": piece}
    yield "response.output_item.done", {"output_index": 0, "item": item}
    yield "response.completed", {"response": {**made, "status": "completed", "output": [item], "usage": usage}}


def messages():
    usage = {"input_tokens": 9, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 2, "output_tokens": 1}
    yield "message_start", {"message": {"id": "m1", "type": "message", "role": "assistant", "model": "stub",
                                        "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}}
    yield "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
    for piece in TEXT:
        yield "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": piece}}
    yield "content_block_stop", {"index": 0}
    yield "message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 5}}
    yield "message_stop", {}


def gemini():
    for piece in TEXT:
        yield None, {"candidates": [{"content": {"role": "model", "parts": [{"text": piece}]}, "index": 0}]}
    yield None, {"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP", "index": 0}],
                 "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 5, "totalTokenCount": 16}}


class Stub(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        models = {"object": "list", "data": [{"id": "stub", "object": "model"}]}
        self.reply(200, "application/json", json.dumps(models).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if STATUS != 200:
            error = {"type": "error", "error": {"type": "error", "code": STATUS, "message": f"stub says {STATUS}"}}
            return self.reply(STATUS, "application/json", json.dumps(error).encode())
        path = self.path.split("?")[0]
        if path.endswith("/count_tokens"):
            return self.reply(200, "application/json", b'{"input_tokens": 11}')
        kinds = {"/chat/completions": chat, "/responses": responses, "/messages": messages}
        made = next((make for end, make in kinds.items() if path.endswith(end)), gemini)
        lines = []
        for event, data in made():
            if event:
                lines.append(f"event: {event}")
                data = {"type": event, **data}
            lines.append(f"data: {data if isinstance(data, str) else json.dumps(data)}\n")
        self.reply(200, "text/event-stream", ("\n".join(lines) + "\n").encode())


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stub).serve_forever()
