"""The features beside completion: one module each, plugged into the server by a row of `server.SERVICES`.

A service names the LSP methods and commands it answers, and hears what happens to documents and settings. Its
handlers decode, snapshot, make one call into the core and encode; what it must keep from one call to the next
is its own state.
"""
