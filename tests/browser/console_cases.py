"""What users do with the console: they talk, send files, save what came, and lose connections."""

import random
import tempfile
from pathlib import Path

from cases import case
from console import Again, Console, listen, needs
from processes import check_equal, wspipe

BULK = random.Random(7).randbytes(300_000)


@case("lines of standard input come to the page, and what it sends to standard output")
def pipe():
    with listen() as server, Console(server.url) as page:
        server.write(b"hello page\n\n")
        page.wait_for_messages("received", ["hello page", ""])
        page.send("hello pipe ✓")
        server.wait_for_output("hello pipe ✓\n".encode())
        page.wait_for_messages("sent", ["hello pipe ✓"])
        check_equal("type and size", page.heads("sent"), ["text, 14 bytes"])


@case("Shift+Enter begins a new line, and Enter sends; an empty message is one")
def lines():
    with listen("--echo") as server, Console(server.url) as page:
        page.type("one")
        page.press("Enter", "Shift")
        page.type("two")
        page.press("Enter")
        page.press("Enter")
        page.wait_for_messages("received", ["one\ntwo", ""])


@case("what peers send is text, and never becomes a part of the page")
def text_only():
    text = "<img src=x onerror=alert(1)><script>document.title = 'mine'</script>"
    with listen() as server, Console(server.url) as page:
        server.write(text.encode() + b"\n")
        page.wait_for_messages("received", [text])
        check_equal("title", page.evaluate("document.title"), "wspipe console")
        check_equal("images", page.evaluate("document.images.length"), 0)


@case("hex becomes bytes, and what is no hex is not sent")
def hex_digits():
    with listen("-b") as server, Console(server.url) as page:
        page.click("binary, in hex")
        page.send("00 ff:0x7F,80\n")
        server.wait_for_output(b"\x00\xff\x7f\x80")
        page.wait_for_messages("sent", ["0000  00 ff 7f 80" + " " * 36 + "  ...."])
        page.send("0 1")
        page.until("document.getElementById('note').textContent.startsWith('Not sent: hex')")
        check_equal("what was typed is still there", page.evaluate("document.getElementById('message').value"), "0 1")
        page.wait_for_messages("sent", page.messages("sent")[:1])


@case("a file arrives byte for byte")
def upload():
    with listen("-b") as server, Console(server.url) as page, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "photo.png")
        path.write_bytes(BULK)
        page.choose(path)
        server.wait_for_output(BULK)
        page.until("document.querySelectorAll('.entry.sent').length === 1")
        check_equal("name and size", page.heads("sent"), ["photo.png, binary, 300,000 bytes"])
        path.write_bytes(b"")
        page.choose(path)
        page.until("document.querySelectorAll('.entry.sent').length === 2")
        check_equal("empty file", page.heads("sent")[1], "photo.png, binary, 0 bytes")


@case("a binary message is dumped, and saved byte for byte")
def save():
    with listen("-b", "--in", "whole") as server, Console(server.url) as page, tempfile.TemporaryDirectory() as folder:
        page.save_to(folder)
        server.feed_open(BULK)
        server.end_input()
        page.until("document.querySelectorAll('.entry.received').length === 1")
        first, *_, last = page.messages("received")[0].split("\n")
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in BULK[:16])
        check_equal("dump", [first, last], [f"0000  {BULK[:16].hex(' ')}  {shown}", "…"])
        page.click("save")
        page.wait_for_download()
        check_equal("file", Path(folder, "received-1.bin").read_bytes(), BULK)


@case("two tabs and a wspipe talk with each other")
def broadcast():
    needs("--broadcast")
    with listen("--broadcast") as server, Console(server.url) as one, Console(server.url) as two:
        # Who is heard is there: so nobody misses what comes next.
        two.send("hello")
        one.wait_for_messages("received", ["hello"])
        with wspipe("connect", server.url, "-c", 2) as run:
            run.write(b"hello all\n")
            one.wait_for_messages("received", ["hello", "hello all"])
            two.wait_for_messages("received", ["hello all"])
            one.send("first")
            run.wait_for_output(b"first\n")
            two.send("second")
            run.ends_with(0, b"first\nsecond\n")
            one.wait_for_messages("received", ["hello", "hello all", "second"])
            two.wait_for_messages("received", ["hello all", "first"])


