"""The two modes of the suite's own `wstest` that fuzz, for its Python 2.7; `setup` installs it as FOLDER/wstest.

It differs in that it listens on the loopback interface only, and in what it does not need: the original also imports
all that TLS, a web server and its other modes want, which is twenty packages more.
"""

import argparse
import json
import sys
import types

import twisted.internet

# What the suite imports, and uses only for what is not done here.
twisted.internet.ssl = None
for absent in "jinja2", "autobahntestsuite.wstest":
    sys.modules[absent] = types.ModuleType(absent)

from autobahntestsuite.fuzzing import FuzzingClientFactory, FuzzingServerFactory
from twisted.internet import reactor

arguments = argparse.ArgumentParser(prog="wstest")
arguments.add_argument("-m", "--mode", required=True, choices=["fuzzingclient", "fuzzingserver"])
arguments.add_argument("-s", "--spec", required=True, type=argparse.FileType())
arguments.add_argument("-u", "--webport", type=int, choices=[0], help="the original's way to say: no web server")
arguments = arguments.parse_args()
spec = json.load(arguments.spec)

if arguments.mode == "fuzzingclient":
    FuzzingClientFactory(spec)  # It connects by itself, and stops the reactor after the last case.
else:
    server = FuzzingServerFactory(spec)
    reactor.listenTCP(server.port, server, interface="127.0.0.1")
reactor.run()
