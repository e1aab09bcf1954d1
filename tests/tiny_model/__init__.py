"""A real llama.cpp server with a tiny model that we make ourselves, so that no test needs a network or a GPU."""
