"""A bot for CI in sixty lines of code: starts `ai-lsp`, has a change reviewed, prints what was found. No dependency.

python bot.py [REVISION] [FOLDER]        exit code 0: nothing, 1: findings, 2: could not run
"""

import json
import pathlib
import subprocess
import sys


class Server:
    """The language server on a pipe: requests in turn, everything else that it sends passed over or answered."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.last_id = 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self):
        size = 0
        while (line := self.process.stdout.readline()) != b"\r\n":
            if not line:
                sys.exit(2)  # the server is gone
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(size))

    def ask(self, method, params):
        self.last_id += 1
        self.send({"id": self.last_id, "method": method, "params": params})
        while True:
            message = self.receive()
            if "method" in message and "id" in message:  # a question of the server's
                self.send({"id": message["id"], "result": None})
            elif message.get("id") == self.last_id and "method" not in message:
                return message["result"]


revision = sys.argv[1] if len(sys.argv) > 1 else "HEAD~1"
root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()
server = Server([sys.executable, "-m", "ai_lsp", "--stdio"])
pull = {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": True}}}
quiet = {"routes": {"completion": "", "next_edit": ""}}  # only findings are wanted
folder = {"rootUri": root.as_uri(), "capabilities": pull, "initializationOptions": quiet}
server.ask("initialize", {"processId": None, **folder})
server.send({"method": "initialized", "params": {}})
wish = {"diff": revision, "wait": True}
done = server.ask("workspace/executeCommand", {"command": "ai-lsp.review", "arguments": [wish]})
if done["problem"]:
    print(done["problem"], file=sys.stderr)
    sys.exit(2)
count = 0
for file in done["files"]:
    report = server.ask("textDocument/diagnostic", {"textDocument": {"uri": file["uri"]}})
    for found in report["items"]:
        count += 1
        print(f"{file['uri']}:{found['range']['start']['line'] + 1}: {found['message']} [{found['code']}]")
server.ask("shutdown", None)
server.send({"method": "exit"})
sys.exit(1 if count else 0)