@case("the subprotocol and the extension that were agreed on are shown")
def facts():
    with listen("-s", "v2", "-s", "v1", "--compress", "--echo") as server, Console(server.url) as page:
        shown = "document.getElementById('facts').textContent"
        check_equal("facts", page.evaluate(shown), "subprotocol: none; extensions: permessage-deflate")
        page.evaluate("document.getElementById('subprotocols').focus()")
        page.type("v1 , v2")
        page.press("Enter")
        page.until(f"{shown}.startsWith('subprotocol: v2; ')")
        page.send("x" * 1000)
        page.wait_for_messages("received", ["x" * 1000])
        page.evaluate("document.getElementById('subprotocols').value = 'not a token'")
        page.click("Connect")
        page.state("closed: 1000 (normal), no reason, clean")
        page.until("document.getElementById('note').textContent.startsWith('Not connected: ')")


@case("path and query of the page are those of the connection")
def same_url():
    with listen("-v", "--echo", "--path", "/deep/chat") as server, Console(f"{server.url}?token=a%20b#x") as page:
        # The token is not shown.
        shown = b": /deep/chat?token=***\n"
        server.wait_for(server.err, lambda err: True if shown in err else None, "the target")
        page.send("x")
        page.wait_for_messages("received", ["x"])


@case("a Close is shown with its code and reason")
def close():
    server = listen("--once", "--wait", 0, "--close-code", 4001, "--close-reason", "that is all")
    with server, Console(server.url) as page:
        server.end_input()
        how = "closed: 4001 (no common code), reason “that is all”, clean"
        page.state(f"{how}; trying again in ")
        page.until("document.querySelectorAll('.entry.event').length >= 2")
        check_equal("log", page.heads("event")[1], how)
        page.send("x")
        page.until("document.getElementById('note').textContent === 'Not sent: the connection is not open.'")
        check_equal("nothing sent", page.messages("sent"), [])


@case("a listener that comes again is connected to again")
def reconnect():
    with listen("--echo") as first, Console(first.url) as page:
        url = first.url
        first.terminate()
        first.status()
        page.state("closed: 1001 (going away), no reason, clean; trying again in ")
        page.state("closed: 1006 (the connection broke, or was never open), no reason, not clean; trying again in ")
        with Again(url, "--echo") as second:
            page.is_open()
            page.send("still here")
            page.wait_for_messages("received", ["still here"])
            second.kill()
            page.state("closed: 1006")


@case("who disconnects stays so, and can connect again")
def disconnect():
    with listen("-v", "--echo") as server, Console(server.url) as page:
        page.click("Disconnect")
        check_equal("state", page.state("closed: "), "closed: 1000 (normal), no reason, clean", page)
        page.click("Connect")
        page.is_open()
        # The first is really gone, and with the second it is the same.
        page.click("Connect")
        page.until("document.querySelectorAll('.entry.event').length === 5")
        page.is_open()


@case("the log keeps the last 1000 entries")
def bounded():
    with listen() as server, Console(server.url) as page:
        server.write(b"".join(b"%d\n" % number for number in range(3000)))
        page.until("document.querySelector('.entry:last-child pre')?.textContent === '2999'")
        check_equal("log", page.messages("received"), [str(number) for number in range(2000, 3000)])
        count = page.evaluate("document.getElementById('count').textContent")
        check_equal("count", count, "0 sent, 3000 received; old ones are gone")
        at_end = "log.scrollHeight - log.scrollTop - log.clientHeight < 2"
        check_equal("the end is in sight", page.evaluate(at_end), True)
        page.evaluate("log.scrollTop = 0")
        server.write(b"more\n")
        page.until("document.querySelector('.entry:last-child pre').textContent === 'more'")
        check_equal("who reads is not moved", page.evaluate("log.scrollTop < 100"), True)
        page.click("Clear the log")
        check_equal("cleared", page.heads(), [])


@case("a long text is shown in part, and saved as a whole")
def long_text():
    text = "ä" * 50_000
    with listen() as server, Console(server.url) as page, tempfile.TemporaryDirectory() as folder:
        page.save_to(folder)
        server.feed_open(text.encode() + b"\n")
        page.wait_for_messages("received", [text[:10_000] + "…"])
        page.click("save all of it")
        page.wait_for_download()
        check_equal("file", Path(folder, "received-1.txt").read_text(encoding="utf-8"), text)
